# tests/functional/lib/streamdriver.py: tests/peers/stream-driver.c, as an object
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""The component's streams alone: what they tell their owner comes as lines, "DOMAIN up" and so on."""

import os
import subprocess
import threading

from .gateway import BUILD, REPORT
from .process import Process, end_with_parent, resident_kib
from .waiting import TIMEOUT, Mailbox


class StreamDriver(Process):
    name = "stream-driver"

    def __init__(self, port, *domains, **options):
        super().__init__()
        self.domains = domains
        self.lines = Mailbox("the driver")
        self._arguments = [os.path.join(BUILD, "tests", "stream-driver"),
                           *(f"{key}={value}" for key, value in options.items()), str(port), *domains]

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self.folder, start_new_session=True, preexec_fn=end_with_parent,
                env={**os.environ, "G_MESSAGES_DEBUG": "component",
                     # freed memory goes back, or resident() would count it
                     "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=1"})
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait(self, what, domain=None, timeout=TIMEOUT):
        """The rest of the next line that begins "DOMAIN what"."""
        start = f"{domain or self.domains[0]} {what}"
        line = self.lines.wait_for(lambda l: (l + " ").startswith(start + " "), timeout, start)
        return line[len(start):].strip()

    def send(self, body, sender=None, to="juliet@example.com"):
        """TRUE: it was taken."""
        domain = self.domains[0]
        text = "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\{b:03o}"
                       for b in (body.encode() if isinstance(body, str) else body))
        self.say(f"send {domain} {sender or domain} {to} {text}")
        return self.lines.wait_for(lambda l: l in (f"{domain} sent", f"{domain} dropped"), TIMEOUT,
                                   "sent or dropped").endswith("sent")

    def resident(self):
        return resident_kib(self.process.pid)

    def stop(self):
        """An orderly stop, judged as the gateway's."""
        if self.process is None or self.process.poll() is not None:
            return
        self.say("stop")
        self.process.stdin.close()
        assert self.process.wait(TIMEOUT) == 0, self.log_text()[-4000:]

    def check(self):
        found = REPORT.search(self.log_text())
        assert not found, self.log_text()[-8000:]
        assert self.process is None or self.process.poll() in (None, 0), self.log_text()[-4000:]
