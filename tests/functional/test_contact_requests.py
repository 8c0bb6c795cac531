# tests/functional/test_contact_requests.py: the contact's side: he asks, is let in or not, and goes:
# checklist G51 to G56
#
# SPDX-License-Identifier: GPL-2.0-or-later

import re

import pytest

from conftest import XMPP
from lib.pair import ROSTER, Pair, no_presence_of_hers
from lib.registration import log_out, settle, wait_online
from lib.waiting import wait_until

NICK = "http://jabber.org/protocol/nick"


@pytest.fixture
def juliet(world):
    client = world.account("juliet").client("home")
    client.presence()
    return client


@pytest.fixture
def pair(world, gateway, juliet):
    return Pair(world, gateway, juliet)


def test_G51_G52_G53_contact_asks_and_is_let_in(pair):
    pair.friend.send(f"<presence to='{pair.legacy.jid}' type='subscribe'>"
                     f"<nick xmlns='{NICK}'>Queen Mab's &lt;friend&gt;</nick></presence>")
    asked = pair.hear("subscribe")
    assert asked.get("to") == pair.juliet.bare
    assert asked.findtext(f"{{{NICK}}}nick") == "Queen Mab's <friend>"
    pair.settle()
    assert pair.sent("subscribed") == 0
    pair.say("subscribed")
    pair.friend_hears("subscribed")
    pair.friend_hears(None)
    pair.say("subscribe")
    pair.friend_hears("subscribe")
    pair.friend_says("subscribed")
    pair.hear("subscribed")
    pair.hear(None)
    assert pair.roster()[pair.friend.bare].get("name") == "Queen Mab's <friend>"


def test_G54_contact_asks_and_is_denied(pair):
    pair.friend_says("subscribe")
    pair.hear("subscribe")
    pair.say("unsubscribed")
    pair.friend_hears("unsubscribed")
    no_presence_of_hers(pair)


def test_G55_contact_removes_the_user(pair):
    pair.become_friends()
    pair.juliet.stanzas.take_all()
    pair.friend.iq("set", None, f"<query xmlns='{ROSTER}'><item jid='{pair.legacy.jid}' "
                                f"subscription='remove'/></query>")
    for kind in ("unsubscribe", "unsubscribed", "unavailable"):
        pair.hear(kind)
    no_presence_of_hers(pair)
    assert pair.friend.bare in pair.roster()  # hers to remove


def test_G56_request_that_waits_is_offered_once_a_session(pair):
    pair.friend_says("subscribe")
    pair.hear("subscribe")
    pair.restart_host()
    pair.settle()
    assert pair.sent("subscribe") == 1
    pair.restart_gateway()
    wait_online(pair.juliet, XMPP)
    pair.settle()
    assert pair.sent("subscribe") == 2
    pair.restart_host()
    pair.settle()
    assert pair.sent("subscribe") == 2
    pair.say("subscribed")
    pair.friend_hears("subscribed")
    pair.friend_hears(None)
    pair.restart_gateway()
    wait_online(pair.juliet, XMPP)
    pair.settle()
    assert pair.sent("subscribe") == 2


def test_G56_request_that_was_taken_back_is_forgotten(pair):
    pair.friend_says("subscribe")
    pair.hear("subscribe")
    start = len(pair.gateway.log_text())
    pair.friend_says("unsubscribe")
    wait_until(lambda: pair.sent("unsubscribe", start) == 1, what="the request to be taken back")
    pair.restart_gateway()
    wait_online(pair.juliet, XMPP)
    pair.settle()
    assert pair.sent("subscribe", start) == 0


@pytest.mark.parametrize("answer", ["subscribed", "unsubscribed"])
def test_G52_G54_answer_while_logged_out_is_kept(pair, answer):
    pair.friend_says("subscribe")
    pair.hear("subscribe")
    log_out(pair.juliet, XMPP)
    pair.say(answer)
    settle(pair.juliet, XMPP)
    pair.gateway.kill()
    pair.gateway.start()
    pair.juliet.presence(XMPP)
    wait_online(pair.juliet, XMPP)
    pair.friend_hears(answer)
    pair.settle()
    assert pair.sent("subscribe") == 1


def test_G56_requests_are_bounded(world, gateway_factory, juliet):
    gateway = gateway_factory(server_port=world.server.component_port, limits={"contacts": 2},
                              transports={XMPP: world.xmpp_transport()}).start()
    pair = Pair(world, gateway, juliet)
    for _ in range(3):
        stranger = world.other_account("tybalt").client()
        stranger.presence()
        stranger.presence(pair.legacy.jid, "subscribe")
    gateway.wait_log("over 2 contacts wait for an answer")
    assert len(re.findall(r"sent <presence[^>]*type=['\"]subscribe['\"]", gateway.log_text())) <= 4
