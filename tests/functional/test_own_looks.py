# tests/functional/test_own_looks.py: the user's own picture and nickname, for his contacts on the
# network: XEP-0084, XEP-0153, XEP-0172
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""His server is a real one, with PEP where nothing else is said.  The network is prpl-mock, where
"looks" says what the network was given, and in the end another Jabber network."""

import base64
import hashlib
import os
from xml.sax.saxutils import escape

import pytest

from conftest import COMPONENTS, IRC, XMPP, World, run_server, run_world
from lib.events import (DATA, METADATA, NICK, WANTS_AVATARS, WANTS_NICKS, info_of, is_event,
                        nick_of)
from lib.friends import Friends, is_presence_of
from lib.mock import MOCK, PUBSUB, User, mock_picture, mock_transport
from lib.registration import fields_of, form, log_out, query, register, settle, wait_online
from lib.servers import Ejabberd, Prosody
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, body, condition

LOOKS = f"looks@{MOCK}"
FIELD = "preference.picture"


@pytest.fixture
def start(world, gateway_factory):
    def start_it(limits=None, of=world):
        return gateway_factory(server_port=of.server.component_port, limits=limits,
                               transports={MOCK: mock_transport()}).start()
    return start_it


def ident(picture):
    return hashlib.sha1(picture).hexdigest()


def publish(client, node, item, payload, expected=None):
    answer = client.iq("set", None, f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'><item id='{item}'>"
                       f"{payload}</item></publish></pubsub>")
    assert condition(answer) is expected, condition(answer)


def publish_picture(client, picture, name=None, size=None):
    """`name`, `size`: what is said of it, when that is a lie."""
    name = name or ident(picture)
    data = base64.encodebytes(picture).decode()  # with line breaks
    publish(client, DATA, name, f"<data xmlns='{DATA}'>{data}</data>")
    publish(client, METADATA, name, f"<metadata xmlns='{METADATA}'><info id='{name}' type='image/png' "
            f"bytes='{size or len(picture)}'/></metadata>")
    return ident(picture)


def publish_none(client):
    publish(client, METADATA, "none", f"<metadata xmlns='{METADATA}'/>")


def publish_nick(client, nick):
    publish(client, NICK, "current", f"<nick xmlns='{NICK}'>{escape(nick)}</nick>")


def say(client, text, domain=MOCK):
    """By chat with the gateway; returns its answer."""
    client.message(domain, text)
    return body(client.wait_message(domain))


def told(client):
    """What the network was given next."""
    return body(client.wait_message(LOOKS))


def told_nothing(client, gateway=None):
    """… up to now: the gateway asks for nothing, and the host has said what it had to say."""
    client.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")
    client.message(f"echo@{MOCK}", "!online")
    settle(client, MOCK)
    client.message(f"raw@{MOCK}", "barrier")
    client.wait_message(f"raw@{MOCK}")
    taken = [body(s) for s in client.stanzas.take_all(lambda s: s.get("from") == LOOKS)]
    assert not taken, taken


def turn_on(client):
    assert "see your picture" in say(client, "picture on")


# ---- what he publishes ----

def test_xep0084_own_picture_reaches_the_network_only_if_he_wants_it(world, start):
    start()
    user = User(world)
    first, second = mock_picture("first"), mock_picture("second")
    publish_picture(user.client, first)
    told_nothing(user.client)
    turn_on(user.client)
    assert told(user.client) == f"icon {ident(first)}"
    publish_picture(user.client, second)  # his server pushes it
    assert told(user.client) == f"icon {ident(second)}"
    publish_picture(user.client, second)
    told_nothing(user.client)
    publish_none(user.client)
    assert told(user.client) == "icon none"
    publish_picture(user.client, first)
    assert told(user.client) == f"icon {ident(first)}"
    assert "do not see your picture" in say(user.client, "picture off")
    assert told(user.client) == "icon none"  # ours is taken back
    publish_picture(user.client, second)
    told_nothing(user.client)
    assert "see your picture" in say(user.client, "PICTURE  On")
    assert told(user.client) == f"icon {ident(second)}"


def test_xep0084_a_retracted_picture_is_taken_back(world, start):
    start()
    user = User(world)
    for payload in (f"<retract node='{METADATA}' notify='1'><item id='{{}}'/></retract>",):
        turn_on(user.client)
        name = publish_picture(user.client, mock_picture("first"))
        assert told(user.client) == f"icon {name}"
        user.client.iq("set", None, f"<pubsub xmlns='{PUBSUB}'>{payload.format(name)}</pubsub>")
        assert told(user.client) == "icon none"
    publish_picture(user.client, mock_picture("first"))
    assert told(user.client).startswith("icon ")
    answer = user.client.iq("set", None, f"<pubsub xmlns='{PUBSUB}#owner'><delete node='{METADATA}'/>"
                            "</pubsub>")
    assert condition(answer) is None
    assert told(user.client) == "icon none"


def test_xep0172_own_nickname(world, start):
    start()
    user = User(world)
    publish_nick(user.client, "Juliet <of the> Capulets")
    told_nothing(user.client)
    turn_on(user.client)
    assert told(user.client) == "alias Juliet <of the> Capulets"
    publish_nick(user.client, "Jule")
    assert told(user.client) == "alias Jule"
    publish_nick(user.client, "Jule")
    told_nothing(user.client)
    publish_nick(user.client, "two\nlines")  # a command of its own on some networks
    assert told(user.client) == "alias none"
    publish_nick(user.client, "Jule")
    assert told(user.client) == "alias Jule"
    say(user.client, "picture off")
    assert told(user.client) == "alias none"


def test_xep0084_not_given_again_at_another_log_in(world, start):
    """Of the network, of the user, of the gateway: the log-in itself has the picture, for the host to
    compare."""
    gateway = start()
    user = User(world)
    turn_on(user.client)
    publish_nick(user.client, "Jule")
    assert told(user.client) == "alias Jule"
    publish_picture(user.client, mock_picture("first"))
    assert told(user.client).startswith("icon ")

    def the_network_drops_it():
        user.tell("drop", "now")

    def he_goes_and_comes():
        log_out(user.client, MOCK)
        user.client.presence(MOCK)

    def the_gateway_is_restarted():
        gateway.stop()
        gateway.start()

    for happens in (the_network_drops_it, he_goes_and_comes, the_gateway_is_restarted):
        user.client.stanzas.take_all()
        happens()
        if happens == the_gateway_is_restarted:
            assert told(user.client) == "alias Jule"  # the mock network has forgotten it
        assert told(user.client) == "log-in with a picture"
        wait_online(user.client, MOCK)
        told_nothing(user.client)
    # what changed meanwhile is given
    log_out(user.client, MOCK)
    name = publish_picture(user.client, mock_picture("second"))
    user.client.presence(MOCK)
    assert told(user.client) == "log-in with a picture"
    name = publish_picture(user.client, mock_picture("third"))
    assert told(user.client) == f"icon {name}"


def test_xep0084_turned_off_while_the_network_is_away(world, start):
    start()
    user = User(world)
    turn_on(user.client)
    publish_picture(user.client, mock_picture("first"))
    assert told(user.client).startswith("icon ")
    user.tell("drop", "now")
    user.client.wait_for(lambda s: is_presence_of(MOCK)(s) and s.findtext(CLIENT + "show") == "xa")
    say(user.client, "picture off")
    wait_online(user.client, MOCK)
    told_nothing(user.client)  # prpl-mock's icon is that of its log-in: there is none to take back


def test_xep0084_many_pictures_are_fetched_at_a_pace(world, start):
    gateway = start()
    user = User(world)
    turn_on(user.client)
    for n in range(30):
        publish_picture(user.client, mock_picture(f"number {n}"))
    settle(user.client, MOCK)
    asked = gateway.log_text().count(f"<items node='{DATA}'><item id=")
    assert 0 < asked <= 2 * 20  # each is there as a question and as an answer


# ---- what is not believed ----

def test_xep0084_hash_that_is_not_that_of_the_picture(world, start):
    gateway = start()
    user = User(world)
    turn_on(user.client)
    name = publish_picture(user.client, mock_picture("first"))
    assert told(user.client) == f"icon {name}"
    publish_picture(user.client, mock_picture("second"), name="0" * 40)
    gateway.wait_log("left out: its SHA-1 is not the one that was announced")
    assert told(user.client) == "icon none"  # it is not the one that he has any more
    for wrong in ("x", "0" * 39, "../" * 13 + "x"):
        publish_picture(user.client, mock_picture("second"), name=wrong)
    told_nothing(user.client)
    name = publish_picture(user.client, mock_picture("third"))
    assert told(user.client) == f"icon {name}"


@pytest.fixture(scope="module")
def generous():
    """Takes what is larger than the gateway does."""
    yield from run_server(Prosody(components=COMPONENTS, extra="c2s_stanza_size_limit = 4194304"))


@pytest.fixture
def generous_world(generous, other_prosody, ngircd, request):
    yield from run_world(World(generous, other_prosody, ngircd), request)


LARGE = mock_picture("large") + bytes(1024 * 1024)


def test_xep0084_a_picture_of_1_mib_is_not_fetched(generous_world, start):
    gateway = start(of=generous_world)
    user = User(generous_world)
    turn_on(user.client)
    publish_picture(user.client, mock_picture("first"))
    assert told(user.client).startswith("icon ")
    attached = gateway.log_text().count("attached to the server")
    publish_picture(user.client, LARGE)
    gateway.wait_log("left out: it is over avatar-size")
    assert told(user.client) == "icon none"
    assert gateway.log_text().count("attached to the server") == attached
    name = publish_picture(user.client, mock_picture("second"))
    assert told(user.client) == f"icon {name}"


def test_xep0084_a_picture_that_is_larger_than_he_says_is_left_out(generous_world, start):
    gateway = start(of=generous_world)
    user = User(generous_world)
    turn_on(user.client)
    publish_picture(user.client, LARGE, size=100)
    gateway.wait_log("picture is left out: it is not where it was announced")
    name = publish_picture(user.client, mock_picture("first"))
    assert told(user.client) == f"icon {name}"
    assert gateway.log_text().count("attached to the server") == 1


def test_xep0084_one_that_is_absurdly_larger_ends_the_stream_once(generous_world, start):
    """More than 16 times stanza-size (xml.h)."""
    gateway = start({"stanza-size": 65536}, of=generous_world)
    user = User(generous_world)
    turn_on(user.client)
    publish_picture(user.client, LARGE, size=100)
    gateway.wait_log("it is not asked for again(.|\n)*attached to the server")
    wait_online(user.client, MOCK)
    attached = gateway.log_text().count("attached to the server")
    assert attached == 2
    publish_picture(user.client, mock_picture("first"))
    log_out(user.client, MOCK)
    user.client.presence(MOCK)
    wait_online(user.client, MOCK)
    told_nothing(user.client)
    assert gateway.log_text().count("attached to the server") == attached


def test_limit_avatar_size_of_the_users_own_picture(world, start):
    """Whatever he says of its size."""
    gateway = start({"avatar-size": 1024})
    user = User(world)
    turn_on(user.client)
    publish_picture(user.client, mock_picture("x" * 1000))
    gateway.wait_log("left out: it is over avatar-size or stanza-size")
    publish_picture(user.client, mock_picture("y" * 1000), size=100)
    gateway.wait_log("left out: it is over avatar-size\n")
    told_nothing(user.client)


def test_xep0084_what_is_no_picture_or_does_not_fit_the_network(world, start):
    gateway = start()
    user = User(world)
    turn_on(user.client)
    publish_picture(user.client, b"<svg onload='x'/>" * 10)
    gateway.wait_log("left out: it is no picture that clients show")
    told_nothing(user.client)
    large = bytearray(mock_picture("large"))
    large[18:20] = b"\x01\x00"
    publish_picture(user.client, bytes(large))
    gateway.wait_log(r"left out: it has 256 x 64 pixels, and the network takes 32 x 32 to 96 x 96")
    assert "256 x 64 pixels" in body(user.client.wait_message(MOCK))  # he is told why
    told_nothing(user.client)


def test_xep0084_events_of_somebody_else(world, start):
    """Of a stranger, of another user, and of a client of his own: none is his server."""
    start()
    user = User(world)
    other = User(world, name="paris")
    turn_on(user.client)
    turn_on(other.client)
    name = publish_picture(user.client, mock_picture("first"))
    assert told(user.client) == f"icon {name}"
    stranger = world.account("tybalt").client()
    stranger.presence()
    forged = ident(mock_picture("forged"))
    publish_picture(stranger, mock_picture("forged"))
    for client in (stranger, other.client, user.client):
        for event in (f"<items node='{METADATA}'><item id='{forged}'><metadata xmlns='{METADATA}'>"
                      f"<info id='{forged}' bytes='100' type='image/png'/></metadata></item></items>",
                      f"<items node='{METADATA}'><item><metadata xmlns='{METADATA}'/></item></items>",
                      f"<items node='{NICK}'><item><nick xmlns='{NICK}'>forged</nick></item></items>",
                      f"<delete node='{METADATA}'/>", "<purge/>", ""):
            client.message(MOCK, None, "headline", f"<event xmlns='{PUBSUB}#event'>{event}</event>")
    for client in (user.client, other.client):
        told_nothing(client)
    # nor is anything that he has not asked for taken for an answer
    user.client.send(f"<iq type='result' to='{MOCK}' id='ask-0000000000000000'><pubsub xmlns='{PUBSUB}'>"
                     f"<items node='{METADATA}'/></pubsub></iq>")
    told_nothing(user.client)


# ---- his vCard ----

@pytest.fixture(scope="module")
def without_pep():
    yield from run_server(Ejabberd(components=COMPONENTS, modules={"mod_vcard": {"search": False}}))


@pytest.fixture
def world_without_pep(without_pep, other_prosody, ngircd, request):
    yield from run_world(World(without_pep, other_prosody, ngircd), request)


def set_vcard(client, picture, announce=None):
    """`announce`: the hash in presence, when that is a lie."""
    photo = "" if picture is None else (
        "<PHOTO><TYPE>image/png</TYPE><BINVAL>\n"
        f"{base64.encodebytes(picture).decode()}</BINVAL></PHOTO>")
    answer = client.iq("set", None, f"<vCard xmlns='vcard-temp'><FN>Juliet</FN>{photo}</vCard>")
    assert condition(answer) is None
    name = announce or ("" if picture is None else ident(picture))
    client.send(f"<presence><x xmlns='vcard-temp:x:update'><photo>{name}</photo></x></presence>")
    return name


def test_xep0153_own_picture_of_a_server_without_pep(world_without_pep, start):
    world = world_without_pep
    gateway = start(of=world)
    user = User(world)
    name = set_vcard(user.client, mock_picture("first"))
    told_nothing(user.client)
    turn_on(user.client)
    assert told(user.client) == f"icon {name}"
    name = set_vcard(user.client, mock_picture("second"))
    assert told(user.client) == f"icon {name}"
    user.client.send("<presence><x xmlns='vcard-temp:x:update'/></presence>")  # has not looked yet
    user.client.presence(show="away")
    told_nothing(user.client)
    set_vcard(user.client, mock_picture("third"), announce="0" * 40)
    gateway.wait_log("left out: its SHA-1 is not the one that was announced")
    assert told(user.client) == "icon none"
    name = set_vcard(user.client, mock_picture("third"))
    assert told(user.client) == f"icon {name}"
    log_out(user.client, MOCK)
    user.client.send(f"<presence to='{MOCK}'><x xmlns='vcard-temp:x:update'><photo>{name}</photo></x>"
                     "</presence>")
    assert told(user.client) == "log-in with a picture"
    wait_online(user.client, MOCK)
    set_vcard(user.client, None)
    assert told(user.client) == "icon none"


# ---- the preference ----

def get_form(client, domain):
    return fields_of(client.iq("get", domain, query()))


def test_preference_in_the_registration_form(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port, transports={
        MOCK: mock_transport(), IRC: world.irc_transport()}).start()
    client = world.account("juliet").client()
    client.presence()
    assert get_form(client, MOCK)[FIELD] == ("boolean", "0", False)  # off by default
    answer = client.iq("get", MOCK, query())
    labels = [f.get("label") for f in answer.iter("{jabber:x:data}field") if f.get("var") == FIELD]
    assert labels == ["Show my picture and nickname to my contacts on Mock"]
    assert FIELD not in get_form(client, IRC)  # it has no pictures
    publish_picture(client, mock_picture("first"))
    answer = client.iq("set", MOCK, form({"username": "juliet", FIELD: "true"}))
    assert condition(answer) is None
    client.wait_presence(MOCK, "subscribe")
    client.presence(MOCK, "subscribed")
    client.presence(MOCK, "subscribe")
    assert told(client) == f"icon {ident(mock_picture('first'))}"
    assert get_form(client, MOCK)[FIELD] == ("boolean", "1", False)

    # changed alone it needs no log-in, and what the form leaves out stays
    logins = gateway.log_text().count("-> connecting")
    assert condition(client.iq("set", MOCK, form({"username": "juliet"}))) is None
    assert get_form(client, MOCK)[FIELD][1] == "1"
    assert condition(client.iq("set", MOCK, form({"username": "juliet", FIELD: "0"}))) is None
    assert told(client) == "icon none"
    assert get_form(client, MOCK)[FIELD][1] == "0"
    assert gateway.log_text().count("-> connecting") == logins
    answer = client.iq("set", MOCK, form({"username": "juliet", FIELD: "perhaps"}))
    assert condition(answer) == "not-acceptable"


def test_preference_survives_a_restart_and_goes_with_the_registration(world, start):
    gateway = start()
    user = User(world)
    turn_on(user.client)
    gateway.kill()
    gateway.start()
    assert get_form(user.client, MOCK)[FIELD][1] == "1"
    # another registration of the same user has it, as it says nothing of it
    assert condition(user.client.iq("set", MOCK, form({"username": "other"}))) is None
    assert get_form(user.client, MOCK)[FIELD][1] == "1"
    assert condition(user.client.iq("set", MOCK, query("<remove/>"))) is None
    assert get_form(user.client, MOCK)[FIELD][1] == "0"
    user.client.stanzas.take_all()
    register(user.client, MOCK, "juliet")
    assert get_form(user.client, MOCK)[FIELD][1] == "0"


def test_preference_commands(world, gateway_factory):
    gateway_factory(server_port=world.server.component_port, transports={
        MOCK: mock_transport(), IRC: world.irc_transport()}).start()
    client = world.account("juliet").client()
    client.presence()
    assert "not registered" in say(client, "picture on")
    assert "picture on, picture off" in say(client, "help")
    assert "picture" not in say(client, "help", IRC)
    assert "gateway to IRC" in say(client, "picture on", IRC)
    # not asked for in the dialogue of registration
    client.message(MOCK, "register")
    while "I try to log you in" not in (asked := body(client.wait_message(MOCK))):
        assert "picture" not in asked
        client.message(MOCK, "juliet" if "User name" in asked else ".")
    assert "Done" in body(client.wait_message(MOCK))
    assert "do not see your picture" in say(client, "picture")
    assert "do not see" not in say(client, "picture on")
    assert "do not see" not in say(client, "picture perhaps")
    assert get_form(client, MOCK)[FIELD][1] == "1"
    assert "do not see your picture" in say(client, "picture off")
    assert get_form(client, MOCK)[FIELD][1] == "0"


# ---- online and not seen ----

def test_invisible_on_and_off(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port, transports={
        MOCK: mock_transport(), IRC: world.irc_transport()}).start()
    client = world.account("juliet").client()
    client.presence()
    register(client, MOCK, "ghost")

    def status():
        return body(client.wait_message(f"status@{MOCK}"))

    assert status() == "status available"
    assert "do not see" in say(client, "invisible on")
    assert status() == "status invisible"
    assert get_form(client, MOCK)["preference.invisible"] == ("boolean", "1", False)
    # nothing of the user's own presence undoes it, and it is so from the log-in on
    client.presence(show="away")
    log_out(client, MOCK)
    client.presence()
    assert status() == "status invisible"
    gateway.kill()
    gateway.start()
    assert status() == "status invisible"
    assert "on Mock see when you are online" in say(client, "invisible off")
    assert status() == "status available"
    assert condition(client.iq("set", MOCK, form({"username": "ghost", "preference.invisible": "1"}))) is None
    assert status() == "status invisible"
    # not where the network cannot do it
    assert "invisible" not in say(client, "help", IRC)
    assert "preference.invisible" not in get_form(client, IRC)


def test_xep0163_the_gateway_wants_events_only_where_there_are_pictures(world, gateway_factory):
    gateway_factory(server_port=world.server.component_port, transports={
        MOCK: mock_transport(), IRC: world.irc_transport()}).start()
    client = world.account("juliet").client()
    for domain, expected in ((MOCK, {WANTS_AVATARS, WANTS_NICKS}), (IRC, set())):
        answer = client.iq("get", domain, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
        features = {f.get("var") for f in answer.iter("{http://jabber.org/protocol/disco#info}feature")}
        assert {f for f in features if f.endswith("+notify")} == expected


# ---- another Jabber network ----

def test_xep0084_xep0172_own_looks_are_seen_by_a_contact_on_another_xmpp_network(world, gateway):
    juliet = world.account("juliet").client()
    friends = Friends(world, juliet)
    friends.friend.announce([WANTS_AVATARS, WANTS_NICKS])
    friends.friend.presence()
    legacy, picture = friends.legacy.jid, mock_picture("of juliet")
    publish_picture(juliet, picture)
    publish_nick(juliet, "Jule <of the> Capulets")
    assert "see your picture" in say(juliet, "picture on", XMPP)
    assert nick_of(friends.friend.wait_for(is_event(legacy, NICK))) == "Jule <of the> Capulets"
    assert info_of(friends.friend.wait_for(is_event(legacy, METADATA)))["id"] == ident(picture)
    card = "<vCard xmlns='vcard-temp'/>"

    def shown():
        found = friends.friend.iq("get", legacy, card).findtext(".//{vcard-temp}BINVAL")
        return None if found is None else base64.b64decode(found)
    wait_until(lambda: shown() == picture, what="the picture in the vCard")

    # after another log-in the network has it, and is not given it again: that would be an event
    log_out(juliet, XMPP)
    for client in (juliet, friends.friend):
        client.stanzas.take_all()
    juliet.presence(XMPP)
    wait_online(juliet, XMPP)
    photo = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"
    friends.friend.wait_for(lambda s: is_presence_of(legacy)(s) and s.findtext(photo) == ident(picture))
    settle(juliet, XMPP)
    friends.friend.sync()
    assert not friends.friend.stanzas.take_all(is_event(legacy))
    assert shown() == picture

    assert "do not see" in say(juliet, "picture off", XMPP)
    assert nick_of(friends.friend.wait_for(is_event(legacy, NICK))) is None
    wait_until(lambda: shown() is None, what="the end of the picture")
    friends.friend.wait_for(lambda s: is_presence_of(legacy)(s) and s.find(photo) is not None
                            and not s.findtext(photo))


def test_xep0084_what_the_network_has_from_elsewhere_is_left_alone(world, gateway):
    juliet = world.account("juliet").client()
    friends = Friends(world, juliet)
    log_out(juliet, XMPP)
    juliet.stanzas.take_all()
    elsewhere = friends.legacy.client("elsewhere")
    name = publish_picture(elsewhere, mock_picture("elsewhere"))
    publish_nick(elsewhere, "R.")
    publish_picture(juliet, mock_picture("of juliet"))
    juliet.presence(XMPP)
    wait_online(juliet, XMPP)
    settle(juliet, XMPP)
    answer = elsewhere.iq("get", None, f"<pubsub xmlns='{PUBSUB}'><items node='{METADATA}'/></pubsub>")
    assert answer.find(f".//{{{METADATA}}}info").get("id") == name
    answer = elsewhere.iq("get", None, f"<pubsub xmlns='{PUBSUB}'><items node='{NICK}'/></pubsub>")
    assert answer.findtext(f".//{{{NICK}}}nick") == "R."
