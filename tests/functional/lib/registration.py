# tests/functional/lib/registration.py: XEP-0077 with a gateway, as a client does it
#
# SPDX-License-Identifier: GPL-2.0-or-later

import socket
import time
from xml.sax.saxutils import escape

from .xmppclient import condition

REGISTER = "jabber:iq:register"
FORM = "jabber:x:data"


def query(*children):
    return f"<query xmlns='{REGISTER}'>{''.join(children)}</query>"


def plain(username=None, password=None):
    """The old fields."""
    return query(*(f"<{name}>{escape(value)}</{name}>" for name, value in
                   (("username", username), ("password", password)) if value is not None))


def form(values, kind="submit", form_type=REGISTER, outside=""):
    """A submitted form; `outside`: plain elements beside it."""
    fields = {**({"FORM_TYPE": form_type} if form_type else {}), **values}
    inner = "".join(f"<field var='{name}'><value>{escape(value)}</value></field>"
                    for name, value in fields.items())
    return query(f"<x xmlns='{FORM}' type='{kind}'>{inner}</x>", outside)


def fields_of(answer):
    """The form in an answer: var -> (type, value, required)."""
    found = answer.find(f".//{{{FORM}}}x")
    return {} if found is None else {
        field.get("var"): (field.get("type"), field.findtext(f"{{{FORM}}}value"),
                           field.find(f"{{{FORM}}}required") is not None)
        for field in found.iter(f"{{{FORM}}}field")}


def plain_of(answer):
    """The plain elements in an answer: name -> text."""
    found = answer.find(f"{{{REGISTER}}}query")
    return {child.tag.partition("}")[2]: child.text or "" for child in found
            if child.tag.startswith(f"{{{REGISTER}}}")}


def is_registered(client, domain):
    answer = client.iq("get", domain, query())
    return condition(answer) is None and "registered" in plain_of(answer)


def register(client, domain, username, password=None):
    """Registers, accepts the gateway's request, and is logged in."""
    client.presence()  # a server keeps subscription requests for those who are there
    answer = client.iq("set", domain, plain(username, password))
    assert condition(answer) is None, condition(answer)
    accept(client, domain)


def accept(client, domain):
    """The request of a gateway that has just registered her, until she is logged in."""
    client.wait_presence(domain, "subscribe")
    client.presence(domain, "subscribed")
    client.presence(domain, "subscribe")
    client.wait_presence(domain, "subscribed")
    wait_online(client, domain)
    settle(client, domain)


def wait_online(client, domain):
    """The gateway's presence without a status: logged in."""
    client.wait_for(lambda s: s.tag.endswith("}presence") and s.get("from") == domain
                    and s.get("type") is None and s.find("{jabber:client}status") is None,
                    what=f"{domain} to be online")


def log_out(client, domain):
    """Goes, and stays away for longer than logout-delay (gateway.py)."""
    client.presence(domain, "unavailable")
    client.wait_presence(domain, "unavailable")
    time.sleep(1)


def settle(client, domain):
    """What the gateway has answered so far is here, and its own presence is not looked at again: what
    is waited for behind this is new."""
    client.iq("get", domain, "<ping xmlns='urn:xmpp:ping'/>")
    client.stanzas.take_all(lambda s: s.tag.endswith("}presence") and s.get("from") == domain)


class SilentServer:
    """Takes connections and says nothing: a network that does not answer."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()
