# tests/functional/lib/kept.py: a room, and what a user asks the gateway to keep of it
#
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import signal

from .registration import log_out, wait_online
from .rooms import BODY, MUC, IrcRoom, XmppRoom
from .xmppclient import body, condition

IRC, XMPP = "irc.localhost", "xmpp.localhost"
DATA = "{jabber:x:data}"
OWNER = f"{MUC}#owner"


class Kept:
    """A room (lib/rooms.py), and what juliet asks the gateway of it."""

    def __init__(self, kind, world, gateway):
        self.world, self.gateway = world, gateway
        self.account = world.account("juliet")
        self.client = self.account.client("home")
        self.room = (IrcRoom if kind == "irc" else XmppRoom)(
            world, IRC if kind == "irc" else XMPP, self.client)
        self.domain = self.room.domain
        if kind == "xmpp":
            self.room.nick = self.room.legacy.name  # what one is called who says nothing else

    def ask(self, text, client=None):
        """By chat; returns the answer."""
        client = client or self.client
        client.stanzas.take_all(lambda s: s.get("from") == self.domain and body(s))
        client.message(self.domain, text)
        return body(client.wait_message(self.domain))

    def form(self):
        answer = self.client.iq("get", self.room.jid, f"<query xmlns='{OWNER}'/>")
        assert condition(answer) is None
        return {field.get("var"): field.findtext(DATA + "value")
                for field in answer.iter(DATA + "field") if field.get("type") != "hidden"}

    def submit(self, kind="submit", room=None, **values):
        inner = "".join(f"<field var='{name}'><value>{value}</value></field>"
                        for name, value in values.items())
        return self.client.iq("set", room or self.room.jid, f"<query xmlns='{OWNER}'>"
                              f"<x xmlns='jabber:x:data' type='{kind}'>{inner}</x></query>")

    def leave(self):
        self.client.presence(f"{self.room.jid}/{self.room.nick}", "unavailable")
        self.room.wait_presence(self.room.nick, "unavailable")

    def go_offline(self):
        log_out(self.client, self.domain)

    def come_online(self):
        self.client.presence(self.domain)
        wait_online(self.client, self.domain)

    def crash_host(self):
        word = "prpl-irc" if self.domain == IRC else "prpl-jabber"
        for pid in self.gateway.hosts():
            with open(f"/proc/{pid}/cmdline") as line:
                if word in line.read():
                    os.kill(pid, signal.SIGKILL)

    def join_and_read(self):
        """What was said, as a client that joins is told it."""
        return [body(s) for s in self.room.join() if s.find(BODY) is not None]
