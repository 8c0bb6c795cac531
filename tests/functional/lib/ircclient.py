# tests/functional/lib/ircclient.py: the person on the IRC side, as bare as can be
#
# SPDX-License-Identifier: GPL-2.0-or-later

import socket
import threading
from dataclasses import dataclass, field

from .waiting import TIMEOUT, Mailbox, wait_until


@dataclass
class Line:
    """One line from the server: RFC 2812 2.3.1."""
    raw: str
    prefix: str = ""
    command: str = ""
    params: list = field(default_factory=list)

    def __str__(self):
        return self.raw

    @property
    def nick(self):
        return self.prefix.split("!")[0]

    @property
    def text(self):
        return self.params[-1] if self.params else ""

    @classmethod
    def parse(cls, raw):
        rest, prefix = raw, ""
        if rest.startswith(":"):
            prefix, _, rest = rest[1:].partition(" ")
        head, colon, trailing = rest.partition(" :")
        words = head.split()
        return cls(raw, prefix, words[0] if words else "", words[1:] + ([trailing] if colon else []))


class IrcClient:
    def __init__(self, nick, port, host="127.0.0.1", channels=()):
        self.nick = nick
        self.lines = Mailbox(f"irc:{nick}")
        self._socket = socket.create_connection((host, port), timeout=TIMEOUT)
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.send(f"NICK {nick}")
        user = "".join(c for c in nick if c.isascii() and c.isalnum())
        self.send(f"USER {user} 0 * :{nick}")
        self.wait_for(lambda line: line.command == "001", what="the welcome")
        for channel in channels:
            self.join(channel)

    def send(self, line):
        """Text, or bytes as they are to go."""
        self._socket.sendall((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

    def say(self, target, text):
        self.send(f"PRIVMSG {target} :{text}")

    def join(self, channel):
        self.send(f"JOIN {channel}")
        self.wait_for(lambda line: line.command == "366", what=f"the names of {channel}")

    def wait_for(self, predicate, timeout=TIMEOUT, what="a line"):
        return self.lines.wait_for(predicate, timeout, what)

    def wait_message(self, sender=None, text=None, timeout=TIMEOUT):
        """A PRIVMSG to us; `sender` and `text` when they matter."""
        return self.wait_for(
            lambda line: line.command == "PRIVMSG" and (sender is None or line.nick == sender)
            and (text is None or line.text == text), timeout, f"a message from {sender}: {text!r}")

    def wait_offline(self, nick):
        wait_until(lambda: not self.is_online(nick), what=f"{nick} to leave IRC")

    def is_online(self, nick):
        """ISON: whether somebody has this nick now."""
        self.send(f"ISON {nick}")
        answer = self.wait_for(lambda line: line.command == "303", what="the answer to ISON")
        return nick.lower() in answer.text.lower().split()

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._reader.join(TIMEOUT)
        self._socket.close()

    def _read(self):
        buffer = b""
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                return
            *lines, buffer = (buffer + data).split(b"\n")
            for raw in lines:
                line = Line.parse(raw.rstrip(b"\r").decode(errors="replace"))
                if line.command == "PING":
                    self.send("PONG :" + line.text)
                else:
                    self.lines.put(line)
