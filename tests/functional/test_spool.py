# tests/functional/test_spool.py: what a Jabber server of our own making confirms, or does not
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""XEP-0114 acknowledges nothing, so the gateway sends itself an iq behind its messages and waits for
the server to route it back (component/spool.h)."""

import time

import pytest

from lib.badserver import ACCEPT, BadServer
from lib.ircclient import IrcClient
from lib.servers import SECRET

IRC = "irc.localhost"
ROMEO = "romeo@montague.lit/orchard"
DELAY = "{urn:xmpp:delay}delay"


@pytest.fixture
def server():
    server = BadServer(secret=SECRET)
    yield server
    server.close()


class OnIrc:
    """romeo is registered and online; `friend` is a plain client on IRC."""

    def __init__(self, server, gateway_factory, ircd, timing=None, **limits):
        self.server = server
        self.gateway = gateway_factory(server_port=server.port, limits=limits, timing=timing or {},
                                       transports={
            IRC: {"protocol": "purple:prpl-irc", "name": "IRC", "allow": "*",
                  "option.port": ircd.port, "split.1": "127.0.0.1"}})
        self.gateway.start(wait=False)
        self.attach()
        self.connection.send(
            f"<iq type='set' from='{ROMEO}' to='{IRC}' id='r'><query xmlns='jabber:iq:register'>"
            "<username>spoolromeo</username></query></iq>")
        assert self.connection.wait_element("iq", id="r", timeout=40).get("type") == "result"
        self.connection.send(f"<presence from='{ROMEO}' to='{IRC}'/>")
        self.connection.wait_element("presence", from_=IRC, type=None, timeout=40)
        self.friend = IrcClient("spoolfriend", ircd.port)

    def attach(self):
        self.connection = self.server.accept(timeout=30)
        self.connection.auto_pong = False  # before the first question can come
        self.connection.attach()

    def say(self, text):
        self.friend.say("spoolromeo", text)

    def hear(self):
        return self.connection.wait_element("message", from_=f"spoolfriend@{IRC}", timeout=30)

    def question(self):
        return self.connection.wait_element("iq", from_=IRC, to=IRC, type="get", timeout=30)

    def route_back(self, question):
        self.connection.send(f"<iq type='get' from='{IRC}' to='{IRC}' id='{question.get('id')}'>"
                             "<ping xmlns='urn:xmpp:ping'/></iq>")

    def collect(self, count):
        """The first words of so many messages; every question is answered."""
        got = []
        deadline = time.monotonic() + 30
        while len(got) < count:
            assert time.monotonic() < deadline, got
            taken = self.connection.take_elements()
            got += [text_of(e).split()[0] for e in taken if e.tag.endswith("}message")]
            for iq in [e for e in taken if e.tag.endswith("}iq") and e.get("from") == IRC]:
                self.route_back(iq)
            time.sleep(0.01)
        return got

    def sync(self):
        self.connection.send(f"<iq type='get' from='{ROMEO}' to='{IRC}' id='s'>"
                             "<ping xmlns='urn:xmpp:ping'/></iq>")
        self.connection.wait_element("iq", id="s", type="result")


@pytest.fixture
def start(server, gateway_factory, ngircd, request):
    made = []

    def make(**limits):
        made.append(OnIrc(server, gateway_factory, ngircd, **limits))
        return made[0]

    yield make
    for irc in made:
        irc.friend.close()


def text_of(message):
    return message.findtext(f"{{{ACCEPT}}}body")


def test_what_was_not_confirmed_is_sent_again_with_its_id(start):
    irc = start()
    irc.say("one")
    first = irc.hear()
    assert text_of(first) == "one" and first.find(DELAY) is None
    irc.question()  # and no answer
    irc.connection.reset()
    irc.attach()
    again = irc.hear()
    assert text_of(again) == "one" and again.get("id") == first.get("id")
    stamp = again.find(DELAY)
    assert stamp.get("from") == IRC and stamp.get("stamp").endswith("Z")
    irc.say("two")
    assert text_of(irc.hear()) == "two"


def test_what_was_confirmed_is_not_sent_again(start):
    irc = start()
    irc.say("one")
    irc.hear()
    irc.route_back(irc.question())
    irc.sync()
    irc.say("two")
    irc.hear()
    irc.question()
    irc.connection.reset()
    irc.attach()
    assert text_of(irc.hear()) == "two"
    irc.sync()
    assert not [e for e in irc.connection.take_elements() if e.tag.endswith("}message")]


def test_an_error_for_the_question_confirms_as_well(start):
    irc = start()
    irc.say("one")
    irc.hear()
    ident = irc.question().get("id")
    irc.connection.send(f"<iq type='error' from='{IRC}' to='{IRC}' id='{ident}'/>")
    irc.sync()
    irc.connection.reset()
    irc.attach()
    irc.sync()
    assert not [e for e in irc.connection.take_elements() if e.tag.endswith("}message")]


def test_a_user_cannot_confirm(start):
    irc = start()
    irc.say("one")
    irc.hear()
    ident = irc.question().get("id")
    for sender in (ROMEO, f"x@{IRC}", "montague.lit"):
        irc.connection.send(f"<iq type='result' from='{sender}' to='{IRC}' id='{ident}'/>")
    irc.sync()
    irc.connection.reset()
    irc.attach()
    assert text_of(irc.hear()) == "one"


def test_a_server_that_never_routes_it_back_is_lived_with(start):
    irc = start()
    irc.say("one")
    irc.hear()
    until = time.monotonic() + 12  # the gateway's patience is 10 s
    while time.monotonic() < until:
        irc.sync()
        time.sleep(0.5)
    irc.gateway.wait_log("does not route a stanza to the component itself")
    irc.say("two")
    assert text_of(irc.hear()) == "two"
    time.sleep(1)
    irc.connection.reset()
    irc.attach()
    irc.sync()
    assert not [e for e in irc.connection.take_elements() if e.tag.endswith("}message")]


def test_a_full_spool_makes_the_network_wait_and_loses_nothing(start):
    irc = start(**{"spool-size": 4096, "spool-messages": 0})
    irc.server.shut()
    irc.connection.reset()
    irc.gateway.wait_log("connecting -> waiting|up -> waiting")
    for n in range(200):
        irc.say(f"{n} " + "x" * 100)
    irc.gateway.wait_log("the spool is full")
    irc.server.open()
    irc.attach()
    assert irc.collect(200) == [str(n) for n in range(200)]


def test_more_than_the_window_goes_out_as_it_is_confirmed(start):
    """Only so much is under way that a server which dies has little to leave in doubt."""
    irc = start()
    irc.connection.take_elements()
    for n in range(120):
        irc.say(f"{n} " + "<" * 380)  # four times as much in XML, and then some
    assert irc.collect(120) == [str(n) for n in range(120)]


def test_a_message_that_ends_the_stream_each_time_is_given_up(start):
    """Or nobody would ever hear anything again; its user is told."""
    irc = start(timing={"server-retry-first": 0.2, "server-retry-max": 0.5})
    irc.say("one")
    irc.hear()
    irc.route_back(irc.question())
    irc.say("poison")
    irc.say("two")
    got = []
    deadline = time.monotonic() + 60
    while not any(text.startswith("A message for you was lost") for text in got):
        assert time.monotonic() < deadline, got
        ended = False
        for element in irc.connection.take_elements():
            if element.tag.endswith("}message"):
                ended |= text_of(element) == "poison"
                got.append(text_of(element))
            elif element.tag.endswith("}iq") and element.get("from") == IRC and not ended:
                irc.route_back(element)
        if ended:
            irc.connection.reset()
            irc.attach()
        time.sleep(0.02)
    assert got.count("poison") == 5
    assert "two" in got[got.index("poison"):]
    irc.gateway.wait_log("a stanza of .* bytes is dropped")


def test_a_message_that_crosses_our_good_bye_goes_out_after_the_start(start):
    irc = start(timing={"registered-linger": 30})
    irc.connection.auto_close = False
    irc.gateway.process.terminate()
    irc.connection.wait_close()
    contact = f"{irc.friend.nick}@{IRC}"
    irc.connection.send(f"<message type='chat' from='{ROMEO}' to='{contact}' id='m'>"
                        "<body>just before</body></message></stream:stream>")
    irc.connection.end()
    irc.gateway.stop()
    irc.gateway.start(wait=False)
    irc.attach()
    assert irc.friend.wait_message(text="just before", timeout=40)
