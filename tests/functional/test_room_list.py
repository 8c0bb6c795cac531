# tests/functional/test_room_list.py: the rooms of the network as items of the gateway, page by page
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

from conftest import IRC, XMPP
from lib.archive import RSM, rsm
from lib.registration import register
from lib.rooms import MUC, IrcRoom, XmppRoom
from lib.scriptedircd import ScriptedIrcd
from lib.waiting import wait_until
from lib.xmppclient import condition

ITEMS = "{http://jabber.org/protocol/disco#items}"
INFO = "{http://jabber.org/protocol/disco#info}"


@pytest.fixture
def juliet(world):
    return world.account("juliet").client()


def ask(client, domain=IRC, page=""):
    return client.send_iq("get", domain, f"<query xmlns='{ITEMS[1:-1]}'>{page}</query>")


def items(client, domain=IRC, page=""):
    """name by jid, in order, and the answer's <set/>."""
    return read(client.wait_iq(ask(client, domain, page)))


def read(answer):
    assert condition(answer) is None, condition(answer)
    found = answer.find(f"{ITEMS}query/{{{RSM}}}set")
    return ({i.get("jid"): i.get("name") for i in answer.iter(ITEMS + "item")},
            None if found is None else {c.tag.partition("}")[2]: c.text for c in found})


def test_channels_of_irc(world, gateway, juliet):
    room = IrcRoom(world, IRC, juliet)
    room.friend.send(f"TOPIC {room.channel} :Two <households>")
    room.friend.wait_for(lambda line: line.command == "TOPIC")
    found, page = items(juliet)
    assert found[room.jid] == f"{room.channel} (1): Two <households>" and page is None
    room.join()
    assert list(items(juliet)[0])[0] == room.jid  # one's own come first
    assert items(world.account("paris").client())[0] == {}


def test_rooms_of_xmpp(world, gateway, juliet):
    room = XmppRoom(world, XMPP, juliet)
    answer = room.friend.iq(
        "set", room.channel, f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' type='submit'>"
        f"<field var='FORM_TYPE'><value>{MUC}#roomconfig</value></field>"
        "<field var='muc#roomconfig_publicroom'><value>1</value></field>"
        "<field var='muc#roomconfig_roomname'><value>Both houses</value></field></x></query>")
    assert condition(answer) is None
    found, _ = items(juliet, XMPP)
    assert found[room.jid] == f"{room.channel}: Both houses"
    answer = juliet.iq("get", room.jid, f"<query xmlns='{INFO[1:-1]}'/>")
    assert [i.get("category") for i in answer.iter(INFO + "identity")] == ["conference"]


def test_who_is_not_logged_in_gets_none(gateway, juliet):
    assert items(juliet, IRC) == ({}, None)
    assert items(juliet, IRC, rsm(max=5)) == ({}, {"count": "0"})
    assert condition(juliet.wait_iq(ask(juliet, IRC, rsm(max="x")))) == "bad-request"


# ---- a network that says what the test wants ----

@pytest.fixture
def ircd():
    ircd = ScriptedIrcd()
    yield ircd
    ircd.close()


@pytest.fixture
def make_gateway(world, gateway_factory, ircd, juliet):
    def make(**arguments):
        gateway = gateway_factory(server_port=world.server.component_port,
                                  transports={IRC: ircd.transport()}, **arguments).start()
        register(juliet, IRC, "juliet")
        return gateway
    return make


def list_channels(ircd, n):
    """Answers the LIST that came."""
    ircd.wait_for("LIST")
    ircd.numeric("321", "Channel :Users Name")
    ircd.send(*(f":bad.irc 322 {ircd.nick} #room{i} {i} :about {i}" for i in range(n)))
    ircd.numeric("323", ":end")


def jid(n):
    return f"#room{n}@{IRC}"


def test_a_large_list_page_by_page(make_gateway, ircd, juliet):
    make_gateway()
    assert not [l for l in ircd.lines.history if l.command == "LIST"]  # never by itself
    ident = ask(juliet, page=rsm(max=2000))
    list_channels(ircd, 6000)
    found, page = read(juliet.wait_iq(ident))
    assert page["count"] == "5000"  # room-list
    seen = list(found)
    while len(seen) < 5000:
        found, page = items(juliet, page=rsm(max=2000, after=page["last"]))
        assert found and page["first"] == list(found)[0]
        seen += found
    assert seen == [jid(n) for n in range(5000)]
    assert items(juliet, page=rsm(max=3, before=""))[0] == {
        jid(n): f"#room{n} ({n}): about {n}" for n in (4997, 4998, 4999)}
    assert list(items(juliet, page=rsm(max=2, before=jid(10)))[0]) == [jid(8), jid(9)]
    assert list(items(juliet, page=rsm(max=2, index=7))[0]) == [jid(7), jid(8)]
    assert items(juliet, page=rsm(max=0)) == ({}, {"count": "5000"})
    assert condition(juliet.wait_iq(ask(juliet, page=rsm(after=jid(5000))))) == "item-not-found"
    whole, page = items(juliet)  # who does not ask for pages gets no stanza of any size
    assert 100 < len(whole) < 5000 and page["count"] == "5000"
    assert len([l for l in ircd.lines.history if l.command == "LIST"]) == 1


def test_it_is_asked_again_after_a_while(make_gateway, ircd, juliet):
    make_gateway(timing={"room-list-time": 0.2}, limits={"room-list": 2})

    def asked():
        return len([l for l in ircd.lines.history if l.command == "LIST"])
    ident = ask(juliet)
    list_channels(ircd, 1)
    assert len(read(juliet.wait_iq(ident))[0]) == 1
    while asked() < 2:
        ident = ask(juliet)
        answer = wait_until(lambda: asked() == 2 or juliet.stanzas.take_all(
            lambda s: s.get("id") == ident), what="the old list, or a question to the network")
        assert answer is True or len(read(answer[0])[0]) == 1
    list_channels(ircd, 5)
    assert len(read(juliet.wait_iq(ident))[0]) == 2


def test_a_network_that_does_not_answer(make_gateway, ircd, juliet):
    make_gateway(timing={"room-list-timeout": 1})
    idents = [ask(juliet), ask(juliet)]
    for ident in idents:
        assert condition(juliet.wait_iq(ident)) == "remote-server-timeout"
    ircd.wait_for("LIST")
    assert len([l for l in ircd.lines.history if l.command == "LIST"]) == 1  # one for both


def test_the_log_in_ends_while_it_is_listed(make_gateway, ircd, juliet):
    make_gateway()
    ident = ask(juliet)
    ircd.wait_for("LIST")
    ircd.drop()
    assert read(juliet.wait_iq(ident))[0] == {}
