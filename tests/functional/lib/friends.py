# tests/functional/lib/friends.py: a user of the XMPP transport and a contact who see each other
#
# SPDX-License-Identifier: GPL-2.0-or-later

from .registration import register
from .xmppclient import CLIENT

XMPP = "xmpp.localhost"


def escaped(jid, domain=XMPP):
    """The contact's address at the gateway: XEP-0106."""
    return jid.replace("@", "\\40") + "@" + domain


def is_presence_of(sender, kind=None):
    return lambda s: (s.tag == CLIENT + "presence" and s.get("type") == kind
                      and s.get("from", "").partition("/")[0] == sender)


class Friends:
    """`juliet`, a client, is registered as `legacy` and has `friend` on her list, who has her."""

    def __init__(self, world, juliet):
        self.legacy = world.other_account("romeo")
        self.friend = world.other_account("mercutio").client()
        self.friend.presence()
        register(juliet, XMPP, self.legacy.jid, self.legacy.password)
        self.contact = escaped(self.friend.bare)
        juliet.presence(self.contact, "subscribe")
        self.friend.wait_presence(self.legacy.jid, "subscribe")
        self.friend.presence(self.legacy.jid, "subscribed")
        juliet.wait_presence(self.contact, "subscribed")
        self.friend.presence(self.legacy.jid, "subscribe")
        juliet.wait_presence(self.contact, "subscribe")
        juliet.presence(self.contact, "subscribed")
        juliet.wait_presence(self.contact)
        self.friend.wait_presence(self.legacy.jid)
