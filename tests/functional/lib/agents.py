# tests/functional/lib/agents.py: a user and his information agents
#
# SPDX-License-Identifier: GPL-2.0-or-later

from .registration import accept
from .xmppclient import CLIENT, condition


def rss(*ids):
    items = "".join(f"<item><title>Title {n}</title><guid>{n}</guid><description>Text {n}</description>"
                    f"<link>https://example.org/{n}</link></item>" for n in ids)
    return f"<rss version='2.0'><channel><title>Verona today</title>{items}</channel></rss>"


def register(client, domain):
    """One click: there is nothing to fill in."""
    form = client.iq("get", domain, "<query xmlns='jabber:iq:register'/>")
    fields = [field.get("var") for field in form.iter("{jabber:x:data}field")]
    assert "username" not in fields and "password" not in fields
    answer = client.iq("set", domain, "<query xmlns='jabber:iq:register'/>")
    assert condition(answer) is None
    accept(client, domain)


def add(client, contact):
    client.presence(contact, "subscribe")
    client.wait_presence(contact, "subscribed")
    return client.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("type") is None
                           and s.get("from") == contact and s.find(CLIENT + "status") is not None,
                           what=f"the presence of {contact}")


def contact_of(client, domain, typed):
    answer = client.iq("set", domain,
                       f"<query xmlns='jabber:iq:gateway'><prompt>{typed}</prompt></query>")
    return answer.findtext(".//{jabber:iq:gateway}jid") or answer.findtext(
        ".//{jabber:iq:gateway}prompt")
