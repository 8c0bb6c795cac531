# tests/functional/test_ghosts.py: no contact is left looking online, whatever restarts
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

from conftest import OTHER_HOST, XMPP
from lib.badserver import CLOSE, BadServer
from lib.friends import escaped
from lib.pair import Pair
from lib.servers import SECRET, Prosody

ROMEO = "romeo@montague.lit/orchard"


@pytest.fixture
def pair(world, gateway):
    juliet = world.account("juliet").client("home")
    juliet.presence()
    pair = Pair(world, gateway, juliet)
    pair.become_friends()
    return pair


def leave(pair):
    pair.friend.presence(kind="unavailable")


@pytest.mark.parametrize("who", ["gateway", "host"])
def test_a_contact_who_left_while_it_was_dead_is_offline(pair, who):
    restart = pair.restart_gateway if who == "gateway" else pair.restart_host
    restart(lambda: leave(pair))
    pair.hear("unavailable")
    pair.settle()
    assert pair.kinds()[-1] == "unavailable"


def test_a_contact_who_is_there_after_the_gateway_was_killed_is_online(pair):
    pair.restart_gateway()
    pair.hear("unavailable")  # until the network has been asked nobody knows
    pair.hear(None)


def test_a_second_client_is_told_as_well_after_the_gateway_was_killed(world, gateway):
    account = world.account("juliet")
    juliet, other = account.client("home"), account.client("work")
    juliet.presence()
    pair = Pair(world, gateway, juliet)
    pair.become_friends()
    other.presence()
    other.wait_presence(pair.contact)
    pair.restart_gateway(lambda: leave(pair))
    for client in (juliet, other):
        client.wait_presence(pair.contact, "unavailable")


def test_a_contact_of_a_network_that_is_killed_is_offline(world, gateway_factory):
    network = Prosody(hosts=[OTHER_HOST]).start()
    world.other = network
    juliet = world.account("juliet").client("home")
    juliet.presence()
    try:
        gateway = gateway_factory(server_port=world.server.component_port,
                                  transports={XMPP: world.xmpp_transport()}).start()
        pair = Pair(world, gateway, juliet)
        pair.become_friends()
        network.kill()
        pair.hear("unavailable")
    finally:
        world.close_all()
        network.remove_folder()


class RemoteUser:
    """ROMEO at a server that says what the test says, registered as `legacy`, with one contact."""

    def __init__(self, world, connection):
        self.connection = connection
        self.legacy = world.other_account("romeo")
        self.friend = world.other_account("mercutio").client()
        self.friend.presence()
        self.contact = escaped(self.friend.bare)
        self.send("iq", XMPP, "<query xmlns='jabber:iq:register'>"
                  f"<username>{self.legacy.jid}</username><password>{self.legacy.password}</password>"
                  "</query>", "type='set' id='r'")
        assert connection.wait_element("iq", id="r", timeout=40).get("type") == "result"
        self.send("presence", XMPP)
        connection.wait_element("presence", from_=XMPP, type=None, timeout=40)
        self.send("presence", self.contact, more="type='subscribe'")
        self.friend.wait_presence(self.legacy.jid, "subscribe")
        self.friend.presence(self.legacy.jid, "subscribed")
        connection.wait_element("presence", from_=self.contact, type=None)

    def send(self, name, to, inner="", more=""):
        self.connection.send(f"<{name} from='{ROMEO}' to='{to}' {more}>{inner}</{name}>")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_C20_a_contact_who_left_while_the_stream_was_down_is_offline(world, gateway_factory, how):
    server = BadServer(secret=SECRET)
    try:
        gateway = gateway_factory(server_port=server.port,
                                  transports={XMPP: world.xmpp_transport(allow="*")})
        gateway.start(wait=False)
        user = RemoteUser(world, server.accept(timeout=30).attach())
        elsewhere = user.legacy.client("elsewhere")
        elsewhere.presence()
        elsewhere.wait_presence(user.friend.bare)
        user.connection.reset() if how == "reset" else user.connection.send(CLOSE)
        again = server.accept(timeout=30)
        user.friend.presence(kind="unavailable")
        elsewhere.wait_presence(user.friend.bare, "unavailable")  # so the gateway has it as well
        again.attach()
        again.wait_element("presence", from_=user.contact, to=ROMEO, type="unavailable", timeout=30)
    finally:
        gateway.stop()
        server.close()
