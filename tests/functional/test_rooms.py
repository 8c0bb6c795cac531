# tests/functional/test_rooms.py: channels of IRC as rooms (XEP-0045), on ngircd
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import signal

import pytest

from conftest import IRC
from lib.registration import wait_online
from lib.rooms import BODY, MUC, SUBJECT, IrcRoom, codes, item, reason
from lib.xmppclient import CLIENT, condition, error_text

SID = "{urn:xmpp:sid:0}stanza-id"
OCCUPANT = "{urn:xmpp:occupant-id:0}occupant-id"
INFO = "{http://jabber.org/protocol/disco#info}"


@pytest.fixture
def account(world):
    return world.account("juliet")


@pytest.fixture
def juliet(account):
    return account.client("home")


@pytest.fixture
def room(world, gateway, juliet):
    return IrcRoom(world, IRC, juliet)


def join_error(room, **arguments):
    room.client.stanzas.take_all()
    room.send_join(**arguments)
    return room.client.wait_for(lambda s: s.get("type") == "error" and room.jid in s.get("from", ""),
                                what="an error")


def test_7_2_2_order_of_a_join(room):
    """Others, then oneself with 110, then the subject, also when there is none."""
    seen = room.join()
    assert [s.get("from") for s in seen] == [f"{room.jid}/{room.friend.nick}",
                                             f"{room.jid}/{room.nick}", room.jid]
    assert codes(seen[0]) == set() and codes(seen[1]) == {"110"}
    assert (item(seen[0])["role"], item(seen[0])["affiliation"]) == ("moderator", "admin")
    assert (item(seen[1])["role"], item(seen[1])["affiliation"]) == ("participant", "none")
    assert seen[2].findtext(SUBJECT) in (None, "")
    room.friend.wait_for(lambda line: line.command == "JOIN" and line.nick == room.nick)


def test_7_2_15_subject_on_join(room):
    room.friend.send(f"TOPIC {room.channel} :Two households & <more>")
    room.friend.wait_for(lambda line: line.command == "TOPIC")
    assert room.join()[-1].findtext(SUBJECT) == "Two households & <more>"


def test_7_2_1_no_nickname(room):
    room.client.send(f"<presence to='{room.jid}' id='x'><x xmlns='{MUC}'/></presence>")
    assert condition(room.client.wait_error("x")) == "jid-malformed"


def test_the_nick_is_the_accounts(room):
    """On IRC the nick is of the account: another wish is told with 210."""
    own = room.join(nick="somebody")[-2]
    assert own.get("from") == f"{room.jid}/{room.nick}" and codes(own) == {"110", "210"}


@pytest.mark.parametrize("mode, expected", [("+k secret", "not-authorized"), ("+b *!*@*", "forbidden"),
                                            ("+i", "registration-required"),
                                            ("+l 1", "service-unavailable")])
def test_7_2_joins_that_are_refused(room, mode, expected):
    room.mode(mode)
    error = join_error(room)
    assert condition(error) == expected and error_text(error)
    assert error.get("from") == f"{room.jid}/{room.nick}"
    room.mode(f"-{mode[1:]}")
    room.join()


def test_7_2_5_password(room):
    room.mode("+k secret")
    room.join(inner="<password>secret</password>")


def test_not_registered_and_not_logged_in(world, room):
    paris = world.account("paris").client()
    paris.presence()
    paris.send(f"<presence to='{room.jid}/paris'><x xmlns='{MUC}'/></presence>")
    error = paris.wait_for(lambda s: s.get("type") == "error")
    assert condition(error) == "registration-required"


def test_7_4_messages_both_ways(room):
    room.join()
    room.friend.say(room.channel, "  hello <all> & everybody")
    message = room.wait_message(room.friend.nick, "  hello <all> & everybody")
    assert message.find(SID).get("by") == room.jid and message.find(SID).get("id")
    assert message.find(OCCUPANT).get("id")
    ident = room.say("<b>hi</b>")
    reflected = room.wait_message(room.nick, "<b>hi</b>")
    assert reflected.get("id") == ident and reflected.find(SID) is not None
    assert room.friend.wait_message(room.nick).params == [room.channel, "<b>hi</b>"]
    room.client.stanzas.expect_none(lambda s: s.findtext(BODY) == "<b>hi</b>", room.client.sync,
                                    "a second reflection")


def test_7_4_a_message_to_a_room_not_joined(room):
    ident = room.say("anybody?")
    assert condition(room.client.wait_error(ident)) == "not-acceptable"


def test_7_4_a_long_text_is_one_message(room):
    room.join()
    text = " ".join(f"word{n}" for n in range(300))
    room.say(text)
    room.wait_message(room.nick, text)


def test_me_both_ways(room):
    room.join()
    room.friend.say(room.channel, "\1ACTION waves\1")
    room.wait_message(room.friend.nick, "/me waves")
    room.say("/me waves back")
    assert room.friend.wait_message(room.nick).text == "\1ACTION waves back\1"


def test_refused_by_the_channel(room):
    room.join()
    room.mode("+m")
    ident = room.say("may I?")
    assert condition(room.client.wait_error(ident)) == "forbidden"


def test_encrypted_messages_are_refused(room):
    room.join()
    ident = room.say("I sent you an OMEMO encrypted message",
                     extra="<encryption xmlns='urn:xmpp:eme:0' namespace='x'/>")
    assert condition(room.client.wait_error(ident)) == "not-acceptable"


def test_7_14_leave(room):
    room.join()
    room.client.presence(f"{room.jid}/{room.nick}", "unavailable", status="so long")
    gone = room.wait_presence(room.nick, "unavailable")
    assert "110" in codes(gone) and item(gone)["role"] == "none"
    room.friend.wait_for(lambda line: line.command == "PART" and line.nick == room.nick)
    room.join()


def test_leaving_and_joining_at_once(room):
    for _ in range(5):
        room.join()
        room.client.presence(f"{room.jid}/{room.nick}", "unavailable")
    assert "110" in codes(room.join()[-2])


def test_others_come_and_go(world, room):
    room.join()
    nurse = world.irc("nurse")
    nurse.join(room.channel)
    room.wait_presence(nurse.nick)
    nurse.send(f"PART {room.channel} :so long")
    gone = room.wait_presence(nurse.nick, "unavailable")
    assert codes(gone) == set() and gone.findtext(CLIENT + "status") == "so long"


def test_others_quit(world, room):
    room.join()
    nurse = world.irc("nurse")
    nurse.join(room.channel)
    room.wait_presence(nurse.nick)
    nurse.send("QUIT :to bed & sleep")
    gone = room.wait_presence(nurse.nick, "unavailable")
    assert codes(gone) == set() and "to bed & sleep" in gone.findtext(CLIENT + "status")


def test_7_6_others_change_their_nick(world, room):
    room.join()
    nurse = world.irc("nurse")
    nurse.join(room.channel)
    before = room.wait_presence(nurse.nick)
    new = world.nick("angelica")
    nurse.send(f"NICK {new}")
    gone = room.wait_presence(nurse.nick, "unavailable")
    assert codes(gone) == {"303"} and item(gone)["nick"] == new
    assert room.wait_presence(new).find(OCCUPANT) is not None and before.find(OCCUPANT) is not None


def test_7_6_own_nick(room, world):
    room.join()
    new = world.nick("capulet")
    room.client.presence(f"{room.jid}/{new}")
    gone = room.wait_presence(room.nick, "unavailable")
    assert codes(gone) == {"303", "110"} and item(gone)["nick"] == new
    assert "110" in codes(room.wait_presence(new))
    room.say("it is still me")
    room.wait_message(new, "it is still me")


def test_8_2_others_are_kicked(world, room):
    room.join()
    nurse = world.irc("nurse")
    nurse.join(room.channel)
    room.wait_presence(nurse.nick)
    room.friend.send(f"KICK {room.channel} {nurse.nick} :out with <you>")
    gone = room.wait_presence(nurse.nick, "unavailable")
    assert codes(gone) == {"307"} and reason(gone) == "out with <you>"


def test_8_2_kicked_oneself(room):
    room.join()
    room.friend.send(f"KICK {room.channel} {room.nick} :you too")
    gone = room.wait_presence(room.nick, "unavailable")
    assert codes(gone) == {"307", "110"} and reason(gone) == "you too"
    ident = room.say("still here?")
    assert condition(room.client.wait_error(ident)) == "not-acceptable"
    room.join()


def test_roles_from_the_network_and_to_it(world, room):
    room.join()
    nurse = world.irc("nurse")
    nurse.join(room.channel)
    room.wait_presence(nurse.nick)
    room.friend.send(f"MODE {room.channel} +o {room.nick}")
    assert item(room.wait_presence(room.nick))["role"] == "moderator"

    def set_item(attributes, inner=""):
        return room.client.iq("set", room.jid, f"<query xmlns='{MUC}#admin'><item nick='{nurse.nick}' "
                                               f"{attributes}>{inner}</item></query>")
    assert condition(set_item("affiliation='admin'")) is None
    assert item(room.wait_presence(nurse.nick))["affiliation"] == "admin"
    assert condition(set_item("role='none'", "<reason>go</reason>")) is None
    nurse.wait_for(lambda line: line.command == "KICK" and line.text == "go")
    assert codes(room.wait_presence(nurse.nick, "unavailable")) == {"307"}
    assert condition(set_item("role='none'")) == "item-not-found"
    assert condition(set_item("role='king'")) == "bad-request"


def test_8_1_subject_both_ways(room):
    room.join()
    room.client.send(f"<message to='{room.jid}' type='groupchat'><subject>A plague</subject></message>")
    room.friend.wait_for(lambda line: line.command == "TOPIC" and line.text == "A plague")
    room.client.wait_for(lambda s: s.findtext(SUBJECT) == "A plague" and room.jid in s.get("from"))
    room.friend.send(f"TOPIC {room.channel} :o' both your houses")
    changed = room.client.wait_for(lambda s: s.findtext(SUBJECT) == "o' both your houses")
    assert changed.get("from") == f"{room.jid}/{room.friend.nick}" and changed.find(BODY) is None


def test_7_5_private_messages(room):
    room.join()
    room.client.message(f"{room.jid}/{room.friend.nick}", "psst")
    assert room.friend.wait_message(room.nick, "psst").params[0] == room.friend.nick
    ident = room.client.message(f"{room.jid}/nobody", "psst")
    assert condition(room.client.wait_error(ident)) == "item-not-found"


def test_two_clients_of_one_user(room, account):
    room.join()
    work = account.client("work")
    work.presence()
    wait_online(work, IRC)
    room.say("before you came")
    room.wait_message(room.nick, "before you came")
    seen = room.join(client=work)
    assert [s.findtext(BODY) for s in seen if s.find(BODY) is not None] == ["before you came"]
    assert [s for s in seen if s.find("{urn:xmpp:delay}delay") is not None]
    room.friend.say(room.channel, "to both")
    for client in (room.client, work):
        room.wait_message(room.friend.nick, "to both", client)
    ident = room.say("from one")
    assert room.wait_message(room.nick, "from one", work).get("id") == ident
    work.presence(f"{room.jid}/{room.nick}", "unavailable")
    room.wait_presence(room.nick, "unavailable", work)
    room.say("alone again")
    room.wait_message(room.nick, "alone again")
    work.stanzas.expect_none(lambda s: s.findtext(BODY) == "alone again", work.sync, "a message")


def test_7_2_13_history_is_limited_by_the_client(room, account):
    room.join()
    for n in range(3):
        room.say(f"line {n}")
        room.wait_message(room.nick, f"line {n}")
    work = account.client("work")
    work.presence()
    wait_online(work, IRC)
    for inner, expected in (("<history maxstanzas='1'/>", ["line 2"]), ("<history maxchars='0'/>", []),
                            ("", ["line 0", "line 1", "line 2"])):
        seen = room.join(client=work, inner=inner)
        assert [s.findtext(BODY) for s in seen if s.find(BODY) is not None] == expected


def test_a_client_that_goes_leaves_the_room(room):
    room.join()
    room.client.presence(kind="unavailable")
    room.friend.wait_for(lambda line: line.command in ("PART", "QUIT") and line.nick == room.nick)


@pytest.mark.parametrize("kind, name, gone", [
    ("message", "recipient-unavailable", True), ("presence", "remote-server-timeout", True),
    ("message", "service-unavailable", True), ("presence", "service-unavailable", False),
    ("message", "not-acceptable", False), ("presence", "resource-constraint", False)])
def test_a_client_that_is_gone_is_taken_out(room, kind, name, gone):
    room.join()
    address = f"{room.jid}/{room.friend.nick}" if kind == "presence" else room.jid
    room.client.send(f"<{kind} to='{address}' type='error'><error type='wait'>"
                     f"<{name} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></{kind}>")
    if gone:
        room.friend.wait_for(lambda line: line.command == "PART" and line.nick == room.nick)
    ident = room.say("who is there?")
    if gone:
        assert condition(room.client.wait_error(ident)) == "not-acceptable"
        room.join()
    else:
        room.wait_message(room.nick, "who is there?")


def test_332_the_network_goes(room, gateway):
    room.join()
    (host,) = [pid for pid in gateway.hosts() if "prpl-irc" in open(f"/proc/{pid}/cmdline").read()]
    os.kill(host, signal.SIGKILL)
    gone = room.wait_presence(room.nick, "unavailable")
    assert codes(gone) == {"332", "110"}
    wait_online(room.client, IRC)
    room.join()


def test_0410_self_ping(room):
    def ping(address):
        return condition(room.client.iq("get", address, "<ping xmlns='urn:xmpp:ping'/>"))
    assert ping(f"{room.jid}/{room.nick}") == "not-acceptable"
    room.join()
    assert ping(f"{room.jid}/{room.nick}") is None
    assert ping(f"{room.jid}/{room.friend.nick}") == "service-unavailable"
    room.client.presence(f"{room.jid}/{room.nick}", "unavailable")
    room.wait_presence(room.nick, "unavailable")
    assert ping(f"{room.jid}/{room.nick}") == "not-acceptable"


def test_6_4_discovery(room):
    def described(address):
        answer = room.client.iq("get", address, f"<query xmlns='{INFO[1:-1]}'/>")
        return ({(i.get("category"), i.get("type")) for i in answer.iter(INFO + "identity")},
                {f.get("var") for f in answer.iter(INFO + "feature")})
    for _ in range(2):
        identities, features = described(room.jid)
        assert identities == {("conference", "text")}
        assert {MUC, "urn:xmpp:occupant-id:0", "urn:xmpp:sid:0",
                f"{MUC}#self-ping-optimization"} <= features
        room.join()
    identities, features = described(IRC)
    assert ("conference", "text") in identities and MUC in features
    items = room.client.iq("get", IRC, "<query xmlns='http://jabber.org/protocol/disco#items'/>")
    assert [i.get("jid") for i in items.iter("{http://jabber.org/protocol/disco#items}item")][0] \
        == room.jid  # behind it are those of the network: test_room_list.py


def test_invitations_both_ways(world, room):
    nurse = world.irc("nurse")
    room.friend.send(f"INVITE {room.nick} {room.channel}")
    invitation = room.client.wait_for(lambda s: s.find("{jabber:x:conference}x") is not None)
    assert invitation.find("{jabber:x:conference}x").get("jid") == room.jid
    assert invitation.get("from") == f"{room.friend.nick}@{IRC}" and invitation.findtext(BODY)
    room.join()
    room.client.send(f"<message to='{nurse.nick}@{IRC}'><x xmlns='jabber:x:conference' "
                     f"jid='{room.jid}'/></message>")
    nurse.wait_for(lambda line: line.command == "INVITE" and line.text == room.channel)
    room.client.send(f"<message to='{room.jid}'><x xmlns='{MUC}#user'><invite to='{nurse.nick}@{IRC}'>"
                     "<reason>come</reason></invite></x></message>")
    nurse.wait_for(lambda line: line.command == "INVITE" and line.text == room.channel)


def test_limit_rooms(world, juliet, gateway_factory):
    gateway_factory(server_port=world.server.component_port, limits={"rooms": 1},
                    transports={IRC: world.irc_transport()}).start()
    room = IrcRoom(world, IRC, juliet)
    room.join()
    juliet.send(f"<presence to='#another@{IRC}/x'><x xmlns='{MUC}'/></presence>")
    error = juliet.wait_for(lambda s: s.get("type") == "error")
    assert condition(error) == "resource-constraint"


def test_bad_rooms_and_bad_requests(room):
    room.client.send(f"<presence to='#a,b@{IRC}/x'><x xmlns='{MUC}'/></presence>")
    error = room.client.wait_for(lambda s: s.get("type") == "error" and "#a,b" in s.get("from"))
    assert condition(error) == "item-not-found"
    room.join()
    ident = room.client.message(f"{room.jid}/{room.friend.nick}", "x", kind="groupchat")
    assert condition(room.client.wait_error(ident)) == "bad-request"
    ident = room.say("x" * 70000)
    assert condition(room.client.wait_error(ident)) == "not-acceptable"
