# tests/functional/test_rooms_limits.py: rooms, and what is too much, too long, or cannot be a name
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import signal
import socket

import pytest

from conftest import IRC, XMPP
from lib.registration import wait_online
from lib.rooms import BODY, MUC, SUBJECT, IrcRoom, XmppRoom, codes
from lib.xmppclient import CLIENT, condition
from test_rooms_hard import case  # noqa: F401

CROWD = 300


@pytest.fixture
def room(world, gateway):
    return IrcRoom(world, IRC, world.account("juliet").client("home"))


def join(client, address, nick="juliet", ident="join"):
    client.send(f"<presence to='{address}/{nick}' id='{ident}'><x xmlns='{MUC}'/></presence>")


def wait_refused(client, address):
    return condition(client.wait_for(lambda s: s.get("type") == "error"
                                     and s.get("from", "").startswith(address), what="an error"))


# ---- nicknames ----

@pytest.mark.parametrize("nick", ["a,b", "a!b", "9lives", "\U0001f3ad", "x" * 1000, " x", "a b",
                                  "-"])
def test_a_nickname_that_irc_does_not_have(room, nick):
    """Each comes back as an error, and he is there as before."""
    room.join()
    room.client.send(f"<presence to='{room.jid}/{nick}' id='n'/>")
    error = room.client.wait_error("n")
    assert condition(error) in ("forbidden", "conflict", "not-acceptable", "jid-malformed")
    room.say("still here")
    room.wait_message(room.nick, "still here")


@pytest.mark.parametrize("nick", ["", "x" * 10000, "a&#x2028;b"])
def test_a_nickname_that_no_address_has(room, nick):
    """The user's server may refuse it itself; nothing comes of it either way."""
    room.join()
    room.client.send(f"<message to='{room.jid}/{nick}' id='n' type='chat'><body>x</body></message>")
    assert room.client.wait_error("n") is not None
    room.say("still here")
    room.wait_message(room.nick, "still here")


@pytest.mark.parametrize("nick", ["König", "a&amp;b", "two words", "it's \\20", "x" * 300])
def test_a_nickname_that_xmpp_has(world, gateway, nick):
    room = XmppRoom(world, XMPP, world.account("juliet").client("home"))
    plain = nick.replace("&amp;", "&")
    room.client.send(f"<presence to=\"{room.jid}/{nick}\"><x xmlns='{MUC}'/></presence>")
    room.wait_presence(plain)
    room.say("hello")
    room.wait_message(plain, "hello")
    room.friend.send(f"<message to=\"{room.channel}/{nick}\" type='chat'><body>psst</body></message>")
    assert room.client.wait_message(room.jid, "psst").get("from") == f"{room.jid}/mercutio"


def test_a_nickname_that_the_room_refuses(world, gateway):
    room = XmppRoom(world, XMPP, world.account("juliet").client("home"))
    join(room.client, room.jid, "\U0001f3ad")
    assert wait_refused(room.client, room.jid) == "item-not-found"
    room.join()


# ---- names of rooms ----

@pytest.mark.parametrize("local", ["#a\\20b", "#a\\3ab", "#a,b", "#\\40", "#" + "x" * 900])
def test_a_room_name_that_irc_does_not_have(room, local):
    join(room.client, f"{local}@{IRC}")
    assert wait_refused(room.client, f"{local}@{IRC}") == "item-not-found"


@pytest.mark.parametrize("local, channel", [("#göteborg", "#göteborg"),
                                            ("#grö\\udf;e", "#größe"), ("#it\\27s", "#it's"), ("#a\\2fb", "#a/b"),
                                            ("#a\\22b", '#a"b'), ("#UPPER", "#upper")])
def test_a_room_name_that_is_no_node(world, room, local, channel):
    """Both ways: the address that a person's message comes from is the one that was joined."""
    nurse = world.irc("nurse")
    nurse.join(channel)
    address = f"{local.lower()}@{IRC}"
    join(room.client, f"{local}@{IRC}", room.nick)
    room.client.wait_for(lambda s: s.get("from") == f"{address}/{room.nick}" and "110" in codes(s))
    nurse.say(channel, "hello")
    assert room.client.wait_for(lambda s: s.findtext(BODY) == "hello").get("from") \
        == f"{address}/{nurse.nick}"


def test_a_room_name_of_2000_bytes(case):  # noqa: F811
    """No address can have it: an invitation to it is nothing that could be shown."""
    case.ircd.send(f":romeo!u@h INVITE juliet :#{'x' * 2000}", ":romeo!u@h PRIVMSG juliet :and now?")
    assert case.client.wait_message(f"romeo@{IRC}", "and now?") is not None
    assert not case.client.stanzas.take_all(lambda s: s.find("{jabber:x:conference}x") is not None)


@pytest.mark.parametrize("domain, network", [(IRC, "irc"), (XMPP, "xmpp")])
def test_a_second_spelling_of_a_room(world, gateway, domain, network):
    juliet = world.account("juliet").client("home")
    room = IrcRoom(world, IRC, juliet) if network == "irc" else XmppRoom(world, XMPP, juliet)
    room.join()
    first = room.jid[1 if network == "irc" else 0]
    other = room.jid.replace(first, f"\\u{ord(first.upper()):x};", 1)
    join(juliet, other)
    assert wait_refused(juliet, other) == "conflict"
    room.say("still here")
    room.wait_message(room.nick, "still here")


# ---- long texts ----

@pytest.mark.parametrize("length", [401, 65536])
def test_8_1_a_subject_that_is_too_long_for_irc(room, length):
    """A line of that length would end the connection."""
    room.join()
    room.client.send(f"<message to='{room.jid}' type='groupchat' id='s'><subject>{'x' * length}</subject>"
                     "</message>")
    assert condition(room.client.wait_error("s")) == "not-acceptable"
    room.say("still here")
    room.wait_message(room.nick, "still here")


@pytest.mark.parametrize("reason", ["x" * 201, "x" * 60000])
def test_8_2_a_reason_that_is_too_long_for_irc(room, reason):
    room.join()
    room.mode(f"+o {room.nick}")
    answer = room.client.iq("set", room.jid, f"<query xmlns='{MUC}#admin'><item nick='{room.friend.nick}' "
                                             f"role='none'><reason>{reason}</reason></item></query>")
    assert condition(answer) == "not-acceptable"


def test_7_2_5_a_password_that_is_too_long_for_irc(room):
    room.client.send(f"<presence to='{room.jid}/x'><x xmlns='{MUC}'><password>{'x' * 1000}</password></x>"
                     "</presence>")
    assert wait_refused(room.client, room.jid) == "item-not-found"
    room.join()


def test_8_1_a_subject_of_64_kib_from_xmpp(world, gateway):
    """What is shown of it is its beginning."""
    room = XmppRoom(world, XMPP, world.account("juliet").client("home"))
    room.join()
    text = "plague " * 9362
    room.friend.send(f"<message to='{room.channel}' type='groupchat'><subject>{text}</subject></message>")
    subject = room.client.wait_for(lambda s: s.find(SUBJECT) is not None and s.find(BODY) is None)
    shown = subject.findtext(SUBJECT)
    assert len(shown) > 100 and text.startswith(shown.rstrip("…").strip())


def test_7_4_a_long_text_goes_in_pieces_that_irc_takes(room):
    room.join()
    text = " ".join(f"word{n}" for n in range(300))
    room.say(text)
    room.wait_message(room.nick, text)
    got = ""
    while len(got) < len(text):
        line = room.friend.wait_message(room.nick)
        assert len(line.raw.encode()) <= 510
        got += line.text
    assert got == text


def test_room_history_is_bounded_in_bytes(world, gateway_factory):
    """Together they are no larger than one message may be."""
    gateway_factory(server_port=world.server.component_port, limits={"message-size": 1000},
                    transports={IRC: world.irc_transport()}).start()
    account = world.account("juliet")
    room = IrcRoom(world, IRC, account.client("home"))
    room.join()
    for letter in "abc":
        room.friend.say(room.channel, letter * 400)
        room.wait_message(room.friend.nick, letter * 400)
    work = account.client("work")
    work.presence()
    wait_online(work, IRC)
    bodies = [s.findtext(BODY) for s in room.join(client=work) if s.find(BODY) is not None]
    assert bodies == ["b" * 400, "c" * 400]


# ---- how many ----

@pytest.mark.parametrize("case", [{"limits": {"rooms": 5}}], indirect=True)
def test_1000_rooms(case):  # noqa: F811
    for n in range(1000):
        join(case.client, f"#room{n}@{IRC}", ident=f"j{n}")
    for n in range(5, 1000):
        error = case.client.wait_error(f"j{n}")
        assert condition(error) == "resource-constraint" and error.get("from") == f"#room{n}@{IRC}/juliet"
    for n in range(5):
        case.ircd.let_in(case.ircd.wait_for("JOIN").params[0])
    for n in range(5):
        assert "110" in codes(case.wait(f"#room{n}", "juliet"))
    case.client.presence(f"#room0@{IRC}/juliet", "unavailable")
    case.ircd.wait_for("PART", "#room0")
    case.join("#another")


def test_ircs_own_limit_of_channels(case):  # noqa: F811
    case.send_join("#more")
    case.ircd.wait_for("JOIN", "#more")
    case.ircd.numeric("405", "#more :You have joined too many channels")
    assert condition(case.wait("#more", "juliet", "error")) == "resource-constraint"


@pytest.mark.parametrize("case", [{"limits": {"rooms": 3}}], indirect=True)
def test_rooms_that_are_left_count_until_the_host_says_so(case):  # noqa: F811
    """ROOMS_LEFT_MAX: a loop of joins and leaves ends with a clear error."""
    case.join("#first")
    (host,) = case.gateway.hosts()
    os.kill(host, signal.SIGSTOP)
    try:
        for n in range(110):
            join(case.client, f"#loop{n}@{IRC}", ident=f"j{n}")
            case.client.presence(f"#loop{n}@{IRC}/juliet", "unavailable")
        error = case.client.wait_error("j109")
        assert condition(error) == "resource-constraint"
        assert not case.client.stanzas.take_all(lambda s: s.get("type") == "error" and s.get("id") == "j50")
    finally:
        os.kill(host, signal.SIGCONT)
    case.client.presence(f"#first@{IRC}/juliet", "unavailable")
    case.ircd.wait_for("PART", "#first")
    case.join("#last")


@pytest.mark.parametrize("case", [{"limits": {"resources": 2}}], indirect=True)
def test_clients_in_one_room(case):  # noqa: F811
    case.join("#verona")
    second, third = (case.account.client(name) for name in ("second", "third"))
    second.presence()
    join(second, f"#verona@{IRC}")
    assert "110" in codes(second.wait_for(lambda s: s.get("from") == f"#verona@{IRC}/juliet"))
    third.presence()
    join(third, f"#verona@{IRC}")
    assert wait_refused(third, f"#verona@{IRC}/juliet") == "resource-constraint"


def test_300_people(room):
    crowd = [socket.create_connection(("127.0.0.1", room.world.ircd.port)) for _ in range(CROWD)]
    try:
        for n, person in enumerate(crowd):
            person.sendall(f"NICK crowd{n}\r\nUSER crowd 0 * :crowd\r\nJOIN {room.channel}\r\n".encode())
        for _ in crowd:
            room.friend.wait_for(lambda line: line.command == "JOIN" and line.nick.startswith("crowd"))
        seen = room.join()
        nicks = [s.get("from").partition("/")[2] for s in seen[:-1]]
        assert sorted(nicks[:-1]) == sorted([f"crowd{n}" for n in range(CROWD)] + [room.friend.nick])
        assert nicks[-1] == room.nick and codes(seen[-2]) == {"110"}
    finally:
        for person in crowd:
            person.close()
    for n in range(CROWD):
        room.wait_presence(f"crowd{n}", "unavailable")
    room.friend.say(room.channel, "alone again")
    room.wait_message(room.friend.nick, "alone again")


# ---- private messages ----

def test_7_5_a_private_message_that_irc_refuses(case):  # noqa: F811
    case.join("#verona", ["romeo"])
    ident = case.client.message(f"#verona@{IRC}/romeo", "psst")
    case.ircd.wait_for("PRIVMSG", "romeo")
    case.ircd.numeric("401", "romeo :No such nick/channel")
    error = case.client.wait_error(ident)
    assert condition(error) == "item-not-found" and error.get("from") == f"#verona@{IRC}/romeo"


def test_7_5_a_private_message_that_is_too_long(room):
    room.join()
    ident = room.client.message(f"{room.jid}/{room.friend.nick}", "x" * 70000)
    assert condition(room.client.wait_error(ident)) == "not-acceptable"
