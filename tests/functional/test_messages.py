# tests/functional/test_messages.py: messages and typing, both ways: checklist G42 to G50
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import signal
import time

import pytest

from conftest import IRC, OTHER_HOST, XMPP
from lib.friends import Friends, escaped, is_presence_of
from lib.ircclient import IrcClient
from lib.registration import log_out, register, wait_online
from lib.servers import Ngircd, Prosody
from lib.xmppclient import CLIENT, body, condition, error_text

CHATSTATES = "{http://jabber.org/protocol/chatstates}"
PING = "<ping xmlns='urn:xmpp:ping'/>"

# Each would be changed by somebody on the way who takes text for markup, or markup for text.
TEXTS = [
    "plain",
    "  two spaces before, two inside  and a\ttab",
    "<b>no</b> & &amp; &lt; &#65; \"double\" 'single' ]]> <!-- --> <![CDATA[x]]> %s {0} \\n",
    "é ß 日本語 العربية 😀 👨‍👩‍👧‍👦 e\u0301",
    "http://example.org/?a=1&b=2#c <http://example.org/> https://example.org/(x)",
]
LONG = ("0123456789 äöü <&> " * 250)[:4000]
assert len(LONG) == 4000


@pytest.fixture
def account(world):
    return world.account("juliet")


@pytest.fixture
def juliet(account):
    client = account.client("home")
    client.presence()
    return client


@pytest.fixture
def irc_gateway(world, gateway_factory):
    """IRC without prpl-irc's own pace, so that what it sends in pieces is there at once."""
    return gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(**{"option.ratelimit-interval": "0"})}).start()


class OnIrc:
    def __init__(self, world, juliet):
        self.nick = world.nick()
        self.friend = world.irc("friend")
        self.contact = f"{self.friend.nick}@{IRC}"
        register(juliet, IRC, self.nick)

    def hear(self):
        return self.friend.wait_message(self.nick).text


@pytest.fixture
def on_irc(world, irc_gateway, juliet):
    return OnIrc(world, juliet)


@pytest.fixture
def on_xmpp(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={XMPP: world.xmpp_transport()}).start()
    return Friends(world, juliet)


def is_error(stanza):
    return stanza.get("type") == "error"


def expect_no_error(client, domain):
    """The gateway takes stanzas in order: it has said all it has to say when it answers this."""
    client.stanzas.expect_none(is_error, lambda: client.iq("get", domain, PING), "an error")


# ---- text ----

def test_G42_text_reaches_irc_unchanged(on_irc, juliet):
    for text in TEXTS:
        juliet.message(on_irc.contact, text)
        assert on_irc.hear() == text


def test_G42_lines_reach_irc_as_lines_and_none_is_a_command(on_irc, juliet):
    juliet.message(on_irc.contact, "one\n  two\n\n/quit\nQUIT :x\n/me waves")
    lines = [on_irc.hear() for _ in range(6)]
    assert lines.pop(2).strip() == ""  # IRC has no empty message; ngircd drops the space of it
    assert lines == ["one", "  two", "/quit", "QUIT :x", "/me waves"]


def test_G42_4000_characters_reach_irc_whole_and_in_order(on_irc, juliet):
    juliet.message(on_irc.contact, LONG)
    juliet.message(on_irc.contact, "after")
    got = ""
    while len(got) < len(LONG):
        got += on_irc.hear()
    assert got == LONG
    assert on_irc.hear() == "after"


def test_G48_text_of_irc_arrives_unchanged(on_irc, juliet):
    for text in TEXTS:
        on_irc.friend.say(on_irc.nick, text)
        message = juliet.wait_message(on_irc.contact)
        assert body(message) == text
        # no resource, of type chat, to the bare address: the server forks, keeps and copies it
        assert message.get("from") == on_irc.contact and message.get("type") == "chat"
        assert message.get("to") == juliet.bare and message.get("id")
        assert not [child for child in message if child.tag.startswith(CHATSTATES)]


def test_G42_G48_text_is_unchanged_both_ways_on_xmpp(on_xmpp, juliet):
    for text in [*TEXTS, LONG, "one\n\n  two\nthree", "/me waves"]:
        juliet.message(on_xmpp.contact, text)
        assert body(on_xmpp.friend.wait_message(on_xmpp.legacy.jid)) == text
        on_xmpp.friend.message(on_xmpp.legacy.jid, text)
        message = juliet.wait_message(on_xmpp.contact)
        assert body(message) == text
        assert message.get("from") == on_xmpp.contact and message.get("type") == "chat"
        assert message.get("to") == juliet.bare and message.get("id")


def test_G48_every_resource_gets_it(on_irc, account, juliet):
    work = account.client("work")
    work.presence()
    wait_online(work, IRC)
    on_irc.friend.say(on_irc.nick, "to both")
    assert body(juliet.wait_message(on_irc.contact)) == "to both"
    assert body(work.wait_message(on_irc.contact)) == "to both"


@pytest.mark.parametrize("to, kinds", [("", ["chat", "normal", "headline"]), ("/phone", ["chat"])])
def test_G42_types_and_resources(on_irc, juliet, to, kinds):
    for kind in kinds:
        juliet.message(on_irc.contact + to, f"as {kind}", kind=kind)
        assert on_irc.hear() == f"as {kind}"
    juliet.send(f"<message to='{on_irc.contact}{to}'><body>without a type</body></message>")
    assert on_irc.hear() == "without a type"


def test_C13_hostile_bytes_of_irc_leave_as_xml(on_irc, juliet):
    """slixmpp's parser is expat: it would end the stream, and so would the server."""
    hostile = [
        (b"a]]>b<!-- c --><?pi?>&foo;<!DOCTYPE x>", "a]]>b<!-- c --><?pi?>&foo;<!DOCTYPE x>"),
        (b"bytes \xff\xfe\xc3( \xed\xa0\x80 end", None),
        ("non\ufffe\uffff\u0085characters".encode(), "noncharacters"),
        (bytes(range(0x10, 0x1d)) + b" x\x05y\x07\x08z\x0b\x0c\x7f", None),
        (b"\x02bold\x02 \x0304,05red\x03 \x1funder\x0f", "bold red under"),
        (b"\x01VERSION", None),
        ("x\u202ey\u200bz".encode(), "x\u202ey\u200bz"),
    ]
    for number, (raw, expected) in enumerate(hostile):
        on_irc.friend.send(f"PRIVMSG {on_irc.nick} :".encode() + raw)
        on_irc.friend.say(on_irc.nick, f"after {number}")
        juliet.wait_message(on_irc.contact, f"after {number}")
        came = [body(s) for s in juliet.stanzas.take_all(lambda s: body(s) is not None)]
        assert expected is None or came == [expected]
    assert "bytes " in str([body(s) for s in juliet.stanzas.history if body(s)])


def test_me_is_an_action_both_ways(on_irc, juliet):
    juliet.message(on_irc.contact, "/me <waves> & smiles")
    assert on_irc.hear() == "\x01ACTION <waves> & smiles\x01"
    on_irc.friend.say(on_irc.nick, "\x01ACTION waves <back>\x01")
    assert body(juliet.wait_message(on_irc.contact)) == "/me waves <back>"


def test_markup_of_a_contact_becomes_text(on_xmpp, juliet):
    html = ("<html xmlns='http://jabber.org/protocol/xhtml-im'>"
            "<body xmlns='http://www.w3.org/1999/xhtml'><p>fish &amp; <strong>chips</strong>"
            "<br/>at <a href='http://example.org/?a=1&amp;b=2'>the &lt;pub&gt;</a></p></body></html>")
    on_xmpp.friend.message(on_xmpp.legacy.jid, "plain form", extra=html)
    assert body(juliet.wait_message(on_xmpp.contact)) == \
        "fish & chips\nat the <pub> (http://example.org/?a=1&b=2)"


def test_a_subject_is_not_lost(on_irc, juliet):
    juliet.message(on_irc.contact, "the text", kind="normal", extra="<subject>About us</subject>")
    assert [on_irc.hear(), on_irc.hear()] == ["About us", "the text"]
    juliet.message(on_irc.contact, None, kind="normal", extra="<subject>Only this</subject>")
    assert on_irc.hear() == "Only this"


def test_first_message_after_the_log_in(on_irc, juliet):
    log_out(juliet, IRC)
    on_irc.friend.wait_offline(on_irc.nick)
    juliet.stanzas.take_all()
    juliet.presence(IRC)
    wait_online(juliet, IRC)
    start = time.monotonic()
    juliet.message(on_irc.contact, "at once")
    assert on_irc.hear() == "at once"
    assert time.monotonic() - start < 1  # prpl-irc alone makes it wait for up to 2 s


# ---- errors ----

def test_G43_no_such_nick_names_the_message(world, on_irc, account, juliet):
    work = account.client("work")
    work.presence()
    wait_online(work, IRC)
    nobody = f"{world.nick('nobody')}@{IRC}"
    ident = juliet.message(nobody, "anybody?")
    error = juliet.wait_error(ident)
    assert condition(error) == "item-not-found" and error_text(error)
    assert error.get("from") == nobody and error.get("to") == juliet.full
    assert error.find(CLIENT + "error").get("code") == "404"
    work.sync()
    assert not work.stanzas.take_all(is_error)


def test_G43_each_of_several_gets_its_own(world, on_irc, juliet):
    # few: ngircd makes who asks for nobody wait for seconds
    one, other = (f"{world.nick('nobody')}@{IRC}" for _ in range(2))
    sent = {juliet.message(to, f"number {number}"): to for number, to in
            enumerate([one, other, on_irc.contact, one])}
    for ident, to in sent.items():
        if to != on_irc.contact:
            error = juliet.wait_error(ident)
            assert condition(error) == "item-not-found" and error.get("from") == to
    assert on_irc.hear() == "number 2"
    expect_no_error(juliet, IRC)


def test_G43_unknown_user_on_xmpp(world, on_xmpp, juliet):
    names = [escaped(f"{world.nick('nobody')}@{OTHER_HOST}") for _ in range(3)]
    sent = {juliet.message(to, "anybody?"): to for to in names}
    for ident, to in sent.items():
        error = juliet.wait_error(ident)
        assert condition(error) == "item-not-found" and error.get("from") == to
        assert error.get("to") == juliet.full


def test_G43_names_that_cannot_be(on_irc, juliet):
    for local in ("a\\20b", "\\3aserver", "a\\u000a;b", "a,b"):
        ident = juliet.message(f"{local}@{IRC}", "x")
        assert condition(juliet.wait_error(ident)) == "item-not-found", local


def test_G44_not_registered(world, irc_gateway, juliet):
    ident = juliet.message(f"friend@{IRC}", "hello")
    error = juliet.wait_error(ident)
    assert condition(error) == "registration-required" and error_text(error)
    for extra in ("<composing xmlns='http://jabber.org/protocol/chatstates'/>", ""):
        juliet.message(f"friend@{IRC}", None, extra=extra)
    expect_no_error(juliet, IRC)


def test_G45_contact_offline_and_nobody_keeps_it(world, gateway_factory, juliet):
    server = Prosody(hosts=[OTHER_HOST], extra='modules_disabled = { "s2s", "tls", "offline" }')
    server.start()
    try:
        for name in ("romeo", "mercutio"):
            server.add_user(name, "a password")
        gateway = gateway_factory(server_port=world.server.component_port, transports={
            XMPP: world.xmpp_transport(**{"option.port": server.port})}).start()
        register(juliet, XMPP, f"romeo@{OTHER_HOST}", "a password")
        ident = juliet.message(escaped(f"mercutio@{OTHER_HOST}"), "are you there?")
        error = juliet.wait_error(ident)
        assert condition(error) in ("service-unavailable", "item-not-found") and error_text(error)
        gateway.stop()
    finally:
        server.stop()
        server.remove_folder()


def test_G49_a_refused_message_is_not_kept_for_later(world, on_irc, juliet):
    absent = world.nick("absent")
    ident = juliet.message(f"{absent}@{IRC}", "for later")
    assert condition(juliet.wait_error(ident))
    friend = IrcClient(absent, world.ircd.port)
    try:
        juliet.message(f"{absent}@{IRC}", "for now")
        assert friend.wait_for(lambda line: line.command == "PRIVMSG").text == "for now"
    finally:
        friend.close()


def test_G46_not_logged_in(world, on_irc, juliet):
    log_out(juliet, IRC)
    ident = juliet.message(on_irc.contact, "too early")
    error = juliet.wait_error(ident)
    assert condition(error) == "remote-server-timeout" and error_text(error)
    assert error.find(CLIENT + "error").get("type") == "wait"


def test_G46_link_is_down(world, gateway_factory, juliet):
    ircd = Ngircd().start()
    try:
        gateway_factory(server_port=world.server.component_port, timing={"pending-time": 1},
                        transports={
            IRC: world.irc_transport(**{"option.port": ircd.port})}).start()
        register(juliet, IRC, world.nick())
        juliet.sync()
        juliet.stanzas.take_all()
        ircd.stop()
        juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
        idents = [juliet.message(f"friend@{IRC}", f"number {number}") for number in range(3)]
        for ident in idents:
            error = juliet.wait_error(ident)
            assert condition(error) == "remote-server-timeout" and error_text(error)
    finally:
        ircd.stop()
        ircd.remove_folder()


def test_encrypted_messages_are_refused(on_irc, juliet):
    marks = [
        "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0' name='OTR'/>",
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>eA==</payload>"
        "</encrypted>",
        "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'/><payload>eA==</payload></encrypted>",
        "<x xmlns='jabber:x:encrypted'>eA==</x>",
    ]
    for to in (on_irc.contact, IRC):
        for mark in marks:
            ident = juliet.message(to, "I sent you an encrypted message", extra=mark)
            error = juliet.wait_error(ident)
            assert condition(error) == "not-acceptable" and "encrypt" in error_text(error)
    ident = juliet.message(on_irc.contact, None, extra=marks[1])
    assert condition(juliet.wait_error(ident)) == "not-acceptable"
    juliet.message(on_irc.contact, "readable")
    assert on_irc.hear() == "readable"


# ---- what is no text ----

BODILESS = [
    "", "<active xmlns='http://jabber.org/protocol/chatstates'/>",
    "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    "<gone xmlns='http://jabber.org/protocol/chatstates'/>",
    "<received xmlns='urn:xmpp:receipts' id='x'/>",
    "<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>",
    "<body/>", "<attention xmlns='urn:xmpp:attention:0'/>",
    "<x xmlns='jabber:x:event'><composing/></x>",
    # XEP-0384: key transport, which has nothing to read
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>",
]


def test_G47_messages_without_a_body_are_no_errors(world, on_irc, juliet):
    paris = world.account("paris").client()
    paris.presence()
    for client in (juliet, paris):
        for to in (on_irc.contact, on_irc.contact + "/x", f"nobody@{IRC}", IRC, f"{IRC}/x"):
            for extra in BODILESS:
                client.message(to, None, extra=extra)
        expect_no_error(client, IRC)
        assert not client.stanzas.take_all(lambda s: body(s) is not None)
    juliet.message(on_irc.contact, "the first thing he hears")
    assert on_irc.hear() == "the first thing he hears"
    assert not on_irc.friend.lines.take_all(lambda line: line.nick == on_irc.nick)


@pytest.mark.parametrize("kind", ["chat", "normal"])
def test_G47_a_message_to_the_gateway_gets_help(irc_gateway, juliet, kind):
    for to in (IRC, f"{IRC}/resource"):
        juliet.message(to, "hello?", kind=kind)
        answer = juliet.wait_message(IRC)
        assert "gateway to IRC" in body(answer) and answer.get("from") == IRC


def test_G47_types_that_are_no_talk_with_the_gateway(irc_gateway, juliet):
    ident = juliet.message(IRC, "hello, room", kind="groupchat")
    assert condition(juliet.wait_error(ident)) == "service-unavailable"
    juliet.message(IRC, "news", kind="headline")
    juliet.message(IRC, "an error", kind="error")
    expect_no_error(juliet, IRC)
    assert not juliet.stanzas.take_all(lambda s: body(s) is not None)


def test_G47_types_that_contacts_do_not_take(on_irc, juliet):
    ident = juliet.message(on_irc.contact, "hello, room", kind="groupchat")
    assert condition(juliet.wait_error(ident)) == "service-unavailable"
    juliet.message(on_irc.contact, "an error", kind="error")
    juliet.message(on_irc.contact, "a message")
    assert on_irc.hear() == "a message"
    expect_no_error(juliet, IRC)


# ---- typing ----

def test_typing_both_ways_on_xmpp(on_xmpp, juliet):
    def state_of(client, sender):
        return client.wait_for(
            lambda s: s.tag == CLIENT + "message" and body(s) is None
            and s.get("from", "").partition("/")[0] == sender
            and any(child.tag.startswith(CHATSTATES) for child in s), what="a chat state")

    def names(stanza):
        return [c.tag[len(CHATSTATES):] for c in stanza if c.tag.startswith(CHATSTATES)]

    # prpl-jabber types to those who can read it, which it learns from a message
    on_xmpp.friend.message(on_xmpp.legacy.jid, "hi", extra="<active xmlns='%s'/>"
                           % CHATSTATES[1:-1])
    first = juliet.wait_message(on_xmpp.contact)
    assert names(first) == ["active"]
    for state in ("composing", "paused", "active"):
        on_xmpp.friend.message(on_xmpp.legacy.jid, None, extra=f"<{state} xmlns='{CHATSTATES[1:-1]}'/>")
        seen = state_of(juliet, on_xmpp.contact)
        assert names(seen) == [state]
        assert seen.get("type") == "chat" and seen.get("from") == on_xmpp.contact
        assert seen.find("{urn:xmpp:hints}no-store") is not None
    for state in ("composing", "paused", "composing", "inactive"):
        juliet.message(on_xmpp.contact, None, extra=f"<{state} xmlns='{CHATSTATES[1:-1]}'/>")
        expected = "active" if state == "inactive" else state
        assert names(state_of(on_xmpp.friend, on_xmpp.legacy.jid)) == [expected]


def test_no_typing_on_irc(on_irc, juliet):
    for state in ("composing", "paused", "active"):
        juliet.message(on_irc.contact, None, extra=f"<{state} xmlns='{CHATSTATES[1:-1]}'/>")
    juliet.message(on_irc.contact, "text", extra=f"<active xmlns='{CHATSTATES[1:-1]}'/>")
    assert on_irc.hear() == "text"
    assert not on_irc.friend.lines.take_all(lambda line: line.nick == on_irc.nick)
    on_irc.friend.say(on_irc.nick, "text back")
    juliet.wait_message(on_irc.contact)
    assert not [s for s in juliet.stanzas.history
                if any(child.tag.startswith(CHATSTATES) for child in s)]


# ---- times ----

def test_G50_old_messages_carry_their_time(world, gateway_factory, juliet):
    gateway = gateway_factory(server_port=world.server.component_port,
                              transports={XMPP: world.xmpp_transport()})
    gateway.environment["TZ"] = "Asia/Tokyo"  # not UTC
    gateway.start()
    friends = Friends(world, juliet)
    delay = "<delay xmlns='urn:xmpp:delay' stamp='%s'/>"
    for stamp in ("2020-06-01T10:20:30Z", "2020-06-01T12:20:30+02:00"):
        friends.friend.message(friends.legacy.jid, "old", extra=delay % stamp)
        found = juliet.wait_message(friends.contact, "old").find("{urn:xmpp:delay}delay")
        assert found.get("stamp") == "2020-06-01T10:20:30Z" and found.get("from") == XMPP
    friends.friend.message(friends.legacy.jid, "new")
    assert juliet.wait_message(friends.contact, "new").find("{urn:xmpp:delay}delay") is None


def test_messages_that_waited_on_the_network_arrive(on_xmpp, juliet):
    on_xmpp.friend.sync()
    on_xmpp.friend.stanzas.take_all()
    juliet.presence(XMPP, "unavailable")
    juliet.wait_for(is_presence_of(XMPP, "unavailable"))
    on_xmpp.friend.wait_presence(on_xmpp.legacy.jid, "unavailable")
    for number in range(3):
        on_xmpp.friend.message(on_xmpp.legacy.jid, f"number {number}")
    on_xmpp.friend.sync()
    juliet.presence(XMPP)
    assert [body(juliet.wait_message(on_xmpp.contact)) for _ in range(3)] == \
        ["number 0", "number 1", "number 2"]


# ---- limits ----

def limited(world, gateway_factory, juliet, **limits):
    gateway = gateway_factory(server_port=world.server.component_port, limits=limits, transports={
        IRC: world.irc_transport(**{"option.ratelimit-interval": "0"})}).start()
    return gateway, OnIrc(world, juliet)


def test_limit_message_size(world, gateway_factory, juliet):
    _, on_irc = limited(world, gateway_factory, juliet, **{"message-size": 100})
    error = juliet.wait_error(juliet.message(on_irc.contact, "é" * 51))  # bytes, not characters
    assert condition(error) == "not-acceptable" and "too long" in error_text(error)
    juliet.message(on_irc.contact, "é" * 50)
    assert on_irc.hear() == "é" * 50


def test_limit_messages_per_minute(world, gateway_factory, juliet):
    _, on_irc = limited(world, gateway_factory, juliet, **{"messages-per-minute": 3})
    idents = [juliet.message(on_irc.contact, f"number {i}") for i in range(4)]
    error = juliet.wait_error(idents[3])
    assert condition(error) == "resource-constraint" and "too many" in error_text(error)
    assert error.find(CLIENT + "error").get("type") == "wait"
    assert [on_irc.hear() for _ in range(3)] == [f"number {i}" for i in range(3)]


def test_limit_pending_messages(world, gateway_factory, juliet):
    """Pending: not yet taken, here because the host stands still."""
    gateway, on_irc = limited(world, gateway_factory, juliet, **{"pending-messages": 2})
    (host,) = gateway.hosts()
    os.kill(host, signal.SIGSTOP)
    try:
        idents = [juliet.message(on_irc.contact, f"number {i}") for i in range(3)]
        error = juliet.wait_error(idents[2])
    finally:
        os.kill(host, signal.SIGCONT)
    assert condition(error) == "resource-constraint" and error_text(error)
    assert [on_irc.hear() for _ in range(2)] == ["number 0", "number 1"]
    juliet.message(on_irc.contact, "room again")
    assert on_irc.hear() == "room again"
    expect_no_error(juliet, IRC)
