# tests/functional/test_registration.py: XEP-0077 and XEP-0100 4.1 to 4.3, checklist R1-R26, G6-G23
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

from conftest import IRC, OTHER_HOST, XMPP
from lib.registration import (REGISTER, SilentServer, fields_of, form, is_registered, plain,
                              plain_of, query, register, wait_online)
from lib.waiting import free_port
from lib.xmppclient import CLIENT, condition, error_text

REMOVE = query("<remove/>")


@pytest.fixture
def juliet(world):
    client = world.account("juliet").client()
    client.presence()
    return client


@pytest.fixture
def silent():
    server = SilentServer()
    yield server
    server.close()


def bytes_of_store(gateway):
    data = b""
    for suffix in ("", "-wal", "-shm"):
        try:
            with open(gateway.store_path + suffix, "rb") as file:
                data += file.read()
        except FileNotFoundError:
            pass
    return data


def show_error(answer):
    error = answer.find(CLIENT + "error")
    return condition(answer), error.get("type"), error.get("code")


# ---- what is asked ----

def test_G4_nothing_need_be_asked_before(world, gateway):
    """Neither disco#info nor the form, and no presence."""
    juliet, nick = world.account("juliet").client(), world.nick()
    answer = juliet.iq("set", IRC, f"<query xmlns='jabber:iq:register'><username>{nick}</username>"
                                   "</query>")
    assert condition(answer) is None and is_registered(juliet, IRC)


def test_R1_G6_get_lists_the_fields(world, gateway, juliet):
    answer = juliet.iq("get", XMPP, query())
    fields = plain_of(answer)
    assert fields["username"] == "" and fields["password"] == ""
    assert fields["instructions"]
    assert "registered" not in fields


def test_R6_only_schema_fields_stand_plain(world, gateway, juliet):
    allowed = {"instructions", "username", "password", "registered"}
    for domain in (IRC, XMPP):
        assert set(plain_of(juliet.iq("get", domain, query()))) <= allowed


def test_R7_the_form_has_the_type_and_the_fields(world, gateway, juliet):
    fields = fields_of(juliet.iq("get", XMPP, query()))
    assert fields["FORM_TYPE"][:2] == ("hidden", REGISTER)
    assert fields["username"][0] == "text-single" and fields["username"][2]
    assert fields["password"][0] == "text-private" and fields["password"][2]


def test_form_is_made_of_the_plugins_splits_and_options(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(user_options="username; realname; ssl")}).start()
    fields = fields_of(juliet.iq("get", IRC, query()))
    assert fields["split.1"][1] == "127.0.0.1"
    assert {"option.username", "option.realname", "option.ssl"} <= set(fields)
    assert fields["option.ssl"][0] == "boolean"
    assert "option.port" not in fields and "option.encoding" not in fields


def test_user_options_are_used(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(user_options="realname")}).start()
    nick, friend = world.nick(), world.irc("friend")
    answer = juliet.iq("set", IRC, form({"username": nick, "option.realname": "Juliet Capulet"}))
    assert condition(answer) is None
    friend.send(f"WHOIS {nick}")
    whois = friend.wait_for(lambda line: line.command == "311", what="the real name")
    assert whois.text == "Juliet Capulet"


def test_irc_needs_no_password(world, gateway, juliet):
    answer = juliet.iq("get", IRC, query())
    assert "password" not in plain_of(answer)
    assert not fields_of(answer)["password"][2]
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None


def test_R2_closed_to_strangers(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={IRC: world.irc_transport(allow="example.com")}).start()
    assert condition(juliet.iq("get", IRC, query())) == "service-unavailable"
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) == "forbidden"
    info = juliet.iq("get", IRC, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    assert all(f.get("var") != REGISTER for f in info.iter())  # R24


def test_deny_is_stronger_than_allow(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(allow="*", deny=juliet.bare)}).start()
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) == "forbidden"
    romeo = world.account("romeo").client()
    assert condition(romeo.iq("set", IRC, plain(world.nick()))) is None


# ---- registering ----

def test_R3_G16_get_of_a_registered_user_hides_the_password(world, gateway, juliet):
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    answer = juliet.iq("get", XMPP, query())
    fields = plain_of(answer)
    assert "registered" in fields
    assert fields["username"].startswith(account.jid)
    assert fields["password"] == ""
    assert account.password not in str(fields_of(answer))
    assert fields_of(answer)["username"][1] == account.name
    assert fields_of(answer)["split.1"][1] == OTHER_HOST


@pytest.mark.parametrize("payload", [
    plain(), plain("", "x"), plain("someone@" + OTHER_HOST), plain("someone@" + OTHER_HOST, ""),
    form({}), form({"username": ""}), form({"username": "a@" + OTHER_HOST, "password": ""})])
def test_R4_a_missing_field_is_not_acceptable(world, gateway, juliet, payload):
    answer = juliet.iq("set", XMPP, payload)
    assert show_error(answer) == ("not-acceptable", "modify", "406")  # R23
    assert not is_registered(juliet, XMPP)


def test_R7_G7_plain_username_takes_the_usual_notation(world, gateway, juliet):
    nick = world.nick()
    assert condition(juliet.iq("set", IRC, plain(f"{nick}@127.0.0.1"))) is None
    assert plain_of(juliet.iq("get", IRC, query()))["username"] == f"{nick}@127.0.0.1"


def test_R8_the_form_wins_over_plain_fields(world, gateway, juliet):
    nick = world.nick("form")
    answer = juliet.iq("set", IRC, form({"username": nick},
                                        outside="<username>plain</username>"))
    assert condition(answer) is None
    assert plain_of(juliet.iq("get", IRC, query()))["username"].startswith(nick)


def test_R9_R10_plain_fields_suffice(world, gateway, juliet):
    account = world.other_account("romeo")
    assert condition(juliet.iq("set", XMPP, plain(account.jid, account.password))) is None


def test_R11_forms_are_read_with_forbearance(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={IRC: world.irc_transport(user_options="ssl")}).start()
    assert condition(juliet.iq("set", IRC, form({}, kind="cancel"))) is None
    assert not is_registered(juliet, IRC)
    assert condition(juliet.iq("set", IRC, form({"username": world.nick()}, kind="form"))) \
        == "bad-request"
    wrong = juliet.iq("set", IRC, form({"username": world.nick(), "option.ssl": "perhaps"}))
    assert condition(wrong) == "not-acceptable" and "ssl" in error_text(wrong).lower()
    other = juliet.iq("set", IRC, form({"username": world.nick()}, form_type="urn:something"))
    assert condition(other) == "not-acceptable"
    good = form({"username": world.nick(), "option.ssl": "false", "unheard-of": "x"})
    assert condition(juliet.iq("set", IRC, good)) is None


def test_R12_G9_wrong_password_is_refused_and_forgotten(world, gateway, juliet):
    account = world.other_account("romeo")
    wrong = "not the pass word"
    answer = juliet.iq("set", XMPP, plain(account.jid, wrong))
    assert show_error(answer) == ("not-acceptable", "modify", "406")
    assert answer.find(f"{{{REGISTER}}}query") is None
    assert error_text(answer)
    assert not is_registered(juliet, XMPP)
    juliet.sync()
    assert not juliet.stanzas.take_all(lambda s: s.get("type") == "subscribe")
    assert wrong.encode() not in bytes_of_store(gateway)
    assert wrong not in gateway.log_text()


def test_G10_unreachable_network_is_told_apart(world, gateway_factory, juliet):
    port = free_port()
    gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(**{"option.port": port})}).start()
    answer = juliet.iq("set", IRC, plain(world.nick()))
    assert show_error(answer) == ("remote-server-timeout", "wait", "504")
    assert not is_registered(juliet, IRC)


def test_G8_others_are_served_while_the_network_is_silent(world, gateway_factory, juliet, silent):
    gateway_factory(server_port=world.server.component_port,
                    timing={"login-timeout": "3"}, transports={
                        IRC: world.irc_transport(**{"option.port": silent.port})}).start()
    pending = juliet.send_iq("set", IRC, plain(world.nick()))
    romeo = world.account("romeo").client()
    assert condition(romeo.iq("get", IRC, "<ping xmlns='urn:xmpp:ping'/>", timeout=2)) is None
    assert not juliet.stanzas.take_all(lambda s: s.get("id") == pending)
    assert condition(juliet.wait_iq(pending)) == "remote-server-timeout"


def test_G11_what_arrives_during_verification_comes_afterwards_once(world, gateway, juliet):
    account = world.other_account("romeo")
    friend = world.other_account("mercutio").client()
    friend.presence()
    for i in range(3):  # waits on the network as offline messages
        friend.message(account.jid, f"offline {i}")
    friend.sync()
    register(juliet, XMPP, account.jid, account.password)
    sender = f"{friend.bare.replace('@', chr(92) + '40')}@{XMPP}"
    got = [juliet.wait_message(sender).findtext(CLIENT + "body") for _ in range(3)]
    assert got == ["offline 0", "offline 1", "offline 2"]
    juliet.sync()
    assert not juliet.stanzas.take_all(lambda s: s.find(CLIENT + "body") is not None
                                       and s.get("from", "").startswith(sender))


def test_G12_result_comes_before_the_subscription_request(world, gateway, juliet):
    ident = juliet.send_iq("set", IRC, plain(world.nick()))
    juliet.wait_presence(IRC, "subscribe")
    order = [s for s in juliet.stanzas.history
             if s.get("id") == ident or s.get("type") == "subscribe"]
    assert order[0].get("id") == ident and order[1].get("to").startswith(juliet.bare)


def test_G13_G24_directed_presence_logs_in_without_subscribed(world, gateway, juliet):
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None
    juliet.wait_presence(IRC, "subscribe")
    juliet.presence(IRC)
    wait_online(juliet, IRC)


def test_G14_subscribe_is_granted_to_the_registered(world, gateway, juliet):
    romeo = world.account("romeo").client()
    romeo.presence()
    romeo.presence(IRC, "subscribe")
    answer = romeo.wait_for(lambda s: s.tag == CLIENT + "presence" and s.get("from") == IRC)
    assert answer.get("type") == "unsubscribed" or condition(answer) == "registration-required"
    register(juliet, IRC, world.nick())
    for _ in range(2):
        juliet.presence(IRC, "unsubscribe")
        juliet.presence(IRC, "subscribe")
        juliet.wait_presence(IRC, "subscribed")


def test_G15_login_follows_without_new_presence(world, gateway, juliet):
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None
    juliet.wait_presence(IRC, "subscribe")
    juliet.presence(IRC, "subscribed")  # and nothing else
    wait_online(juliet, IRC)


# ---- change ----

def test_G17_another_resource_sees_it_another_user_does_not(world, gateway):
    account = world.account("juliet")
    home, work = account.client("home"), account.client("work")
    register(home, IRC, world.nick())
    assert is_registered(work, IRC)
    assert not is_registered(world.account("romeo").client(), IRC)
    assert condition(work.iq("set", IRC, REMOVE)) is None
    assert not is_registered(home, IRC)


def test_G18_R18_change_is_verified_and_logs_in_anew(world, gateway, juliet):
    friend = world.irc("friend")
    old, new = world.nick("old"), world.nick("new")
    register(juliet, IRC, old)
    assert condition(juliet.iq("set", IRC, plain(new))) is None
    wait_online(juliet, IRC)
    juliet.message(f"{friend.nick}@{IRC}", "who am I?")
    assert friend.wait_message(new).nick == new
    assert not friend.is_online(old)


def test_G19_refused_change_leaves_the_old_in_force(world, gateway, juliet):
    account = world.other_account("romeo")
    friend = world.other_account("mercutio").client()
    friend.presence()
    register(juliet, XMPP, account.jid, account.password)
    answer = juliet.iq("set", XMPP, plain(account.jid, "wrong"))
    assert condition(answer) == "not-acceptable"
    assert is_registered(juliet, XMPP)
    juliet.message(f"{friend.bare.replace('@', chr(92) + '40')}@{XMPP}", "still here")
    assert friend.wait_message(account.jid)


def test_R19_empty_password_keeps_the_old(world, gateway_factory, juliet):
    transport = world.xmpp_transport(user_options="custom_smileys")
    gateway = gateway_factory(server_port=world.server.component_port,
                              transports={XMPP: transport}).start()
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    assert condition(juliet.iq("set", XMPP, plain(account.jid, ""))) is None
    assert condition(juliet.iq("set", XMPP, plain(account.jid + "/elsewhere", ""))) is None
    gateway.stop()
    gateway.start()
    wait_online(juliet, XMPP)


def test_R20_change_without_user_name_is_a_bad_request(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    assert condition(juliet.iq("set", IRC, plain(None, "x"))) == "bad-request"
    assert is_registered(juliet, IRC)


# ---- removal ----

def test_R13_G20_remove_in_order_and_without_remains(world, gateway, juliet):
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    friend = world.other_account("mercutio").client()
    friend.presence()
    friend.presence(account.jid, "subscribe")
    asked = juliet.wait_for(lambda s: s.get("type") == "subscribe"
                            and s.get("from", "").startswith(friend.bare.partition("@")[0]))
    juliet.presence(asked.get("from"), "subscribed")
    friend.wait_presence(account.jid, None)

    ident = juliet.send_iq("set", XMPP, REMOVE)
    juliet.wait_for(lambda s: s.get("from") == XMPP and s.get("type") == "unavailable"
                    and s.tag == CLIENT + "presence", what="the end")
    friend.wait_presence(account.jid, "unavailable")  # (a)
    order = [s.get("type") for s in juliet.stanzas.history
             if s.get("id") == ident or (s.get("from") == XMPP and s.get("type") in
                                         ("unsubscribe", "unsubscribed", "unavailable"))]
    # Prosody tells a client of "unsubscribe" only when there was a subscription
    assert order[0] == "result" and order[-1] == "unavailable"
    assert "unsubscribed" in order or "unsubscribe" in order
    data = bytes_of_store(gateway)
    assert account.password.encode() not in data
    assert not is_registered(juliet, XMPP)


def test_store_never_holds_a_password(world, gateway, juliet):
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    assert juliet.bare.encode() in bytes_of_store(gateway)
    assert account.password.encode() not in bytes_of_store(gateway)
    assert account.password not in gateway.log_text()
    gateway.stop()
    assert account.password.encode() not in bytes_of_store(gateway)
    gateway.start()


def test_G21_contacts_are_taken_off_the_roster(world, gateway, juliet):
    friend = world.irc("friend")
    register(juliet, IRC, world.nick())
    contact = f"{friend.nick}@{IRC}"
    juliet.presence(contact, "subscribe")
    juliet.wait_presence(contact, "subscribed")
    juliet.wait_presence(contact)
    assert condition(juliet.iq("set", IRC, REMOVE)) is None
    juliet.wait_presence(contact, "unsubscribed")


def test_G22_afterwards_nothing_works(world, gateway, juliet):
    friend = world.irc("friend")
    nick = world.nick()
    register(juliet, IRC, nick)
    assert condition(juliet.iq("set", IRC, REMOVE)) is None
    ident = juliet.message(f"{friend.nick}@{IRC}", "anybody?")
    assert condition(juliet.wait_error(ident)) == "registration-required"
    friend.wait_offline(nick)
    juliet.presence(IRC)
    assert not is_registered(juliet, IRC)
    assert not friend.is_online(nick)


def test_G23_off_the_roster_logs_out_and_keeps_the_registration(world, gateway, juliet):
    friend, nick = world.irc("friend"), world.nick()
    register(juliet, IRC, nick)
    assert friend.is_online(nick)
    juliet.presence(IRC, "unsubscribe")
    juliet.wait_presence(IRC, "unavailable")
    friend.wait_offline(nick)
    assert is_registered(juliet, IRC)


@pytest.mark.parametrize("sibling", ["<username>x</username>", "<remove/>",
                                     "<x xmlns='jabber:x:data' type='submit'/>"])
def test_R14_remove_with_a_sibling_is_a_bad_request(world, gateway, juliet, sibling):
    register(juliet, IRC, world.nick())
    answer = juliet.iq("set", IRC, query("<remove/>", sibling))
    assert show_error(answer) == ("bad-request", "modify", "400")
    assert is_registered(juliet, IRC)


def test_R15_remove_of_nothing(world, gateway, juliet):
    assert show_error(juliet.iq("set", IRC, REMOVE)) == ("registration-required", "auth", "407")


def test_R24_register_is_advertised_where_it_works(world, gateway, juliet):
    info = juliet.iq("get", IRC, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    assert any(f.get("var") == REGISTER for f in info.iter())


def test_R25_obsolete_key_is_ignored(world, gateway, juliet):
    answer = juliet.iq("set", IRC, query("<key>106c0a7b5510f192a408a1d054150ed1065e255a</key>",
                                         f"<username>{world.nick()}</username>"))
    assert condition(answer) is None


def test_R5_two_users_may_share_a_legacy_account(world, gateway, juliet):
    # allowed here, so nobody is told "conflict": the network says who may log in
    account, romeo = world.other_account("family"), world.account("romeo").client()
    for client in (juliet, romeo):
        assert condition(client.iq("set", XMPP, plain(account.jid, account.password))) is None
    assert is_registered(juliet, XMPP) and is_registered(romeo, XMPP)


def test_R16_nobody_removes_another_users_registration(world, gateway, juliet):
    register(juliet, IRC, world.nick())
    romeo = world.account("romeo").client()
    assert condition(romeo.iq("set", IRC, REMOVE)) == "registration-required"
    assert is_registered(juliet, IRC)


def test_R17_R21_no_further_proof_is_asked_for(world, gateway, juliet):
    # the server has authenticated the user; the network judges the new password
    account = world.other_account("romeo")
    register(juliet, XMPP, account.jid, account.password)
    world.other.add_user(account.name, "a new password", account.host)
    assert condition(juliet.iq("set", XMPP, plain(account.jid, "a new password"))) is None
    assert condition(juliet.iq("set", XMPP, REMOVE)) is None


def test_R22_registration_is_here_and_not_elsewhere(world, gateway, juliet):
    answer = juliet.iq("get", IRC, query())
    assert not [e for e in answer.iter() if e.tag.startswith("{jabber:x:oob}")]


@pytest.mark.parametrize("payload, code", [(plain(""), "406"), (REMOVE, "407"),
                                           (query("<remove/><username/>"), "400")])
def test_R23_errors_are_in_the_old_and_the_new_style(world, gateway, juliet, payload, code):
    answer = juliet.iq("set", IRC, payload)
    assert show_error(answer)[2] == code and show_error(answer)[0]


# ---- at once, too often, too many ----

def test_R26_two_at_once_make_one_registration(world, gateway):
    account = world.account("juliet")
    home, work = account.client("home"), account.client("work")
    first, second = world.nick("first"), world.nick("second")
    ids = home.send_iq("set", IRC, plain(first)), work.send_iq("set", IRC, plain(second))
    answers = [condition(home.wait_iq(ids[0])), condition(work.wait_iq(ids[1]))]
    assert None in answers
    winner = (first, second)[answers.index(None)] if answers.count(None) == 1 else second
    assert plain_of(home.iq("get", IRC, query()))["username"].startswith(winner)


def test_R26_remove_ends_a_pending_verification(world, gateway_factory, juliet, silent):
    gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(**{"option.port": silent.port})}).start()
    pending = juliet.send_iq("set", IRC, plain(world.nick()))
    removal = juliet.send_iq("set", IRC, REMOVE)
    assert condition(juliet.wait_iq(pending, timeout=5)) == "unexpected-request"
    assert condition(juliet.wait_iq(removal, timeout=5)) is None
    assert not is_registered(juliet, IRC)


def test_stop_answers_a_pending_verification(world, gateway_factory, juliet, silent):
    gateway = gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(**{"option.port": silent.port})}).start()
    pending = juliet.send_iq("set", IRC, plain(world.nick()))
    romeo = world.account("romeo").client()
    romeo.iq("get", IRC, "<ping xmlns='urn:xmpp:ping'/>")
    gateway.stop()
    assert condition(juliet.wait_iq(pending)) is not None


def test_limit_registrations_per_minute(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    limits={"registrations-per-minute": 2},
                    transports={IRC: world.irc_transport()}).start()
    clients = [world.account("user").client() for _ in range(3)]
    answers = [c.iq("set", IRC, plain(world.nick())) for c in clients]
    assert [condition(a) for a in answers] == [None, None, "resource-constraint"]
    assert answers[2].find(CLIENT + "error").get("type") == "wait"


def test_limit_registrations_per_user_per_minute(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    limits={"registrations-per-user-per-minute": 1},
                    transports={IRC: world.irc_transport()}).start()
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) == "resource-constraint"
    romeo = world.account("romeo").client()
    assert condition(romeo.iq("set", IRC, plain(world.nick()))) is None


def test_limit_accounts_per_domain(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port, limits={"accounts-per-domain": 1},
                    transports={IRC: world.irc_transport()}).start()
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None
    romeo = world.account("romeo").client()
    assert condition(romeo.iq("set", IRC, plain(world.nick()))) == "resource-constraint"
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None  # a change, not one more


def test_locked_splits_keep_users_on_the_admins_server(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port,
                    transports={IRC: world.irc_transport(lock_splits="true")}).start()
    assert "split.1" not in fields_of(juliet.iq("get", IRC, query()))
    nick = world.nick()
    assert condition(juliet.iq("set", IRC, plain(f"{nick}@203.0.113.1"))) is None
    assert plain_of(juliet.iq("get", IRC, query()))["username"] == f"{nick}@127.0.0.1"


@pytest.mark.parametrize("name", ["a\nJOIN #x", "tab\there", "x" * 1100])
def test_hostile_user_names_are_refused(world, gateway, juliet, name):
    assert condition(juliet.iq("set", IRC, plain(name))) == "not-acceptable"
