# tests/functional/test_contacts.py: the user adds and deletes contacts, and what they answer:
# checklist G37 to G41
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

from conftest import IRC, XMPP
from lib.friends import escaped, is_presence_of
from lib.pair import ROSTER, Pair, no_presence_of_hers
from lib.registration import log_out, register, settle, wait_online
from lib.servers import Ngircd
from lib.xmppclient import CLIENT, condition, error_text

AWAY = "xa"  # how the gateway shows while the network is not there


@pytest.fixture
def juliet(world):
    client = world.account("juliet").client("home")
    client.presence()
    return client


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
