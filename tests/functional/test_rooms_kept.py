# tests/functional/test_rooms_kept.py: rooms that a user keeps: joined at log-in, and while he is away
#
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import signal

import pytest

from conftest import IRC, XMPP
from lib.registration import log_out, query, wait_online
from lib.rooms import BODY, MUC, IrcRoom, XmppRoom, codes
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, body, condition

DATA = "{jabber:x:data}"
OWNER = f"{MUC}#owner"


class Kept:
    """A room (lib/rooms.py), and what juliet asks the gateway of it."""

    def __init__(self, kind, world, gateway):
        self.world, self.gateway = world, gateway
        self.account = world.account("juliet")
        self.client = self.account.client("home")
        self.room = (IrcRoom if kind == "irc" else XmppRoom)(
            world, IRC if kind == "irc" else XMPP, self.client)
        self.domain = self.room.domain
        if kind == "xmpp":
            self.room.nick = self.room.legacy.name  # what one is called who says nothing else

    def ask(self, text, client=None):
        """By chat; returns the answer."""
        client = client or self.client
        client.stanzas.take_all(lambda s: s.get("from") == self.domain and body(s))
        client.message(self.domain, text)
        return body(client.wait_message(self.domain))

    def form(self):
        answer = self.client.iq("get", self.room.jid, f"<query xmlns='{OWNER}'/>")
        assert condition(answer) is None
        return {field.get("var"): field.findtext(DATA + "value")
                for field in answer.iter(DATA + "field") if field.get("type") != "hidden"}

    def submit(self, kind="submit", room=None, **values):
        inner = "".join(f"<field var='{name}'><value>{value}</value></field>"
                        for name, value in values.items())
        return self.client.iq("set", room or self.room.jid, f"<query xmlns='{OWNER}'>"
                              f"<x xmlns='jabber:x:data' type='{kind}'>{inner}</x></query>")

    def leave(self):
        self.client.presence(f"{self.room.jid}/{self.room.nick}", "unavailable")
        self.room.wait_presence(self.room.nick, "unavailable")

    def go_offline(self):
        log_out(self.client, self.domain)

    def come_online(self):
        self.client.presence(self.domain)
        wait_online(self.client, self.domain)

    def crash_host(self):
        word = "prpl-irc" if self.domain == IRC else "prpl-jabber"
        for pid in self.gateway.hosts():
            with open(f"/proc/{pid}/cmdline") as line:
                if word in line.read():
                    os.kill(pid, signal.SIGKILL)

    def join_and_read(self):
        """What was said, as a client that joins is told it."""
        return [body(s) for s in self.room.join() if s.find(BODY) is not None]


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
    assert "Which room?" in kept.ask("leave a\u0007b")
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


# ---- staying ----

def test_stay_while_offline(kept):
    room = kept.room
    room.join()
    kept.submit(stay="1")
    kept.client.presence(kind="unavailable")
    kept.gateway.wait_log("stays in rooms without a resource")
    room.friend_says("are you there?")
    room.friend_whispers("she is away")
    kept.client.presence()
    wait_online(kept.client, kept.domain)
    kept.client.wait_message(body="she is away")  # the server kept it
    assert kept.join_and_read()[-1:] == ["are you there?"]
    assert room.nick in room.names()


def test_who_stays_is_away_and_gets_messages(world, gateway):
    kept = Kept("irc", world, gateway)
    kept.submit(stay="1")
    kept.room.friend_sees_join()
    kept.client.close()
    kept.gateway.wait_log("stays in rooms without a resource")
    friend = kept.room.friend

    def is_away():
        friend.send(f"WHOIS {kept.room.nick}")
        return friend.wait_for(lambda line: line.command in ("301", "318")).command == "301"
    wait_until(is_away, what="that she is away")
    friend.say(kept.room.nick, "psst")
    back = kept.account.client("work")
    back.presence()
    assert body(back.wait_message(f"{kept.room.friend.nick}@{IRC}")) == "psst"


def test_stay_through_a_restart_of_the_gateway(kept):
    room = kept.room
    kept.submit(stay="1")
    room.friend_sees_join()
    kept.client.close()
    kept.gateway.wait_log("stays in rooms without a resource")
    kept.gateway.stop()
    room.friend_sees_end()
    kept.gateway.start()
    room.friend_sees_join()
    room.friend_says("all alone")
    room.friend_says("still")
    kept.crash_host()
    room.friend_sees_end()
    room.friend_sees_join()


def test_who_did_not_ask_does_not_stay(kept):
    kept.room.join()
    kept.submit(autojoin="1")
    kept.client.close()
    kept.room.friend_sees_end()
    kept.gateway.stop()
    kept.gateway.start()
    assert "stays in rooms" not in kept.gateway.log_text()


def test_logout_ends_it_until_one_comes(kept):
    room = kept.room
    kept.submit(stay="1")
    room.friend_sees_join()
    assert "You are logged out." in kept.ask("logout")
    room.friend_sees_end()
    kept.client.close()
    kept.gateway.stop()
    kept.gateway.start()
    again = kept.account.client("work")
    assert room.nick not in room.names()
    again.presence()
    wait_online(again, kept.domain)
    room.friend_sees_join()
    again.close()
    kept.gateway.wait_log("stays in rooms without a resource")


@pytest.mark.parametrize("limits, keys, answer", [
    ({"staying": 1}, {}, "you stay in it"), ({}, {"may_stay": "false"}, "does not let users stay")])
def test_limit_staying(world, gateway_factory, limits, keys, answer):
    gateway = gateway_factory(server_port=world.server.component_port, limits=limits,
                              transports={IRC: world.irc_transport(**keys)}).start()
    first, second = Kept("irc", world, gateway), Kept("irc", world, gateway)
    assert answer in first.ask(f"stay {first.room.channel} on")
    if not limits:
        assert "stay" not in first.form()
        return
    second.ask(f"stay {second.room.channel} on")
    for one in (first, second):
        one.room.friend_sees_join()
    first.client.close()
    gateway.wait_log("stays in rooms without a resource")
    second.client.presence(kind="unavailable")
    second.room.friend_sees_end()
    second.client.presence()
    assert "You cannot stay" in body(second.client.wait_message(IRC))
    assert first.room.nick in first.room.names()


def test_may_stay_is_taken_back(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port,
                              transports={IRC: world.irc_transport()}).start()
    kept = Kept("irc", world, gateway)
    kept.submit(stay="1")
    kept.room.friend_sees_join()
    kept.client.close()
    gateway.wait_log("stays in rooms without a resource")
    gateway.sections[f"transport {IRC}"]["may-stay"] = "false"
    gateway.reload()
    kept.room.friend_sees_end()
