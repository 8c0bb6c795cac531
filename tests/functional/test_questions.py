# tests/functional/test_questions.py: what a network asks and tells its user, and plugins that fail
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""The network is tests/peers/prpl-mock: a message to its contact "input" makes it ask for an input,
and what became of it comes back as a message of that contact."""

import os

import pytest

from conftest import IRC
from lib.friends import is_presence_of
from lib.gateway import BUILD
from lib.registration import is_registered, log_out, plain, query, register, wait_online
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, body, condition, error_text

MOCK = "one.localhost"
PLUGINS = os.path.join(BUILD, "tests", "plugins")
# a plugin that crashes is the test, not a report of the sanitizer
CRASH_IS_FINE = "detect_leaks=1:detect_stack_use_after_return=1:exitcode=99:handle_segv=0"


def mock_transport(**more):
    return {"protocol": "purple:prpl-mock", "name": "Mock", "plugin-path": PLUGINS, **more}


@pytest.fixture
def start(world, gateway_factory):
    def start_it(limits=None, timing=None, **keys):
        gateway = gateway_factory(server_port=world.server.component_port, limits=limits,
                                  timing=timing, transports={MOCK: mock_transport(**keys)})
        gateway.environment["ASAN_OPTIONS"] = CRASH_IS_FINE
        return gateway.start()
    return start_it


class User:
    def __init__(self, world, name="juliet"):
        self.client = world.account(name).client()
        register(self.client, MOCK, name)

    def tell(self, contact, text="go"):
        return self.client.message(f"{contact}@{MOCK}", text)

    def hear(self, contact):
        """What the contact says."""
        return body(self.client.wait_message(f"{contact}@{MOCK}"))

    def asked(self):
        """What the gateway says."""
        return body(self.client.wait_message(MOCK))

    def answer(self, text):
        self.client.message(MOCK, text)

    def expect_silence(self, sender=MOCK):
        def barrier():
            self.tell("raw", "barrier")
            assert self.hear("raw") == "barrier"
        self.client.stanzas.expect_none(
            lambda s: body(s) is not None and s.get("from") == sender, barrier, "a message")


@pytest.fixture
def juliet(world, start):
    start()
    return User(world)


# ---- questions ----

def test_input_is_asked_and_answered(juliet):
    juliet.tell("input")
    text = juliet.asked()
    assert "Title" in text and "Primary\nSecondary & more" in text and "preset" in text
    assert "cancel" in text  # it says how
    juliet.answer("my <answer> & so on")
    assert juliet.hear("input") == "ok my <answer> & so on"
    juliet.tell("input")
    juliet.asked()
    juliet.answer(".")  # the preset
    assert juliet.hear("input") == "ok preset"
    juliet.answer("hello?")
    assert "gateway to Mock" in juliet.asked()  # nothing is open any more


def test_question_comes_from_the_gateway_as_chat(juliet):
    juliet.tell("input")
    question = juliet.client.wait_message(MOCK)
    assert question.get("type") == "chat" and question.get("to") == juliet.client.bare
    assert question.get("from") == MOCK
    juliet.answer("x")
    juliet.hear("input")


def test_choice_by_number_or_name(juliet):
    juliet.tell("choice")
    text = juliet.asked()
    assert "1: ten" in text and "2: twenty" in text
    assert "“.” for: twenty" in text  # not the plugin's number of it
    juliet.answer("1")
    assert juliet.hear("choice") == "ok 10"
    for typed, expected in (("Twenty", "ok 20"), (".", "ok 20"), (" 2 ", "ok 20")):
        juliet.tell("choice")
        juliet.asked()
        juliet.answer(typed)
        assert juliet.hear("choice") == expected


def test_wrong_answers_get_a_hint(juliet):
    juliet.tell("choice")
    juliet.asked()
    for wrong in ("3", "0", "-1", "eleven", "1x"):
        juliet.answer(wrong)
        assert "number" in juliet.asked()
    juliet.answer("2")
    assert juliet.hear("choice") == "ok 20"


def test_yes_or_no_and_cancel(juliet):
    # libpurple: 0 is yes, 1 is no; cancelled is no
    for typed, expected in (("1", "action 0"), ("2", "action 1"), ("yes", "action 0"),
                            ("no", "action 1"), ("cancel", "action 1")):
        juliet.tell("yesno")
        juliet.asked()
        juliet.answer(typed)
        if typed == "cancel":
            assert juliet.asked() == "Cancelled."
        assert juliet.hear("action") == expected, typed


def test_fields_come_one_after_the_other(juliet):
    juliet.tell("fields")
    first = juliet.asked()
    assert "Title" in first and "Text" in first and "preset" in first
    juliet.answer("a text")
    for expected, typed in (("Secret", "xyzzy"), ("Number", "42"), ("Yes?", "no"),
                            ("Choice", "zero"), ("List", "2")):
        assert expected in juliet.asked()
        juliet.answer(typed)
    assert juliet.hear("fields") == "text=a text secret=xyzzy number=42 yes=0 choice=0 list=blue"


def test_fields_with_their_own_values_and_wrong_ones(juliet):
    juliet.tell("fields")
    juliet.asked()
    juliet.answer(".")
    assert "hidden" not in juliet.asked()  # a masked field's value is not shown
    juliet.answer(".")
    juliet.asked()
    juliet.answer("many")
    assert "number" in juliet.asked()
    juliet.answer(".")
    assert "“.” for: yes" in juliet.asked()
    juliet.answer("perhaps")
    assert "yes or no" in juliet.asked()
    juliet.answer(".")
    assert "“.” for: one" in juliet.asked()
    juliet.answer(".")
    juliet.asked()
    juliet.answer("1")
    assert juliet.hear("fields") == "text=preset secret= number=7 yes=1 choice=1 list=red"


def test_fields_cancelled_half_way(juliet):
    juliet.tell("fields")
    juliet.asked()
    juliet.answer("a text")
    juliet.asked()
    juliet.answer("CANCEL")
    assert juliet.asked() == "Cancelled."
    assert juliet.hear("fields") == "cancelled"


def test_a_password_typed_as_an_answer_is_in_no_log(world, start):
    gateway = start()
    juliet = User(world)
    juliet.tell("fields")
    juliet.asked()
    for text in ("a text", "open sesame 4711", "1", "yes", "one", "red"):
        juliet.answer(text)
        if text != "red":
            juliet.asked()
    assert "secret=open sesame 4711" in juliet.hear("fields")
    assert "4711" not in gateway.log_text() and "a text" not in gateway.log_text()


def test_several_questions_wait_for_their_turn(juliet):
    for contact in ("input", "choice", "yesno"):
        juliet.tell(contact)
    assert "preset" in juliet.asked()
    juliet.expect_silence()  # one at a time
    juliet.answer("first")
    assert juliet.hear("input") == "ok first"
    assert "twenty" in juliet.asked()
    juliet.answer("cancel")
    assert juliet.asked() == "Cancelled."
    assert juliet.hear("choice") == "cancelled"
    juliet.asked()
    juliet.answer("1")
    assert juliet.hear("action") == "action 0"


def test_question_that_is_withdrawn(juliet):
    juliet.tell("input")
    juliet.asked()
    juliet.tell("withdraw")
    assert "not wait" in juliet.asked()
    juliet.answer("too late")
    assert "gateway to Mock" in juliet.asked()
    assert not juliet.client.stanzas.take_all(lambda s: s.get("from") == f"input@{MOCK}")


def test_question_ends_with_the_connection(juliet):
    juliet.client.sync()
    juliet.client.stanzas.take_all()
    juliet.tell("input")
    juliet.asked()
    juliet.tell("choice")  # waits for its turn, and never gets it
    juliet.tell("drop")
    assert "not wait" in juliet.asked()
    wait_online(juliet.client, MOCK)
    juliet.expect_silence()
    juliet.answer("too late")
    assert "gateway to Mock" in juliet.asked()


def test_question_ends_with_the_session(juliet):
    juliet.tell("input")
    juliet.asked()
    juliet.client.sync()
    juliet.client.stanzas.take_all()
    log_out(juliet.client, MOCK)
    juliet.client.presence(MOCK)
    wait_online(juliet.client, MOCK)
    juliet.client.stanzas.take_all()
    juliet.answer("too late")
    assert "gateway to Mock" in juliet.asked()


def test_answer_that_ends_the_connection(juliet):
    juliet.tell("fatal")
    juliet.asked()
    juliet.answer("1")
    refused = juliet.client.wait_for(is_presence_of(MOCK, "error"))
    assert condition(refused) == "not-authorized" and "as asked" in error_text(refused)
    assert "as asked" in juliet.asked()


def test_limit_questions(world, start):
    start(limits={"questions": 2})
    juliet = User(world)
    for _ in range(3):
        juliet.tell("input")
    assert juliet.hear("input") == "cancelled"  # the third
    for number in range(2):
        juliet.asked()
        juliet.answer(f"number {number}")
        assert juliet.hear("input") == f"ok number {number}"


def test_strangers_do_not_answer(world, juliet):
    paris = world.account("paris").client()
    paris.presence()
    juliet.tell("input")
    juliet.asked()
    paris.message(MOCK, "stolen")
    assert "gateway to Mock" in body(paris.wait_message(MOCK))
    juliet.answer("mine")
    assert juliet.hear("input") == "ok mine"


# ---- notices ----

@pytest.mark.parametrize("what, expected", [
    ("notify", "Title\nPrimary <1>\nSecondary"), ("formatted", "Title\nPrimary\nBold\nline"),
    ("uri", "http://a.example/"), ("xfer", "cat.png")])
def test_notices_come_from_the_gateway(juliet, what, expected):
    juliet.tell(what)
    text = juliet.asked()
    assert expected in text


def test_xep0249_an_invitation_comes_from_who_invites(juliet):
    juliet.tell("invite")
    invitation = juliet.client.wait_message(f"somebody@{MOCK}")
    assert f"to the room room@{MOCK}: come" in body(invitation)
    assert invitation.find("{jabber:x:conference}x").get("jid") == f"room@{MOCK}"


# ---- refusals that real networks of the tests never give ----

def test_refusals_name_the_message(juliet):
    for contact, expected in (("long", "not-acceptable"), ("sync", None), ("late", None)):
        error = juliet.client.wait_error(juliet.tell(contact))
        assert expected is None or condition(error) == expected
        assert error_text(error) and error.get("from") == f"{contact}@{MOCK}"
    error = juliet.client.wait_error(juliet.tell("drop"))
    assert condition(error) == "remote-server-timeout"


def test_own_messages_of_another_client_are_shown_as_own(juliet):
    juliet.tell("remote")
    assert juliet.hear("remote") == "You: from my phone"


# ---- plugins that fail ----

@pytest.mark.parametrize("how", ["crash", "hang"])
def test_a_plugin_that_fails_ends_its_host_only(world, start, how):
    gateway = start(timing={"host-ping-interval": "0.5", "host-ping-timeout": "2"},
                    **{"accounts-per-host": 1})
    juliet, romeo = User(world), User(world, "romeo")
    hosts = set(gateway.hosts())
    assert len(hosts) == 2
    for user in (juliet, romeo):
        user.client.sync()
        user.client.stanzas.take_all()
    ident = juliet.tell(how)
    error = juliet.client.wait_error(ident)
    assert condition(error) == "remote-server-timeout" and error_text(error)
    gone = juliet.client.wait_for(lambda s: is_presence_of(MOCK)(s)
                                  and s.findtext(CLIENT + "show") == "xa")
    assert "program" in gone.findtext(CLIENT + "status")
    wait_online(juliet.client, MOCK)
    juliet.tell("raw", "back again")
    assert juliet.hear("raw") == "back again"
    romeo.tell("raw", "as ever")
    assert romeo.hear("raw") == "as ever"
    assert not romeo.client.stanzas.take_all(is_presence_of(MOCK))
    assert len(hosts & set(gateway.hosts())) == 1
    gateway.wait_log({"crash": "a host .*signal", "hang": "a host .*answer"}[how])


def test_criticals_of_a_plugin_are_logged(world, start):
    gateway = start()
    juliet = User(world)
    juliet.tell("critical")
    gateway.wait_log("warning.*a plugin is not happy")
    juliet.tell("raw", "alive")
    assert juliet.hear("raw") == "alive"


def test_a_protocol_that_is_not_there(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port, transports={
        MOCK: {"protocol": "purple:prpl-nosuch", "name": "Nothing"}, IRC: world.irc_transport()})
    gateway.start()  # attaches all the same
    gateway.wait_log("no plugin 'prpl-nosuch'.*there are: .*prpl-irc")
    juliet = world.account("juliet").client()
    juliet.presence()
    for kind, payload in (("get", query()), ("set", plain("somebody", "x"))):
        answer = juliet.iq(kind, MOCK, payload)
        assert condition(answer) == "recipient-unavailable" and error_text(answer)
    juliet.message(MOCK, "register")
    assert "cannot register" in body(juliet.wait_message(MOCK))
    info = juliet.iq("get", MOCK, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    assert condition(info) is None
    assert not is_registered(juliet, MOCK)
    register(juliet, IRC, world.nick())  # and harms nobody else


def test_a_plugin_that_is_gone_after_a_restart(world, start):
    """Registered users are told why they are not logged in, and are when it is back."""
    gateway = start()
    juliet = User(world)
    gateway.stop()
    juliet.client.sync()
    juliet.client.stanzas.take_all()
    gateway.sections[f"transport {MOCK}"]["plugin-path"] = "/nonexistent"
    gateway.start()
    error = juliet.client.wait_error(juliet.tell("raw"))
    assert condition(error) == "remote-server-timeout" and error_text(error)
    gateway.stop()
    juliet.client.sync()
    juliet.client.stanzas.take_all()
    gateway.sections[f"transport {MOCK}"]["plugin-path"] = PLUGINS
    gateway.start()
    wait_online(juliet.client, MOCK)
    wait_until(lambda: gateway.hosts(), what="a host")
