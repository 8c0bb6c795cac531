# tests/functional/test_clients.py: what the gateway knows of its users' clients: XEP-0115
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Seen by what is done with it: a client that wants to be told of pictures is told of them."""

import hashlib
import itertools

import pytest

from lib.caps import INFO, NODE, caps, ver_of
from lib.events import METADATA, WANTS_AVATARS, is_event
from lib.mock import MOCK, User, mock_picture, mock_transport

WANTS, DOES_NOT = ["urn:x", WANTS_AVATARS], ["urn:x", "urn:y"]
WATCHER = ["urn:watcher", WANTS_AVATARS]
ROMEO = f"romeo@{MOCK}"

_pictures = itertools.count(1)


@pytest.fixture
def start(world, gateway_factory):
    def start_it():
        return gateway_factory(server_port=world.server.component_port,
                               transports={MOCK: mock_transport()}).start()
    return start_it


class Pair:
    """A user whose one client announces `ver` (None: nothing) and answers with `features`; the other
    one is told of every picture."""

    def __init__(self, world, ver, features, node=NODE, hash="sha-1", later=False):
        user = User(world, ["romeo"], WATCHER)
        self.watcher = user.client
        self.client = user.account.client("under test")
        self.client.describe(features, later)
        self.client.caps = caps(ver, node, hash) if ver else ""
        self.node = f"{node}#{ver}"
        self.client.presence()
        self.client.wait_presence(MOCK)

    def show_picture(self):
        """Another one; returns its id when the watcher has been told of it."""
        name = f"number {next(_pictures)}"
        ident = hashlib.sha1(mock_picture(name)).hexdigest()
        self.watcher.message(ROMEO, f"!icon {name}")
        self.watcher.wait_for(is_event(ROMEO, METADATA, ident))
        return ident

    def is_told(self):
        """The first picture makes the gateway ask, if it has to; the second comes behind the answer."""
        self.show_picture()
        self.client.sync()
        ident = self.show_picture()
        self.client.sync()
        return len(self.client.stanzas.take_all(is_event(ROMEO, METADATA, ident))) == 1

    def questions(self):
        self.client.sync()
        return self.client.questions(MOCK), self.client.questions(MOCK, self.node)


def test_xep0115_one_client_is_asked_for_all_that_announce_the_same(world, start):
    start()
    pairs = [Pair(world, ver_of(WANTS), WANTS) for _ in range(3)]
    assert all(pair.is_told() for pair in pairs)
    assert [pair.questions() for pair in pairs] == [(1, 1), (0, 0), (0, 0)]
    # another node says the same: it is the hash that counts
    other = Pair(world, ver_of(WANTS), WANTS, node="urn:other")
    assert other.is_told() and other.questions() == (0, 0)
    # another hash
    other = Pair(world, ver_of(DOES_NOT), DOES_NOT)
    assert not other.is_told() and other.questions() == (1, 1)


@pytest.mark.parametrize("said, other, expected", [(WANTS, DOES_NOT, False),
                                                   (DOES_NOT, WANTS, True)], ids=["more", "less"])
def test_xep0115_a_lying_hash_counts_for_that_client_alone(world, start, said, other, expected):
    """It announces the hash of others, and says something else."""
    start()
    ver = ver_of(other)
    liar = Pair(world, ver, said)
    assert liar.is_told() != expected and liar.questions() == (1, 1)
    for asked in (1, 0):
        honest = Pair(world, ver, other)
        assert honest.is_told() == expected and honest.questions() == (asked, asked)


@pytest.mark.parametrize("useless", [None, DOES_NOT], ids=["an error", "a lie"])
def test_xep0115_whoever_waits_for_a_useless_answer_is_asked_himself(world, start, useless):
    start()
    liar = Pair(world, ver_of(WANTS), useless, later=True)
    liar.show_picture()
    liar.client.wait_for(lambda s: s.get("from") == MOCK and s.find(f"{{{INFO}}}query") is not None)
    pairs = [Pair(world, ver_of(WANTS), WANTS) for _ in range(2)]
    for pair in pairs:
        assert not pair.is_told() and pair.questions() == (0, 0)
    liar.client.describe(useless)
    liar.client.sync()
    assert [pair.is_told() for pair in [liar] + pairs] == [False, True, True]
    assert [pair.questions() for pair in [liar] + pairs] == 3 * [(1, 1)]


def test_xep0115_whoever_waits_has_the_answer_too(world, start):
    start()
    first = Pair(world, ver_of(WANTS), WANTS, later=True)
    first.show_picture()
    first.client.wait_for(lambda s: s.get("from") == MOCK and s.find(f"{{{INFO}}}query") is not None)
    second = Pair(world, ver_of(WANTS), WANTS)
    ident = second.show_picture()
    first.client.describe(WANTS)
    second.client.wait_for(is_event(ROMEO, METADATA, ident))  # without another change
    assert first.is_told() and second.questions() == (0, 0)


def test_xep0115_a_client_without_caps_is_asked_once(world, start):
    start()
    for features in (WANTS, DOES_NOT):  # what one says is nothing to another
        pair = Pair(world, None, features)
        assert pair.is_told() == (features == WANTS)
        pair.client.presence(show="away")
        pair.client.presence(MOCK, show="dnd")
        assert pair.is_told() == (features == WANTS)
        assert pair.questions() == (1, 0)


@pytest.mark.parametrize("ver, hash", [("0.9", None), (ver_of(WANTS), "md5"), ("0.9", "sha-1"),
                                       (ver_of(WANTS)[:-3] + "xx=", "sha-1"), ("x" * 2000, "sha-1")],
                         ids=["older format", "unknown hash", "no hash", "wrong hash", "endless"])
def test_xep0115_what_cannot_be_verified_counts_for_one(world, start, ver, hash):
    start()
    for features in (WANTS, DOES_NOT):
        pair = Pair(world, ver, features, hash=hash)
        assert pair.is_told() == (features == WANTS) and pair.questions()[0] == 1


def test_xep0115_an_ill_formed_answer_is_not_shared(world, start):
    """XEP-0115 5.4: the same feature twice, though its hash would be right."""
    start()
    twice = WANTS + ["urn:x"]
    for _ in range(2):
        pair = Pair(world, ver_of(twice), twice)
        assert pair.is_told() and pair.questions() == (1, 1)


def test_xep0115_a_client_that_announces_something_else(world, start):
    start()
    pair = Pair(world, ver_of(DOES_NOT), DOES_NOT)
    assert not pair.is_told()
    pair.client.announce(WANTS)
    pair.client.presence()
    pair.client.wait_for(is_event(ROMEO, METADATA))  # what there is, without a change
    assert pair.is_told()
    pair.client.send("<presence/>")  # a server may leave out what has not changed
    assert pair.is_told()
    pair.client.announce(DOES_NOT)
    pair.client.presence()
    assert not pair.is_told()
    assert pair.questions()[0] == 2


def test_xep0115_nobody_is_asked_while_there_is_nothing_to_tell(world, start):
    start()
    user = User(world, ["romeo"], WANTS)
    user.tell("romeo", "!online")
    user.client.wait_presence(ROMEO)
    user.tell("romeo", "!idle 100")
    user.client.wait_presence(ROMEO)
    other = Pair(world, None, DOES_NOT)
    other.show_picture()  # later than anything that could have been asked
    user.client.sync()
    assert user.client.questions(MOCK) == 0
