# tests/functional/lib/badserver.py: a Jabber server for components that says what a test tells it to
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing happens by itself but reading, answering pings and answering a close, and each of these can
be switched off: a test accepts a Connection and says line by line what the server sends.  What the
component sends must be well-formed XML at every moment; the reader's thread notes it when it is not,
and every wait of the test then fails with that."""

import hashlib
import socket
import struct
import threading
import time
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import quoteattr

from .waiting import TIMEOUT, Mailbox, Timeout

ACCEPT = "jabber:component:accept"
STREAMS = "http://etherx.jabber.org/streams"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
PING = "{urn:xmpp:ping}ping"
CLOSE = "</stream:stream>"


def digest(stream_id, secret):
    return hashlib.sha1((stream_id + secret).encode()).hexdigest()


def stream_error(condition, text=None):
    said = f"<text xmlns='{STREAM_ERRORS}'>{text}</text>" if text else ""
    return f"<stream:error><{condition} xmlns='{STREAM_ERRORS}'/>{said}</stream:error>"


def header(stream_id="s1", more=""):
    named = f" id={quoteattr(stream_id)}" if stream_id is not None else ""
    return f"<?xml version='1.0'?><stream:stream xmlns='{ACCEPT}' xmlns:stream='{STREAMS}'{named}{more}>"


def name_of(element):
    return element.tag.rpartition("}")[2]


class Connection:
    """One component.  Mail: "header", elements (stanzas and the handshake), "close", "eof", and
    "malformed: …"."""

    def __init__(self, sock, server):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self.server = server
        self.accepted = time.monotonic()
        self.raw = bytearray()
        self.mail = Mailbox("the server")
        self.domain = None     # what the component calls itself
        self.header = None     # attributes of its stream header
        self.auto_pong = True
        self.auto_close = True
        self._sending = threading.Lock()
        self._reading = threading.Event()
        self._reading.set()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    # ---- reading ----

    def _read(self):
        parser = ElementTree.XMLPullParser(["start", "end"])
        depth, root = 0, None
        while True:
            self._reading.wait()
            try:
                data = self.socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                self.mail.put("eof")
                return
            self.raw += data
            try:
                parser.feed(data)
                for kind, element in parser.read_events():
                    if kind == "start":
                        depth += 1
                        if depth == 1:
                            root, self.header = element, dict(element.attrib)
                            self.domain = element.get("to")
                            self.mail.put("header")
                        continue
                    depth -= 1
                    if depth == 1:
                        self._take(element)
                        root.clear()
                    elif depth == 0:
                        self.mail.put("close")
                        if self.auto_close:
                            self.send(CLOSE, quietly=True)
                            self.end()
            except ElementTree.ParseError as error:
                self.mail.put(f"malformed: {error}: {bytes(data[-200:])!r}")
                return

    def _take(self, element):
        is_ping = name_of(element) == "iq" and element.find(PING) is not None
        if is_ping and self.auto_pong:
            self.send(f"<iq type='result' id='{element.get('id')}' from='{element.get('to')}' "
                      f"to='{element.get('from')}'/>", quietly=True)
        else:
            self.mail.put(element)

    def pause_reading(self):
        """The window closes when the buffers of the system are full."""
        self._reading.clear()

    def go_on_reading(self):
        self._reading.set()

    # ---- waiting ----

    def _wait(self, predicate, what, timeout):
        def fits(item):
            return predicate(item) or (isinstance(item, str) and item.startswith("malformed"))
        item = self.mail.wait_for(fits, timeout, what)
        assert not (isinstance(item, str) and item.startswith("malformed")), item
        return item

    def wait_header(self, timeout=TIMEOUT):
        self._wait(lambda item: item == "header", "the component's header", timeout)
        return self.header

    def wait_close(self, timeout=TIMEOUT):
        self._wait(lambda item: item == "close", "</stream:stream>", timeout)

    def wait_eof(self, timeout=TIMEOUT):
        self._wait(lambda item: item == "eof", "the end of the connection", timeout)

    def wait_element(self, name, timeout=TIMEOUT, **attributes):
        def fits(item):
            return (not isinstance(item, str) and name_of(item) == name
                    and all(item.get(key.rstrip("_")) == value
                            for key, value in attributes.items()))
        return self._wait(fits, f"<{name} {attributes}>", timeout)

    def wait_stream_error(self, timeout=TIMEOUT):
        """The name of the condition."""
        return name_of(self.wait_element("error", timeout)[0])

    def take_elements(self):
        return self.mail.take_all(lambda item: not isinstance(item, str))

    # ---- sending ----

    def send(self, text, quietly=False):
        data = text.encode() if isinstance(text, str) else text
        try:
            with self._sending:
                self.socket.sendall(data)
        except OSError:
            if not quietly:
                raise

    def send_split(self, text):
        """A segment a byte."""
        for byte in text.encode() if isinstance(text, str) else text:
            self.send(bytes([byte]))

    # ---- the usual ----

    def attach(self, stream_id="s1", send=None):
        """Header and handshake, the digest checked."""
        send = send or self.send
        self.wait_header()
        send(header(stream_id, f" from={quoteattr(self.domain)}"))
        self.check_handshake(stream_id)
        send("<handshake/>")
        return self

    def check_handshake(self, stream_id):
        handshake = self.wait_element("handshake")
        assert handshake.text == digest(stream_id, self.server.secret)

    def refuse(self, condition, text=None, stream_id=""):
        """As servers answer a name that they do not serve: header, error and close in one go."""
        self.wait_header()
        self.send(header(stream_id) + stream_error(condition, text) + CLOSE)
        self.end()

    # ---- the end ----

    def end(self):
        """FIN: all was said."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        """RST: nothing more, either way."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # the reader's own reference would keep the socket open
        self.socket.shutdown(socket.SHUT_RD)
        self._reading.set()
        self._thread.join()
        self.socket.close()

    def close(self):
        self._reading.set()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self.socket.close()


class BadServer:
    def __init__(self, secret="s3cret", port=0, receive_buffer=None):
        self.secret = secret
        self.connections = []  # all there ever were
        self._new = Mailbox("the server's door")
        self._receive_buffer = receive_buffer
        self.port = port
        self.open()

    def open(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            connection = Connection(sock, self)
            self.connections.append(connection)
            self._new.put(connection)

    def accept(self, domain=None, timeout=TIMEOUT):
        """The next connection; of this component, if one is named."""
        if domain is None:
            return self._new.wait_for(lambda _: True, timeout, "a component")
        deadline = time.monotonic() + timeout
        while True:
            found = self._new.take_all(lambda c: c.domain == domain)
            if found:
                return found[0]
            if time.monotonic() > deadline:
                raise Timeout(f"waited {timeout} s for {domain}")
            time.sleep(0.01)

    def shut(self):
        """Nobody listens any more; what is connected stays."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def close(self):
        self.shut()
        for connection in self.connections:
            connection.close()
