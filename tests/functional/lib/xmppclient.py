# tests/functional/lib/xmppclient.py: a Jabber user, for tests that read from top to bottom
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""slixmpp does the stream, SASL and binding in one thread for all clients; tests send XML and take
ElementTree elements out of a mailbox.  Nothing is answered by itself but what every client answers
(an unknown iq); subscription requests are left to the test."""

import asyncio
import itertools
import logging
import threading
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

logging.getLogger("slixmpp").setLevel(logging.ERROR)  # before it says that it is slow
import slixmpp  # noqa: E402
from slixmpp.xmlstream.handler import Callback  # noqa: E402
from slixmpp.xmlstream.matcher import MatchXMLMask  # noqa: E402

from .caps import INFO, caps, info, ver_of  # noqa: E402
from .waiting import TIMEOUT, Mailbox, Timeout  # noqa: E402

CLIENT = "{jabber:client}"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"

CANNOT = ("<error type='cancel'><feature-not-implemented "
          "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")

_ids = itertools.count(1)


class _Loop:
    """One event loop in one thread, made when first needed."""
    _loop = None
    _lock = threading.Lock()

    @classmethod
    def run(cls, coroutine, timeout=TIMEOUT):
        with cls._lock:
            if cls._loop is None:
                cls._loop = asyncio.new_event_loop()
                threading.Thread(target=cls._loop.run_forever, daemon=True).start()
        future = asyncio.run_coroutine_threadsafe(coroutine, cls._loop)
        try:
            return future.result(timeout)
        except asyncio.TimeoutError:
            future.cancel()
            raise Timeout(f"waited {timeout} s in {coroutine.__qualname__}") from None


class StanzaBox(Mailbox):
    @staticmethod
    def show(item):
        return ET.tostring(item, "unicode")[:600]


class LoginFailed(Exception):
    pass


class _Stream(slixmpp.ClientXMPP):
    def __init__(self, jid, password, mailbox):
        super().__init__(jid, password)
        self.auto_authorize = None
        self.auto_subscribe = False
        self["feature_mechanisms"].unencrypted_plain = True
        self.started = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()
        self.mailbox = mailbox
        self.add_filter("in", self._record)
        self.add_event_handler("session_start", lambda event: self._settle(None))
        for name in ("failed_all_auth", "connection_failed", "stream_error"):
            self.add_event_handler(name, lambda event, name=name: self._settle(f"{name}: {event}"))
        self.add_event_handler("disconnected", self._disconnected)

    def _settle(self, problem):
        if not self.started.done():
            if problem:
                self.started.set_exception(LoginFailed(problem))
            else:
                self.started.set_result(None)

    def _disconnected(self, event):
        self._settle("disconnected")
        if not self.ended.done():
            self.ended.set_result(None)

    def end_tasks(self):
        """slixmpp 1.8 leaves this one behind."""
        if self._run_out_filters:
            self._run_out_filters.cancel()

    def _record(self, stanza):
        if self.started.done() and stanza.name in ("message", "presence", "iq"):
            self.mailbox.put(stanza.xml)
        return stanza


class XmppClient:
    def __init__(self, jid, password, port, host="127.0.0.1", resource="test"):
        self.bare = jid
        self.full = f"{jid}/{resource}"
        self.password = password
        self.address = (host, port)
        self.stanzas = StanzaBox(f"xmpp:{self.full}")
        self._stream = None
        self.caps = ""         # XEP-0115, in each available presence
        self._unanswered = []  # see describe()

    # ---- the stream ----

    def connect(self, timeout=TIMEOUT):
        async def go():
            self._stream = _Stream(self.full, self.password, self.stanzas)
            self._stream.connect(self.address, disable_starttls=True, force_starttls=False,
                                 use_ssl=False)
            await self._stream.started
            self.full = str(self._stream.boundjid)
        _Loop.run(go(), timeout)
        # RFC 6121 2.1.6: only who asked for the roster is told of changes and of "subscribed"
        self.iq("get", None, "<query xmlns='jabber:iq:roster'/>", timeout)
        return self

    def support(self, feature, child):
        """Says in disco#info that it has the feature, and takes an iq set with this child."""
        async def go():
            self._stream.register_plugin("xep_0030")
            self._stream["xep_0030"].add_feature(feature)
        _Loop.run(go())
        self.take_sets(child)

    def take_sets(self, child):
        """Answers an iq set with this child (its name with namespace) with a result."""
        def taken(iq):
            self._stream.send_raw(f"<iq type='result' to='{iq['from']}' id='{iq['id']}'/>")

        async def go():
            namespace, name = child[1:].split("}")
            self._stream.register_handler(Callback(f"answer {child}", MatchXMLMask(
                f"<iq xmlns='jabber:client' type='set'><{name} xmlns='{namespace}'/></iq>"), taken))
        _Loop.run(go())

    def describe(self, features, later=False):
        """Answers disco#info, for whatever node, with these features; None: with an error.  `later`: the
        next call of this answers.  Not together with support(), which answers as well."""
        def answer(iq):
            query = iq.xml.find(f"{{{INFO}}}query")
            kind, inner = ("error", CANNOT) if features is None else \
                ("result", info(features, query.get("node")))
            self._stream.send_raw(f"<iq type='{kind}' to='{iq['from']}' id='{iq['id']}'>{inner}</iq>")

        async def go():
            self._stream.remove_handler("answer disco#info")
            for iq in self._unanswered:
                answer(iq)
            self._unanswered = []
            self._stream.register_handler(Callback("answer disco#info", MatchXMLMask(
                f"<iq xmlns='jabber:client' type='get'><query xmlns='{INFO}'/></iq>"),
                self._unanswered.append if later else answer))
        _Loop.run(go())

    def announce(self, features):
        """The next presence says that it has these."""
        self.describe(features)
        self.caps = caps(ver_of(features))

    def accept(self, sender):
        """Lets it see our presence as soon as it asks."""
        def asked(presence):
            self._stream.send_raw(f"<presence to='{sender}' type='subscribed'/>")

        async def go():
            self._stream.register_handler(Callback(f"accept {sender}", MatchXMLMask(
                f"<presence xmlns='jabber:client' type='subscribe' from='{sender}'/>"), asked))
        _Loop.run(go())

    def questions(self, sender, node=None):
        """How often `sender` asked for disco#info (of this node) so far."""
        return len([s for s in self.stanzas.history if s.get("type") == "get"
                    and s.get("from") == sender and s.find(f"{{{INFO}}}query") is not None
                    and (node is None or s.find(f"{{{INFO}}}query").get("node") == node)])

    def close(self):
        """In order; the server sends unavailable for us."""
        async def go():
            if self._stream and not self._stream.ended.done():
                self._stream.disconnect(wait=2)
                await asyncio.wait([self._stream.ended], timeout=5)
            self._stream.end_tasks()
        if self._stream:
            _Loop.run(go())
            self._stream = None

    def cut(self):
        """Like a network cable pulled out."""
        async def go():
            self._stream.abort()
            self._stream.end_tasks()
        _Loop.run(go())
        self._stream = None

    def send(self, xml):
        async def go():
            self._stream.send_raw(xml)
        _Loop.run(go())

    # ---- sending ----

    def iq(self, kind, to, payload="", timeout=TIMEOUT):
        """Sends an iq and returns the answer, which may be an error: see condition()."""
        ident = self.send_iq(kind, to, payload)
        return self.wait_iq(ident, timeout)

    def send_iq(self, kind, to, payload=""):
        ident = f"iq-{next(_ids)}"
        address = f" to={quoteattr(to)}" if to else ""
        self.send(f"<iq type='{kind}' id='{ident}'{address}>{payload}</iq>")
        return ident

    def wait_iq(self, ident, timeout=TIMEOUT):
        return self.wait_for(lambda s: s.tag == CLIENT + "iq" and s.get("id") == ident
                             and s.get("type") in ("result", "error"), timeout,
                             f"the answer to {ident}")

    def message(self, to, body, kind="chat", extra=""):
        """Returns the id of the message."""
        ident = f"message-{next(_ids)}"
        text = f"<body>{escape(body)}</body>" if body is not None else ""
        self.send(f"<message to={quoteattr(to)} type='{kind}' id='{ident}'>{text}{extra}</message>")
        return ident

    def presence(self, to=None, kind=None, show=None, status=None, priority=None):
        attributes = "".join(f" {name}={quoteattr(value)}"
                             for name, value in (("to", to), ("type", kind)) if value)
        children = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in
                           (("show", show), ("status", status), ("priority", priority))
                           if value is not None)
        announced = self.caps if kind is None else ""
        self.send(f"<presence{attributes}>{children}{announced}</presence>")

    def sync(self):
        """Whatever the server had for us before this is in the mailbox afterwards."""
        self.iq("get", self.bare.partition("@")[2], "<ping xmlns='urn:xmpp:ping'/>")

    # ---- receiving ----

    def wait_for(self, predicate, timeout=TIMEOUT, what="a stanza"):
        return self.stanzas.wait_for(predicate, timeout, what)

    def wait_message(self, sender=None, body=None, timeout=TIMEOUT):
        """A message with a body; `sender` is a bare JID."""
        return self.wait_for(
            lambda s: s.tag == CLIENT + "message" and s.get("type") != "error"
            and s.find(CLIENT + "body") is not None and from_bare(s, sender)
            and (body is None or s.findtext(CLIENT + "body") == body),
            timeout, f"a message from {sender}: {body!r}")

    def wait_error(self, ident, timeout=TIMEOUT):
        """The error about the message or presence with this id."""
        return self.wait_for(lambda s: s.get("type") == "error" and s.get("id") == ident, timeout,
                             f"the error about {ident}")

    def wait_presence(self, sender=None, kind=None, show=None, timeout=TIMEOUT):
        """`kind` None: available."""
        return self.wait_for(
            lambda s: s.tag == CLIENT + "presence" and s.get("type") == kind
            and from_bare(s, sender) and (show is None or s.findtext(CLIENT + "show") == show),
            timeout, f"presence {kind or 'available'} {show or ''} from {sender}")


def from_bare(stanza, sender):
    return sender is None or stanza.get("from", "").partition("/")[0] == sender


def condition(stanza):
    """The condition of an error stanza, such as 'item-not-found'; None: it is no error."""
    if stanza.get("type") != "error":
        return None
    for child in stanza.find(CLIENT + "error"):
        if child.tag.startswith(STANZAS) and not child.tag.endswith("}text"):
            return child.tag[len(STANZAS):]
    return ""


def error_text(stanza):
    return stanza.findtext(f"{CLIENT}error/{STANZAS}text")


def body(stanza):
    return stanza.findtext(CLIENT + "body")
