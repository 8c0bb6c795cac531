# tests/functional/test_names.py: names and groups in the roster and on the network, both ways
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the server lets the gateway read the roster: XEP-0356 on a real Prosody, and the pushes of
XEP-0321, which no server of Debian has, from one that says what the test says."""

import pytest

from conftest import XMPP, World, run_world
from lib.badserver import BadServer
from lib.friends import escaped
from lib.registration import log_out, register, wait_online
from lib.servers import SECRET
from lib.waiting import wait_until
from lib.xmppclient import condition

ROSTER = "{jabber:iq:roster}"
NURSE = "nurse@capulet.lit"
ROMEO = "romeo@montague.lit"


def set_item(client, jid, name=None, *groups):
    named = "" if name is None else f" name='{name}'"
    inner = "".join(f"<group>{group}</group>" for group in groups)
    answer = client.iq("set", None, f"<query xmlns='jabber:iq:roster'><item jid='{jid}'{named}>{inner}"
                                    "</item></query>")
    assert condition(answer) is None


def items_of(client):
    """jid -> (name, sorted groups)"""
    answer = client.iq("get", None, "<query xmlns='jabber:iq:roster'/>")
    return {item.get("jid"): (item.get("name"), sorted(g.text for g in item.iter(ROSTER + "group")))
            for item in answer.iter(ROSTER + "item")}


class Names:
    """juliet at a server that lets us; `elsewhere` is another client of her legacy account."""

    def __init__(self, world, gateway, *contacts):
        self.gateway = gateway
        self.legacy = world.other_account("romeo")
        self.elsewhere = self.legacy.client("elsewhere")
        self.elsewhere.presence()
        for contact in contacts:
            set_item(self.elsewhere, *contact)
        self.juliet = world.account("juliet").client()
        self.juliet.presence()
        register(self.juliet, XMPP, self.legacy.jid, self.legacy.password)
        for jid, *_ in contacts:
            wait_until(lambda: escaped(jid) in items_of(self.juliet), what=jid)
            self.wait_agreed(jid)

    def wait_agreed(self, jid):
        """The gateway knows what the roster has: it set it, and that was answered."""
        self.gateway.wait_log(rf"sent <iq [^>]*>.*{escaped(jid)}".replace("\\40", r"\\+40"))
        self.juliet.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")

    def log_in_again(self):
        log_out(self.juliet, XMPP)
        self.juliet.presence(XMPP)
        wait_online(self.juliet, XMPP)

    def wait_network(self, jid, expected):
        wait_until(lambda: items_of(self.elsewhere).get(jid) == expected,
                   what=f"{expected} on the network, not {items_of(self.elsewhere)}")

    def wait_roster(self, jid, expected):
        wait_until(lambda: items_of(self.juliet).get(escaped(jid)) == expected,
                   what=f"{expected} in the roster, not {items_of(self.juliet)}")


@pytest.fixture
def world(privileging, other_prosody, ngircd, request):
    yield from run_world(World(privileging, other_prosody, ngircd), request)


@pytest.fixture
def names(world, gateway_factory):
    def make(*contacts):
        return Names(world, gateway_factory(server_port=world.server.component_port,
                                            transports={XMPP: world.xmpp_transport()}).start(),
                     *contacts)
    return make


def test_a_name_and_group_of_the_user_reach_the_network(names):
    pair = names((NURSE, "The Nurse", "House"))
    set_item(pair.juliet, escaped(NURSE), "Angelica", "Family")
    pair.log_in_again()
    pair.wait_network(NURSE, ("Angelica", ["Family"]))
    pair.wait_roster(NURSE, ("Angelica", ["Family"]))


def test_several_groups_and_no_name_change_nothing_on_the_network(names):
    pair = names((NURSE, "The Nurse", "House"))
    set_item(pair.juliet, escaped(NURSE), None, "Family", "House")
    pair.log_in_again()
    set_item(pair.juliet, escaped(NURSE), "")
    pair.log_in_again()
    pair.juliet.sync()
    assert items_of(pair.elsewhere)[NURSE] == ("The Nurse", ["House"])


def test_a_name_that_the_user_had_from_before_stays_his_own(names, world):
    pair = names()
    set_item(pair.juliet, escaped(NURSE), "Mine")
    set_item(pair.elsewhere, NURSE, "The Nurse", "House")
    pair.log_in_again()
    wait_until(lambda: (items_of(pair.juliet)[escaped(NURSE)][0]) == "Mine", what="the name")
    pair.log_in_again()
    pair.juliet.sync()
    assert items_of(pair.elsewhere)[NURSE] == ("The Nurse", ["House"])
    assert items_of(pair.juliet)[escaped(NURSE)][0] == "Mine"


def test_a_contact_that_the_user_adds_with_a_name_has_it_on_the_network(names, world):
    pair = names()
    friend = world.other_account("mercutio").client()
    friend.presence()
    set_item(pair.juliet, escaped(friend.bare), "Mercutio", "Friends")
    pair.juliet.presence(escaped(friend.bare), "subscribe")
    friend.wait_presence(pair.legacy.jid, "subscribe")
    friend.presence(pair.legacy.jid, "subscribed")
    pair.juliet.wait_presence(escaped(friend.bare), "subscribed")
    pair.wait_network(friend.bare, ("Mercutio", ["Friends"]))


def test_renamed_on_the_network_while_the_user_was_away(names):
    pair = names((NURSE, "The Nurse", "House"))
    log_out(pair.juliet, XMPP)
    set_item(pair.elsewhere, NURSE, "Angelica", "Elsewhere")
    pair.juliet.presence(XMPP)
    wait_online(pair.juliet, XMPP)
    pair.wait_roster(NURSE, ("Angelica", ["Elsewhere"]))
    pair.log_in_again()
    pair.juliet.sync()
    assert items_of(pair.elsewhere)[NURSE] == ("Angelica", ["Elsewhere"])


def test_a_rename_does_not_go_round(names):
    pair = names((NURSE, "The Nurse", "House"))
    for n in range(2):  # by turns
        set_item(pair.elsewhere, NURSE, f"Network {n}", "House")
        pair.wait_roster(NURSE, (f"Network {n}", ["House"]))
        set_item(pair.juliet, escaped(NURSE), f"User {n}", "House")
        pair.log_in_again()
        pair.wait_network(NURSE, (f"User {n}", ["House"]))
    pair.juliet.stanzas.take_all()
    pair.elsewhere.stanzas.take_all()
    pair.log_in_again()

    def quiet():
        pair.juliet.sync()
        pair.elsewhere.sync()
        pair.juliet.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")

    def is_push(stanza):
        return stanza.find(f".//{ROSTER}item") is not None and stanza.get("type") == "set"
    pair.juliet.stanzas.expect_none(is_push, quiet, "a roster push")
    assert not pair.elsewhere.stanzas.take_all(is_push)


# ---- pushes: XEP-0321 3.3 ----


class Pushes:
    """ROMEO at a bad server, registered as `legacy` with one contact on her list."""

    def __init__(self, world, connection):
        self.connection = connection
        self.legacy = world.other_account("romeo")
        self.elsewhere = self.legacy.client("elsewhere")
        set_item(self.elsewhere, NURSE, "The Nurse", "House")
        connection.send(f"<iq from='{ROMEO}/x' to='{XMPP}' type='set' id='r'>"
                        f"<query xmlns='jabber:iq:register'><username>{self.legacy.jid}</username>"
                        f"<password>{self.legacy.password}</password></query></iq>")
        assert connection.wait_element("iq", id="r", timeout=40).get("type") == "result"
        connection.send(f"<presence from='{ROMEO}/x' to='{XMPP}'/>")
        asked = connection.wait_element("iq", to=ROMEO, type="get", timeout=40)
        self.answer(asked, "<query xmlns='jabber:iq:roster'/>")
        item = connection.wait_element("iq", to=ROMEO, type="set")
        assert item.find(f".//{ROSTER}item").get("name") == "The Nurse"
        self.answer(item)

    def answer(self, request, inner=""):
        self.connection.send(f"<iq from='{ROMEO}' to='{XMPP}' type='result' "
                             f"id='{request.get('id')}'>{inner}</iq>")

    def push(self, attributes, inner="", sender=ROMEO):
        """The type of the answer."""
        jid = escaped(NURSE)
        self.connection.send(f"<iq from='{sender}' to='{XMPP}' type='set' id='p'>"
                             f"<query xmlns='jabber:iq:roster'><item jid='{jid}' {attributes}>{inner}"
                             "</item></query></iq>")
        return self.connection.wait_element("iq", id="p").get("type")


@pytest.fixture
def pushes(other_prosody, ngircd, gateway_factory):
    server = BadServer(secret=SECRET)
    world = World(None, other_prosody, ngircd)
    gateway = gateway_factory(server_port=server.port,
                              transports={XMPP: world.xmpp_transport(allow="*")})
    gateway.start(wait=False)
    yield Pushes(world, server.accept(timeout=30).attach())
    gateway.stop()
    world.close_all()
    server.close()


def test_XEP_0321_a_push_renames_on_the_network(pushes):
    assert pushes.push("name='Angelica' subscription='both'", "<group>Family</group>") == "result"
    wait_until(lambda: items_of(pushes.elsewhere)[NURSE] == ("Angelica", ["Family"]), what="the names")


def test_XEP_0321_pushes_that_mean_nothing(pushes):
    assert pushes.push("name='Evil'", sender="tybalt@montague.lit") == "error"
    assert pushes.push("name='Evil'", sender=f"{ROMEO}/client") == "error"  # not from the server
    assert pushes.push("subscription='remove'") == "result"
    assert pushes.push("subscription='none'") == "result"
    assert pushes.push(f"name='{'x' * 1000}'", "<group/>") == "result"
    wait_until(lambda: items_of(pushes.elsewhere)[NURSE] == ("x" * 1000, ["House"]), what="the name")
