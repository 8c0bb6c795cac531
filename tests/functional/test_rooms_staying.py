# tests/functional/test_rooms_staying.py: staying in rooms while no client is online
#
# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from conftest import IRC
from lib.kept import Kept
from lib.registration import wait_online
from lib.waiting import wait_until
from lib.xmppclient import body


@pytest.fixture(params=["irc", "xmpp"])
def kept(request, world, gateway):
    return Kept(request.param, world, gateway)


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


def test_limit_staying_after_a_restart(world, gateway):
    both = [Kept("irc", world, gateway), Kept("irc", world, gateway)]
    for kept in both:
        kept.submit(stay="1")
        kept.room.friend_sees_join()
        kept.client.close()
    gateway.stop()
    gateway.sections["limits"]["staying"] = 1
    gateway.start()
    gateway.wait_log("more than 1 users stay in rooms")
    first = both[0].room if both[0].account.jid < both[1].account.jid else both[1].room
    first.friend_sees_join()


def test_who_cannot_log_in_any_more_does_not_stay(world, gateway):
    kept = Kept("xmpp", world, gateway)
    kept.submit(stay="1")
    kept.room.friend_sees_join()
    kept.client.close()
    gateway.wait_log("stays in rooms without a resource")
    gateway.stop()
    legacy = kept.room.legacy
    world.other.add_user(legacy.name, "another password", legacy.host)
    gateway.start()
    gateway.wait_log("does not stay by itself any more")
    back = kept.account.client("work")
    back.presence()
    back.wait_for(lambda s: "I cannot log you in" in (body(s) or ""), what="the message about it")
