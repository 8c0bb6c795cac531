# tests/functional/host/test_plugin.py: causeway-purple with a plugin that does what it is told
# SPDX-License-Identifier: GPL-2.0-or-later
import base64
import os
import time

import pytest

from hostlib import BUILD, run_list

PLUGINS = os.path.join(BUILD, "tests", "plugins")


@pytest.fixture
def host(start_host):
    return start_host("prpl-mock", args=("--plugin-path", "/nonexistent:" + PLUGINS))


@pytest.fixture
def online(host):
    host.login(username="juliet")
    return host


def ask(host, what, account=1):
    """A message to the contact `what`, which asks."""
    host.message(what, "go", account=account)
    return host.expect("question", account=account)


def answer(host, question, account=1, **values):
    host.send(type="answer", account=account, id=question["id"], values=values)


def test_plugin_of_the_path_is_listed():
    text = run_list("--plugin-path", PLUGINS)
    assert "prpl-mock  (Mock)" in text and "option.bool = 1" in text
    assert "gateway identity: mock" in text


def test_options_are_described(host):
    options = {o["name"]: o for o in host.hello["protocol"]["options"]}
    assert [options[n]["kind"] for n in ("bool", "int", "string", "secret", "list")] == \
        ["boolean", "integer", "text", "private", "list"]
    assert options["bool"]["value"] == "1" and options["int"]["value"] == "5"
    assert [(c["value"], c["label"]) for c in options["list"]["choices"]] == \
        [("a", "First"), ("b", "Second")]
    host.close()


def test_options_are_converted_by_type(host):
    host.login(username="juliet", values={"bool": "0", "int": "-3", "string": "s p", "list": "a",
                                          "extra": "hidden"})
    host.message("option", "?")
    assert host.expect("message")["text"] == "bool=0 int=-3 string=s p list=a extra=hidden"
    assert any("extra" in log["text"] for log in host.logs)
    host.close()


def test_namesakes_are_accounts_of_their_own(host):
    def own_string(account):
        host.message("option", "?", account=account)
        return host.expect("message", account=account)["text"].split("string=")[1].split()[0]

    host.login(account=1, username="juliet", values={"string": "one"})
    host.login(account=2, username="juliet", values={"string": "two"})
    assert (own_string(1), own_string(2)) == ("one", "two")
    host.send(type="logout", account=1)
    host.expect("state", account=1, state="offline")
    assert own_string(2) == "two"
    host.login(account=3, username="juliet", values={"string": "three"})
    assert (own_string(2), own_string(3)) == ("two", "three")
    host.close()


def test_errors_of_the_login(host):
    state = host.login(username="refused", wait="offline")
    assert state["reason"] == "auth" and state["fatal"] is True and state["text"] == "no"
    state = host.login(username="broken", wait="offline")
    assert state["reason"] == "network" and not state.get("fatal")
    host.close()


def test_message_before_online_is_kept(host):
    host.login(username="early")
    assert host.expect("message", contact="early")["text"] == "before"
    host.close()


def test_markup_both_ways(online):
    online.message("raw", "a <b> & \"c\"\nd")  # what the plugin gets
    assert online.expect("message", contact="raw")["text"] == \
        "a &lt;b&gt; &amp; &quot;c&quot;<br>d"
    online.message("html", '<b>x</b> &amp; <a href="http://a.example/">here</a><br>y')
    assert online.expect("message", contact="html")["text"] == "x & here (http://a.example/)\ny"
    online.close()


def test_echo_is_dropped_and_other_clients_are_own(online):
    online.message("echo", "a <b>\nc")
    online.never("message", 0.3)
    online.message("remote", "x")
    message = online.expect("message", contact="remote")
    assert message["own"] is True and message["text"] == "from my phone"
    online.close()


def test_old_message_carries_its_time(online):
    online.message("old", "x")
    assert online.expect("message")["stamp"] == 1000000000
    online.close()


def test_refusals(online):
    number = online.message("long", "x")
    assert online.expect("nack", id=number)["reason"] == "too-long"
    number = online.message("sync", "x")
    assert online.expect("nack", id=number)["text"] == "refused at once"
    online.never("ack", 0.2, id=number)
    number = online.message("late", "x")
    online.expect("ack", id=number)
    assert online.expect("nack", id=number)["text"] == "refused <late>"
    online.close()


def test_connection_that_drops_while_sending(online):
    number = online.message("drop", "x")
    assert online.expect("nack", id=number)["reason"] == "network"
    assert online.expect("state", state="offline")["reason"] == "network"
    online.close()


# ---- questions ----

def test_input(online):
    question = ask(online, "input")
    assert question["title"] == "Title" and question["text"] == "Primary\nSecondary & more"
    field = question["fields"][0]
    assert (field["name"], field["kind"], field["value"]) == ("value", "text", "preset")
    answer(online, question, value="my <answer>")
    assert online.expect("message", contact="input")["text"] == "ok my <answer>"
    online.send(type="answer", account=1, id=ask(online, "input")["id"], cancelled=True)
    assert online.expect("message", contact="input")["text"] == "cancelled"
    online.close()


def test_choice(online):
    question = ask(online, "choice")
    assert [(c["value"], c["label"]) for c in question["fields"][0]["choices"]] == \
        [("10", "ten"), ("20", "twenty")]
    answer(online, question, choice="10")
    assert online.expect("message", contact="choice")["text"] == "ok 10"
    answer(online, ask(online, "choice"), choice="11")  # not one of them
    assert online.expect("message", contact="choice")["text"] == "cancelled"
    online.close()


def test_action_without_an_account_reaches_the_right_one(online):
    online.login(account=2, username="romeo")
    question = ask(online, "action", account=2)
    assert [c["label"] for c in question["fields"][0]["choices"]] == ["One", "Two", "Three"]
    answer(online, question, account=2, choice="2")
    assert online.expect("message", account=2)["text"] == "action 2"
    question = ask(online, "action")
    for wrong in ("3", "-1", "x", ""):
        answer(online, question, choice=wrong)
    online.never("message", 0.3)
    online.close()


def test_cancelled_yes_or_no_is_no(online):
    question = ask(online, "yesno")
    online.send(type="answer", account=1, id=question["id"], cancelled=True)
    assert online.expect("message")["text"] == "action 1"  # libpurple: 0 is yes
    online.close()


def test_fields(online):
    question = ask(online, "fields")
    kinds = {f["name"]: f["kind"] for f in question["fields"]}
    assert kinds == {"text": "text", "secret": "private", "number": "integer", "yes": "boolean",
                     "choice": "list", "list": "list", "note": "note", "image": "note"}
    fields = {f["name"]: f for f in question["fields"]}
    assert fields["text"]["required"] is True and fields["text"]["label"] == "Text"
    assert "value" not in fields["secret"]
    answer(online, question, text="t", secret="s", number="42", yes="0", choice="0", list="blue")
    assert online.expect("message")["text"] == \
        "text=t secret=s number=42 yes=0 choice=0 list=blue"
    answer(online, ask(online, "fields"), number="x", choice="9", list="green")
    assert online.expect("message")["text"] == \
        "text=preset secret=hidden number=0 yes=1 choice=1 list=-"
    online.close()


def test_file_is_cancelled(online):
    online.message("file", "x")
    assert online.expect("message")["text"] == "cancelled"
    online.close()


def test_answer_that_ends_the_connection(online):
    answer(online, ask(online, "fatal"), choice="1")
    state = online.expect("state", state="offline")
    assert state["reason"] == "auth" and state["fatal"] is True
    online.close()


def test_answers_of_somebody_else(online):
    online.login(account=2, username="romeo")
    question = ask(online, "input")
    answer(online, question, account=2, value="stolen")
    online.never("message", 0.3)
    answer(online, question, value="mine")
    assert online.expect("message")["text"] == "ok mine"
    answer(online, question, value="again")
    online.never("message", 0.2)
    online.close()


def test_questions_are_bounded(online):
    for _ in range(30):
        online.message("input", "x")
    for _ in range(14):
        assert online.expect("message")["text"] == "cancelled"
    assert sum(l["type"] == "question" for l in online.lines) == 16
    online.send(type="logout", account=1)
    online.expect("state", state="offline")
    assert sum(l["type"] == "question-gone" for l in online.lines) == 16
    online.close()


# ---- notices, and what is refused ----

@pytest.mark.parametrize("what, title, text", [
    ("notify", "Title", "Primary <1>\nSecondary"),
    ("formatted", "Title", "Primary\nBold\nline"),
    ("userinfo", "somebody", "Name: Somebody"),
    ("search", "Title", "Primary\nId: 42"),
    ("uri", None, "http://a.example/"),
    ("email", None, "New e-mail from from@a.example: Subject")])
def test_notices_reach_the_right_account(online, what, title, text):
    online.login(account=2, username="romeo")
    online.message(what, "x", account=2)
    notice = online.expect("notice")
    assert notice["account"] == 2 and notice["text"] == text and notice.get("title") == title
    online.close()


def test_invitations_are_told_and_files_refused(online):
    online.message("invite", "x")
    invited = online.expect("room-invited", contact="somebody")
    assert invited["room"] == "room" and invited["text"] == "come"
    number = online.message("xfer", "x")
    assert "cat.png" in online.expect("notice")["text"]
    online.never("nack", 0.3, id=number)  # the note of the refusal is about the file
    online.close()


def test_first_sign_of_a_contact_counts_as_granted(online):
    """libpurple has no event for it."""
    online.send(type="contact-add", account=1, id=7, contact="friend")
    asked = online.expect("authorization", contact="friend")
    assert asked["authorization"] == "asked"
    online.expect("ack", id=7)
    online.message("arrives", "friend")
    granted = online.expect("authorization", contact="friend")
    assert granted["authorization"] == "granted"
    online.expect("presence", contact="friend", show="online")
    online.message("arrives", "friend")
    online.send(type="contact-add", account=1, id=8, contact="friend")  # nobody is asked again
    online.expect("ack", id=8)
    online.never("authorization", 0.3)
    online.send(type="contact-remove", account=1, id=9, contact="friend")
    online.expect("ack", id=9)
    online.expect("contact-gone", contact="friend")
    online.close()


def test_critical_is_logged_and_not_fatal(online):
    online.message("critical", "x")
    online.sync()
    assert any(l["level"] == "warning" and "not happy" in l["text"] for l in online.logs)
    online.close()


def test_answer_has_no_control_characters(online):
    question = ask(online, "input")
    answer(online, question, value=" a\r\nQUIT\x01")
    assert online.expect("message", contact="input")["text"] == "ok  a QUIT"
    online.close()


def test_threads_of_a_plugin_do_not_write_to_the_link(online):
    number = online.message("thread", "go")
    online.expect("ack", id=number)
    online.sync()
    assert not any("thread" in log["text"] for log in online.logs)
    online.close()


def test_typing_to_many_contacts_reaches_all(online):
    """Clients often do not say that they stopped."""
    for n in range(40):
        online.send(type="typing", account=1, contact="c%d" % n, typing="composing")
        assert online.expect("message", contact="c%d" % n)["text"] == "typing 1"
    online.close()


# ---- what the network knows of a contact ----

def info(host, contact, account=1):
    number = host.next_id()
    host.send(type="info", account=account, id=number, contact=contact)
    return number


def test_info_has_labels_values_and_known_names(online):
    fields = online.expect("info", id=info(online, "romeo"))["fields"]
    assert [(f["name"], f["label"], f["value"]) for f in fields] == [
        ("full-name", "Full Name", "Romeo Montague"), ("nickname", "Nickname", "romeo & co"),
        ("email", "Email", "romeo@montague.lit"), ("url", "URL", "https://montague.lit/"),
        ("phone", "Telephone", "+39 045"), ("birthday", "Birthday", "1597-01-30"),
        ("info", "Town", "Verona")]
    online.close()


def test_info_that_is_not_to_be_had(online):
    assert online.expect("nack", id=info(online, "nobody"))["reason"] == "no-contact"
    assert online.expect("nack", id=info(online, "a\nb"))["reason"] == "no-contact"
    assert online.expect("nack", id=info(online, "romeo", account=9))["reason"] == "not-online"
    assert not [line for line in online.lines if line["type"] == "notice"]
    online.close()


def test_info_is_bounded(online):
    """10,000 fields; questions that are never answered."""
    fields = online.expect("info", id=info(online, "many"))["fields"]
    assert 0 < len(fields) <= 100
    numbers = [info(online, "silent") for n in range(40)]  # for one contact: one question
    for number in numbers[:24]:
        assert online.expect("nack", id=number)["reason"] == "rate"
    online.message("userinfo", "go")  # nobody asked for it: a notice as ever
    assert online.expect("notice")["title"] == "somebody"
    online.sync()
    online.close()


def test_pictures_and_idle_time_of_a_contact(online):
    online.send(type="contact-add", account=1, contact="romeo")
    online.expect("contact", contact="romeo")
    online.message("romeo", "!icon one")
    line = online.expect("avatar", contact="romeo")
    assert line["media"] == "image/png" and base64.b64decode(line["data"])[:4] == b"\x89PNG"
    online.message("romeo", "!icon large")
    assert "data" not in online.expect("avatar", contact="romeo")
    online.message("romeo", "!icon two")
    assert online.expect("avatar", contact="romeo")["data"]
    online.message("romeo", "!icon none")
    assert "data" not in online.expect("avatar", contact="romeo")
    online.message("romeo", "!online")
    assert "idle" not in online.expect("presence", contact="romeo", show="online")
    online.message("romeo", "!idle 500")
    assert abs(online.expect("presence", contact="romeo")["idle"] - (time.time() - 500)) < 30
    online.message("romeo", "!idle 0")
    assert "idle" not in online.expect("presence", contact="romeo")
    online.close()


def test_invisible(online):
    """From the log-in on, and out of it again."""
    online.send(type="login", account=2, username="ghost", show="invisible")
    assert online.expect("message", account=2, contact="status")["text"] == "status invisible"
    online.send(type="presence", account=2, show="online")
    assert online.expect("message", account=2, contact="status")["text"] == "status available"
    online.send(type="presence", account=2, show="invisible", status="not told")
    assert online.expect("message", account=2, contact="status")["text"] == "status invisible"
    online.close()


def test_own_idle_time(online):
    since = int(time.time()) - 700
    online.send(type="presence", account=1, show="away", idle=since)
    assert 695 < int(online.expect("message", contact="idle")["text"].split()[1]) < 730
    online.send(type="presence", account=1, show="online")
    assert online.expect("message", contact="idle")["text"] == "idle 0"
    online.close()
