# tests/functional/host/test_feeds.py: news feeds as they are met, and servers as they are met
# SPDX-License-Identifier: GPL-2.0-or-later
import time

import pytest
from weblib import AGENTS, add, say

ITEM = ("<item><title>{title}</title><link>https://example.org/{id}</link><guid>{id}</guid>"
        "<description>{text}</description></item>")


def rss(*ids, title="Verona today", head=""):
    items = "".join(ITEM.format(id=i, title=f"Title {i}", text=f"Text {i}") for i in ids)
    return (f"<?xml version='1.0'?><rss version='2.0'><channel><title>{title}</title>{head}"
            f"{items}</channel></rss>")


@pytest.fixture
def feeds(start_host):
    host = start_host("feeds", command=[AGENTS, "--agent"],
                      args=["--set", "allow-private=true", "--set", "interval=1",
                            "--set", "interval-least=1", "--set", "timeout=2",
                            "--set", "contact=admin@example.org"])
    host.login(username="juliet")
    return host


def watch(feeds, url):
    """The contact's name for people."""
    feeds.expect("ack", id=add(feeds, url))
    return feeds.expect("contact", contact=url)["name"]


def test_rss_2_and_what_is_new(feeds, web):
    url = web.put("/rss", rss(3, 2, 1), ETag='"one"')
    assert watch(feeds, url) == "Verona today"
    first = feeds.expect("message", contact=url)  # the latest alone
    assert first["title"] == "Title 3" and first["url"] == "https://example.org/3"
    assert first["text"] == "Text 3\nhttps://example.org/3"
    (item,) = first["found"]
    assert [field["name"] for field in first["fields"]] == ["title", "text", "link", "time"]
    assert item["values"] == ["Title 3", "Text 3", "https://example.org/3", ""]
    assert feeds.expect("presence", contact=url)["status"] == "Title 3"
    seen = feeds.expect("remember")
    assert seen["name"] == f"watch.seen.{url}" and len(seen["text"].split()) == 3
    assert web.wait_requests("/rss", 2)[1]["If-None-Match"] == '"one"'
    assert web.requests[0][1]["User-Agent"].startswith("Causeway/")
    assert "admin@example.org" in web.requests[0][1]["User-Agent"]
    web.put("/rss", rss(5, 4, 3, 2))
    assert feeds.expect("message", contact=url)["title"] == "Title 4"  # the oldest first
    assert feeds.expect("message", contact=url)["title"] == "Title 5"
    count = len(web.requests)
    web.put("/rss", rss(5, 1, 4, 3))  # another order, and one that was there before
    web.wait_requests("/rss", count + 2)
    feeds.sync()
    feeds.never("message", contact=url)


def test_as_it_was(feeds, web):
    url = web.put("/rss", rss(1))
    plain = web.pages["/rss"]
    modified = "Sat, 28 Nov 2026 12:00:00 GMT"
    web.pages["/rss"] = lambda headers: (304, {}, b"") if headers["If-Modified-Since"] == modified \
        else (200, {**plain[1], "Last-Modified": modified}, plain[2])
    watch(feeds, url)
    feeds.expect("message", contact=url)
    web.wait_requests("/rss", 3)
    feeds.sync()
    feeds.never("message", contact=url, seconds=0.1)


def test_what_was_seen_in_an_earlier_log_in(feeds, web):
    url = web.put("/rss", rss(2, 1))
    watch(feeds, url)
    feeds.expect("message", contact=url)
    seen = feeds.expect("remember")
    web.put("/rss", rss(*range(9, 0, -1)))
    feeds.login(account=2, username="juliet",
                values={"remembered." + seen["name"]: seen["text"]})
    feeds.expect("ack", id=add(feeds, url, 2), account=2)
    news = feeds.expect("message", account=2, contact=url)
    assert news["title"] == "7 new items"
    assert news["text"].startswith("- Title 9 https://example.org/9\n- Title 8 ")
    assert [item["values"][0] for item in news["found"]] == [f"Title {n}" for n in range(3, 10)]


def test_one_fetch_for_all(feeds, web):
    url = web.put("/rss", rss(1))
    for account in range(2, 12):
        feeds.login(account=account, username="u")
        add(feeds, url, account)
    for account in range(2, 12):
        feeds.expect("message", account=account, contact=url)
    asked = len(web.requests)
    assert asked <= 2


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16", "utf-8"])
def test_encodings(feeds, web, encoding):
    euro = "" if encoding == "iso-8859-1" else " 5 €"
    text = (f"<?xml version='1.0' encoding='{encoding}'?><rss><channel><title>Café{euro}</title>"
            "<item><title>Über naïve Élèves</title></item></channel></rss>")
    url = web.put("/rss", text.encode(encoding))
    assert watch(feeds, url) == f"Café{euro}"
    assert feeds.expect("message", contact=url)["title"] == "Über naïve Élèves"


def test_the_encoding_that_http_says(feeds, web):
    url = web.put("/rss", rss(1, title="Café").encode("iso-8859-1"),
                  type_="text/xml; charset=ISO-8859-1")
    assert watch(feeds, url) == "Café"


def test_atom(feeds, web):
    url = web.put("/atom", """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title type="html">Verona &lt;em&gt;Times&lt;/em&gt;</title>
  <link rel="self" href="http://x.example/self"/><link href="https://x.example/"/>
  <id>urn:x</id><updated>2026-11-28T12:00:00Z</updated>
  <entry><title>Older</title><id>urn:1</id><updated>2026-11-27T12:00:00Z</updated></entry>
  <entry>
    <title>A &amp;amp; B</title>
    <link rel="enclosure" href="https://x.example/sound.ogg"/>
    <link rel="alternate" href="/entry/2"/>
    <id>urn:2</id><updated>2026-11-28T12:00:00+01:00</updated>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One <b>bold</b></p><p>Two</p></div></content>
    <author><name>Romeo</name></author>
  </entry>
</feed>""", type_="application/atom+xml")
    assert watch(feeds, url) == "Verona Times"
    news = feeds.expect("message", contact=url)
    assert news["title"] == "A & B"
    assert news["url"] == web.url("/entry/2")
    assert news["text"].split("\n")[0].split() == ["One", "bold", "Two"]


def test_rss_1_and_no_ids_and_no_dates(feeds, web):
    url = web.put("/rdf", """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="http://x.example/"><title>RDF</title><link>http://x.example/</link></channel>
      <item rdf:about="http://x.example/1"><title>First</title><link>http://x.example/1</link>
        <dc:date>2026-11-01T00:00:00Z</dc:date></item>
      <item><title>Without an id</title></item></rdf:RDF>""")
    assert watch(feeds, url) == "RDF"
    assert feeds.expect("message", contact=url)["title"] == "First"


def test_mistakes_that_feeds_make(feeds, web):
    text = ("\n  <?xml version='1.0'?><!DOCTYPE rss PUBLIC '-//N//DTD RSS 0.91//EN' 'http://x/y.dtd'>"
            "<rss><channel><title>A&nbsp;caf&eacute; &hellip;</title><item>"
            "<title><![CDATA[<b>Bold</b> &amp; &#8220;quoted&#8221;]]></title>"
            "<description>&lt;script&gt;alert(1)&lt;/script&gt;&lt;p&gt;Para 1&lt;/p&gt;&lt;p&gt;2 &lt; 3&lt;/p&gt;"
            "</description></item><item><title>and here it ends")
    url = web.put("/rss", text)
    assert watch(feeds, url) == "A café …"
    news = feeds.expect("message", contact=url)
    assert news["title"] == "Bold & “quoted”" and news["text"] == "Para 1\n2 < 3"


def test_declared_entities_are_refused(feeds, web):
    bomb = ("<!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]>"
            "<rss><channel><title>&b;</title><item><title>x</title></item></channel></rss>")
    nack = feeds.expect("nack", id=add(feeds, web.put("/rss", bomb)))
    assert "declares entities" in nack["text"]
    secret = ("<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
              "<rss><channel><title>&a;</title></channel></rss>")
    assert "declares entities" in feeds.expect("nack", id=add(feeds, web.put("/file", secret)))["text"]


def test_a_page_names_its_feeds(feeds, web):
    url = web.put("/page", "<html><head><link rel=alternate type='application/rss+xml' href='/rss'>"
                           "<link rel=\"alternate\" type=\"application/atom+xml\" href=\"https://x.example/a\">"
                           "</head></html>", type_="text/html")
    nack = feeds.expect("nack", id=add(feeds, url))
    assert nack["reason"] == "no-contact"
    assert web.url("/rss") in nack["text"] and "https://x.example/a" in nack["text"]
    url = web.put("/none", "<html><p>nothing</p></html>", type_="text/html")
    assert "no feed" in feeds.expect("nack", id=add(feeds, url))["text"]


def test_what_is_not_there(feeds, web):
    assert "no such page" in feeds.expect("nack", id=add(feeds, web.url("/missing")))["text"]
    url = web.put("/gone", "", status=410)
    assert "no more" in feeds.expect("nack", id=add(feeds, url))["text"]


def test_redirects(feeds, web):
    new = web.put("/new", rss(1))
    url = web.put("/old", "", status=301, Location="/new")
    watch(feeds, url)
    web.wait_requests("/new", 2)  # for good: it is not asked there again
    assert len([1 for path, _ in web.requests if path == "/old"]) == 1
    url = web.put("/temporary", "", status=302, Location=new)
    watch(feeds, url)
    web.wait_requests("/temporary", 2)
    url = web.put("/circle", "", status=302, Location="/circle")
    feeds.expect("ack", id=add(feeds, url))  # it may come right
    assert "in circles" in feeds.expect("presence", contact=url)["status"]
    private = web.put("/lead", "", status=302, Location="file:///etc/passwd")
    feeds.expect("ack", id=add(feeds, private))
    assert "leads elsewhere" in feeds.expect("presence", contact=private)["status"]


def test_where_it_moved_for_good_it_is_no_more(feeds, web):
    web.put("/new", rss(1))
    url = web.put("/old", "", status=301, Location="/new")
    watch(feeds, url)
    feeds.expect("message", contact=url)
    web.put("/new", "", status=404, Retry_After="1")
    web.put("/old", rss(2, 1))  # and is back where it was
    assert feeds.expect("message", contact=url)["title"] == "Title 2"


def test_a_redirect_whose_page_never_comes(feeds, web):
    web.put("/new", rss(1))
    url = web.put("/old", "", status=302, Location="/new", Content_Length="1000000")
    assert watch(feeds, url) == "Verona today"


def test_it_was_never_read_and_is_as_it_was(feeds, web):
    url = web.put("/rss", "", status=304)
    assert "no feed" in feeds.expect("nack", id=add(feeds, url))["text"]


def test_one_that_is_added_while_its_server_is_in_trouble(feeds, web):
    url = web.put("/rss", "", status=503, Retry_After="3600")
    feeds.expect("ack", id=add(feeds, url))
    feeds.login(account=2, username="romeo")
    feeds.expect("ack", id=add(feeds, url, 2))  # not in an hour
    shown = feeds.expect("presence", account=2, contact=url)
    assert shown["show"] == "xa" and "503" in shown["status"]


def test_links_that_lead_out_of_the_web(feeds, web):
    items = "".join(f"<item><title>{i}</title><link>{link}</link></item>" for i, link in enumerate(
        ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/" + "x" * 5000)))
    url = web.put("/rss", f"<rss><channel><title>t</title>{items}</channel></rss>")
    watch(feeds, url)
    assert "url" not in feeds.expect("message", contact=url)
    assert say(feeds, "latest 4", url) == "- 0\n- 1\n- 2\n- 3"


def test_an_item_that_comes_again_in_a_feed_that_was_cut_short(feeds, web):
    url = web.put("/rss", rss(*range(60, 0, -1)))
    watch(feeds, url)
    feeds.expect("message", contact=url)
    for _ in range(2):
        count = len(web.requests)
        web.put("/rss", rss())
        web.wait_requests("/rss", count + 2)
        web.put("/rss", rss(*range(60, 0, -1)))
        web.wait_requests("/rss", count + 4)
    feeds.sync()
    feeds.never("message", contact=url, seconds=0.1)


def test_many_at_one_server_that_is_slow(start_host, web):
    host = start_host("feeds", command=[AGENTS, "--agent"],
                      args=["--set", "allow-private=true", "--set", "timeout=5"])
    host.login(username="juliet")

    def slow(headers):
        time.sleep(0.7)  # a server that takes its time: so many take longer than one may
        return (200, {"Content-Type": "text/xml"}, rss(1).encode())
    for number in range(40):
        web.pages[f"/{number}"] = slow
        add(host, web.url(f"/{number}"))
    for number in range(40):
        host.expect("contact", contact=web.url(f"/{number}"))


def test_gzip(feeds, web):
    url = web.put_gzip("/rss", rss(1))
    assert watch(feeds, url) == "Verona today"


def test_trouble_is_shown_and_passes(feeds, web):
    url = web.put("/rss", rss(1))
    watch(feeds, url)
    feeds.expect("presence", contact=url, status="Title 1")
    web.put("/rss", "slow down", status=429, Retry_After="1")
    late = feeds.expect("presence", contact=url, show="xa")
    assert late["status"].startswith("Title 1 (as of ") and "429" in late["status"]
    web.put("/rss", rss(2, 1))
    assert feeds.expect("message", contact=url, title="Title 2")
    assert feeds.expect("presence", contact=url, status="Title 2")["show"] == "online"


def test_servers_that_do_not_answer_send_too_much_or_stop(feeds, web):
    url = web.put("/huge", b"<rss><channel>" + b" " * (3 * 1024 * 1024))
    feeds.expect("ack", id=add(feeds, url))
    assert "larger than 2097152 bytes" in feeds.expect("presence", contact=url)["status"]
    slow = web.url("/slow")

    def wait(headers):
        time.sleep(6)
        return (200, {}, b"")
    web.pages["/slow"] = wait
    feeds.expect("ack", id=add(feeds, slow))  # when it is late
    assert "no answer within 2 seconds" in feeds.expect("presence", contact=slow)["status"]
    url = web.put_gzip("/gzip-bomb", " " * (50 * 1024 * 1024))
    feeds.expect("ack", id=add(feeds, url))
    assert "larger than" in feeds.expect("presence", contact=url)["status"]


def test_commands(feeds, web):
    url = web.put("/rss", rss(3, 2, 1))
    watch(feeds, url)
    feeds.expect("message", contact=url)
    assert say(feeds, "latest 2", url) == ("- Title 3 https://example.org/3\n"
                                          "- Title 2 https://example.org/2")
    assert "from 1 to 10" in say(feeds, "latest 99", url)
    assert "one of these words" in say(feeds, "filter romeo -spam", url)
    web.put("/rss", rss(3) .replace("<item>", "<item><title>Spam of Romeo</title><guid>a</guid></item>"
                                    "<item><title>ROMEO alone</title><guid>b</guid></item><item>"))
    assert feeds.expect("message", contact=url)["title"] == "ROMEO alone"
    assert "Your filter: romeo -spam" in say(feeds, "filter", url)
    assert "everything" in say(feeds, "filter off", url)


def test_names(feeds):
    for typed, normal in (("example.org/Feed", "https://example.org/Feed"),
                          ("feed:https://Example.ORG/x#part", "https://example.org/x"),
                          ("feed://example.org/x", "https://example.org/x"),
                          ("http://example.org", "http://example.org/")):
        number = feeds.next_id()
        feeds.send(type="normalize", account=1, id=number, contact=typed)
        assert feeds.expect("normalize", id=number)["contact"] == normal
    for wrong in ("", "romeo", "ftp://example.org/x", "https://user:pw@example.org/", "https://",
                  "file:///etc/passwd", "javascript:alert(1)"):
        nack = feeds.expect("nack", id=add(feeds, wrong))
        assert nack["reason"] == "no-contact", wrong


def test_nobody_reads_the_admins_network(start_host, web):
    host = start_host("feeds", command=[AGENTS, "--agent"], args=["--set", "interval=1"])
    host.login(username="juliet")
    port = web.port
    web.put("/", rss(1))
    for name in ("127.0.0.1", "[::1]", "0.0.0.0", "10.0.0.1", "192.168.1.1", "169.254.169.254",
                 "172.16.0.1", "100.64.0.1", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]",
                 "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255", "[::]"):
        nack = host.expect("nack", id=add(host, f"http://{name}:{port}/"))
        assert "no public address" in nack["text"], name
    for name in ("localhost", "2130706433", "0x7f.1", "127.1"):  # what a resolver makes of it
        url = f"http://{name}:{port}/"
        host.expect("ack", id=add(host, url))  # it may have another address tomorrow
        assert host.expect("presence", contact=url)["status"].startswith("not known yet: "), name
    assert web.requests == []
