# tests/functional/host/test_stocks.py: shares, by both kinds of providers
# SPDX-License-Identifier: GPL-2.0-or-later
import datetime
import json
import os
import threading
import struct
import urllib.error
import urllib.request
import zoneinfo

import pytest
from hostlib import free_port
from weblib import AGENTS, add, say

HEAD = "Symbol,Date,Time,Open,High,Low,Close,Volume,Name,Prev\r\n"


def csv(price, before="100", symbol="AAPL.US", date="2026-11-27"):
    return f"{HEAD}{symbol},{date},22:00:11,99.5,101,98,{price},1000,APPLE,{before}\r\n"


@pytest.fixture
def start(start_host, web):
    def make(*settings, answer=csv("188.1", "190"), path="/q"):
        if answer is not None:
            web.put(path, answer, type_="text/plain")
        values = ["allow-private=true", "interval=1", "timeout=5",
                  f"url={web.url(path)}?s={{symbol}}", *settings]
        host = start_host("stocks", command=[AGENTS, "--agent"],
                          args=[part for value in values for part in ("--set", value)])
        host.login(username="juliet")
        return host
    return make


def watch(host, symbol="aapl"):
    host.expect("ack", id=add(host, symbol))
    return host.expect("presence", contact=symbol)


def test_stooq(start, web):
    host = start("currency=USD")
    shown = watch(host)
    assert host.expect("contact", contact="aapl")["name"] == "APPLE"
    assert shown["status"].startswith("188.10 USD ▼-1.00 %")
    assert web.requests[0][0] == "/q?s=aapl.us"
    web.put("/q", csv("192.85", "190"), type_="text/plain")
    assert "192.85 USD ▲+1.50 %" in host.expect("presence", contact="aapl")["status"]
    assert say(host, "quote", "aapl").startswith("AAPL, APPLE: 192.85 USD")
    assert "█" in say(host, "chart", "aapl")


def test_open_and_closed(start):
    zone = zoneinfo.ZoneInfo("Etc/UTC")
    today = datetime.datetime.now(zone).date()
    for date, hours, show in ((str(today), "00:00-24:00", "chat" if today.weekday() < 5 else "away"),
                              ("2020-01-02", "00:00-24:00", "away")):
        host = start(f"hours={hours}", "hours-zone=Etc/UTC", answer=csv("1", date=date))
        shown = watch(host)
        assert shown["show"] == show and ("(closed)" in shown["status"]) == (show == "away")
        host.close()


@pytest.mark.parametrize("answer", [
    HEAD + "XXXX.US,N/D,N/D,N/D,N/D,N/D,N/D,N/D,XXXX,N/D\r\n", HEAD + "X,,,,,,0,,,\r\n",
    HEAD + "X,,,,,,-5,,,\r\n", HEAD + "X,,,,,,nan,,,\r\n", HEAD + "X,,,,,,inf,,,\r\n"],
    ids=["N/D", "0", "-5", "nan", "inf"])
def test_a_symbol_that_is_not_there(start, answer):
    host = start(answer=answer)
    nack = host.expect("nack", id=add(host, "xxxx"))
    assert nack["reason"] == "no-contact" and "no share XXXX" in nack["text"]


@pytest.mark.parametrize("answer", ["", "Exceeded the daily hits limit", "<html>\n<p>", "a,b\nc",
                                    "\0\0\n\xff\xfe"],
                         ids=["empty", "limit", "html", "columns", "bytes"])
def test_answers_that_are_none(start, answer):
    host = start(answer=answer)
    assert watch(host)["status"].startswith("not known yet: ")


def test_names(start):
    host = start()
    for typed, normal in (("AAPL", "aapl"), ("$AAPL", "aapl"), (" BRK-b ", "brk-b"),
                          ("^SPX", "^spx"), ("vod.UK", "vod.uk")):
        number = host.next_id()
        host.send(type="normalize", account=1, id=number, contact=typed)
        assert host.expect("normalize", id=number)["contact"] == normal
    for wrong in ("", "two words", "x" * 30, "a/b", "ä", "a&b=c", "{key}"):
        assert host.expect("nack", id=add(host, wrong))["reason"] == "no-contact"


def test_alerts(start, web):
    host = start()
    watch(host)
    assert "once" in say(host, "alert > 190", "aapl")
    assert host.expect("remember", name="watch.alerts.aapl")["text"].startswith("> 190 ")
    assert "once a day" in say(host, "alert -2%", "aapl")
    assert say(host, "alerts", "aapl") == "1: > 190.00\n2: -2%"
    for wrong in ("", "+", "190", "> ", "> x", "-5", "+5", "> 5%", "> -1", "> 1e999", "-0%"):
        assert "Say for example" in say(host, f"alert {wrong}", "aapl")
    web.put("/q", csv("191", "190"), type_="text/plain")
    news = host.expect("message", contact="aapl")
    assert news["title"].startswith("AAPL: 191.00") and "> 190.00" in news["text"]
    assert say(host, "alerts", "aapl") == "1: -2%"
    web.put("/q", csv("180", "190"), type_="text/plain")
    assert "-2%" in host.expect("message", contact="aapl")["text"]
    web.put("/q", csv("179", "190"), type_="text/plain")
    host.never("message", contact="aapl", seconds=2)
    assert "by its number" in say(host, "unalert 7", "aapl")
    assert "No more: -2%" in say(host, "unalert 1", "aapl")
    assert "no alerts" in say(host, "alerts", "aapl")


def test_alerts_come_back_with_the_log_in(start):
    host = start()
    host.login(account=2, username="juliet", values={"remembered.watch.alerts.aapl": "< 188.5 "})
    add(host, "aapl", 2)
    assert "< 188.50" in host.expect("message", account=2)["text"]
    assert "text" not in host.expect("remember", account=2, name="watch.alerts.aapl")


def test_too_many_alerts(start):
    host = start()
    watch(host)
    for number in range(20):
        assert "I tell you" in say(host, f"alert > {1000 + number}", "aapl")
    assert "all that I keep" in say(host, "alert > 5000", "aapl")


def test_quiet_and_the_digest(start, web):
    host = start()
    watch(host)
    say(host, "quiet away", "aapl")
    host.send(type="presence", account=1, show="away")
    for price in ("195", "200"):
        say(host, f"alert > {price}", "aapl")
    web.put("/q", csv("210"), type_="text/plain")
    host.expect("remember", name="watch.alerts.aapl")
    host.expect("presence", contact="aapl")
    host.never("message", contact="aapl", seconds=1.5)
    host.send(type="presence", account=1, show="online")
    text = host.expect("message", contact="aapl")["text"]
    assert text.startswith("Meanwhile:\n- AAPL: 210.00") and text.count("\n") == 2


JSON = {"quote": {"last": "1,234.50", "close": 1200, "ccy": "EUR", "state": "OPEN",
                  "names": ["Foo <b>AG</b>"]}}
PATHS = ("provider=json", "price=quote.last", "previous=quote.close", "currency-path=quote.ccy",
         "company=quote.names[0]", "open=quote.state")


def test_any_service(start, web, tmp_path):
    key = tmp_path / "key"
    key.write_text("s3cret key\n")
    os.chmod(key, 0o600)
    host = start(*PATHS, f"key-file={key}", f"url={web.url('/q')}?s={{symbol}}&key={{key}}",
                 f"search-url={web.url('/find')}?q={{text}}", "search-items=found",
                 answer=json.dumps(JSON))
    shown = watch(host, "foo.de")
    assert shown["show"] == "chat" and shown["status"] == "1234.50 EUR ▲+2.88 %"
    assert host.expect("contact", contact="foo.de")["name"] == "Foo AG"
    assert web.requests[0][0] == "/q?s=FOO.DE&key=s3cret%20key"
    web.put("/find", json.dumps({"found": [{"symbol": "FOO.DE", "name": "Foo AG"}, {"name": "x"},
                                           {"symbol": "FOO2", "name": None}, 5]}))
    number = host.next_id()
    host.send(type="search", account=1, id=number)
    assert host.expect("search", id=number)["fields"][0]["name"] == "what"
    number = host.next_id()
    host.send(type="search", account=1, id=number, values={"what": "foo & co"})
    found = host.expect("search", id=number)["found"]
    assert found == [{"contact": "FOO.DE", "values": ["Foo AG"]},
                     {"contact": "FOO2", "values": ["FOO2"]}]
    assert web.requests[-1][0] == "/find?q=foo%20%26%20co"
    web.put("/q", "s3cret", status=503, Retry_After="1")
    late = host.expect("presence", contact="foo.de", show="xa")["status"]
    assert "127.0.0.1: 503 Service Unavailable" in late and "s3cret" not in late


def test_name_of_a_company_is_answered_by_a_choice(start, web):
    host = start(*PATHS, f"search-url={web.url('/find')}?q={{text}}", "search-items=found",
                 answer="{}")
    web.put("/find", json.dumps({"found": [{"symbol": "FOO.DE", "name": "Foo AG"},
                                           {"symbol": "FOO2", "name": "Foo <i>Two</i>"}]}))
    assert host.expect("nack", id=add(host, "foo"))["text"] == (
        "no share FOO is known here; add the one that you mean:\nFOO.DE (Foo AG)\nFOO2 (Foo Two)")
    for answer, status in ((json.dumps({"found": []}), 200), ("{", 200), ("", 500)):
        web.put("/find", answer, status=status)
        assert host.expect("nack", id=add(host, "foo"))["text"] == (
            "no share FOO is known here; write it such as AAPL, or say to the gateway: search NAME")


def test_who_leaves_while_a_choice_is_looked_for(start, web):
    left = threading.Event()

    def answer(_):
        left.wait(20)
        return 200, {}, b'[{"symbol": "FOO2", "name": "Foo"}]'

    host = start(*PATHS, f"search-url={web.url('/find/{text}')}", answer="{}")
    web.pages["/find/foo"] = answer
    add(host, "foo")
    web.wait_requests("/find/foo", 1)
    host.send(type="contact-remove", account=1, id=host.next_id(), contact="foo")
    host.sync()
    left.set()
    host.sync()


@pytest.mark.parametrize("answer", ["{}", "[]", "{\"quote\":{\"last\":null}}", "{\"quote\":5}",
                                    "{\"quote\":{\"last\":\"none\"}}", "{\"quote\":{\"last\":-1}}"])
def test_any_service_has_no_such_symbol(start, answer):
    host = start(*PATHS, answer=answer)
    host.expect("nack", id=add(host, "foo"))


@pytest.mark.parametrize("answer", ["", "{", "[" * 100000, "{\"a\":1,\"a\":2}", "null", "\xff"],
                         ids=["empty", "open", "deep", "twice", "null", "bytes"])
def test_any_service_says_nonsense(start, answer):
    host = start(*PATHS, answer=answer)
    assert watch(host, "foo")["status"].startswith("not known yet: no JSON")


def test_settings(start_host, tmp_path):
    key = tmp_path / "key"
    key.write_text("s3cret")
    os.chmod(key, 0o644)
    for wrong, part in (("provider=oracle", "expected stooq or json"),
                        ("provider=json", "agent.url"), ("url=http://x/", "{symbol}"),
                        ("hours=nine to five", "agent.hours"), ("hours-zone=Mars", "agent.hours"),
                        (f"key-file={key}", "chmod 600"), ("key-file=/nowhere", "No such file")):
        host = start_host("stocks", command=[AGENTS, "--agent"], args=["--set", wrong], hello=False)
        host.end(78)
        assert part in host.errors() and "s3cret" not in host.errors()


def test_the_admin_is_told_of_a_private_address_that_he_names(start, web):
    host = start(f"url=http://localhost:{web.port}/q?{{symbol}}", "allow-private=false")
    assert watch(host)["status"] == "not known yet: localhost: it has no public address"
    host.sync()
    assert [line for line in host.logs if line["level"] == "info"
            and "aapl: fetch 1 failed: localhost: it has no public address" in line["text"]]
    assert [line for line in host.logs if line["level"] == "warning"
            and "localhost, which the settings name" in line["text"]
            and "agent.allow-private = true" in line["text"]]


def test_what_it_is_asked_before_there_is_a_price(start, web):
    host = start(answer="not yet")
    host.expect("ack", id=add(host, "aapl"))
    for asked in ("quote", "chart"):
        told = say(host, asked, "aapl")
        assert told.startswith("I do not know that yet: ") and told.endswith("I try again."), told
    assert "once" in say(host, "alert > 190", "aapl")
    asked = threading.Event()

    def wait(headers):
        asked.wait(20)
        return (200, {"Content-Type": "text/plain"}, csv("1").encode())
    web.pages["/q"] = wait
    number = add(host, "msft")
    assert "ask again in a moment" in say(host, "quote", "msft")
    asked.set()
    host.expect("ack", id=number)
    host.expect("presence", contact="msft")
    assert say(host, "quote", "msft").startswith("MSFT")


def test_a_chart_as_a_picture(start, web):
    port = free_port()
    host = start(f"files-port={port}", "files-url=https://files.example.org/causeway/")
    watch(host)
    web.put("/q", csv("192.85", "190"), type_="text/plain")
    host.expect("presence", contact="aapl")
    host.expect("ack", id=host.message("aapl", "chart"))
    answer = host.expect("message", contact="aapl")
    prefix = "https://files.example.org/causeway/"
    assert answer["text"] == answer["url"] and answer["url"].startswith(prefix) and "title" not in answer
    assert answer["url"].endswith("/chart.png")
    # a menu has the address
    number = host.next_id()
    host.send(type="command", account=1, id=number, contact="aapl", text="chart")
    assert host.expect("command", id=number)["text"].startswith(prefix)
    path = answer["url"][len(prefix):]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as page:
        data = page.read()
        assert page.headers["Content-Type"] == "image/png"
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and data[16:24] == struct.pack(">II", 480, 200)
    assert data.endswith(b"IEND\xaeB`\x82") and len(data) < 10000
    for wrong, method in (("", "GET"), ("x/chart.png", "GET"), (path, "POST")):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/{wrong}",
                                                          method=method))


def test_a_chart_by_a_menu(start, web):
    """Its address is the answer, and what is said next in a chat is answered there."""
    port = free_port()
    host = start(f"files-port={port}", "files-url=https://files.example.org/causeway/")
    watch(host)
    web.put("/q", csv("192.85", "190"), type_="text/plain")
    host.expect("presence", contact="aapl")
    for _ in range(2):
        number = host.next_id()
        host.send(type="command", account=1, id=number, contact="aapl", text="chart")
        assert host.expect("command", id=number)["text"].endswith("/chart.png")
    host.never("message", seconds=0.2)
    assert say(host, "alerts", "aapl") == "You have no alerts here."


def test_files_need_both_settings(start_host):
    for wrong in ("files-port=8000", "files-url=https://x/", "files-port=0"):
        host = start_host("stocks", command=[AGENTS, "--agent"], args=["--set", wrong], hello=False)
        host.end(78)
        assert "files-port" in host.errors()
