# tests/functional/host/test_xmpp.py: causeway-purple with prpl-jabber against a real Prosody, and
# slixmpp as the contact
# SPDX-License-Identifier: GPL-2.0-or-later
import re
import time

import pytest

from hostlib import free_port, xmpp_values

NASTY = "  <b>bold?</b> &amp; &lt; \"quoted\" 'single'\n\n  second line é 日本語 😀 \ta tab"


class Account:
    """juliet, logged in by the host."""

    def __init__(self, host, server, user):
        self.host, self.server, self.user = host, server, user
        self.jid = user + "@localhost"

    def login(self, account=1, wait="online", tls=False, password="secret", **fields):
        return self.host.login(account=account, username=self.jid + "/causeway", wait=wait,
                               password=password, values=xmpp_values(self.server, tls), **fields)


@pytest.fixture
def account(xmpp_host, xmpp_server, juliet):
    return Account(xmpp_host, xmpp_server, juliet)


def say(contact, account, text):
    contact.call(lambda c: c.send_message(mto=account.jid, mbody=text, mtype="chat"))


def befriend(account, contact):
    """The account sees the contact."""
    account.host.send(type="contact-add", account=1, id=500, contact=contact.jid, name="Romeo")
    account.host.expect("ack", id=500)
    contact.expect("subscribe", account.jid)
    contact.call(lambda c: c.send_presence_subscription(account.jid, ptype="subscribed"))
    account.host.expect("presence", contact=contact.jid, show="online")


def chat_state(contact, account, state):
    def send(client):
        message = client.make_message(mto=account.jid + "/causeway", mtype="chat")
        message["chat_state"] = state
        message.send()
    contact.call(send)


def wait_for(condition, what):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_hello_describes_the_plugin(xmpp_host):
    protocol = xmpp_host.hello["protocol"]
    assert (protocol["id"], protocol["identity"]) == ("prpl-jabber", "xmpp")
    assert protocol["password"] == "required"
    assert protocol["typing"] is True and protocol["authorization"] is True
    security = {o["name"]: o for o in protocol["options"]}["connection_security"]
    assert security["kind"] == "list" and len(security["choices"]) >= 3
    xmpp_host.close()


def test_wrong_password_is_auth_and_fatal(account):
    state = account.login(password="s3cr3t-wrong", wait="offline")
    assert state["reason"] == "auth" and state["fatal"] is True and state["text"]
    assert "s3cr3t" not in str(account.host.logs)
    account.host.close()


def test_no_password_is_auth_and_fatal(account):
    account.host.send(type="login", account=1, username=account.jid,
                      values=xmpp_values(account.server))
    state = account.host.expect("state", state="offline")
    assert state["reason"] == "auth" and state["fatal"] is True
    account.host.close()


def test_unknown_user_is_auth(xmpp_host, xmpp_server):
    state = Account(xmpp_host, xmpp_server, "nosuchuser").login(wait="offline")
    assert state["reason"] == "auth" and state["fatal"] is True
    xmpp_host.close()


def test_unreachable_is_network_and_not_fatal(account):
    account.server = type("Nobody", (), {"port": free_port()})
    state = account.login(wait="offline")
    assert state["reason"] == "network" and not state.get("fatal")
    account.host.close()


def test_text_arrives_unchanged_both_ways(account, romeo):
    account.login()
    number = account.host.message(romeo.jid, NASTY)
    account.host.expect("ack", id=number)
    assert romeo.expect("message", account.jid)[2] == NASTY
    say(romeo, account, NASTY)
    message = account.host.expect("message", contact=romeo.jid)
    assert message["text"] == NASTY and "stamp" not in message and not message.get("own")
    account.host.never("message", 0.3)
    account.host.close()


def test_long_text_arrives_whole(account, romeo):
    account.login()
    text = "é<&> " * 4000 + "."
    account.host.message(romeo.jid, text)
    assert romeo.expect("message")[2] == text
    say(romeo, account, text)
    assert account.host.expect("message")["text"] == text
    account.host.close()


def test_action_stays_as_typed(account, romeo):
    account.login()
    account.host.message(romeo.jid, "/me waves")
    assert romeo.expect("message")[2] == "/me waves"
    say(romeo, account, "/me nods")
    assert account.host.expect("message")["text"] == "/me nods"
    account.host.close()


def test_message_to_nobody_is_a_nack(account):
    account.login()
    number = account.host.message("nosuchuser@localhost", "hello?")
    nack = account.host.expect("nack", id=number)
    assert nack["reason"] == "no-contact" and nack["text"]
    account.host.never("message", 0.3)
    account.host.close()


def test_only_the_contact_refuses_a_message(account, romeo, xmpp_server, xmpp_contact):
    """Not somebody else who got to know its id."""
    mallory = xmpp_contact(xmpp_server.fresh("mallory"))
    seen = []
    romeo.call(lambda c: c.add_event_handler("message", lambda m: seen.append((m["id"], m["from"]))))
    account.login()
    number = account.host.message(romeo.jid, "hello")
    account.host.expect("ack", id=number)
    romeo.expect("message", value="hello")
    ident, full = seen[0]
    error = ("<message type='error' to='%s' id='%s'><error type='cancel'>"
             "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
             % (full, ident))
    mallory.call(lambda c: c.send_raw(error))
    account.host.never("nack", 0.5, id=number)
    romeo.call(lambda c: c.send_raw(error))
    assert account.host.expect("nack", id=number)["reason"] == "no-contact"
    account.host.close()


def test_offline_messages_carry_their_time(account, romeo):
    sent = time.time()
    say(romeo, account, "later")
    time.sleep(3)  # the stamp has whole seconds
    account.login()
    message = account.host.expect("message")
    assert message["text"] == "later" and abs(message["stamp"] - sent) <= 2
    account.host.close()


def test_typing_both_ways(account, romeo):
    host = account.host
    account.login()
    befriend(account, romeo)
    chat_state(romeo, account, "composing")
    host.expect("typing", contact=romeo.jid, typing="composing")
    chat_state(romeo, account, "paused")
    host.expect("typing", contact=romeo.jid, typing="paused")
    say(romeo, account, "x")
    host.expect("message")
    for state in ("composing", "paused", "active"):
        host.send(type="typing", account=1, contact=romeo.jid, typing=state)
        romeo.expect("typing", account.jid, state)
    host.close()


def test_leaving_the_conversation_refuses_no_message(account, romeo):
    host = account.host
    account.login()
    befriend(account, romeo)
    say(romeo, account, "x")
    host.expect("message")
    number = host.message(romeo.jid, "bye")
    host.expect("ack", id=number)
    chat_state(romeo, account, "gone")
    host.expect("notice")
    host.never("nack", 0.3)
    host.close()


def test_contact_presence_and_removal(account, romeo):
    host = account.host
    account.login()
    befriend(account, romeo)
    romeo.call(lambda c: c.send_presence(pshow="away", pstatus="<i>out</i> & about"))
    presence = host.expect("presence", contact=romeo.jid, show="away")
    assert presence["status"] == "<i>out</i> & about"
    for show, pshow in (("dnd", "dnd"), ("xa", "xa"), ("chat", "chat"), ("online", None)):
        romeo.call(lambda c: c.send_presence(pshow=pshow))
        host.expect("presence", contact=romeo.jid, show=show)
    host.send(type="contact-rename", account=1, contact=romeo.jid, name="R & J")
    host.expect("contact", contact=romeo.jid, name="R & J")
    host.send(type="logout", account=1)
    host.expect("state", state="offline")

    # the list comes from the server at the next log-in, once a contact
    host.lines.clear()
    account.login()
    assert host.expect("contact", contact=romeo.jid)["name"] == "R & J"
    host.expect("presence", contact=romeo.jid, show="online")
    host.never("contact", 0.3)
    romeo.call(lambda c: c.send_presence(ptype="unavailable"))
    host.expect("presence", contact=romeo.jid, show="offline")
    romeo.call(lambda c: c.send_presence())
    host.send(type="contact-remove", account=1, contact=romeo.jid)
    host.expect("contact-gone", contact=romeo.jid)
    host.close()


def test_own_presence_reaches_contacts(account, romeo):
    seen = []
    romeo.client.add_event_handler("changed_status",
                                   lambda p: seen.append((p["from"].bare, p["type"], p["status"])))
    account.login(show="dnd", status="busy <now>")
    romeo.call(lambda c: c.send_presence_subscription(account.jid))
    account.host.expect("ask-authorization", contact=romeo.jid)
    account.host.send(type="authorize", account=1, contact=romeo.jid)
    wait_for(lambda: (account.jid, "dnd", "busy <now>") in seen, seen)
    account.host.send(type="presence", account=1, show="away", status="gone")
    wait_for(lambda: (account.jid, "away", "gone") in seen, seen)
    account.host.send(type="presence", account=1, show="chat")
    wait_for(lambda: (account.jid, "chat", "") in seen, seen)
    account.host.close()


def test_authorization_requests(account, romeo):
    answers = []
    for kind in ("subscribed", "unsubscribed"):
        romeo.client.add_event_handler(
            "presence_" + kind, lambda p, kind=kind: answers.append((kind, p["from"].bare)))
    account.login()
    romeo.call(lambda c: c.send_presence_subscription(account.jid))
    account.host.expect("ask-authorization", contact=romeo.jid)
    account.host.send(type="deny", account=1, contact=romeo.jid)
    wait_for(lambda: ("unsubscribed", account.jid) in answers, answers)
    romeo.call(lambda c: c.send_presence_subscription(account.jid))
    account.host.expect("ask-authorization", contact=romeo.jid)
    account.host.send(type="authorize", account=1, contact=romeo.jid)
    wait_for(lambda: ("subscribed", account.jid) in answers, answers)
    account.host.send(type="authorize", account=1, contact=romeo.jid)  # twice: nothing
    account.host.close()


def reply(contact, account, kind):
    contact.call(lambda c: c.send_presence_subscription(account.jid, ptype=kind))


def test_what_a_contact_lets_the_user_see(account, romeo):
    host = account.host
    account.login()
    host.send(type="contact-add", account=1, id=1, contact=romeo.jid)
    host.expect("authorization", contact=romeo.jid, authorization="asked")
    host.expect("ack", id=1)
    romeo.expect("subscribe", account.jid)
    reply(romeo, account, "unsubscribed")
    host.expect("authorization", contact=romeo.jid, authorization="none")
    host.send(type="contact-add", account=1, id=2, contact=romeo.jid)
    host.expect("authorization", contact=romeo.jid, authorization="asked")
    romeo.expect("subscribe", account.jid)
    reply(romeo, account, "subscribed")
    host.expect("authorization", contact=romeo.jid, authorization="granted")
    host.expect("presence", contact=romeo.jid, show="online")
    host.send(type="contact-add", account=1, id=3, contact=romeo.jid)  # he is not asked again
    host.expect("ack", id=3)
    host.send(type="logout", account=1)
    host.expect("state", state="offline")
    host.lines.clear()
    account.login(wait=None)  # and the list says it
    assert host.expect("authorization")["authorization"] == "granted"
    host.expect("state", state="online")
    reply(romeo, account, "unsubscribed")
    host.expect("authorization", contact=romeo.jid, authorization="none")
    host.never("authorization", 0.3)
    assert not [event for event in romeo.events if event[0] == "subscribe"]
    host.close()


def test_contact_takes_a_request_back(account, romeo):
    account.login()
    romeo.call(lambda c: c.send_presence_subscription(account.jid))
    account.host.expect("ask-authorization", contact=romeo.jid)
    reply(romeo, account, "unsubscribe")
    account.host.expect("ask-gone", contact=romeo.jid)
    account.host.close()


def test_authorization_is_withdrawn(account, romeo):
    gone = []
    romeo.client.add_event_handler("presence_unsubscribed", lambda p: gone.append(p["from"].bare))
    account.login()
    romeo.call(lambda c: c.send_presence_subscription(account.jid))
    account.host.expect("ask-authorization", contact=romeo.jid)
    account.host.send(type="authorize", account=1, contact=romeo.jid)
    account.host.expect("contact", contact=romeo.jid)
    account.host.send(type="deny", account=1, contact=romeo.jid)
    wait_for(lambda: account.jid in gone, gone)
    account.host.close()


def test_contact_that_is_removed_is_gone_before_the_answer(account, romeo):
    host = account.host
    account.login()
    befriend(account, romeo)
    host.lines.clear()
    host.send(type="contact-remove", account=1, id=1, contact=romeo.jid)
    host.send(type="contact-add", account=1, id=2, contact=romeo.jid)
    host.expect("ack", id=2)
    kinds = [line["type"] for line in host.lines]
    assert kinds.index("contact-gone") < kinds.index("ack") < kinds.index("authorization")
    romeo.expect("subscribe", account.jid)
    host.close()


def test_contact_that_is_added_again_stays_while_the_list_is_late(account, romeo, xmpp_relay):
    """prpl-jabber takes the new one off its list when it is told that the old one is off."""
    host, account.server = account.host, xmpp_relay
    account.login()
    befriend(account, romeo)
    xmpp_relay.falter = re.compile(b"subscription='remove'[^>]*></query></iq>")
    host.send(type="contact-remove", account=1, id=1, contact=romeo.jid)
    host.send(type="contact-add", account=1, id=2, contact=romeo.jid)
    host.expect("ack", id=2)
    host.lines.clear()
    romeo.expect("subscribe", account.jid)
    romeo.call(lambda c: c.send_presence_subscription(account.jid, ptype="subscribed"))
    host.expect("authorization", contact=romeo.jid, authorization="granted")
    assert not [line for line in host.lines if line["type"] == "contact-gone"
                or line.get("authorization") == "none"]
    host.close()


def test_open_authorization_ends_with_the_account(account, romeo):
    account.login()
    romeo.call(lambda c: c.send_presence_subscription(account.jid))
    account.host.expect("ask-authorization", contact=romeo.jid)
    account.host.send(type="logout", account=1)
    account.host.expect("state", state="offline")
    account.host.send(type="authorize", account=1, contact=romeo.jid)
    account.host.sync()
    account.host.close()


def test_name_that_cannot_be_is_a_nack(account):
    account.login()
    for name in ("a@b@c", "@localhost", ""):
        account.host.send(type="contact-add", account=1, id=9, contact=name)
        assert account.host.expect("nack", id=9)["reason"] == "no-contact"
    account.host.close()


# ---- an unknown certificate ----

def start_tls_login(account, number=1):
    account.host.send(type="login", account=number, username=account.jid + "/x", password="secret",
                      values=xmpp_values(account.server, tls=True))
    return account.host.expect("question", account=number)


def choose(account, question, word, number=1):
    choices = question["fields"][0]["choices"]
    value = [c["value"] for c in choices if word in c["label"]][0]
    account.host.send(type="answer", account=number, id=question["id"], values={"choice": value})


def test_unknown_certificate_is_a_question(account):
    host = account.host
    question = start_tls_login(account)
    assert question["fields"][0]["kind"] == "list" and question["text"]
    host.never("state", 0.3, state="online")
    choose(account, question, "Accept")
    host.expect("state", account=1, state="online")
    # what one user accepts is nothing to another in the same process
    question = start_tls_login(account, number=2)
    choose(account, question, "Reject", number=2)
    assert host.expect("state", account=2, state="offline")["reason"] == "tls"
    host.close()


def test_cancelled_certificate_is_refused(account):
    question = start_tls_login(account)
    account.host.send(type="answer", account=1, id=question["id"], cancelled=True)
    assert account.host.expect("state", account=1, state="offline")["reason"] == "tls"
    account.host.close()


def test_certificate_can_be_looked_at_first(account):
    question = start_tls_login(account)
    choose(account, question, "View")
    account.host.expect("notice", account=1)
    question = account.host.expect("question", account=1)
    choose(account, question, "Accept")
    account.host.expect("state", account=1, state="online")
    account.host.close()


def test_question_goes_with_the_login(account):
    question = start_tls_login(account)
    account.host.send(type="logout", account=1)
    account.host.expect("state", account=1, state="offline")
    account.host.expect("question-gone", account=1, id=question["id"])
    account.host.send(type="answer", account=1, id=question["id"], values={"choice": "0"})
    account.host.sync()
    account.host.close()
