# tests/functional/test_flood.py: the network sends and the Jabber server does not read: C24
#
# SPDX-License-Identifier: GPL-2.0-or-later

import time

from lib.badircd import FloodingIrcd
from lib.badserver import ACCEPT, BadServer
from lib.process import resident_kib
from lib.servers import SECRET
from lib.waiting import wait_until

IRC = "irc.localhost"
COUNT = 100000
BODY = f"{{{ACCEPT}}}body"
ROMEO = "romeo@montague.lit/orchard"


def has_stopped(read):
    """The number that `read` gives does not change any more."""
    before = None
    while before != read():
        before = read()
        time.sleep(1)
    return True


def test_C24_100000_messages_while_the_server_does_not_read(gateway_factory):
    ircd, server = FloodingIrcd(), BadServer(secret=SECRET, receive_buffer=4096)
    gateway = gateway_factory(server_port=server.port, timing={"server-ping-interval": "600"},
                              limits={"send-queue": 65536}, log={"stanzas": "false", "debug": "false"},
                              transports={IRC: {"protocol": "purple:prpl-irc", "allow": "*",
                                                "option.port": ircd.port, "split.1": "127.0.0.1"}})
    # freed memory goes back, or it would count as growth
    gateway.environment["ASAN_OPTIONS"] = \
        "detect_leaks=1:exitcode=99:fast_unwind_on_malloc=0:quarantine_size_mb=1"
    try:
        gateway.start(wait=False)
        connection = server.accept(timeout=30).attach()
        connection.send(f"<iq type='set' from='{ROMEO}' to='{IRC}' id='r'>"
                        "<query xmlns='jabber:iq:register'><username>romeo</username></query></iq>"
                        f"<presence from='{ROMEO}' to='{IRC}'/>")
        connection.wait_element("iq", id="r", type="result", timeout=40)
        connection.send(f"<presence from='{ROMEO}' to='{IRC}'/>")
        connection.wait_element("presence", from_=IRC, type=None)

        processes = [gateway.process.pid, *gateway.hosts()]
        before = [resident_kib(pid) for pid in processes]
        connection.pause_reading()
        ircd.flood(COUNT)
        # the flood stands still: everything between the two servers is full
        wait_until(lambda: ircd.sent > 0, what="the flood to begin")
        has_stopped(lambda: ircd.sent)
        assert ircd.sent < COUNT
        growth = [resident_kib(pid) - old for pid, old in zip(processes, before)]
        print("growth in KiB while 100,000 messages wait:", growth)
        assert max(growth) < 24 * 1024

        connection.go_on_reading()
        wait_until(lambda: ircd.sent == COUNT, timeout=120, what="the flood to end")
        history = connection.mail.history

        def last_one_is_here():
            text = history[-1].findtext(BODY, "") if not isinstance(history[-1], str) else ""
            return text.startswith(f"{COUNT - 1} ")
        wait_until(last_one_is_here, timeout=120, what="the last message")
        numbers = [int(e.findtext(BODY).split()[0]) for e in history
                   if not isinstance(e, str) and e.get("from") == f"flood@{IRC}"
                   and e.findtext(BODY)]
        assert numbers == list(range(COUNT))  # each, once, in order
    finally:
        gateway.stop()
        ircd.close()
        server.close()
