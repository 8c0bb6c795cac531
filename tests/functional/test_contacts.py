# tests/functional/test_contacts.py: contacts come and go, and who may see whom: checklist G37 to
# G41, G51 to G56
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import re
import signal

import pytest

from conftest import IRC, XMPP
from lib.friends import Friends, escaped, is_presence_of
from lib.registration import log_out, register, settle, wait_online
from lib.servers import Ngircd
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, condition, error_text

ROSTER = "jabber:iq:roster"
NICK = "http://jabber.org/protocol/nick"
AWAY = "xa"  # how the gateway shows while the network is not there


@pytest.fixture
def account(world):
    return world.account("juliet")


@pytest.fixture
def juliet(account):
    client = account.client("home")
    client.presence()
    return client


class Pair:
    """juliet, registered and online, and somebody on the other network who has never met her."""

    def __init__(self, world, gateway, juliet):
        self.world, self.gateway, self.juliet = world, gateway, juliet
        self.legacy = world.other_account("romeo")
        self.other = world.other_account("mercutio")
        self.friend = self.other.client()
        self.friend.presence()
        register(juliet, XMPP, self.legacy.jid, self.legacy.password)
        self.contact = escaped(self.friend.bare)

    def say(self, kind):
        """juliet to the contact."""
        self.juliet.presence(self.contact, kind)

    def hear(self, kind):
        """… and what comes back."""
        return self.juliet.wait_presence(self.contact, kind)

    def friend_says(self, kind):
        self.friend.presence(self.legacy.jid, kind)

    def friend_hears(self, kind):
        return self.friend.wait_presence(self.legacy.jid, kind)

    def ask(self):
        """juliet wants to see the friend, who has not answered."""
        self.say("subscribe")
        self.friend_hears("subscribe")
        self.settle()

    def become_friends(self):
        self.ask()
        self.friend_says("subscribed")
        self.hear("subscribed")
        self.hear(None)
        self.friend_says("subscribe")
        self.hear("subscribe")
        self.say("subscribed")
        self.friend_hears("subscribed")
        self.friend_hears(None)
        self.settle()
        self.juliet.stanzas.take_all()
        self.friend.stanzas.take_all()

    def settle(self):
        """What was said so far is done, on both sides."""
        settle(self.juliet, XMPP)
        self.friend.sync()
        settle(self.juliet, XMPP)

    def kinds(self):
        """The types of the contact's presence, in order; None: available."""
        return [s.get("type") for s in self.juliet.stanzas.history if s.tag == CLIENT + "presence"
                and s.get("from", "").partition("/")[0] == self.contact]

    def sent(self, kind, start=0):
        """How often the gateway has said that to her from the contact: her server keeps some of it to
        itself."""
        text = self.gateway.log_text()[start:]
        return sum(1 for line in text.splitlines() if "sent <presence" in line
                   and re.search(rf"\btype=['\"]{kind}['\"]", line)
                   and self.contact in line)

    def roster(self):
        """The legacy account's list: jid -> item."""
        client = self.legacy.client("look")
        try:
            answer = client.iq("get", None, f"<query xmlns='{ROSTER}'/>")
            return {item.get("jid"): item for item in answer.iter(f"{{{ROSTER}}}item")}
        finally:
            client.close()

    def wait_off_the_list(self):
        wait_until(lambda: self.friend.bare not in self.roster(), what="the contact to be deleted")

    def restart_gateway(self, meanwhile=lambda: None):
        """Killed: nothing is written down in the last moment."""
        self.settle()
        self.gateway.kill()
        meanwhile()
        self.friend.sync()
        self.gateway.start()

    def restart_host(self, meanwhile=lambda: None):
        (host,) = [pid for pid in self.gateway.hosts() if "prpl-jabber" in command_of(pid)]
        self.settle()
        os.kill(host, signal.SIGKILL)
        meanwhile()
        wait_online(self.juliet, XMPP)


def command_of(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().decode()


@pytest.fixture
def pair(world, gateway, juliet):
    return Pair(world, gateway, juliet)


def restarts():
    return pytest.mark.parametrize("restart", [Pair.restart_gateway, Pair.restart_host],
                                   ids=["gateway", "host"])


# ---- the user adds a contact ----

def test_G37_G38_subscription_waits_for_the_contact(pair):
    pair.ask()
    assert "subscribed" not in pair.kinds()
    pair.friend_says("subscribed")
    pair.hear("subscribed")
    pair.hear(None)
    pair.friend_says("subscribe")
    pair.hear("subscribe")
    order = [kind for kind in pair.kinds() if kind in (None, "subscribed", "subscribe")]
    assert order[:3] == ["subscribed", None, "subscribe"], order
    assert pair.friend.bare in pair.roster()
    pair.say("subscribed")
    pair.friend_hears("subscribed")
    pair.friend_hears(None)


def test_G38_order_when_the_contact_does_all_at_once(pair):
    pair.ask()
    to = pair.legacy.jid
    pair.friend.send(f"<presence to='{to}' type='subscribed'/><presence to='{to}' type='subscribe'/>")
    pair.hear("subscribe")
    order = [kind for kind in pair.kinds() if kind in (None, "subscribed", "subscribe")]
    assert order[:3] == ["subscribed", None, "subscribe"], order


def test_G39_contact_denies(pair):
    pair.ask()
    pair.friend_says("unsubscribed")
    pair.hear("unsubscribed")
    assert "subscribed" not in pair.kinds() and None not in pair.kinds()
    pair.ask()  # he may be asked again
    pair.friend_says("subscribed")
    pair.hear("subscribed")


def test_G39_G55_contact_withdraws_what_he_granted(pair):
    pair.become_friends()
    pair.friend_says("unsubscribed")
    pair.hear("unsubscribed")
    pair.hear("unavailable")
    pair.friend.presence(show="dnd")
    pair.settle()
    assert not pair.juliet.stanzas.take_all(is_presence_of(pair.contact))
    pair.juliet.presence(show="away")  # he sees her still
    pair.friend.wait_for(lambda s: s.findtext(CLIENT + "show") == "away")


def test_G40_repeated_subscribe_is_answered_again(pair):
    pair.become_friends()
    pair.friend.stanzas.take_all()
    start = len(pair.gateway.log_text())
    for _ in range(2):
        pair.say("subscribe")
        pair.settle()
    assert pair.sent("subscribed", start) == 2
    assert not pair.friend.stanzas.take_all(lambda s: s.get("type") == "subscribe")


def test_G40_repeated_subscribe_while_the_contact_thinks(pair):
    pair.ask()
    pair.say("subscribe")
    pair.settle()
    assert not pair.friend.stanzas.take_all(lambda s: s.get("type") == "subscribe")
    assert pair.sent("subscribed") == 0


def test_G40_network_without_authorisation_grants_at_once(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    friend = world.irc("friend")
    contact = f"{friend.nick}@{IRC}"
    juliet.presence(contact, "subscribe")
    juliet.wait_presence(contact, "subscribed")
    juliet.wait_presence(contact)  # and he is shown
    start = len(gateway.log_text())
    juliet.presence(contact, "subscribe")
    gateway.wait_log(r"sent <presence[^>]*type=['\"]subscribed", start=start)
    nobody = f"nobody@{IRC}"  # no nick is known to be impossible before it is used
    juliet.presence(nobody, "subscribe")
    juliet.wait_presence(nobody, "subscribed")


@pytest.mark.parametrize("local", ["two\\20words", "a\\40b\\40c"])
def test_G40_names_that_cannot_be(world, gateway, juliet, local):
    domain = IRC if "20" in local else XMPP
    legacy = world.other_account("romeo")
    register(juliet, domain, *((world.nick(),) if domain == IRC else (legacy.jid, legacy.password)))
    juliet.presence(f"{local}@{domain}", "subscribe")
    refused = juliet.wait_presence(f"{local}@{domain}", "unsubscribed")
    assert refused.findtext(CLIENT + "status")


def test_G40_no_server_of_that_name(pair):
    nobody = escaped("somebody@no-such-server.invalid")  # Prosody is silent on users it has not
    pair.juliet.presence(nobody, "subscribe")
    pair.juliet.wait_presence(nobody, "unsubscribed")


def test_G40_not_registered(world, gateway, juliet):
    for domain in (IRC, XMPP):
        juliet.presence(f"somebody@{domain}", "subscribe")
        refused = juliet.wait_for(is_presence_of(f"somebody@{domain}", "error"))
        assert condition(refused) == "registration-required" and error_text(refused)


def test_subscribe_while_logged_out_is_an_error(pair):
    log_out(pair.juliet, XMPP)
    pair.say("subscribe")
    refused = pair.juliet.wait_for(is_presence_of(pair.contact, "error"))
    assert condition(refused) == "remote-server-timeout" and error_text(refused)


def test_subscribe_while_the_network_is_away_is_kept(world, gateway_factory, juliet):
    ircd = Ngircd().start()
    try:
        gateway_factory(server_port=world.server.component_port, transports={
            IRC: world.irc_transport(**{"option.port": ircd.port})}).start()
        register(juliet, IRC, world.nick())
        ircd.stop()
        juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == AWAY)
        juliet.presence(f"friend@{IRC}", "subscribe")
        settle(juliet, IRC)
        ircd.start()
        juliet.wait_presence(f"friend@{IRC}", "subscribed")
    finally:
        ircd.stop()
        ircd.remove_folder()


# ---- … with a restart in between ----

@restarts()
def test_G38_contact_grants_during_a_restart(pair, restart):
    pair.ask()
    restart(pair, lambda: pair.friend_says("subscribed"))
    pair.hear("subscribed")
    pair.hear(None)


@restarts()
def test_G39_contact_denies_during_a_restart(pair, restart):
    pair.ask()
    restart(pair, lambda: pair.friend_says("unsubscribed"))
    pair.hear("unsubscribed")
    assert "subscribed" not in pair.kinds()
    pair.settle()
    assert not pair.friend.stanzas.take_all(lambda s: s.get("type") == "subscribe")


@restarts()
def test_G39_contact_withdraws_during_a_restart(pair, restart):
    pair.become_friends()
    restart(pair, lambda: pair.friend_says("unsubscribed"))
    pair.hear("unsubscribed")


@restarts()
def test_G38_contact_grants_after_a_restart(pair, restart):
    pair.ask()
    restart(pair)
    pair.settle()
    pair.friend_says("subscribed")
    pair.hear("subscribed")


# ---- the user deletes a contact ----

def no_presence_of_hers(pair):
    pair.friend.stanzas.take_all()
    pair.juliet.presence(show="dnd", status="not for him")
    pair.settle()
    assert not pair.friend.stanzas.take_all(is_presence_of(pair.legacy.jid))


def test_G41_off_the_roster(pair):
    pair.become_friends()
    pair.juliet.iq("set", None, f"<query xmlns='{ROSTER}'><item jid='{pair.contact}' "
                                f"subscription='remove'/></query>")
    pair.hear("unavailable")
    pair.friend_hears("unavailable")
    pair.wait_off_the_list()
    no_presence_of_hers(pair)


@pytest.mark.parametrize("kinds", [
    ["unsubscribe"], ["unsubscribe", "unsubscribed", "unavailable"],
    ["unavailable", "unsubscribed", "unsubscribe"], ["unsubscribed", "unsubscribe"],
    ["unsubscribe", "unsubscribe", "unsubscribed", "unsubscribe"]], ids="-".join)
def test_G41_any_order_and_subset(pair, kinds):
    pair.become_friends()
    for kind in kinds:
        pair.say(kind)
    pair.hear("unavailable")
    pair.friend_hears("unavailable")
    pair.wait_off_the_list()
    no_presence_of_hers(pair)
    if "unsubscribed" not in kinds:
        return
    assert not pair.juliet.stanzas.take_all(lambda s: s.get("type") == "subscribe")


def test_G41_G54_unsubscribed_alone_takes_her_presence_away(pair):
    pair.become_friends()
    pair.say("unsubscribed")
    pair.friend_hears("unsubscribed")
    pair.friend_hears("unavailable")
    no_presence_of_hers(pair)
    assert pair.friend.bare in pair.roster()  # she sees him still
    pair.juliet.stanzas.take_all()
    pair.friend.presence(show="away")
    pair.hear(None)


def test_G41_and_back_at_once(pair):
    pair.become_friends()
    pair.juliet.stanzas.take_all()
    pair.friend.stanzas.take_all()
    pair.say("unsubscribe")
    pair.say("subscribe")
    pair.friend_hears("subscribe")
    pair.friend_says("subscribed")
    pair.hear("subscribed")
    assert pair.friend.bare in pair.roster()


def test_G41_while_logged_out(pair):
    pair.become_friends()
    log_out(pair.juliet, XMPP)
    pair.say("unsubscribe")
    pair.hear("unavailable")
    assert pair.friend.bare in pair.roster()
    pair.juliet.presence(XMPP)
    wait_online(pair.juliet, XMPP)
    pair.wait_off_the_list()


def test_G41_on_irc(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    friend = world.irc("friend")
    contact = f"{friend.nick}@{IRC}"
    juliet.presence(contact, "subscribe")
    juliet.wait_presence(contact, "subscribed")
    juliet.wait_presence(contact)
    juliet.presence(contact, "unsubscribe")
    juliet.wait_presence(contact, "unavailable")
    gateway.kill()
    gateway.start()
    wait_online(juliet, IRC)
    settle(juliet, IRC)
    assert not juliet.stanzas.take_all(is_presence_of(contact))


def test_nothing_is_removed_that_was_merely_declined(world, gateway, juliet):
    """An offer of the legacy list that the user does not want, or his server does not have."""
    legacy, other = world.other_account("romeo"), world.other_account("mercutio")
    romeo, friend = legacy.client("old"), other.client()
    romeo.presence()
    friend.presence()
    for one, two in ((romeo, friend), (friend, romeo)):
        one.presence(two.bare, "subscribe")
        two.wait_presence(one.bare, "subscribe")
        two.presence(one.bare, "subscribed")
        one.wait_presence(two.bare, "subscribed")
    romeo.close()
    register(juliet, XMPP, legacy.jid, legacy.password)
    contact = escaped(friend.bare)
    juliet.wait_presence(contact, "subscribe")
    juliet.presence(contact, "unsubscribed")
    gateway.kill()
    gateway.start()
    wait_online(juliet, XMPP)
    settle(juliet, XMPP)
    look = legacy.client("look")
    answer = look.iq("get", None, f"<query xmlns='{ROSTER}'/>")
    items = {i.get("jid"): i.get("subscription") for i in answer.iter(f"{{{ROSTER}}}item")}
    assert items == {friend.bare: "both"}
    juliet.presence(contact, "subscribe")  # and later after all: nobody has to be asked
    juliet.wait_presence(contact, "subscribed")
    juliet.wait_presence(contact)


# ---- the contact's side ----

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


def test_friends_see_each_other(world, gateway, juliet):
    Friends(world, juliet)
