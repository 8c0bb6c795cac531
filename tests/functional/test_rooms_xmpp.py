# tests/functional/test_rooms_xmpp.py: rooms of another XMPP network (XEP-0045), on Prosody's MUC
#
# SPDX-License-Identifier: GPL-2.0-or-later

import itertools

import pytest

from conftest import OTHER_HOST, XMPP
from lib.friends import escaped
from lib.registration import register
from lib.rooms import BODY, MUC, SUBJECT, IrcRoom, codes, item, reason
from lib.xmppclient import CLIENT, condition

_numbers = itertools.count(1)


class XmppRoom(IrcRoom):
    """`friend` made a room of the other network and owns it."""

    def __init__(self, world, client):
        self.world, self.client, self.domain, self.nick = world, client, XMPP, "juliet"
        self.channel = f"verona{next(_numbers)}@rooms.{OTHER_HOST}"
        self.jid = escaped(self.channel)
        self.friend = world.other_account("mercutio").client()
        self.friend.presence()
        self.friend.send(f"<presence to='{self.channel}/mercutio'><x xmlns='{MUC}'/></presence>")
        self.friend.wait_presence(f"{self.channel}")
        self.friend.iq("set", self.channel, f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' "
                                            "type='submit'/></query>")
        self.legacy = world.other_account("romeo")
        client.presence()
        register(client, XMPP, self.legacy.jid, self.legacy.password)

    def admin(self, inner):
        answer = self.friend.iq("set", self.channel, f"<query xmlns='{MUC}#admin'>{inner}</query>")
        assert condition(answer) is None


@pytest.fixture
def room(world, gateway):
    return XmppRoom(world, world.account("juliet").client("home"))


def test_join_talk_and_leave(room):
    room.friend.message(room.channel, "before", kind="groupchat")
    room.friend.wait_message(room.channel, "before")
    seen = room.join()
    assert [s.get("from").partition("/")[2] for s in seen[:2]] == ["mercutio", "juliet"]
    assert item(seen[0])["affiliation"] == "owner" and "110" in codes(seen[1])
    old = next((s for s in seen if s.findtext(BODY) == "before"), None)
    if old is None:  # prpl-jabber is in as soon as it sees itself
        old = room.wait_message("mercutio", "before")
    assert old.find("{urn:xmpp:delay}delay") is not None
    ident = room.say("hello <all>")
    assert room.wait_message("juliet", "hello <all>").get("id") == ident
    room.friend.wait_message(room.channel, "hello <all>")
    room.friend.message(room.channel, "hello yourself", kind="groupchat")
    room.wait_message("mercutio", "hello yourself")
    room.client.presence(f"{room.jid}/juliet", "unavailable")
    assert "110" in codes(room.wait_presence("juliet", "unavailable"))
    room.friend.wait_for(lambda s: s.get("from") == f"{room.channel}/juliet"
                         and s.get("type") == "unavailable")


def test_private_messages_both_ways(room):
    room.join()
    room.client.message(f"{room.jid}/mercutio", "psst")
    private = room.friend.wait_message(room.channel, "psst")
    assert private.get("type") == "chat" and private.get("from") == f"{room.channel}/juliet"
    room.friend.message(f"{room.channel}/juliet", "psst yourself")
    back = room.client.wait_message(room.jid, "psst yourself")
    assert back.get("from") == f"{room.jid}/mercutio" and back.get("type") == "chat"


def test_conflict_and_own_nick(room):
    room.client.stanzas.take_all()
    room.send_join(nick="mercutio")
    error = room.client.wait_for(lambda s: s.get("type") == "error")
    assert condition(error) == "conflict"
    room.join(nick="julia")
    room.client.presence(f"{room.jid}/juliet")
    assert codes(room.wait_presence("julia", "unavailable")) >= {"303", "110"}
    assert "110" in codes(room.wait_presence("juliet"))


def test_kicked_banned_and_destroyed(room):
    room.join()
    room.admin("<item nick='juliet' role='none'><reason>out</reason></item>")
    gone = room.wait_presence("juliet", "unavailable")
    assert codes(gone) == {"307", "110"} and reason(gone) == "out"
    room.join()
    room.admin(f"<item jid='{room.legacy.jid}' affiliation='outcast'><reason>no</reason></item>")
    assert codes(room.wait_presence("juliet", "unavailable")) == {"301", "110"}
    room.client.stanzas.take_all()
    room.send_join()
    assert condition(room.client.wait_for(lambda s: s.get("type") == "error")) == "forbidden"
    room.admin(f"<item jid='{room.legacy.jid}' affiliation='none'/>")
    room.join()
    room.friend.iq("set", room.channel, f"<query xmlns='{MUC}#owner'><destroy><reason>over</reason>"
                                        "</destroy></query>")
    gone = room.wait_presence("juliet", "unavailable")
    destroyed = gone.find(f".//{{{MUC}#user}}destroy")
    assert destroyed is not None and destroyed.findtext(f"{{{MUC}#user}}reason") == "over"


def test_subject_and_roles(room):
    room.join()
    room.friend.send(f"<message to='{room.channel}' type='groupchat'><subject>A plague</subject></message>")
    room.client.wait_for(lambda s: s.findtext(SUBJECT) == "A plague" and s.find(BODY) is None)
    room.admin("<item nick='juliet' role='moderator'/>")
    room.client.wait_for(lambda s: s.get("from") == f"{room.jid}/juliet"
                         and item(s).get("role") == "moderator")
    room.client.send(f"<message to='{room.jid}' type='groupchat'><subject>Both houses</subject></message>")
    room.friend.wait_for(lambda s: s.tag == CLIENT + "message" and s.findtext(SUBJECT) == "Both houses")


def test_0410_self_ping(room):
    def ping(nick):
        return condition(room.client.iq("get", f"{room.jid}/{nick}", "<ping xmlns='urn:xmpp:ping'/>"))
    assert ping("juliet") == "not-acceptable"
    room.join()
    assert ping("juliet") is None and ping("nobody") == "item-not-found"


def test_7_6_a_nick_that_is_taken(room):
    room.join()
    room.client.presence(f"{room.jid}/mercutio")
    error = room.client.wait_for(lambda s: s.get("type") == "error")
    assert condition(error) == "conflict" and error.get("from") == f"{room.jid}/mercutio"


def test_leaving_and_joining_at_once(room):
    for _ in range(3):
        room.join()
        room.client.presence(f"{room.jid}/juliet", "unavailable")
    assert "110" in codes([s for s in room.join() if s.get("from") == f"{room.jid}/juliet"][0])


def test_8_a_kick_that_is_not_permitted(room):
    room.join()
    answer = room.client.iq("set", room.jid, f"<query xmlns='{MUC}#admin'>"
                            "<item nick='mercutio' role='none'/></query>")
    assert condition(answer) in ("forbidden", "not-allowed")
