# tests/functional/lib/badircd.py: an IRC server that floods, on purpose
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Enough of RFC 2812 for prpl-irc to log in; then it sends as much as the test wants, as fast as the
other side reads.  A real server would throttle or drop."""

import socket
import threading

from .waiting import TIMEOUT


class FloodingIrcd:
    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.sent = 0  # lines that the other side's TCP has taken
        self._nick = None
        self._online = threading.Event()
        self._client = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            self._client, _ = self._listener.accept()
            seen = set()
            for line in self._client.makefile("rb"):
                words = line.decode(errors="replace").split() or [""]
                seen.add(words[0])
                if words[0] == "NICK":
                    self._nick = words[1].lstrip(":")
                if words[0] in ("NICK", "USER") and {"NICK", "USER"} <= seen:
                    self._client.sendall(b":bad.irc 001 %s :hello\r\n:bad.irc 376 %s :end\r\n"
                                         % (self._nick.encode(), self._nick.encode()))
                    self._online.set()
                if words[0] == "PING":
                    self._client.sendall(b":bad.irc PONG bad.irc :%s\r\n" % words[-1].encode())
        except OSError:
            pass

    def flood(self, count, sender="flood", size=200):
        """In a thread of its own: numbered messages.  Returns the thread."""
        assert self._online.wait(TIMEOUT)

        def run():
            try:
                for i in range(count):
                    text = f"{i} ".ljust(size, "x")
                    self._client.sendall(
                        f":{sender}!f@h PRIVMSG {self._nick} :{text}\r\n".encode())
                    self.sent = i + 1
            except OSError:
                pass
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def close(self):
        for sock in (self._client, self._listener):
            if sock is not None:
                sock.close()
