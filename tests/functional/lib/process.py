# tests/functional/lib/process.py: a program that a test runs, with its folder, log and end
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every program gets a fresh folder; it is ended by its process id, and removed when all went well."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile

from .waiting import TIMEOUT, Timeout, can_connect, wait_until

STOP_TIMEOUT = 30  # s


_libc = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent():
    """In the child: a test run that is killed leaves nothing running."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    name = "program"
    user = None  # to run as, when we are root; a program that changes its user itself would no
    #              longer end with us (prctl(2): the setting is lost then)

    def __init__(self, folder=None):
        if folder:
            os.makedirs(folder)
            self.user = None  # who might not get there: a checkout in a home, for example
        self.folder = folder or tempfile.mkdtemp(prefix=f"causeway-test-{self.name}-")
        self.log_path = os.path.join(self.folder, "log")
        self.process = None

    def spawn(self, arguments, env=None, cwd=None):
        # A session of its own: Ctrl-C in a terminal reaches the tests, which then stop it in order.
        user = self.user if os.geteuid() == 0 else None
        if user:
            shutil.chown(self.folder, user)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(env or {})}, cwd=cwd or self.folder, start_new_session=True,
                user=user, extra_groups=[] if user else None, preexec_fn=end_with_parent)
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, *ports, timeout=60):
        for port in ports:
            def ready():
                if not self.is_running():
                    raise AssertionError(f"{self.name} ended at start:\n{self.log_text()[-4000:]}")
                return can_connect(port)
            wait_until(ready, timeout, f"{self.name} on port {port}")
        return self

    def log_text(self):
        try:
            with open(self.log_path, errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, timeout=TIMEOUT, start=0):
        """The match of the regular expression in the log from `start` (characters) on."""
        try:
            return wait_until(lambda: re.search(pattern, self.log_text()[start:]), timeout,
                              f"'{pattern}' in the log of {self.name}")
        except Timeout as timeout_error:
            raise Timeout(f"{timeout_error}; its last lines:\n{self.log_text()[-3000:]}") from None

    def end(self, signal_number=signal.SIGTERM, timeout=STOP_TIMEOUT):
        """Sends the signal to this process alone, waits, and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.name} did not end {timeout} s after signal "
                                     f"{int(signal_number)}:\n{self.log_text()[-4000:]}") from None
        return self.process.returncode

    def kill(self):
        return self.end(signal.SIGKILL)

    def stop(self):
        return self.end()

    def remove_folder(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def children_of(pid):
    """Process ids of the direct children."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry))
    return found


def is_alive(pid):
    """Running, and not a zombie that nobody has waited for."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
