# tests/functional/lib/pair.py: a user of the XMPP transport and a contact who have never met
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import re
import signal

from .friends import XMPP, escaped, is_presence_of
from .registration import register, settle, wait_online
from .waiting import wait_until
from .xmppclient import CLIENT

ROSTER = "jabber:iq:roster"


class Pair:
    """juliet, registered and online, and somebody on the other network who has never met her."""

    def __init__(self, world, gateway, juliet):
        self.world, self.gateway, self.juliet = world, gateway, juliet
        self.legacy = world.other_account("romeo")
        self.other = world.other_account("mercutio")
        self.friend = self.other.client()
        self.friend.presence()
        register(juliet, XMPP, self.legacy.jid, self.legacy.password)
        self.contact = escaped(self.friend.bare)

    def say(self, kind):
        """juliet to the contact."""
        self.juliet.presence(self.contact, kind)

    def hear(self, kind):
        """… and what comes back."""
        return self.juliet.wait_presence(self.contact, kind)

    def friend_says(self, kind):
        self.friend.presence(self.legacy.jid, kind)

    def friend_hears(self, kind):
        return self.friend.wait_presence(self.legacy.jid, kind)

    def ask(self):
        """juliet wants to see the friend, who has not answered."""
        self.say("subscribe")
        self.friend_hears("subscribe")
        self.settle()

    def become_friends(self):
        self.ask()
        self.friend_says("subscribed")
        self.hear("subscribed")
        self.hear(None)
        self.friend_says("subscribe")
        self.hear("subscribe")
        self.say("subscribed")
        self.friend_hears("subscribed")
        self.friend_hears(None)
        self.settle()
        self.juliet.stanzas.take_all()
        self.friend.stanzas.take_all()

    def settle(self):
        """What was said so far is done, on both sides."""
        settle(self.juliet, XMPP)
        self.friend.sync()
        settle(self.juliet, XMPP)

    def kinds(self):
        """The types of the contact's presence, in order; None: available."""
        return [s.get("type") for s in self.juliet.stanzas.history if s.tag == CLIENT + "presence"
                and s.get("from", "").partition("/")[0] == self.contact]

    def sent(self, kind, start=0):
        """How often the gateway has said that to her from the contact: her server keeps some of it to
        itself."""
        text = self.gateway.log_text()[start:]
        return sum(1 for line in text.splitlines() if "sent <presence" in line
                   and re.search(rf"\btype=['\"]{kind}['\"]", line)
                   and self.contact in line)

    def roster(self):
        """The legacy account's list: jid -> item."""
        client = self.legacy.client("look")
        try:
            answer = client.iq("get", None, f"<query xmlns='{ROSTER}'/>")
            return {item.get("jid"): item for item in answer.iter(f"{{{ROSTER}}}item")}
        finally:
            client.close()

    def wait_off_the_list(self):
        wait_until(lambda: self.friend.bare not in self.roster(), what="the contact to be deleted")

    def restart_gateway(self, meanwhile=lambda: None):
        """Killed: nothing is written down in the last moment."""
        self.settle()
        self.gateway.kill()
        meanwhile()
        self.friend.sync()
        self.gateway.start()

    def restart_host(self, meanwhile=lambda: None):
        (host,) = [pid for pid in self.gateway.hosts() if "prpl-jabber" in command_of(pid)]
        self.settle()
        os.kill(host, signal.SIGKILL)
        meanwhile()
        wait_online(self.juliet, XMPP)


def command_of(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().decode()


def no_presence_of_hers(pair):
    """The friend sees nothing of her any more."""
    pair.friend.stanzas.take_all()
    pair.juliet.presence(show="dnd", status="not for him")
    pair.settle()
    assert not pair.friend.stanzas.take_all(is_presence_of(pair.legacy.jid))
