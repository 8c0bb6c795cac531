# tests/chaos/chaos/faults.py: what goes wrong, when, and whom it hits
#
# SPDX-License-Identifier: GPL-2.0-or-later

import asyncio
import os
import signal
import time

from lib.process import children_of, is_alive

from .ledger import account_of

# kind -> (weight, the parts of the world that it keeps busy).  While a server is stopped no host and no
# gateway is killed: the server would read, when it goes on, what its clients sent for seconds before it
# reads that the connection on the other side is gone, and hand all of that to a dead one.
KINDS = {
    "kill host": (20, "g"), "kill gateway": (8, "g"),
    "restart Prosody A": (6, "a"), "kill Prosody A": (4, "a"),
    "restart ngircd": (8, "i"), "restart Prosody B": (8, "b"),
    "stop host": (6, "g"), "stop gateway": (5, "g"), "stop Prosody A": (4, "ag"),
    "stop ngircd": (4, "ig"), "stop Prosody B": (4, "bg"),
    "cut component": (8, "a"), "cut IRC": (8, "i"), "cut XMPP": (8, "b"),
}
JITTER = 0.05  # s
# s more until the next one: everybody comes back, and gets what was kept for him
RECOVERY = {"restart Prosody A": 0.8, "kill Prosody A": 0.8, "kill gateway": 0.8}
PILED_MOST = 40      # messages without a fate beyond those before the last fault: the rest has gone on its way
WAIT_MOST = 8.0      # s that a fault waits for that: some may be lost
OVERLAP = 0.12  # of the faults come while another one is not over


class Fault:
    def __init__(self, number, kind):
        self.number, self.kind = number, kind
        self.what = kind
        self.begin = time.time()
        self.end = self.excuses_until = None
        self.networks = "ix"
        self.accounts = None  # names of legacy accounts; None: all of the networks

    def hits(self, stream):
        return stream.key[1] in self.networks and (self.accounts is None or
                                                   account_of(stream) in self.accounts)

    def hop(self, stream):
        network = "IRC" if stream.key[1] == "i" else "XMPP network"
        if self.kind.endswith("Prosody A") or self.kind == "cut component":
            return "XEP-0114"
        return network if "gateway" not in self.kind else f"XEP-0114 or {network}"

    def __str__(self):
        return f"fault {self.number}, {self.what}, {stamp(self.begin)}"


def stamp(when):
    return time.strftime("%H:%M:%S", time.localtime(when)) + f"{when % 1:.3f}"[1:]


class Faults:
    def __init__(self, world, rng, kinds, log):
        self.world, self.rng, self.log = world, rng, log
        self.kinds = {kind: KINDS[kind] for kind in kinds or KINDS}
        self.done = []
        self.busy = {}  # part -> task
        self.last_end = self.more_gap = 0.0
        self.is_dead = False  # the gateway is killed, and those around it have not seen that yet
        self.open_before = 0  # messages without a fate when the last one began

    def is_busy(self):
        return bool(self.busy)

    def plan(self):
        """The next fault's kind, and whether it may come while another one is not over.  The choice
        depends on the seed alone."""
        kind = self.rng.choices(list(self.kinds), [row[0] for row in self.kinds.values()])[0]
        return kind, self.rng.random() < OVERLAP, self.rng.randrange(1 << 30)

    def may_begin(self, kind, overlaps, gap):
        """`gap`: s since the last one ended, and what had piled up has gone on its way: on a slow machine
        that takes longer.  One that overlaps comes while another part is busy."""
        if self.busy:
            return overlaps and not self.busy.keys() & set(self.kinds[kind][1])
        since = time.time() - self.last_end
        is_through = self.world.ledger.open_count() <= self.open_before + PILED_MOST
        return since > gap + self.more_gap and (is_through or since > WAIT_MOST)

    def begin(self, kind, dice):
        fault = Fault(len(self.done) + 1, kind)
        if not self.busy:
            self.open_before = self.world.ledger.open_count()
        self.done.append(fault)
        parts = self.kinds[kind][1]
        self.busy.update(dict.fromkeys(parts, asyncio.ensure_future(self.run(fault, parts, dice))))

    async def run(self, fault, parts, dice):
        try:
            # not in step with the senders, who share this loop
            await asyncio.sleep(dice % 997 / 997 * JITTER)
            fault.begin = time.time()
            verb, _, subject = fault.kind.partition(" ")
            await getattr(self, verb)(fault, subject, dice)
        except Exception as problem:  # the harness must not go on as if nothing were
            self.log(f"HARNESS: {fault}: {problem!r}")
            self.problem = problem
        finally:
            fault.end = self.last_end = time.time()
            self.more_gap = RECOVERY.get(fault.kind, 0)
            if fault.excuses_until is None:
                fault.excuses_until = fault.begin
            for part in parts:
                del self.busy[part]
            self.log(f"{fault} ({fault.end - fault.begin:.2f} s)")

    problem = None

    # ---- whom ----

    def pick_host(self, fault, dice):
        """A protocol host, or None; writes down who is on it."""
        gateway = self.world.gateway
        hosts = sorted(children_of(gateway.process.pid)) if gateway.is_running() else []
        if not hosts:
            fault.accounts, fault.what = set(), fault.kind + " (there was none)"
            return None
        pid = hosts[dice % len(hosts)]
        links = [link for proxy in (self.world.irc_proxy, self.world.xmpp_proxy)
                 for link in proxy.links_of_process(pid)]
        fault.accounts = {link.account for link in links if link.account}
        fault.what = f"{fault.kind} {pid} with {len(fault.accounts)} accounts"
        return pid

    def server(self, fault, subject):
        server, fault.networks = {"Prosody A": (self.world.a, "ix"), "Prosody B": (self.world.b, "x"),
                                  "ngircd": (self.world.ircd, "i")}[subject]
        return server

    # ---- what ----

    async def kill(self, fault, subject, dice):
        if subject == "host":
            pid = self.pick_host(fault, dice)
            fault.begin = time.time()
            if pid is not None:
                send_signal(pid, signal.SIGKILL)
        elif subject == "gateway":
            gateway = self.world.gateway
            self.is_dead = True
            gateway.process.kill()
            while self.world.component_proxy.links and time.time() - fault.begin < 5:
                await asyncio.sleep(0.001)
            fault.what += f", seen by the server after {(time.time() - fault.begin) * 1000:.0f} ms"
            await gateway.down(signal.SIGKILL)
            self.is_dead = False
            await asyncio.sleep(0.1 + dice % 400 / 1000)
            gateway.start(wait=False)
            deadline = time.monotonic() + 20
            while not self.world.component_proxy.links and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
        else:
            server = self.server(fault, subject)
            await server.down(signal.SIGKILL)
            await asyncio.sleep(dice % 300 / 1000)
            await server.up()

    async def restart(self, fault, subject, dice):
        server = self.server(fault, subject)
        await server.down(signal.SIGTERM)
        await asyncio.sleep(dice % 300 / 1000)
        await server.up()

    async def stop(self, fault, subject, dice):
        if subject == "host":
            pid = self.pick_host(fault, dice)
        elif subject == "gateway":
            pid = self.world.gateway.process.pid
        else:
            pid = self.server(fault, subject).process.pid
        if pid is None:
            return
        fault.begin = time.time()
        fault.excuses_until = fault.begin + 5
        send_signal(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(1 + dice % 3000 / 1000)
        finally:
            send_signal(pid, signal.SIGCONT)
            fault.excuses_until = time.time()

    async def cut(self, fault, subject, dice):
        proxy, fault.networks = {"component": (self.world.component_proxy, "ix"),
                                 "IRC": (self.world.irc_proxy, "i"),
                                 "XMPP": (self.world.xmpp_proxy, "x")}[subject]
        links = sorted(proxy.links, key=lambda link: link.client_port())
        reset, many = dice % 2 == 0, dice // 2 % 3
        if links and many > 0:
            links = [links[dice // 8 % len(links)]] if many == 1 else \
                [link for i, link in enumerate(links) if (dice >> (i % 24)) & 1]
        fault.begin = time.time()
        for link in links:
            link.cut(reset)
        if subject != "component":
            fault.accounts = {link.account for link in links if link.account}
        fault.what = f"{fault.kind}: {len(links)} by {'RST' if reset else 'FIN'}"


def send_signal(pid, number):
    if is_alive(pid):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
