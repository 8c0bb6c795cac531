# tests/functional/test_session.py: log in, log out, resources, errors: checklist G24 to G36, G63-64
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import signal

import pytest

from conftest import IRC, XMPP
from lib.friends import Friends, escaped, is_presence_of
from lib.registration import SilentServer, is_registered, log_out, plain, register, wait_online
from lib.servers import Ngircd
from lib.waiting import wait_until
from lib.xmppclient import CLIENT, condition, error_text


@pytest.fixture
def account(world):
    return world.account("juliet")


@pytest.fixture
def juliet(account):
    client = account.client("home")
    client.presence()
    return client


@pytest.fixture
def on_irc(world, gateway, juliet):
    """juliet, registered and logged in; returns her nick."""
    nick = world.nick()
    register(juliet, IRC, nick)
    return nick


@pytest.fixture
def on_xmpp(world, gateway, juliet):
    """juliet, registered, with one contact that sees her and that she sees."""
    return Friends(world, juliet)


def go_offline(client, domain=IRC):
    client.presence(kind="unavailable")
    client.wait_for(is_presence_of(domain, "unavailable"), what="the gateway to go")


def test_G24_presence_to_a_contact_logs_in(world, account, juliet, on_irc):
    friend = world.irc("friend")
    juliet.close()
    friend.wait_offline(on_irc)
    other = account.client("work")  # without initial presence: nothing is broadcast
    other.presence(f"{friend.nick}@{IRC}")
    wait_until(lambda: friend.is_online(on_irc), what="the log-in")


def test_G25_G33_log_in_and_log_out(world, account, juliet, on_irc):
    friend = world.irc("friend")
    assert friend.is_online(on_irc)
    juliet.presence(IRC, "unavailable")
    gone = juliet.wait_for(is_presence_of(IRC, "unavailable"))
    assert gone.get("to") == juliet.full
    friend.wait_offline(on_irc)
    juliet.presence(IRC)
    wait_online(juliet, IRC)
    wait_until(lambda: friend.is_online(on_irc), what="the log-in")


@pytest.mark.parametrize("show", ["away", "dnd", "xa", "chat"])
def test_G26_G27_contacts_presence_with_show_and_status(on_xmpp, juliet, show):
    on_xmpp.friend.presence(show=show, status=f"I am <{show}> & so on")
    seen = juliet.wait_for(lambda s: is_presence_of(on_xmpp.contact)(s)
                           and s.findtext(CLIENT + "show") == show)
    assert seen.findtext(CLIENT + "status") == f"I am <{show}> & so on"
    assert "/" not in seen.get("from") and seen.get("to") == juliet.full
    on_xmpp.friend.presence(kind="unavailable")
    assert "/" not in juliet.wait_for(is_presence_of(on_xmpp.contact, "unavailable")).get("from")


@pytest.mark.parametrize("show", ["away", "dnd", "xa", "chat"])
def test_G28_own_show_and_status_reach_the_network(on_xmpp, juliet, show):
    juliet.presence(show=show, status="wherefore <art> thou")
    seen = on_xmpp.friend.wait_for(lambda s: is_presence_of(on_xmpp.legacy.jid)(s)
                                   and s.findtext(CLIENT + "show") == show)
    assert seen.findtext(CLIENT + "status") == "wherefore <art> thou"


def test_G29_a_second_resource_gets_the_whole_state(on_xmpp, account, juliet):
    work = account.client("work")
    work.presence()
    gateway_presence = work.wait_for(is_presence_of(XMPP))
    assert gateway_presence.find(CLIENT + "status") is None
    assert work.wait_for(is_presence_of(on_xmpp.contact)).get("to") == work.full
    on_xmpp.friend.sync()
    # no second log-in: the friend sees one resource of hers come, not another
    came = [s for s in on_xmpp.friend.stanzas.history if is_presence_of(on_xmpp.legacy.jid)(s)]
    assert len({s.get("from") for s in came}) == 1


def test_G30_probes_are_answered(world, on_xmpp, juliet):
    juliet.stanzas.take_all()
    juliet.presence(on_xmpp.contact, "probe")
    juliet.wait_for(is_presence_of(on_xmpp.contact))
    juliet.presence(XMPP, "probe")
    juliet.wait_for(is_presence_of(XMPP))
    juliet.presence(escaped("nobody@capulet.lit"), "probe")
    juliet.wait_for(is_presence_of(escaped("nobody@capulet.lit"), "unavailable"))
    stranger = world.account("paris").client()
    stranger.presence()
    stranger.presence(on_xmpp.contact, "probe")
    stranger.sync()
    assert not stranger.stanzas.take_all(is_presence_of(on_xmpp.contact))


def test_G31_G32_wrong_password_is_told_and_not_tried_again(world, gateway_factory, juliet):
    gateway = gateway_factory(server_port=world.server.component_port,
                              transports={XMPP: world.xmpp_transport()}).start()
    legacy = world.other_account("romeo")
    register(juliet, XMPP, legacy.jid, legacy.password)
    log_out(juliet, XMPP)
    world.other.add_user(legacy.name, "changed", legacy.host)
    juliet.presence(XMPP)
    refused = juliet.wait_for(is_presence_of(XMPP, "error"))
    assert condition(refused) == "not-authorized" and error_text(refused)
    assert juliet.wait_message(XMPP)  # clients hide the text of presence errors
    start = len(gateway.log_text())
    romeo = world.account("romeo").client()
    romeo.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")
    assert "failed -> connecting" not in gateway.log_text()[start:]
    juliet.presence(XMPP, show="away")  # as clients do by themselves
    romeo.iq("get", XMPP, "<ping xmlns='urn:xmpp:ping'/>")
    assert "failed -> connecting" not in gateway.log_text()[start:]
    juliet.presence(XMPP, show="away")
    gateway.wait_log("failed -> connecting")


def test_G31_unreachable_network_is_a_timeout_and_tried_again(world, gateway_factory, juliet):
    ircd = Ngircd().start()
    try:
        gateway = gateway_factory(server_port=world.server.component_port, transports={
            IRC: world.irc_transport(**{"option.port": ircd.port})}).start()
        register(juliet, IRC, world.nick())
        log_out(juliet, IRC)
        ircd.stop()
        juliet.presence(IRC)
        refused = juliet.wait_for(is_presence_of(IRC, "error"))
        assert condition(refused) == "remote-server-timeout" and error_text(refused)
        waiting = juliet.wait_for(lambda s: is_presence_of(IRC)(s) and "not connected"
                                  in (s.findtext(CLIENT + "status") or ""))
        assert waiting.findtext(CLIENT + "show") == "xa"
        assert "next try in" in waiting.findtext(CLIENT + "status")
        gateway.wait_log("waiting -> connecting")
        ircd.start()
        wait_online(juliet, IRC)
    finally:
        ircd.stop()
        ircd.remove_folder()


def test_G32_G36_a_link_that_drops_is_shown_and_comes_back(world, gateway_factory, juliet):
    ircd = Ngircd().start()
    try:
        gateway_factory(server_port=world.server.component_port, transports={
            IRC: world.irc_transport(**{"option.port": ircd.port})}).start()
        register(juliet, IRC, world.nick())
        ircd.stop()
        dropped = juliet.wait_for(lambda s: is_presence_of(IRC)(s)
                                  and s.findtext(CLIENT + "show") == "xa")
        assert "not connected" in dropped.findtext(CLIENT + "status")
        ircd.start()
        wait_online(juliet, IRC)
    finally:
        ircd.stop()
        ircd.remove_folder()


def test_G34_one_of_several_resources_goes(on_xmpp, account, juliet):
    juliet.presence(show="away", priority=1)
    on_xmpp.friend.wait_for(lambda s: s.findtext(CLIENT + "show") == "away")
    work = account.client("work")
    work.presence(show="dnd", priority=5)
    on_xmpp.friend.wait_for(lambda s: s.findtext(CLIENT + "show") == "dnd")
    work.presence(kind="unavailable")
    on_xmpp.friend.wait_for(lambda s: s.findtext(CLIENT + "show") == "away")
    juliet.presence(kind="unavailable")
    on_xmpp.friend.wait_for(is_presence_of(on_xmpp.legacy.jid, "unavailable"))


def test_G35_unavailable_to_a_contact_does_not_log_out(world, on_irc, juliet):
    friend = world.irc("friend")
    juliet.presence(f"{friend.nick}@{IRC}", "unavailable")
    juliet.sync()
    assert friend.is_online(on_irc)
    juliet.message(f"{friend.nick}@{IRC}", "still here")
    assert friend.wait_message(on_irc)


def test_G36_nobody_gets_presence_who_is_not_there(on_xmpp, account, juliet):
    work = account.client("work")
    work.presence()
    work.wait_for(is_presence_of(on_xmpp.contact))
    work.presence(kind="unavailable")
    work.sync()
    work.stanzas.take_all()
    on_xmpp.friend.presence(show="dnd")
    juliet.wait_for(lambda s: s.findtext(CLIENT + "show") == "dnd")
    work.sync()
    assert not work.stanzas.take_all(is_presence_of(on_xmpp.contact))


def test_G64_online_users_are_logged_in_when_the_gateway_starts(world, gateway, juliet, on_irc):
    friend = world.irc("friend")
    gateway.stop()
    friend.wait_offline(on_irc)
    juliet.wait_for(is_presence_of(IRC, "unavailable"))
    gateway.start()
    wait_online(juliet, IRC)  # without doing anything
    wait_until(lambda: friend.is_online(on_irc), what="the log-in")


def test_users_who_went_offline_meanwhile_stay_offline(world, gateway, juliet, on_irc):
    friend = world.irc("friend")
    gateway.stop()
    friend.wait_offline(on_irc)  # ngircd lets a QUIT that comes soon after a log-in wait a second
    juliet.presence(kind="unavailable")
    juliet.sync()
    start = len(gateway.log_text())
    gateway.start()
    romeo = world.account("romeo").client()
    romeo.presence()
    register(romeo, IRC, world.nick())
    assert f"{juliet.bare}/{IRC}: offline" not in gateway.log_text()[start:]
    assert not friend.is_online(on_irc)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGABRT, signal.SIGSTOP])
def test_host_that_dies_is_replaced(world, gateway_factory, juliet, how):
    gateway = gateway_factory(server_port=world.server.component_port,
                              timing={"host-ping-interval": "0.5", "host-ping-timeout": "2"},
                              transports={IRC: world.irc_transport()}).start()
    nick, friend = world.nick(), world.irc("friend")
    register(juliet, IRC, nick)
    (host,) = gateway.hosts()
    os.kill(host, how)
    juliet.wait_for(lambda s: is_presence_of(IRC)(s) and s.findtext(CLIENT + "show") == "xa")
    wait_online(juliet, IRC)
    gateway.check_log()
    juliet.message(f"{friend.nick}@{IRC}", "again")
    assert friend.wait_for(lambda line: line.command == "PRIVMSG").text == "again"
    assert gateway.hosts() != [host]


def test_accounts_share_hosts_by_the_setting(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port, transports={
        IRC: world.irc_transport(accounts_per_host=2)}).start()
    for _ in range(5):
        client = world.account("user").client()
        register(client, IRC, world.nick())
    assert len(gateway.hosts()) == 3


def test_limit_resources(world, gateway_factory):
    gateway_factory(server_port=world.server.component_port, limits={"resources": 1},
                    transports={IRC: world.irc_transport()}).start()
    account = world.account("juliet")
    home, work = account.client("home"), account.client("work")
    register(home, IRC, world.nick())
    work.presence(IRC)
    assert condition(work.wait_for(is_presence_of(IRC, "error"))) == "resource-constraint"


def test_limit_contacts(world, gateway_factory, juliet):
    gateway_factory(server_port=world.server.component_port, limits={"contacts": 2},
                    transports={IRC: world.irc_transport()}).start()
    register(juliet, IRC, world.nick())
    for i in range(2):
        juliet.presence(f"friend{i}@{IRC}", "subscribe")
        juliet.wait_presence(f"friend{i}@{IRC}", "subscribed")
    juliet.presence(f"friend2@{IRC}", "subscribe")
    refused = juliet.wait_for(is_presence_of(f"friend2@{IRC}", "error"))
    assert condition(refused) == "resource-constraint" and error_text(refused)


def test_bad_sender_of_presence_is_ignored(world, gateway):
    stranger = world.account("paris").client()
    stranger.presence()
    stranger.presence(IRC)
    stranger.presence(f"x@{IRC}", "subscribe")
    answer = stranger.wait_for(lambda s: s.get("type") == "error")
    assert condition(answer) == "registration-required"
    assert not is_registered(stranger, IRC)


def test_sighup_reads_limits_again(world, gateway, juliet):
    gateway.sections["limits"]["accounts-per-domain"] = 1
    gateway.sections["server"]["port"] = 1
    gateway.reload()
    gateway.wait_log(r"\[server\] port changed: it takes a restart")
    gateway.wait_log("settings read again: limits")
    assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None
    romeo = world.account("romeo").client()
    assert condition(romeo.iq("set", IRC, plain(world.nick()))) == "resource-constraint"
    gateway.sections["limits"]["accounts-per-domain"] = "many"
    gateway.reload()
    gateway.wait_log("the settings stay as they were.*accounts-per-domain")
    gateway.sections["limits"]["accounts-per-domain"] = 0


def test_silent_network_is_given_up_in_time(world, gateway_factory, juliet):
    silent = SilentServer()
    try:
        gateway_factory(server_port=world.server.component_port, timing={"login-timeout": "1"},
                        transports={IRC: world.irc_transport(**{"option.port": silent.port})}
                        ).start()
        assert condition(juliet.iq("set", IRC, plain(world.nick()))) == "remote-server-timeout"
    finally:
        silent.close()
