# tests/functional/lib/archive.py: asking a room's archive (XEP-0313), page by page
#
# SPDX-License-Identifier: GPL-2.0-or-later
from xml.sax.saxutils import escape, quoteattr

from .rooms import BODY
from .xmppclient import CLIENT, condition

MAM, RSM = "urn:xmpp:mam:2", "http://jabber.org/protocol/rsm"
FORWARD, DELAY = "{urn:xmpp:forward:0}forwarded", "{urn:xmpp:delay}delay"


def rsm(**parts):
    """max=5, after="x", before="": a <set/>."""
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in parts.items())
    return f"<set xmlns='{RSM}'>{inner}</set>"


def form(fields):
    """A value may be a list."""
    inner = "".join(
        f"<field var='{name}'>" + "".join(f"<value>{escape(v)}</value>" for v in
                                          (value if isinstance(value, list) else [value])) + "</field>"
        for name, value in {"FORM_TYPE": MAM, **fields}.items())
    return f"<x xmlns='jabber:x:data' type='submit'>{inner}</x>"


class Page:
    """What came between a query and its answer."""

    def __init__(self, answer, results):
        self.answer, self.condition = answer, condition(answer)
        self.results = results
        fin = answer.find(f"{{{MAM}}}fin")
        self.complete = fin is not None and fin.get("complete") == "true"
        found = answer.find(f"{{{MAM}}}fin/{{{RSM}}}set")
        self.set = {} if found is None else {child.tag.partition("}")[2]: child.text for child in found}
        first = None if found is None else found.find(f"{{{RSM}}}first")
        self.index = None if first is None else first.get("index")

    @property
    def ids(self):
        return [r.find(f"{{{MAM}}}result").get("id") for r in self.results]

    @property
    def messages(self):
        return [r.find(f"{{{MAM}}}result/{FORWARD}/{CLIENT}message") for r in self.results]

    @property
    def bodies(self):
        return [m.findtext(BODY) for m in self.messages]

    @property
    def stamps(self):
        return [r.find(f"{{{MAM}}}result/{FORWARD}/{DELAY}").get("stamp") for r in self.results]


def query(client, room, fields=None, page="", extra="", queryid="q"):
    """`fields`: of the form; `page`: of rsm()."""
    client.stanzas.take_all(is_result)
    inner = (form(fields) if fields is not None else "") + page + extra
    answer = client.iq("set", room, f"<query xmlns='{MAM}' queryid={quoteattr(queryid)}>{inner}</query>")
    return Page(answer, client.stanzas.take_all(is_result))


def is_result(stanza):
    return stanza.find(f"{{{MAM}}}result") is not None


def all_pages(client, room, size, backwards=False, **arguments):
    """The bodies of each page, until the last one."""
    pages, at = [], {"before": ""} if backwards else {}
    while True:
        page = query(client, room, page=rsm(max=size, **at), **arguments)
        assert page.condition is None
        pages.append(page)
        if page.complete:
            return pages
        at = {"before": page.set["first"]} if backwards else {"after": page.set["last"]}
