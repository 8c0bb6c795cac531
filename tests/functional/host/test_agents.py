# tests/functional/host/test_agents.py: what every agent has, shown by the clock: watches, presence,
# commands, what is remembered, quiet hours, digests
# SPDX-License-Identifier: GPL-2.0-or-later
import subprocess
import threading

import pytest
from weblib import AGENTS, add
from weblib import say as say_to

ROME = "europe/rome"


def say(host, text, account=1):
    return say_to(host, text, ROME, account)


@pytest.fixture
def clock(start_host):
    return start_host("clock", command=[AGENTS, "--agent"], args=["--set", "interval=1"])


def test_hello(clock):
    protocol = clock.hello["protocol"]
    assert protocol["id"] == "clock" and protocol["password"] == "none"
    assert protocol["local-list"] is True and protocol["search"] is False


def test_a_thing_is_watched_and_shown(clock):
    clock.login(username="juliet")
    clock.expect("ack", id=add(clock, ROME))
    presence = clock.expect("presence", contact=ROME)
    assert presence["show"] in ("online", "xa") and presence["status"][2] == ":"


def test_one_that_cannot_be_is_refused_with_what_to_do(clock):
    clock.login(username="juliet")
    nack = clock.expect("nack", id=add(clock, "Verona/Balcony"))
    assert nack["reason"] == "no-contact" and "Europe/Rome" in nack["text"]
    for name in ("../../etc/passwd", "/etc/localtime", "Europe/../Rome", "", "x" * 5000):
        assert clock.expect("nack", id=add(clock, name))["reason"] == "no-contact"


def test_normal_form(clock):
    clock.login(username="juliet")
    for typed in ("europe/rome", "EUROPE/ROME", "Europe/Rome"):
        number = clock.next_id()
        clock.send(type="normalize", account=1, id=number, contact=typed)
        assert clock.expect("normalize", id=number)["contact"] == ROME
    assert ROME in clock.expect("nack", id=add(clock, "Europe/Rome"))["text"]
    clock.expect("ack", id=add(clock, ROME))
    clock.expect("presence", contact=ROME)
    clock.expect("ack", id=add(clock, ROME))  # is watched already


def test_two_accounts_and_one_that_leaves(clock):
    clock.login(account=1, username="juliet")
    clock.login(account=2, username="romeo")
    clock.expect("ack", id=add(clock, ROME, 1))
    clock.expect("ack", id=add(clock, ROME, 2))
    clock.expect("presence", account=2, contact=ROME)
    clock.send(type="logout", account=1)
    clock.expect("state", account=1, state="offline")
    assert "It is" in say(clock, "time", account=2)
    number = clock.message(ROME, "time", account=1)
    assert clock.expect("nack", id=number)["reason"] == "not-online"


def test_commands(clock):
    clock.login(username="juliet")
    add(clock, ROME)
    told = say(clock, "help")
    assert "time: what time it is there" in told
    assert "quiet away, quiet dnd, quiet off: whether" in told
    assert "in Europe/Rome" in say(clock, "  TIME ")
    assert "I do not know 'what'" in say(clock, "what is it?")
    assert "I do not know ''" in say(clock, " ")
    number = clock.message("asia/tokyo", "time")
    nack = clock.expect("nack", id=number)
    assert nack["reason"] == "no-contact" and "add it" in nack["text"]


def test_what_is_removed_is_forgotten(clock):
    clock.login(username="juliet")
    add(clock, ROME)
    clock.expect("presence", contact=ROME)
    number = clock.next_id()
    clock.send(type="contact-remove", account=1, id=number, contact=ROME)
    clock.expect("ack", id=number)
    clock.expect("nack", id=clock.message(ROME, "time"))


def test_wishes_last(clock):
    clock.login(username="juliet")
    add(clock, ROME)
    assert "no time zone" in say(clock, "zone Verona")
    assert "now" in say(clock, "zone Europe/Rome")
    line = clock.expect("remember", name="wish.zone")
    assert line["text"] == "Europe/Rome"
    assert "Say one of" in say(clock, "quiet please")
    assert say(clock, "quiet").startswith("News do not wait")
    assert say(clock, "zone").startswith("Your time zone is Europe/Rome;")
    assert "when you are back" in say(clock, "quiet away")
    assert clock.expect("remember", name="wish.quiet")["text"] == "away"
    for wrong in ("25:00-07:00", "22:00", "22:00-22:00", "22:00-07:00 x", ""):
        assert "Say for example" in say(clock, f"hours {wrong}")
    assert "Europe/Rome" in say(clock, "hours 22:00-07:00")
    assert clock.expect("remember", name="wish.hours")["text"] == "22:00-07:00"
    assert say(clock, "hours").startswith("Quiet hours: 22:00-07:00.  Say for example")
    assert say(clock, "quiet").startswith("News wait while you are away or busy.")
    assert say(clock, "hours OFF") == "There are no quiet hours."
    assert "text" not in clock.expect("remember", name="wish.hours")
    # they come back with the next log-in
    clock.login(account=2, username="juliet", values={"remembered.wish.zone": "Asia/Tokyo"})
    add(clock, ROME, 2)
    assert "Asia/Tokyo" in say(clock, "hours 22:00-07:00", account=2)


def test_a_zone_as_people_type_it(clock):
    clock.login(username="juliet")
    add(clock, ROME)
    for typed, zone in (("europe/rome", "Europe/Rome"), ("america/new york", "America/New_York")):
        assert "For you it is" in say(clock, f"zone {typed}")
        assert clock.expect("remember", name="wish.zone")["text"] == zone


def test_a_zone_is_no_path(clock):
    clock.login(username="juliet")
    add(clock, ROME)
    for path in ("/etc/localtime", "../../../etc/localtime", "/dev/stdin"):
        assert "no time zone" in say(clock, f"zone {path}")


def test_what_is_removed_takes_its_own_alone_along(start_host, web):
    web.put("/q", '{"p": 1}')
    host = start_host("stocks", command=[AGENTS, "--agent"],
                      args=["--set", "allow-private=true", "--set", "provider=json", "--set",
                            "price=p", "--set", "url=" + web.url("/q") + "?{symbol}"])
    host.login(username="juliet")
    for symbol in ("us", "a.us"):
        host.expect("ack", id=add(host, symbol))
        assert "once" in say_to(host, "alert > 190", symbol)
        host.expect("remember", name=f"watch.alerts.{symbol}")
    number = host.next_id()
    host.send(type="contact-remove", account=1, id=number, contact="us")
    host.expect("ack", id=number)
    assert "text" not in host.expect("remember", name="watch.alerts.us")
    assert say_to(host, "alerts", "a.us") == "1: > 190.00"


def test_searching_where_there_is_nothing_to_search(clock):
    clock.login(username="juliet")
    number = clock.next_id()
    clock.send(type="search", account=1, id=number)
    assert clock.expect("nack", id=number)["reason"] == "no-contact"


def test_lines_that_it_has_no_use_for(clock):
    clock.login(username="juliet")
    number = clock.next_id()
    clock.send(type="room-nick", account=1, id=number, room="x", nick="y")
    clock.expect("nack", id=number)
    clock.send(type="typing", account=1, contact=ROME, typing="composing")
    clock.send(type="authorize", account=7, contact=ROME)
    clock.sync()


def test_settings_that_are_wrong(start_host):
    for wrong, part in (("interval=0", "expected a number from 1"), ("interval", "NAME=VALUE"),
                        ("held=0", "from 1 to 300"), ("held-size=5", "from 1024 to")):
        host = start_host("clock", command=[AGENTS, "--agent"], args=["--set", wrong], hello=False)
        host.end(78)
        assert part in host.errors()
    host = start_host("moon", command=[AGENTS, "--agent"], hello=False)
    host.end(78)
    assert "no agent 'moon'" in host.errors()


def test_settings_are_utf_8_whatever_the_locale(start_host, web):
    web.put("/q", '{"p": 1}')
    host = start_host("stocks", command=[AGENTS, "--agent"], env={"LC_ALL": "C"},
                      args=["--set", "allow-private=true", "--set", "provider=json", "--set",
                            "price=p", "--set", "url=" + web.url("/q") + "?{symbol}",
                            "--set", "currency=€"])
    host.login(username="juliet")
    add(host, "aapl")
    assert host.expect("presence", contact="aapl")["status"].startswith("1.00 €")


def test_it_ends_while_a_search_is_under_way(start_host, web):
    """Nothing leaks, which the sanitizer says by the exit status."""
    asked = threading.Event()

    def wait(headers):
        asked.wait(20)
        return (200, {}, b"{}")
    web.pages["/geo"] = wait
    host = start_host("weather", command=[AGENTS, "--agent"],
                      args=["--set", "allow-private=true", "--set",
                            "geocoder-url=" + web.url("/geo") + "?{name}"])
    host.login(username="juliet")
    for text in "abcdef":  # more than are asked for at once
        host.send(type="search", account=1, id=host.next_id(), values={"what": text})
    web.wait_requests("/geo?a", 1)
    host.close()
    asked.set()


def test_by_hand(tmp_path):
    text = subprocess.run([AGENTS, "--list"], capture_output=True, text=True, check=True).stdout
    assert "clock: World clock" in text
    done = subprocess.run([AGENTS, "--agent", "clock"], capture_output=True, text=True)
    assert done.returncode == 64 and "descriptor 3" in done.stderr


def test_commands_by_a_line_of_their_own(clock):
    commands = {command["name"]: command for command in clock.hello["protocol"]["commands"]}
    assert commands["time"] == {"name": "time", "label": "time: what time it is there"}
    assert commands["zone"]["argument"] == "Europe/Rome"
    clock.login(username="juliet")
    clock.expect("ack", id=add(clock, ROME))
    number = clock.next_id()
    clock.send(type="command", account=1, id=number, contact=ROME, text="time")
    assert "in Europe/Rome" in clock.expect("command", id=number)["text"]
    number = clock.next_id()
    clock.send(type="command", account=1, id=number, contact=ROME, text="zone Verona")
    assert "no time zone" in clock.expect("command", id=number)["text"]
    number = clock.next_id()
    clock.send(type="command", account=1, id=number, contact="asia/tokyo", text="time")
    nack = clock.expect("nack", id=number)
    assert nack["reason"] == "no-contact" and "add it" in nack["text"]
    assert "in Europe/Rome" in say(clock, "time")  # by message again
