# tests/functional/test_move.py: a registration moves to another JID of the same person
#
# SPDX-License-Identifier: GPL-2.0-or-later

import re

import pytest

from conftest import XMPP
from lib.friends import Friends, is_presence_of
from lib.registration import is_registered, register, wait_online
from lib.waiting import wait_until
from lib.xmppclient import body


@pytest.fixture
def gateway(world, gateway_factory):
    return gateway_factory(server_port=world.server.component_port,
                           transports={XMPP: world.xmpp_transport()}).start()


@pytest.fixture
def juliet(world):
    client = world.account("juliet").client()
    client.presence()
    return client


def tell(client, text):
    """What the gateway says to that."""
    client.message(XMPP, text)
    return body(client.wait_message(XMPP))


def code_for(client, address):
    return re.search(r"accept ([0-9a-f]{8})", tell(client, f"move {address}")).group(1)


def test_a_registration_moves_with_its_contacts(world, gateway, juliet):
    friends = Friends(world, juliet)
    moved = world.account("capulet").client()
    moved.presence()
    code = code_for(juliet, moved.bare)
    moved.message(XMPP, f"accept {code}")
    moved.wait_presence(XMPP, "subscribe")
    assert "Done" in body(moved.wait_message(XMPP))
    moved.presence(XMPP, "subscribed")
    moved.presence(XMPP, "subscribe")
    wait_online(moved, XMPP)

    # the old one is as if it had unregistered
    for contact in (friends.contact, XMPP):
        for kind in ("unsubscribe", "unsubscribed", "unavailable"):
            juliet.wait_for(is_presence_of(contact, kind))
    assert not is_registered(juliet, XMPP) and is_registered(moved, XMPP)

    # the contact is offered to the new roster, and both can talk
    moved.wait_for(is_presence_of(friends.contact, "subscribe"))
    moved.message(friends.contact, "it is I")
    assert friends.friend.wait_message(friends.legacy.jid, "it is I") is not None
    friends.friend.message(friends.legacy.jid, "welcome")
    assert body(moved.wait_message(friends.contact)) == "welcome"

    # and it lasts
    gateway.kill()
    gateway.start()
    wait_until(lambda: is_registered(moved, XMPP), what="the registration")
    assert not is_registered(juliet, XMPP)


def test_the_code_is_for_the_one_who_was_named(world, gateway, juliet):
    legacy = world.other_account("romeo")
    register(juliet, XMPP, legacy.jid, legacy.password)
    named, thief = world.account("named").client(), world.account("thief").client()
    for client in (named, thief):
        client.presence()
    code = code_for(juliet, named.bare)
    for client, word in ((thief, code), (named, "00000000"), (named, "")):
        assert "know no such code" in tell(client, f"accept {word}")
    later = code_for(juliet, named.bare)  # the first one is void now
    assert "know no such code" in tell(named, f"accept {code}")
    assert is_registered(juliet, XMPP) and not is_registered(named, XMPP)
    named.message(XMPP, f"accept {later}")
    named.wait_presence(XMPP, "subscribe")
    wait_until(lambda: not is_registered(juliet, XMPP), what="the end of the old registration")
    assert "know no such code" in tell(thief, f"accept {later}")


def test_who_cannot_move(world, gateway, juliet):
    assert "not registered" in tell(juliet, "move somebody@localhost")
    legacy = world.other_account("romeo")
    register(juliet, XMPP, legacy.jid, legacy.password)
    assert "Write: move" in tell(juliet, "move")
    assert "Write: move" in tell(juliet, "move localhost")
    assert "Write: move" in tell(juliet, "move @@@")
    assert "already" in tell(juliet, f"move {juliet.bare}/elsewhere")
    assert "do not serve" in tell(juliet, "move me@elsewhere.example")
    other = world.account("nurse").client()
    other.presence()
    second = world.other_account("tybalt")
    register(other, XMPP, second.jid, second.password)
    code = code_for(juliet, other.bare)
    assert "unregister first" in tell(other, f"accept {code}")
    assert is_registered(juliet, XMPP) and is_registered(other, XMPP)


def test_two_registrations_that_move_to_one_address_at_once(world, gateway, juliet):
    """One moves; the other stays where it is."""
    nurse, named = world.account("nurse").client(), world.account("named").client()
    codes = []
    for client in (juliet, nurse):
        client.presence()
        legacy = world.other_account("romeo")
        register(client, XMPP, legacy.jid, legacy.password)
        codes.append(code_for(client, named.bare))
    named.presence()
    for code in codes:
        named.message(XMPP, f"accept {code}")
    said = [body(named.wait_message(XMPP)) for _ in codes]
    assert len([text for text in said if "Done" in text]) == 1
    assert len([text for text in said if "unregister first" in text]) == 1
    assert is_registered(named, XMPP)
    assert [is_registered(client, XMPP) for client in (juliet, nurse)].count(True) == 1


def test_a_registration_that_was_removed_meanwhile(world, gateway, juliet):
    legacy = world.other_account("romeo")
    register(juliet, XMPP, legacy.jid, legacy.password)
    named = world.account("named").client()
    named.presence()
    code = code_for(juliet, named.bare)
    assert "nothing of you is kept" in tell(juliet, "unregister")
    assert "gone" in tell(named, f"accept {code}")
    assert not is_registered(juliet, XMPP) and not is_registered(named, XMPP)
