# tests/functional/host/test_held.py: news that wait for their reader outlive his log-in and the host
# SPDX-License-Identifier: GPL-2.0-or-later
import pytest
from test_feeds import rss
from weblib import AGENTS, add, say

SETTINGS = ["--set", "allow-private=true", "--set", "interval=1", "--set", "interval-least=1"]


class Memory(dict):
    """What a gateway would give back with the next log-in."""

    def take(self, host):
        """Whatever the host has said so far.  Returns the names that it had forgotten."""
        if host.process.poll() is None:
            host.sync()
        gone = []
        for line in [line for line in host.lines if line["type"] == "remember"]:
            host.lines.remove(line)
            if "text" in line:
                self["remembered." + line["name"]] = line["text"]
            else:
                gone.append(line["name"])
                self.pop("remembered." + line["name"], None)
        return gone

    def held(self):
        return sorted(name for name in self if name.startswith("remembered.watch.held-"))


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def start(start_host):
    return lambda *settings: start_host("feeds", command=[AGENTS, "--agent"], args=[
        *SETTINGS, *(word for setting in settings for word in ("--set", setting))])


def hold(host, web, memory, *ids, before=(1,)):
    """Juliet reads a feed, is away, and items come; its address."""
    url = web.put("/rss", rss(*before))
    host.login(username="juliet", values=dict(memory), show="online")
    host.expect("ack", id=add(host, url))
    if "remembered.watch.seen." + url not in memory:
        host.expect("message", contact=url)
    say(host, "quiet away", url)
    host.send(type="presence", account=1, show="away")
    host.sync()
    memory.take(host)
    for number in range(len(ids)):
        come(host, web, memory, url, ids[number::-1] + before)
    return url


def come(host, web, memory, url, ids):
    web.put("/rss", rss(*ids))
    seen = host.expect("remember", name="watch.seen." + url)
    memory.take(host)
    memory["remembered.watch.seen." + url] = seen["text"]


def log_out(host):
    host.send(type="logout", account=1)
    host.expect("state", account=1, state="offline")


def kill(host):
    host.process.kill()
    host.process.wait()
    while host._read(10):
        pass


def test_logging_out_and_coming_back(start, web, memory):
    host = start()
    url = hold(host, web, memory, 2, 3)
    assert len(memory.held()) == 2 and all(name.endswith("." + url) for name in memory.held())
    log_out(host)
    assert memory.take(host) == []
    host.login(username="juliet", values=dict(memory))
    host.sync()
    host.never("message", seconds=0.2)  # not before it is known that he reads it still
    host.expect("ack", id=add(host, url))
    assert host.expect("message", contact=url)["text"] == (
        "Meanwhile:\n- Title 2 https://example.org/2\n- Title 3 https://example.org/3")
    memory.take(host)
    assert memory.held() == []
    log_out(host)
    count = len(web.requests)
    host.login(username="juliet", values=dict(memory))
    host.expect("ack", id=add(host, url))
    web.wait_requests("/rss", count + 1)
    host.expect("presence", contact=url)
    host.sync()
    host.never("message", seconds=0.2)


def test_one_alone_comes_as_it_would_have_come(start, web, memory):
    host = start()
    url = hold(host, web, memory, 2)
    log_out(host)
    host.login(username="juliet", values=dict(memory))
    host.expect("ack", id=add(host, url))
    news = host.expect("message", contact=url)
    assert news["title"] == "Title 2" and news["url"] == "https://example.org/2"
    assert news["text"] == "Text 2\nhttps://example.org/2"


def test_one_alone_whose_title_says_all(start, web, memory):
    """An empty text is none to many clients: they would show nothing."""
    host = start()
    url = hold(host, web, memory)
    title_alone = "<item><title>Title alone</title><guid isPermaLink='false'>9</guid></item>"
    web.put("/rss", rss(1).replace("<item>", title_alone + "<item>", 1))
    host.expect("remember", name="watch.seen." + url)
    host.send(type="presence", account=1, show="online")
    news = host.expect("message", contact=url)
    assert (news["title"], news["text"]) == ("Title alone", "Title alone")


def found(message):
    return [[item["contact"][:8], *item["values"]] for item in message["found"]]


def test_items_are_still_items(start, web, memory):
    """Whoever reads the node gets them as they would have come."""
    host = start()
    url = hold(host, web, memory, 2, 3)
    web.put("/rss", rss(3, 2, 1) + "<!-- -->")
    kill(host)
    memory.take(host)
    host = start()
    host.login(username="juliet", values=dict(memory))
    host.expect("ack", id=add(host, url))
    message = host.expect("message", contact=url)
    assert message["text"].startswith("Meanwhile:")
    assert found(message) == [["d4735e3a", "Title 2", "Text 2", "https://example.org/2", ""],
                              ["4e074085", "Title 3", "Text 3", "https://example.org/3", ""]]


def test_what_is_no_item_is_a_text_for_all(start, web, memory):
    host = start()
    url = hold(host, web, memory, 2)
    log_out(host)
    memory["remembered.watch.held-7." + url] = "Notice\n\n\ntext"
    host.login(username="juliet", values=dict(memory))
    host.expect("ack", id=add(host, url))
    message = host.expect("message", contact=url)
    assert "found" not in message and message["text"].endswith("\n- Notice")


def test_many_at_once_are_kept_one_by_one(start, web, memory):
    host = start()
    url = hold(host, web, memory)
    come(host, web, memory, url, range(9, 0, -1))
    assert len(memory.held()) == 8
    host.send(type="presence", account=1, show="online")
    message = host.expect("message", contact=url)
    assert message["text"].startswith("Meanwhile:\n- Title 2 https://example.org/2\n- Title 3")
    assert [item[1] for item in found(message)] == [f"Title {n}" for n in range(2, 10)]


def test_a_host_that_is_killed(start, web, memory):
    host = start()
    url = hold(host, web, memory, 2, 3)
    kill(host)
    memory.take(host)
    host = start()
    host.login(username="juliet", values=dict(memory), show="away")
    host.expect("ack", id=add(host, url))
    host.expect("presence", contact=url)
    host.sync()
    host.never("message", seconds=0.2)  # he is away still
    assert memory.take(host) == []
    host.send(type="presence", account=1, show="online")
    assert host.expect("message", contact=url)["text"].count("\n- ") == 2
    kill(host)  # what it told is forgotten by what it wrote with that
    gone = memory.take(host)
    assert len(gone) == 2 and memory.held() == []
    host = start()
    host.login(username="juliet", values=dict(memory))
    host.expect("ack", id=add(host, url))
    host.expect("presence", contact=url)
    host.sync()
    host.never("message", seconds=0.2)


def test_a_host_that_is_killed_before_an_item_counts_as_seen(start, web, memory):
    """It comes anew then, and is what is held already."""
    host = start()
    url = hold(host, web, memory, 2)
    memory["remembered.watch.seen." + url] = memory["remembered.watch.seen." + url].split()[1]
    kill(host)
    host = start()
    host.login(username="juliet", values=dict(memory), show="away")
    host.expect("ack", id=add(host, url))
    host.expect("remember", name="watch.seen." + url)
    host.send(type="presence", account=1, show="online")
    assert host.expect("message", contact=url)["title"] == "Title 2"
    host.sync()
    host.never("message", seconds=0.2)


def test_what_he_lets_go_is_not_told(start, web, memory):
    host = start()
    url = hold(host, web, memory, 2)
    log_out(host)
    # while he was offline: it is not added, but removed
    host.login(username="juliet", values=dict(memory))
    number = host.next_id()
    host.send(type="contact-remove", account=1, id=number, contact=url)
    host.expect("ack", id=number)
    host.sync()
    host.never("message", seconds=0.2)
    left = Memory(memory)
    left.take(host)
    assert [name for name in left if url in name] == []
    log_out(host)
    # while it waits
    host.login(username="juliet", values=dict(memory), show="away")
    host.expect("ack", id=add(host, url))
    number = host.next_id()
    host.send(type="contact-remove", account=1, id=number, contact=url)
    host.expect("ack", id=number)
    memory.take(host)
    assert [name for name in memory if url in name] == []
    host.send(type="presence", account=1, show="online")
    host.sync()
    host.never("message", seconds=0.2)


def test_as_many_as_are_kept(start, web, memory):
    """The oldest go, and how many is told once, in whichever log-in."""
    host = start()
    url = hold(host, web, memory)
    log_out(host)
    for number in range(1, 51):
        memory[f"remembered.watch.held-{number}.{url}"] = f"Old {number}\n\n\ntext"
    host.login(username="juliet", values=dict(memory), show="away")
    host.expect("ack", id=add(host, url))
    come(host, web, memory, url, (3, 2, 1))
    assert len(memory.held()) == 50
    assert f"remembered.watch.held-2.{url}" not in memory
    assert memory["remembered.watch.held-52." + url].startswith("Title 3\n")
    assert memory["remembered.held-dropped"] == "2"
    log_out(host)
    host.login(username="juliet", values=dict(memory))
    host.expect("ack", id=add(host, url))
    assert host.expect("notice")["text"] == "2 more happened meanwhile than I keep."
    text = host.expect("message", contact=url)["text"]
    assert text.startswith("Meanwhile:\n- Old 3\n- Old 4\n") and text.count("\n- ") == 50
    assert text.endswith("\n- Old 50\n- Title 2 https://example.org/2\n- Title 3 https://example.org/3")
    memory.take(host)
    assert memory.held() == [] and "remembered.held-dropped" not in memory
    host.never("notice", seconds=0.2)


def test_as_much_as_is_kept(start, web, memory):
    host = start()
    url = hold(host, web, memory)
    log_out(host)
    for number in range(1, 11):
        memory[f"remembered.watch.held-{number}.{url}"] = f"Old {number}\n\n\n" + "x" * 8000
    host.login(username="juliet", values=dict(memory), show="away")
    host.expect("ack", id=add(host, url))
    memory.take(host)
    assert len(memory.held()) == 8 and memory["remembered.held-dropped"] == "2"
    assert sum(len(memory[name]) for name in memory.held()) <= 64 * 1024


@pytest.mark.parametrize("setting", ["held=2", "held-size=1024"])
def test_settings_of_how_much_is_kept(start, web, memory, setting):
    host = start(setting)
    url = hold(host, web, memory)
    log_out(host)
    for number in range(1, 5):
        memory[f"remembered.watch.held-{number}.{url}"] = f"Old {number}\n\n\n" + "x" * 400
    host.login(username="juliet", values=dict(memory), show="away")
    host.expect("ack", id=add(host, url))
    memory.take(host)
    assert len(memory.held()) == 2 and memory["remembered.held-dropped"] == "2"


def test_alerts_and_wishes_are_not_crowded_out(start, web, memory):
    host = start()
    url = hold(host, web, memory)
    log_out(host)
    others = 399 - len(memory)
    for number in range(others):
        memory[f"remembered.watch.alerts.{number}"] = "x"
    host.login(username="juliet", values=dict(memory), show="away")
    host.expect("ack", id=add(host, url))
    come(host, web, memory, url, (2, 1))
    assert len(memory) == 400 and len(memory.held()) == 1
    say(host, "zone Europe/Rome", url)
    memory.take(host)
    assert "remembered.wish.zone" in memory and memory.held() == []
    host.send(type="presence", account=1, show="online")
    assert host.expect("message", contact=url)["title"] == "Title 2"  # in this log-in it is there


def test_a_store_that_was_damaged(start, web, memory):
    host = start()
    url = hold(host, web, memory)
    log_out(host)
    wrong = {f"held-x.{url}": "T\n\n\na", f"held-0.{url}": "T\n\n\na", "held-1.": "T\n\n\na", "held-": "",
             f"held-99999999999999999999.{url}": "T\n\n\na", f"held-3.{url}": "no lines",
             f"held-4.{url}": "T\njavascript:x\n\na", f"held-5.{url}": "T\n\n\n" + "x" * 9000}
    memory.update({"remembered.watch." + name: text for name, text in wrong.items()})
    memory[f"remembered.watch.held-7.{url}"] = "Good\n\n\ntext"
    memory["remembered.watch.held-6.nobody-reads-it"] = "T\n\n\na"
    memory["remembered.held-dropped"] = "-5"
    host.login(username="juliet", values=dict(memory))
    assert set(memory.take(host)) == {"watch." + name for name in wrong} | {"held-dropped"}
    host.expect("ack", id=add(host, url))
    assert host.expect("message", contact=url)["title"] == "Good"
    host.sync()
    host.never("message", seconds=0.2)
    host.never("notice", seconds=0.2)
