# tests/functional/test_clients.py: what the gateway knows of its users' clients: XEP-0115
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Seen by what is done with it: the contact list goes to a client that takes roster items (XEP-0144),
else it is asked for contact by contact."""

import pytest

from conftest import XMPP
from lib.caps import INFO, NODE, caps, ver_of
from lib.registration import plain
from lib.xmppclient import CLIENT, condition

ROSTERX = "http://jabber.org/protocol/rosterx"
CAN, CANNOT = ["urn:x", ROSTERX], ["urn:x", "urn:y"]


@pytest.fixture
def start(world, gateway_factory):
    def start_it():
        # several log in at once
        return gateway_factory(server_port=world.server.component_port, timing={"login-timeout": 60},
                               transports={XMPP: world.xmpp_transport()}).start()
    return start_it


class User:
    """Registers, with one contact on the network's list; his client announces `ver` (None: nothing)
    and answers with `features`."""

    def __init__(self, world, ver, features, node=NODE, hash="sha-1", later=False):
        legacy = world.other_account("romeo")
        legacy.client("elsewhere").iq(
            "set", None, "<query xmlns='jabber:iq:roster'><item jid='nurse@capulet.lit'/></query>")
        self.client = world.account("juliet").client()
        self.client.take_sets(f"{{{ROSTERX}}}x")
        self.client.describe(features, later)
        self.client.accept(XMPP)
        self.node = f"{node}#{ver}"
        self.client.send(f"<presence>{caps(ver, node, hash) if ver else ''}</presence>")
        self.registration = self.client.send_iq("set", XMPP, plain(legacy.jid, legacy.password))

    def gets_items(self):
        """TRUE: the list came as roster items; else as a request."""
        assert condition(self.client.wait_iq(self.registration, 60)) is None
        found = self.client.wait_for(
            lambda s: s.find(f"{{{ROSTERX}}}x") is not None
            or (s.get("type") == "subscribe" and "@" in s.get("from")))
        return found.tag == CLIENT + "iq"

    def questions(self):
        self.client.sync()
        return self.client.questions(XMPP), self.client.questions(XMPP, self.node)


def test_xep0115_one_client_is_asked_for_all_that_announce_the_same(world, start):
    start()
    users = [User(world, ver_of(CAN), CAN) for _ in range(3)]
    assert all(user.gets_items() for user in users)
    assert sorted(user.questions() for user in users) == [(0, 0), (0, 0), (1, 1)]
    # another node says the same: it is the hash that counts; and another hash
    others = [User(world, ver_of(CAN), CAN, node="urn:other"), User(world, ver_of(CANNOT), CANNOT)]
    assert [user.gets_items() for user in others] == [True, False]
    assert [user.questions() for user in others] == [(0, 0), (1, 1)]


@pytest.mark.parametrize("said, other, expected", [(CAN, CANNOT, False), (CANNOT, CAN, True)],
                         ids=["more", "less"])
def test_xep0115_a_lying_hash_counts_for_that_client_alone(world, start, said, other, expected):
    """It announces the hash of others, and says something else."""
    start()
    ver = ver_of(other)
    liar = User(world, ver, said)
    assert liar.gets_items() != expected and liar.questions() == (1, 1)
    for asked in (1, 0):
        honest = User(world, ver, other)
        assert honest.gets_items() == expected and honest.questions() == (asked, asked)


def test_xep0115_whoever_waits_for_a_useless_answer_is_asked_himself(world, start):
    gateway = start()
    liar = User(world, ver_of(CAN), CAN, later=True)
    liar.client.wait_for(lambda s: s.get("from") == XMPP and s.find(f"{{{INFO}}}query") is not None)
    users = [User(world, ver_of(CAN), CAN) for _ in range(2)]
    for user in users:  # their lists are there, and the server has said that it does not take them
        gateway.wait_log(f"sent <iq [^>]*to='{user.client.bare}'><query xmlns='jabber:iq:roster'")
        user.client.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")
        assert user.questions() == (0, 0)
    liar.client.describe(None)
    assert [user.gets_items() for user in [liar] + users] == [False, True, True]
    assert [user.questions() for user in [liar] + users] == 3 * [(1, 1)]


def test_xep0115_a_client_without_caps_is_asked_once(world, start):
    start()
    users = [User(world, None, CAN), User(world, None, CANNOT)]
    assert [user.gets_items() for user in users] == [True, False]
    users[0].client.presence(show="away")
    users[0].client.presence(XMPP, show="dnd")
    users[0].client.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")
    assert [user.questions() for user in users] == [(1, 0), (1, 0)]


def test_xep0115_what_cannot_be_verified_counts_for_one(world, start):
    """The older format, a wrong hash, and an answer that is ill-formed (5.4: a feature twice), though
    its hash would be right."""
    start()
    wrong, twice = ver_of(CAN)[:-3] + "xx=", CAN + ["urn:x"]
    for ver, hash, features in (("0.9", None, (CAN, CANNOT)), (wrong, "sha-1", (CAN, CANNOT)),
                                (ver_of(twice), "sha-1", (twice, twice))):
        users = [User(world, ver, said, hash=hash) for said in features]
        assert [user.gets_items() for user in users] == [said != CANNOT for said in features]
        assert [user.questions()[0] for user in users] == [1, 1]
