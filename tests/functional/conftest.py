# tests/functional/conftest.py: fixtures that all functional tests share
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers live as long as a pytest run (one file); users, legacy accounts and gateways as long as a
test.  The folders of a test that failed stay, and their paths and the end of their logs are shown."""

import itertools
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lib.gateway import Gateway, find_program  # noqa: E402
from lib.ircclient import IrcClient  # noqa: E402
from lib.servers import Ejabberd, Ngircd, Prosody, ServerMissing  # noqa: E402
from lib.web import Web  # noqa: E402
from lib.xmppclient import XmppClient  # noqa: E402

IRC, XMPP = "irc.localhost", "xmpp.localhost"
OTHER_HOST = "capulet.lit"  # the second network's
COMPONENTS = [IRC, XMPP, "one.localhost", "two.localhost", "three.localhost"]

_numbers = itertools.count(1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    setattr(item, f"report_{report.when}", report)


SKIPPED = 77  # as CTest's SKIP_RETURN_CODE knows it: a run that left something out is not "passed"


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = SKIPPED


@pytest.fixture
def web():
    server = Web()
    yield server
    server.close()


def has_failed(request):
    return any(getattr(request.node, f"report_{when}", None) is not None
               and getattr(request.node, f"report_{when}").failed for when in ("setup", "call"))


class Account:
    """A user of a server: juliet-3@localhost."""

    def __init__(self, server, name, host):
        self.server = server
        self.name = f"{name}-{next(_numbers)}"
        self.host = host
        self.jid = f"{self.name}@{host}"
        self.password = f"password of {self.name}"
        server.add_user(self.name, self.password, host)
        self._clients = []

    def client(self, resource="test"):
        client = XmppClient(self.jid, self.password, self.server.port, resource=resource).connect()
        self._clients.append(client)
        return client

    def close(self):
        for client in self._clients:
            client.close()


class World:
    """One Jabber server, and two networks to reach from it."""

    def __init__(self, server, other, ircd):
        self.server = server  # the user's; its components are COMPONENTS
        self.other = other    # "another XMPP network", OTHER_HOST
        self.ircd = ircd
        self._made = []

    def account(self, name="juliet"):
        return self._keep(Account(self.server, name, self.server.hosts[0]))

    def other_account(self, name="mercutio"):
        return self._keep(Account(self.other, name, OTHER_HOST))

    def irc(self, nick="mercutio", channels=()):
        """Somebody on IRC; the nick gets a number of its own."""
        return self._keep(IrcClient(f"{nick}{next(_numbers)}", self.ircd.port, channels=channels))

    def irc_transport(self, **more):
        keys = {"protocol": "purple:prpl-irc", "name": "IRC", "option.port": self.ircd.port,
                "split.1": "127.0.0.1"}
        return {**keys, **{key.replace("_", "-"): value for key, value in more.items()}}

    def xmpp_transport(self, **more):
        keys = {"protocol": "purple:prpl-jabber", "name": "XMPP", "option.port": self.other.port,
                "option.connect_server": "127.0.0.1",
                "option.connection_security": "opportunistic_tls",
                "option.auth_plain_in_clear": "true"}
        return {**keys, **{key.replace("_", "-"): value for key, value in more.items()}}

    def transports(self):
        return {IRC: self.irc_transport(), XMPP: self.xmpp_transport()}

    def nick(self, name="juliet"):
        return f"{name}{next(_numbers)}"

    def _keep(self, thing):
        self._made.append(thing)
        return thing

    def close_all(self):
        while self._made:
            self._made.pop().close()


def start_or_skip(server):
    try:
        return server.start()
    except ServerMissing as missing:
        server.remove_folder()
        pytest.skip(str(missing))


def run_server(server):
    start_or_skip(server)
    yield server
    server.stop()
    server.remove_folder()


@pytest.fixture(scope="session")
def prosody():
    yield from run_server(Prosody(components=COMPONENTS))


@pytest.fixture(scope="module")
def privileging():
    """XEP-0356: its users' rosters are the gateway's to read and write."""
    yield from run_server(Prosody(
        components=COMPONENTS, component_modules=["privilege"], modules=["privilege"],
        extra=f'privileged_entities = {{ ["{XMPP}"] = {{ roster = "both" }} }}'))


@pytest.fixture(scope="module")
def bookmarking():
    """XEP-0356: what stands in its users' PEP nodes as well."""
    granted = '{ roster = "both", iq = { ["http://jabber.org/protocol/pubsub"] = "both" } }'
    yield from run_server(Prosody(
        components=COMPONENTS, component_modules=["privilege"], modules=["privilege"],
        extra=f'privileged_entities = {{ ["{IRC}"] = {granted}, ["{XMPP}"] = {granted} }}'))


@pytest.fixture(scope="session")
def other_prosody():
    # SCRAM takes prpl-jabber four seconds with the sanitizers, at each log-in; tests/functional/host
    # has it
    yield from run_server(Prosody(hosts=[OTHER_HOST], rooms=f"rooms.{OTHER_HOST}", extra="""
disable_sasl_mechanisms = { "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS" }
"""))


@pytest.fixture(scope="session")
def ngircd():
    yield from run_server(Ngircd())


@pytest.fixture(scope="session")
def ejabberd():
    yield from run_server(Ejabberd(components=COMPONENTS))


def run_world(world, request):
    yield world
    world.close_all()
    if has_failed(request):
        for server in (world.server, world.other, world.ircd):
            print(f"---- {server.name}, {server.folder}\n{server.log_text()[-1500:]}")


@pytest.fixture
def world(prosody, other_prosody, ngircd, request):
    yield from run_world(World(prosody, other_prosody, ngircd), request)


@pytest.fixture
def ejabberd_world(ejabberd, other_prosody, ngircd, request):
    yield from run_world(World(ejabberd, other_prosody, ngircd), request)


@pytest.fixture
def gateway_factory(request):
    """gateway_factory(server_port=…, transports={domain: {key: value}}, limits={}, timing={}) makes a
    Gateway that is not started yet.  Each is stopped and judged at the end of the test."""
    made = []

    def make(**arguments):
        if not find_program("causeway"):
            pytest.skip("causeway is not built")
        gateway = Gateway(**arguments)
        made.append(gateway)
        return gateway

    yield make
    problems = []
    for gateway in made:
        try:
            gateway.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    for gateway in made:
        if has_failed(request) or problems:
            print(f"---- {gateway.name}, {gateway.folder}\n{gateway.log_text()[-8000:]}")
        else:
            gateway.remove_folder()
    assert not problems, "\n".join(problems)


@pytest.fixture
def gateway(world, gateway_factory):
    """A gateway with IRC and XMPP on the user's server, up."""
    return gateway_factory(server_port=world.server.component_port,
                           transports=world.transports()).start()
