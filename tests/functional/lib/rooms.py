# tests/functional/lib/rooms.py: a user of the gateway in a room, and somebody else who is in it
#
# SPDX-License-Identifier: GPL-2.0-or-later
import itertools

from .registration import register
from .xmppclient import CLIENT

USER = "{http://jabber.org/protocol/muc#user}"
MUC = "http://jabber.org/protocol/muc"
SUBJECT, BODY = CLIENT + "subject", CLIENT + "body"

_numbers = itertools.count(1)


def codes(presence):
    return {status.get("code") for status in presence.iter(USER + "status")}


def item(presence):
    found = presence.find(f"{USER}x/{USER}item")
    return {} if found is None else dict(found.attrib)


def reason(presence):
    return presence.findtext(f"{USER}x/{USER}item/{USER}reason")


class IrcRoom:
    """`friend` made a channel on IRC; `client` is registered there as `nick` and not in it."""

    def __init__(self, world, domain, client):
        number = next(_numbers)
        self.world, self.client, self.domain = world, client, domain
        self.channel = f"#verona{number}"
        self.jid = f"{self.channel}@{domain}"
        self.friend = world.irc("friend")
        self.friend.join(self.channel)
        self.nick = world.nick()
        client.presence()
        register(client, domain, self.nick)

    def send_join(self, client=None, nick=None, inner=""):
        (client or self.client).send(f"<presence to='{self.jid}/{nick or self.nick}'>"
                                     f"<x xmlns='{MUC}'>{inner}</x></presence>")

    def join(self, client=None, nick=None, inner=""):
        """Joins, and returns what came until and with the subject, in order."""
        client = client or self.client
        client.stanzas.take_all()
        self.send_join(client, nick, inner)
        seen = []
        while not seen or not self.is_subject(seen[-1]):
            seen.append(client.wait_for(
                lambda s: s.get("from", "").partition("/")[0] == self.jid, what="the room"))
        return seen

    @staticmethod
    def is_subject(stanza):
        return stanza.find(SUBJECT) is not None and stanza.find(BODY) is None

    def wait_presence(self, nick, kind=None, client=None):
        return (client or self.client).wait_for(
            lambda s: s.tag == CLIENT + "presence" and s.get("from") == f"{self.jid}/{nick}"
            and s.get("type") == kind, what=f"{nick}: {kind}")

    def wait_message(self, nick, body, client=None):
        return (client or self.client).wait_for(
            lambda s: s.tag == CLIENT + "message" and s.get("type") == "groupchat"
            and s.get("from") == f"{self.jid}/{nick}" and s.findtext(BODY) == body,
            what=f"{nick}: {body}")

    def say(self, text, client=None, extra=""):
        return (client or self.client).message(self.jid, text, kind="groupchat", extra=extra)

    def mode(self, text):
        self.friend.send(f"MODE {self.channel} {text}")
        self.friend.wait_for(lambda line: line.command == "MODE", what="the mode")
