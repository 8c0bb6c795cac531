# tests/functional/test_roster_list.py: the network's contact list into the user's roster (G63)
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""By the best way that the server and the clients allow: XEP-0356, XEP-0144, subscription requests."""

import sqlite3
import time

import pytest

from conftest import COMPONENTS, XMPP, World, run_world
from lib.friends import escaped, is_presence_of
from lib.registration import log_out, register, wait_online
from lib.servers import Ejabberd
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, condition

ROSTER = "{jabber:iq:roster}"
ROSTERX = "http://jabber.org/protocol/rosterx"
NAMES = {"nurse@capulet.lit": ("The Nurse", "House"), "tybalt@capulet.lit": ("Tybalt & <co>", None),
         "ünï@capulet.lit": (None, "House")}


@pytest.fixture
def privileged_world(privileging, other_prosody, ngircd, request):
    yield from run_world(World(privileging, other_prosody, ngircd), request)


def fill_list(legacy, names):
    """The roster of the legacy account, as another client of it would."""
    client = legacy.client("elsewhere")
    for jid, (name, group) in names.items():
        attribute = "" if name is None else " name='%s'" % name.replace("&", "&amp;").replace("<", "&lt;")
        inner = "" if group is None else f"<group>{group}</group>"
        answer = client.iq("set", None, f"<query xmlns='jabber:iq:roster'><item jid='{jid}'"
                                        f"{attribute}>{inner}</item></query>")
        assert condition(answer) is None
    return client


def see_friend(world, legacy, elsewhere):
    """Somebody who lets the legacy account see him."""
    elsewhere.presence()
    friend = world.other_account("friend").client()
    friend.presence()
    elsewhere.presence(friend.bare, "subscribe")
    friend.wait_presence(legacy.jid, "subscribe")
    friend.presence(legacy.jid, "subscribed")
    elsewhere.wait_presence(friend.bare)
    return friend


def roster_of(client):
    answer = client.iq("get", None, "<query xmlns='jabber:iq:roster'/>")
    return {item.get("jid"): (item.get("name"), item.findtext(ROSTER + "group"),
                              item.get("subscription")) for item in answer.iter(ROSTER + "item")}


def wait_roster(client, jids):
    """Until all of these are in the roster, as its pushes say it."""
    missing = set(jids) - set(roster_of(client))
    while missing:
        push = client.wait_for(lambda s: s.tag == CLIENT + "iq" and s.get("type") == "set"
                               and s.find(f".//{ROSTER}item") is not None, what=f"{missing}")
        missing.discard(push.find(f".//{ROSTER}item").get("jid"))
    return roster_of(client)


@pytest.fixture
def start(gateway_factory):
    def make(world):
        return gateway_factory(server_port=world.server.component_port,
                               transports={XMPP: world.xmpp_transport()}).start()
    return make


def is_request(stanza):
    return stanza.tag == CLIENT + "presence" and stanza.get("type") == "subscribe" \
        and "@" in stanza.get("from")


def test_G63_XEP_0356_the_server_lets_us(privileged_world, start):
    world = privileged_world
    gateway = start(world)
    gateway.wait_log(f"{XMPP}: localhost grants: roster=both")
    legacy = world.other_account("romeo")
    friend = see_friend(world, legacy, fill_list(legacy, NAMES))
    juliet = world.account("juliet").client()
    juliet.presence()
    register(juliet, XMPP, legacy.jid, legacy.password)
    roster = wait_roster(juliet, [escaped(jid) for jid in (*NAMES, friend.bare)])
    for jid, (name, group) in NAMES.items():
        assert roster[escaped(jid)] == (name, group, "none")  # they do not let him see them
    assert roster[escaped(friend.bare)] == (None, None, "both")
    juliet.stanzas.expect_none(is_request, juliet.sync, "a subscription request")

    # at the next log-in nothing is asked or set again, and a name of his own stays
    mine = escaped("nurse@capulet.lit")
    juliet.iq("set", None, f"<query xmlns='jabber:iq:roster'><item jid='{mine}' name='Mine'/></query>")
    log_out(juliet, XMPP)
    juliet.stanzas.take_all()
    juliet.presence(XMPP)
    wait_online(juliet, XMPP)
    juliet.stanzas.expect_none(
        lambda s: is_request(s) or s.find(f".//{ROSTER}item") is not None,
        lambda: (juliet.sync(), juliet.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")),
        "a request or a roster push")
    assert roster_of(juliet)[mine][0] == "Mine"


def test_XEP_0356_a_new_name_on_the_network_reaches_the_roster(privileged_world, start):
    world = privileged_world
    start(world)
    legacy = world.other_account("romeo")
    elsewhere = fill_list(legacy, NAMES)
    juliet = world.account("juliet").client()
    juliet.presence()
    register(juliet, XMPP, legacy.jid, legacy.password)
    contact = escaped("nurse@capulet.lit")
    wait_roster(juliet, [escaped(jid) for jid in NAMES])
    juliet.stanzas.take_all()
    elsewhere.iq("set", None, "<query xmlns='jabber:iq:roster'><item jid='nurse@capulet.lit' "
                              "name='Angelica'><group>House</group></item></query>")
    juliet.wait_for(lambda s: s.find(f".//{ROSTER}item") is not None
                    and s.find(f".//{ROSTER}item").get("name") == "Angelica"
                    and s.find(f".//{ROSTER}item").get("jid") == contact)
    assert roster_of(juliet)[contact][2] == "none"


def is_push_of(jid):
    return lambda s: s.tag == CLIENT + "iq" and s.get("type") == "set" \
        and [item.get("jid") for item in s.iter(ROSTER + "item")] == [jid]


def test_XEP_0356_what_the_user_chose_himself_stays(privileged_world, start):
    world = privileged_world
    start(world)
    legacy = world.other_account("romeo")
    elsewhere = fill_list(legacy, NAMES)
    friend = escaped(see_friend(world, legacy, elsewhere).bare)
    juliet = world.account("juliet").client()
    juliet.presence()
    register(juliet, XMPP, legacy.jid, legacy.password)
    wait_roster(juliet, [friend, *(escaped(jid) for jid in NAMES)])
    nurse, tybalt = escaped("nurse@capulet.lit"), escaped("tybalt@capulet.lit")
    juliet.iq("set", None, f"<query xmlns='jabber:iq:roster'><item jid='{nurse}' name='Mine'>"
                           "<group>My own</group></item></query>")
    juliet.stanzas.take_all()
    for jid, name in (("nurse", "Angelica"), ("tybalt", "King of cats")):
        elsewhere.iq("set", None, f"<query xmlns='jabber:iq:roster'><item jid='{jid}@capulet.lit' "
                                  f"name='{name}'><group>Elsewhere</group></item></query>")
    juliet.wait_for(is_push_of(tybalt))
    juliet.sync()
    roster = roster_of(juliet)
    assert roster[tybalt] == ("King of cats", "Elsewhere", "none")
    assert roster[nurse] == ("Mine", "My own", "none")


def test_G21_unregistering_leaves_no_ghosts_and_the_networks_list_alone(privileged_world, start):
    world = privileged_world
    start(world)
    legacy = world.other_account("romeo")
    elsewhere = fill_list(legacy, NAMES)
    see_friend(world, legacy, elsewhere)
    on_network = roster_of(elsewhere)
    juliet = world.account("juliet").client()
    juliet.presence()
    juliet.iq("set", None, "<query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query>")
    register(juliet, XMPP, legacy.jid, legacy.password)
    wait_roster(juliet, [escaped(jid) for jid in on_network])
    juliet.iq("set", None, f"<query xmlns='jabber:iq:roster'><item jid='{escaped('nurse@capulet.lit')}' "
                           "name='Mine'/></query>")
    answer = juliet.iq("set", XMPP, "<query xmlns='jabber:iq:register'><remove/></query>")
    assert condition(answer) is None
    wait_until(lambda: set(roster_of(juliet)) == {"nurse@localhost"},
               what=f"no ghosts in {roster_of(juliet)}")
    assert roster_of(elsewhere) == on_network
    # and anew
    register(juliet, XMPP, legacy.jid, legacy.password)
    wait_until(lambda: {escaped(jid) for jid in on_network} <= set(roster_of(juliet)), what="the list")
    assert roster_of(juliet)[escaped("nurse@capulet.lit")][0] == "The Nurse"


def test_G21_unregistering_takes_along_what_is_not_written_yet(privileged_world, start):
    world = privileged_world
    gateway = start(world)
    legacy = world.other_account("romeo")
    fill_list(legacy, NAMES)
    juliet = world.account("juliet").client()
    juliet.presence()
    register(juliet, XMPP, legacy.jid, legacy.password)
    wait_roster(juliet, [escaped(jid) for jid in NAMES])
    lock = sqlite3.connect(gateway.store_path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")  # the gateway cannot write
    fill_list(legacy, {"abram@capulet.lit": (None, None)})
    wait_roster(juliet, [escaped("abram@capulet.lit")])
    ident = juliet.send_iq("set", XMPP, "<query xmlns='jabber:iq:register'><remove/></query>")
    juliet.iq("get", XMPP, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    lock.rollback()
    lock.close()
    assert condition(juliet.wait_iq(ident)) is None
    wait_until(lambda: not roster_of(juliet), what=f"no ghosts in {roster_of(juliet)}")


def test_XEP_0356_a_roster_that_is_larger_than_a_stanza_may_be(privileged_world, gateway_factory):
    """The others do not notice, and it is asked for once, not at each log-in."""
    world = privileged_world
    gateway = gateway_factory(server_port=world.server.component_port,
                              transports={XMPP: world.xmpp_transport()},
                              limits={"stanza-size": 10000}).start()
    juliet = world.account("juliet").client()
    juliet.presence()
    for n in range(20):
        juliet.iq("set", None, "<query xmlns='jabber:iq:roster'>"
                               f"<item jid='somebody{n}@localhost' name='{'x' * 600}'/></query>")
    legacy = world.other_account("romeo")
    fill_list(legacy, NAMES)
    register(juliet, XMPP, legacy.jid, legacy.password)
    gateway.wait_log("the roster cannot be read")
    asked = [juliet.wait_for(is_request).get("from") for _ in NAMES]
    assert sorted(asked) == sorted(escaped(jid) for jid in NAMES)
    fill_list(legacy, {"abram@capulet.lit": (None, None)})
    log_out(juliet, XMPP)
    juliet.presence(XMPP)
    assert juliet.wait_for(is_request).get("from") == escaped("abram@capulet.lit")
    assert gateway.log_text().count("the roster cannot be read") == 1
    assert gateway.log_text().count("attached to the server") == 1


def test_XEP_0356_a_server_that_cannot_after_all(other_prosody, ngircd, start):
    """ejabberd 23.01 grants it, lets the roster be read, and fails at each change of it."""
    server = Ejabberd(components=COMPONENTS,
                      modules={"mod_privilege": {"roster": {"both": "all"}}}).start()
    world = World(server, other_prosody, ngircd)
    try:
        gateway = start(world)
        gateway.wait_log(f"{XMPP}: localhost grants: .*roster=both")
        legacy = world.other_account("romeo")
        fill_list(legacy, NAMES)
        juliet = world.account("juliet").client()
        juliet.presence()
        register(juliet, XMPP, legacy.jid, legacy.password)
        expected = {escaped(jid) for jid in NAMES}
        seen = set()
        while seen != expected:  # by a request, or by a set where a newer ejabberd can
            stanza = juliet.wait_for(lambda s: is_request(s) or s.find(f".//{ROSTER}item") is not None)
            item = stanza.find(f".//{ROSTER}item")
            seen |= {stanza.get("from") if item is None else item.get("jid")} & expected
    finally:
        world.close_all()
        server.stop()
        server.remove_folder()


def test_G63_without_either_there_is_one_request_each_once_in_a_lifetime(world, start):
    gateway = start(world)
    legacy = world.other_account("romeo")
    fill_list(legacy, NAMES)
    juliet = world.account("juliet").client()
    juliet.presence()
    register(juliet, XMPP, legacy.jid, legacy.password)
    asked = [juliet.wait_for(is_request).get("from") for _ in NAMES]
    assert sorted(asked) == sorted(escaped(jid) for jid in NAMES)
    gateway.stop()
    juliet.stanzas.take_all()
    gateway.start()
    wait_online(juliet, XMPP)
    juliet.stanzas.expect_none(is_request, lambda: juliet.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>"),
                               "a second request")


def test_G63_XEP_0144_a_client_can(world, start):
    start(world)
    legacy = world.other_account("romeo")
    fill_list(legacy, NAMES)
    juliet = world.account("juliet").client()
    juliet.support(ROSTERX, f"{{{ROSTERX}}}x")
    juliet.presence()
    register(juliet, XMPP, legacy.jid, legacy.password)
    found = juliet.wait_for(lambda s: s.find(f"{{{ROSTERX}}}x") is not None).find(f"{{{ROSTERX}}}x")
    items = {item.get("jid"): (item.get("name"), item.findtext(f"{{{ROSTERX}}}group"))
             for item in found}
    assert items == {escaped(jid): name_and_group for jid, name_and_group in NAMES.items()}
    assert {item.get("action") for item in found} == {"add"}
    juliet.stanzas.expect_none(is_request, juliet.sync, "a subscription request")

    log_out(juliet, XMPP)
    juliet.stanzas.take_all()
    juliet.presence(XMPP)
    wait_online(juliet, XMPP)
    juliet.stanzas.expect_none(
        lambda s: is_request(s) or s.find(f"{{{ROSTERX}}}x") is not None,
        lambda: juliet.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>"), "the list again")


def test_G63_500_contacts_and_3_resources(world, start):
    gateway = start(world)
    legacy = world.other_account("romeo")
    elsewhere = fill_list(legacy, {f"contact{n}@capulet.lit": (None, None) for n in range(500)})
    elsewhere.presence()
    friends = [world.other_account("friend").client() for _ in range(5)]
    for friend in friends:
        friend.presence()
        elsewhere.presence(friend.bare, "subscribe")
        friend.wait_presence(legacy.jid, "subscribe")
        friend.presence(legacy.jid, "subscribed")
        elsewhere.wait_presence(friend.bare)
    elsewhere.close()

    account = world.account("juliet")
    juliet = account.client("one")
    juliet.presence()
    register(juliet, XMPP, legacy.jid, legacy.password)
    expected = {escaped(f"contact{n}@capulet.lit") for n in range(500)}
    expected |= {escaped(friend.bare) for friend in friends}
    asked = [juliet.wait_for(is_request).get("from") for _ in expected]
    assert set(asked) == expected  # each once
    clients = [juliet, account.client("two"), account.client("three")]
    for client in clients[1:]:
        client.presence()
        wait_online(client, XMPP)
    for client in clients:
        client.sync()
        client.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")
        client.stanzas.take_all()
    for number, friend in enumerate(friends):
        friend.presence(show="away", status=f"away {number}")
    for client in clients:
        for friend in friends:
            client.wait_for(is_presence_of(escaped(friend.bare)))
        client.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")
        assert not client.stanzas.take_all(lambda s: s.tag == CLIENT + "presence"
                                           and "@" in s.get("from") and XMPP in s.get("from"))

    # the second log-in: the presence of those who are there, once a resource, and no request
    before = len(gateway.log_text())
    for client in clients:
        client.presence(XMPP, "unavailable")
    gateway.wait_log("online -> offline", start=before)  # the server may have taken the last one's first
    for client in clients:
        client.stanzas.take_all()
        client.presence(XMPP)
    for client in clients:
        wait_online(client, XMPP)
        got = [client.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("type") is None
                               and s.get("from").endswith("@" + XMPP)).get("from")
               for _ in friends]
        assert sorted(got) == sorted(escaped(friend.bare) for friend in friends)
    time.sleep(1)
    for client in clients:
        client.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")
        assert not client.stanzas.take_all(lambda s: is_request(s) or (
            s.tag == CLIENT + "presence" and s.get("from").endswith("@" + XMPP)))
