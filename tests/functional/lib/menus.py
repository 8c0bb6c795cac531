# tests/functional/lib/menus.py: XEP-0050 as a client does it
#
# SPDX-License-Identifier: GPL-2.0-or-later
from xml.sax.saxutils import escape

from .xmppclient import CLIENT, condition

COMMANDS = "http://jabber.org/protocol/commands"
ITEMS = "http://jabber.org/protocol/disco#items"
IN_COMMANDS = "{" + COMMANDS + "}"
IN_FORM = "{jabber:x:data}"


def menu(client, to):
    """Which commands there are: node -> (jid, name)."""
    answer = client.iq("get", to, f"<query xmlns='{ITEMS}' node='{COMMANDS}'/>")
    assert condition(answer) is None
    return {item.get("node"): (item.get("jid"), item.get("name"))
            for item in answer.iter("{" + ITEMS + "}item")}


def run(client, to, node=None, payload="", **attributes):
    if node is not None:
        attributes["node"] = node
    words = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return client.iq("set", to, f"<command xmlns='{COMMANDS}' {words}>{payload}</command>")


def submitted(kind="submit", **values):
    fields = "".join(f"<field var='{name}'><value>{escape(value)}</value></field>"
                     for name, value in values.items())
    return f"<x xmlns='jabber:x:data' type='{kind}'>{fields}</x>"


def note(answer, kind="info"):
    """What a command that is through says."""
    command = answer.find(IN_COMMANDS + "command")
    assert command is not None, condition(answer)
    assert command.get("status") == "completed" and command.get("sessionid")
    assert command.find(IN_COMMANDS + "note").get("type") == kind, command.findtext(IN_COMMANDS + "note")
    return command.findtext(IN_COMMANDS + "note")


def form(answer, node):
    """The session and the fields (var -> element) of a command that asks for something."""
    command = answer.find(IN_COMMANDS + "command")
    assert command is not None, condition(answer)
    assert command.get("status") == "executing" and command.get("node") == node
    actions = command.find(IN_COMMANDS + "actions")
    assert actions.get("execute") == "complete" and actions.find(IN_COMMANDS + "complete") is not None
    asked = command.find(IN_FORM + "x")
    assert asked.get("type") == "form"
    return command.get("sessionid"), {field.get("var"): field for field in asked.iter(IN_FORM + "field")
                                      if field.get("type") != "fixed"}


def fill_in(client, to, node, action="complete", **values):
    """Executes a command and completes its form; the last answer."""
    session, fields = form(run(client, to, node, action="execute"), node)
    assert set(values) <= set(fields), list(fields)
    return run(client, to, node, submitted(**values), sessionid=session, action=action)


def special(answer):
    """The condition of XEP-0050 in an error, behind the one of RFC 6120."""
    assert answer.get("type") == "error"
    names = [child.tag.split("}")[1] for child in answer.find(CLIENT + "error")
             if child.tag.startswith(IN_COMMANDS)]
    return condition(answer), names[0] if names else None
