# tests/chaos/chaos/proxy.py: a TCP proxy on loopback whose connections can be cut
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwards at once and holds nothing back: while one side does not read, the other is not read.  It
learns from the first bytes which account a connection is of, and remembers when it came up."""

import asyncio
import base64
import os
import re
import socket
import struct
import time

ACCOUNT = re.compile(rb"NICK (\S+)|<auth[^>]*>([^<]+)</auth>")


class Side(asyncio.Protocol):
    def __init__(self, link, of_client):
        self.link, self.of_client = link, of_client
        self.transport = self.other = None
        self.is_over = False

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(high=0)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        if self.of_client and self.link.account is None:
            self.link.look(data)
        self.other.transport.write(data)

    def pause_writing(self):
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self):
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, error):
        self.is_over = True
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()  # after what is still to be written
        self.link.proxy.links.discard(self.link)


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.account = None  # "gw7" or "leg7"
        self.seen = b""
        self.client = Side(self, True)
        self.server = Side(self, False)

    async def start(self):
        """Not before the server has accepted, is the client read."""
        self.client.transport.pause_reading()
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.server, "127.0.0.1", self.proxy.target)
        except OSError:
            self.client.transport.abort()
            return
        self.client.other, self.server.other = self.server, self.client
        if self.client.is_over:
            self.server.transport.close()
            return
        self.proxy.links.add(self)
        self.client.transport.resume_reading()

    def look(self, data):
        self.seen += data
        found = ACCOUNT.search(self.seen)
        if found:
            if found.group(1):
                self.account = found.group(1).decode()
            else:
                name = base64.b64decode(found.group(2))
                self.account = (re.search(rb"n=([^,]+)", name) or re.search(rb"\0([^\0]+)\0", name)
                                ).group(1).decode()
            self.proxy.came_up(self.account, time.time())
        if found or len(self.seen) > 4096:
            self.account = self.account or ""
            self.seen = b""

    def cut(self, reset):
        for side in (self.client, self.server):
            if reset:
                side.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.transport.abort()

    def client_port(self):
        return self.client.transport.get_extra_info("peername")[1]


class Proxy:
    def __init__(self, target):
        self.target = target  # port
        self.port = None
        self.links = set()
        self.came_up = lambda account, when: None
        self._tasks = set()

    async def start(self):
        def accept():
            link = Link(self)
            link.client.connection_made = self._begin(link)
            return link.client
        self._server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def _begin(self, link):
        def made(transport):
            Side.connection_made(link.client, transport)
            task = asyncio.ensure_future(link.start())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return made

    def close(self):
        self._server.close()
        for link in list(self.links):
            link.cut(True)

    def links_of_process(self, pid):
        """The connections that this process has open."""
        inodes = set()
        try:
            for entry in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{entry}")
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
        except OSError:
            pass
        ports = set()
        with open("/proc/net/tcp") as table:
            for line in table:
                fields = line.split()
                if fields[9] in inodes:
                    ports.add(int(fields[1].rpartition(":")[2], 16))
        return [link for link in self.links if link.client_port() in ports]
