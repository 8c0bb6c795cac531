# tests/functional/test_discovery.py: what clients ask before they show a gateway: G1-G5, G57-G62
#
# SPDX-License-Identifier: GPL-2.0-or-later

import datetime
import re

import pytest

from conftest import IRC, XMPP
from lib.caps import CAPS, INFO, hash_of
from lib.friends import Friends, is_presence_of
from lib.registration import REGISTER, query, register
from lib.xmppclient import CLIENT, condition

ITEMS = "http://jabber.org/protocol/disco#items"
COMMANDS = "http://jabber.org/protocol/commands"
GATEWAY = "jabber:iq:gateway"
# events of the user's (XEP-0163), where the network can show them
WANTED = {"urn:xmpp:avatar:metadata+notify", "http://jabber.org/protocol/nick+notify"}
PUBSUB = "http://jabber.org/protocol/pubsub"
CHATSTATES = "http://jabber.org/protocol/chatstates"
BOTH = pytest.mark.parametrize("domain", [IRC, XMPP])


@pytest.fixture
def juliet(world):
    client = world.account("juliet").client()
    client.presence()
    return client


def ask(client, to, namespace, node=None, kind="get", inner="", name="query"):
    mark = f" node='{node}'" if node is not None else ""
    return client.iq(kind, to, f"<{name} xmlns='{namespace}'{mark}>{inner}</{name}>")


def info(client, to, node=None):
    """Identities as (category, type, name) and features, as a list each."""
    answer = ask(client, to, INFO, node)
    assert condition(answer) is None, f"disco#info of {to}: {condition(answer)}"
    assert answer.get("from") == to
    found = answer.find(f"{{{INFO}}}query")
    assert found.get("node") == node
    return ([(i.get("category"), i.get("type"), i.get("name")) for i in found
             if i.tag == f"{{{INFO}}}identity"],
            [f.get("var") for f in found if f.tag == f"{{{INFO}}}feature"])


def caps_of(presence):
    return presence.find(f"{{{CAPS}}}c")


# ---- identities and features ----

@pytest.mark.parametrize("domain, kind, name", [(IRC, "irc", "IRC"), (XMPP, "xmpp", "XMPP")])
def test_G1_identities(world, gateway, juliet, domain, kind, name):
    """gateway for Gajim and Movim; account/registered, or Monal opens no chat; conference, as
    these networks have rooms."""
    identities, _ = info(juliet, domain)
    assert ("gateway", kind, name) in identities
    assert ("account", "registered") in [i[:2] for i in identities]
    assert ("conference", "text", name) in identities
    assert not [i for i in identities if i[0] in ("proxy", "pubsub", "server")]
    assert len(set(identities)) == len(identities)


def test_identity_may_be_set(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={IRC: world.irc_transport(identity="sms", name="T <&> \"x\"")}).start()
    assert ("gateway", "sms", "T <&> \"x\"") in info(juliet, IRC)[0]


@BOTH
def test_G2_every_advertised_feature_is_there(world, gateway, juliet, domain):
    requests = {
        INFO: ("query", ""), ITEMS: ("query", ""), REGISTER: ("query", ""), GATEWAY: ("query", ""),
        "urn:xmpp:ping": ("ping", ""), "jabber:iq:version": ("query", ""),
        "urn:xmpp:time": ("time", ""), "jabber:iq:last": ("query", ""), "vcard-temp": ("vCard", ""),
        "urn:ietf:params:xml:ns:vcard-4.0": ("vcard", ""),
    }
    # nothing that could be asked for so; commands: test_gateway_menu.py
    passive = {CAPS, COMMANDS, "jid\\20escaping", "urn:xmpp:delay", "http://jabber.org/protocol/rosterx",
               CHATSTATES, "http://jabber.org/protocol/muc", "http://jabber.org/protocol/rsm"} | WANTED
    _, features = info(juliet, domain)
    assert len(set(features)) == len(features)
    assert {INFO, ITEMS, REGISTER, GATEWAY, "jid\\20escaping", CAPS} <= set(features)
    for feature in features:
        if feature not in passive:
            name, inner = requests[feature]
            answer = ask(juliet, domain, feature, name=name, inner=inner)
            assert condition(answer) is None, feature
    assert set(requests) <= set(features)  # what is answered is advertised


def test_nothing_differs_between_transports_but_what_should(world, gateway, juliet):
    irc, xmpp = (info(juliet, domain)[1] for domain in (IRC, XMPP))
    assert set(irc) ^ set(xmpp) == WANTED
    irc, xmpp = (info(juliet, f"somebody@{domain}")[1] for domain in (IRC, XMPP))
    assert set(xmpp) - set(irc) == {CHATSTATES} and not set(irc) - set(xmpp)


def test_G3_agents_are_refused_politely(world, gateway, juliet):
    assert condition(ask(juliet, IRC, "jabber:iq:agents")) in ("service-unavailable",
                                                               "feature-not-implemented")


@BOTH
def test_G5_items(world, gateway, juliet, domain):
    for to in (domain, f"somebody@{domain}", f"somebody@{domain}/x"):
        answer = ask(juliet, to, ITEMS)
        assert condition(answer) is None
        assert len(answer.find(f"{{{ITEMS}}}query")) == 0
    nick = world.nick()
    account = world.other_account("romeo")
    register(juliet, domain, *((nick,) if domain == IRC else (account.jid, account.password)))
    juliet.presence(f"friend@{domain}", "subscribe")
    stranger = world.account("paris").client()
    for client in (juliet, stranger):  # nobody's contacts; rooms to her who is logged in
        found = [i.get("jid") for i in ask(client, domain, ITEMS).find(f"{{{ITEMS}}}query")]
        assert f"friend@{domain}" not in found and (client is juliet or not found)
    for namespace in (INFO, ITEMS):
        assert condition(ask(juliet, domain, namespace, node="nonsense")) == "item-not-found"


@BOTH
def test_every_advertised_feature_of_a_contact_is_there(world, gateway, juliet, domain):
    """Nobody's contact: an answer that says so will do, but not that there is no such request."""
    requests = {INFO: "query", ITEMS: "query", "urn:xmpp:ping": "ping", "vcard-temp": "vCard",
                "jabber:iq:last": "query",
                "urn:ietf:params:xml:ns:vcard-4.0": "vcard"}
    # events: test_pep.py
    passive = {CAPS, "urn:xmpp:delay", CHATSTATES, f"{PUBSUB}#auto-subscribe",
               f"{PUBSUB}#filtered-notifications", f"{PUBSUB}#last-published"}
    contact = f"somebody@{domain}"
    _, features = info(juliet, contact)
    assert len(set(features)) == len(features)
    items = f"{PUBSUB}#retrieve-items"
    assert items in features
    assert condition(ask(juliet, contact, PUBSUB, name="pubsub",
                         inner="<items node='urn:xmpp:avatar:data'/>")) == "item-not-found"
    for feature in set(features) - passive - {items}:
        assert condition(ask(juliet, contact, feature, name=requests[feature])) not in (
            "service-unavailable", "feature-not-implemented"), feature
    assert set(requests) <= set(features)


@BOTH
def test_contacts_answer_too(world, gateway, juliet, domain):
    """Gajim asks whatever is typed into "start chat", and waits."""
    for to in (f"somebody@{domain}", f"somebody@{domain}/resource", f"a\\40b@{domain}"):
        identities, features = info(juliet, to)
        assert [i[:2] for i in identities] == [("account", "registered")]
        assert INFO in features and REGISTER not in features and GATEWAY not in features
        # XEP-0410: with a resource it can only be an occupant of a room that she is not in
        expected = "not-acceptable" if "/" in to else None
        assert condition(ask(juliet, to, "urn:xmpp:ping", name="ping")) == expected


def test_server_lists_the_gateways(world, gateway, juliet):
    answer = juliet.iq("get", "localhost", f"<query xmlns='{ITEMS}'/>")
    assert {IRC, XMPP} <= {item.get("jid") for item in answer.iter(f"{{{ITEMS}}}item")}


# ---- XEP-0115 ----

def check_caps(client, presence, sender):
    caps = caps_of(presence)
    assert caps.get("hash") == "sha-1" and caps.get("node") and caps.get("ver")
    identities, features = info(client, sender, f"{caps.get('node')}#{caps.get('ver')}")
    assert hash_of(identities, features) == caps.get("ver")
    assert info(client, sender) == (identities, features)
    wrong = ask(client, sender, INFO, f"{caps.get('node')}#nonsense")
    assert condition(wrong) == "item-not-found"
    return caps.get("ver")


def test_caps_are_the_hash_of_the_answer(world, gateway, juliet):
    friends = Friends(world, juliet)
    register(juliet, IRC, world.nick())
    friend = world.irc("friend")
    contact = f"{friend.nick}@{IRC}"
    juliet.presence(contact, "subscribe")
    juliet.wait_presence(contact)

    def last(sender):
        return [s for s in juliet.stanzas.history if is_presence_of(sender)(s)][-1]

    versions = {sender: check_caps(juliet, last(sender), sender)
                for sender in (XMPP, IRC, friends.contact, contact)}
    assert len(set(versions.values())) == 4  # IRC has no typing, for one
    assert not [s for s in juliet.stanzas.history if s.get("type") == "unavailable"
                and caps_of(s) is not None]


def test_caps_are_the_same_for_who_may_not_register(world, gateway_factory):
    """The hash is for nobody in particular: so is the answer for its node."""
    account = world.account("juliet")
    gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(allow=account.jid)}).start()
    juliet = account.client()
    juliet.presence()
    register(juliet, IRC, world.nick())
    caps = caps_of([s for s in juliet.stanzas.history if is_presence_of(IRC)(s)][-1])
    node = f"{caps.get('node')}#{caps.get('ver')}"
    paris = world.account("paris").client()
    assert hash_of(*info(paris, IRC, node)) == caps.get("ver")
    assert REGISTER not in info(paris, IRC)[1]


# ---- what every client probes ----

@BOTH
def test_basics_of_the_gateway(world, gateway, juliet, domain):
    version = ask(juliet, domain, "jabber:iq:version")
    assert version.findtext(".//{jabber:iq:version}name") == "Causeway"
    assert version.findtext(".//{jabber:iq:version}version")
    assert version.find(".//{jabber:iq:version}os") is None  # nobody's business
    time = ask(juliet, domain, "urn:xmpp:time", name="time")
    assert re.fullmatch(r"[+-]\d\d:\d\d", time.findtext(".//{urn:xmpp:time}tzo"))
    utc = datetime.datetime.strptime(time.findtext(".//{urn:xmpp:time}utc"), "%Y-%m-%dT%H:%M:%SZ")
    assert abs(utc - datetime.datetime.utcnow()) < datetime.timedelta(seconds=30)
    last = ask(juliet, domain, "jabber:iq:last").find("{jabber:iq:last}query")
    assert 0 <= int(last.get("seconds")) < 300
    card = ask(juliet, domain, "vcard-temp", name="vCard")
    assert card.findtext(".//{vcard-temp}FN") == {IRC: "IRC", XMPP: "XMPP"}[domain]
    ping = ask(juliet, domain, "urn:xmpp:ping", name="ping")
    assert ping.get("type") == "result" and len(ping) == 0


@BOTH
def test_basics_elsewhere_are_the_right_errors(world, gateway, juliet, domain):
    for to in (f"somebody@{domain}", f"somebody@{domain}/x"):
        for namespace, name in (("jabber:iq:version", "query"), ("urn:xmpp:time", "time"),
                                (GATEWAY, "query"), (REGISTER, "query")):
            answer = ask(juliet, to, namespace, name=name)
            assert condition(answer) in ("service-unavailable", "feature-not-implemented"), namespace
        assert condition(ask(juliet, to, "jabber:iq:last")) == "forbidden"
        assert condition(ask(juliet, to, "vcard-temp", name="vCard")) in (
            "item-not-found", "service-unavailable")
    # a set where there is only a get
    for namespace, name in ((INFO, "query"), ("vcard-temp", "vCard"), ("jabber:iq:version", "query")):
        assert condition(ask(juliet, domain, namespace, name=name, kind="set")) in (
            "service-unavailable", "feature-not-implemented", "not-allowed", "forbidden"), namespace


# ---- addresses ----

def test_G57_the_gateways_address_is_the_host_name_alone(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    juliet.sync()
    roster = juliet.iq("get", None, "<query xmlns='jabber:iq:roster'/>")
    jids = [item.get("jid") for item in roster.iter("{jabber:iq:roster}item")]
    assert jids == [IRC]
    senders = {s.get("from") for s in juliet.stanzas.history
               if s.tag == CLIENT + "presence" and IRC in s.get("from", "")}
    assert senders == {IRC}


def prompt(client, domain, text):
    return ask(client, domain, GATEWAY, kind="set", inner=f"<prompt>{text}</prompt>")


@BOTH
def test_G58_G62_a_typed_name_becomes_an_address(world, gateway, juliet, domain):
    for text, local in (("somebody", "somebody"), ("  somebody  ", "somebody"),
                        ("some&amp;body", "some\\26body"), ("a@b.example", "a\\40b.example"),
                        ("\u00e4\u65e5\u672c", "\u00e4\u65e5\u672c"), ("[x]", "[x]")):
        answer = prompt(juliet, domain, text)
        assert condition(answer) is None, text
        jids = answer.findall(f".//{{{GATEWAY}}}jid")
        assert [jid.text for jid in jids] == [f"{local}@{domain}"]
        assert condition(ask(juliet, jids[0].text, INFO)) is None  # a valid address
    for text in ("", "   ", "a&#10;b", "x" * 1100):
        answer = prompt(juliet, domain, text)
        assert condition(answer) in ("not-acceptable", "bad-request"), text
    assert condition(ask(juliet, domain, GATEWAY, kind="set")) == "bad-request"


def test_G58_the_address_reaches_whom_it_names(world, gateway, juliet):
    nick, friend = world.nick(), world.irc("[fr`end]")
    register(juliet, IRC, nick)
    address = prompt(juliet, IRC, friend.nick).findtext(f".//{{{GATEWAY}}}jid")
    juliet.message(address, "hello")
    assert friend.wait_message(nick).text == "hello"
    friend.say(nick, "hello yourself")
    juliet.wait_message(address)


def test_G58_a_name_in_another_case_is_the_same_contact(world, gateway, juliet):
    """IRC folds case: whatever was typed, his answers come from the address that the prompt gave."""
    nick, friend = world.nick(), world.irc("MixedCase")
    register(juliet, IRC, nick)
    for typed in (friend.nick, friend.nick.upper(), friend.nick.lower()):
        address = prompt(juliet, IRC, typed).findtext(f".//{{{GATEWAY}}}jid")
        juliet.message(address, f"hello {typed}")
        assert friend.wait_message(nick).text == f"hello {typed}"
        friend.say(nick, f"hello yourself {typed}")
        juliet.wait_message(address, f"hello yourself {typed}")
    assert condition(prompt(juliet, IRC, "a,b")) == "not-acceptable"


@BOTH
def test_G60_prompt(world, gateway, juliet, domain):
    answer = ask(juliet, domain, GATEWAY)
    assert answer.findtext(f".//{{{GATEWAY}}}prompt")
    assert {IRC: "IRC", XMPP: "XMPP"}[domain] in answer.findtext(f".//{{{GATEWAY}}}desc")
    assert answer.find(f".//{{{GATEWAY}}}jid") is None


@pytest.mark.parametrize("lang, word", [("de", "Kontakts"), ("de-AT", "Kontakts"), ("fr", "contact"),
                                        ("es", "contacto"), ("en", "Contact name"),
                                        ("tlh", "Contact name"), ("DE", "Kontakts")])
def test_G61_prompt_in_the_askers_language(world, gateway, juliet, lang, word):
    juliet.send(f"<iq type='get' to='{IRC}' id='lang' xml:lang='{lang}'>"
                f"<query xmlns='{GATEWAY}'/></iq>")
    answer = juliet.wait_iq("lang")
    assert word in answer.findtext(f".//{{{GATEWAY}}}prompt")
    assert answer.get("{http://www.w3.org/XML/1998/namespace}lang", "")[:2].lower() == \
        ("en" if lang == "tlh" else lang[:2].lower())


def test_R24_register_is_offered_to_the_registered_even_when_closed(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    gateway.sections[f"transport {IRC}"]["deny"] = juliet.bare
    gateway.reload()
    gateway.wait_log("settings read again: limits")
    assert REGISTER in info(juliet, IRC)[1]  # or he could not leave
    assert condition(juliet.iq("set", IRC, query("<remove/>"))) is None
    assert REGISTER not in info(juliet, IRC)[1]
