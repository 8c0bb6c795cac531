# tests/functional/test_nothing_lost.py: every message has one fate, whatever stops in between
#
# The chaos test (tests/chaos/) does all of this at random; here is each case alone.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import signal
import time

import pytest

from conftest import IRC, XMPP, World
from lib.friends import Friends, is_presence_of
from lib.registration import register, wait_online
from lib.gateway import BUILD
from lib.ircclient import IrcClient
from lib.servers import Ngircd, Prosody
from lib.xmppclient import CLIENT, body, condition, error_text

PLUGINS = os.path.join(BUILD, "tests", "plugins")
DELAY = "{urn:xmpp:delay}delay"


@pytest.fixture
def own_world(request, other_prosody):
    """A Jabber server and an IRC server that a test may stop."""
    server = Prosody(components=[IRC, XMPP]).start()
    ircd = Ngircd().start()
    world = World(server, other_prosody, ircd)
    yield world
    world.close_all()
    for process in (server, ircd):
        process.kill()
        process.remove_folder()


@pytest.fixture
def account(own_world):
    return own_world.account("juliet")


@pytest.fixture
def juliet(account):
    client = account.client("home")
    client.presence()
    return client


FAST = {"server-retry-first": 0.2, "server-retry-max": 1, "legacy-retry-first": 0.2,
        "legacy-retry-max": 1, "registered-linger": 5}


class OnIrc:
    """`juliet` has a nick on IRC, and `friend` is a plain client there."""

    def __init__(self, world, gateway_factory, juliet, timing=None, limits=None):
        self.world = world
        self.gateway = gateway_factory(
            server_port=world.server.component_port, timing={**FAST, **(timing or {})},
            limits=limits,
            transports={IRC: world.irc_transport(**{"option.ratelimit-burst": 200})}).start()
        self.nick = world.nick()
        register(juliet, IRC, self.nick)
        self.join()

    def join(self):
        self.friend = self.world.irc("friend")
        self.contact = f"{self.friend.nick}@{IRC}"

    def hear(self):
        return self.friend.wait_message(self.nick).text

    def expect(self, texts):
        assert [self.hear() for _ in texts] == texts
        self.friend.say(self.friend.nick, "nothing more")  # to himself: the server keeps the order
        assert self.friend.wait_message().text == "nothing more"

    def restart_ircd(self, nick=None):
        """As another process, with the same friend."""
        self.world.ircd.start()
        friend = self.friend.nick
        self.friend = self.world._keep(IrcClient(friend, self.world.ircd.port))


def hear_all(client, sender, count):
    return [client.wait_message(sender) for _ in range(count)]


def come_back(account):
    client = account.client("home")
    client.presence()
    return client


# ---- to the network ----

def test_messages_wait_for_the_network_and_go_out_in_order(own_world, gateway_factory, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    own_world.ircd.stop()
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    texts = [f"number {n}" for n in range(20)]
    for text in texts:
        juliet.message(irc.contact, text)
    juliet.sync()
    irc.restart_ircd()
    irc.expect(texts)


def test_what_waits_is_bounded_in_count_size_and_time(own_world, gateway_factory, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet, timing={"pending-time": 2},
                limits={"pending-messages": 3, "pending-size": 2000})
    own_world.ircd.stop()
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    kept = [juliet.message(irc.contact, f"number {n}") for n in range(3)]
    refused = juliet.message(irc.contact, "one too many")
    assert condition(juliet.wait_error(refused)) == "resource-constraint"
    for ident in kept:  # in order, each once, with its own id
        error = juliet.wait_for(lambda s: s.tag == CLIENT + "message" and s.get("type") == "error")
        assert error.get("id") == ident
        assert condition(error) == "remote-server-timeout" and "wait" in error_text(error)
    large = [juliet.message(irc.contact, "x" * 900) for _ in range(2)]
    refused = juliet.message(irc.contact, "x" * 900)
    assert condition(juliet.wait_error(refused)) == "resource-constraint"
    for ident in large:
        assert juliet.wait_error(ident) is not None


def test_messages_of_a_user_who_left_still_go_out(own_world, gateway_factory, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    own_world.ircd.stop()
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    juliet.message(irc.contact, "I am off")
    juliet.presence(kind="unavailable")
    juliet.sync()
    irc.restart_ircd()
    irc.expect(["I am off"])
    irc.friend.wait_offline(irc.nick)  # and nothing keeps him on the network


def test_a_user_who_left_is_told_what_did_not_go_out(own_world, gateway_factory, account, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet, timing={"pending-time": 1})
    own_world.ircd.stop()
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    juliet.message(irc.contact, "never <mind> & so on")
    juliet.close()
    irc.gateway.wait_log("offline")
    time.sleep(2)
    told = come_back(account).wait_message(IRC)
    assert "was not delivered" in body(told) and "never <mind> & so on" in body(told)
    assert irc.friend.nick in body(told)


def test_a_gateway_killed_keeps_what_waits_for_the_network(own_world, gateway_factory, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    own_world.ircd.stop()
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    texts = [f"number {n}" for n in range(5)]
    for text in texts:
        juliet.message(irc.contact, text)
    juliet.sync()
    time.sleep(1)
    irc.gateway.kill()
    juliet.close()  # nobody is there any more when it comes back
    irc.gateway.start()
    irc.restart_ircd()
    irc.expect(texts)


def test_a_gateway_stopped_keeps_what_waits_for_the_network(own_world, gateway_factory, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    own_world.ircd.stop()
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    juliet.message(irc.contact, "at the last moment")
    juliet.iq("get", IRC, "<ping xmlns='urn:xmpp:ping'/>")
    irc.gateway.stop()
    irc.gateway.start()
    irc.restart_ircd()
    irc.expect(["at the last moment"])


def test_a_message_right_after_the_start_waits_for_the_log_in(own_world, gateway_factory, account,
                                                              juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    irc.gateway.kill()
    irc.gateway.start()
    juliet.message(irc.contact, "already?")
    # his nick may have a digit more: the network has not forgotten the old connection yet
    assert irc.friend.wait_message(text="already?")


def test_a_killed_host_did_not_read_it_so_it_goes_out_later(own_world, gateway_factory, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    host, = irc.gateway.hosts()
    os.kill(host, signal.SIGSTOP)
    texts = [f"number {n}" for n in range(10)]
    for text in texts:
        juliet.message(irc.contact, text)
    juliet.iq("get", IRC, "<ping xmlns='urn:xmpp:ping'/>")  # they are on the link now
    os.kill(host, signal.SIGKILL)
    irc.expect(texts)


# ---- to the user ----

def test_messages_of_the_network_outlive_a_restart_of_the_server(own_world, gateway_factory,
                                                                 account, juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    irc.friend.say(irc.nick, "before")
    assert body(juliet.wait_message(irc.contact)) == "before"
    own_world.server.stop()
    juliet.close()
    texts = [f"number {n}" for n in range(20)]
    for text in texts:
        irc.friend.say(irc.nick, text)
    assert irc.friend.is_online(irc.nick)  # the legacy session stays
    time.sleep(0.5)
    own_world.server.start()
    juliet = come_back(account)
    got = hear_all(juliet, irc.contact, len(texts))
    assert [body(message) for message in got] == texts
    assert all(message.find(DELAY) is not None for message in got)
    assert len({message.get("id") for message in got}) == len(texts)
    irc.friend.say(irc.nick, "after")
    assert body(juliet.wait_message(irc.contact)) == "after"
    assert irc.friend.is_online(irc.nick)


def test_what_a_killed_server_had_not_handled_is_sent_again(own_world, gateway_factory, account,
                                                            juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    os.kill(own_world.server.process.pid, signal.SIGSTOP)
    texts = [f"number {n}" for n in range(10)]
    for text in texts:
        irc.friend.say(irc.nick, text)
    assert irc.friend.is_online(irc.nick)
    time.sleep(0.5)  # it stands in the socket, and nobody read it
    own_world.server.kill()
    juliet.close()
    own_world.server.start()
    juliet = come_back(account)
    assert [body(message) for message in hear_all(juliet, irc.contact, 10)] == texts
    irc.friend.say(irc.nick, "after")
    assert body(juliet.wait_message(irc.contact)) == "after"


def test_a_gateway_killed_keeps_what_waits_for_the_server(own_world, gateway_factory, account,
                                                          juliet):
    irc = OnIrc(own_world, gateway_factory, juliet)
    own_world.server.stop()
    juliet.close()
    texts = [f"number {n}" for n in range(10)]
    for text in texts:
        irc.friend.say(irc.nick, text)
    assert irc.friend.is_online(irc.nick)
    time.sleep(1.2)
    irc.gateway.kill()
    with open(irc.gateway.store_path, "rb") as database:  # private messages are sealed
        assert b"number 3" not in database.read()
    own_world.server.start()
    irc.gateway.start()
    juliet = come_back(account)
    assert [body(message) for message in hear_all(juliet, irc.contact, 10)] == texts


def test_a_flood_during_an_outage_keeps_the_newest_and_says_so(own_world, gateway_factory, account,
                                                               juliet):
    irc = OnIrc(own_world, gateway_factory, juliet, limits={"spool-messages": 5})
    own_world.server.stop()
    juliet.close()
    for n in range(20):
        irc.friend.say(irc.nick, f"number {n}")
    irc.friend.is_online(irc.nick)
    irc.gateway.wait_log("spool-messages")
    time.sleep(0.5)
    own_world.server.start()
    juliet = come_back(account)
    got = [body(message) for message in hear_all(juliet, irc.contact, 5)]
    assert got == [f"number {n}" for n in range(15, 20)]
    assert body(juliet.wait_message(IRC)).startswith("15 messages for you were lost")


def test_requests_outlive_a_restart_of_the_server(own_world, gateway_factory, account, juliet):
    gateway_factory(server_port=own_world.server.component_port, timing=FAST,
                    transports={XMPP: own_world.xmpp_transport()}).start()
    friends = Friends(own_world, juliet)
    stranger = own_world.other_account("tybalt").client()
    stranger.presence()
    own_world.server.stop()
    juliet.close()
    stranger.presence(friends.legacy.jid, "subscribe")
    stranger.sync()
    time.sleep(0.5)
    own_world.server.start()
    juliet = come_back(account)
    local = stranger.bare.replace("@", "\\40")
    juliet.wait_presence(f"{local}@{XMPP}", "subscribe")


# ---- repeats, hints ----

def test_a_message_that_the_network_repeats_comes_once(own_world, gateway_factory, juliet):
    gateway_factory(server_port=own_world.server.component_port, timing=FAST,
                    transports={IRC: {"protocol": "purple:prpl-mock",
                                      "plugin-path": PLUGINS}}).start()
    register(juliet, IRC, "juliet")
    juliet.message(f"old@{IRC}", "say it")
    assert body(juliet.wait_message(f"old@{IRC}")) == "old"
    juliet.message(f"drop@{IRC}", "now")
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    wait_online(juliet, IRC)
    juliet.message(f"old@{IRC}", "say it again")
    juliet.message(f"raw@{IRC}", "a mark")
    assert body(juliet.wait_message(f"raw@{IRC}")) == "a mark"
    juliet.stanzas.expect_none(lambda s: s.tag == CLIENT + "message"
                               and s.get("from", "").startswith("old@"), juliet.sync, "a repeat")


def test_users_are_told_when_it_is_the_network_that_is_down(own_world, gateway_factory):
    gateway_factory(server_port=own_world.server.component_port, timing=FAST,
                    transports={IRC: own_world.irc_transport()}).start()
    clients = []
    for _ in range(4):
        client = own_world.account("juliet").client("home")
        client.presence()
        register(client, IRC, own_world.nick())
        clients.append(client)
    own_world.ircd.stop()
    for client in clients:
        client.wait_for(lambda s: is_presence_of(IRC)(s)
                        and "itself seems to be down" in (s.findtext(CLIENT + "status") or ""))
    own_world.ircd.start()
    for client in clients:
        wait_online(client, IRC)
