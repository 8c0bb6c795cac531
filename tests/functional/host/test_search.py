# tests/functional/host/test_search.py: causeway-purple searches the directory of prpl-mock
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is looked for says what comes; see tests/peers/prpl-mock-search.c."""
import os

import pytest

from hostlib import BUILD

PLUGINS = os.path.join(BUILD, "tests", "plugins")
DEADLINE = 30  # s, of one search


@pytest.fixture
def host(start_host):
    return start_host("prpl-mock", args=("--plugin-path", PLUGINS))


@pytest.fixture
def online(host):
    host.login(username="juliet")
    return host


def ask(host, account=1, **values):
    """Without values: for the form."""
    number = host.next_id()
    more = {"values": values} if values else {}
    host.send(type="search", account=account, id=number, **more)
    return number


def found(host, account=1, **values):
    answer = host.expect("search", id=ask(host, account, **values))
    return [one["contact"] for one in answer["found"]]


def nack(host, number, timeout=20):
    line = host.expect("nack", id=number, timeout=timeout)
    return line["reason"], line.get("text")


def check_nothing_open(host):
    """Each form was answered or cancelled, each result closed; and the user was told nothing."""
    for _ in range(20):  # what is closed is so in a turn of the loop behind the answer
        host.message("open", "?")
        text = host.expect("message", contact="open")["text"]
        if text == "forms 0 results 0":
            break
    assert text == "forms 0 results 0"
    host.sync()
    assert not [line for line in host.lines if line["type"] in ("notice", "question")], host.lines


def test_hello_says_whether_there_is_a_directory(start_host):
    for protocol, there in (("prpl-mock", True), ("prpl-jabber", True), ("prpl-irc", False)):
        host = start_host(protocol, args=("--plugin-path", PLUGINS))
        assert host.hello["protocol"]["search"] is there, protocol
        host.close()


def test_the_form(online):
    answer = online.expect("search", id=ask(online))
    assert "found" not in answer and answer["text"] == "Who is it?\nFill in one"
    assert [(f["name"], f["label"], f["kind"]) for f in answer["fields"]] == [
        ("note", "A note", "note"), ("nick", "Nickname", "text"), ("town", "Town <&>", "text"),
        ("house", "House", "list"), ("online", "Only online", "boolean")]
    check_nothing_open(online)
    online.close()


def test_results(online):
    """Named by what they are, else by the form; the name is in the column that says so."""
    answer = online.expect("search", id=ask(online, nick="rom"))
    assert [(c["name"], c["label"]) for c in answer["fields"]] == [
        ("first", "Given Name"), ("column.2", "JID"), ("nick", "Nickname"), ("town", "Town <&>")]
    assert answer["found"] == [
        {"contact": "romeo", "values": ["Romeo", "romeo", "rom", "Verona"]},
        {"contact": "count paris@x", "values": ["Count", "count paris@x", "", ""]}]
    assert "total" not in answer
    check_nothing_open(online)
    online.close()


def test_results_that_come_at_once(online):
    assert found(online, nick="sync") == ["romeo", "count paris@x"]
    check_nothing_open(online)
    online.close()


@pytest.mark.parametrize("user", ["direct", "discovers"])
def test_other_ways_to_the_form(host, user):
    host.login(username=user)
    assert found(host, nick="rom") == ["romeo", "count paris@x"]
    check_nothing_open(host)
    host.close()


def test_a_form_that_is_one_input(host):
    host.login(username="twice")
    answer = host.expect("search", id=ask(host))
    assert [(f["name"], f["label"]) for f in answer["fields"]] == [("value", "Whom?")]
    assert found(host, value="rom") == ["romeo", "count paris@x"]
    check_nothing_open(host)
    host.close()


def test_nobody_is_found(online):
    answer = online.expect("search", id=ask(online, nick="nobody"))
    assert answer["found"] == []
    check_nothing_open(online)
    online.close()


def test_error_of_the_network(online):
    assert nack(online, ask(online, nick="error")) == \
        ("other", "The directory is <closed>\non Sundays")
    check_nothing_open(online)
    online.close()


def test_values_that_are_for_no_field(online):
    for values in ({"email": "x"}, {"nick": ""}, {"note": "x"}, {"": "x"}):
        reason, text = nack(online, ask(online, **values))
        assert reason == "settings" and text
    assert found(online, nick="rom", email="x", house="9", online="?") == ["romeo", "count paris@x"]
    check_nothing_open(online)
    online.close()


def test_there_is_no_directory(host):
    for number, (user, reason) in enumerate([
            ("nowhere", "no-contact"),       # the plugin found none
            ("actionless", "no-contact"),    # it has no such action
            ("refused-form", "other")], 1):  # the directory does not want to
        host.login(account=number, username=user)
        assert nack(host, ask(host, account=number))[0] == reason
    assert nack(host, ask(host, account=9))[0] == "not-online"
    check_nothing_open(host)
    host.close()


def test_2000_people_are_bounded(online):
    answer = online.expect("search", id=ask(online, nick="many"))
    assert len(answer["found"]) == 500 and answer["total"] == 2000
    assert answer["found"][499]["contact"] == "user499"
    check_nothing_open(online)
    online.close()


def test_a_large_answer_fits_into_a_line(online):
    """500 people with 30,000 bytes each, 104 columns."""
    answer = online.expect("search", id=ask(online, nick="large"))
    assert 100 < len(answer["found"]) < 500 and answer["total"] == 500
    assert len(answer["fields"]) == 32
    assert max(len(value) for value in answer["found"][0]["values"]) == 512
    check_nothing_open(online)
    online.close()


def test_hostile_names_and_values(online):
    answer = online.expect("search", id=ask(online, nick="hostile"))
    rows = {one["contact"]: one["values"] for one in answer["found"]}
    assert set(rows) == {"<evil>&\"'@x", "fine", "long", 600 * "@"}
    assert rows["<evil>&\"'@x"][0] == "]]></item><item jid='x'/>"
    assert rows["<evil>&\"'@x"][2:] == ["a <body/>", "&amp;"]
    assert len(rows["long"][2]) == 512 and len(rows["long"]) == 4
    assert all(ord(c) >= 32 for row in rows.values() for value in row for c in value)
    check_nothing_open(online)
    online.close()


# ---- what is the user's ----

@pytest.mark.parametrize("what, values", [
    ("captcha", {"text": "W4X"}), ("sum", {"text": "4"}), ("question", {"value": "fine"})])
def test_a_question_while_results_are_waited_for_is_the_users(online, what, values):
    number = ask(online, nick=what)
    question = online.expect("question")
    online.send(type="answer", account=1, id=question["id"], values=values)
    assert len(online.expect("search", id=number)["found"]) == 2
    check_nothing_open(online)
    online.close()


def test_a_captcha_before_the_form_is_the_users(host):
    host.login(username="guarded")
    number = ask(host, nick="rom")
    question = host.expect("question")
    assert "image" in [f["name"] for f in question["fields"]]
    host.send(type="answer", account=1, id=question["id"], values={"text": "W4X"})
    assert len(host.expect("search", id=number)["found"]) == 2
    check_nothing_open(host)
    host.close()


def test_requests_and_results_without_a_search_are_the_users(online):
    online.message("form", "go")
    online.send(type="answer", account=1, id=online.expect("question")["id"], cancelled=True)
    assert online.expect("notice")["text"] == "You did not search"
    online.message("results", "go")
    assert "JID: count paris@x" in online.expect("notice")["text"]
    check_nothing_open(online)
    online.close()


def test_searches_of_two_accounts_do_not_meet(online):
    online.login(account=2, username="romeo")
    first, second = ask(online, nick="silent"), ask(online, account=2, nick="rom")
    assert online.expect("search", id=second)["account"] == 2
    online.never("search", 0.3, id=first)
    online.send(type="logout", account=1)
    online.expect("state", account=1, state="offline")
    online.close()


# ---- one at a time, and the end ----

def test_a_few_searches_wait_for_each_other(online):
    numbers = [ask(online, nick="rom") for _ in range(7)]
    for number in numbers[5:]:
        assert nack(online, number)[0] == "rate"
    for number in numbers[:5]:
        assert len(online.expect("search", id=number)["found"]) == 2
    check_nothing_open(online)
    online.close()


def test_log_out_in_the_middle(host):
    """Before the directory, before the form, before the results; and the next log-in searches."""
    for nick in (None, "rom", "silent", "captcha"):
        for state in ("at once", "form", "results"):
            host.login(username="juliet")
            for _ in range(3):
                ask(host, **({"nick": nick} if nick else {}))
            if state != "at once":
                host.never("state", 0.02 if state == "form" else 0.05)
            host.send(type="logout", account=1)
            host.expect("state", state="offline")
            host.lines.clear()
    host.login(username="juliet")
    assert found(host, nick="rom") == ["romeo", "count paris@x"]
    check_nothing_open(host)
    host.close()


def test_connection_that_drops_in_the_middle(online):
    ask(online, nick="drop")
    assert online.expect("state", state="offline")["reason"] == "network"
    online.login(username="juliet")
    assert found(online, nick="rom") == ["romeo", "count paris@x"]
    check_nothing_open(online)
    online.close()


def test_end_of_the_host_in_the_middle(host):
    for number, user in enumerate(("juliet", "formless", "guarded"), 1):
        host.login(account=number, username=user)
        ask(host, account=number, nick="silent")
    host.expect("question", account=3)
    host.close()


def test_no_answer_ends_after_a_while(host):
    """And what comes later is nobody's: neither the next search's nor a notice."""
    for number, user in enumerate(("juliet", "formless"), 1):
        host.login(account=number, username=user)
    asked = [ask(host, nick="silent"), ask(host, account=2)]
    waiting = ask(host, nick="rom")
    for number in asked:
        assert nack(host, number, timeout=DEADLINE + 10)[0] == "network"
    assert nack(host, waiting)[0] == "rate"
    assert nack(host, ask(host, nick="rom"))[0] == "rate"  # the old one may still be answered
    host.message("results", "go")
    host.message("form", "go", account=2)
    host.sync()
    assert found(host, nick="rom") == ["romeo", "count paris@x"]
    check_nothing_open(host)
    host.close()
