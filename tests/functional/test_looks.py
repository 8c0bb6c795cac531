# tests/functional/test_looks.py: what a user sees of a contact: vCard, picture, idle time
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Against a second Jabber network (prpl-jabber) where it has the thing, else against
tests/peers/prpl-mock, whose contacts do what a message to them says."""

import base64
import datetime
import hashlib
import os
import signal

import pytest

from conftest import IRC
from lib.friends import Friends, escaped, is_presence_of
from lib.mock import MOCK, PUBSUB, User, items, mock_picture, mock_transport
from lib.registration import log_out, register
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, XmppClient, body, condition

TEMP = "{vcard-temp}"
CARD4 = "{urn:ietf:params:xml:ns:vcard-4.0}"


@pytest.fixture
def start(world, gateway_factory):
    def start_it(limits=None, timing=None):
        return gateway_factory(server_port=world.server.component_port, limits=limits,
                               timing=timing, transports={MOCK: mock_transport()}).start()
    return start_it


def texts(answer, path):
    assert condition(answer) is None, condition(answer)
    return [found.text for found in answer.iterfind(".//" + path)]


# ---- XEP-0054 and XEP-0292 ----

def test_xep0054_vcard_of_a_contact_elsewhere(world, gateway):
    juliet = world.account("juliet").client()
    friends = Friends(world, juliet)
    friends.friend.iq("set", None, "<vCard xmlns='vcard-temp'><FN>Mercutio &amp; Co</FN>"
                      "<BDAY>1597-01-30</BDAY>"
                      "<TITLE>Kinsman &lt;to the prince&gt;</TITLE></vCard>")
    card = juliet.iq("get", friends.contact, "<vCard xmlns='vcard-temp'/>")
    assert texts(card, TEMP + "FN") == ["Mercutio & Co"]
    assert texts(card, TEMP + "BDAY") == ["1597-01-30"]
    assert texts(card, TEMP + "JABBERID") == [friends.contact]
    assert "Kinsman <to the prince>" in texts(card, TEMP + "DESC")[0]
    card = juliet.iq("get", friends.contact, "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>")
    assert texts(card, f"{CARD4}fn/{CARD4}text") == ["Mercutio & Co"]
    # somebody who is not there at all
    other = juliet.iq("get", escaped("nobody@nowhere.invalid"), "<vCard xmlns='vcard-temp'/>")
    assert condition(other) in (None, "item-not-found")


def test_xep0054_vcard_on_irc(world, gateway):
    """A whois; and somebody whom nobody knows is no notice to the user."""
    juliet = world.account("juliet").client()
    register(juliet, IRC, world.nick())
    friend = world.irc()
    card = juliet.iq("get", f"{friend.nick}@{IRC}", "<vCard xmlns='vcard-temp'/>")
    assert texts(card, TEMP + "FN")
    nobody = juliet.iq("get", f"nobody@{IRC}", "<vCard xmlns='vcard-temp'/>")
    assert condition(nobody) == "item-not-found"
    juliet.sync()
    assert not [s for s in juliet.stanzas.history if s.tag == CLIENT + "message"]


def test_xep0054_every_field(world, start):
    start()
    user = User(world)
    card = user.card("romeo")
    assert texts(card, TEMP + "FN") == ["Romeo Montague"]
    assert texts(card, TEMP + "NICKNAME") == ["romeo & co"]
    assert texts(card, TEMP + "USERID") == ["romeo@montague.lit"]
    assert texts(card, TEMP + "URL") == ["https://montague.lit/"]
    assert texts(card, TEMP + "NUMBER") == ["+39 045"]
    assert texts(card, TEMP + "BDAY") == ["1597-01-30"]
    assert texts(card, TEMP + "DESC") == ["Town: Verona"]


def test_xep0292_every_field(world, start):
    start()
    user = User(world)
    card = user.card4("romeo")
    for path, value in (("kind/text", "individual"), ("fn/text", "Romeo Montague"),
                        ("nickname/text", "romeo & co"), ("email/text", "romeo@montague.lit"),
                        ("url/uri", "https://montague.lit/"), ("tel/text", "+39 045"),
                        ("bday/date", "1597-01-30"), ("note/text", "Town: Verona"),
                        ("impp/uri", f"xmpp:romeo@{MOCK}")):
        assert texts(card, CARD4 + path.replace("/", "/" + CARD4)) == [value], path


def test_xep0292_of_the_gateway(world, start):
    start()
    client = world.account("juliet").client()
    card = client.iq("get", MOCK, "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>")
    assert texts(card, f"{CARD4}kind/{CARD4}text") == ["application"]
    assert texts(card, f"{CARD4}fn/{CARD4}text") == ["Mock"]
    card = client.iq("get", MOCK, "<vCard xmlns='vcard-temp'/>")
    assert texts(card, TEMP + "FN") == ["Mock"] and "Causeway" in texts(card, TEMP + "DESC")[0]


def test_xep0054_unknown_contacts_and_strangers(world, start):
    start()
    user = User(world, ["empty"])
    assert condition(user.card("nobody")) == "item-not-found"
    stranger = world.account("paris").client()
    answer = stranger.iq("get", f"romeo@{MOCK}", "<vCard xmlns='vcard-temp'/>")
    assert condition(answer) == "item-not-found"
    assert texts(user.card("empty"), TEMP + "FN") == ["empty"]  # on the list
    user.client.sync()
    assert not [s for s in user.client.stanzas.history if s.tag == CLIENT + "message"]


def test_xep0054_hostile_and_endless_fields(world, start):
    start()
    user = User(world)
    card = user.card("hostile")
    assert "<b/>" in texts(card, TEMP + "FN")[0] and "\x01" not in texts(card, TEMP + "FN")[0]
    assert not texts(card, TEMP + "URL") + texts(card, TEMP + "USERID") + texts(card, TEMP + "BDAY")
    assert "javascript" in texts(card, TEMP + "DESC")[0]
    assert 0 < len(texts(user.card("many"), TEMP + "DESC")[0]) <= 16384
    assert condition(user.card4("hostile")) is None


def test_xep0054_no_answer_is_an_error_and_requests_are_bounded(world, start):
    gateway = start(limits={"info-requests": 3}, timing={"info-timeout": 2})
    user = User(world)
    idents = [user.client.send_iq("get", f"silent@{MOCK}", "<vCard xmlns='vcard-temp'/>")
              for _ in range(4)]
    answers = [user.client.wait_iq(ident) for ident in idents]
    assert [condition(a) for a in answers] == 3 * ["remote-server-timeout"] + ["resource-constraint"]
    assert texts(user.card("romeo"), TEMP + "FN") == ["Romeo Montague"]
    # one that is open when the gateway stops is answered
    ident = user.client.send_iq("get", f"silent@{MOCK}", "<vCard xmlns='vcard-temp'/>")
    user.client.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")
    gateway.stop()
    assert condition(user.client.wait_iq(ident)) in ("remote-server-timeout", "service-unavailable")


# ---- XEP-0172 ----

def test_xep0172_an_alias_that_changes_is_in_the_vcard_and_asks_for_nothing(world, start):
    start()
    user = User(world, ["empty"])
    user.tell("empty", "!alias Count <Paris>")
    user.client.stanzas.take_all(lambda s: True)

    def shown():
        return texts(user.card("empty"), TEMP + "NICKNAME")
    wait_until(lambda: shown() == ["Count <Paris>"])
    assert texts(user.card("empty"), TEMP + "FN") == ["Count <Paris>"]
    assert not [s for s in user.client.stanzas.history if s.get("type") == "subscribe"
                and s.get("from", "").startswith("empty@")]


# ---- XEP-0319 and XEP-0012 ----

IDLE = "{urn:xmpp:idle:1}idle"


def since(presence):
    """Seconds ago; None: not idle."""
    found = presence.find(IDLE)
    if found is None:
        return None
    time = datetime.datetime.strptime(found.get("since"), "%Y-%m-%dT%H:%M:%SZ")
    return (datetime.datetime.utcnow() - time).total_seconds()


def iso(seconds_ago):
    time = datetime.datetime.utcnow() - datetime.timedelta(seconds=seconds_ago)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def last(client, contact):
    return client.iq("get", contact, "<query xmlns='jabber:iq:last'/>")


def seconds(answer):
    assert condition(answer) is None, condition(answer)
    return int(answer.find("{jabber:iq:last}query").get("seconds"))


def test_xep0319_idle_time_both_ways_over_another_xmpp_network(world, gateway):
    juliet = world.account("juliet").client()
    friends = Friends(world, juliet)
    friends.friend.send("<presence><show>away</show>"
                        "<query xmlns='jabber:iq:last' seconds='600'/></presence>")
    assert 595 < since(juliet.wait_presence(friends.contact, show="away")) < 630
    assert 595 < seconds(last(juliet, friends.contact)) < 630
    juliet.stanzas.take_all(is_presence_of(friends.contact))
    friends.friend.presence()
    juliet.wait_for(lambda s: is_presence_of(friends.contact)(s) and s.find(IDLE) is None
                    and s.find(CLIENT + "show") is None)
    assert seconds(last(juliet, friends.contact)) == 0
    # the other way: XEP-0256, as prpl-jabber has it
    juliet.send(f"<presence><show>away</show><idle xmlns='urn:xmpp:idle:1' since='{iso(900)}'/>"
                "</presence>")
    seen = friends.friend.wait_for(
        lambda s: is_presence_of(friends.legacy.jid)(s)
        and s.find("{jabber:iq:last}query") is not None)
    assert 895 < int(seen.find("{jabber:iq:last}query").get("seconds")) < 930
    friends.friend.stanzas.take_all(is_presence_of(friends.legacy.jid))
    juliet.presence()
    friends.friend.wait_for(lambda s: is_presence_of(friends.legacy.jid)(s)
                            and s.find("{jabber:iq:last}query") is None)


def test_xep0319_idle_time_of_a_contact(world, start):
    start()
    user = User(world, ["sleepy"])
    sleepy = f"sleepy@{MOCK}"
    user.tell("sleepy", "!online")
    assert since(user.client.wait_presence(sleepy)) is None
    user.tell("sleepy", "!idle 1000")
    assert 995 < since(user.client.wait_presence(sleepy)) < 1030
    assert 995 < seconds(last(user.client, sleepy)) < 1030
    user.tell("sleepy", "!idle 0")
    assert since(user.client.wait_presence(sleepy)) is None
    assert seconds(last(user.client, sleepy)) == 0
    user.tell("sleepy", "!idle -5000")  # since a time to come
    assert -5 < since(user.client.wait_presence(sleepy)) < 20
    user.tell("sleepy", "!offline")
    assert user.client.wait_presence(sleepy, "unavailable").find(IDLE) is None
    assert seconds(last(user.client, sleepy)) < 20


def test_xep0012_who_may_know(world, start):
    start()
    user = User(world, ["sleepy"])
    assert condition(last(user.client, f"sleepy@{MOCK}")) == "item-not-found"  # never seen
    assert condition(last(user.client, f"other@{MOCK}")) == "forbidden"
    stranger = world.account("paris").client()
    user.tell("sleepy", "!online")
    user.client.wait_presence(f"sleepy@{MOCK}")
    assert condition(last(stranger, f"sleepy@{MOCK}")) == "forbidden"


def test_xep0319_idle_time_of_the_user(world, start):
    """Also when he is idle before he is logged in, and whatever he calls a time."""
    start()
    user = User(world)

    def told():
        return body(user.client.wait_message(f"idle@{MOCK}"))

    user.client.send(f"<presence><idle xmlns='urn:xmpp:idle:1' since='{iso(300)}'/></presence>")
    assert 295 < int(told().split()[1]) < 330
    user.client.presence()
    assert told() == "idle 0"
    for wrong in ("yesterday", "", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00Z"):
        user.client.send(f"<presence><idle xmlns='urn:xmpp:idle:1' since='{wrong}'/></presence>")
    user.client.send("<presence><idle xmlns='urn:xmpp:idle:1'/></presence>")
    log_out(user.client, MOCK)
    user.client.stanzas.take_all(lambda s: "idle" in s.get("from", ""))
    user.client.send(f"<presence><idle xmlns='urn:xmpp:idle:1' since='{iso(100)}'/></presence>")
    assert 95 < int(told().split()[1]) < 130


# ---- XEP-0153 and XEP-0084 ----

PHOTO = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"
DATA, METADATA = "urn:xmpp:avatar:data", "urn:xmpp:avatar:metadata"


def photo(presence):
    """The hash; "": there is none; None: nothing is said."""
    found = presence.find(PHOTO)
    return None if found is None else found.text or ""


def check_picture(client, contact, ident, picture, media):
    """The same in all places where a client looks for it."""
    assert hashlib.sha1(picture).hexdigest() == ident
    card = client.iq("get", contact, "<vCard xmlns='vcard-temp'/>")
    assert texts(card, TEMP + "TYPE") == [media]
    assert base64.b64decode(texts(card, TEMP + "BINVAL")[0]) == picture
    card = client.iq("get", contact, "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>")
    uri = texts(card, f"{CARD4}photo/{CARD4}uri")[0]
    assert uri.partition(",")[0] == f"data:{media};base64"
    assert base64.b64decode(uri.partition(",")[2]) == picture
    for asked in (None, ident):
        answer = items(client, contact, DATA, asked)
        assert base64.b64decode(texts(answer, f"{{{DATA}}}data")[0]) == picture
        answer = items(client, contact, METADATA, asked)
        found = answer.find(f".//{{{METADATA}}}info")
        assert (found.get("id"), found.get("type")) == (ident, media)
        assert int(found.get("bytes")) == len(picture)
        assert answer.find(f".//{{{PUBSUB}}}item").get("id") == ident
    assert condition(items(client, contact, DATA, "0" * 40)) == "item-not-found"
    assert condition(items(client, contact, "urn:xmpp:other")) == "item-not-found"


def test_xep0153_and_xep0084_picture_over_another_xmpp_network(world, gateway):
    juliet = world.account("juliet").client()
    friends = Friends(world, juliet)
    picture = mock_picture("of mercutio")
    ident = hashlib.sha1(picture).hexdigest()
    friends.friend.iq("set", None, "<vCard xmlns='vcard-temp'><FN>Mercutio</FN><PHOTO>"
                      f"<TYPE>image/png</TYPE><BINVAL>{base64.b64encode(picture).decode()}"
                      "</BINVAL></PHOTO></vCard>")
    friends.friend.send("<presence><x xmlns='vcard-temp:x:update'>"
                        f"<photo>{ident}</photo></x></presence>")
    juliet.wait_for(lambda s: is_presence_of(friends.contact)(s) and photo(s) == ident)
    check_picture(juliet, friends.contact, ident, picture, "image/png")
    assert condition(items(world.account("paris").client(), friends.contact, DATA)) == \
        "item-not-found"


def test_xep0153_picture_comes_changes_and_goes(world, start):
    start()
    user = User(world, ["romeo"])
    romeo = f"romeo@{MOCK}"
    user.tell("romeo", "!online")
    assert photo(user.client.wait_presence(romeo)) is None
    for name in ("first", "second"):
        user.tell("romeo", f"!icon {name}")
        ident = photo(user.client.wait_presence(romeo))
        check_picture(user.client, romeo, ident, mock_picture(name), "image/png")
    metadata = items(user.client, romeo, METADATA).find(f".//{{{METADATA}}}info")
    assert (metadata.get("width"), metadata.get("height")) == ("32", "64")
    user.tell("romeo", "!icon none")
    assert photo(user.client.wait_presence(romeo)) == ""
    assert condition(items(user.client, romeo, METADATA)) == "item-not-found"
    assert not texts(user.card("romeo"), TEMP + "BINVAL")


def test_xep0153_a_new_client_is_told_and_one_picture_serves_two_users(world, start):
    start()
    users = [User(world, ["romeo"]), User(world, ["romeo"])]
    for user in users:
        user.tell("romeo", "!icon one")
        user.tell("romeo", "!online")
        assert photo(user.client.wait_presence(f"romeo@{MOCK}")) == \
            hashlib.sha1(mock_picture("one")).hexdigest()
    ident = hashlib.sha1(mock_picture("one")).hexdigest()
    again = XmppClient(users[0].client.bare, users[0].client.password, world.server.port,
                       resource="again").connect()
    again.presence()
    assert photo(again.wait_presence(f"romeo@{MOCK}")) == ident
    again.close()
    log_out(users[0].client, MOCK)
    check_picture(users[1].client, f"romeo@{MOCK}", ident, mock_picture("one"), "image/png")


def test_xep0153_too_large_and_no_picture(world, start):
    gateway = start(limits={"avatar-size": 1024})
    user = User(world, ["romeo"])
    romeo = f"romeo@{MOCK}"
    user.tell("romeo", "!online")
    user.client.wait_presence(romeo)
    for name, why in (("large", "is left out"), ("text", "no picture that clients show"),
                      ("x" * 1000, "over avatar-size")):
        start_of_log = len(gateway.log_text())
        user.tell("romeo", f"!icon {name}")
        gateway.wait_log(why, start=start_of_log)
        assert condition(items(user.client, romeo, DATA)) == "item-not-found"
    user.tell("romeo", "!icon small")
    user.client.wait_for(lambda s: is_presence_of(romeo)(s) and photo(s))


def test_xep0084_requests_that_make_no_sense(world, start):
    start()
    user = User(world)
    for payload in ("", "<items/>", "<subscriptions/>", "<items node=''/>",
                    f"<items node='{DATA}'/><items node='{METADATA}'/>"):
        for to in (MOCK, f"romeo@{MOCK}", f"romeo@{MOCK}/x"):
            answer = user.client.iq("get", to, f"<pubsub xmlns='{PUBSUB}'>{payload}</pubsub>")
            assert condition(answer) in ("item-not-found", "feature-not-implemented",
                                         "service-unavailable")


def test_a_host_that_dies_answers_what_was_asked(world, start):
    gateway = start()
    user = User(world, ["romeo"])
    ident = user.client.send_iq("get", f"silent@{MOCK}", "<vCard xmlns='vcard-temp'/>")
    user.client.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")
    for host in gateway.hosts():
        os.kill(host, signal.SIGKILL)
    assert condition(user.client.wait_iq(ident)) == "remote-server-timeout"
