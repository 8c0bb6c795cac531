# tests/functional/test_news_node.py: feeds as nodes: XEP-0060, XEP-0163, XEP-0277, on Prosody
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os

import pytest

from conftest import COMPONENTS, Account
from lib.agents import add, contact_of, register, rss
from lib.events import EVENT, is_event
from lib.gateway import ROOT
from lib.registration import register as register_at
from lib.servers import SECRET, Prosody
from lib.xmppclient import CLIENT, body, condition

FEEDS, STOCKS = COMPONENTS[2:4]
NODE = "urn:xmpp:microblog:0"
WANTS_NEWS = NODE + "+notify"
ATOM = "{http://www.w3.org/2005/Atom}"
PUBSUB = "http://jabber.org/protocol/pubsub"
DISCO = "http://jabber.org/protocol/disco"
OOB = "{jabber:x:oob}"
RSM = "{http://jabber.org/protocol/rsm}"
PLAIN = ["jabber:x:oob"]


@pytest.fixture
def account(prosody):
    account = Account(prosody, "juliet", "localhost")
    yield account
    account.close()


@pytest.fixture
def limits():
    return {}


@pytest.fixture
def timing():
    return {}


@pytest.fixture
def gateway(gateway_factory, prosody, web, limits, timing):
    web.put("/rss", rss(1))
    common = {"secret": SECRET, "agent.allow-private": "true", "agent.interval": "1",
              "agent.interval-least": "1"}
    return gateway_factory(server_port=prosody.component_port, limits=limits, timing=timing,
                           transports={
        FEEDS: {**common, "protocol": "agents:feeds", "name": "News"},
        STOCKS: {**common, "protocol": "agents:stocks"}}).start()


def come(account, features, resource, priority=None):
    """A client that announces these, when the gateway knows what it can do."""
    client = account.client(resource)
    client.announce(features)
    client.presence(priority=priority)
    return client


def has_asked(client):
    """What the client can do is known behind the next sync()."""
    client.wait_for(lambda s: s.tag == CLIENT + "iq" and s.get("type") == "get"
                    and s.find(f"{{{DISCO}#info}}query") is not None
                    and s.get("from") == FEEDS, what="the question what it can do")
    client.iq("get", FEEDS, "<query xmlns='jabber:iq:version'/>")


def is_news(feed):
    return lambda s: (s.tag == CLIENT + "message" and s.get("from") == feed
                      and s.find(CLIENT + "body") is not None)


def titles(event):
    return [entry.findtext(f"{ATOM}title") for entry in event.iter(f"{ATOM}entry")]


def news_of(client, feed):
    """All that it was shown of it so far: headlines by their subjects, events by their titles."""
    client.sync()
    shown = []
    for s in client.stanzas.history:
        if s.tag != CLIENT + "message" or s.get("from") != feed:
            continue
        shown.append((s.findtext(CLIENT + "subject") if s.find(CLIENT + "body") is not None else None,
                      titles(s)))
    return shown


@pytest.fixture
def juliet(account, gateway, web):
    """Her client wants events; she has the feed."""
    client = come(account, [WANTS_NEWS], "reader")
    register(client, FEEDS)
    has_asked(client)
    client.feed = contact_of(client, FEEDS, web.url("/rss"))
    add(client, client.feed)
    client.first = client.wait_for(is_event(client.feed, NODE), what="the first event")
    return client


def test_an_item_is_an_event_once(juliet, web):
    """XEP-0163 4.3, XEP-0277"""
    assert juliet.first.get("type") == "headline" and juliet.first.get("to") == juliet.full
    web.put("/rss", rss(3, 2, 1))
    for number in (2, 3):
        event = juliet.wait_for(is_event(juliet.feed, NODE), what=f"item {number}")
        (item,) = event.find(f"{EVENT}event/{EVENT}items")
        (entry,) = item
        assert item.get("publisher") == juliet.feed
        assert entry.findtext(f"{ATOM}title") == f"Title {number}"
        assert entry.findtext(f"{ATOM}summary") == f"Text {number}"
        assert entry.find(f"{ATOM}author").findtext(f"{ATOM}name") == "Verona today"
        assert entry.find(f"{ATOM}link").get("href") == f"https://example.org/{number}"
        assert event.find(CLIENT + "body") is None and event.find(f"{OOB}x") is None
        found = ask(juliet, f"<item id='{item.get('id')}'/>")
        assert titles(found) == [f"Title {number}"]
    web.wait_requests("/rss", len(web.wait_requests("/rss", 1)) + 2)
    assert news_of(juliet, juliet.feed) == [(None, [f"Title {n}"]) for n in (1, 2, 3)]


def test_each_client_gets_its_own_kind(juliet, account, web):
    """One user, a client of each kind: nobody is shown anything twice."""
    plain = come(account, PLAIN, "plain")
    has_asked(plain)
    hidden = come(account, [*PLAIN, "urn:example:hidden"], "hidden", priority=-1)
    has_asked(hidden)
    web.put("/rss", rss(2, 1))
    event = juliet.wait_for(is_event(juliet.feed, NODE), what="the event")
    assert titles(event) == ["Title 2"]
    news = plain.wait_for(is_news(juliet.feed), what="the headline")
    assert news.get("type") == "headline" and news.get("to") == plain.full
    assert body(news) == "Text 2\nhttps://example.org/2" and titles(news) == []
    assert news.find(f"{OOB}x").findtext(f"{OOB}url") == "https://example.org/2"
    web.put("/rss", rss(3, 2, 1))
    juliet.wait_for(is_event(juliet.feed, NODE), what="the next event")
    plain.wait_for(is_news(juliet.feed), what="the next headline")
    assert news_of(juliet, juliet.feed) == [(None, [f"Title {n}"]) for n in (1, 2, 3)]
    assert news_of(plain, juliet.feed) == [("Title 2", []), ("Title 3", [])]
    assert news_of(hidden, juliet.feed) == []
    # she reads with that one alone from now on
    juliet.presence(kind="unavailable")
    plain.wait_for(lambda s: s.get("from") == juliet.full and s.get("type") == "unavailable")
    plain.iq("get", FEEDS, "<query xmlns='jabber:iq:version'/>")
    web.put("/rss", rss(4, 3, 2, 1))
    news = plain.wait_for(is_news(juliet.feed), what="a headline to all")
    assert news.findtext(CLIENT + "subject") == "Title 4" and news.get("to") == account.jid


def test_many_at_once(juliet, account, web):
    plain = come(account, PLAIN, "plain")
    has_asked(plain)
    web.put("/rss", rss(*range(9, 0, -1)))
    news = plain.wait_for(is_news(juliet.feed), what="the list")
    assert news.findtext(CLIENT + "subject") == "8 new items"
    for number in range(2, 10):
        event = juliet.wait_for(is_event(juliet.feed, NODE), what=f"item {number}")
        assert titles(event) == [f"Title {number}"]
    assert news_of(juliet, juliet.feed)[1:] == [(None, [f"Title {n}"]) for n in range(2, 10)]


@pytest.mark.parametrize("limits", [{"message-size": 200}])
def test_what_comes_in_pieces(juliet, account, web):
    """A list that is over message-size: all of it to one client, none of it to the other."""
    plain = come(account, PLAIN, "plain")
    has_asked(plain)
    web.put("/rss", rss(*range(9, 0, -1)))
    text = ""
    while text.count("https://example.org/") < 8:
        piece = plain.wait_for(is_news(juliet.feed), what="a piece of the list")
        assert piece.get("to") == plain.full and len(body(piece).encode()) <= 200
        text += body(piece)
    for number in range(2, 10):
        juliet.wait_for(is_event(juliet.feed, NODE), what=f"item {number}")
    assert news_of(juliet, juliet.feed)[1:] == [(None, [f"Title {n}"]) for n in range(2, 10)]


def test_a_client_of_which_nothing_is_known_gets_both_in_one(juliet, account, web):
    late = account.client("late")
    late.announce([WANTS_NEWS, "urn:example:late"])
    late.describe([WANTS_NEWS, "urn:example:late"], later=True)
    late.presence()
    late.wait_for(lambda s: s.tag == CLIENT + "iq" and s.get("type") == "get"
                  and s.get("from") == FEEDS, what="the question what it can do")
    web.put("/rss", rss(2, 1))
    news = late.wait_for(is_news(juliet.feed), what="the headline")
    assert news.findtext(CLIENT + "subject") == "Title 2" and titles(news) == ["Title 2"]
    late.describe([WANTS_NEWS, "urn:example:late"])
    late.iq("get", FEEDS, "<query xmlns='jabber:iq:version'/>")
    web.put("/rss", rss(3, 2, 1))
    event = late.wait_for(is_event(juliet.feed, NODE), what="the event")
    assert titles(event) == ["Title 3"]
    assert news_of(late, juliet.feed) == [("Title 2", ["Title 2"]), (None, ["Title 3"])]


def test_a_client_that_comes_is_not_told_what_was(juliet, account, web):
    """XEP-0277, XEP-0472: pubsub#send_last_published_item is never"""
    second = come(account, [WANTS_NEWS], "second")
    second.wait_presence(juliet.feed)
    web.wait_requests("/rss", len(web.wait_requests("/rss", 1)) + 2)
    web.put("/rss", rss(2, 1))
    event = second.wait_for(is_event(juliet.feed, NODE), what="the event")
    assert titles(event) == ["Title 2"]
    assert news_of(second, juliet.feed) == [(None, ["Title 2"])]


def mail_of(feed):
    return lambda s: is_news(feed)(s) and s.get("type") in (None, "normal")


def test_what_comes_while_no_client_takes_headlines_is_kept(account, gateway, web):
    """RFC 6121 8.5.2.1.1: a headline to a user of whom only that is there is dropped by his server."""
    client = come(account, PLAIN, "hidden", priority=-1)
    register(client, FEEDS)
    has_asked(client)
    feed = contact_of(client, FEEDS, web.url("/rss"))
    client.presence(feed, "subscribe")
    client.wait_presence(feed, "subscribed")
    web.wait_requests("/rss", 3)
    second = come(account, PLAIN, "second")
    news = second.wait_for(mail_of(feed), what="what came meanwhile")
    assert news.findtext(CLIENT + "subject") == "Title 1" and news.get("to") == account.jid
    second.wait_presence(feed)
    web.put("/rss", rss(2, 1))
    news = second.wait_for(is_news(feed), what="a headline")
    assert news.get("type") == "headline" and news.findtext(CLIENT + "subject") == "Title 2"
    assert news_of(client, feed) == []


@pytest.mark.parametrize("timing", [{"logout-delay": 60}])
def test_what_comes_when_he_has_just_gone_is_kept(juliet, account, web):
    """His account is logged in for a moment longer, and what is told then counts as told."""
    juliet.presence(kind="unavailable")
    juliet.iq("get", FEEDS, "<query xmlns='jabber:iq:version'/>")
    count = len(web.wait_requests("/rss", 1))
    web.put("/rss", rss(2, 1))
    web.wait_requests("/rss", count + 3)
    juliet.presence()
    news = juliet.wait_for(mail_of(juliet.feed), what="what came meanwhile")
    assert news.findtext(CLIENT + "subject") == "Title 2" and news.get("to") == account.jid


def return_event(client, event):
    """As a server does that finds out late that the client is gone (XEP-0198 6)."""
    client.send(f"<message type='error' to='{event.get('from')}' id='{event.get('id')}'><error type='cancel'>"
                "<recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")


def test_an_event_that_comes_back_is_kept_as_news(juliet, account, web):
    return_event(juliet, juliet.first)
    news = juliet.wait_for(mail_of(juliet.feed), what="the news of it")
    assert news.get("to") == account.jid and titles(news) == ["Title 1"]
    assert news.findtext(CLIENT + "subject") == "Title 1" and body(news) == "Text 1\nhttps://example.org/1"
    return_event(juliet, news)  # once, or it would go on for ever
    # another client has it: nobody is told twice
    plain = come(account, PLAIN, "plain")
    has_asked(plain)
    web.put("/rss", rss(2, 1))
    return_event(juliet, juliet.wait_for(is_event(juliet.feed, NODE), what="the event"))
    plain.wait_for(is_news(juliet.feed), what="the headline")
    juliet.iq("get", FEEDS, "<query xmlns='jabber:iq:version'/>")
    assert news_of(juliet, juliet.feed) == [(None, ["Title 1"]), ("Title 1", ["Title 1"]),
                                            (None, ["Title 2"])]
    assert news_of(plain, juliet.feed) == [("Title 2", [])]


@pytest.fixture
def own_server():
    """A Jabber server that a test may stop."""
    server = Prosody(components=[FEEDS]).start()
    yield server
    server.kill()
    server.remove_folder()


def test_what_comes_while_the_server_is_away_is_kept(own_server, gateway_factory, web):
    web.put("/rss", rss(1))
    gateway = gateway_factory(
        server_port=own_server.component_port, timing={"server-retry-first": 0.2, "server-retry-max": 1},
        transports={FEEDS: {"secret": SECRET, "protocol": "agents:feeds", "agent.allow-private": "true",
                            "agent.interval": "1", "agent.interval-least": "1"}}).start()
    account = Account(own_server, "juliet", "localhost")
    client = come(account, [WANTS_NEWS], "reader")
    register(client, FEEDS)
    has_asked(client)
    feed = contact_of(client, FEEDS, web.url("/rss"))
    add(client, feed)
    client.wait_for(is_event(feed, NODE), what="the first event")
    client.sync()
    own_server.kill()
    gateway.wait_log("up -> waiting")
    start = len(gateway.log_text())
    count = len(web.wait_requests("/rss", 1))
    web.put("/rss", rss(2, 1))
    web.wait_requests("/rss", count + 3)
    own_server.start()
    gateway.wait_log("-> up", start=start)
    client.cut()
    try:
        back = come(account, [WANTS_NEWS], "back")
        news = back.wait_for(mail_of(feed), what="what came meanwhile")
        assert news.findtext(CLIENT + "subject") == "Title 2" and titles(news) == ["Title 2"]
        assert news.find("{urn:xmpp:delay}delay") is not None
        back.wait_presence(feed)
        assert news_of(back, feed) == [("Title 2", ["Title 2"])]
    finally:
        account.close()


def test_items_that_are_none(account, gateway_factory, prosody, tmp_path):
    """tests/peers/bad-host.py: what cannot be an event is a headline for all."""
    program = tmp_path / "host"
    program.write_text("#!/bin/sh\nexec /usr/bin/python3 -B "
                       f"{os.path.join(ROOT, 'tests', 'peers', 'bad-host.py')}\n")
    program.chmod(0o755)
    gateway_factory(server_port=prosody.component_port, programs={"purple": str(program)}, transports={
        FEEDS: {"secret": SECRET, "protocol": "purple:bad", "name": "Bad"}}).start()
    client = come(account, [WANTS_NEWS], "reader")
    register_at(client, FEEDS, "juliet")
    has_asked(client)
    client.message(f"news@{FEEDS}", "tell")
    for title in ("none", "short"):
        news = client.wait_for(lambda s: s.tag == CLIENT + "message", what="the news")
        assert news.findtext(CLIENT + "subject") == title and body(news) == "Text"
        assert titles(news) == []


def test_who_wants_to_be_left_alone(juliet, account, web):
    plain = come(account, PLAIN, "plain")
    has_asked(plain)
    juliet.message(juliet.feed, "quiet dnd")
    juliet.wait_message(juliet.feed)
    for client in (juliet, plain):
        client.presence(show="dnd")
    juliet.iq("get", FEEDS, "<query xmlns='jabber:iq:version'/>")
    plain.iq("get", FEEDS, "<query xmlns='jabber:iq:version'/>")
    before = [len(news_of(client, juliet.feed)) for client in (juliet, plain)]
    for ids in ((2, 1), (3, 2, 1)):
        web.put("/rss", rss(*ids))
        juliet.wait_for(lambda s, n=ids[0]: s.tag == CLIENT + "presence" and s.get("from") == juliet.feed
                        and s.findtext(CLIENT + "status") == f"Title {n}", what="its new status")
    assert [len(news_of(client, juliet.feed)) for client in (juliet, plain)] == before
    juliet.presence()
    for number in (2, 3):
        event = juliet.wait_for(is_event(juliet.feed, NODE), what=f"item {number}")
        assert titles(event) == [f"Title {number}"]
    digest = plain.wait_for(lambda s: is_news(juliet.feed)(s) and body(s).startswith("Meanwhile"),
                            what="the digest")
    assert body(digest) == ("Meanwhile:\n- Title 2 https://example.org/2\n"
                            "- Title 3 https://example.org/3")
    assert [len(news_of(client, juliet.feed)) for client in (juliet, plain)] == \
        [before[0] + 2, before[1] + 1]


# ---- on request ----

def ask(client, inner="", attributes="", to=None):
    return client.iq("get", to or client.feed, f"<pubsub xmlns='{PUBSUB}'>"
                     f"<items node='{NODE}'{attributes}>{inner}</items></pubsub>")


def pubsub(client, kind, inner, owner=False, to=None):
    return client.iq(kind, to or client.feed,
                     f"<pubsub xmlns='{PUBSUB}{'#owner' if owner else ''}'>{inner}</pubsub>")


def special(answer):
    """Its condition, the one of XEP-0060, and what is not supported."""
    (found,) = [child for child in answer.find(CLIENT + "error")
                if child.tag.startswith(f"{{{PUBSUB}#errors}}")] or [None]
    return (condition(answer), None if found is None else found.tag.partition("}")[2],
            None if found is None else found.get("feature"))


def test_items_on_request(juliet, web):
    """XEP-0060 5.2 to 5.5, 6.5"""
    web.put("/rss", rss(3, 2, 1))
    for number in (2, 3):
        juliet.wait_for(is_event(juliet.feed, NODE), what=f"item {number}")
    found = list(ask(juliet).iter(f"{ATOM}entry"))
    assert [entry.findtext(f"{ATOM}title") for entry in found] == ["Title 3", "Title 2", "Title 1"]
    links = [link.get("href") for link in found[0].iter(f"{ATOM}link")]
    kinds = [(link.get("rel"), link.get("type")) for link in found[0].iter(f"{ATOM}link")]
    assert kinds == [("alternate", "text/html"), ("alternate", None)]  # RFC 4287 4.1.2: not two of one
    assert links[0] == "https://example.org/3" and links[1] == found[0].findtext(f"{ATOM}id")
    assert links[1].startswith("xmpp:") and "?;node=urn%3Axmpp%3Amicroblog%3A0;item=" in links[1]
    assert found[0].findtext(f"{ATOM}updated")
    assert titles(ask(juliet, attributes=" max_items='2'")) == ["Title 3", "Title 2"]
    ids = [item.get("id") for item in ask(juliet).iter(f"{{{PUBSUB}}}item")]
    assert titles(ask(juliet, f"<item id='{ids[2]}'/><item id='{ids[0]}'/>")) == ["Title 3", "Title 1"]
    assert titles(ask(juliet, "<item id='unheard-of'/>")) == []
    for wrong in (" max_items='0'", " max_items='-1'", " max_items='many'"):
        assert condition(ask(juliet, attributes=wrong)) == "bad-request", wrong
    assert condition(ask(juliet, "<item/>")) == "bad-request"
    assert condition(ask(juliet, "<item id='x'/>" * 101)) == "bad-request"
    listed = juliet.iq("get", juliet.feed, f"<query xmlns='{DISCO}#items' node='{NODE}'/>")
    assert [item.get("name") for item in listed.iter(f"{{{DISCO}#items}}item")] == ids


def large_item(number):
    """It is several times as long in XML."""
    return (f"<item><guid isPermaLink='false'>{number}</guid><title>{number} {'&amp;' * 290}</title>"
            f"<description>{'&amp;amp;' * 590}</description>"
            f"<link>https://example.org/?{'&amp;' * 1900}</link></item>")


def test_what_is_too_much_for_one_answer(juliet, account, gateway, web):
    """The server would end the stream, and with it all of the gateway's."""
    plain = come(account, PLAIN, "plain")
    has_asked(plain)
    assert condition(pubsub(juliet, "set", f"<subscribe node='{NODE}' jid='{account.jid}'/>")) is None
    large = "".join(large_item(number) for number in range(190, 100, -1))
    web.put("/rss", rss(1).replace("<item>", large + "<item>", 1))
    news = plain.wait_for(is_news(juliet.feed), what="the list")
    assert news.findtext(CLIENT + "subject") == "90 new items"
    told = titles(news)
    assert 0 < len(told) < 20 and told[-1].startswith("190 ")
    for number in range(101, 191):
        (title,) = titles(juliet.wait_for(is_event(juliet.feed, NODE), what=f"item {number}"))
        assert title.startswith(f"{number} ")
    answer = ask(juliet)
    found = titles(answer)
    shown = [item.get("id") for item in answer.iter(f"{{{PUBSUB}}}item")]
    page = answer.find(f"{{{PUBSUB}}}pubsub/{RSM}set")
    assert page.find(f"{RSM}first").get("index") == "0" and page.findtext(f"{RSM}first") == shown[0]
    assert page.findtext(f"{RSM}last") == shown[-1] and page.findtext(f"{RSM}count") == "91"
    assert 0 < len(found) < 90 and found[0].startswith("190 ") and found[1].startswith("189 ")
    listed = juliet.iq("get", juliet.feed, f"<query xmlns='{DISCO}#items' node='{NODE}'/>")
    ids = [item.get("name") for item in listed.iter(f"{{{DISCO}#items}}item")]
    assert len(ids) == 91  # the rest by their ids
    answer = ask(juliet, f"<item id='{ids[-1]}'/>")
    assert titles(answer) == ["Title 1"] and answer.find(f".//{RSM}set") is None
    assert "up -> waiting" not in gateway.log_text()


def test_the_node_is_found(juliet):
    items = juliet.iq("get", juliet.feed, f"<query xmlns='{DISCO}#items'/>")
    assert NODE in [item.get("node") for item in items.iter() if item.get("node")]
    info = juliet.iq("get", juliet.feed, f"<query xmlns='{DISCO}#info'/>")
    features = {feature.get("var") for feature in info.iter(f"{{{DISCO}#info}}feature")}
    assert {NODE, f"{PUBSUB}#subscribe", f"{PUBSUB}#retrieve-items",
            f"{PUBSUB}#filtered-notifications"} <= features
    assert f"{PUBSUB}#publish" not in features
    info = juliet.iq("get", juliet.feed, f"<query xmlns='{DISCO}#info' node='{NODE}'/>")
    identity = info.find(f"{{{DISCO}#info}}query/{{{DISCO}#info}}identity")
    assert (identity.get("category"), identity.get("type")) == ("pubsub", "leaf")
    values = {field.get("var"): field.findtext("{jabber:x:data}value")
              for field in info.iter("{jabber:x:data}field")}
    assert values == {"FORM_TYPE": f"{PUBSUB}#meta-data", "pubsub#type": NODE,
                      "pubsub#title": "Verona today", "pubsub#access_model": "presence",
                      "pubsub#publish_model": "publishers"}
    register(juliet, STOCKS)  # has nothing of the kind
    info = juliet.iq("get", f"aapl@{STOCKS}", f"<query xmlns='{DISCO}#info'/>")
    features = {feature.get("var") for feature in info.iter(f"{{{DISCO}#info}}feature")}
    assert NODE not in features and f"{PUBSUB}#subscribe" not in features
    answer = ask(juliet, to=f"aapl@{STOCKS}")
    assert condition(answer) == "item-not-found"
    answer = pubsub(juliet, "set", f"<publish node='{NODE}'><item/></publish>", to=f"aapl@{STOCKS}")
    assert condition(answer) == "service-unavailable"


def subscription_of(answer):
    return [(found.get("node"), found.get("jid"), found.get("subscription"))
            for found in answer.iter(f"{{{PUBSUB}}}subscription")]


def test_subscribing(juliet, account, gateway, web):
    """XEP-0060 5.6, 6.1, 6.2: clients that announce nothing are given the event as well."""
    plain = come(account, PLAIN, "plain")
    has_asked(plain)
    wanted = f"<subscribe node='{NODE}' jid='{account.jid}'/>"
    unwanted = f"<unsubscribe node='{NODE}' jid='{account.jid}'/>"
    assert special(pubsub(juliet, "set", unwanted))[:2] == ("unexpected-request", "not-subscribed")
    assert subscription_of(pubsub(juliet, "get", "<subscriptions/>")) == []
    for _ in range(2):
        answer = pubsub(juliet, "set", wanted)
        assert subscription_of(answer) == [(NODE, account.jid, "subscribed")]
    assert subscription_of(pubsub(juliet, "get", f"<subscriptions node='{NODE}'/>")) == \
        [(NODE, account.jid, "subscribed")]
    web.put("/rss", rss(2, 1))
    news = plain.wait_for(is_news(juliet.feed), what="the headline")
    assert titles(news) == ["Title 2"] and news.findtext(CLIENT + "subject") == "Title 2"
    juliet.wait_for(is_event(juliet.feed, NODE), what="the event")
    assert news_of(juliet, juliet.feed)[-1] == (None, ["Title 2"])
    # it is kept
    gateway.stop()
    for client in (juliet, plain):
        client.stanzas.take_all()
    gateway.start()
    juliet.wait_presence(juliet.feed)
    assert subscription_of(pubsub(juliet, "get", "<subscriptions/>")) == \
        [(NODE, account.jid, "subscribed")]
    assert condition(pubsub(juliet, "set", unwanted)) is None
    assert subscription_of(pubsub(juliet, "get", "<subscriptions/>")) == []
    answer = pubsub(juliet, "get", "<affiliations/>")
    assert condition(answer) is None and list(answer.iter(f"{{{PUBSUB}}}affiliation")) == []


def test_what_cannot_be_subscribed(juliet, account):
    for jid in (juliet.full, "romeo@localhost", "@", ""):
        answer = pubsub(juliet, "set", f"<subscribe node='{NODE}' jid='{jid}'/>")
        assert special(answer)[:2] == ("bad-request", "invalid-jid"), jid
    answer = pubsub(juliet, "set", f"<unsubscribe node='{NODE}' jid='romeo@localhost'/>")
    assert condition(answer) == "forbidden"
    answer = pubsub(juliet, "set", f"<subscribe jid='{account.jid}'/>")
    assert special(answer)[:2] == ("bad-request", "nodeid-required")
    answer = pubsub(juliet, "set", f"<subscribe node='unheard-of' jid='{account.jid}'/>")
    assert condition(answer) == "item-not-found"
    assert condition(pubsub(juliet, "get", "<subscriptions node='unheard-of'/>")) == "item-not-found"


@pytest.fixture
def romeo(prosody):
    account = Account(prosody, "romeo", "localhost")
    yield account.client()
    account.close()


def test_a_stranger_is_refused(juliet, romeo):
    romeo.presence()
    for registered in (False, True):
        if registered:
            register(romeo, FEEDS)
        needs = ("not-authorized", "presence-subscription-required", None)
        assert special(ask(romeo, to=juliet.feed)) == needs
        answer = pubsub(romeo, "set", f"<subscribe node='{NODE}' jid='{romeo.bare}'/>", to=juliet.feed)
        assert special(answer) == needs
        answer = pubsub(romeo, "get", "<subscriptions/>", to=juliet.feed)
        assert subscription_of(answer) == []
        for what in ("#info", "#items"):
            answer = romeo.iq("get", juliet.feed, f"<query xmlns='{DISCO}{what}' node='{NODE}'/>")
            assert condition(answer) == "item-not-found", what


def test_what_only_owners_do(juliet):
    for kind, inner, owner, feature in (
            ("set", "<publish node='{}'><item id='1'/></publish>", False, "publish"),
            ("set", "<retract node='{}'><item id='1'/></retract>", False, "retract-items"),
            ("set", "<create node='mine'/><configure/>", False, "create-nodes"),
            ("get", "<options node='{}'/>", False, "subscription-options"),
            ("get", "<default/>", False, "retrieve-default-sub"),
            ("get", "<configure node='{}'/>", True, "config-node"),
            ("set", "<configure node='{}'/>", True, "config-node"),
            ("get", "<default/>", True, "retrieve-default"),
            ("set", "<delete node='{}'/>", True, "delete-nodes"),
            ("set", "<purge node='{}'/>", True, "purge-nodes"),
            ("get", "<subscriptions node='{}'/>", True, "manage-subscriptions"),
            ("get", "<affiliations node='{}'/>", True, "modify-affiliations")):
        answer = pubsub(juliet, kind, inner.format(NODE), owner)
        assert special(answer) == ("feature-not-implemented", "unsupported", feature), inner
    assert condition(pubsub(juliet, "set", "<unheard-of/>")) == "feature-not-implemented"
