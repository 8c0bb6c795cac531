# tests/functional/test_leaks.py: a thousand log-ins and log-outs through the gateway leave nothing
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os

from conftest import IRC
from lib.process import resident_kib
from lib.registration import register, wait_online
from lib.waiting import wait_until
from lib.xmppclient import CLIENT

USERS, WARM_UP, ROUNDS = 10, 20, 100  # of each user: 1,000 log-ins behind the 200 of the warm-up
# KiB.  A log-in that left 1 KiB behind would make 1,000; what is left here is the allocator's.
SLACK = 700


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def log_in_and_out(gateway, clients, times):
    for _ in range(times):
        for client in clients:
            client.presence(IRC)
        for client in clients:
            wait_online(client, IRC)
        for client in clients:
            client.presence(IRC, "unavailable")
        for client in clients:
            client.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == IRC
                            and s.get("type") == "unavailable", what="the log-out")
        # whoever comes back before the log-out is through does not log in again
        wait_until(lambda: (log := gateway.log_text()).count("-> offline") >= log.count("-> online"),
                   what="the log-outs to be through")
        for client in clients:
            client.stanzas.take_all()


def test_a_thousand_logins_leave_nothing(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port,
                              log={"debug": "false", "stanzas": "false"},
                              timing={"logout-delay": 0},
                              transports={IRC: world.irc_transport(logins_per_minute="0")})
    # freed memory goes back, or it would count as growth
    gateway.environment["ASAN_OPTIONS"] = ("detect_leaks=1:exitcode=99:fast_unwind_on_malloc=0:"
                                           "quarantine_size_mb=1:malloc_context_size=1")
    gateway.start()
    clients = [world.account("user").client() for _ in range(USERS)]
    for client in clients:
        register(client, IRC, world.nick())
        client.presence(IRC, "unavailable")
    log_in_and_out(gateway, clients, WARM_UP)
    processes = [gateway.process.pid, *gateway.hosts()]
    before = [(resident_kib(pid), descriptors(pid)) for pid in processes]
    log_in_and_out(gateway, clients, ROUNDS)
    assert gateway.hosts() == processes[1:]
    # the gateway says that a user is gone before the host has closed his connection
    wait_until(lambda: all(descriptors(pid) <= files for pid, (_, files) in zip(processes, before)),
               what="connections to be closed")
    assert gateway.log_text().count("-> online") >= USERS * ROUNDS
    after = [(resident_kib(pid), descriptors(pid)) for pid in processes]
    print(f"KiB and descriptors of {processes}: before {before}, after {after}")
    for (old_size, old_files), (size, files) in zip(before, after):
        assert files <= old_files
        assert size - old_size < SLACK
