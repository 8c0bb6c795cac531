# tests/functional/host/test_irc.py: causeway-purple with prpl-irc against a real ngircd
# SPDX-License-Identifier: GPL-2.0-or-later
import time

import pytest

from hostlib import free_port

NASTY = "  <b>bold?</b> &amp; &lt; \"quoted\" 'single' é 日本語 😀👨‍👩‍👧 a\\b %s {0} http://a.example/?x=1&y=2"


def login(host, server, nick="alice", account=1, **values):
    values = dict({"port": str(server.port)}, **values)
    return host.login(account=account, username=nick + "@127.0.0.1", values=values)


def test_hello_describes_the_plugin(irc_host):
    protocol = irc_host.hello["protocol"]
    assert (protocol["id"], protocol["name"], protocol["identity"]) == ("prpl-irc", "IRC", "irc")
    assert protocol["password"] == "optional"
    assert protocol["typing"] is False and protocol["authorization"] is False
    split = protocol["splits"][0]
    assert (split["name"], split["separator"], split["kind"]) == ("split.1", "@", "text")
    options = {o["name"]: o for o in protocol["options"]}
    assert options["port"]["kind"] == "integer" and options["port"]["value"] == "6667"
    assert options["ssl"]["kind"] == "boolean" and options["ssl"]["value"] == "0"
    irc_host.close()


def test_login_and_logout(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_server)
    contact.raw("ISON alice")
    assert contact.wait(lambda l: " 303 " in l).split(":")[-1].strip() == "alice"
    irc_host.send(type="logout", account=1)
    state = irc_host.expect("state", account=1, state="offline")
    assert state.get("reason", "none") == "none"
    login(irc_host, irc_server)  # the number may be used again
    irc_host.close()


def test_unreachable_is_network_and_not_fatal(irc_host):
    state = irc_host.login(username="alice@127.0.0.1", values={"port": str(free_port())},
                           wait="offline")
    assert state["reason"] == "network" and not state.get("fatal") and state["text"]
    irc_host.close()


def test_server_that_goes_is_network(irc_host, tmp_path):
    from hostlib import IrcServer, stop
    server = IrcServer(str(tmp_path))
    login(irc_host, server)
    stop(server.process)
    state = irc_host.expect("state", account=1, state="offline")
    assert state["reason"] == "network" and not state.get("fatal")
    irc_host.close()


@pytest.mark.parametrize("fields", [
    {"username": ""},
    {"username": "a\nQUIT@127.0.0.1"},
    {"username": "alice@127.0.0.1", "password": "x\r\nQUIT"},
    {"username": "alice@127.0.0.1", "values": {"realname": "x\nQUIT"}},
    {"username": "alice@127.0.0.1", "values": {"port": "many"}},
    {"username": "alice@127.0.0.1", "values": {"ssl": "maybe"}},
])
def test_settings_that_cannot_work_are_fatal(irc_host, fields):
    irc_host.send(type="login", account=1, **fields)
    state = irc_host.expect("state", account=1, state="offline")
    assert state["reason"] == "settings" and state["fatal"] is True
    irc_host.close()


def test_text_arrives_unchanged_both_ways(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_server)
    number = irc_host.message("bob", NASTY)
    irc_host.expect("ack", id=number)
    assert contact.message() == ("alice", NASTY)
    contact.say("alice", NASTY)
    message = irc_host.expect("message", contact="bob")
    assert message["text"] == NASTY and not message.get("own") and "stamp" not in message
    irc_host.never("nack", 0.3)
    irc_host.never("message", 0.1)  # no echo
    irc_host.close()


def test_lines_are_messages_of_their_own(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_server)
    irc_host.message("bob", "one\n  two\r\nthree\rQUIT :injected")
    assert [contact.message()[1] for _ in range(4)] == ["one", "  two", "three", "QUIT :injected"]
    irc_host.close()


@pytest.mark.parametrize("text", [
    " ".join("word%d" % i for i in range(700))[:4000], "é" * 2000, "x" * 4000, "😀" * 1000,
    "a  b " * 800 + "end"], ids=["words", "two-bytes", "one-byte", "four-bytes", "spaces"])
def test_4000_characters_arrive_whole(irc_host, irc_server, irc_contact, text):
    contact = irc_contact("bob")
    login(irc_host, irc_server, **{"ratelimit-burst": "60"})
    number = irc_host.message("bob", text)
    irc_host.expect("ack", id=number)
    got = ""
    while len(got) < len(text):
        got += contact.message()[1]  # decodes, so no piece is broken UTF-8
    assert got == text
    irc_host.close()


def test_first_message_leaves_within_300_ms(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    # the contacts of the list come first, as the gateway sends them
    irc_host.send(type="login", account=1, username="alice@127.0.0.1",
                  values={"port": str(irc_server.port)})
    for i in range(40):
        irc_host.send(type="contact-add", account=1, id=1000 + i, contact="friend%d" % i)
    irc_host.expect("state", state="online")
    start = time.monotonic()
    irc_host.message("bob", "first")
    assert contact.message()[1] == "first"
    elapsed = time.monotonic() - start
    assert elapsed < 0.3, "%.0f ms" % (elapsed * 1000)
    for i in range(40):
        irc_host.expect("ack", id=1000 + i)
    irc_host.close()


def test_no_such_nick_is_a_nack_with_the_id(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_server)
    good = irc_host.message("bob", "hello")
    bad = irc_host.message("nobody", "hello?")
    nack = irc_host.expect("nack")
    assert nack["id"] == bad and nack["reason"] == "no-contact" and nack["text"]
    assert contact.message()[1] == "hello"
    irc_host.never("nack", 0.3, id=good)
    irc_host.never("notice", 0.1)
    irc_host.close()


def test_each_message_is_refused_once(irc_host, irc_server):
    """In pieces too: the server refuses each of them."""
    login(irc_host, irc_server)
    ids = [irc_host.message("nobody", "x" * 900), irc_host.message("nobody", "second")]
    assert [irc_host.expect("nack")["id"] for _ in ids] == ids
    irc_host.never("nack", 0.5)
    irc_host.never("notice", 0.1)
    irc_host.close()


@pytest.mark.parametrize("contact", ["a b", "a\nQUIT", "a,b", "", ":a"])
def test_name_that_cannot_be_is_a_nack(irc_host, irc_server, contact):
    login(irc_host, irc_server)
    number = irc_host.message(contact, "x")
    assert irc_host.expect("nack", id=number)["reason"] == "no-contact"
    irc_host.send(type="contact-add", account=1, id=99, contact=contact)
    assert irc_host.expect("nack", id=99)["reason"] == "no-contact"
    irc_host.close()


def test_message_before_online_is_a_nack(irc_host):
    number = irc_host.message("bob", "x", account=7)  # unknown account too
    assert irc_host.expect("nack", id=number, account=7)["reason"] == "not-online"
    irc_host.close()


def test_actions_both_ways(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_server)
    number = irc_host.message("bob", "/me <waves> & smiles")
    irc_host.expect("ack", id=number)
    assert contact.message()[1] == "\x01ACTION <waves> & smiles\x01"
    contact.say("alice", "\x01ACTION waves back\x01")
    assert irc_host.expect("message")["text"] == "/me waves back"
    irc_host.never("message", 0.3)
    irc_host.close()


def test_contacts_and_presence(irc_host, irc_server, irc_contact):
    login(irc_host, irc_server)
    contact = irc_contact("bob")
    irc_host.send(type="contact-add", account=1, id=5, contact="Bob", name="Robert", group="Pals")
    irc_host.expect("ack", id=5)
    line = irc_host.expect("contact", contact="bob")
    assert line["name"] == "Robert" and line["group"] == "Pals"
    assert irc_host.expect("presence", contact="bob")["show"] == "online"
    irc_host.send(type="contact-rename", account=1, contact="bob", name="Rob")
    assert irc_host.expect("contact", contact="bob")["name"] == "Rob"
    irc_host.send(type="contact-remove", account=1, contact="bob")
    irc_host.expect("contact-gone", contact="bob")
    contact.close()
    irc_host.close()


def test_own_presence_is_away(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_server)
    irc_host.send(type="presence", account=1, show="away", status="out <to> lunch\nQUIT")
    end = time.monotonic() + 10
    while True:
        contact.raw("WHOIS alice")
        lines = [contact.line()]
        while " 318 " not in lines[-1]:
            lines.append(contact.line())
        away = [l for l in lines if " 301 " in l]
        if away:
            break
        assert time.monotonic() < end
    assert away[0].split(":", 2)[2] == "out <to> lunch QUIT"
    irc_host.close()


def test_many_accounts_in_one_host(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    for i in range(1, 21):
        irc_host.send(type="login", account=i, username="user%d@127.0.0.1" % i,
                      values={"port": str(irc_server.port)})
    for i in range(1, 21):
        irc_host.expect("state", account=i, state="online")
    for i in range(1, 21):
        irc_host.message("bob", "from %d" % i, account=i)
    got = {contact.message() for _ in range(20)}
    assert got == {("user%d" % i, "from %d" % i) for i in range(1, 21)}
    for i in range(1, 21):
        contact.say("user%d" % i, "to %d" % i)
    for i in range(1, 21):
        assert irc_host.expect("message", account=i)["text"] == "to %d" % i
    irc_host.close()


def test_one_name_twice_in_one_host(irc_host, irc_server, tmp_path):
    """A nick at two servers of one address: libpurple knows accounts by name alone."""
    from hostlib import IrcContact, IrcServer, stop
    other = IrcServer(str(tmp_path))
    login(irc_host, irc_server, account=1)
    login(irc_host, other, account=2)
    for number, server in ((1, irc_server), (2, other)):
        contact = IrcContact(server, "bob")
        irc_host.message("bob", "to %d" % number, account=number)
        assert contact.message() == ("alice", "to %d" % number)
        contact.say("alice", "hello %d" % number)
        assert irc_host.expect("message")["account"] == number
        contact.close()
    irc_host.send(type="logout", account=1)
    irc_host.expect("state", account=1, state="offline")
    irc_host.sync()
    irc_host.never("state", 0.2, account=2)
    irc_host.close()
    stop(other.process)


# ---- what was written, and what was not ----

def fates(host, ids):
    """id -> "ack" or the nack; each has exactly one."""
    found = {}
    host.sync()
    for line in list(host.lines):
        if line["type"] in ("ack", "nack"):
            host.lines.remove(line)
            assert line["id"] in ids and line["id"] not in found, line
            found[line["id"]] = line if line["type"] == "nack" else "ack"
    return found


def drain(contact):
    """What arrived at the contact until alice was gone, by the texts."""
    texts, there = [], True
    while there:
        contact.raw("ISON alice")
        line = ""
        while " 303 " not in line:
            line = contact.line()
            if " PRIVMSG " in line:
                texts.append(line.split(" ", 3)[3].lstrip(":"))
        there = line.rstrip().endswith("alice")
        time.sleep(0.05)
    return texts


def test_acks_are_for_what_was_written_when_the_link_drops(irc_host, irc_server, irc_relay,
                                                           irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_relay)
    ids = [irc_host.message("bob", "number %d" % i) for i in range(30)]
    texts = [contact.message()[1] for _ in range(8)]
    while texts[-1] != "number 29":  # until the plugin waits for its next turn
        try:
            texts.append(contact.message(timeout=0.3)[1])
        except OSError:
            break
    irc_relay.cut()
    end = irc_host.expect("state", account=1, state="offline")
    assert end["reason"] == "network"
    found = fates(irc_host, ids)
    acked = [i for i in ids if found[i] == "ack"]
    assert sorted(found) == ids and 8 <= len(acked) < 30
    assert texts + drain(contact) == ["number %d" % ids.index(i) for i in acked]
    for number in ids:
        if number not in acked:
            assert found[number]["reason"] == "not-online" and found[number]["text"]
    irc_host.close()


def test_half_of_a_message_is_told(irc_host, irc_server, irc_relay, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_relay, **{"ratelimit-burst": "2", "ratelimit-interval": "600"})
    # what the log-in itself left in the queue comes first
    first = irc_host.message("bob", "first")
    second = irc_host.message("bob", "\n".join("line %d" % i for i in range(12)))
    third = irc_host.message("bob", "/me waves")
    assert contact.message()[1] == "first"
    irc_host.expect("ack", id=first)
    while contact.message()[1] != "line 0":
        pass
    irc_relay.cut()
    end = irc_host.expect("nack", id=second)
    assert end["reason"] == "network" and "beginning" in end["text"]
    assert irc_host.expect("nack", id=third)["reason"] == "not-online"
    irc_host.expect("state", account=1, state="offline")
    irc_host.close()


def test_log_out_returns_what_waits(irc_host, irc_server, irc_contact):
    contact = irc_contact("bob")
    login(irc_host, irc_server)
    ids = [irc_host.message("bob", "number %d" % i) for i in range(30)]
    irc_host.send(type="logout", account=1)
    irc_host.expect("state", account=1, state="offline")
    found = fates(irc_host, ids)
    assert sorted(found) == ids
    acked = [i for i in ids if found[i] == "ack"]
    assert acked == ids[:len(acked)] and len(acked) < 30
    # ngircd forgets what it has not looked at when a client goes
    got = drain(contact)
    assert got == ["number %d" % ids.index(i) for i in acked][:len(got)]
    irc_host.close()


def test_each_form_of_message_is_acknowledged(irc_host, irc_server, irc_contact):
    """As soon as it is written: one that waits for its turn would be late by a second or more."""
    contact = irc_contact("bob")
    login(irc_host, irc_server, **{"ratelimit-burst": "60"})
    for text in ("plain", "/me acts", "one\n\nthree", "\n", "/quote QUIT", "/", " ", "<b>", "x" * 900,
                 "\x01VERSION\x01", "/me " + "long " * 200):
        number = irc_host.message("bob", text)
        irc_host.expect("ack", id=number, timeout=5)
    number = irc_host.message("+bob", "with a rank")
    irc_host.expect("ack", id=number, timeout=5)
    irc_host.close()


def test_too_many_at_once_are_refused(irc_host, irc_server, irc_contact):
    irc_contact("bob")
    login(irc_host, irc_server)
    ids = [irc_host.message("bob", "number %d" % i) for i in range(90)]
    refused = [irc_host.expect("nack", reason="rate")["id"] for _ in range(20)]
    assert set(refused) <= set(ids[50:])
    huge = irc_host.message("bob", "x" * 40000)
    assert irc_host.expect("nack", id=huge)["reason"] == "too-long"
    irc_host.close()


def test_info_is_a_whois(irc_host, irc_server, irc_contact):
    irc_contact("bob")
    login(irc_host, irc_server)
    irc_host.send(type="info", account=1, id=71, contact="bob")
    assert "info" in [f["name"] for f in irc_host.expect("info", id=71)["fields"]]
    irc_host.send(type="info", account=1, id=72, contact="nobody")
    assert irc_host.expect("nack", id=72)["reason"] == "no-contact"
    number = irc_host.message("nobody", "x")  # now there is a conversation
    irc_host.expect("nack", id=number)
    irc_host.send(type="info", account=1, id=73, contact="nobody")
    assert irc_host.expect("nack", id=73)["reason"] == "no-contact"
    irc_host.sync()
    assert not [line for line in irc_host.lines if line["type"] == "notice"]
    irc_host.close()
