# tests/functional/lib/gateway.py: the real causeway under test
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""stop() is part of the test: it wants exit status 0 and a log without a sanitizer's report, of the
gateway and of the protocol hosts, which write to the same log."""

import os
import re
import signal

from .process import Process, children_of, is_alive
from .servers import SECRET
from .waiting import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.join(ROOT, os.environ.get("CAUSEWAY_BUILD", "build/dev"))
REPORT = re.compile(r"(ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer|"
                    r"(?m:^\S+ \S+ critical )|-CRITICAL|assertion '.*' failed)")
SUPPRESSIONS = os.path.join(ROOT, "tests", "lsan.supp")  # leaks of libraries, with reasons

# Quick enough for tests; what a test measures it sets itself.
TIMING = {
    "server-retry-first": "0.2", "server-retry-max": "1", "server-refused-retry": "1",
    "legacy-retry-first": "0.5", "legacy-retry-max": "2", "host-retry-first": "0.1",
    "host-retry-max": "1", "registered-linger": "5", "login-timeout": "15",
    "logout-delay": "0.3",
}


def find_program(name):
    for folder in ("", "component", "protocols/purple", "bin"):
        path = os.path.join(BUILD, folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


class Gateway(Process):
    name = "causeway"

    def __init__(self, server_port, transports, limits=None, timing=None, server=None, log=None,
                 programs=None, server_host="127.0.0.1", folder=None):
        super().__init__(folder)
        self.config_path = os.path.join(self.folder, "causeway.conf")
        self.store_path = os.path.join(self.folder, "causeway.db")
        self.key_path = self.store_path + ".key"
        self.sections = {
            "server": {"host": server_host, "port": server_port, **(server or {})},
            "store": {"path": "causeway.db"},
            "log": {"debug": "true", "stanzas": "true", **(log or {})},
            "limits": {"registrations-per-minute": 0, "registrations-per-user-per-minute": 0,
                       **(limits or {})},
            "timing": {**TIMING, **(timing or {})},
        }
        purple = find_program("causeway-purple")
        agents = find_program("causeway-agents")
        if programs or purple:
            self.sections["programs"] = {"purple": purple, "agents": agents, **(programs or {})}
        for domain, keys in transports.items():
            section = dict(keys)
            if "secret-file" not in section:
                section.setdefault("secret", SECRET)
            self.sections[f"transport {domain}"] = section
        self.exit_expected = 0
        self.environment = {"G_SLICE": "always-malloc", "G_MESSAGES_DEBUG": "all"}

    def write_config(self):
        """Again before a SIGHUP, after `sections` was changed."""
        lines = []
        for section, keys in self.sections.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {quoted(value)}" for key, value in keys.items() if value is not None]
        descriptor = os.open(self.config_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as config:
            config.write("\n".join(lines) + "\n")

    def start(self, wait=True):
        """`wait`: until every transport's stream is up, as the log says it."""
        self.write_config()
        start = len(self.log_text())
        options = "detect_leaks=1:detect_stack_use_after_return=1:exitcode=99"
        self.spawn([find_program("causeway") or os.path.join(BUILD, "causeway"), "--config",
                    self.config_path],
                   env={"ASAN_OPTIONS": options, "UBSAN_OPTIONS": "print_stacktrace=1",
                        "LSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0",
                        **self.environment})
        if wait:
            for section in self.sections:
                if section.startswith("transport "):
                    domain = re.escape(section.split()[1])
                    self.wait_log(rf"\b{domain}: attached to the server", timeout=30, start=start)
        return self

    def hosts(self):
        """Process ids of the protocol hosts."""
        return children_of(self.process.pid)

    def reload(self):
        self.write_config()
        self.process.send_signal(signal.SIGHUP)

    def check_log(self):
        found = REPORT.search(self.log_text())
        if found:
            at = max(0, found.start() - 500)
            raise AssertionError(f"a report in the log of the gateway:\n"
                                 f"{self.log_text()[at:at + 8000]}")

    def stop(self):
        """SIGTERM and a clean end.  Does nothing when it is stopped or killed already."""
        if self.process is None:
            return
        hosts = self.hosts()
        status = self.end()
        self.process = None
        self._wait_for_end(hosts)
        self.check_log()
        assert status == self.exit_expected, (f"causeway ended with {status}, not "
                                              f"{self.exit_expected}:\n{self.log_text()[-4000:]}")

    def kill(self):
        """SIGKILL; its hosts are to see that and to end."""
        if self.process is not None:
            hosts = self.hosts()
            super().kill()
            self.process = None
            self._wait_for_end(hosts)

    def _wait_for_end(self, hosts):
        wait_until(lambda: not any(is_alive(pid) for pid in hosts),
                   what="the end of the protocol hosts, which also look for leaks")


def quoted(value):
    """In double quotes where the plain text would be read otherwise."""
    text = str(value)
    return f'"{text}"' if "#" in text or text.startswith('"') or text != text.strip() else text
