# tests/functional/host/test_rooms_xmpp.py: rooms of causeway-purple with prpl-jabber, on Prosody's MUC
# SPDX-License-Identifier: GPL-2.0-or-later
import itertools
import threading
import xml.etree.ElementTree as ElementTree

import pytest

from hostlib import TIMEOUT, xmpp_values

_numbers = itertools.count(1)
MUC = "http://jabber.org/protocol/muc"


class Room:
    """romeo made the room and owns it; juliet, whom the host carries, is not in it yet."""

    def __init__(self, host, server, juliet, romeo):
        self.host, self.romeo = host, romeo
        self.name = f"room{next(_numbers)}@rooms.localhost"
        self.arrived, self.stanzas = threading.Condition(), []

        def take(stanza):
            with self.arrived:
                self.stanzas.append(ElementTree.fromstring(str(stanza)))
                self.arrived.notify_all()
        romeo.call(lambda client: (client.add_event_handler("presence", take),
                                   client.add_event_handler("message", take)))
        self.raw(f"<presence to='{self.name}/romeo'><x xmlns='{MUC}'/></presence>")
        self.wait(lambda s: s.get("from") == f"{self.name}/romeo")
        self.raw(f"<iq type='set' to='{self.name}' id='c'><query xmlns='{MUC}#owner'>"
                 "<x xmlns='jabber:x:data' type='submit'/></query></iq>")
        host.login(username=f"{juliet}@localhost", password="secret", values=xmpp_values(server))

    def raw(self, text):
        self.romeo.call(lambda client: client.send_raw(text))

    def wait(self, fits, timeout=TIMEOUT):
        """A stanza that came to romeo."""
        with self.arrived:
            found = []
            assert self.arrived.wait_for(
                lambda: found.extend(s for s in self.stanzas if fits(s)) or found, timeout), self.stanzas
            self.stanzas.remove(found[0])
            return found[0]

    def join(self, nick="juliet", **fields):
        self.host.send(type="room-join", account=1, room=self.name, nick=nick, **fields)

    def enter(self, nick="juliet"):
        self.join(nick)
        return self.host.expect("room-joined", room=self.name, nick=nick)

    def say(self, text):
        self.raw(f"<message type='groupchat' to='{self.name}'><body>{text}</body></message>")

    def admin(self, item):
        self.raw(f"<iq type='set' to='{self.name}' id='a'><query xmlns='{MUC}#admin'>{item}</query></iq>")

    def request(self, kind, **fields):
        number = self.host.next_id()
        self.host.send(type=kind, account=1, id=number, room=self.name, **fields)
        return number


@pytest.fixture
def room(xmpp_host, xmpp_server, juliet, romeo):
    room = Room(xmpp_host, xmpp_server, juliet, romeo)
    yield room
    xmpp_host.close()


def test_join_lists_who_is_there_and_leave_is_seen(room):
    room.raw(f"<message type='groupchat' to='{room.name}'><subject>the topic</subject></message>")
    room.join()
    owner = room.host.expect("occupant", nick="romeo")
    assert (owner["role"], owner["affiliation"]) == ("moderator", "owner")
    own = room.host.expect("occupant", nick="juliet")
    assert (own["role"], own["affiliation"]) == ("participant", "none")
    room.host.expect("room-joined", room=room.name, nick="juliet")
    assert room.host.expect("room-subject", room=room.name)["text"] == "the topic"
    room.host.send(type="room-leave", account=1, room=room.name)
    assert room.host.expect("room-left")["exit"] == "left"
    room.wait(lambda s: s.get("from") == f"{room.name}/juliet" and s.get("type") == "unavailable")
    room.enter()


def test_leaving_and_joining_at_once(room):
    """The next join waits until the room has confirmed the leaving."""
    for _ in range(3):
        room.enter()
        room.host.send(type="room-leave", account=1, room=room.name)
        room.join()
        assert room.host.expect("room-left", room=room.name)["exit"] == "left"
        room.host.expect("room-joined", room=room.name, nick="juliet")
        room.host.send(type="room-leave", account=1, room=room.name)
        room.host.expect("room-left", room=room.name)
    room.enter()


def test_leaving_what_has_ended_is_not_answered_again(room):
    """A second room-left would be taken for the end of the next join."""
    room.enter()
    room.admin("<item nick='juliet' role='none'/>")
    assert room.host.expect("room-left", room=room.name)["exit"] == "kicked"
    room.host.send(type="room-leave", account=1, room=room.name)
    room.join()
    room.host.expect("room-joined", room=room.name, nick="juliet")
    room.host.never("room-left", 0)


def test_messages_both_ways_history_and_private_ones(room):
    room.say("old &lt;news&gt;")
    room.wait(lambda s: "old <news>" in "".join(s.itertext()))
    room.enter()
    old = room.host.expect("room-message", nick="romeo")
    assert old["text"] == "old <news>" and old["stamp"] > 1600000000
    room.say("hello &amp; all")
    assert room.host.expect("room-message", text="hello & all")["nick"] == "romeo"
    number = room.request("room-message", text="<b>hi</b>")
    room.host.expect("ack", id=number)
    echo = room.host.expect("room-message", id=number)
    assert (echo["nick"], echo["text"]) == ("juliet", "<b>hi</b>")
    room.wait(lambda s: s.get("from") == f"{room.name}/juliet" and "<b>hi</b>" in "".join(s.itertext()))
    room.raw(f"<message type='chat' to='{room.name}/juliet'><body>psst</body></message>")
    private = room.host.expect("room-private", room=room.name)
    assert (private["nick"], private["text"]) == ("romeo", "psst")
    number = room.request("room-private", nick="romeo", text="psst yourself")
    room.host.expect("ack", id=number)
    room.wait(lambda s: s.get("type") == "chat" and s.get("from") == f"{room.name}/juliet")
    number = room.request("room-private", nick="nobody", text="psst")
    assert room.host.expect("nack", id=number)["reason"] == "no-contact"
    room.host.never("room-message", 0.3)


def test_kicked_banned_and_the_end_of_the_room(room):
    room.enter()
    room.admin("<item nick='juliet' role='none'><reason>out</reason></item>")
    left = room.host.expect("room-left", room=room.name)
    assert (left["exit"], left["text"]) == ("kicked", "out")
    room.enter()
    room.raw(f"<iq type='set' to='{room.name}' id='d'><query xmlns='{MUC}#owner'>"
             "<destroy><reason>over</reason></destroy></query></iq>")
    left = room.host.expect("room-left", room=room.name)
    assert (left["exit"], left["text"]) == ("ended", "over")


def test_banned(room):
    room.enter()
    own = room.host.expect("occupant", nick="juliet")
    room.admin(f"<item jid='{own['contact'].partition('/')[0]}' affiliation='outcast'/>"
               if own.get("contact") else "<item nick='juliet' affiliation='outcast'/>")
    assert room.host.expect("room-left", room=room.name)["exit"] == "banned"
    room.join()
    left = room.host.expect("room-left", room=room.name)
    assert (left["exit"], left["reason"]) == ("refused", "banned")


def test_a_nick_that_is_taken_and_a_change_of_nick(room):
    room.join("romeo")
    left = room.host.expect("room-left", room=room.name)
    assert (left["exit"], left["reason"]) == ("refused", "conflict")
    room.enter("julia")
    number = room.request("room-nick", nick="juliet")
    room.host.expect("ack", id=number)
    gone = room.host.expect("occupant-gone", nick="julia")
    assert (gone["exit"], gone["name"]) == ("renamed", "juliet")


def test_invited(room):
    own = f"{room.host_user}@localhost" if hasattr(room, "host_user") else None
    room.enter()
    own = room.host.expect("occupant", nick="juliet").get("contact", "").partition("/")[0]
    assert own
    other = room.name.replace("room", "other", 1)
    room.raw(f"<message to='{own}'><x xmlns='jabber:x:conference' jid='{other}' reason='come'/></message>")
    invited = room.host.expect("room-invited", room=other)
    assert invited["contact"] == room.romeo.jid and invited["text"] == "come"
