# tests/functional/host/weblib.py: what the tests of causeway-agents share
# SPDX-License-Identifier: GPL-2.0-or-later
import os

from hostlib import BUILD

AGENTS = os.path.join(BUILD, "causeway-agents")


def add(host, contact, account=1):
    number = host.next_id()
    host.send(type="contact-add", account=account, id=number, contact=contact)
    return number


def say(host, text, contact, account=1):
    """The answer."""
    host.expect("ack", id=host.message(contact, text, account))
    return host.expect("message", account=account, contact=contact)["text"]
