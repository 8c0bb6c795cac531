# tests/functional/lib/events.py: XEP-0163 events as a client gets them
#
# SPDX-License-Identifier: GPL-2.0-or-later

from .xmppclient import CLIENT

EVENT = "{http://jabber.org/protocol/pubsub#event}"
DATA, METADATA = "urn:xmpp:avatar:data", "urn:xmpp:avatar:metadata"
NICK = "http://jabber.org/protocol/nick"
WANTS_AVATARS, WANTS_NICKS = METADATA + "+notify", NICK + "+notify"


def is_event(sender=None, node=None, ident=None):
    """`ident`: of the item."""
    def fits(stanza):
        found = stanza.find(f"{EVENT}event/{EVENT}items")
        return (stanza.tag == CLIENT + "message" and found is not None
                and sender in (None, stanza.get("from")) and node in (None, found.get("node"))
                and ident in (None, found.find(f"{EVENT}item").get("id")))
    return fits


def info_of(event):
    """The attributes of a picture; None: there is none."""
    (item,) = event.findall(f"{EVENT}event/{EVENT}items/{EVENT}item")
    (metadata,) = item
    assert metadata.tag == f"{{{METADATA}}}metadata"
    return dict(metadata[0].attrib) if len(metadata) else None


def nick_of(event):
    (item,) = event.findall(f"{EVENT}event/{EVENT}items/{EVENT}item")
    (nick,) = item
    assert nick.tag == f"{{{NICK}}}nick"
    return nick.text
