# tests/functional/test_stream.py: XEP-0114 against a server that misbehaves (checklist C1 to C26)
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""stream-driver is a component with nothing behind it; what concerns stanzas, and the process as a
whole, is in test_stream_gateway.py."""

import re
import time

import pytest

from lib.badserver import ACCEPT, CLOSE, BadServer, digest, header, stream_error
from lib.streamdriver import StreamDriver
from lib.waiting import free_port, wait_until

DOMAIN = "irc.example.com"
JULIET = "juliet@localhost/balcony"


@pytest.fixture
def server():
    server = BadServer()
    yield server
    server.close()


@pytest.fixture
def driver_factory(server, request):
    made = []

    def make(*domains, port=None, **options):
        driver = StreamDriver(port or server.port, *(domains or [DOMAIN]), **options)
        made.append(driver)
        return driver.start()

    yield make
    for driver in made:
        driver.stop()
        driver.check()
        driver.remove_folder()


@pytest.fixture
def attached(server, driver_factory):
    """A driver that is up, and its connection."""
    driver = driver_factory()
    connection = server.accept().attach()
    driver.wait("up")
    return driver, connection


def warnings(driver):
    return re.findall(r"WARNING \*\*: .*", driver.log_text())


def waits(driver):
    """What it decided to wait before each next attempt, s: exact, whatever else the machine does."""
    return [int(ms) / 1000 for ms in re.findall(r"next attempt in (\d+) ms", driver.log_text())]


def message(body, sender=JULIET, to=DOMAIN, stanza_id="1"):
    return f"<message from='{sender}' to='{to}' id='{stanza_id}'><body>{body}</body></message>"


# ---- opening ----

def test_C1_header_names_the_component(server, driver_factory):
    driver_factory()
    connection = server.accept()
    assert connection.wait_header() == {"to": DOMAIN}
    text = connection.raw.decode()
    assert re.fullmatch(r"<\?xml version='1.0'\?><stream:stream xmlns='jabber:component:accept' "
                        r"xmlns:stream='http://etherx.jabber.org/streams' to='irc.example.com'>", text)


def test_C2_nothing_is_sent_before_the_servers_header(server, driver_factory):
    driver = driver_factory()
    connection = server.accept()
    connection.wait_header()
    before = bytes(connection.raw)
    # stanzas that its owner wants to send at this time go nowhere
    assert not driver.send("too early")
    time.sleep(0.3)  # nothing is waited for: it proves an absence
    assert connection.raw == before
    connection.send(header("s1"))
    connection.check_handshake("s1")


@pytest.mark.parametrize("text", [
    "<stream:stream id='s1' from='irc.example.com' xmlns:stream='http://etherx.jabber.org/streams' "
    "xmlns='jabber:component:accept'>",
    '<?xml version="1.0" encoding="utf-8" ?>\n<stream:stream\n  xmlns:stream="http://etherx.jabber.org/'
    'streams"\n  xmlns="jabber:component:accept" xml:lang="de" version="1.0" id="s1">\n',
    "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' "
    "from='other.example' to='x' id='s1'>",
], ids=["order", "declaration", "prefix"])
def test_C2_any_form_of_header(server, driver_factory, text):
    driver = driver_factory()
    connection = server.accept()
    connection.wait_header()
    connection.send_split(text)
    connection.check_handshake("s1")
    connection.send("<handshake/>")
    driver.wait("up")


@pytest.mark.parametrize("stream_id", ["a&b<c>\"d'", "x" * 200, "\u00e9\u2603\U0001F600", " "],
                         ids=["entities", "long", "unicode", "space"])
def test_C3_digest_of_the_decoded_id(server, driver_factory, stream_id):
    driver = driver_factory()
    server.accept().attach(stream_id)
    driver.wait("up")


def test_C3_secret_that_is_not_ascii(server, driver_factory):
    server.secret = "geheïm€"
    driver = driver_factory(secret=server.secret)
    server.accept().attach("s&1")
    driver.wait("up")


@pytest.mark.parametrize("success", ["<handshake/>", "<handshake></handshake>", "\n <handshake />\n",
                                     f"<handshake xmlns='{ACCEPT}'/>"])
def test_C4_success_in_either_form_and_no_stanza_before(server, driver_factory, success):
    driver = driver_factory()
    connection = server.accept()
    connection.wait_header()
    connection.send(header("s1"))
    connection.check_handshake("s1")
    assert not driver.send("too early")
    # nor is a stanza taken before
    connection.send(message("too early"))
    connection.send(success)
    driver.wait("up")
    assert driver.send("now")
    assert connection.wait_element("message").findtext(f"{{{ACCEPT}}}body") == "now"
    assert not [line for line in driver.lines.history if " stanza " in line]


# ---- refusals ----

def check_is_quiet(driver, server, *secrets):
    log = driver.log_text()
    for secret in (server.secret, *secrets):
        assert secret not in log


def test_C5_wrong_secret_is_logged_once_and_not_spun(server, driver_factory):
    driver = driver_factory(secret="not the right one", refused_retry=400)
    server.secret = "s3cret"
    accepted = []
    for number in range(3):
        connection = server.accept()
        accepted.append(connection.accepted)
        connection.wait_header()
        connection.send(header(f"s{number}"))
        sent = connection.wait_element("handshake").text
        assert sent == digest(f"s{number}", "not the right one")
        # a server that tells too much must not make us tell it
        connection.send(stream_error("not-authorized",
                                     "Given token does not match calculated token") + CLOSE)
        connection.wait_close()
        driver.wait("refused")
        check_is_quiet(driver, server, sent, "not the right one")
    assert all(0.4 <= wait <= 0.6 for wait in waits(driver))
    assert accepted[2] - accepted[0] >= 0.4
    assert len(warnings(driver)) == 1
    assert re.search(rf"{DOMAIN}: .*the secret is wrong: compare `secret` in \[transport {DOMAIN}\] "
                     r"with the server's component_secret \(not-authorized: Given token does not "
                     r"match calculated token\)", warnings(driver)[0])


def test_C5_an_error_text_that_holds_the_digest_is_not_logged(server, driver_factory):
    driver = driver_factory()
    connection = server.accept()
    connection.wait_header()
    connection.send(header("s1"))
    sent = connection.wait_element("handshake").text
    connection.send(stream_error("not-authorized", f"you sent {sent}, not s3cret") + CLOSE)
    driver.wait("refused")
    check_is_quiet(driver, server, sent)


def test_C5_wrong_secret_and_only_the_end_of_the_connection(server, driver_factory):
    driver = driver_factory(retry_first=100)
    connection = server.accept()
    connection.wait_header()
    connection.send(header("s1"))
    connection.wait_element("handshake")
    connection.end()
    driver.wait_log(rf"{DOMAIN}: .*without a reason: perhaps the secret is wrong, compare `secret`")
    server.accept().attach()
    driver.wait("up")


@pytest.mark.parametrize("stream_id", ["", None], ids=["empty", "missing"])
def test_C6_unknown_host_in_one_go_without_an_id(server, driver_factory, stream_id):
    driver = driver_factory(refused_retry=300)
    connection = server.accept()
    connection.refuse("host-unknown", f"{DOMAIN} does not match any configured external components",
                      stream_id)
    driver.wait("refused")
    connection.wait_eof()
    assert b"<handshake" not in connection.raw
    assert re.search(rf"{DOMAIN}: .*the server does not know this component: add \"{DOMAIN}\" to its "
                     r"components", warnings(driver)[0])
    server.accept().attach()
    driver.wait("up")


def test_C6_header_without_id_waits_for_what_follows(server, driver_factory):
    driver = driver_factory(refused_retry=300)
    connection = server.accept()
    connection.wait_header()
    connection.send_split(header(""))
    connection.send_split(stream_error("host-unknown"))
    connection.send(CLOSE, quietly=True)  # it may have gone at the error
    driver.wait("refused")
    assert b"<handshake" not in connection.raw


def test_C7_conflict_after_the_handshake_backs_off_long(server, driver_factory):
    driver = driver_factory(retry_first=10, retry_max=20, refused_retry=500)
    accepted = []
    for number in range(3):
        connection = server.accept()
        accepted.append(connection.accepted)
        connection.wait_header()
        connection.send(header("s1"))
        connection.check_handshake("s1")
        connection.send(stream_error("conflict", "Component already connected") + CLOSE)
        connection.wait_close()
    driver.wait_log("next attempt(?s:.*next attempt){2}")
    assert all(0.5 <= wait <= 0.75 for wait in waits(driver))
    assert accepted[2] - accepted[0] >= 0.5
    assert len(warnings(driver)) == 1
    assert f"another program is attached as {DOMAIN}" in warnings(driver)[0]
    server.accept().attach()
    driver.wait("up")
    assert not [line for line in driver.lines.history if "refused" in line]


def test_C7_conflict_while_up(server, driver_factory):
    driver = driver_factory(retry_first=10, retry_max=20, refused_retry=500)
    connection = server.accept().attach()
    driver.wait("up")
    began = time.monotonic()
    connection.send(stream_error("conflict") + CLOSE)
    driver.wait("down")
    assert server.accept().accepted - began >= 0.5


@pytest.mark.parametrize("condition", ["internal-server-error", "system-shutdown", "undefined-condition",
                                       "x-never-heard-of"])
def test_C7_any_error_after_the_handshake_is_a_failure(server, driver_factory, condition):
    driver = driver_factory()
    connection = server.accept()
    connection.wait_header()
    connection.send(header("s1"))
    connection.check_handshake("s1")
    connection.send(stream_error(condition, "so it is") + "<handshake/>" + CLOSE)
    connection.wait_close()
    driver.wait_log(rf"{DOMAIN}: the server ended the stream: {condition}: so it is")
    server.accept().attach()
    driver.wait("up")
    assert not warnings(driver)


def test_C8_invalid_namespace_is_said_to_be_a_matter_of_settings(server, driver_factory):
    driver = driver_factory()
    server.accept().refuse("invalid-namespace", stream_id="s1")
    driver.wait("refused")
    assert re.search(rf"{DOMAIN}: .*takes no components at 127.0.0.1 port {server.port}: check `host` "
                     r"and `port` in \[server\]", warnings(driver)[0])


def test_C8_something_that_is_no_jabber_server(server, driver_factory):
    driver = driver_factory()
    connection = server.accept()
    connection.wait_header()
    connection.send("<html><body>It works!</body></html>")
    driver.wait_log(rf"{DOMAIN}: what answers at 127.0.0.1 port {server.port} is no Jabber server")
    connection = server.accept()
    connection.wait_header()
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.wait_stream_error()


# ---- what is sent ----

def test_C9_no_stanza_without_to(attached):
    driver, connection = attached
    assert not driver.send("x", to="-")
    assert driver.send("marker")
    assert connection.wait_element("message").findtext(f"{{{ACCEPT}}}body") == "marker"
    assert "it has no `to`" in warnings(driver)[0]


@pytest.mark.parametrize("sender", ["juliet@example.com", "example.com", "irc.example.com.evil.net",
                                    "evil.net/irc.example.com", "evil.net/@irc.example.com",
                                    "a@b@irc.example.com", "xirc.example.com", "-"])
def test_C10_foreign_from_never_leaves(attached, sender):
    driver, connection = attached
    assert not driver.send("x", sender=sender)
    assert driver.send("marker")
    assert connection.wait_element("message").findtext(f"{{{ACCEPT}}}body") == "marker"
    assert f" from='{sender}'".encode() not in connection.raw
    assert "`from` is not at our domain" in warnings(driver)[0]


def test_C11_any_local_part_and_resource_of_ours(attached):
    driver, connection = attached
    for sender in (DOMAIN, f"nick@{DOMAIN}", f"#room@{DOMAIN}/a@b/c", f"{DOMAIN}/x"):
        assert driver.send("x", sender=sender)
        connection.wait_element("message", from_=sender, to="juliet@example.com")


def test_C12_stanzas_are_in_the_streams_namespace(attached):
    driver, connection = attached
    assert driver.send("hi")
    element = connection.wait_element("message")
    assert element.tag == f"{{{ACCEPT}}}message"
    assert [child.tag for child in element] == [f"{{{ACCEPT}}}body"]
    assert b"jabber:client" not in connection.raw


@pytest.mark.parametrize("body, expected", [
    ("<!-- comment -->", "<!-- comment -->"),
    ("a ]]> b", "a ]]> b"),
    ("&foo; <b> \" '", "&foo; <b> \" '"),
    ("<?php ?><!DOCTYPE x>", "<?php ?><!DOCTYPE x>"),
    ("line one\n  two\tthree", "line one\n  two\tthree"),
    ("cr\r\nlf", "cr\r\nlf"),
    (bytes(b for b in range(1, 32) if b not in (9, 10, 13)), "\ufffd" * 28),
    (b"\xef\xbf\xbe\xef\xbf\xbf", "\ufffd\ufffd"),
    (b"lone \xed\xa0\x80 surrogate", "lone \ufffd\ufffd\ufffd surrogate"),
    (b"latin \xe9 and \xc0\x80 overlong", "latin \ufffd and \ufffd\ufffd overlong"),
    ("\u2603 \U0001F600 \u05d0", "\u2603 \U0001F600 \u05d0"),
], ids=["comment", "cdata-end", "entity", "pi", "lines", "cr", "controls", "nonchars", "surrogate",
        "utf8", "unicode"])
def test_C13_everything_leaves_well_formed(attached, body, expected):
    driver, connection = attached
    assert driver.send(body)
    assert connection.wait_element("message").findtext(f"{{{ACCEPT}}}body") == expected


# ---- what is received ----

def billion_laughs():
    entities = "".join(f"<!ENTITY l{i} '{f'&l{i - 1};' * 10}'>" for i in range(1, 10))
    return f"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY l0 'lol'>{entities}]><lolz>&l9;</lolz>"


def check_refused_xml(driver, connection, condition):
    assert connection.wait_stream_error() == condition
    connection.wait_close()
    assert driver.resident() < 400 * 1024  # KiB; ASan's own is most of it


@pytest.mark.parametrize("text", [
    billion_laughs(), "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>", "<!-- hello -->",
], ids=["billion-laughs", "external", "comment"])
def test_C14_restricted_xml_before_the_header(server, driver_factory, text):
    driver = driver_factory()
    connection = server.accept()
    connection.wait_header()
    before = driver.resident()
    connection.send(text)
    check_refused_xml(driver, connection, "restricted-xml")
    assert driver.resident() - before < 20 * 1024
    server.accept().attach()
    driver.wait("up")


@pytest.mark.parametrize("text", [
    "<!DOCTYPE x [<!ENTITY a 'b'>]>", "<message><body>&a;</body></message>", "<!-- x -->", "<?x y?>",
], ids=["doctype", "entity", "comment", "pi"])
def test_C14_restricted_xml_while_up(server, attached, text):
    driver, connection = attached
    connection.send(text)
    driver.wait("down")
    check_refused_xml(driver, connection, "restricted-xml")
    assert len(warnings(driver)) == 1 and "restricted-xml" in warnings(driver)[0]
    server.accept().attach()
    driver.wait("up")


@pytest.mark.parametrize("text, condition", [
    ("<message></presence>", "not-well-formed"), ("<message a='1' a='2'/>", "not-well-formed"),
    (b"<message><body>\xff\xfe</body></message>", "not-well-formed"), ("hello", "invalid-xml"),
], ids=["tags", "attributes", "utf8", "text"])
def test_C14_broken_xml_closes_the_stream(server, attached, text, condition):
    driver, connection = attached
    connection.send(text)
    driver.wait("down")
    check_refused_xml(driver, connection, condition)
    server.accept().attach()
    driver.wait("up")


def test_C15_split_at_every_byte(server, driver_factory):
    driver = driver_factory()
    connection = server.accept().attach()
    driver.wait("up")
    connection.send_split(message("h\u00e9llo &amp; \U0001F600", stanza_id="a&lt;b"))
    assert driver.wait("stanza") == f"message a<b {len('héllo & 😀'.encode())}"


def test_C15_a_handshake_split_at_every_byte(server, driver_factory):
    driver = driver_factory()
    connection = server.accept()
    connection.attach(send=connection.send_split)
    driver.wait("up")


def test_C15_a_start_tag_in_three_reads_is_seen_at_once(attached):
    driver, connection = attached
    # between the parts something must come back, or the system could join them
    for part in (f"<message from='{JULIET}' t", f"o='{DOMAIN}' i", "d='in-three'/>"):
        connection.send(part)
        assert driver.send("between")
        connection.wait_element("message")
    assert driver.wait("stanza", timeout=5) == "message in-three 0"


def test_C15_many_stanzas_in_one_read(attached):
    driver, connection = attached
    connection.send("".join(message("x" * 10, stanza_id=str(i)) for i in range(2000)))
    for i in range(2000):
        assert driver.wait("stanza") == f"message {i} 10"


@pytest.mark.parametrize("size", [64 * 1024, 256 * 1024 - 200])
def test_C15_large_stanzas_within_the_limit(attached, size):
    driver, connection = attached
    connection.send(message("x" * size))
    assert driver.wait("stanza") == f"message 1 {size}"


@pytest.mark.parametrize("stanza", [
    "<message><body>" + "x" * (256 * 1024) + "</body></message>",
    "<message><body>" + "x" * (4 * 1024 * 1024 - 100) + "</body></message>",
    "<message a='" + "x" * (256 * 1024) + "'/>",
    "<message>" + "<a>" * 1000 + "</a>" * 1000 + "</message>",
    "<message " + " ".join(f"a{i}='{i}'" for i in range(1000)) + "/>",
    "<message " + " ".join(f"xmlns:a{i}='urn:{i}'" for i in range(1000)) + "/>",
], ids=["over-256k", "4M", "256k-attribute", "1000-levels", "1000-attributes", "1000-namespaces"])
def test_C15_over_a_limit_the_stanza_is_left_out(server, attached, stanza):
    driver, connection = attached
    before = driver.resident()
    connection.send(stanza + message("after"))
    assert driver.wait("skipped") == "message"
    assert driver.wait("stanza") == "message 1 5"
    assert driver.resident() - before < 40 * 1024


@pytest.mark.parametrize("stanza", [
    "<message><body>" + "x" * (10 * 1024 * 1024) + "</body></message>",
    "<message a='" + "x" * (10 * 1024 * 1024) + "'/>",
    "<message>" + "<a>" * 10000 + "</a>" * 10000 + "</message>",
    "<message " + " ".join(f"a{i}='{i}'" for i in range(10000)) + "/>",
    "<message " + " ".join(f"xmlns:a{i}='urn:{i}'" for i in range(8000)) + "/>",
], ids=["10M", "10M-attribute", "10000-levels", "10000-attributes", "8000-namespaces"])
def test_C15_far_over_a_limit_the_stream_is_closed(server, attached, stanza):
    driver, connection = attached
    before = driver.resident()
    connection.send(stanza, quietly=True)
    driver.wait("down")
    assert driver.resident() - before < 40 * 1024
    check_refused_xml(driver, connection, "policy-violation")
    server.accept().attach()
    driver.wait("up")


# ---- the server comes and goes ----

ENDINGS = {
    "close": lambda c: c.send(CLOSE),
    "close-and-eof": lambda c: (c.send(CLOSE), c.end()),
    "eof": lambda c: c.end(),
    "reset": lambda c: c.reset(),
    "shutdown": lambda c: c.send(stream_error("system-shutdown") + CLOSE),
    "error-without-close": lambda c: c.send(stream_error("system-shutdown")),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_C20_a_lost_server_is_tried_again(server, attached, how):
    driver, connection = attached
    ENDINGS[how](connection)
    driver.wait("down")
    if how in ("close", "close-and-eof", "shutdown", "error-without-close"):
        connection.wait_close()  # a close is answered with a close
    assert not driver.send("into the void")
    server.accept().attach()
    driver.wait("up")
    assert driver.send("again")


def test_C20_back_off_grows_with_jitter(server, driver_factory):
    driver = driver_factory(retry_first=50, retry_max=400)
    for _ in range(8):
        connection = server.accept()
        connection.wait_header()
        connection.end()
    driver.wait_log("next attempt(?s:.*next attempt){7}")
    found = waits(driver)
    steps = [0.05, 0.1, 0.2] + [0.4] * 5
    assert all(step / 2 <= wait <= step for wait, step in zip(found, steps)), found
    assert len(set(found[3:])) > 1
    # the same trouble is not told again and again
    assert len(re.findall("Message: .*the server closed", driver.log_text())) == 1
    server.accept().attach()
    driver.wait("up")


def test_C20_a_server_restart(server, attached):
    driver, connection = attached
    connection.send(stream_error("system-shutdown") + CLOSE)
    server.shut()
    driver.wait("down")
    driver.wait_log(rf"{DOMAIN}: cannot reach the server at 127.0.0.1 port {server.port}: ")
    server.open()
    server.accept().attach()
    driver.wait("up")


def test_C21_a_server_that_is_not_there_at_start(server, driver_factory):
    port = free_port()
    driver = driver_factory(port=port)
    # several attempts, one line for the operator
    wait_until(lambda: driver.log_text().count("waiting -> connecting") >= 3, what="three attempts")
    assert len(re.findall(rf"Message: .*{DOMAIN}: cannot reach the server", driver.log_text())) == 1
    late = BadServer(port=port)
    try:
        late.accept().attach()
        driver.wait("up")
    finally:
        driver.stop()
        late.close()


def test_C21_a_server_that_accepts_and_says_nothing(server, driver_factory):
    driver = driver_factory(connect_timeout=300)
    server.accept().wait_header()
    driver.wait_log(rf"{DOMAIN}: the server at .* does not finish the handshake")
    server.accept().attach()
    driver.wait("up")


def test_C22_a_half_open_connection_is_found(server, driver_factory):
    driver = driver_factory(ping_interval=300, ping_timeout=300)
    connection = server.accept()
    connection.auto_pong = False
    connection.auto_close = False
    connection.attach()
    driver.wait("up")
    ping = connection.wait_element("iq", type="get")
    assert ping.get("from") == DOMAIN and ping.get("to") == "example.com" and ping.get("id")
    assert [child.tag for child in ping] == ["{urn:xmpp:ping}ping"]
    driver.wait("down")
    driver.wait_log(rf"{DOMAIN}: the connection is dead: no answer from the server")
    server.accept().attach()
    driver.wait("up")


def test_C22_any_answer_is_a_sign_of_life(server, driver_factory):
    driver = driver_factory(ping_interval=150, ping_timeout=15000)
    connection = server.accept()
    connection.auto_pong = False
    connection.attach()
    driver.wait("up")
    answers = ["<iq type='result' from='example.com' to='{to}' id='{id}'/>",
               "<iq type='error' from='example.com' to='{to}' id='{id}'><error type='cancel'>"
               "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
               "\n", "<presence from='juliet@example.com' to='{to}'/>"] * 2
    for answer in answers:
        ping = connection.wait_element("iq", type="get")
        connection.send(answer.format(to=DOMAIN, id=ping.get("id")))
    connection.wait_element("iq", type="get")
    assert len(server.connections) == 1
    # the owner never saw the answers
    assert not [line for line in driver.lines.history if " stanza iq" in line]
    driver.lines.take_all()


def test_C22_whitespace_between_stanzas_is_ignored(attached):
    driver, connection = attached
    connection.send(" \n\t\r\n" * 100 + message("one", stanza_id="1") + "\n\n" +
                    message("two", stanza_id="2") + " " * 300000 + message("three", stanza_id="3"))
    for number, text in enumerate(["one", "two", "three"], 1):
        assert driver.wait("stanza") == f"message {number} {len(text)}"


def test_C23_an_orderly_stop_flushes_and_closes(attached):
    driver, connection = attached
    driver.say(f"flood {DOMAIN} 500 1000")
    driver.wait("flooded")
    driver.say("stop")
    driver.wait("stopped")
    connection.wait_close()
    assert len(connection.take_elements()) == 500
    assert connection.raw.endswith(b"</message></stream:stream>")
    assert driver.process.wait(10) == 0


def test_C23_a_stop_does_not_wait_for_ever(server, driver_factory):
    driver = driver_factory(stop_timeout=300)
    connection = server.accept()
    connection.auto_close = False
    connection.attach()
    driver.wait("up")
    began = time.monotonic()
    driver.say("stop")
    connection.wait_close()
    driver.wait("stopped")
    assert 0.3 <= time.monotonic() - began < 5
    assert driver.process.wait(10) == 0


def slow_server():
    return BadServer(receive_buffer=4096)


def test_C24_a_full_queue_pauses_the_owner_and_nothing_is_lost(driver_factory):
    server = slow_server()
    try:
        driver = driver_factory(port=server.port, send_queue=262144)
        connection = server.accept().attach()
        driver.wait("up")
        connection.pause_reading()
        before = driver.resident()
        driver.say(f"flood {DOMAIN} 100000 100")
        driver.wait("full")
        for _ in range(20):  # a zero window for a while: nothing grows
            assert driver.resident() - before < 20 * 1024
            time.sleep(0.1)
        assert not [line for line in driver.lines.history if "flooded" in line]
        connection.go_on_reading()
        assert driver.wait("flooded", timeout=120) == "100000"
        wait_until(lambda: connection.raw.count(b"</message>") == 100000, 60, "all messages")
        assert driver.resident() - before < 20 * 1024
        driver.wait("short")
        assert len(server.connections) == 1
    finally:
        server.close()


def test_C24_a_server_that_never_reads_is_given_up(driver_factory):
    server = slow_server()
    try:
        driver = driver_factory(port=server.port, send_queue=65536)
        connection = server.accept().attach()
        driver.wait("up")
        connection.pause_reading()
        before = driver.resident()
        driver.say(f"insist {DOMAIN} 100000 1000")
        taken = int(driver.wait("insisted"))
        assert taken * 1000 < 10 * 65536 + 64 * 1024
        driver.wait("full")
        driver.wait("short")
        driver.wait("down")
        assert driver.resident() - before < 20 * 1024
        driver.wait_log(rf"{DOMAIN}: the server does not read: \d+ bytes wait for it")
        server.accept().attach()
        driver.wait("up")
    finally:
        server.close()


def test_C24_the_owner_sends_while_the_server_floods(attached):
    """Both directions at once: neither side waits for the other."""
    driver, connection = attached
    driver.say(f"flood {DOMAIN} 20000 100")
    for i in range(0, 20000, 1000):
        connection.send("".join(message("x" * 100, stanza_id=str(j)) for j in range(i, i + 1000)))
    assert driver.wait("flooded", timeout=120) == "20000"
    wait_until(lambda: connection.raw.count(b"</message>") == 20000, 60, "all messages")
    wait_until(lambda: sum(" stanza " in line for line in list(driver.lines.history)) == 20000, 60,
               "all stanzas")


def test_C26_one_streams_failure_leaves_the_others_alone(server, driver_factory):
    names = ["irc.example.com", "icq.example.com", "weather.example.com", "msn.example.com"]
    driver = driver_factory(*names, refused_retry=200)
    connections = {}
    for _ in names:
        connection = server.accept()
        connection.wait_header()
        connections[connection.domain] = connection
    assert sorted(connections) == sorted(names)
    irc, icq, weather, msn = (connections[name] for name in names)
    irc.send(header("id of irc"))
    weather.send(header("id of weather"))
    irc.check_handshake("id of irc")
    weather.check_handshake("id of weather")
    irc.send("<handshake/>")
    weather.send("<handshake/>")
    driver.wait("up", names[0])
    driver.wait("up", names[2])
    icq.send(header("") + stream_error("host-unknown") + CLOSE)
    msn.send("<!DOCTYPE x>")
    driver.wait("refused", names[1])
    assert msn.wait_stream_error() == "restricted-xml"
    weather.reset()
    driver.wait("down", names[2])
    again = server.accept(names[2])
    again.attach("second id")
    driver.wait("up", names[2])
    assert driver.send("still here")
    assert irc.wait_element("message") is not None
    assert [line for line in driver.lines.history if line.startswith(names[0])] == \
        [f"{names[0]} up", f"{names[0]} sent"]
