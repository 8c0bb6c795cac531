# tests/chaos/chaos/world.py: the servers, the proxies, the gateway and everybody who talks
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs are started and ended without blocking the loop that also carries the traffic."""

import asyncio
import os
import random
import signal
import socket
import time
from xml.sax.saxutils import quoteattr

from lib import gateway as gateway_module
from lib import servers
from lib.waiting import can_connect

from .clients import IrcClient, XmppClient, user_error
from .ledger import Ledger, Readers
from .proxy import Proxy
from .watch import Watch

HOST, OTHER_HOST = "localhost", "capulet.lit"
IRC, XMPP = "irc.localhost", "xmpp.localhost"
SUPPRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lsan.supp")
PLUGINS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "plugins")

TIMING = {"server-ping-interval": 20, "server-ping-timeout": 20, "server-refused-retry": 1,
          "server-retry-max": 0.4,
          "message-timeout": 20, "pending-time": 30, "legacy-retry-max": 1, "login-timeout": 10}
LIMITS = {"messages-per-minute": 0, "pending-messages": 5000, "registrations-per-minute": 0,
          "registrations-per-user-per-minute": 0}


def lasting_port():
    """A port that nobody gets for a connection of his own while its server is down: one below those
    that the kernel hands out."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as limits:
        first = int(limits.read().split()[0])
    while True:
        port = random.randrange(first - 12000, first)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class InLoop:
    """A program whose start() does not wait until it listens: up() does."""
    ports = ()

    def wait_ready(self, *ports, **_):
        self.ports = ports
        return self

    async def up(self):
        self.start()
        deadline = time.monotonic() + 60
        while not all(can_connect(port) for port in self.ports):
            if not self.is_running() or time.monotonic() > deadline:
                raise AssertionError(f"{self.name} does not come up:\n{self.log_text()[-3000:]}")
            await asyncio.sleep(0.02)
        return self

    async def down(self, signal_number=signal.SIGTERM, timeout=30):
        """Its exit status."""
        process = self.process
        if process.poll() is None:
            process.send_signal(signal_number)
        deadline = time.monotonic() + timeout
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise AssertionError(f"{self.name} did not end within {timeout} s")
            await asyncio.sleep(0.01)
        return process.returncode


class Prosody(InLoop, servers.Prosody):
    def __init__(self, log, **arguments):
        super().__init__(modules=["chaos_log"], component_modules=["chaos_log"], extra=f"""
plugin_paths = {{ {servers.lua_string(PLUGINS)} }}
chaos_log = {servers.lua_string(log)}
disable_sasl_mechanisms = {{ "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS" }}
""", **arguments)


class Ngircd(InLoop, servers.Ngircd):
    pass


class Gateway(InLoop, gateway_module.Gateway):
    name = "causeway"

    def log_text(self):
        """Its end is enough, while it runs and the log grows."""
        try:
            with open(self.log_path, "rb") as log:
                log.seek(max(0, os.path.getsize(self.log_path) - 20000))
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def reports(self):
        """Of sanitizers, and criticals."""
        found = []
        with open(self.log_path, errors="replace") as log:
            for line in log:
                if gateway_module.REPORT.search(line):
                    found.append(line.strip()[:300])
        return found


class Pair:
    """A user with an account on a network, and a partner there."""


class World:
    def __init__(self, folder, users, accounts_per_host, sanitized):
        self.folder = folder
        self.count = users
        self.half = users // 2  # these have IRC, the others XMPP
        self.accounts_per_host = accounts_per_host
        os.chmod(folder, 0o711)
        self.logs = {name: os.path.join(folder, name + ".messages") for name in ("a", "b", "irc")}
        self.irc_log = open(self.logs["irc"], "a", buffering=1 << 16)
        self.came_up = {}
        keys = [way + str(number) for number in range(users)
                for way in (("ui", "ni") if number < self.half else ("ux", "nx"))]
        self.ledger = Ledger(keys, self.came_up)
        self.readers = Readers(self.ledger, self.logs["a"], self.logs["b"])
        self.tasks = []
        self.sanitized = sanitized
        self.connects = {}

    def log_irc(self, now, kind, key, number):
        self.irc_log.write(f"{now:.6f} {kind} irc - {key} {number} 0 -\n")

    async def start(self):
        place = lambda name: os.path.join(self.folder, name)
        self.a = Prosody(self.logs["a"], hosts=[HOST], components=[IRC, XMPP], folder=place("a"),
                         client_port=lasting_port(), component_port=lasting_port())
        self.b = Prosody(self.logs["b"], hosts=[OTHER_HOST], folder=place("b"),
                         client_port=lasting_port())
        self.a.name, self.b.name = "Prosody A", "Prosody B"
        self.ircd = Ngircd(port=lasting_port(), extra="[Limits]\nMaxPenaltyTime = 0", folder=place("ngircd"))
        self.ircd.user = servers.Ngircd.user
        for number in range(self.count):
            self.a.add_user(f"user{number}", "secret", HOST)
            if number >= self.half:
                self.b.add_user(f"leg{number}", "secret", OTHER_HOST)
                self.b.add_user(f"pal{number}", "secret", OTHER_HOST)
        await asyncio.gather(self.a.up(), self.b.up(), self.ircd.up())
        self.component_proxy = await Proxy(self.a.component_port).start()
        self.irc_proxy = await Proxy(self.ircd.port).start()
        self.xmpp_proxy = await Proxy(self.b.port).start()
        for proxy in (self.irc_proxy, self.xmpp_proxy):
            proxy.came_up = lambda name, when: self.came_up.setdefault(name, []).append(when)

        shared = {"accounts-per-host": self.accounts_per_host, "logins-per-minute": 60000}
        self.gateway = Gateway(
            server_port=self.component_proxy.port, folder=place("gateway"), limits=LIMITS,
            timing=TIMING, log={"debug": "false", "stanzas": "false"},
            transports={
                IRC: {"protocol": "purple:prpl-irc", "name": "IRC", "split.1": "127.0.0.1",
                      "option.port": self.irc_proxy.port, "option.ratelimit-burst": 1000000,
                      "option.ratelimit-interval": 0, **shared},
                XMPP: {"protocol": "purple:prpl-jabber", "name": "XMPP",
                       "option.port": self.xmpp_proxy.port, "option.connect_server": "127.0.0.1",
                       "option.connection_security": "opportunistic_tls",
                       "option.auth_plain_in_clear": "true", **shared}})
        if self.sanitized:
            self.gateway.environment = {
                # causeway-purple unwinds slowly, so that suppressions match any frame: deep enough
                "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=8:"
                                "malloc_context_size=12:detect_stack_use_after_return=0",
                "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0"}
        else:
            self.gateway.environment = {}
        self.watch = Watch(self.gateway.folder)
        self.gateway.start(wait=False)

        self.pairs = []
        for number in range(self.count):
            pair = Pair()
            pair.number, pair.is_irc = number, number < self.half
            pair.user = XmppClient(self.a.port, f"user{number}", HOST, "secret")
            if pair.is_irc:
                pair.domain, pair.login, pair.password = IRC, f"gw{number}", None
                pair.contact = f"pal{number}@{IRC}"
                pair.target = f"gw{number}"
                pair.partner = IrcClient(self.ircd.port, f"pal{number}", self.ledger, self.log_irc)
                pair.there, pair.back = f"ui{number}", f"ni{number}"
                pair.partner.key = pair.back
            else:
                pair.domain, pair.login = XMPP, f"leg{number}@{OTHER_HOST}"
                pair.password = "secret"
                pair.contact = f"pal{number}\\40{OTHER_HOST}@{XMPP}"
                pair.target = pair.login
                pair.partner = XmppClient(self.b.port, f"pal{number}", OTHER_HOST, "secret")
                pair.there, pair.back = f"ux{number}", f"nx{number}"
            pair.online = asyncio.get_running_loop().create_future()
            pair.user.on_stanza = self.registering(pair)
            self.pairs.append(pair)
        for pair in self.pairs:
            for client in (pair.user, pair.partner):
                self.tasks.append(asyncio.ensure_future(client.run()))

    def registering(self, pair):
        def take(client, element):
            if element.get("from", "").partition("/")[0] != pair.domain:
                return
            kind = element.get("type")
            if element.tag.endswith("presence") and kind == "subscribe":
                client.write(f"<presence to='{pair.domain}' type='subscribed'/>"
                             f"<presence to='{pair.domain}' type='subscribe'/>")
            elif (element.tag.endswith("presence") and kind is None and
                  not any(child.tag.endswith("status") for child in element)):
                if not pair.online.done():
                    pair.online.set_result(None)
            elif element.tag.endswith("iq") and user_error(element) and not pair.online.done():
                pair.online.set_exception(AssertionError(user_error(element)))
        return take

    async def register(self):
        """All accounts are made and logged in."""
        deadline = time.monotonic() + 60
        while not (len(self.component_proxy.links) == 2 and
                   all(pair.user.is_ready and pair.partner.is_ready for pair in self.pairs)):
            if time.monotonic() > deadline:
                raise AssertionError("not everybody is connected")
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        for pair in self.pairs:
            password = f"<password>{pair.password}</password>" if pair.password else ""
            pair.user.write(f"<iq type='set' id='reg' to={quoteattr(pair.domain)}><query "
                            f"xmlns='jabber:iq:register'><username>{pair.login}</username>"
                            f"{password}</query></iq>")
        await asyncio.wait_for(asyncio.gather(*(pair.online for pair in self.pairs)), 90)
        for pair in self.pairs:
            pair.user.on_stanza = pair.user.parser = None

    def send(self, pair, towards_network, number):
        """FALSE: not now."""
        client = pair.user if towards_network else pair.partner
        if not client.can_send():
            return False
        if towards_network:
            client.say(pair.contact, pair.there, number)
        else:
            client.say(pair.target, pair.back, number)
        return True

    async def stop(self):
        """Everything but the gateway, which its judge ends.  Also after a failure."""
        for pair in getattr(self, "pairs", []):
            pair.user.close()
            pair.partner.close()
        for task in self.tasks:
            task.cancel()
        for name in ("gateway", "a", "b", "ircd"):
            program = getattr(self, name, None)
            if program is not None and program.process is not None:
                program.process.send_signal(signal.SIGCONT)
                await program.down(signal.SIGKILL if name == "gateway" else signal.SIGTERM)
        for name in ("component_proxy", "irc_proxy", "xmpp_proxy"):
            if hasattr(self, name):
                getattr(self, name).close()
        self.irc_log.close()
