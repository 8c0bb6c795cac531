# tests/functional/test_smoke.py: the main job, once, on the shortest way
#
# SPDX-License-Identifier: GPL-2.0-or-later

from conftest import IRC, OTHER_HOST, XMPP
from lib.xmppclient import CLIENT, body, condition

REGISTER = "<query xmlns='jabber:iq:register'>{}</query>"


def register(client, domain, username, password=""):
    secret = f"<password>{password}</password>" if password else ""
    client.presence()  # a server keeps subscription requests for those who are there
    answer = client.iq("set", domain, REGISTER.format(f"<username>{username}</username>{secret}"))
    assert condition(answer) is None
    client.wait_presence(domain, "subscribe")
    client.presence(domain, "subscribed")
    client.wait_presence(domain)


def test_irc_both_ways(world, gateway):
    friend = world.irc("mercutio")
    juliet = world.account("juliet").client()
    nick = world.nick()
    register(juliet, IRC, nick)

    juliet.message(f"{friend.nick}@{IRC}", "O Romeo, Romeo! <wherefore> art thou & \"Romeo\"?")
    assert friend.wait_message(nick).text == "O Romeo, Romeo! <wherefore> art thou & \"Romeo\"?"

    friend.say(nick, "Call me but love ☮ <b>")
    answer = juliet.wait_message(f"{friend.nick}@{IRC}")
    assert body(answer) == "Call me but love ☮ <b>"
    assert answer.get("type") == "chat"
    assert answer.get("to").partition("/")[0] == juliet.bare


def test_xmpp_both_ways(world, gateway):
    account = world.other_account("romeo")
    friend = world.other_account("mercutio").client()
    friend.presence()
    juliet = world.account("juliet").client()
    register(juliet, XMPP, account.jid, account.password)

    contact = f"{friend.bare.replace('@', chr(92) + '40')}@{XMPP}"
    juliet.message(contact, "line one\n  line two 🌹")
    assert body(friend.wait_message(account.jid)) == "line one\n  line two 🌹"

    friend.message(account.jid, "<answer> & more")
    assert body(juliet.wait_message(contact)) == "<answer> & more"
    assert account.host == OTHER_HOST


def test_gateway_answers_ping(world, gateway):
    juliet = world.account("juliet").client()
    answer = juliet.iq("get", IRC, "<ping xmlns='urn:xmpp:ping'/>")
    assert answer.tag == CLIENT + "iq" and answer.get("type") == "result"
