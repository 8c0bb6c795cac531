# tests/functional/test_agents.py: information agents through the whole gateway, on Prosody
#
# SPDX-License-Identifier: GPL-2.0-or-later

import json
import os
import signal

import pytest

from conftest import COMPONENTS, Account
from lib.agents import add, contact_of, register, rss
from lib.menus import COMMANDS, IN_COMMANDS, form, menu, note, run, special, submitted
from lib.registration import accept
from lib.servers import SECRET
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, body, condition, error_text

FEEDS, STOCKS, WEATHER = COMPONENTS[2:5]
DISCO = "{http://jabber.org/protocol/disco#info}"
OOB = "{jabber:x:oob}"


@pytest.fixture
def juliet(prosody):
    account = Account(prosody, "juliet", "localhost")
    yield account.client()
    account.close()


@pytest.fixture
def start(gateway_factory, prosody, web):
    def make(limits=None, **more):
        web.put("/rss", rss(1))
        web.put("/quote", json.dumps({"price": 188.1, "close": 190}))
        web.put("/geo", json.dumps({"results": [{
            "name": "Verona", "latitude": 45.4, "longitude": 11.0, "country_code": "IT",
            "country": "Italy", "admin1": "Veneto"}]}))
        web.put("/forecast", json.dumps({"current": {"temperature_2m": 12, "weather_code": 0,
                                                     "wind_speed_10m": 5}}))
        web.put("/cap", "<feed/>")
        common = {"secret": SECRET, "agent.allow-private": "true", "agent.interval": "1",
                  "agent.interval-least": "1", **more}
        return gateway_factory(server_port=prosody.component_port, limits=limits or {}, transports={
            FEEDS: {**common, "protocol": "agents:feeds", "name": "News"},
            STOCKS: {**common, "protocol": "agents:stocks", "agent.provider": "json",
                     "agent.url": web.url("/quote") + "?{symbol}", "agent.price": "price",
                     "agent.previous": "close", "agent.currency": "USD"},
            WEATHER: {**common, "protocol": "agents:weather",
                      "agent.geocoder-url": web.url("/geo") + "?{name}",
                      "agent.forecast-url": web.url("/forecast") + "?{latitude}{longitude}",
                      "agent.warnings-url": web.url("/cap"),
                      "agent.warnings-countries": "IT"}}).start()
    return make


def status(presence):
    return presence.findtext(CLIENT + "status")


def test_a_share_a_place_and_a_feed(start, web, juliet):
    start()
    juliet.presence()
    for domain in (FEEDS, STOCKS, WEATHER):
        register(juliet, domain)
    shown = add(juliet, contact_of(juliet, STOCKS, "aapl"))
    assert status(shown).startswith("188.10 USD ▼-1.00 %")
    shown = add(juliet, contact_of(juliet, WEATHER, "Verona"))
    assert status(shown) == "☀ 12 °C, clear, wind N 5 km/h"
    feed = contact_of(juliet, FEEDS, web.url("/rss"))
    assert status(add(juliet, feed)) == "Title 1"
    news = juliet.wait_for(lambda s: s.tag == CLIENT + "message" and s.get("type") == "headline")
    assert news.get("from") == feed and news.findtext(CLIENT + "subject") == "Title 1"
    assert body(news) == "Text 1\nhttps://example.org/1"
    assert news.find(f"{OOB}x").findtext(f"{OOB}url") == "https://example.org/1"


def test_the_gateway_says_how_to_add_something(start, juliet):
    start()
    juliet.presence()
    juliet.message(STOCKS, "help")
    told = body(juliet.wait_message(STOCKS))
    assert f"such as aapl@{STOCKS} for AAPL.  Then" in told, told
    assert "chat with somebody" not in told
    assert "let me know you" in told and "your account" not in told and "search" not in told
    prompt = juliet.iq("get", STOCKS, "<query xmlns='jabber:iq:gateway'/>")
    assert prompt.findtext(".//{jabber:iq:gateway}desc").endswith("such as AAPL.")
    assert contact_of(juliet, STOCKS, "AAPL") == f"aapl@{STOCKS}"


@pytest.mark.parametrize("typed", ["https://example.org/feed?a=b", " HTTPS://Example.org/feed?a=b "])
def test_the_address_of_a_feed_for_who_has_no_page_for_it(start, juliet, typed):
    start()
    juliet.presence()
    register(juliet, FEEDS)
    feed = f"https\\3a\\2f\\2fexample.org\\2ffeed?a=b@{FEEDS}"
    juliet.message(FEEDS, f"address {typed}")
    told = body(juliet.wait_message(FEEDS))
    assert told.splitlines() == [
        f"That is {feed}: add it to your contacts.",
        f"xmpp:https%5C3a%5C2f%5C2fexample.org%5C2ffeed%3Fa%3Db@{FEEDS}?subscribe"]
    juliet.message(FEEDS, "address")
    assert "There is no address for that" in body(juliet.wait_message(FEEDS))
    # its own words for what cannot be, by both ways
    juliet.message(FEEDS, "address hello")
    assert "'hello' is no feed: write its address" in body(juliet.wait_message(FEEDS))
    answer = juliet.iq("set", FEEDS, "<query xmlns='jabber:iq:gateway'><prompt>hello</prompt></query>")
    assert condition(answer) == "not-acceptable" and "'hello' is no feed" in error_text(answer)


def test_the_gateway_of_feeds_names_no_address_that_nobody_can_type(start, juliet):
    start(open="true")
    juliet.presence()
    juliet.message(FEEDS, "help")
    told = body(juliet.wait_message(FEEDS))
    assert "\\3a" not in told and "write to me: address https://example.org/feed." in told
    assert "as soon as you add a contact" in told and "the network" not in told
    juliet.message(FEEDS, "search news")
    register(juliet, FEEDS)
    assert "there is nothing to search here" in body(juliet.wait_message(FEEDS))


def test_who_registers_in_a_chat_is_told_no_more_than_there_is(start, juliet):
    start()
    juliet.presence()
    juliet.message(STOCKS, "register")
    assert body(juliet.wait_message(STOCKS)) == (
        f"{STOCKS} needs no account: there is nothing to fill in.")
    assert body(juliet.wait_message(STOCKS)).startswith("Done.")


def test_a_share_that_is_searched_can_be_added(start, web, juliet):
    """The provider writes it in capitals, an address has none."""
    web.put("/search", json.dumps([{"symbol": "AAPL", "name": "Apple"}, {"symbol": "APLE", "name": "Hotels"}]))
    start(**{"agent.search-url": web.url("/search") + "?{text}"})
    juliet.presence()
    register(juliet, STOCKS)
    juliet.message(STOCKS, "search apple")
    assert body(juliet.wait_message(STOCKS)).splitlines() == [
        "2 were found:", f"Apple – aapl@{STOCKS}", f"Hotels – aple@{STOCKS}"]
    answer = juliet.iq("set", STOCKS, "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' "
                       "type='submit'><field var='what'><value>apple</value></field></x></query>")
    assert f"aapl@{STOCKS}" in "".join(answer.itertext())
    add(juliet, f"aapl@{STOCKS}")


def test_one_that_is_not_there_is_refused_with_a_text(start, web, juliet):
    start()
    juliet.presence()
    register(juliet, FEEDS)
    contact = contact_of(juliet, FEEDS, web.url("/missing"))
    juliet.presence(contact, "subscribe")
    refused = juliet.wait_presence(contact, "unsubscribed")
    assert "no such page" in status(refused)


def test_commands_and_what_is_remembered(start, web, juliet):
    gateway = start()
    juliet.presence()
    register(juliet, STOCKS)
    contact = contact_of(juliet, STOCKS, "AAPL")
    add(juliet, contact)
    juliet.message(contact, "alert > 190")
    assert "once" in body(juliet.wait_message(contact))
    # the alert is kept through a restart, and a host that dies
    gateway.stop()
    juliet.stanzas.take_all()
    gateway.start()
    juliet.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == contact
                    and s.get("type") is None)
    juliet.message(contact, "alerts")
    assert body(juliet.wait_message(contact)) == "1: > 190.00"
    web.put("/quote", json.dumps({"price": 200, "close": 190}))
    news = juliet.wait_for(lambda s: s.tag == CLIENT + "message" and s.get("type") == "headline")
    assert "You asked to hear of > 190.00" in body(news)


def test_registering_by_menu_is_one_click(start, juliet):
    start()
    juliet.presence()
    assert set(menu(juliet, STOCKS)) == {"address", "register", "help"}
    session, fields = form(run(juliet, STOCKS, "register"), "register")
    assert not fields
    assert "Done" in note(run(juliet, STOCKS, "register", submitted(), sessionid=session))
    accept(juliet, STOCKS)
    # there is nothing to change
    assert set(menu(juliet, STOCKS)) == {"address", "unregister", "move", "logout", "help"}
    assert condition(run(juliet, STOCKS, "register")) == "not-allowed"


def test_a_warning_of_weather(start, web, juliet):
    gateway = start()
    web.put("/cap", "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>w1</identifier>"
            "<status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><event>Strong wind"
            "</event><severity>Severe</severity><description>Stay at home.</description>"
            "<web>https://example.org/w1</web><area><areaDesc>Veneto</areaDesc></area></info></alert>")
    juliet.presence()
    register(juliet, WEATHER)
    contact = contact_of(juliet, WEATHER, "Verona")
    add(juliet, contact)
    news = juliet.wait_for(lambda s: s.tag == CLIENT + "message" and s.get("type") == "headline")
    assert news.get("from") == contact and news.findtext(CLIENT + "subject") == "Strong wind"
    assert body(news) == "Severe: Stay at home.\nhttps://example.org/w1"
    # what he knows is kept through a restart
    gateway.stop()
    juliet.stanzas.take_all()
    gateway.start()
    juliet.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == contact
                    and s.findtext(CLIENT + "show") == "dnd")
    web.put("/cap", "<alert><identifier>w2</identifier><msgType>Cancel</msgType><references>x,w1,x"
            "</references></alert>")
    news = juliet.wait_for(lambda s: s.tag == CLIENT + "message" and s.get("type") == "headline")
    assert news.findtext(CLIENT + "subject") == "Over: Strong wind"


def test_open(start, juliet):
    start(open="true")
    juliet.presence()
    contact = f"aapl@{STOCKS}"
    juliet.message(contact, "quote")
    refused = juliet.wait_for(lambda s: s.get("type") == "error")
    assert condition(refused) == "registration-required"
    assert error_text(refused) == "add it to your contacts first"
    juliet.presence(contact, "subscribe")
    juliet.wait_presence(contact, "subscribed")
    juliet.wait_presence(STOCKS, "subscribe")
    juliet.presence(STOCKS, "subscribed")
    juliet.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == contact
                    and s.get("type") is None)


def test_who_is_not_taken_in_is_told(prosody, start, juliet):
    """RFC 6121 3.1.3: the request that waited for the registration comes back as presence."""
    start(limits={"accounts-per-domain": 1}, open="true")
    juliet.presence()
    contact = f"aapl@{STOCKS}"
    juliet.presence(contact, "subscribe")
    juliet.wait_presence(contact, "subscribed")
    account = Account(prosody, "romeo", "localhost")
    try:
        romeo = account.client()
        romeo.presence()
        romeo.presence(contact, "subscribe")
        error = romeo.wait_for(lambda s: s.get("type") == "error", what="the refusal")
        assert error.tag == CLIENT + "presence" and error.get("from") == contact
        assert condition(error) == "resource-constraint"
    finally:
        account.close()


def test_not_open(start, juliet):
    start()
    juliet.presence()
    juliet.presence(f"aapl@{STOCKS}", "subscribe")
    error = juliet.wait_for(lambda s: s.get("type") == "error")
    assert condition(error) == "registration-required"


def test_what_it_is(start, juliet):
    start()
    info = juliet.iq("get", WEATHER, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    identities = {(i.get("category"), i.get("type")) for i in info.iter(f"{DISCO}identity")}
    assert ("gateway", "weather") in identities and ("headline", "weather") in identities


def test_a_contact_is_an_application(start, juliet):
    """RFC 6473, and a bot in service discovery"""
    start()
    juliet.presence()
    register(juliet, WEATHER)
    contact = contact_of(juliet, WEATHER, "Verona")
    add(juliet, contact)
    card = juliet.iq("get", contact, "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>")
    kind = card.find(".//{urn:ietf:params:xml:ns:vcard-4.0}kind")
    assert "".join(kind.itertext()) == "application"
    info = juliet.iq("get", contact, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    identities = {(i.get("category"), i.get("type")) for i in info.iter(f"{DISCO}identity")}
    assert identities == {("account", "registered"), ("client", "bot"), ("headline", "weather")}


def test_searching(start, juliet):
    start()
    juliet.presence()
    register(juliet, WEATHER)
    answer = juliet.iq("set", WEATHER, "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' "
                       "type='submit'><field var='what'><value>Verona</value></field></x></query>")
    text = "".join(answer.itertext())
    assert "Verona, Veneto, Italy" in text and f"verona,veneto,it@{WEATHER}" in text


def test_what_he_watches_moves_with_him(start, juliet, prosody):
    start()
    juliet.presence()
    register(juliet, STOCKS)
    contact = contact_of(juliet, STOCKS, "aapl")
    add(juliet, contact)
    juliet.message(contact, "alert > 200")
    assert "200" in body(juliet.wait_message(contact))
    account = Account(prosody, "juliet2", "localhost")
    moved = account.client()
    moved.presence()
    juliet.message(STOCKS, f"move {moved.bare}")
    code = body(juliet.wait_message(STOCKS)).split("accept ")[1][:8]
    moved.message(STOCKS, f"accept {code}")
    assert body(moved.wait_message(STOCKS)).startswith("Done")
    accept(moved, STOCKS)
    moved.wait_presence(contact, "subscribe")
    add(moved, contact)
    moved.message(contact, "alerts")
    assert body(moved.wait_message(contact)) == "1: > 200.00"
    account.close()


def test_a_host_that_dies(start, web, juliet):
    gateway = start()
    juliet.presence()
    register(juliet, STOCKS)
    contact = contact_of(juliet, STOCKS, "aapl")
    add(juliet, contact)
    juliet.message(contact, "alert > 190")
    juliet.wait_message(contact)
    juliet.stanzas.take_all()
    for host in gateway.hosts():
        os.kill(host, signal.SIGKILL)
    juliet.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == contact
                    and s.get("type") is None)
    juliet.message(contact, "alerts")
    assert body(juliet.wait_message(contact)) == "1: > 190.00"


# ---- news that wait ----

def is_news(stanza):
    return stanza.tag == CLIENT + "message" and stanza.find(CLIENT + "body") is not None


def come_while_away(juliet, web, feed, *ids):
    """Items come, and she is not told of them."""
    for count in range(1, len(ids) + 1):
        web.put("/rss", rss(*ids[count - 1::-1], 1))
        juliet.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == feed
                        and status(s) == f"Title {ids[count - 1]}")
    juliet.stanzas.expect_none(is_news, lambda: juliet.iq(
        "get", FEEDS, "<query xmlns='http://jabber.org/protocol/disco#info'/>"), "news")


def read_quietly(juliet, web):
    """A feed that is not to tell her anything while she is away, as she is; its address."""
    juliet.presence()
    register(juliet, FEEDS)
    feed = contact_of(juliet, FEEDS, web.url("/rss"))
    add(juliet, feed)
    juliet.wait_for(lambda s: s.get("type") == "headline")
    juliet.message(feed, "quiet away")
    assert "when you are back" in body(juliet.wait_message(feed))
    juliet.presence(show="away")
    return feed


def log_out(juliet, feed):
    juliet.presence(kind="unavailable")
    wait_until(lambda: condition(run(juliet, feed, "latest")) is not None, what="her log-out")


def expect_digest(juliet, feed, *ids):
    digest = juliet.wait_for(lambda s: is_news(s) and s.get("from") == feed)
    assert body(digest) == "Meanwhile:" + "".join(f"\n- Title {n} https://example.org/{n}" for n in ids)


def expect_no_digest(juliet, feed):
    """Nor anything else, in the log-in that begins."""
    juliet.presence()
    juliet.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == feed
                    and s.find(CLIENT + "status") is not None)
    juliet.stanzas.expect_none(is_news, lambda: run(juliet, feed, "latest"), "news")


def test_a_digest_for_who_was_offline(start, web, juliet):
    start()
    feed = read_quietly(juliet, web)
    come_while_away(juliet, web, feed, 2, 3)
    log_out(juliet, feed)
    juliet.presence()
    expect_digest(juliet, feed, 2, 3)
    log_out(juliet, feed)
    expect_no_digest(juliet, feed)


def test_a_digest_behind_a_restart_of_the_gateway(start, web, juliet):
    gateway = start()
    feed = read_quietly(juliet, web)
    come_while_away(juliet, web, feed, 2)
    gateway.stop()
    gateway.start()  # she is away still
    come_while_away(juliet, web, feed, 2, 3)
    log_out(juliet, feed)
    gateway.stop()
    gateway.start()
    juliet.presence()
    expect_digest(juliet, feed, 2, 3)
    gateway.stop()
    juliet.presence(kind="unavailable")
    juliet.stanzas.take_all()
    gateway.start()
    expect_no_digest(juliet, feed)


def test_a_digest_behind_a_host_that_died(start, web, juliet):
    gateway = start()
    feed = read_quietly(juliet, web)
    come_while_away(juliet, web, feed, 2, 3)
    for host in gateway.hosts():
        os.kill(host, signal.SIGKILL)
    juliet.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == feed
                    and status(s) == "Title 3")  # it is back
    juliet.presence()
    expect_digest(juliet, feed, 2, 3)


# ---- XEP-0050 ----

def fill_in(text):
    return submitted(argument=text)


def field_labels(answer):
    return [field.get("label") for field in answer.iter("{jabber:x:data}field")]


def begin(client, contact, node):
    """Executes a command that has an argument; its session."""
    session, fields = form(run(client, contact, node, action="execute"), node)
    assert list(fields) == ["argument"]
    return session


@pytest.fixture
def share(start, web, juliet):
    start()
    juliet.presence()
    register(juliet, STOCKS)
    contact = contact_of(juliet, STOCKS, "aapl")
    add(juliet, contact)
    return contact


def test_commands_are_found(share, juliet):
    disco = "http://jabber.org/protocol/disco"
    info = juliet.iq("get", share, f"<query xmlns='{disco}#info'/>")
    assert COMMANDS in {feature.get("var") for feature in info.iter(f"{DISCO}feature")}
    found = menu(juliet, share)
    assert found["quote"] == (share, "quote: its price now")
    assert {"chart", "alert", "alerts", "unalert", "quiet", "hours", "zone"} <= set(found)
    for node, kind in ((COMMANDS, "command-list"), ("alert", "command-node")):
        info = juliet.iq("get", share, f"<query xmlns='{disco}#info' node='{node}'/>")
        identity = info.find(f"{DISCO}query/{DISCO}identity")
        assert (identity.get("category"), identity.get("type")) == ("automation", kind)
    for to, node in ((STOCKS, "quote"), (f"msft@{STOCKS}", COMMANDS), (share, "unheard-of")):
        for what in ("#info", "#items"):
            answer = juliet.iq("get", to, f"<query xmlns='{disco}{what}' node='{node}'/>")
            assert condition(answer) == "item-not-found", (to, node, what)
    assert not set(found) & set(menu(juliet, STOCKS))  # the gateway has its own


def test_commands_by_menu_are_those_of_the_chat(share, juliet):
    juliet.stanzas.take_all()
    assert note(run(juliet, share, "quote")).startswith("AAPL")
    asked = run(juliet, share, "alert", action="execute")
    session, fields = form(asked, "alert")
    assert field_labels(asked) == ["alert: such as > 190, < 150, -5%, +5%"]
    answer = run(juliet, share, "alert", fill_in("> 190"), sessionid=session, action="complete")
    assert "once" in note(answer)
    assert answer.find(IN_COMMANDS + "command").get("sessionid") == session
    assert note(run(juliet, share, "alerts", action="execute")) == "1: > 190.00"
    juliet.sync()
    assert not [stanza for stanza in juliet.stanzas.take_all() if stanza.tag == CLIENT + "message"]
    juliet.message(share, "alerts")
    assert body(juliet.wait_message(share)) == "1: > 190.00"
    # what is wrong with an argument, or that there is none, is told as in a chat
    for text in ("nonsense", ""):
        session = begin(juliet, share, "unalert")
        answer = run(juliet, share, "unalert", fill_in(text), sessionid=session)
        assert note(answer) not in ("", "1: > 190.00")
    session = begin(juliet, share, "unalert")
    note(run(juliet, share, "unalert", fill_in("1"), sessionid=session))
    assert note(run(juliet, share, "alerts")) != "1: > 190.00"


def test_sessions_of_commands(share, juliet, prosody):
    session = begin(juliet, share, "alert")
    cancelled = run(juliet, share, "alert", sessionid=session, action="cancel")
    assert cancelled.find(IN_COMMANDS + "command").get("status") == "canceled"
    # one of another command, of nobody, of another client
    for node, wrong in (("unalert", session), ("alert", "x"), ("alert", ""), ("alert", session[:-1]),
                        ("alert", session + "0")):
        answer = run(juliet, share, node, fill_in("1"), sessionid=wrong)
        assert special(answer) == ("bad-request", "bad-sessionid"), wrong
    romeo = Account(prosody, "romeo", "localhost")
    other = romeo.client()
    answer = run(other, share, "alert", fill_in("> 190"), sessionid=session)
    assert special(answer) == ("bad-request", "bad-sessionid")
    romeo.close()
    for action, told in (("prev", "bad-action"), ("next", "bad-action"),
                         ("dance", "malformed-action")):
        answer = run(juliet, share, "alert", fill_in("1"), sessionid=session, action=action)
        assert special(answer) == ("bad-request", told)
    for action in ("complete", "next", "prev", "cancel"):
        assert special(run(juliet, share, "quote", action=action)) == ("bad-request", "bad-action")
    for payload in ("", "<x xmlns='jabber:x:data' type='result'/>", fill_in("x" * 2000)):
        answer = run(juliet, share, "alert", payload, sessionid=session)
        assert special(answer) == ("bad-request", "bad-payload")
    assert "once" in note(run(juliet, share, "alert", fill_in("> 190"), sessionid=session))


def test_commands_that_cannot_be(share, juliet, prosody):
    assert condition(run(juliet, share, "unheard-of")) == "item-not-found"
    assert condition(run(juliet, share)) == "bad-request"
    assert condition(run(juliet, STOCKS, "quote")) == "item-not-found"
    for node in ("quote", "alert"):  # of something that he does not watch
        answer = run(juliet, f"msft@{STOCKS}", node)
        assert condition(answer) == "item-not-found" and "add it to your contacts" in error_text(answer)
    account = Account(prosody, "romeo", "localhost")
    romeo = account.client()
    for node in ("quote", "alert"):
        assert condition(run(romeo, share, node)) == "registration-required"
    account.close()
