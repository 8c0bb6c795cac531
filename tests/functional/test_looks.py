# tests/functional/test_looks.py: what a user sees of a contact: vCard, picture, idle time
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Against a second Jabber network (prpl-jabber) where it has the thing, else against
tests/peers/prpl-mock, whose contacts do what a message to them says."""

import os

import pytest

from conftest import IRC
from lib.friends import Friends, escaped
from lib.gateway import BUILD
from lib.registration import register
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, condition

MOCK = "one.localhost"
TEMP = "{vcard-temp}"
CARD4 = "{urn:ietf:params:xml:ns:vcard-4.0}"


def mock_transport():
    return {"protocol": "purple:prpl-mock", "name": "Mock",
            "plugin-path": os.path.join(BUILD, "tests", "plugins")}


@pytest.fixture
def start(world, gateway_factory):
    def start_it(limits=None, timing=None):
        return gateway_factory(server_port=world.server.component_port, limits=limits,
                               timing=timing, transports={MOCK: mock_transport()}).start()
    return start_it


class User:
    """Is logged in at the mock network."""

    def __init__(self, world, contacts=()):
        self.client = world.account("juliet").client()
        register(self.client, MOCK, "juliet")
        for contact in contacts:
            self.client.presence(f"{contact}@{MOCK}", "subscribe")
            self.client.wait_presence(f"{contact}@{MOCK}", "subscribed")

    def tell(self, contact, text):
        self.client.message(f"{contact}@{MOCK}", text)

    def card(self, contact):
        return self.client.iq("get", f"{contact}@{MOCK}", "<vCard xmlns='vcard-temp'/>")

    def card4(self, contact):
        return self.client.iq("get", f"{contact}@{MOCK}",
                              "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>")


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
