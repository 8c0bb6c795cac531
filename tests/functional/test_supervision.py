# tests/functional/test_supervision.py: hosts that crash, hang and eat memory, and who suffers
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""The network is tests/peers/prpl-mock, whose log-in of a user crash… crashes while a file is there."""

import os
import re
import signal
import stat
import time

import pytest

from lib.friends import is_presence_of
from lib.gateway import BUILD
from lib.process import is_alive
from lib.registration import log_out, register, settle, wait_online
from lib.waiting import TIMEOUT, wait_until
from lib.xmppclient import CLIENT, body

MOCK = "one.localhost"
PLUGINS = os.path.join(BUILD, "tests", "plugins")
CRASH_IS_FINE = "detect_leaks=1:detect_stack_use_after_return=1:exitcode=99:handle_segv=0"
BACK_ONLINE = 3 * max(1, TIMEOUT / 10)  # s; slow machines ask for more patience
SECRET = "a secret between us"


class World:
    """A gateway with the mock network, and its users."""

    def __init__(self, world, make, timing=None, **arguments):
        self.world = world
        self.gateway = make(server_port=world.server.component_port, transports={
            MOCK: {"protocol": "purple:prpl-mock", "name": "Mock", "plugin-path": PLUGINS}},
            timing={"host-ping-interval": "0.5", "host-ping-timeout": "2", **(timing or {})},
            **arguments)
        self.flag = os.path.join(self.gateway.folder, "crash")
        self.crashes = os.path.join(self.gateway.folder, "crashes")
        self.gateway.environment.update({"ASAN_OPTIONS": CRASH_IS_FINE,
                                         "MOCK_CRASH_FILE": self.flag})
        self.gateway.start()

    def users(self, *names):
        clients = []
        for name in names:
            client = self.world.account(name).client()
            register(client, MOCK, name, SECRET)
            clients.append(client)
        return clients

    def start_crashing(self):
        open(self.flag, "w").close()

    def log(self):
        return self.gateway.log_text()

    def guilty(self):
        return re.findall(r"the account (\S+) crashed its host", self.log())

    def crash_logs(self):
        found = []
        for name in sorted(os.listdir(self.crashes)):
            with open(os.path.join(self.crashes, name)) as log:
                found.append(log.read())
        return found


def wait_back(clients, since):
    """Until all are online again; how long it took."""
    for client in clients:
        wait_online(client, MOCK)
        settle(client, MOCK)
    elapsed = time.monotonic() - since
    print(f"{len(clients)} accounts were back online after {elapsed:.2f} s")
    assert elapsed < BACK_ONLINE
    return elapsed


@pytest.fixture
def start(world, gateway_factory):
    return lambda **arguments: World(world, gateway_factory, **arguments)


def test_an_account_that_crashes_its_host_ends_alone(start):
    mock = start(log={"crash-logs": 2}, timing={"quarantine-first": 3, "quarantine-max": 4})
    others = mock.users(*(f"user{i}" for i in range(7)))
    (culprit,) = mock.users("crash-me")
    assert len(mock.gateway.hosts()) == 1
    log_out(culprit, MOCK)
    mock.start_crashing()
    began = time.monotonic()
    culprit.presence(MOCK)
    wait_back(others, began)
    wait_until(lambda: mock.guilty(), what="the verdict")
    # it tried alone, and again: nobody else noticed
    assert set(mock.guilty()) == {"crash-me"}
    # quarantined, and told so, while messages to others come and go
    assert "crashes the program" in body(culprit.wait_message(MOCK))
    culprit.wait_for(lambda s: is_presence_of(MOCK)(s)
                     and "not connected" in (s.findtext(CLIENT + "status") or ""))
    tries = len(mock.guilty())
    time.sleep(1.5)
    assert len(mock.guilty()) == tries  # in the quarantine
    wait_until(lambda: len(mock.guilty()) > tries, what="the try after the quarantine")
    for client in others:
        client.sync()
        assert not client.stanzas.take_all(is_presence_of(MOCK))
    assert len(re.findall(r"8 accounts on it", mock.log())) == 1
    assert not re.findall(r"[2-7] accounts on it", mock.log())

    # what the admin finds
    assert stat.S_IMODE(os.stat(mock.crashes).st_mode) == 0o700
    names = os.listdir(mock.crashes)
    assert 1 <= len(names) <= 2
    for name in names:
        assert stat.S_IMODE(os.stat(os.path.join(mock.crashes, name)).st_mode) == 0o600
    newest = mock.crash_logs()[-1]
    assert "signal: 11" in newest and "crash-me\n" in newest and "accounts: 1\n" in newest
    assert "verdict: " in newest and "-> login" in newest
    for text in mock.crash_logs():
        assert SECRET not in text and len(text) < 8192
    assert re.search(r"what is known of the crash is in \S+/crashes/crash-\S+\.log", mock.log())


def test_a_host_that_is_stuck_is_replaced(start):
    mock = start()
    stuck, other = mock.users("stuck", "other")
    stuck.message(f"spin@{MOCK}", "wherefore art thou")
    mock.gateway.wait_log("did not answer a ping in time; 2 accounts on it")
    wait_back([stuck, other], time.monotonic())
    assert mock.guilty() == []
    (text,) = mock.crash_logs()
    assert "serving: account" in text and ", stuck\n" in text
    assert "wherefore" not in text and "spin" not in text


def test_a_host_that_eats_memory_is_replaced(start):
    mock = start(limits={"host-memory": 400})
    eater, other = mock.users("eater", "other")
    eater.message(f"eat@{MOCK}", "eat")
    mock.gateway.wait_log(r"used \d+ MiB of memory, over the 400 of host-memory")
    wait_back([eater, other], time.monotonic())


def test_nobody_is_guilty_of_a_host_that_was_killed(start):
    mock = start()
    clients = mock.users("one", "two", "three")
    (host,) = mock.gateway.hosts()
    began = time.monotonic()
    os.kill(host, signal.SIGKILL)
    wait_back(clients, began)
    assert mock.guilty() == []
    assert "serving: nobody\n" in mock.crash_logs()[0]
    wait_until(lambda: not is_alive(host), what="its end")


def test_nobody_is_guilty_alone_either(start):
    mock = start()
    clients = mock.users("one")
    (host,) = mock.gateway.hosts()
    began = time.monotonic()
    os.kill(host, signal.SIGKILL)
    wait_back(clients, began)
    assert mock.guilty() == []


def test_a_crash_log_that_cannot_be_written_is_one_line(start):
    mock = start(log={"crash-path": "/dev/null/crashes"})
    clients = mock.users("one")
    os.kill(mock.gateway.hosts()[0], signal.SIGKILL)
    wait_back(clients, time.monotonic())
    assert len(re.findall("cannot write the crash log", mock.log())) == 1
