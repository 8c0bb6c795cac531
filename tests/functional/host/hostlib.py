# tests/functional/host/hostlib.py: What the tests of causeway-purple share: the program at the
# end of a socketpair, real servers on ports that the kernel chose, and contacts on them
# SPDX-License-Identifier: GPL-2.0-or-later
import asyncio
import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("CAUSEWAY_BUILD", os.path.join(ROOT, "build", "dev"))
PROGRAM = os.path.join(BUILD, "causeway-purple")
TIMEOUT = float(os.environ.get("CAUSEWAY_TEST_TIMEOUT", "20"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, process):
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server does not listen")


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Host:
    """causeway-purple, or another host; we are its gateway."""

    def __init__(self, protocol, tmp, hello=True, args=(), env=None, scoreboard=None, command=None):
        ours, theirs = socket.socketpair()
        self.sock = ours
        self.stderr = open(os.path.join(tmp, "host.stderr"), "w+")
        self.tmp = os.path.join(tmp, "t")
        os.makedirs(self.tmp, exist_ok=True)
        environment = dict(os.environ, TMPDIR=self.tmp, LC_ALL="C.UTF-8")
        # libpurple's own leaks at exit are named in lsan.supp, each with its reason
        environment["ASAN_OPTIONS"] = "detect_leaks=1:detect_stack_use_after_return=1:exitcode=99"
        environment["LSAN_OPTIONS"] = "suppressions=%s:print_suppressions=0" % os.path.join(
            ROOT, "tests", "lsan.supp")
        environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
        environment.update(env or {})
        fd = theirs.fileno()


        def child():
            wanted = {3: fd} if scoreboard is None else {3: fd, 4: scoreboard}
            # out of the way first: one may be in the other's place
            high = {n: fcntl.fcntl(source, fcntl.F_DUPFD, 10) for n, source in wanted.items()}
            for n, source in high.items():
                os.dup2(source, n)
                os.set_inheritable(n, True)
                os.close(source)

        self.process = subprocess.Popen([*(command or [PROGRAM, "--protocol"]), protocol, *args],
                                        stderr=self.stderr, stdin=subprocess.DEVNULL,
                                        preexec_fn=child, close_fds=False, env=environment)
        theirs.close()
        self.buffer = b""
        self.lines = []  # read and not yet asked for
        self.logs = []
        self.ids = 0
        if hello:
            self.send(type="hello", version=1)
            self.hello = self.expect("hello")

    def send(self, **line):
        self.sock.sendall(json.dumps(line).encode() + b"\n")

    def raw(self, data):
        self.sock.sendall(data)

    def next_id(self):
        self.ids += 1
        return self.ids

    def _read(self, timeout):
        """Reads what there is into self.lines; False: the host has closed."""
        ready, _, _ = select.select([self.sock], [], [], timeout)
        if not ready:
            return True
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            return False
        self.buffer += data
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            line = json.loads(line)
            (self.logs if line["type"] == "log" else self.lines).append(line)
        return True

    def expect(self, kind, timeout=TIMEOUT, **fields):
        """The next line of that type with those values; others stay for later."""
        end = time.monotonic() + timeout
        open_ = True
        while True:
            for line in self.lines:
                if line["type"] == kind and all(line.get(k) == v for k, v in fields.items()):
                    self.lines.remove(line)
                    return line
            left = end - time.monotonic()
            if left <= 0 or not open_:
                raise AssertionError("no %s %r; there are: %r; log: %r; stderr: %s" % (
                    kind, fields, self.lines, self.logs[-5:], self.errors()[-3000:]))
            open_ = self._read(left)

    def never(self, kind, seconds=0.5, **fields):
        try:
            line = self.expect(kind, timeout=seconds, **fields)
        except AssertionError:
            return
        raise AssertionError("unexpected: %r" % line)

    def sync(self):
        """All lines that were caused by what was sent so far are read."""
        number = 1000000 + self.next_id()
        self.send(type="ping", id=number)
        self.expect("pong", id=number)

    def login(self, account=1, wait="online", **fields):
        self.send(type="login", account=account, **fields)
        self.expect("state", account=account, state="connecting")
        if wait:
            return self.expect("state", account=account, state=wait)
        return None

    def message(self, contact, text, account=1):
        number = self.next_id()
        self.send(type="message", account=account, id=number, contact=contact, text=text)
        return number

    def errors(self):
        self.stderr.flush()
        with open(self.stderr.name) as f:
            return f.read()

    def close(self, code=0):
        """Closes the link as the gateway does, and judges the end: exit status, sanitizers."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        while self._read(30):
            pass
        self.sock.close()
        self.end(code)

    def end(self, code=0):
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the host does not end: " + self.errors()[-3000:])
        text = self.errors()
        assert status == code, "exit status %d: %s" % (status, text[-6000:])
        assert "Sanitizer" not in text and "runtime error" not in text, text[-6000:]
        assert os.listdir(self.tmp) == [], "left behind: %r" % os.listdir(self.tmp)


# ---- IRC ----

class IrcServer:
    def __init__(self, folder):
        self.port = free_port()
        path = os.path.join(folder, "ngircd.conf")
        with open(path, "w") as f:
            f.write("[Global]\nName = irc.test\nInfo = test\nListen = 127.0.0.1\nPorts = %d\n"
                    "[Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxPenaltyTime = 0\n"
                    "MaxNickLength = 30\n"
                    "[Options]\nDNS = no\nIdent = no\nPAM = no\nRequireAuthPing = no\n" % self.port)
        self.log = open(os.path.join(folder, "ngircd.log"), "w")
        self.process = subprocess.Popen([shutil.which("ngircd") or "/usr/sbin/ngircd", "-n", "-f",
                                         path], stdout=self.log, stderr=self.log)
        wait_port(self.port, self.process)

FALTER = 0.3  # s: some times as long as the host gathers changes


class Relay:
    """Between the host and a server: a connection that can be cut, and that falters."""

    def __init__(self, server):
        self.falter = None  # a pattern of what it stops behind, for FALTER seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.server = server
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                inner, _ = self.listener.accept()
            except OSError:
                return
            outer = socket.create_connection(("127.0.0.1", self.server.port))
            self.pairs.append((inner, outer))
            for source, sink in ((inner, outer), (outer, inner)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source, sink):
        try:
            while data := source.recv(65536):
                while self.falter and (found := self.falter.search(data)):
                    sink.sendall(data[:found.end()])
                    data = data[found.end():]
                    time.sleep(FALTER)
                sink.sendall(data)
        except OSError:
            pass

    def cut(self):
        for pair in self.pairs:
            for side in pair:
                with contextlib.suppress(OSError):  # it has ended by itself
                    side.shutdown(socket.SHUT_RDWR)
        self.pairs.clear()

    def close(self):
        self.cut()
        self.listener.close()


class IrcContact:
    """A raw IRC client."""

    def __init__(self, server, nick):
        self.nick = nick
        self.sock = socket.create_connection(("127.0.0.1", server.port), TIMEOUT)
        self.buffer = b""
        self.raw("NICK %s" % nick)
        self.raw("USER %s 0 * :%s" % (nick, nick))
        self.wait(lambda l: " 001 " in l)

    def raw(self, line):
        self.sock.sendall(line.encode() + b"\r\n")

    def line(self, timeout=TIMEOUT):
        self.sock.settimeout(timeout)
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            assert data, "IRC server closed"
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        line = line.rstrip(b"\r").decode()  # invalid UTF-8 fails here
        if line.startswith("PING"):
            self.raw("PONG" + line[4:])
        return line

    def wait(self, wanted, timeout=TIMEOUT):
        end = time.monotonic() + timeout
        while True:
            line = self.line(max(0.01, end - time.monotonic()))
            if wanted(line):
                return line

    def message(self, timeout=TIMEOUT):
        """(nick, text) of the next PRIVMSG."""
        line = self.wait(lambda l: " PRIVMSG " in l, timeout)
        prefix, _, target, text = line.split(" ", 3)
        assert target == self.nick
        return prefix[1:].split("!")[0], text[1:] if text.startswith(":") else text

    def say(self, to, text):
        self.raw("PRIVMSG %s :%s" % (to, text))

    def close(self):
        self.sock.close()


# ---- XMPP ----

class XmppServer:
    """Prosody with the hosts a.test (no TLS) and tls.test (self-signed certificate)."""

    def __init__(self, folder):
        self.port, self.tls_port = free_port(), free_port()
        self.folder = folder
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"],
                       check=True, capture_output=True)
        os.chmod(folder + "/key.pem", 0o644)
        os.makedirs(folder + "/data", exist_ok=True)
        for port, name, tls in ((self.port, "plain", False), (self.tls_port, "tls", True)):
            modules = '"roster"; "saslauth"; "disco"; "ping"; "presence"; "message"; "iq"; ' \
                      '"offline"; "register"; "c2s"' + ('; "tls"' if tls else "")
            with open("%s/%s.cfg.lua" % (folder, name), "w") as f:
                f.write('run_as_root = true\npidfile = "%s/%s.pid"\ndata_path = "%s/data"\n'
                        'interfaces = { "127.0.0.1" }\nc2s_ports = { %d }\n'
                        'modules_enabled = { %s }\nmodules_disabled = { "s2s"; "admin_shell" }\n'
                        'authentication = "internal_plain"\n'
                        'allow_unencrypted_plain_auth = true\nc2s_require_encryption = %s\n'
                        'log = { debug = "%s/%s.log" }\n'
                        'VirtualHost "localhost"\n%sComponent "rooms.localhost" "muc"\n'
                        % (folder, name, folder, port, modules, "true" if tls else "false", folder,
                           name, 'ssl = { key = "%s/key.pem"; certificate = "%s/cert.pem" }\n'
                           % (folder, folder) if tls else ""))
        self.processes = []
        for name, port in (("plain", self.port), ("tls", self.tls_port)):
            process = subprocess.Popen(["prosody", "--config", "%s/%s.cfg.lua" % (folder, name),
                                        "-F"], stdout=subprocess.DEVNULL,
                                       stderr=open("%s/%s.err" % (folder, name), "w"))
            self.processes.append(process)
            wait_port(port, process)

    def fresh(self, name):
        """A new account that nobody knows."""
        self.count = getattr(self, "count", 0) + 1
        user = "%s%d" % (name, self.count)
        self.register(user)
        return user

    def register(self, user, password="secret"):
        path = self.folder + "/data/localhost/accounts"
        os.makedirs(path, exist_ok=True)
        with open("%s/%s.dat" % (path, user), "w") as f:
            f.write('return { ["password"] = "%s"; };\n' % password)
        subprocess.run(["chown", "-R", "prosody", self.folder + "/data"], check=False,
                       capture_output=True)


class XmppContact:
    """slixmpp in a thread of its own; what arrives is in `events` as (name, from, value)."""

    def __init__(self, server, user):
        import slixmpp
        self.user, self.jid = user, user + "@localhost"
        self.events = []
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            client = slixmpp.ClientXMPP("%s@localhost/contact" % user, "secret")
            self.client = client
            client.auto_authorize = None
            client.auto_subscribe = False
            client["feature_mechanisms"].unencrypted_plain = True
            client["feature_mechanisms"].unencrypted_scram = True
            client.register_plugin("xep_0085")

            async def start(_):
                await client.get_roster()
                client.send_presence()
                started.set()

            def stanza(name):
                def handler(event):
                    value = event["body"] if name == "message" else event["type"]
                    if name == "message" and not value:
                        return
                    self.add((name, str(event["from"].bare), value))
                return handler

            client.add_event_handler("session_start", start)
            client.add_event_handler("message", stanza("message"))
            client.add_event_handler("presence_subscribe", stanza("subscribe"))
            for state in ("composing", "paused", "active"):
                client.add_event_handler(
                    "chatstate_" + state,
                    lambda event, state=state: self.add(("typing", str(event["from"].bare), state)))
            client.connect(("127.0.0.1", server.port), disable_starttls=True, use_ssl=False)
            self.loop.run_forever()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert started.wait(TIMEOUT), "slixmpp did not log in"

    def add(self, event):
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def call(self, function):
        done = threading.Event()

        def run():
            function(self.client)
            done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(TIMEOUT)

    def expect(self, name, sender=None, value=None, timeout=TIMEOUT):
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                for event in self.events:
                    if event[0] == name and sender in (None, event[1]) \
                            and value in (None, event[2]):
                        self.events.remove(event)
                        return event
                left = end - time.monotonic()
                assert left > 0, "no %s %s; there are %r" % (name, value, self.events)
                self.changed.wait(left)

    def close(self):
        async def end():
            self.client.abort()
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.loop.call_soon(self.loop.stop)
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(5)


def xmpp_values(server, tls=False):
    return {"connect_server": "127.0.0.1",
            "port": str(server.tls_port if tls else server.port),
            "connection_security": "require_tls" if tls else "opportunistic_tls",
            "auth_plain_in_clear": "1"}


def run_list(*args):
    return subprocess.run([PROGRAM, "--list", *args], capture_output=True, text=True, check=True,
                          env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0")).stdout
