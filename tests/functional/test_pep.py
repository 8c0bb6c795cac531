# tests/functional/test_pep.py: what contacts publish, pushed to the clients that want it: XEP-0163
#
# SPDX-License-Identifier: GPL-2.0-or-later

import base64
import hashlib
import re
import time

import pytest

from lib.events import (DATA, METADATA, NICK, WANTS_AVATARS, WANTS_NICKS, info_of, is_event, nick_of)
from lib.friends import Friends, is_presence_of
from lib.mock import MOCK, User, items, mock_picture, mock_transport
from lib.registration import wait_online
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, condition

BOTH = [WANTS_AVATARS, WANTS_NICKS, "urn:x"]
ROSTERX = "http://jabber.org/protocol/rosterx"
ROMEO, PARIS = f"romeo@{MOCK}", f"paris@{MOCK}"


@pytest.fixture
def start(world, gateway_factory):
    def start_it(limits=None):
        return gateway_factory(server_port=world.server.component_port, limits=limits,
                               transports={MOCK: mock_transport()}).start()
    return start_it


def ident(name):
    return hashlib.sha1(mock_picture(name)).hexdigest()


def settle(user, *clients):
    """Whatever was to be told is told: a change of somebody else's comes behind it."""
    name = f"barrier {time.monotonic()}"
    user.tell("paris", f"!icon {name}")
    for client in clients or [user.client]:
        client.wait_for(is_event(PARIS, METADATA, ident(name)))


# ---- XEP-0084 ----

def test_xep0084_a_picture_that_comes_changes_and_goes_is_pushed_once(world, start):
    start()
    user = User(world, ["romeo", "paris"], BOTH)
    user.tell("romeo", "!online")
    user.client.wait_presence(ROMEO)
    for name in ("first", "second"):
        user.tell("romeo", f"!icon {name}")
        event = user.client.wait_for(is_event(ROMEO, METADATA))
        assert event.get("type") == "headline" and event.get("to") == user.client.full
        assert info_of(event) == {"id": ident(name), "type": "image/png", "width": "32",
                                  "height": "64", "bytes": str(len(mock_picture(name)))}
        assert is_event(ident=ident(name))(event)
        # the same as in presence, and there to be fetched
        photo = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"
        user.client.wait_for(lambda s: is_presence_of(ROMEO)(s) and s.findtext(photo) == ident(name))
        data = items(user.client, ROMEO, DATA, ident(name)).findtext(f".//{{{DATA}}}data")
        assert base64.b64decode(data) == mock_picture(name)
    user.tell("romeo", "!icon second")  # the same again
    user.tell("romeo", "!idle 100")
    settle(user)
    assert not user.client.stanzas.take_all(is_event(ROMEO))
    user.tell("romeo", "!icon none")
    assert info_of(user.client.wait_for(is_event(ROMEO, METADATA))) is None
    assert condition(items(user.client, ROMEO, METADATA)) == "item-not-found"
    settle(user)
    assert not user.client.stanzas.take_all(is_event(ROMEO))


def test_xep0084_a_new_client_is_told_once_behind_the_presence(world, start):
    start()
    user = User(world, ["romeo", "paris"], BOTH)
    user.tell("romeo", "!alias The Montague")
    user.tell("romeo", "!icon one")
    user.tell("romeo", "!online")
    user.client.wait_for(is_event(ROMEO, METADATA))
    user.client.wait_for(is_event(ROMEO, NICK))
    second = user.account.client("second")
    second.announce(BOTH)
    second.presence()
    assert info_of(second.wait_for(is_event(ROMEO, METADATA)))["id"] == ident("one")
    assert nick_of(second.wait_for(is_event(ROMEO, NICK))) == "The Montague"
    history = second.stanzas.history
    first_presence = next(i for i, s in enumerate(history) if is_presence_of(ROMEO)(s))
    assert first_presence < next(i for i, s in enumerate(history) if is_event(ROMEO)(s))
    second.presence(show="away")
    second.presence(MOCK)
    settle(user, user.client, second)
    assert len([s for s in second.stanzas.history if is_event(ROMEO)(s)]) == 2
    assert len([s for s in user.client.stanzas.history if is_event(ROMEO)(s)]) == 2
    # gone and back it is a new one
    second.presence(kind="unavailable")
    second.presence()
    second.wait_for(is_event(ROMEO, METADATA))


def test_xep0084_only_to_those_who_want_it(world, start):
    start()
    user = User(world, ["romeo", "paris"], BOTH)
    avatars, nicks, nothing = (user.account.client(name) for name in ("avatars", "nicks", "nothing"))
    for client, features in ((avatars, [WANTS_AVATARS]), (nicks, [WANTS_NICKS]), (nothing, ["urn:x"])):
        client.announce(features)
        client.presence()
        client.wait_presence(MOCK)
    for n in range(2):
        user.tell("romeo", f"!icon {n}")
        user.tell("romeo", f"!alias Romeo {n}")
        settle(user, user.client, avatars)

    def nodes(client):
        client.sync()
        return {s.find(f".//*[@node]").get("node") for s in client.stanzas.history
                if is_event(ROMEO)(s)}
    assert nodes(user.client) == {METADATA, NICK}
    assert nodes(avatars) == {METADATA} and nodes(nicks) == {NICK} and nodes(nothing) == set()
    # a stranger's client that wants everything
    stranger = world.account("paris").client()
    stranger.announce(BOTH)
    stranger.presence(MOCK)
    settle(user)
    assert not [s for s in stranger.stanzas.history if is_event()(s)]


def test_xep0084_not_again_after_another_log_in(world, start):
    """The network drops the link, and says the same again after the next log-in."""
    gateway = start()
    user = User(world, ["romeo", "paris"], BOTH)
    for name in ("same", "other"):
        user.tell("romeo", "!icon same")
        user.tell("paris", "!icon before")
        user.client.wait_for(is_event(PARIS, METADATA))
        log = len(gateway.log_text())
        user.tell("drop", "now")
        gateway.wait_log("waiting -> connecting", start=log)
        wait_online(user.client, MOCK)
        for contact in ("romeo", "paris"):
            user.client.presence(f"{contact}@{MOCK}", "subscribe")
        user.client.stanzas.take_all(is_event())
        user.tell("romeo", f"!icon {name}")
        settle(user)
        told = user.client.stanzas.take_all(is_event(ROMEO))
        assert [info_of(event)["id"] for event in told] == ([] if name == "same" else [ident(name)])


def test_xep0084_after_the_stream_came_back_everything_is_told_again(world, start):
    """Clients may have been away as well."""
    gateway = start({"stanza-size": 10000})
    user = User(world, ["romeo", "paris"], BOTH)
    user.tell("romeo", "!icon one")
    user.client.wait_for(is_event(ROMEO, METADATA))
    log = len(gateway.log_text())
    second = world.account("paris").client()
    second.presence()
    # absurdly larger than a stanza may be (xml.h): it ends the stream
    second.message(MOCK, "x" * 200000)
    gateway.wait_log("attached to the server", start=log)
    assert info_of(user.client.wait_for(is_event(ROMEO, METADATA)))["id"] == ident("one")
    settle(user)
    assert not user.client.stanzas.take_all(is_event(ROMEO))


def test_xep0084_500_contacts_are_not_500_wakeups(world, start):
    gateway = start()
    # takes the list at once: 500 requests keep the server busy
    user = User(world, ["paris"], BOTH + [ROSTERX])
    user.client.take_sets(f"{{{ROSTERX}}}x")
    log = len(gateway.log_text())
    user.tell("crowd1", "!crowd 500")

    def check(client, start):
        """Each once; returns in how many turns."""
        def told():
            return [s.get("from") + s.find(".//*[@node]").get("node")
                    for s in list(client.stanzas.history) if is_event()(s) and "crowd" in s.get("from")]
        wait_until(lambda: len(told()) >= 1000, what="1000 events")
        settle(user)
        client.sync()
        assert len(told()) == len(set(told())) == 1000
        return len(re.findall(rf"{user.client.bare}/{MOCK}: \d+ events", gateway.log_text()[start:]))

    assert check(user.client, log) <= 6
    log = len(gateway.log_text())
    second = user.account.client("second")
    second.announce(BOTH)
    second.presence()
    assert check(second, log) <= 6


def test_xep0084_whoever_is_removed_is_heard_of_no_more(world, start):
    start()
    user = User(world, ["romeo", "paris"], BOTH)
    user.tell("romeo", "!icon one")
    user.client.wait_for(is_event(ROMEO))
    user.client.presence(ROMEO, "unsubscribe")
    user.tell("romeo", "!icon two")
    settle(user)
    assert not user.client.stanzas.take_all(is_event(ROMEO))


def test_xep0084_nodes_in_service_discovery(world, start):
    """XEP-0084 6.1, XEP-0060 5.2 and 5.3"""
    start()
    user = User(world, ["romeo", "paris"], BOTH)

    def nodes():
        answer = user.client.iq("get", ROMEO, "<query xmlns='http://jabber.org/protocol/disco#items'/>")
        found = answer.findall(".//{http://jabber.org/protocol/disco#items}item")
        assert {item.get("jid") for item in found} <= {ROMEO}
        return [item.get("node") for item in found]

    def info(node, client=user.client):
        answer = client.iq("get", ROMEO, "<query xmlns='http://jabber.org/protocol/disco#info' "
                           f"node='{node}'/>")
        return condition(answer) or [(i.get("category"), i.get("type")) for i in answer.iter(
            "{http://jabber.org/protocol/disco#info}identity")]

    assert nodes() == [] and info(METADATA) == "item-not-found"
    user.tell("romeo", "!icon one")
    user.tell("romeo", "!alias The Montague")
    user.client.wait_for(is_event(ROMEO, METADATA))
    user.client.wait_for(is_event(ROMEO, NICK))
    assert nodes() == [DATA, METADATA, NICK]
    for node in nodes():
        assert info(node) == [("pubsub", "leaf")]
        assert condition(items(user.client, ROMEO, node)) is None
    assert info("urn:other") == info(METADATA, world.account("paris").client()) == "item-not-found"


def test_xep0084_pictures_of_another_xmpp_network(world, gateway):
    """Published by PEP there, by vCard, and taken away."""
    juliet = world.account("juliet").client()
    juliet.announce(BOTH)
    friends = Friends(world, juliet)
    one, two = mock_picture("one"), mock_picture("two")
    publish = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{}'><item id='{}'>{}" \
              "</item></publish></pubsub>"
    friends.friend.iq("set", None, publish.format(
        DATA, ident("one"), f"<data xmlns='{DATA}'>{base64.b64encode(one).decode()}</data>"))
    friends.friend.iq("set", None, publish.format(
        METADATA, ident("one"), f"<metadata xmlns='{METADATA}'><info id='{ident('one')}' "
        f"type='image/png' bytes='{len(one)}'/></metadata>"))
    assert info_of(juliet.wait_for(is_event(friends.contact, METADATA)))["id"] == ident("one")
    friends.friend.iq("set", None, "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>"
                      f"{base64.b64encode(two).decode()}</BINVAL></PHOTO></vCard>")
    friends.friend.presence()
    juliet.wait_for(is_event(friends.contact, METADATA, ident("two")))
    friends.friend.iq("set", None, publish.format(METADATA, "", f"<metadata xmlns='{METADATA}'/>"))
    wait_until(lambda: info_of(juliet.wait_for(is_event(friends.contact, METADATA))) is None)


# ---- XEP-0172 ----

def test_xep0172_a_new_nickname_is_pushed_once(world, start):
    start()
    user = User(world, ["romeo", "paris"], BOTH)
    for nick in ("Count <Paris> & co", "Ro\N{LATIN SMALL LETTER E WITH ACUTE}"):
        user.tell("romeo", f"!alias {nick}")
        user.tell("romeo", f"!alias {nick}")
        event = user.client.wait_for(is_event(ROMEO, NICK))
        assert event.get("type") == "headline" and nick_of(event) == nick
        assert items(user.client, ROMEO, NICK).findtext(f".//{{{NICK}}}nick") == nick
    settle(user)
    assert not user.client.stanzas.take_all(is_event(ROMEO))
    assert not [s for s in user.client.stanzas.history if s.tag == CLIENT + "presence"
                and s.find(f"{{{NICK}}}nick") is not None and s.get("type") is None]  # 4.1
