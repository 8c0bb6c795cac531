# tests/chaos/chaos/clients.py: the users, and their partners on the networks
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""As light as can be: the servers' logs are the truth, so an XMPP client reads no message.  All of them
come back by themselves when their server does."""

import asyncio
import base64
import re
import time
import xml.etree.ElementTree as ET

from .text import FIND, escaped, hash_of, text_of

RETRY = 0.2  # s
STREAM = "<stream:stream to='{}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
WRITE_MOST = 32768  # bytes that may wait for a server that does not read
IRC_UNCONFIRMED = 4  # messages


class Client(asyncio.Protocol):
    def __init__(self, port):
        self.port = port
        self.transport = None
        self.is_ready = False
        self.is_closed = False
        self.connects = 0

    async def run(self):
        """Connected, again and again."""
        loop = asyncio.get_running_loop()
        while not self.is_closed:
            self.lost = loop.create_future()
            try:
                await asyncio.wait_for(loop.create_connection(lambda: self, "127.0.0.1", self.port), 30)
                await self.lost
            except (OSError, asyncio.TimeoutError):
                pass
            await asyncio.sleep(RETRY)

    def connection_made(self, transport):
        self.transport = transport
        self.connects += 1
        self.begin()

    def connection_lost(self, error):
        if self.is_ready:
            self.went()
        self.is_ready = False
        if not self.lost.done():
            self.lost.set_result(None)

    def went(self):
        pass

    def close(self):
        self.is_closed = True
        if self.transport is not None:
            self.transport.abort()

    def write(self, text):
        self.transport.write(text.encode())

    def can_send(self):
        return self.is_ready and self.transport.get_write_buffer_size() < WRITE_MOST


class XmppClient(Client):
    def __init__(self, port, name, host, password):
        super().__init__(port)
        self.name, self.host, self.password = name, host, password
        self.on_stanza = None  # while set, stanzas are parsed
        self.received = 0  # bytes

    def begin(self):
        self.buffer = b""
        self.step = 0
        self.parser = None
        self.write(STREAM.format(self.host))

    def data_received(self, data):
        if self.is_ready:
            self.received += len(data)
            if self.parser is not None:
                self.parse(data)
            return
        self.buffer += data
        self.handshake()

    def handshake(self):
        """Nothing is sent before the answer to what was sent before has come."""
        done = {0: b"</stream:features>", 1: b"<success", 2: b"</stream:features>", 3: b"id='bind'"}
        while not self.is_ready and (done[self.step] in self.buffer or
                                     (self.step == 3 and b'id="bind"' in self.buffer)):
            self.buffer = b""
            self.step += 1
            if self.step == 1:
                secret = base64.b64encode(f"\0{self.name}\0{self.password}".encode()).decode()
                self.write("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
                           f"{secret}</auth>")
            elif self.step == 2:
                self.write(STREAM.format(self.host))
            elif self.step == 3:
                self.write("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                           "<resource>chaos</resource></bind></iq>")
            else:
                self.is_ready = True
                if self.on_stanza is not None:
                    self.parser = ET.XMLPullParser(["start", "end"])
                    self.parser.feed(b"<stream xmlns:stream='s'>")
                    self.depth = 0
                self.write("<presence/>")
        if b"</stream:stream>" in self.buffer or b"<failure" in self.buffer:
            self.transport.close()

    def parse(self, data):
        self.parser.feed(data)
        for event, element in self.parser.read_events():
            self.depth += 1 if event == "start" else -1
            if event == "end" and self.depth == 1 and self.on_stanza is not None:
                self.on_stanza(self, element)

    def say(self, to, key, number):
        self.write(f"<message to='{to}' type='chat' id='{key}.{number}'><body>"
                   f"{escaped(text_of(key, number))}</body></message>")


class IrcClient(Client):
    """Each PRIVMSG has a PING behind it: the PONG says that the server has handled it, and an error
    before the PONG is about it."""

    def __init__(self, port, nick, ledger, log):
        super().__init__(port)
        self.nick, self.ledger, self.log = nick, ledger, log
        self.waiting = []  # numbers of messages without a PONG, oldest first
        self.key = None    # of the stream that it writes

    def begin(self):
        self.buffer = b""
        self.waiting = []
        self.write(f"NICK {self.nick}\r\nUSER {self.nick} 0 * :{self.nick}\r\n")

    def went(self):
        for number in self.waiting:
            self.log(time.time(), "?", self.key, number)
            self.ledger.unconfirmed(self.key, number)
        self.waiting = []

    def can_send(self):
        return super().can_send() and len(self.waiting) < IRC_UNCONFIRMED

    def say(self, to, key, number):
        now = time.time()
        self.log(now, "s", key, number)
        self.ledger.sent(now, key, number)
        self.waiting.append(number)
        self.write(f"PRIVMSG {to} :{text_of(key, number)}\r\nPING :{number}\r\n")

    def data_received(self, data):
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.take(line.rstrip(b"\r").decode(errors="replace"))

    def take(self, line):
        words = line.split(" ", 3)
        if words[0] == "PING":
            self.write("PONG " + line[5:] + "\r\n")
        elif len(words) < 2:
            return
        elif words[1] == "PRIVMSG" and len(words) == 4:
            self.take_message(words[3][1:])
        elif words[1] == "PONG":
            number = int(line.rpartition(":")[2])
            if number in self.waiting:
                self.log(time.time(), "p", self.key, number)
                self.waiting.remove(number)
        elif words[1] == "401" and self.waiting:
            now = time.time()
            self.log(now, "e", self.key, self.waiting[0])
            self.ledger.returned(now, self.key, self.waiting[0])
        elif words[1] == "001":
            self.is_ready = True
        elif words[1] in ("433", "ERROR"):
            self.transport.close()

    def take_message(self, text):
        found = FIND.search(text)
        if found:
            now = time.time()
            key, number = found.group(1), int(found.group(2))
            self.log(now, "r", key, number)
            self.ledger.delivered(now, key, number, hash_of(text))


def user_error(element):
    """The condition of an error stanza, or None."""
    if element.get("type") != "error":
        return None
    return re.sub(r"\s+", " ", ET.tostring(element, encoding="unicode"))[:300]
