# tests/functional/lib/rooms.py: a user of the gateway in a room, and somebody else who is in it
#
# SPDX-License-Identifier: GPL-2.0-or-later
import itertools

from .friends import escaped
from .registration import register
from .xmppclient import CLIENT, condition

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

    # ---- what the friend does and sees ----

    def friend_says(self, text):
        self.friend.say(self.channel, text)

    def friend_whispers(self, text):
        """To the user alone; behind what was said before, on the same way."""
        self.friend.say(self.nick, text)

    def friend_sees_join(self):
        self.friend.wait_for(lambda line: line.command == "JOIN" and line.nick == self.nick,
                             what="the join")

    def friend_sees_end(self):
        self.friend.wait_for(lambda line: line.command in ("PART", "QUIT", "KICK")
                             and self.nick in (line.nick, *line.params), what="the leaving")

    def names(self):
        """Who is there now."""
        self.friend.lines.take_all(lambda line: line.command in ("353", "366"))
        self.friend.send(f"NAMES {self.channel}")
        line = self.friend.wait_for(lambda line: line.command == "353", what="the names")
        self.friend.wait_for(lambda line: line.command == "366", what="their end")
        return {name.lstrip("@+%~&") for name in line.text.split()}

    def ban(self):
        self.mode(f"+b {self.nick}!*@*")

    def unban(self):
        self.mode(f"-b {self.nick}!*@*")

    def kick(self):
        self.friend.send(f"KICK {self.channel} {self.nick} :out")


class XmppRoom(IrcRoom):
    """`friend` made a room of the other network and owns it."""

    def __init__(self, world, domain, client):
        self.world, self.client, self.domain, self.nick = world, client, domain, "juliet"
        self.channel = f"verona{next(_numbers)}@{world.other.rooms}"
        self.jid = escaped(self.channel, domain)
        self.friend = world.other_account("mercutio").client()
        self.friend.presence()
        self.friend.send(f"<presence to='{self.channel}/mercutio'><x xmlns='{MUC}'/></presence>")
        self.friend.wait_presence(f"{self.channel}")
        self.friend.iq("set", self.channel, f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' "
                                            "type='submit'/></query>")
        self.legacy = world.other_account("romeo")
        client.presence()
        register(client, domain, self.legacy.jid, self.legacy.password)

    def admin(self, inner):
        answer = self.friend.iq("set", self.channel, f"<query xmlns='{MUC}#admin'>{inner}</query>")
        assert condition(answer) is None

    def friend_says(self, text):
        self.friend.message(self.channel, text, kind="groupchat")

    def friend_whispers(self, text):
        self.friend.message(f"{self.channel}/{self.nick}", text)

    def _friend_sees(self, kind):
        """In the order in which they came, as a change of show is no join."""
        while self.friend.wait_for(
                lambda s: s.tag == CLIENT + "presence"
                and s.get("from") == f"{self.channel}/{self.nick}",
                what=f"{self.nick}: {kind}").get("type") != kind:
            pass

    def friend_sees_join(self):
        self._friend_sees(None)

    def friend_sees_end(self):
        self._friend_sees("unavailable")

    def names(self):
        answer = self.friend.iq("get", self.channel, f"<query xmlns='{MUC}#admin'>"
                                "<item role='participant'/></query>")
        return {found.get("nick") for found in answer.iter(f"{{{MUC}#admin}}item")} | {"mercutio"}

    def ban(self):
        self.admin(f"<item jid='{self.legacy.jid}' affiliation='outcast'/>")

    def unban(self):
        self.admin(f"<item jid='{self.legacy.jid}' affiliation='none'/>")

    def kick(self):
        self.admin(f"<item nick='{self.nick}' role='none'><reason>out</reason></item>")
