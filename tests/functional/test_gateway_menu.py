# tests/functional/test_gateway_menu.py: XEP-0050: what can be said to the gateway in a chat, from a menu
#
# SPDX-License-Identifier: GPL-2.0-or-later
import re

import pytest

from conftest import IRC, XMPP
from lib.menus import COMMANDS, IN_FORM, fill_in, form, menu, note, run, special, submitted
from lib.mock import MOCK, mock_transport
from lib.registration import SilentServer, accept, is_registered, register, wait_online
from lib.xmppclient import CLIENT, body, condition

INFO = "http://jabber.org/protocol/disco#info"
IN_INFO = "{" + INFO + "}"
ALWAYS = {"address", "register", "unregister", "move", "logout", "help"}


@pytest.fixture
def juliet(world):
    client = world.account("juliet").client()
    client.presence()
    return client


@pytest.fixture
def mock(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={MOCK: mock_transport()}).start()
    register(juliet, MOCK, "juliet")
    return juliet


def messages(client):
    client.sync()
    return [body(s) for s in client.stanzas.take_all(
        lambda s: s.tag == CLIENT + "message" and s.find(CLIENT + "body") is not None)]


def say(client, domain, text):
    client.message(domain, text)
    return body(client.wait_message(domain))


def checked(field):
    return field.get("type"), field.findtext(IN_FORM + "value")


# ---- what there is ----

def test_a_stranger_finds_what_is_for_strangers(world, gateway, juliet):
    found = menu(juliet, IRC)
    assert set(found) == {"address", "register", "help"}
    assert found["register"] == (IRC, "register: tell me your account on IRC, or change it")


def test_2_2_what_disco_says_of_them(world, gateway, juliet):
    def ask(node):
        return juliet.iq("get", IRC, f"<query xmlns='{INFO}' node='{node}'/>")
    info = juliet.iq("get", IRC, f"<query xmlns='{INFO}'/>")
    assert COMMANDS in {feature.get("var") for feature in info.iter(f"{IN_INFO}feature")}
    for node, kind, has_form in ((COMMANDS, "command-list", False), ("register", "command-node", True),
                                 ("help", "command-node", False)):
        answer = ask(node)
        identity = answer.find(f".//{IN_INFO}identity")
        assert (identity.get("category"), identity.get("type")) == ("automation", kind)
        features = {feature.get("var") for feature in answer.iter(f"{IN_INFO}feature")}
        assert COMMANDS in features and ("jabber:x:data" in features) == has_form
    for node in ("unregister", "REGISTER", "unheard-of"):  # not for her, not so written, not at all
        assert condition(ask(node)) == "item-not-found"
    answer = juliet.iq("get", IRC, "<query xmlns='http://jabber.org/protocol/disco#items' node='help'/>")
    assert condition(answer) == "item-not-found"


def test_a_user_finds_what_makes_sense_now(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    found = set(menu(juliet, IRC))
    rooms = {"rooms", "autojoin", "stay", "leave"}
    assert found == ALWAYS | rooms or found == ALWAYS | rooms - {"stay"}
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    assert {"picture"} <= set(menu(juliet, XMPP))
    assert menu(juliet, XMPP)["picture"][1] == (
        "picture: show your picture and nickname to your contacts on XMPP, or do not")


def test_logging_out(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    assert "You are logged out" in note(run(juliet, IRC, "logout"))
    juliet.wait_presence(IRC, "unavailable")
    assert "logout" not in menu(juliet, IRC)
    assert condition(run(juliet, IRC, "logout")) == "not-allowed"
    assert "not logged in" in say(juliet, IRC, "logout")


def test_the_menu_says_what_the_chat_says(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    for word in ("help", "rooms"):
        told = note(run(juliet, IRC, word, action="execute"))
        assert messages(juliet) == []
        assert told == say(juliet, IRC, word)
    helped = say(juliet, IRC, "help")
    for word in menu(juliet, IRC):
        assert f"\n  {word}" in helped


# ---- registration ----

def test_registering(world, gateway, juliet):
    nick = world.nick()
    session, fields = form(run(juliet, IRC, "register"), "register")
    assert fields["username"].find(IN_FORM + "required") is not None
    assert fields["password"].get("type") == "text-private"
    answer = run(juliet, IRC, "register", submitted(username=""), sessionid=session)
    assert "username is missing" in note(answer, "error")
    assert not is_registered(juliet, IRC)
    answer = run(juliet, IRC, "register", submitted(username=nick), sessionid=session, action="execute")
    assert "Done" in note(answer)
    accept(juliet, IRC)
    assert is_registered(juliet, IRC) and messages(juliet) == []
    # to change it, she is shown what there is
    _, fields = form(run(juliet, IRC, "register"), "register")
    assert checked(fields["username"]) == ("text-single", nick)


def test_registering_with_a_wrong_password_first(world, gateway, juliet):
    account = world.other_account("romeo")
    answer = fill_in(juliet, XMPP, "register", username=account.jid, password="wrong-one")
    assert "did not work" in note(answer, "error")
    assert not is_registered(juliet, XMPP)
    answer = fill_in(juliet, XMPP, "register", username=account.jid, password=account.password)
    assert "Done" in note(answer)
    accept(juliet, XMPP)
    _, fields = form(run(juliet, XMPP, "register"), "register")
    assert checked(fields["password"]) == ("text-private", None)
    for password in ("wrong-one", account.password):
        assert password not in gateway.log_text()


def test_registering_is_closed_to_strangers(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={IRC: world.irc_transport(allow="example.com")}).start()
    assert set(menu(juliet, IRC)) == {"address", "help"}
    assert condition(run(juliet, IRC, "register")) == "not-allowed"


def test_unregistering_wants_a_yes(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    session, fields = form(run(juliet, IRC, "unregister"), "unregister")
    assert checked(fields["sure"]) == ("boolean", "0")
    for payload in (submitted(sure="0"), submitted(), submitted("cancel")):  # 3.4.1
        answer = run(juliet, IRC, "unregister", payload, sessionid=session)
        assert "registered still" in note(answer, "error")
    assert is_registered(juliet, IRC)
    answer = run(juliet, IRC, "unregister", submitted(sure="1"), sessionid=session)
    assert "not registered with me any more" in note(answer)
    assert not is_registered(juliet, IRC) and set(menu(juliet, IRC)) == {"address", "register", "help"}
    answer = run(juliet, IRC, "unregister", submitted(sure="1"), sessionid=session)
    assert condition(answer) == "registration-required"


def test_moving(world, gateway, juliet):
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    moved = world.account("capulet").client()
    moved.presence()
    assert "accept" not in menu(moved, XMPP)
    assert condition(run(moved, XMPP, "accept")) == "not-allowed"
    assert "Write: move" in note(fill_in(juliet, XMPP, "move", address=""), "error")
    told = note(fill_in(juliet, XMPP, "move", address=moved.bare))
    code = re.search(r"accept ([0-9a-f]{8})", told).group(1)
    assert "accept" in menu(moved, XMPP) and "accept" not in menu(juliet, XMPP)
    assert "no such code" in note(fill_in(moved, XMPP, "accept", code="00000000x"), "error")
    assert "Done" in note(fill_in(moved, XMPP, "accept", code=code))
    moved.wait_presence(XMPP, "subscribe")
    moved.presence(XMPP, "subscribed")
    moved.presence(XMPP, "subscribe")
    wait_online(moved, XMPP)
    assert is_registered(moved, XMPP) and not is_registered(juliet, XMPP)
    assert "accept" not in menu(moved, XMPP)


# ---- the rest ----

def test_preferences(world, gateway, juliet):
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    for value, told in (("1", "see your picture"), ("0", "do not see your picture"),
                        ("true", "see your picture")):
        assert told in note(fill_in(juliet, XMPP, "picture", on=value))
        _, fields = form(run(juliet, XMPP, "picture"), "picture")
        assert checked(fields["on"]) == ("boolean", "0" if value == "0" else "1")
        assert told in say(juliet, XMPP, "picture")


def test_rooms(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    _, fields = form(run(juliet, IRC, "autojoin"), "autojoin")
    assert fields["room"].get("type") == "text-single" and checked(fields["on"]) == ("boolean", "1")
    assert "I join it whenever you log in" in note(fill_in(juliet, IRC, "autojoin", room="#verona", on="1"))
    assert "#verona, as" in say(juliet, IRC, "rooms")
    assert "do not join it by myself" in note(
        fill_in(juliet, IRC, "autojoin", room="#verona", on="0"))
    for values in ({"on": "1"}, {"room": "", "on": "1"}):
        assert "Which room?" in note(fill_in(juliet, IRC, "autojoin", **values), "error")
    assert "not in #verona any more" in note(fill_in(juliet, IRC, "leave", room="#verona"))
    assert note(run(juliet, IRC, "rooms")) == "You are in no room, and keep none."


def test_searching_asks_what_the_directory_asks(mock):
    session, fields = form(run(mock, MOCK, "search"), "search")
    assert {"Nickname", "Town <&>"} <= {field.get("label") for field in fields.values()}
    nick = next(var for var, field in fields.items() if field.get("label") == "Nickname")
    told = note(run(mock, MOCK, "search", submitted(**{nick: "rom"}), sessionid=session))
    assert "found" in told and f"romeo@{MOCK}" in told
    answer = run(mock, MOCK, "search", submitted(), sessionid=session)
    assert "fill in at least one field" in note(answer, "error")
    assert messages(mock) == []
    # in a chat at the same time, one does not disturb the other
    assert "Whom do you look for?" in say(mock, MOCK, "search")
    form(run(mock, MOCK, "search"), "search")
    assert say(mock, MOCK, "cancel") == "Cancelled."


# ---- what is wrong ----

def test_who_is_not_registered_is_told(world, gateway, juliet):
    for node in ("unregister", "move", "rooms", "autojoin", "leave", "logout"):
        assert condition(run(juliet, IRC, node)) == "registration-required", node
    session, _ = form(run(juliet, IRC, "register"), "register")
    answer = run(juliet, IRC, "unregister", submitted(sure="1"), sessionid=session)
    assert condition(answer) == "registration-required"


def test_commands_that_are_none(world, gateway, juliet):
    for node in ("unheard-of", "HELP", "search", "picture", "", "register "):  # no directory on IRC
        assert condition(run(juliet, IRC, node)) == "item-not-found", node
    assert condition(run(juliet, IRC)) == "bad-request"
    answer = juliet.iq("get", IRC, f"<command xmlns='{COMMANDS}' node='help'/>")
    assert answer.get("type") == "error"
    answer = run(juliet, f"somebody@{IRC}", "help")
    assert condition(answer) == "service-unavailable"


def test_4_4_actions(world, gateway, juliet):
    for action in ("complete", "next", "prev", "cancel"):
        for node in ("register", "help"):
            assert special(run(juliet, IRC, node, action=action)) == ("bad-request", "bad-action")
    assert special(run(juliet, IRC, "help", action="dance")) == ("bad-request", "malformed-action")
    session, _ = form(run(juliet, IRC, "register"), "register")
    for action, told in (("prev", "bad-action"), ("next", "bad-action"), ("dance", "malformed-action")):
        answer = run(juliet, IRC, "register", submitted(username="x"), sessionid=session, action=action)
        assert special(answer) == ("bad-request", told)
    cancelled = run(juliet, IRC, "register", sessionid=session, action="cancel")
    assert cancelled.find(f"{{{COMMANDS}}}command").get("status") == "canceled"
    assert not is_registered(juliet, IRC)
    # one that is through has no next step
    through = run(juliet, IRC, "help").find(f"{{{COMMANDS}}}command").get("sessionid")
    for payload in ("", submitted()):
        answer = run(juliet, IRC, "help", payload, sessionid=through, action="complete")
        assert special(answer) == ("bad-request", "bad-action")


def test_4_4_sessions_of_somebody_else(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    session, _ = form(run(juliet, IRC, "unregister"), "unregister")
    paris = world.account("paris").client()
    register(paris, IRC, world.nick())
    elsewhere = [(paris, IRC, "unregister", session), (juliet, IRC, "move", session),
                 (juliet, IRC, "unregister", "x"), (juliet, IRC, "unregister", ""),
                 (juliet, IRC, "unregister", session[:-1]), (juliet, IRC, "unregister", "0-" + session)]
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    elsewhere.append((juliet, XMPP, "unregister", session))  # of another gateway
    for client, domain, node, wrong in elsewhere:
        for action in ("complete", "cancel"):
            answer = run(client, domain, node, submitted(sure="1"), sessionid=wrong, action=action)
            assert special(answer) == ("bad-request", "bad-sessionid"), (node, wrong)
    for client, domain in ((juliet, IRC), (paris, IRC), (juliet, XMPP)):
        assert is_registered(client, domain)


def test_4_4_forms_that_are_none(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    for node, payloads in (
            ("unregister", ("", submitted("result"), submitted(sure="perhaps"))),
            ("move", ("", submitted(address="a@b\nc"), submitted(address="x" * 2000)))):
        session, _ = form(run(juliet, IRC, node), node)
        for payload in payloads:
            answer = run(juliet, IRC, node, payload, sessionid=session)
            assert special(answer) == ("bad-request", "bad-payload"), payload
    assert is_registered(juliet, IRC)


# ---- what takes its time ----

@pytest.fixture
def pending(world, gateway_factory, juliet):
    """A registration by menu with a network that does not answer: the gateway, and its iq's id."""
    silent = SilentServer()
    gateway = gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(**{"option.port": silent.port})}).start()
    session, _ = form(run(juliet, IRC, "register"), "register")
    ident = juliet.send_iq("set", IRC, f"<command xmlns='{COMMANDS}' node='register' sessionid='{session}'>"
                           f"{submitted(username=world.nick())}</command>")
    yield gateway, ident
    silent.close()


def test_unregistering_ends_a_pending_registration(pending, juliet):
    juliet.message(IRC, "unregister")
    assert "did not work" in note(juliet.wait_iq(pending[1]), "error")
    assert "not registered" in body(juliet.wait_message(IRC))
    assert not is_registered(juliet, IRC)


def test_stop_answers_a_pending_registration(pending, juliet):
    gateway, ident = pending
    juliet.iq("get", IRC, "<ping xmlns='urn:xmpp:ping'/>")
    gateway.stop()
    assert juliet.wait_iq(ident).get("type") in ("result", "error")


def test_a_search_for_more_than_there_can_be(mock):
    """The host would end at such a line, and all its accounts with it."""
    session, fields = form(run(mock, MOCK, "search"), "search")
    many = {f"field-{n}": "x" for n in range(1100)}
    assert "too many fields" in note(run(mock, MOCK, "search", submitted(**many), sessionid=session),
                                     "error")
    filled = "".join(f"<field var='{name}'><value>x</value></field>" for name in many)
    answer = mock.iq("set", MOCK, "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' "
                     f"type='submit'>{filled}</x></query>")
    assert condition(answer) == "not-acceptable"
    nick = next(var for var, field in fields.items() if field.get("label") == "Nickname")
    assert "rom" in note(run(mock, MOCK, "search", submitted(**{nick: "rom"}), sessionid=session))


def test_a_search_that_is_not_answered(mock):
    """She logs out: it is answered."""
    session, fields = form(run(mock, MOCK, "search"), "search")
    nick = next(var for var, field in fields.items() if field.get("label") == "Nickname")
    ident = mock.send_iq("set", MOCK, f"<command xmlns='{COMMANDS}' node='search' sessionid='{session}'>"
                         f"{submitted(**{nick: 'silent'})}</command>")
    mock.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")
    mock.message(MOCK, "logout")
    assert "I cannot search" in note(mock.wait_iq(ident), "error")
