# tests/functional/test_rooms_kept.py: rooms that a user keeps: what he says of them, and joins at log-in
#
# SPDX-License-Identifier: GPL-2.0-or-later
import re

import pytest

from conftest import IRC
from lib.kept import OWNER, Kept
from lib.registration import query, wait_online
from lib.rooms import codes
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, body, condition


@pytest.fixture(params=["irc", "xmpp"])
def kept(request, world, gateway):
    return Kept(request.param, world, gateway)


# ---- saying so ----

def test_10_2_the_form_is_the_users_own(kept):
    room = kept.room
    fields = kept.form()
    assert (fields["autojoin"], fields["stay"]) == ("0", "0") and fields["nick"]
    assert condition(kept.submit("cancel", autojoin="1")) is None
    assert condition(kept.submit("submit")) is None  # an instant room: nothing is asked
    assert kept.form() == fields
    assert condition(kept.submit(autojoin="true", nick=room.nick)) is None
    assert kept.form() == {"autojoin": "1", "stay": "0", "nick": room.nick}
    room.friend_sees_join()


def test_10_2_forms_that_are_refused(kept):
    room = kept.room
    answer = kept.client.iq("set", room.jid, f"<query xmlns='{OWNER}'><destroy/></query>")
    assert condition(answer) == "forbidden"
    assert condition(kept.client.iq("set", room.jid, f"<query xmlns='{OWNER}'/>")) == "bad-request"
    assert condition(kept.submit(autojoin="perhaps")) == "not-acceptable"
    assert condition(kept.submit(nick="a&#10;b")) == "not-acceptable"
    assert condition(kept.submit(nick="n" * 2000)) == "not-acceptable"
    assert condition(kept.submit(room=f"{room.jid}/{room.nick}", autojoin="1")) == "item-not-found"
    assert condition(kept.submit(room=kept.domain, autojoin="1")) == "service-unavailable"
    stranger = kept.world.account("paris").client()
    answer = stranger.iq("get", room.jid, f"<query xmlns='{OWNER}'/>")
    assert condition(answer) == "registration-required"
    assert kept.ask("rooms") == "You are in no room, and keep none."


def test_the_nick_of_the_form(world, gateway):
    kept = Kept("xmpp", world, gateway)
    kept.submit(autojoin="1", nick="jule")
    kept.room.nick = "jule"
    kept.room.friend_sees_join()
    assert kept.form()["nick"] == "jule"


def test_by_chat(kept):
    room = kept.room
    assert "autojoin ROOM on" in kept.ask("help")
    assert "I do not join it" in kept.ask(f"autojoin {room.channel}")
    assert "whenever you log in" in kept.ask(f"autojoin {room.jid} on")
    room.friend_sees_join()
    assert "stay in it while" in kept.ask(f"stay {room.channel} on")
    room.join()
    assert kept.ask("rooms") == (f"Your rooms:\n  {room.channel}, as {room.nick}: joined; autojoin on; "
                                 "stay on")
    assert "leave it when" in kept.ask(f"stay {room.channel} off")
    assert kept.ask(f"leave {room.channel}") == f"You are not in {room.channel} any more."
    assert "110" in codes(room.wait_presence(room.nick, "unavailable"))
    room.friend_sees_end()
    assert kept.ask("rooms") == "You are in no room, and keep none."
    assert "Which room?" in kept.ask("autojoin")
    assert "Which room?" in kept.ask("leave a\nb")
    stranger = kept.world.account("paris").client()
    stranger.presence()
    assert "not registered" in kept.ask(f"stay {room.channel} on", stranger)


def test_a_contact_is_no_room(world, gateway):
    kept = Kept("irc", world, gateway)
    assert "Which room?" in kept.ask("autojoin romeo on")
    assert condition(kept.submit(room=f"romeo@{IRC}", autojoin="1")) == "item-not-found"


def test_switching_it_off_leaves(kept):
    kept.ask(f"autojoin {kept.room.channel} on")
    kept.room.friend_sees_join()
    kept.submit(autojoin="0")
    kept.room.friend_sees_end()
    kept.room.join()
    kept.submit(autojoin="1")
    kept.submit(autojoin="0")  # a client is in it: the account stays
    kept.room.say("still here")
    kept.room.wait_message(kept.room.nick, "still here")
    kept.leave()
    kept.room.friend_sees_end()


# ---- join at log-in ----

def test_a_client_that_leaves_takes_itself_out_alone(kept):
    room = kept.room
    room.join()
    kept.submit(autojoin="1")
    kept.leave()
    room.friend_says("nobody listens?")
    room.friend_whispers("really?")
    kept.client.wait_message(body="really?")
    assert room.nick in room.names()
    assert "nobody listens?" in kept.join_and_read()
    room.say("I do")
    room.wait_message(room.nick, "I do")


def test_joined_at_each_log_in(kept):
    room = kept.room
    kept.submit(autojoin="1")
    room.friend_sees_join()
    kept.go_offline()
    room.friend_sees_end()
    kept.come_online()
    room.friend_sees_join()
    room.friend_says("welcome back")
    kept.crash_host()
    room.friend_sees_end()
    room.friend_sees_join()
    assert "110" in codes(next(s for s in room.join() if s.get("from") == f"{room.jid}/{room.nick}"
                               and s.tag == CLIENT + "presence"))


def test_joined_after_a_restart_of_the_gateway(kept):
    kept.submit(autojoin="1")
    kept.room.friend_sees_join()
    kept.gateway.stop()
    kept.room.friend_sees_end()
    kept.gateway.start()
    kept.room.friend_sees_join()  # juliet is online: she is found
    wait_online(kept.client, kept.domain)
    kept.room.join()


def test_the_password_is_kept(world, gateway):
    kept = Kept("irc", world, gateway)
    kept.room.mode("+k secret")
    kept.room.join(inner="<password>secret</password>")
    kept.submit(autojoin="1")
    kept.go_offline()
    kept.room.friend_sees_end()
    kept.room.mode("+i")
    kept.room.mode("-i")
    kept.come_online()
    kept.room.friend_sees_join()
    with open(gateway.store_path, "rb") as database:
        assert b"secret\0" not in database.read()


def test_a_refused_join_is_told_once(kept):
    room = kept.room
    kept.submit(autojoin="1")
    room.friend_sees_join()
    kept.go_offline()
    room.friend_sees_end()
    room.ban()
    kept.come_online()
    assert "I could not join" in body(kept.client.wait_message(kept.domain))
    kept.crash_host()
    wait_online(kept.client, kept.domain)
    wait_until(lambda: "not joined; autojoin on" in kept.ask("rooms"), what="the refusal")
    kept.client.stanzas.expect_none(lambda s: "could not join" in (body(s) or ""), kept.client.sync,
                                    "the same again")
    room.unban()
    kept.go_offline()
    kept.come_online()
    room.friend_sees_join()


def test_kicked_while_no_client_is_there(kept):
    kept.submit(autojoin="1")
    kept.room.friend_sees_join()
    kept.room.kick()
    assert "You were kicked from" in body(kept.client.wait_message(kept.domain))
    assert "not joined" in kept.ask("rooms")


def test_limit_rooms_kept(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port, limits={"rooms": 1},
                              transports={IRC: world.irc_transport()}).start()
    kept = Kept("irc", world, gateway)
    kept.submit(autojoin="1")
    assert condition(kept.submit(room=f"#mantua@{IRC}", autojoin="1")) == "resource-constraint"
    assert "too many rooms" in kept.ask("autojoin #mantua on")
    assert kept.ask("rooms").count("\n") == 1


def test_gone_with_the_registration(kept):
    kept.submit(autojoin="1", stay="1")
    kept.room.friend_sees_join()
    assert condition(kept.client.iq("set", kept.domain, query("<remove/>"))) is None
    kept.room.friend_sees_end()
    assert kept.ask("rooms") == "You are in no room, and keep none."
    kept.gateway.stop()
    with open(kept.gateway.store_path, "rb") as database:
        assert kept.room.channel.encode() not in database.read()


def test_moves_with_the_registration(world, gateway):
    kept = Kept("irc", world, gateway)
    kept.room.mode("+k secret")
    kept.room.join(inner="<password>secret</password>")
    kept.submit(autojoin="1", stay="1")
    moved = world.account("capulet").client()
    moved.presence()
    code = re.search(r"accept ([0-9a-f]{8})", kept.ask(f"move {moved.bare}")).group(1)
    moved.message(IRC, f"accept {code}")
    kept.room.friend_sees_end()
    moved.wait_presence(IRC, "subscribe")
    moved.presence(IRC, "subscribed")
    wait_online(moved, IRC)
    kept.room.friend_sees_join()
    assert "joined; autojoin on; stay on" in kept.ask("rooms", moved)
    assert "You are in no room" in kept.ask("rooms")


def test_more_kept_than_one_may_be_in(world, gateway):
    kept = Kept("irc", world, gateway)
    for name in ("#padua", "#mantua"):
        kept.ask(f"autojoin {name} on")
    gateway.stop()
    gateway.sections["limits"]["rooms"] = 1
    gateway.start()
    wait_online(kept.client, IRC)
    assert "more rooms than the 1" in body(kept.client.wait_for(
        lambda s: "more rooms" in (body(s) or ""), what="a message about it"))
    assert sorted(line.partition("; ")[2] for line in kept.ask("rooms").splitlines()[1:]) \
        == ["autojoin on", "autojoin on"]
