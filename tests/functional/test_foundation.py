# tests/functional/test_foundation.py: the ground that the other tests stand on
#
# When something here fails, look here first: servers, clients and their waiting.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

from lib.waiting import Mailbox, Timeout
from lib.xmppclient import LoginFailed, XmppClient, body, condition


def chat(world):
    juliet, romeo = world.account("juliet").client(), world.account("romeo").client("orchard")
    juliet.presence()
    romeo.presence()
    juliet.message(romeo.full, "wherefore <art> thou\n  & 🌹")
    assert body(romeo.wait_message(juliet.bare)) == "wherefore <art> thou\n  & 🌹"
    assert condition(juliet.iq("get", world.server.hosts[0], "<x xmlns='nothing'/>")) \
        in ("service-unavailable", "feature-not-implemented")


def test_prosody_serves_users(world):
    chat(world)


def test_ejabberd_serves_users(ejabberd_world):
    chat(ejabberd_world)


def test_wrong_password_is_an_error(world):
    account = world.account("juliet")
    with pytest.raises(LoginFailed):
        XmppClient(account.jid, "wrong", world.server.port).connect()


def test_subscriptions_are_left_to_the_test(world):
    juliet, romeo = world.account("juliet").client(), world.account("romeo").client()
    juliet.presence()
    romeo.presence()
    romeo.presence(juliet.bare, "subscribe")
    juliet.wait_presence(romeo.bare, "subscribe")
    romeo.sync()
    assert not romeo.stanzas.take_all(lambda s: s.get("type") in ("subscribed", "unsubscribed"))


def test_ngircd_serves_users(world):
    mercutio, tybalt = world.irc("mercutio", ["#verona"]), world.irc("tybalt", ["#verona"])
    mercutio.say(tybalt.nick, "Prince of : Cats ☮")
    assert tybalt.wait_message(mercutio.nick).text == "Prince of : Cats ☮"
    tybalt.say("#verona", "Peace?")
    assert mercutio.wait_message(tybalt.nick).params == ["#verona", "Peace?"]
    assert mercutio.is_online(tybalt.nick)
    assert not mercutio.is_online("nobody")


def test_waiting_ends_with_what_came():
    box = Mailbox("box")
    box.put("something else")
    with pytest.raises(Timeout, match="something else"):
        box.wait_for(lambda item: item == "what we want", timeout=0.01)
