"""causeway-purple with prpl-jabber against a real Prosody, and slixmpp as the contact."""
import time

from hostlib import free_port, xmpp_values

NASTY = "  <b>bold?</b> &amp; &lt; \"quoted\" 'single'\n\n  second line é 日本語 😀 \ta tab"


def login(host, server, user="juliet", account=1, wait="online", tls=False, password="secret",
          **fields):
    return host.login(account=account, username=user + "@localhost/causeway", password=password,
                      values=xmpp_values(server, tls), wait=wait, **fields)


def befriend(host, server, contact, user="juliet", account=1):
    """Both see each other."""
    host.send(type="contact-add", account=account, id=500, contact="%s@localhost" % contact.user)
    host.expect("ack", id=500)
    contact.expect("subscribe", "%s@localhost" % user)
    contact.call(lambda c: c.send_presence_subscription("%s@localhost" % user, ptype="subscribed"))


def test_hello_describes_the_plugin(xmpp_host):
    protocol = xmpp_host.hello["protocol"]
    assert (protocol["id"], protocol["identity"]) == ("prpl-jabber", "xmpp")
    assert protocol["password"] == "required"
    assert protocol["typing"] is True and protocol["authorization"] is True
    security = {o["name"]: o for o in protocol["options"]}["connection_security"]
    assert security["kind"] == "list" and len(security["choices"]) >= 3
    xmpp_host.close()


def test_wrong_password_is_auth_and_fatal(xmpp_host, xmpp_server):
    state = login(xmpp_host, xmpp_server, password="wrong", wait="offline")
    assert state["reason"] == "auth" and state["fatal"] is True and state["text"]
    assert "wrong" not in str(xmpp_host.logs)
    xmpp_host.close()


def test_no_password_is_auth_and_fatal(xmpp_host, xmpp_server):
    xmpp_host.send(type="login", account=1, username="juliet@localhost",
                   values=xmpp_values(xmpp_server))
    state = xmpp_host.expect("state", state="offline")
    assert state["reason"] == "auth" and state["fatal"] is True
    xmpp_host.close()


def test_unknown_user_is_auth(xmpp_host, xmpp_server):
    state = login(xmpp_host, xmpp_server, user="nosuchuser", wait="offline")
    assert state["reason"] == "auth" and state["fatal"] is True
    xmpp_host.close()


def test_unreachable_is_network_and_not_fatal(xmpp_host, xmpp_server):
    values = dict(xmpp_values(xmpp_server), port=str(free_port()))
    state = xmpp_host.login(username="juliet@localhost/x", password="secret", values=values,
                            wait="offline")
    assert state["reason"] == "network" and not state.get("fatal")
    xmpp_host.close()


def test_text_arrives_unchanged_both_ways(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("romeo")
    login(xmpp_host, xmpp_server)
    number = xmpp_host.message("romeo@localhost", NASTY)
    xmpp_host.expect("ack", id=number)
    assert contact.expect("message", "juliet@localhost")[2] == NASTY
    contact.call(lambda c: c.send_message(mto="juliet@localhost", mbody=NASTY, mtype="chat"))
    message = xmpp_host.expect("message", contact="romeo@localhost")
    assert message["text"] == NASTY and "stamp" not in message and not message.get("own")
    xmpp_host.never("message", 0.3)
    xmpp_host.close()


def test_long_text_arrives_whole(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("romeo")
    login(xmpp_host, xmpp_server)
    text = "é<&> " * 4000 + "."
    xmpp_host.message("romeo@localhost", text)
    assert contact.expect("message")[2] == text
    contact.call(lambda c: c.send_message(mto="juliet@localhost", mbody=text, mtype="chat"))
    assert xmpp_host.expect("message")["text"] == text
    xmpp_host.close()


def test_action_stays_as_typed(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("romeo")
    login(xmpp_host, xmpp_server)
    xmpp_host.message("romeo@localhost", "/me waves")
    assert contact.expect("message")[2] == "/me waves"
    contact.call(lambda c: c.send_message(mto="juliet@localhost", mbody="/me nods", mtype="chat"))
    assert xmpp_host.expect("message")["text"] == "/me nods"
    xmpp_host.close()


def test_message_to_nobody_is_a_nack(xmpp_host, xmpp_server):
    login(xmpp_host, xmpp_server)
    number = xmpp_host.message("nosuchuser@localhost", "hello?")
    nack = xmpp_host.expect("nack", id=number)
    assert nack["reason"] in ("no-contact", "offline", "other") and nack["text"]
    xmpp_host.never("message", 0.3)
    xmpp_host.close()


def test_offline_messages_carry_their_time(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("romeo")
    sent = time.time()
    contact.call(lambda c: c.send_message(mto="paris@localhost", mbody="later", mtype="chat"))
    time.sleep(2)  # the stamp has whole seconds
    login(xmpp_host, xmpp_server, user="paris")
    message = xmpp_host.expect("message")
    assert message["text"] == "later" and abs(message["stamp"] - sent) <= 2
    xmpp_host.close()


def test_typing_both_ways(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("romeo")
    login(xmpp_host, xmpp_server)
    befriend_both(xmpp_host, contact)
    contact.call(lambda c: chat_state(c, "composing"))
    xmpp_host.expect("typing", contact="romeo@localhost", typing="composing")
    contact.call(lambda c: chat_state(c, "paused"))
    xmpp_host.expect("typing", contact="romeo@localhost", typing="paused")
    contact.call(lambda c: c.send_message(mto="juliet@localhost", mbody="x", mtype="chat"))
    xmpp_host.expect("message")
    xmpp_host.send(type="typing", account=1, contact="romeo@localhost", typing="composing")
    contact.expect("typing", "juliet@localhost", "composing")
    xmpp_host.send(type="typing", account=1, contact="romeo@localhost", typing="paused")
    contact.expect("typing", "juliet@localhost", "paused")
    xmpp_host.send(type="typing", account=1, contact="romeo@localhost", typing="active")
    contact.expect("typing", "juliet@localhost", "active")
    xmpp_host.close()


def chat_state(client, state):
    message = client.make_message(mto="juliet@localhost/causeway", mtype="chat")
    message["chat_state"] = state
    message.send()


def befriend_both(host, contact):
    host.send(type="contact-add", account=1, id=500, contact="romeo@localhost", name="Romeo")
    host.expect("ack", id=500)
    contact.expect("subscribe", "juliet@localhost")
    contact.call(lambda c: c.send_presence_subscription("juliet@localhost", ptype="subscribed"))
    host.expect("presence", contact="romeo@localhost", show="online")


def test_contact_presence_and_removal(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("romeo")
    login(xmpp_host, xmpp_server)
    befriend_both(xmpp_host, contact)
    contact.call(lambda c: c.send_presence(pshow="away", pstatus="<i>out</i> & about"))
    presence = xmpp_host.expect("presence", contact="romeo@localhost", show="away")
    assert presence["status"] == "<i>out</i> & about"
    for show, pshow in (("dnd", "dnd"), ("xa", "xa"), ("chat", "chat"), ("online", None)):
        contact.call(lambda c: c.send_presence(pshow=pshow))
        xmpp_host.expect("presence", contact="romeo@localhost", show=show)
    xmpp_host.send(type="contact-rename", account=1, contact="romeo@localhost", name="R & J")
    xmpp_host.expect("contact", contact="romeo@localhost", name="R & J")
    xmpp_host.send(type="logout", account=1)
    xmpp_host.expect("state", state="offline")

    # the list comes from the server at the next log-in, once a contact
    login(xmpp_host, xmpp_server)
    line = xmpp_host.expect("contact", contact="romeo@localhost")
    assert line["name"] == "R & J"
    xmpp_host.expect("presence", contact="romeo@localhost", show="online")
    xmpp_host.never("contact", 0.3)
    contact.call(lambda c: c.send_presence(ptype="unavailable"))
    xmpp_host.expect("presence", contact="romeo@localhost", show="offline")
    contact.call(lambda c: c.send_presence())
    xmpp_host.send(type="contact-remove", account=1, contact="romeo@localhost")
    xmpp_host.expect("contact-gone", contact="romeo@localhost")
    xmpp_host.close()


def test_own_presence_reaches_contacts(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("romeo")
    seen = []
    contact.client.add_event_handler("changed_status",
                                     lambda p: seen.append((p["from"].bare, p["type"], p["status"])))
    login(xmpp_host, xmpp_server, user="nurse", show="dnd", status="busy <now>")
    contact.call(lambda c: c.send_presence_subscription("nurse@localhost"))
    xmpp_host.expect("ask-authorization", contact="romeo@localhost")
    xmpp_host.send(type="authorize", account=1, contact="romeo@localhost")
    wait_for(lambda: ("nurse@localhost", "dnd", "busy <now>") in seen, seen)
    xmpp_host.send(type="presence", account=1, show="away", status="gone")
    wait_for(lambda: ("nurse@localhost", "away", "gone") in seen, seen)
    xmpp_host.send(type="presence", account=1, show="chat")
    wait_for(lambda: ("nurse@localhost", "chat", "") in seen, seen)
    xmpp_host.close()


def wait_for(condition, what):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_authorization_requests(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("tybalt")
    answers = []
    for kind in ("subscribed", "unsubscribed"):
        contact.client.add_event_handler(
            "presence_" + kind, lambda p, kind=kind: answers.append((kind, p["from"].bare)))
    login(xmpp_host, xmpp_server)
    contact.call(lambda c: c.send_presence_subscription("juliet@localhost"))
    xmpp_host.expect("ask-authorization", contact="tybalt@localhost")
    xmpp_host.send(type="deny", account=1, contact="tybalt@localhost")
    wait_for(lambda: ("unsubscribed", "juliet@localhost") in answers, answers)
    contact.call(lambda c: c.send_presence_subscription("juliet@localhost"))
    xmpp_host.expect("ask-authorization", contact="tybalt@localhost")
    xmpp_host.send(type="authorize", account=1, contact="tybalt@localhost")
    wait_for(lambda: ("subscribed", "juliet@localhost") in answers, answers)
    xmpp_host.send(type="authorize", account=1, contact="tybalt@localhost")  # twice: nothing
    contact.call(lambda c: c.send_presence_subscription("juliet@localhost", ptype="unsubscribe"))
    xmpp_host.close()


def test_open_authorization_ends_with_the_account(xmpp_host, xmpp_server, xmpp_contact):
    contact = xmpp_contact("paris")
    login(xmpp_host, xmpp_server, user="nurse")
    contact.call(lambda c: c.send_presence_subscription("nurse@localhost"))
    xmpp_host.expect("ask-authorization", contact="paris@localhost")
    xmpp_host.send(type="logout", account=1)
    xmpp_host.expect("state", state="offline")
    xmpp_host.send(type="authorize", account=1, contact="paris@localhost")
    xmpp_host.sync()
    xmpp_host.close()


def test_name_that_cannot_be_is_a_nack(xmpp_host, xmpp_server):
    login(xmpp_host, xmpp_server)
    for name in ("a@b@c", "@localhost", ""):
        xmpp_host.send(type="contact-add", account=1, id=9, contact=name)
        assert xmpp_host.expect("nack", id=9)["reason"] == "no-contact"
    xmpp_host.close()


def answer(question, word):
    choices = question["fields"][0]["choices"]
    return [c["value"] for c in choices if word in c["label"]][0]


def test_unknown_certificate_is_a_question(xmpp_host, xmpp_server):
    xmpp_host.send(type="login", account=1, username="juliet@localhost/x", password="secret",
                   values=xmpp_values(xmpp_server, tls=True))
    question = xmpp_host.expect("question", account=1)
    assert question["fields"][0]["kind"] == "list" and question["text"]
    xmpp_host.never("state", 0.3, state="online")
    xmpp_host.send(type="answer", account=1, id=question["id"],
                   values={"choice": answer(question, "Accept")})
    xmpp_host.expect("state", account=1, state="online")
    # what one user accepts is nothing to another in the same process
    xmpp_host.send(type="login", account=2, username="romeo@localhost/x", password="secret",
                   values=xmpp_values(xmpp_server, tls=True))
    question = xmpp_host.expect("question", account=2)
    xmpp_host.send(type="answer", account=2, id=question["id"],
                   values={"choice": answer(question, "Reject")})
    state = xmpp_host.expect("state", account=2, state="offline")
    assert state["reason"] == "tls"
    xmpp_host.close()


def test_cancelled_certificate_is_refused(xmpp_host, xmpp_server):
    xmpp_host.send(type="login", account=1, username="juliet@localhost/x", password="secret",
                   values=xmpp_values(xmpp_server, tls=True))
    question = xmpp_host.expect("question", account=1)
    xmpp_host.send(type="answer", account=1, id=question["id"], cancelled=True)
    assert xmpp_host.expect("state", account=1, state="offline")["reason"] == "tls"
    xmpp_host.close()


def test_question_goes_with_the_login(xmpp_host, xmpp_server):
    xmpp_host.send(type="login", account=1, username="juliet@localhost/x", password="secret",
                   values=xmpp_values(xmpp_server, tls=True))
    question = xmpp_host.expect("question", account=1)
    xmpp_host.send(type="logout", account=1)
    xmpp_host.expect("state", account=1, state="offline")
    xmpp_host.expect("question-gone", account=1, id=question["id"])
    xmpp_host.send(type="answer", account=1, id=question["id"], values={"choice": "0"})
    xmpp_host.sync()
    xmpp_host.close()
