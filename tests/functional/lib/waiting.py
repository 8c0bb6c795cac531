# tests/functional/lib/waiting.py: waiting for events, never for time to pass
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Mailbox collects what arrives in other threads; a test takes out of it what it waits for."""

import os
import socket
import threading
import time

# s; far over what anything takes, for machines that are busy
TIMEOUT = float(os.environ.get("CAUSEWAY_TEST_TIMEOUT", 20))


class Timeout(AssertionError):
    pass


class Mailbox:
    def __init__(self, name):
        self.name = name
        self.history = []  # everything that ever came, for messages and for counting
        self._waiting = []
        self._changed = threading.Condition()

    def put(self, item):
        with self._changed:
            self.history.append(item)
            self._waiting.append(item)
            self._changed.notify_all()

    def wait_for(self, predicate, timeout=TIMEOUT, what="an event"):
        """Takes out and returns the first item, in order of arrival, that fits."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for i, item in enumerate(self._waiting):
                    if predicate(item):
                        return self._waiting.pop(i)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Timeout(self._describe(what, timeout))
                self._changed.wait(left)

    def take_all(self, predicate=lambda item: True):
        """Takes out and returns what is there already and fits."""
        with self._changed:
            taken = [item for item in self._waiting if predicate(item)]
            self._waiting = [item for item in self._waiting if not predicate(item)]
            return taken

    def expect_none(self, predicate, barrier, what="this"):
        """`barrier` must provoke something that comes later in the same stream, and wait for it:
        so nothing has to be waited for that never comes."""
        barrier()
        found = self.take_all(predicate)
        assert not found, f"{self.name}: did not expect {what}: {found[0]}"

    def _describe(self, what, timeout):
        last = "\n".join(f"  {self.show(item)}" for item in self._waiting[-20:])
        return f"{self.name}: waited {timeout} s for {what}; what came and was not taken:\n{last}"

    @staticmethod
    def show(item):
        return str(item)[:400]


def wait_until(predicate, timeout=TIMEOUT, what="a condition"):
    """For what sends no event, such as a file or another process.  Returns its true value."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"waited {timeout} s for {what}")
        time.sleep(0.02)


_given = set()


def free_port():
    """A TCP port on loopback that the kernel says is free, never the same twice in one run."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def can_connect(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False
