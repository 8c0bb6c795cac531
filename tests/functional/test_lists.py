# tests/functional/test_lists.py: contact lists that are long, and names that are hard to have
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
from xml.sax.saxutils import escape

import pytest

from lib.gateway import BUILD
from lib.process import resident_kib
from lib.registration import register
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, body

ONE = "one.localhost"
ROSTERX = "http://jabber.org/protocol/rosterx"


@pytest.fixture
def start(world, gateway_factory):
    def make(**limits):
        gateway = gateway_factory(
            server_port=world.server.component_port, limits=limits,
            log={"stanzas": "false", "debug": "false"},
            transports={ONE: {"protocol": "purple:prpl-mock", "name": "Mock",
                              "plugin-path": os.path.join(BUILD, "tests", "plugins")}})
        # freed memory goes back, or it would count as growth
        gateway.environment["ASAN_OPTIONS"] = \
            "detect_leaks=1:exitcode=99:fast_unwind_on_malloc=0:quarantine_size_mb=1"
        return gateway.start()
    return make


def client_with_exchange(world):
    """A client that takes whole lists (XEP-0144)."""
    client = world.account("juliet").client()
    client.support(ROSTERX, f"{{{ROSTERX}}}x")
    client.presence()
    return client


def take_list(client, count):
    """jid -> (name, group)"""
    items = {}
    while len(items) < count:
        stanza = client.wait_for(lambda s: s.find(f"{{{ROSTERX}}}x") is not None,
                                 what=f"{count - len(items)} contacts")
        for item in stanza.find(f"{{{ROSTERX}}}x"):
            assert item.get("jid") not in items  # each once
            items[item.get("jid")] = (item.get("name"), item.findtext(f"{{{ROSTERX}}}group"))
    return items


def online_of(client):
    return {s.get("from") for s in client.stanzas.history if s.tag == CLIENT + "presence"
            and s.get("type") is None and s.get("from").endswith("@" + ONE)}


def test_10000_contacts(world, start):
    gateway = start(contacts=10000)
    juliet = client_with_exchange(world)
    before = resident_kib(gateway.process.pid)
    register(juliet, ONE, "list-10000")
    items = take_list(juliet, 10000)
    assert items["contact-7@" + ONE] == ("Contact 7", "Odd")
    wait_until(lambda: len(online_of(juliet)) == 1000, what="the presence of those who are online")
    grown = resident_kib(gateway.process.pid) - before
    print("KiB for 10,000 contacts, with sanitizers:", grown)
    assert grown < 100 * 1024
    juliet.iq("get", ONE, "<ping xmlns='urn:xmpp:ping'/>")
    assert "left out" not in gateway.log_text()


def test_more_contacts_than_the_limit(world, start):
    gateway = start(contacts=100)
    juliet = client_with_exchange(world)
    register(juliet, ONE, "list-1000")
    assert len(take_list(juliet, 100)) == 100
    assert "more than 100 contacts" in body(juliet.wait_message(ONE))
    juliet.sync()
    assert gateway.log_text().count("over 100 contacts") == 1
    assert not juliet.stanzas.take_all(lambda s: "more than 100" in (body(s) or ""))


def test_hostile_names(world, start):
    """Names with markup, spaces, emoji, escapes; texts of 64 KiB; and some that cannot be a JID."""
    start()
    juliet = client_with_exchange(world)
    register(juliet, ONE, "hostile")
    items = take_list(juliet, 5)
    assert {jid.rpartition("@")[0]: names for jid, names in items.items()
            if not jid.startswith("long")} == {
        "\\3ca\\20b=\\27c\\27\\3e\\26\\22]]\\3e": ("<b/>&amp;]]>", "<&'\">"),
        # the plugin's normal form takes letters and their dots apart
        "\\u20;\\u53;paces\\20\\20and\\20\\40,\\20\\u41;\u0308\\u4f;\u0308\\u20;":
            ("\U0001f431", "grüß"),
        "\U0001f431\\20cat": (None, None),
        "a\\5c20b": ("back\\slash", "a b"),
    }
    name, group = items[f"long-texts@{ONE}"]
    assert name == "x" * 4096 and group == "x" * 4096
    seen = juliet.wait_presence(f"long-texts@{ONE}")
    assert seen.findtext(CLIENT + "status") == "x" * 4096
    # no address can be made of these names: what they write comes all the same
    juliet.wait_message(ONE, f"From {'@' * 60}…: and me?")
    juliet.wait_for(lambda s: "nnn\n" in (body(s) or "") and "can you read me?" in body(s))


@pytest.mark.parametrize("name", [
    "plain", "with spaces", " at the ends ", "a@b.example", "UPPER and lower", "\u00df",
    "\u65e5\u672c", "\U0001f431", "a\\20b", "\\", "<&'\">/:", "user%host", "\u0627\u0644",
    "\u00e4\u0130", "\u2163\u212b"])
def test_G58_G59_a_name_and_its_address(world, start, name):
    """What the prompt makes of a name reaches whom it names, and he answers from the same address, also
    where the network has another normal form of it: the mock's takes letters and their dots apart."""
    start()
    juliet = world.account("juliet").client()
    juliet.presence()
    register(juliet, ONE, "juliet")
    answer = juliet.iq("set", ONE, f"<query xmlns='jabber:iq:gateway'><prompt>{escape(name)}</prompt>"
                                   "</query>")
    address = answer.findtext(".//{jabber:iq:gateway}jid")
    juliet.message(address, "!say it is I")
    juliet.wait_message(address, "it is I")
