# tests/functional/host/conftest.py: Fixtures of the tests of causeway-purple; see hostlib.py
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from hostlib import Host, IrcContact, IrcServer, Relay, XmppContact, XmppServer, stop  # noqa: E402


@pytest.fixture
def start_host(tmp_path):
    hosts = []

    def start(protocol, **kwargs):
        folder = tmp_path / ("host%d" % len(hosts))
        folder.mkdir()
        host = Host(protocol, str(folder), **kwargs)
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        if host.process.poll() is None:
            host.close()


@pytest.fixture
def irc_host(start_host):
    return start_host("prpl-irc")


@pytest.fixture
def xmpp_host(start_host):
    return start_host("prpl-jabber")


@pytest.fixture(scope="session")
def irc_server(tmp_path_factory):
    server = IrcServer(str(tmp_path_factory.mktemp("ngircd")))
    yield server
    stop(server.process)


@pytest.fixture
def irc_relay(irc_server):
    relay = Relay(irc_server)
    yield relay
    relay.close()


@pytest.fixture
def xmpp_relay(xmpp_server):
    relay = Relay(xmpp_server)
    yield relay
    relay.close()


@pytest.fixture
def irc_contact(irc_server):
    contacts = []

    def connect(nick):
        contacts.append(IrcContact(irc_server, nick))
        return contacts[-1]

    yield connect
    for contact in contacts:
        contact.close()


@pytest.fixture(scope="session")
def xmpp_server(tmp_path_factory):
    server = XmppServer(str(tmp_path_factory.mktemp("prosody")))
    yield server
    for process in server.processes:
        stop(process)


@pytest.fixture
def xmpp_contact(xmpp_server):
    contacts = []

    def connect(user):
        contacts.append(XmppContact(xmpp_server, user))
        return contacts[-1]

    yield connect
    for contact in contacts:
        contact.close()




@pytest.fixture
def juliet(xmpp_server):
    """The user of causeway-purple."""
    return xmpp_server.fresh("juliet")


@pytest.fixture
def romeo(xmpp_server, xmpp_contact):
    """A contact, logged in."""
    return xmpp_contact(xmpp_server.fresh("romeo"))
