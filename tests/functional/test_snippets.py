# tests/functional/test_snippets.py: the snippets in conf/ work on real servers as they stand
#
# SPDX-License-Identifier: GPL-2.0-or-later

import hashlib
import json
import os
import re
import socket

import pytest

from lib.gateway import ROOT
from lib.servers import Ejabberd, Prosody, ServerMissing
from lib.waiting import TIMEOUT, free_port

DOMAIN, SNIPPET_SECRET = "irc.example.com", "s3cret"


def snippet(name, port):
    with open(os.path.join(ROOT, "conf", name)) as file:
        text = file.read()
    assert SNIPPET_SECRET in text
    return text.replace("5347", str(port))


def shake_hands(port):
    """XEP-0114 3, by hand: what the server answers to the right digest."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as stream:
        stream.sendall(f"<stream:stream xmlns='jabber:component:accept' to='{DOMAIN}' "
                       "xmlns:stream='http://etherx.jabber.org/streams'>".encode())
        received = ""
        while not re.search(r"<stream:stream[^>]*>", received):
            received += stream.recv(4096).decode()
        ident = re.search(r"\bid=['\"]([^'\"]*)", received).group(1)
        digest = hashlib.sha1((ident + SNIPPET_SECRET).encode()).hexdigest()
        stream.sendall(f"<handshake>{digest}</handshake>".encode())
        return stream.recv(4096).decode()


def judge(server):
    try:
        try:
            server.start()
        except ServerMissing as missing:
            pytest.skip(str(missing))
        assert shake_hands(server.component_port).startswith("<handshake")
    finally:
        server.stop()
        server.remove_folder()


class ProsodyWithSnippet(Prosody):
    def config(self):
        return super().config().replace("component_ports", "-- component_ports") \
            .replace('VirtualHost "', snippet("prosody.cfg.lua", self.component_port)
                     + 'VirtualHost "', 1)


class EjabberdWithSnippet(Ejabberd):
    def config(self):
        rest = json.loads(super().config())
        del rest["listen"]
        lines = [f"{key}: {json.dumps(value)}" for key, value in rest.items()]
        return "\n".join(lines) + "\n" + snippet("ejabberd.yml", self.component_port)

    def wait_ready(self, *ports, timeout=60):
        return super().wait_ready(self.component_port, timeout=timeout)


def test_prosody_snippet():
    server = ProsodyWithSnippet()
    server.component_port = free_port()
    judge(server)


def test_ejabberd_snippet():
    judge(EjabberdWithSnippet())
