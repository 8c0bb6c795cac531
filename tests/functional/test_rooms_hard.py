# tests/functional/test_rooms_hard.py: rooms of an IRC server that is slow, silent or up to something
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

from conftest import IRC
from lib.registration import query, register
from lib.rooms import BODY, MUC, SUBJECT, codes, item
from lib.scriptedircd import ScriptedIrcd
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, condition


class Case:
    """juliet, registered at a gateway whose only network is the scripted server."""

    def __init__(self, world, gateway_factory, ircd, **settings):
        self.ircd = ircd
        self.gateway = gateway_factory(server_port=world.server.component_port,
                                       transports={IRC: ircd.transport()}, **settings).start()
        self.account = world.account("juliet")
        self.client = self.account.client("home")
        self.client.presence()
        register(self.client, IRC, "juliet")

    def send_join(self, room, inner=""):
        self.client.send(f"<presence to='{room}@{IRC}/juliet'><x xmlns='{MUC}'>{inner}</x></presence>")

    def join(self, room, others=()):
        """Returns the presences and messages until the subject."""
        self.send_join(room)
        self.ircd.wait_for("JOIN", room)
        self.ircd.let_in(room, others)
        return self.seen(room)

    def seen(self, room):
        seen = []
        while not seen or seen[-1].find(SUBJECT) is None:
            seen.append(self.client.wait_for(
                lambda s: s.get("from", "").startswith(f"{room.lower()}@{IRC}"), what=room))
        return seen

    def wait(self, room, nick, kind=None):
        return self.client.wait_for(
            lambda s: s.tag == CLIENT + "presence" and s.get("from") == f"{room}@{IRC}/{nick}"
            and s.get("type") == kind, what=f"{room}/{nick}: {kind}")


@pytest.fixture
def case(world, gateway_factory, request):
    ircd = ScriptedIrcd()
    yield Case(world, gateway_factory, ircd, **getattr(request, "param", {}))
    ircd.close()


def test_a_join_waits_for_the_log_in(world, gateway_factory):
    """Clients join what they have bookmarked at once, which is before IRC is there."""
    ircd = ScriptedIrcd(welcome=False)
    case = Case.__new__(Case)
    case.ircd = ircd
    case.gateway = gateway_factory(server_port=world.server.component_port,
                                   transports={IRC: ircd.transport()}).start()
    case.client = world.account("juliet").client("home")
    case.client.presence()
    ident = case.client.send_iq("set", IRC, query("<username>juliet</username>"))
    ircd.wait_for("NICK")
    ircd.welcome()
    assert condition(case.client.wait_iq(ident)) is None
    case.join("#verona")
    ircd.drop()
    case.client.wait_for(lambda s: codes(s) == {"332", "110"})
    ircd.wait_for("NICK")
    case.send_join("#verona", "<password>secret</password>")
    case.client.sync()
    ircd.welcome()
    assert ircd.wait_for("JOIN", "#verona").params[1] == "secret"
    ircd.let_in("#verona")
    assert "110" in codes(case.seen("#verona")[-2])
    ircd.close()


def test_a_room_name_of_mixed_case(case):
    case.client.send(f"<presence to='#Verona@{IRC}/juliet'><x xmlns='{MUC}'/></presence>")
    case.ircd.wait_for("JOIN", "#verona")
    case.ircd.let_in("#VeRoNa", ["romeo"])
    seen = case.seen("#verona")
    assert [s.get("from").partition("/")[2] for s in seen] == ["romeo", "juliet", ""]
    case.ircd.send(":romeo!u@h PRIVMSG #VERONA :hello")
    assert case.client.wait_for(lambda s: s.findtext(BODY) == "hello").get("from") \
        == f"#verona@{IRC}/romeo"


@pytest.mark.parametrize("case", [{"timing": {"room-join-timeout": 5}}], indirect=True)
def test_a_join_that_nobody_answers(case):
    case.send_join("#silent")
    assert condition(case.wait("#silent", "juliet", "error")) == "remote-server-timeout"
    case.ircd.wait_for("JOIN", "#silent")
    case.ircd.let_in("#silent")  # after all: nobody of ours is there
    case.ircd.wait_for("PART", "#silent")
    case.join("#silent")


def test_left_before_the_join_is_through(case):
    case.send_join("#slow")
    case.ircd.wait_for("JOIN", "#slow")
    case.client.presence(f"#slow@{IRC}/juliet", "unavailable")
    assert "110" in codes(case.wait("#slow", "juliet", "unavailable"))
    case.ircd.let_in("#slow")
    case.ircd.wait_for("PART", "#slow")
    assert "110" in codes(case.join("#slow")[-2])


def test_left_and_joined_again_before_the_join_is_through(case):
    case.send_join("#slow")
    case.ircd.wait_for("JOIN", "#slow")
    case.client.presence(f"#slow@{IRC}/juliet", "unavailable")
    case.wait("#slow", "juliet", "unavailable")
    case.send_join("#slow")
    case.ircd.wait_for("JOIN", "#slow")
    case.ircd.let_in("#slow", ["romeo"])
    seen = case.seen("#slow")
    assert [s.get("from").partition("/")[2] for s in seen] == ["romeo", "juliet", ""]
    case.ircd.send(":romeo!u@h PRIVMSG #slow :hello")
    case.client.wait_for(lambda s: s.findtext(BODY) == "hello")


@pytest.mark.parametrize("case", [{"limits": {"room-occupants": 3}}], indirect=True)
def test_limit_room_occupants(case):
    seen = case.join("#crowd", [f"nick{n}" for n in range(8)])
    assert len(seen) == 3 + 1 and seen[-2].get("from") == f"#crowd@{IRC}/juliet"
    wait_until(lambda: case.gateway.log_text().count("room-occupants") == 1, what="the line")
    case.ircd.send(":late!u@h JOIN :#crowd", ":nick0!u@h PRIVMSG #crowd :hello")
    case.client.wait_for(lambda s: s.findtext(BODY) == "hello")
    case.client.stanzas.expect_none(lambda s: "/late" in s.get("from", ""), case.client.sync, "late")


def test_9_5_a_list_that_would_be_too_large_for_the_server(case):
    case.join("#verona", [f"n{n}{'x' * 400}" for n in range(900)])

    def ask(attribute):
        return condition(case.client.iq("get", f"#verona@{IRC}",
                                        f"<query xmlns='{MUC}#admin'><item {attribute}/></query>"))
    assert ask("role='participant'") == "resource-constraint"
    assert ask("role='moderator'") is None
    assert ask("") == "bad-request"


@pytest.mark.parametrize("name, all_rooms", [("recipient-unavailable", True), ("service-unavailable", False)])
def test_7_14_a_message_that_comes_back_is_of_one_room_or_of_all(case, name, all_rooms):
    """A server says service-unavailable for a sender whom the user has blocked, too."""
    case.join("#verona")
    case.join("#mantua")
    case.client.send(f"<message to='#verona@{IRC}/romeo' type='error'><error type='cancel'>"
                     f"<{name} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
    case.ircd.wait_for("PART", "#verona")
    case.client.send(f"<message to='#mantua@{IRC}' type='groupchat' id='m'><body>hello</body></message>")
    if all_rooms:
        assert condition(case.client.wait_error("m")) == "not-acceptable"
        case.ircd.wait_for("PART", "#mantua")
    else:
        case.ircd.wait_for("PRIVMSG", "#mantua")


def test_nicks_that_resourceprep_changes_or_refuses(case):
    """Each has an address of its own, and none of them ends the stream."""
    nicks = ["fish", "\ufb01sh", "a\u0378b", "x\u2028y", "n" * 1500]
    seen = case.join("#odd", nicks)
    addresses = [s.get("from") for s in seen[:-1]]
    assert len(set(addresses)) == len(nicks) + 1
    assert f"#odd@{IRC}/fish" in addresses
    for nick in nicks:
        case.ircd.send(f":{nick}!u@h PRIVMSG #odd :I am {len(nick)}{ord(nick[0])}{nick[:3]}")
        message = case.client.wait_for(
            lambda s, n=nick: (s.findtext(BODY) or "").startswith(f"I am {len(n)}{ord(n[0])}"))
        assert message.get("from") in addresses
    case.client.sync()


def test_7_6_a_nick_that_is_taken(case):
    case.join("#verona")
    case.client.send(f"<presence to='#verona@{IRC}/romeo' id='n'/>")
    case.ircd.wait_for("NICK", "romeo")
    case.ircd.numeric("433", "romeo :Nickname is already in use")
    assert condition(case.wait("#verona", "romeo", "error")) == "conflict"
    case.client.send(f"<presence to='#verona@{IRC}/julia' id='n'/>")
    case.ircd.wait_for("NICK", "julia")
    case.ircd.own("NICK :julia")
    assert codes(case.wait("#verona", "juliet", "unavailable")) == {"303", "110"}
    assert "110" in codes(case.wait("#verona", "julia"))


def test_8_2_a_kick_that_is_not_permitted(case):
    case.join("#verona", ["romeo"])
    ident = case.client.send_iq("set", f"#verona@{IRC}", f"<query xmlns='{MUC}#admin'>"
                                "<item nick='romeo' role='none'/></query>")
    case.ircd.wait_for("KICK", "romeo")
    case.ircd.numeric("482", "#verona :You are not channel operator")
    assert condition(case.client.wait_iq(ident)) == "forbidden"
    ident = case.client.send_iq("set", f"#verona@{IRC}", f"<query xmlns='{MUC}#admin'>"
                                "<item nick='romeo' role='none'/></query>")
    case.ircd.wait_for("KICK", "romeo")
    case.ircd.own("KICK #verona romeo :out")
    assert condition(case.client.wait_iq(ident)) is None


def test_8_1_a_subject_that_is_not_permitted(case):
    case.join("#verona")
    case.client.send(f"<message to='#verona@{IRC}' id='s' type='groupchat'><subject>A</subject></message>")
    case.ircd.wait_for("TOPIC", "#verona")
    case.ircd.numeric("482", "#verona :You are not channel operator")
    assert condition(case.client.wait_error("s")) == "forbidden"


def test_a_flood_of_joins_does_not_hold_up_a_message(case):
    for n in range(60):
        case.send_join(f"#room{n}")
    case.client.message(f"romeo@{IRC}", "psst")
    before = 0
    while True:
        line = case.ircd.lines.wait_for(lambda l: l.command in ("JOIN", "PRIVMSG"))
        if line.command == "PRIVMSG":
            break
        before += 1
        case.ircd.let_in(line.params[0])
    assert before < 25


def test_7_7_a_change_of_show_is_reflected(case):
    case.join("#verona")
    case.client.send(f"<presence to='#verona@{IRC}/juliet'><show>dnd</show><status>busy</status></presence>")
    own = case.wait("#verona", "juliet")
    assert own.findtext(CLIENT + "show") == "dnd" and own.findtext(CLIENT + "status") == "busy"
    assert codes(own) == {"110"} and item(own)["role"] == "participant"


def test_a_client_that_logs_out_of_the_gateway_is_told_that_it_left(case):
    case.join("#verona")
    case.client.presence(IRC, "unavailable")
    assert "110" in codes(case.wait("#verona", "juliet", "unavailable"))


def test_7_4_a_message_to_the_room_that_is_not_groupchat(case):
    case.join("#verona")
    ident = case.client.message(f"#verona@{IRC}", "to all?")
    assert condition(case.client.wait_error(ident)) == "bad-request"


def test_7_8_2_an_invitation_to_a_room_that_one_is_not_in(case):
    case.client.send(f"<message to='#verona@{IRC}' id='i'><x xmlns='{MUC}#user'>"
                     f"<invite to='romeo@{IRC}'/></x></message>")
    assert condition(case.client.wait_error("i")) == "not-acceptable"


def test_0410_unknown_nick(case):
    case.join("#verona")
    answer = case.client.iq("get", f"#verona@{IRC}/nobody", "<ping xmlns='urn:xmpp:ping'/>")
    assert condition(answer) == "item-not-found"
