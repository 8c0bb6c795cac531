# tests/functional/lib/mock.py: the network of tests/peers/prpl-mock, whose contacts do what a message
# to them says
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os

from .gateway import BUILD
from .registration import register

MOCK = "one.localhost"
PUBSUB = "http://jabber.org/protocol/pubsub"


def mock_transport(**more):
    return {"protocol": "purple:prpl-mock", "name": "Mock",
            "plugin-path": os.path.join(BUILD, "tests", "plugins"),
            **{key.replace("_", "-"): value for key, value in more.items()}}


class User:
    """Is logged in at the mock network.  His client announces these features; None: nothing."""

    def __init__(self, world, contacts=(), features=None, name="juliet"):
        self.account = world.account(name)
        self.client = self.account.client()
        if features is not None:
            self.client.announce(features)
        register(self.client, MOCK, name)
        for contact in contacts:
            self.client.presence(f"{contact}@{MOCK}", "subscribe")
        # the network of the mock says nothing of who may see whom: he is on the list, that is all
        self.client.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")

    def tell(self, contact, text):
        self.client.message(f"{contact}@{MOCK}", text)

    def card(self, contact):
        return self.client.iq("get", f"{contact}@{MOCK}", "<vCard xmlns='vcard-temp'/>")

    def card4(self, contact):
        return self.client.iq("get", f"{contact}@{MOCK}",
                              "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>")


def mock_picture(name):
    """As the plugin makes it: 32 x 64 pixels."""
    picture = bytearray(100 + len(name))
    picture[:24] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0 \0\0\0@"
    picture[90:90 + len(name)] = name.encode()
    return bytes(picture)


def items(client, contact, node, ident=None):
    """XEP-0060 6.5"""
    inner = f"<item id='{ident}'/>" if ident else ""
    return client.iq("get", contact, f"<pubsub xmlns='{PUBSUB}'><items node='{node}'>{inner}"
                     "</items></pubsub>")
