# tests/functional/test_stream_gateway.py: the gateway at a bad server (checklist C16 to C28)
#
# SPDX-License-Identifier: GPL-2.0-or-later

import subprocess

import pytest

from lib.badserver import ACCEPT, CLOSE, BadServer, header, name_of, stream_error
from lib.gateway import find_program
from lib.process import resident_kib
from lib.servers import SECRET
from lib.waiting import free_port

IRC = "irc.localhost"
JULIET = "juliet@localhost/balcony"
ERRORS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


@pytest.fixture
def gateway_server():
    server = BadServer(secret=SECRET)
    yield server
    server.close()


def irc_transport(**more):
    return {IRC: {"protocol": "purple:prpl-irc", "name": "IRC", **more}}


@pytest.fixture
def attached_gateway(gateway_server, gateway_factory):
    gateway = gateway_factory(server_port=gateway_server.port, transports=irc_transport(allow="*"))
    gateway.start(wait=False)
    connection = gateway_server.accept(timeout=30).attach()
    gateway.wait_log(f"{IRC}: attached to the server")
    return gateway, connection


def sync(connection, marker):
    """All that was sent before has been answered when this is."""
    connection.send(f"<iq type='get' from='{JULIET}' to='{IRC}' id='{marker}'>"
                    "<ping xmlns='urn:xmpp:ping'/></iq>")
    connection.wait_element("iq", id=marker, type="result")


def condition_of(element):
    error = element.find(f"{{{ACCEPT}}}error")
    return [name_of(child) for child in error
            if child.tag.startswith(ERRORS) and name_of(child) != "text"][0]


ADDRESSES = [IRC, f"{IRC}/resource", f"nick@{IRC}", f"nick@{IRC}/phone", f"#room@{IRC}",
             f"#room@{IRC}/occupant", f"nobody.knows.me@{IRC}", f"a\\20b@{IRC}"]


@pytest.mark.parametrize("stanza", ["message", "presence", "iq"])
def test_C15_who_sends_too_much_is_told_and_nobody_else_notices(attached_gateway, stanza):
    _, connection = attached_gateway
    kind = " type='set'" if stanza == "iq" else ""
    connection.send(f"<{stanza} from='{JULIET}' to='x@{IRC}' id='big'{kind}><x xmlns='u'>"
                    f"{'x' * 300000}</x></{stanza}>")
    assert condition_of(connection.wait_element(stanza, id="big", type="error")) == "policy-violation"
    connection.send(f"<iq from='{JULIET}' to='{IRC}' id='lost' type='result'><x xmlns='u'>"
                    f"{'x' * 300000}</x></iq>")
    sync(connection, "after")  # on the same stream


@pytest.mark.parametrize("kind", ["get", "set"])
@pytest.mark.parametrize("to", ADDRESSES)
def test_C16_unknown_iq_is_answered_exactly_once(attached_gateway, to, kind):
    _, connection = attached_gateway
    connection.send(f"<iq type='{kind}' from='{JULIET}' to='{to}' id='unknown'>"
                    "<query xmlns='urn:x-none'/></iq>")
    answer = connection.wait_element("iq", id="unknown")
    assert answer.get("type") == "error" and answer.get("from") == to and answer.get("to") == JULIET
    assert condition_of(answer) in ("service-unavailable", "feature-not-implemented")
    sync(connection, "after")
    assert not [e for e in connection.take_elements() if e.get("id") == "unknown"]


@pytest.mark.parametrize("kind", ["result", "error"])
def test_C17_answers_that_nobody_asked_for_are_dropped(attached_gateway, kind):
    _, connection = attached_gateway
    for to in ADDRESSES:
        connection.send(f"<iq type='{kind}' from='{JULIET}' to='{to}' id='stray'>"
                        "<query xmlns='urn:x'/></iq>"
                        f"<iq type='{kind}' from='{JULIET}' to='{to}'/>")
    sync(connection, "after")
    assert not [e for e in connection.take_elements() if name_of(e) == "iq"]


@pytest.mark.parametrize("iq", [
    "<iq from='{f}' to='{t}' id='bad'><query xmlns='urn:x'/></iq>",
    "<iq type='give' from='{f}' to='{t}' id='bad'><query xmlns='urn:x'/></iq>",
    "<iq type='get' from='{f}' to='{t}'><query xmlns='urn:x'/></iq>",
    "<iq type='get' from='{f}' to='{t}' id='bad'/>",
    "<iq type='set' from='{f}' to='{t}' id='bad'><query xmlns='urn:x'/><query xmlns='urn:y'/></iq>",
    "<iq type='get' from='{f}' to='{t}' id='bad'><ping xmlns='urn:xmpp:ping'/>"
    "<ping xmlns='urn:xmpp:ping'/></iq>",
], ids=["no-type", "bad-type", "no-id", "no-child", "two-children", "two-pings"])
@pytest.mark.parametrize("to", [IRC, f"nick@{IRC}"])
def test_C17_malformed_iq_is_a_bad_request(attached_gateway, iq, to):
    _, connection = attached_gateway
    connection.send(iq.format(f=JULIET, t=to))
    answer = connection.wait_element("iq", type="error")
    assert condition_of(answer) == "bad-request"
    assert answer.get("id") in ("bad", None) and answer.get("to") == JULIET


def test_C18_errors_are_never_answered(attached_gateway):
    gateway, connection = attached_gateway
    error = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    stanzas = [f"<{kind} type='error' from='{sender}' to='{to}' id='e'>{payload}{error}</{kind}>"
               for kind, payload in (("message", "<body>x</body>"), ("message", ""), ("presence", ""),
                                     ("iq", "<query xmlns='jabber:iq:register'/>"), ("iq", ""))
               for sender in (JULIET, "juliet@localhost", "localhost", f"loop@{IRC}", IRC)
               for to in ADDRESSES]
    sync(connection, "before")
    connection.take_elements()
    sent = 0
    while sent < 10000:
        connection.send("".join(stanzas))
        sent += len(stanzas)
    sync(connection, "after")
    assert connection.take_elements() == []
    gateway.check_log()


def test_C19_addresses_are_compared_prepared(gateway_server, gateway_factory, ngircd):
    """Registered as ROMEO@Montague.LIT, known as romeo@montague.lit."""
    gateway = gateway_factory(server_port=gateway_server.port, transports=irc_transport(
        allow="montague.lit", **{"option.port": ngircd.port, "split.1": "127.0.0.1"}))
    gateway.start(wait=False)
    connection = gateway_server.accept(timeout=30).attach()
    connection.send(f"<iq type='set' from='ROMEO@Montague.LIT/Orchard' to='IRC.LocalHost' id='r'>"
                    "<query xmlns='jabber:iq:register'><username>romeoc19</username></query></iq>")
    answer = connection.wait_element("iq", id="r", timeout=40)
    assert answer.get("type") == "result", answer
    assert answer.get("to") == "romeo@montague.lit/Orchard"
    connection.send(f"<iq type='get' from='romeo@montague.lit/other' to='{IRC}' id='g'>"
                    "<query xmlns='jabber:iq:register'/></iq>")
    query = connection.wait_element("iq", id="g", type="result").find("{jabber:iq:register}query")
    assert query.find("{jabber:iq:register}registered") is not None
    # an address inside a stanza proves nothing: only `from` counts
    connection.send(f"<iq type='get' from='tybalt@montague.lit/x' to='{IRC}' id='t'>"
                    "<query xmlns='jabber:iq:register' from='romeo@montague.lit'/></iq>")
    query = connection.wait_element("iq", id="t", type="result").find("{jabber:iq:register}query")
    assert query.find("{jabber:iq:register}registered") is None


def test_C19_stanzas_with_impossible_addresses_harm_nobody(attached_gateway):
    gateway, connection = attached_gateway
    for sender in ("", "@", "a@", "@b", "a b@c", "a@b/", "x" * 2000 + "@y"):
        for to in (IRC, "", "@", "other.example.com", f"\u00ad@{IRC}"):
            connection.send(f"<message from='{sender}' to='{to}'><body>x</body></message>"
                            f"<presence from='{sender}' to='{to}' type='subscribe'/>"
                            f"<iq type='get' from='{sender}' to='{to}' id='i'><q xmlns='u'/></iq>")
    connection.send("<message/><presence/><iq/><unknown/><handshake/><iq xmlns='jabber:client'/>")
    sync(connection, "after")
    gateway.check_log()


@pytest.fixture
def registered(gateway_server, gateway_factory, ngircd):
    """romeo@montague.lit is registered and online on IRC."""
    gateway = gateway_factory(server_port=gateway_server.port, transports=irc_transport(
        allow="*", **{"option.port": ngircd.port, "split.1": "127.0.0.1"}))
    gateway.start(wait=False)
    connection = gateway_server.accept(timeout=30).attach()
    romeo = "romeo@montague.lit/orchard"
    connection.send(f"<iq type='set' from='{romeo}' to='{IRC}' id='r'>"
                    "<query xmlns='jabber:iq:register'><username>romeoc20</username></query></iq>")
    assert connection.wait_element("iq", id="r", timeout=40).get("type") == "result"
    connection.wait_element("presence", type="subscribe")
    connection.send(f"<presence type='subscribed' from='romeo@montague.lit' to='{IRC}'/>"
                    f"<presence from='{romeo}' to='{IRC}'/>")
    connection.wait_element("presence", from_=IRC, type=None, timeout=40)
    return gateway, connection, romeo


@pytest.mark.parametrize("how", ["close", "reset"])
def test_C20_sessions_outlive_the_server_and_presence_is_sent_again(gateway_server, registered, how):
    gateway, connection, romeo = registered
    hosts = gateway.hosts()
    connection.reset() if how == "reset" else connection.send(CLOSE)
    again = gateway_server.accept(timeout=30).attach()
    # who was online is told again, and everybody registered is asked
    seen = {again.wait_element("presence", timeout=30).get("type") for _ in range(2)}
    assert seen == {None, "probe"}
    assert gateway.hosts() == hosts
    again.send(f"<presence from='{romeo}' to='{IRC}'/>")
    sync(again, "after")
    assert not [e for e in again.take_elements() if e.get("type") == "unavailable"]


def test_C21_the_gateway_waits_for_a_server_that_is_not_there(gateway_factory):
    port = free_port()
    gateway = gateway_factory(server_port=port, transports=irc_transport())
    gateway.start(wait=False)
    gateway.wait_log(f"{IRC}: cannot reach the server", timeout=30)
    server = BadServer(secret=SECRET, port=port)
    try:
        server.accept(timeout=30).attach()
        gateway.wait_log(f"{IRC}: attached to the server")
        gateway.stop()
    finally:
        server.close()


@pytest.mark.parametrize("condition", ["not-authorized", "host-unknown", "invalid-namespace"])
def test_C21_wrong_settings_end_the_gateway_with_78(gateway_server, gateway_factory, condition):
    gateway = gateway_factory(server_port=gateway_server.port, transports=irc_transport())
    gateway.exit_expected = 78
    gateway.start(wait=False)
    gateway_server.accept(timeout=30).refuse(condition)
    assert gateway.process.wait(30) == 78


def test_C21_a_conflict_does_not_end_the_gateway(gateway_server, gateway_factory):
    gateway = gateway_factory(server_port=gateway_server.port, transports=irc_transport(),
                              timing={"server-refused-retry": "1"})
    gateway.start(wait=False)
    gateway_server.accept(timeout=30).refuse("conflict")
    gateway_server.accept(timeout=30).attach()
    gateway.wait_log(f"{IRC}: attached to the server")


def test_C23_sigterm_says_good_bye(gateway_server, registered):
    gateway, connection, romeo = registered
    connection.take_elements()
    gateway.stop()  # and judges exit status 0
    presence = connection.wait_element("presence", type="unavailable")
    assert presence.get("from") == IRC and presence.get("to").startswith("romeo@montague.lit")
    connection.wait_close()
    assert connection.raw.endswith(b"</stream:stream>")


def test_C24_the_gateway_stays_small_when_the_server_does_not_read(gateway_factory):
    server = BadServer(secret=SECRET, receive_buffer=4096)
    try:
        gateway = gateway_factory(server_port=server.port, transports=irc_transport(),
                                  limits={"send-queue": 65536})
        # freed memory goes back, or it would count as growth
        gateway.environment["ASAN_OPTIONS"] = \
            "detect_leaks=1:exitcode=99:fast_unwind_on_malloc=0:quarantine_size_mb=1"
        gateway.start(wait=False)
        connection = server.accept(timeout=30).attach()
        gateway.wait_log(f"{IRC}: attached to the server")
        connection.pause_reading()
        before = resident_kib(gateway.process.pid)
        query = "".join(f"<iq type='get' from='{JULIET}' to='{IRC}' id='{i}'>"
                        "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
                        for i in range(1000))
        for _ in range(20):
            connection.send(query, quietly=True)
        gateway.wait_log(f"{IRC}: the server does not read", timeout=60)
        assert resident_kib(gateway.process.pid) - before < 40 * 1024
        server.accept(timeout=30).attach()
    finally:
        gateway.stop()
        server.close()


@pytest.mark.parametrize("namespace", ["urn:xmpp:privilege:2", "urn:xmpp:privilege:1"])
def test_C25_privileges_are_understood(attached_gateway, namespace):
    gateway, connection = attached_gateway
    connection.send(f"<message from='localhost' to='{IRC}'><privilege xmlns='{namespace}'>"
                    "<perm access='roster' type='both'/><perm access='message' type='outgoing'/>"
                    "</privilege></message>")
    gateway.wait_log(f"{IRC}: localhost grants: roster=both, message=outgoing")
    sync(connection, "after")
    assert not [e for e in connection.take_elements() if name_of(e) == "message"]


def test_C25_a_user_cannot_grant_privileges(attached_gateway):
    gateway, connection = attached_gateway
    connection.send(f"<message from='{JULIET}' to='{IRC}'><privilege xmlns='urn:xmpp:privilege:2'>"
                    "<perm access='roster' type='both'/></privilege></message>")
    sync(connection, "after")
    assert "grants" not in gateway.log_text()


def test_C26_two_transports_of_one_gateway(gateway_server, gateway_factory):
    other = "two.localhost"
    gateway = gateway_factory(server_port=gateway_server.port, transports={
        **irc_transport(), other: {"protocol": "purple:prpl-irc", "name": "two"}},
        timing={"server-refused-retry": "1"})
    gateway.start(wait=False)
    connections = {}
    for _ in range(2):
        connection = gateway_server.accept(timeout=30)
        connection.wait_header()
        connections[connection.domain] = connection
    connections[IRC].send(header("one"))
    connections[IRC].check_handshake("one")
    connections[IRC].send("<handshake/>")
    connections[other].send(header("") + stream_error("host-unknown") + CLOSE)
    gateway.wait_log(f"{other}: .*refused by the server")
    sync(connections[IRC], "alive")
    gateway_server.accept(other, timeout=30).attach()
    gateway.wait_log(f"{other}: attached to the server")
    sync(connections[IRC], "still alive")


@pytest.mark.parametrize("host, allowed, status", [
    ("192.0.2.1", "false", 78), ("jabber.example.com", "false", 78), ("0.0.0.0", "false", 78),
    ("192.0.2.1", "true", 0), ("127.0.0.1", "false", 0), ("localhost", "false", 0),
    ("::1", "false", 0),
])
def test_C28_a_server_elsewhere_must_be_allowed(gateway_factory, host, allowed, status):
    gateway = gateway_factory(server_port=5347, transports=irc_transport(), server_host=host,
                              server={"allow-plaintext": allowed})
    gateway.write_config()
    result = subprocess.run([find_program("causeway"), "--check-config", "--config",
                             gateway.config_path], capture_output=True, text=True, timeout=30)
    assert result.returncode == status, result.stderr
    assert status == 0 or ("[server] host" in result.stderr and "allow-plaintext" in result.stderr)
