# tests/functional/host/test_rooms_irc.py: rooms of causeway-purple with prpl-irc, on a real ngircd
# SPDX-License-Identifier: GPL-2.0-or-later
import itertools

import pytest

_numbers = itertools.count(1)


class Channel:
    """Somebody who made the channel, and is its operator; and alice, whom the host carries."""

    def __init__(self, host, server, contact):
        self.number = next(_numbers)
        self.host, self.name, self.nick = host, f"#room{self.number}", f"alice{self.number}"
        self.op = contact(f"bob{self.number}")
        self.op.raw(f"JOIN {self.name}")
        self.op.wait(lambda l: " 366 " in l)
        host.login(username=f"{self.nick}@127.0.0.1", values={"port": str(server.port)})

    def join(self, **fields):
        self.host.send(type="room-join", account=1, room=self.name, **fields)

    def enter(self):
        self.join()
        return self.host.expect("room-joined", room=self.name, nick=self.nick)

    def refused(self):
        left = self.host.expect("room-left", room=self.name)
        assert left["exit"] == "refused"
        return left["reason"]

    def request(self, kind, **fields):
        number = self.host.next_id()
        self.host.send(type=kind, account=1, id=number, room=self.name, **fields)
        return number


@pytest.fixture
def channel(irc_host, irc_server, irc_contact):
    channel = Channel(irc_host, irc_server, irc_contact)
    yield channel
    irc_host.close()


def test_join_lists_who_is_there_and_leave_is_seen(channel):
    channel.op.raw(f"TOPIC {channel.name} :the topic")
    channel.join()
    op = channel.host.expect("occupant", nick=channel.op.nick)
    assert (op["role"], op["affiliation"]) == ("moderator", "admin")
    own = channel.host.expect("occupant", nick=channel.nick)
    assert (own["role"], own["affiliation"]) == ("participant", "none")
    channel.host.expect("room-joined", room=channel.name, nick=channel.nick)
    assert channel.host.expect("room-subject", room=channel.name)["text"] == "the topic"
    channel.op.wait(lambda l: " JOIN " in l)
    channel.host.send(type="room-leave", account=1, room=channel.name)
    assert channel.host.expect("room-left")["exit"] == "left"
    channel.op.wait(lambda l: " PART " in l)
    channel.enter()  # and in again


def test_messages_both_ways(channel):
    channel.enter()
    channel.op.say(channel.name, "  hello <all> & everybody")
    seen = channel.host.expect("room-message", room=channel.name)
    assert (seen["nick"], seen["text"]) == (channel.op.nick, "  hello <all> & everybody")
    number = channel.request("room-message", text="<b>hi</b> & so on")
    channel.host.expect("ack", id=number)
    echo = channel.host.expect("room-message", id=number)
    assert (echo["nick"], echo["text"]) == (channel.nick, "<b>hi</b> & so on")
    assert channel.op.wait(lambda l: " PRIVMSG " in l).endswith(f"{channel.name} :<b>hi</b> & so on")
    channel.host.never("room-message", 0.3)


def test_a_long_message_is_one_message(channel):
    channel.enter()
    text = " ".join(f"word{n}" for n in range(300))
    number = channel.request("room-message", text=text)
    assert channel.host.expect("room-message", id=number)["text"] == text
    channel.host.expect("ack", id=number)
    said = ""
    while len(said) < len(text):
        said += channel.op.wait(lambda l: " PRIVMSG " in l).split(" :", 1)[1]
    assert said == text
    channel.host.never("room-message", 0.3)


def test_me_both_ways(channel):
    channel.enter()
    channel.op.say(channel.name, "\1ACTION waves\1")
    assert channel.host.expect("room-message", nick=channel.op.nick)["text"] == "/me waves"
    number = channel.request("room-message", text="/me waves back")
    channel.host.expect("ack", id=number)
    assert "\1ACTION waves back\1" in channel.op.wait(lambda l: " PRIVMSG " in l)
    assert channel.host.expect("room-message", id=number)["text"] == "/me waves back"


@pytest.mark.parametrize("mode, reason", [("+k secret", "password"), ("+i", "invitation"),
                                          ("+l 1", "full"), ("+b alice*!*@*", "banned")])
def test_joins_that_are_refused(channel, mode, reason):
    channel.op.raw(f"MODE {channel.name} {mode}")
    channel.op.wait(lambda l: " MODE " in l)
    channel.join()
    assert channel.refused() == reason
    channel.host.sync()
    assert not [line for line in channel.host.lines if line["type"] == "notice"]
    channel.op.raw(f"MODE {channel.name} -{mode[1:]}")
    channel.op.wait(lambda l: " MODE " in l)
    channel.enter()


def test_a_password(channel):
    channel.op.raw(f"MODE {channel.name} +k secret")
    channel.op.wait(lambda l: " MODE " in l)
    channel.join(password="secret")
    channel.host.expect("room-joined")


def test_names_that_no_room_has(channel):
    for name in ("#a,b", "", "#a b", "x" * 1100, "#a\nQUIT"):
        channel.host.send(type="room-join", account=1, room=name)
        left = channel.host.expect("room-left")
        assert (left["exit"], left["reason"]) == ("refused", "no-contact")


def test_others_come_go_are_renamed_and_kicked(channel, irc_contact):
    channel.enter()
    carol = irc_contact(f"carol{channel.number}")
    carol.raw(f"JOIN {channel.name}")
    channel.host.expect("occupant", nick=carol.nick)
    carol.raw(f"NICK caro{channel.number}")
    gone = channel.host.expect("occupant-gone", nick=carol.nick)
    assert (gone["exit"], gone["name"]) == ("renamed", f"caro{channel.number}")
    channel.host.expect("occupant", nick=f"caro{channel.number}")
    channel.op.raw(f"KICK {channel.name} caro{channel.number} :out of here")
    gone = channel.host.expect("occupant-gone", nick=f"caro{channel.number}")
    assert (gone["exit"], gone["by"], gone["text"]) == ("kicked", channel.op.nick, "out of here")
    carol.raw(f"JOIN {channel.name}")
    channel.host.expect("occupant", nick=f"caro{channel.number}")
    carol.raw(f"PART {channel.name} :so long")
    gone = channel.host.expect("occupant-gone", nick=f"caro{channel.number}")
    assert (gone["exit"], gone["text"]) == ("left", "so long")
    carol.raw(f"JOIN {channel.name}")
    channel.host.expect("occupant", nick=f"caro{channel.number}")
    carol.raw("QUIT :bye")
    channel.host.expect("occupant-gone", nick=f"caro{channel.number}")


def test_kicked_oneself(channel):
    channel.enter()
    channel.op.raw(f"KICK {channel.name} {channel.nick} :you too")
    left = channel.host.expect("room-left", room=channel.name)
    assert (left["exit"], left["by"], left["text"]) == ("kicked", channel.op.nick, "you too")
    number = channel.request("room-message", text="still here?")
    assert channel.host.expect("nack", id=number)["reason"] == "no-contact"
    channel.enter()


def test_modes_both_ways(channel, irc_contact):
    channel.enter()
    carol = irc_contact(f"carol{channel.number}")
    carol.raw(f"JOIN {channel.name}")
    channel.host.expect("occupant", nick=carol.nick)
    channel.op.raw(f"MODE {channel.name} +o {channel.nick}")
    own = channel.host.expect("occupant", nick=channel.nick, role="moderator")
    assert own["affiliation"] == "admin"
    for fields, sign in (({"role": "participant"}, "+v"), ({"role": "visitor"}, "-v"),
                         ({"affiliation": "admin"}, "+o"), ({"affiliation": "none"}, "-o")):
        number = channel.request("room-set", nick=carol.nick, **fields)
        channel.host.expect("ack", id=number)
        carol.wait(lambda l: " MODE " in l and sign in l)
    number = channel.request("room-set", nick=carol.nick, role="none", text="go away")
    channel.host.expect("ack", id=number)
    carol.wait(lambda l: " KICK " in l and "go away" in l)
    channel.host.expect("occupant-gone", nick=carol.nick, exit="kicked")
    carol.raw(f"JOIN {channel.name}")
    channel.host.expect("occupant", nick=carol.nick)
    number = channel.request("room-set", nick=carol.nick, affiliation="outcast")
    carol.wait(lambda l: " KICK " in l)
    carol.raw(f"JOIN {channel.name}")
    carol.wait(lambda l: " 474 " in l)


def test_subject_nick_and_invitation(channel, irc_contact):
    channel.enter()
    number = channel.request("room-subject", text="a new\ntopic")
    channel.host.expect("ack", id=number)
    assert channel.host.expect("room-subject")["text"] == "a new topic"
    channel.op.wait(lambda l: " TOPIC " in l and l.endswith(":a new topic"))
    carol = irc_contact(f"carol{channel.number}")
    number = channel.request("room-invite", contact=carol.nick)
    channel.host.expect("ack", id=number)
    carol.wait(lambda l: " INVITE " in l)
    number = channel.request("room-nick", nick=f"al{channel.number}")
    channel.host.expect("ack", id=number)
    gone = channel.host.expect("occupant-gone", nick=channel.nick, exit="renamed")
    assert gone["name"] == f"al{channel.number}"
    channel.op.raw(f"INVITE al{channel.number} #other")
    invited = channel.host.expect("room-invited", room="#other")
    assert invited["contact"] == channel.op.nick


def test_a_message_that_the_channel_does_not_take(channel):
    channel.enter()
    channel.op.raw(f"MODE {channel.name} +m")
    channel.op.wait(lambda l: " MODE " in l)
    number = channel.request("room-message", text="hello?")
    assert channel.host.expect("nack", id=number)["reason"] == "forbidden"


def test_the_end_of_the_connection_ends_the_room(channel):
    channel.enter()
    channel.host.send(type="logout", account=1)
    channel.host.expect("state", state="offline")
    channel.op.wait(lambda l: " QUIT " in l or " PART " in l)
