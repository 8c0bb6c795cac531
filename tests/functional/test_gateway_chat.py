# tests/functional/test_gateway_chat.py: a client that has nothing but chat registers and unregisters
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

from conftest import IRC, XMPP
from lib.registration import is_registered, wait_online
from lib.xmppclient import body


class Talk:
    def __init__(self, client, domain):
        self.client, self.domain = client, domain

    def say(self, text):
        """Says it and returns the answer."""
        self.client.message(self.domain, text)
        return self.hear()

    def hear(self):
        return body(self.client.wait_message(self.domain))


@pytest.fixture
def juliet(world):
    client = world.account("juliet").client()
    client.presence()
    return client


def test_anything_else_gets_the_help(world, gateway, juliet):
    talk = Talk(juliet, IRC)
    for text in ("hello?", "help", "HELP", " "):
        answer = talk.say(text)
        assert "gateway to IRC" in answer and "register" in answer and "not registered" in answer


def test_register_on_irc(world, gateway, juliet):
    talk, nick, friend = Talk(juliet, IRC), world.nick(), world.irc("friend")
    assert "User name" in talk.say("register")
    assert "127.0.0.1" in talk.say(nick)   # the server, with its default
    assert "Password" in talk.say(".")
    assert "log you in" in talk.say(".")
    assert "Done" in talk.hear()
    juliet.wait_presence(IRC, "subscribe")
    juliet.presence(IRC, "subscribed")
    wait_online(juliet, IRC)
    assert friend.is_online(nick)
    assert "You are logged in" in talk.say("help")
    assert "not registered" in talk.say("unregister")
    assert not is_registered(juliet, IRC)
    friend.wait_offline(nick)


def test_register_on_xmpp_with_a_wrong_password_first(world, gateway, juliet):
    talk, account = Talk(juliet, XMPP), world.other_account("romeo")
    for password, answer in (("wrong", "did not work"), (account.password, "Done")):
        talk.say("register")
        talk.say(account.name)
        talk.say(account.host)
        assert "Password" in talk.say(".")
        assert "log you in" in talk.say(password)
        assert answer in talk.hear()
        assert password not in gateway.log_text()
    assert is_registered(juliet, XMPP)


def test_cancel_and_missing_answers(world, gateway, juliet):
    talk = Talk(juliet, XMPP)
    talk.say("register")
    assert "needed" in talk.say(".")  # the user name has no default
    assert talk.say("cancel") == "Cancelled."
    assert "gateway to XMPP" in talk.say("hello")
    assert not is_registered(juliet, XMPP)


def test_register_is_closed_to_strangers(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={IRC: world.irc_transport(allow="example.com")}).start()
    assert "not open to you" in Talk(juliet, IRC).say("register")


def test_unregister_of_nobody(world, gateway, juliet):
    assert "not registered" in Talk(juliet, IRC).say("unregister")


def test_limit_dialogues(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port, limits={"dialogues": 1},
                    transports={IRC: world.irc_transport()}).start()
    romeo = world.account("romeo").client()
    romeo.presence()
    assert "User name" in Talk(juliet, IRC).say("register")
    assert "later" in Talk(romeo, IRC).say("register")
    Talk(juliet, IRC).say("cancel")
    assert "User name" in Talk(romeo, IRC).say("register")
