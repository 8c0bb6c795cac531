# tests/functional/test_rooms_restarts.py: rooms while each of the parties goes and comes back
#
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import signal

import pytest

from conftest import COMPONENTS, IRC, OTHER_HOST, World, run_server, run_world
from lib.kept import Kept
from lib.registration import wait_online
from lib.rooms import MUC, codes
from lib.scriptedircd import ScriptedIrcd
from lib.servers import Ngircd, Prosody
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, body, condition
from test_rooms_hard import Case


@pytest.fixture(scope="module")
def own_server():
    yield from run_server(Prosody(components=COMPONENTS))


@pytest.fixture(scope="module")
def own_network():
    yield from run_server(Prosody(hosts=[OTHER_HOST], rooms=f"rooms.{OTHER_HOST}", extra="""
disable_sasl_mechanisms = { "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS" }
muc_room_default_persistent = true
"""))


@pytest.fixture(scope="module")
def own_irc():
    yield from run_server(Ngircd())


@pytest.fixture
def world(own_server, own_network, own_irc, request):
    yield from run_world(World(own_server, own_network, own_irc), request)


@pytest.fixture(params=["irc", "xmpp"])
def kept(request, world, gateway):
    return Kept(request.param, world, gateway)


def network_of(kept):
    return kept.world.ircd if kept.domain == IRC else kept.world.other


def is_own(room, stanza):
    return stanza.get("from") == f"{room.jid}/{room.nick}" and stanza.tag == CLIENT + "presence"


def join(room, client=None):
    assert "110" in codes(next(s for s in room.join(client=client) if is_own(room, s)))


def wait_joined(kept, client=None):
    wait_until(lambda: ": joined" in kept.ask("rooms", client), what="the room in the list")


def test_a_join_at_once_with_the_log_in(kept):
    """Before the account is connected: it waits for that."""
    kept.go_offline()
    kept.client.stanzas.take_all()
    kept.client.presence(kept.domain)
    kept.room.send_join()
    kept.client.wait_for(lambda s: is_own(kept.room, s) and "110" in codes(s), what="the join")
    kept.room.say("here I am")
    kept.room.wait_message(kept.room.nick, "here I am")


def test_332_the_gateway_stops(kept):
    join(kept.room)
    kept.gateway.stop()
    assert codes(kept.room.wait_presence(kept.room.nick, "unavailable")) == {"332", "110"}
    kept.room.friend_sees_end()
    kept.gateway.start()
    wait_online(kept.client, kept.domain)
    join(kept.room)


@pytest.mark.parametrize("keeps", [False, True])
def test_332_the_network_restarts(kept, keeps):
    join(kept.room)
    if keeps:
        kept.submit(autojoin="1")
    network_of(kept).stop()
    assert codes(kept.room.wait_presence(kept.room.nick, "unavailable")) == {"332", "110"}
    ident = kept.room.say("anybody?")
    assert condition(kept.client.wait_error(ident)) == "not-acceptable"
    kept.client.stanzas.take_all()
    network_of(kept).start()
    wait_online(kept.client, kept.domain)
    if keeps:
        wait_joined(kept)
    join(kept.room)
    kept.room.say("here again")
    kept.room.wait_message(kept.room.nick, "here again")


@pytest.mark.parametrize("keeps", [False, True])
def test_the_jabber_server_restarts(kept, keeps):
    """The account stays logged in.  A server that stops says that all clients go: the room is left with
    the last one, unless it is kept."""
    join(kept.room)
    if keeps:
        kept.submit(autojoin="1", stay="1")
    start = len(kept.gateway.log_text())
    kept.world.server.stop()
    if keeps:
        kept.room.friend_says("while you were away")
        kept.room.friend_whispers("psst")
    kept.world.server.start()
    kept.gateway.wait_log(rf"\b{kept.domain}: attached to the server", timeout=30, start=start)
    again = kept.account.client("home")
    again.presence()
    wait_online(again, kept.domain)
    if keeps:
        again.wait_message(body="psst")
    seen = kept.room.join(client=again)
    assert "110" in codes(next(s for s in seen if is_own(kept.room, s)))
    assert not keeps or "while you were away" in [body(s) for s in seen]
    kept.room.say("here again", client=again)
    kept.room.wait_message(kept.room.nick, "here again", client=again)


def test_the_host_is_killed_during_a_join(world, gateway_factory):
    ircd = ScriptedIrcd()
    case = Case(world, gateway_factory, ircd)
    case.send_join("#slow")
    ircd.wait_for("JOIN", "#slow")
    for pid in case.gateway.hosts():
        os.kill(pid, signal.SIGKILL)
    assert condition(case.wait("#slow", "juliet", "error")) == "remote-server-timeout"
    wait_online(case.client, IRC)
    assert "110" in codes(case.join("#slow")[-2])
    ircd.close()


def test_the_gateway_stops_during_a_join(world, gateway_factory):
    ircd = ScriptedIrcd()
    case = Case(world, gateway_factory, ircd)
    case.send_join("#slow")
    ircd.wait_for("JOIN", "#slow")
    case.gateway.stop()
    assert condition(case.wait("#slow", "juliet", "error")) == "remote-server-timeout"
    ircd.close()


def test_an_irc_server_that_lets_nobody_back_in(world, gateway_factory):
    """A kept room that was open is forbidden after the link broke: told once, whatever often."""
    ircd = ScriptedIrcd()
    case = Case(world, gateway_factory, ircd)
    case.join("#verona")
    case.client.iq("set", f"#verona@{IRC}", f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' "
                   "type='submit'><field var='autojoin'><value>1</value></field></x></query>")
    for turn in range(3):
        ircd.drop()
        wait_online(case.client, IRC)
        ircd.wait_for("JOIN", "#verona")
        ircd.numeric("474", "#verona :Cannot join channel (+b)")
        if turn == 0:
            assert "I could not join #verona" in body(case.client.wait_message(IRC))
    case.client.stanzas.expect_none(lambda s: "could not join" in (body(s) or ""), case.client.sync,
                                    "the same again")
    ircd.close()
