# tests/scenarios/stage.py: who plays in a scenario, and what they can do
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each scenario has a room of its own, which `friend` made on the network, and a `juliet` who is
registered at the gateway and not in it."""

import itertools
import re
from xml.sax.saxutils import escape

from conftest import IRC, OTHER_HOST, XMPP
from lib.friends import escaped
from lib.registration import register, wait_online
from lib.rooms import MUC, codes
from lib.xmppclient import CLIENT, condition

_numbers = itertools.count(1)


class Jabber:
    """What a client does, of the gateway's user or of somebody on the other XMPP network."""

    def __init__(self, stage, client, room, nick):
        self.stage, self.client, self.room, self.nick = stage, client, room, nick
        self.iq, self.send = client.iq, client.send

    def joins(self, rest):
        """`as NICK`, and what is in the <x/>."""
        nick, rest = re.fullmatch(r"(?:as ([^<]+?))? *(<.*)?", rest).groups()
        nick, rest = nick or self.nick, rest or ""
        self.send(f"<presence to='{escape(self.room)}/{escape(nick)}' id='join'><x xmlns='{MUC}'>"
                  f"{rest}</x></presence>")

    def leaves(self, rest):
        self.client.presence(f"{self.room}/{self.nick}", "unavailable", status=rest or None)

    def says(self, rest):
        self.stage.variables["said"] = self.client.message(self.room, rest, kind="groupchat")

    def tells(self, rest):
        whom, _, text = rest.partition(" ")
        nick = self.stage.variables.get(whom, whom)
        self.stage.variables["said"] = self.client.message(f"{self.room}/{nick}", text)

    def sends(self, rest):
        self.send(rest)


class User(Jabber):
    """A client of the gateway's user: what it gets of rooms, and every message and error, is to come
    in exactly the order that the scenario tells."""
    strict = True

    def next(self):
        return self.client.wait_for(self._counts, what="anything at all")

    def left(self):
        """After a round through the gateway."""
        self.iq("get", self.stage.domain, "<ping xmlns='urn:xmpp:ping'/>")
        return self.client.stanzas.take_all(self._counts)

    def _counts(self, stanza):
        of_room = stanza.get("from", "").partition("/")[0] == self.room
        return stanza.tag == CLIENT + "message" or stanza.tag == CLIENT + "presence" and (
            of_room or stanza.get("type") == "error")

    def enters(self, rest):
        """Joins, and skips what comes until the subject, which is the end of it."""
        self.joins(rest)
        while (stanza := self.next()).find(CLIENT + "subject") is None:
            assert stanza.get("type") != "error", f"not let in: {condition(stanza)}"

    def reenters(self, rest):
        """As soon as the gateway is online there again."""
        wait_online(self.client, self.stage.domain)
        self.enters(rest)

    def goes(self, rest):
        self.client.presence(kind="unavailable")


class XmppPerson(Jabber):
    strict = False

    def joins(self, rest):
        super().joins(rest)
        self.client.wait_for(lambda s: "110" in codes(s) and s.get("from", "").startswith(self.room),
                             what="the room")

    def wait(self, words, fits):
        self.client.wait_for(fits, what=" ".join(words))


class IrcPerson:
    strict = False
    ACTION = re.compile("\1ACTION (.*)\1")  # which is written as /me

    def __init__(self, stage, irc):
        self.stage, self.irc, self.nick = stage, irc, irc.nick

    def joins(self, rest):
        self.irc.join(self.stage.channel)

    def leaves(self, rest):
        self.irc.send(f"PART {self.stage.channel} :{rest}")

    def says(self, rest):
        self.irc.say(self.stage.channel, re.sub("^/me (.*)", "\1ACTION \\1\1", rest))

    def tells(self, rest):
        whom, _, text = rest.partition(" ")
        self.irc.say(self.stage.variables.get(whom, whom), text)

    def sends(self, rest):
        self.irc.send(rest)

    def wait(self, words, fits):
        """COMMAND WHO PARAMETER…: the first line of that, with these among its parameters."""
        command, who, *parameters = words
        nick = self.stage.variables.get(who, who)
        self.irc.wait_for(lambda line: line.command == command and nick in ("*", line.nick)
                          and set(parameters) <= {self.ACTION.sub(r"/me \1", p) for p in line.params},
                          what=" ".join(words))


class Stage:
    def __init__(self, world):
        self.world, self.number = world, next(_numbers)
        self.account = world.account("juliet")
        self.people, self.variables = {}, {}
        home = self.account.client("home")
        home.presence()
        self.set_up(home)
        self.variables.update(room=self.room, channel=self.channel,
                              CHANNEL=self.channel.upper(), domain=self.domain,
                              juliet_jid=home.bare)
        self.add("juliet", User(self, home, self.room, self.nick))
        self.add("friend", self.make_person("friend"))
        self.make_room(self.people["friend"])

    def add(self, name, person):
        self.people[name] = person
        self.variables[name] = person.nick

    def address(self, name, room):
        """Of the room, of who is there, by name or by nick, or an address itself."""
        if name == "room" or "@" in name:
            return room if name == "room" else name
        return f"{room}/{self.variables.get(name, name)}"

    def clients(self):
        return [(name, one) for name, one in self.people.items() if isinstance(one, User)]

    def act(self, who, verb, rest):
        if who == "client":  # another one of hers
            client = self.account.client(verb)
            client.presence()
            wait_online(client, self.domain)
            self.add(verb, User(self, client, self.room, self.nick))
        elif who == "stranger":  # who is not registered at the gateway
            client = self.world.account(verb).client()
            client.presence()
            self.add(verb, User(self, client, self.room, verb))
        elif who == "person":  # who is on the network, and not in the room
            self.add(verb, self.make_person(verb))
        elif who == "nick":  # that nobody has
            self.variables[verb] = self.world.nick(verb)
        else:
            getattr(self.people[who], verb)(rest)


class IrcStage(Stage):
    domain = IRC

    def set_up(self, home):
        self.channel, self.nick = f"#scene{self.number}", self.world.nick("juliet")
        self.room = f"{self.channel}@{IRC}"
        register(home, IRC, self.nick)

    def make_person(self, name):
        person = IrcPerson(self, self.world.irc(name))
        self.variables[f"{name}_contact"] = f"{person.nick}@{IRC}"
        return person

    def make_room(self, friend):
        friend.joins("")


class XmppStage(Stage):
    domain = XMPP

    def set_up(self, home):
        self.channel, self.nick = f"scene{self.number}@rooms.{OTHER_HOST}", "juliet"
        self.room = escaped(self.channel)
        legacy = self.world.other_account("romeo")
        self.variables["legacy"] = legacy.jid
        register(home, XMPP, legacy.jid, legacy.password)

    def make_person(self, name):
        client = self.world.other_account(name).client()
        client.presence()
        self.variables[f"{name}_jid"] = client.bare
        self.variables[f"{name}_contact"] = escaped(client.bare)
        return XmppPerson(self, client, self.channel, name)

    def make_room(self, friend):
        friend.joins("")
        answer = friend.iq("set", self.channel, f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' "
                                                "type='submit'/></query>")
        assert condition(answer) is None
