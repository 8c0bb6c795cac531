# tests/functional/lib/scriptedircd.py: an IRC server that says what the test wants, when it wants
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""It lets a client log in, one at a time, (`welcome` False: when the test says so) and answers its PINGs; what else
the client sends is in `lines`."""

import socket
import threading

from .ircclient import Line
from .waiting import TIMEOUT, Mailbox


class ScriptedIrcd:
    def __init__(self, welcome=True):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.nick = None
        self.lines = Mailbox("ircd")
        self._welcome, self._socket = welcome, None
        threading.Thread(target=self._serve, daemon=True).start()

    def transport(self):
        return {"protocol": "purple:prpl-irc", "allow": "*", "option.port": self.port,
                "split.1": "127.0.0.1"}

    def _serve(self):
        try:
            while True:
                self._serve_one()
        except OSError:
            pass

    def _serve_one(self):
        self._socket, _ = self._listener.accept()
        first = True  # a NICK is of the log-in, behind its USER
        try:
            for raw in self._socket.makefile("rb"):
                line = Line.parse(raw.rstrip(b"\r\n").decode())
                if line.command == "PING":
                    self.send(f":bad.irc PONG bad.irc :{line.text}")
                    continue
                first = first and line.command != "JOIN"
                if line.command == "NICK" and first:
                    self.nick = line.text
                self.lines.put(line)
                if line.command == "NICK" and first and self._welcome:
                    self.welcome()
        except OSError:
            pass

    def drop(self):
        """The connection breaks; the next one is taken."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def welcome(self):
        self.numeric("001", ":hello")
        self.numeric("376", ":end")

    def send(self, *lines):
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def numeric(self, number, rest):
        self.send(f":bad.irc {number} {self.nick} {rest}")

    def own(self, rest):
        """What the client itself is seen to do."""
        self.send(f":{self.nick}!u@h {rest}")

    def wait_for(self, command, target=None):
        return self.lines.wait_for(
            lambda l: l.command == command and (target is None or target in l.params), TIMEOUT,
            f"{command} {target}")

    def let_in(self, channel, others=()):
        """Answers the JOIN that came."""
        self.own(f"JOIN :{channel}")
        for nick in (*others, self.nick):
            self.numeric("353", f"= {channel} :{nick}")
        self.numeric("366", f"{channel} :end")

    def close(self):
        for sock in (self._socket, self._listener):
            if sock is not None:
                sock.close()
