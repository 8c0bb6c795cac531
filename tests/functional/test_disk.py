# tests/functional/test_disk.py: the gateway's store on a disk that is really full
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""A small tmpfs of its own, which takes root to mount; it is gone again after the test."""

import errno
import os
import re
import subprocess

import pytest

from conftest import IRC
from lib.archive import query
from lib.registration import is_registered, plain, register, wait_online
from lib.rooms import IrcRoom
from lib.xmppclient import condition, error_text

NOT_STORED = re.compile(r"store: not stored.*")


class Disk:
    def __init__(self, path, size="2m"):
        self.path = str(path)
        self._filler = os.path.join(self.path, "filler")
        self._mount("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "causeway-test")

    def _mount(self, *command):
        result = subprocess.run([*command, self.path], capture_output=True, text=True, timeout=30)
        if result.returncode != 0:
            pytest.skip(f"a file system of its own takes root: {result.stderr.strip()}")

    def fill(self):
        """To the last byte."""
        with open(self._filler, "ab", buffering=0) as filler:
            for size in (4096, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def make_room(self):
        os.remove(self._filler)

    def close(self):
        if subprocess.run(["umount", self.path], timeout=30).returncode != 0:
            subprocess.run(["umount", "--lazy", self.path], timeout=30, check=True)


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path)
    yield disk
    disk.close()


@pytest.fixture
def gateway(disk, world, gateway_factory):  # the disk first: it goes last
    gateway = gateway_factory(server_port=world.server.component_port,
                              transports={IRC: world.irc_transport()})
    gateway.sections["store"]["path"] = os.path.join(disk.path, "causeway.db")
    return gateway.start()


class Chat:
    """A user who is registered already, and somebody on IRC."""

    def __init__(self, world):
        self.client = world.account("juliet").client()
        self.nick, self.friend = world.nick(), world.irc("friend")
        self.contact = f"{self.friend.nick}@{IRC}"
        register(self.client, IRC, self.nick)

    def talk(self, text):
        """Both ways."""
        self.client.message(self.contact, text)
        assert self.friend.wait_message(self.nick).text == text
        self.friend.say(self.nick, f"{text}, too")
        self.client.wait_message(self.contact, f"{text}, too")


def try_to_register(world, client):
    return client.iq("set", IRC, plain(world.nick("romeo")))


def test_a_full_disk_refuses_registrations_and_nothing_else(disk, world, gateway):
    chat = Chat(world)
    romeo = world.account("romeo").client()
    romeo.presence()
    chat.talk("before")

    disk.fill()
    for _ in range(3):
        answer = try_to_register(world, romeo)
        assert condition(answer) == "resource-constraint"
        assert "cannot be stored" in error_text(answer)
        assert not is_registered(romeo, IRC)
        chat.talk("still here")
    assert is_registered(chat.client, IRC)
    # what he has stored is read: the whole log-in again
    chat.client.presence(IRC, "unavailable")
    chat.friend.wait_offline(chat.nick)
    chat.client.presence(IRC)
    wait_online(chat.client, IRC)
    chat.talk("logged in again")
    lines = NOT_STORED.findall(gateway.log_text())
    assert len(lines) == 1  # once a minute at most
    assert "1 registration: " in lines[0] and "full" in lines[0] and disk.path in lines[0]
    assert "no restart is needed" in lines[0]

    disk.make_room()
    assert condition(try_to_register(world, romeo)) is None
    assert is_registered(romeo, IRC)
    over = gateway.wait_log("store: writing to '.*' works again.*").group()
    assert "not stored since the last line: 2 registrations" in over
    chat.talk("after")
    assert len(NOT_STORED.findall(gateway.log_text())) == 1


def test_a_removal_that_a_full_disk_refuses_is_told(disk, world, gateway):
    chat = Chat(world)
    disk.fill()
    answer = chat.client.iq("set", IRC, "<query xmlns='jabber:iq:register'><remove/></query>")
    assert condition(answer) is not None
    assert is_registered(chat.client, IRC)
    disk.make_room()
    answer = chat.client.iq("set", IRC, "<query xmlns='jabber:iq:register'><remove/></query>")
    assert condition(answer) is None
    assert not is_registered(chat.client, IRC)


def test_a_gateway_that_was_killed_starts_on_a_full_disk(disk, world, gateway):
    chat = Chat(world)
    disk.fill()
    gateway.kill()
    chat.friend.wait_offline(chat.nick)  # or the nick is taken yet when she comes back
    chat.client.stanzas.take_all()
    gateway.start()
    wait_online(chat.client, IRC)
    chat.talk("still here")
    disk.make_room()
    assert condition(try_to_register(world, world.account("romeo").client())) is None


def test_rooms_go_on_without_their_archive(disk, world, gateway):
    room = IrcRoom(world, IRC, world.account("juliet").client())
    room.join()

    def talk(text):
        room.friend.say(room.channel, text)
        room.wait_message(room.friend.nick, text)
        room.say(f"{text}, too")
        room.wait_message(room.nick, f"{text}, too")
    talk("before")
    assert query(room.client, room.jid).bodies == ["before", "before, too"]
    disk.fill()
    for n in range(10):
        talk(f"full {n} {'x' * 300}")
    page = query(room.client, room.jid)
    assert page.condition is None and page.bodies[:2] == ["before", "before, too"]
    disk.make_room()
    talk("after")
    assert query(room.client, room.jid).bodies[-2:] == ["after", "after, too"]
    assert re.search(r"store: not stored.* archived lines?: ", gateway.log_text())
