# tests/functional/lib/caps.py: what an entity says of itself: XEP-0030 and XEP-0115
#
# SPDX-License-Identifier: GPL-2.0-or-later

import base64
import hashlib
from xml.sax.saxutils import quoteattr

INFO = "http://jabber.org/protocol/disco#info"
CAPS = "http://jabber.org/protocol/caps"
NODE = "https://client.example"
IDENTITY = ("client", "pc", None)


def hash_of(identities, features):
    """XEP-0115 5.1, without languages and forms."""
    text = "".join(f"{category}/{kind}//{name or ''}<"
                   for category, kind, name in sorted(identities, key=lambda i: i[:2]))
    text += "".join(f"{feature}<" for feature in sorted(features))
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()


def ver_of(features):
    """Of a client with just these, as XmppClient.describe() answers."""
    return hash_of([IDENTITY], features)


def caps(ver, node=NODE, hash="sha-1"):
    """The element in presence; `hash` None: the older format."""
    mark = f" hash={quoteattr(hash)}" if hash else ""
    return f"<c xmlns='{CAPS}' node={quoteattr(node)} ver={quoteattr(ver)}{mark}/>"


def info(features, node=None):
    mark = f" node={quoteattr(node)}" if node else ""
    return (f"<query xmlns='{INFO}'{mark}><identity category='{IDENTITY[0]}' type='{IDENTITY[1]}'/>"
            + "".join(f"<feature var={quoteattr(feature)}/>" for feature in features) + "</query>")
