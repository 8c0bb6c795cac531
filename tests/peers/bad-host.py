# tests/peers/bad-host.py: a protocol host that misbehaves on purpose
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Its argument may be "board": then it keeps the scoreboard.  A log-in of "crash…" crashes it, that of
others is online at once.  A message: to "ack" is acknowledged and then the host dies, to "die" it dies
without a word, to "sleep" it reads no more until it is killed, to "news" it tells of no items and of what
are none.  A search is answered with what was not asked for, one for the nick "names" with names that cannot
be, one for "many" breaks the rules.  See protocols/LINK.md."""

import json
import mmap
import os
import signal
import socket
import struct
import sys
import time

link = socket.socket(fileno=3)
board = mmap.mmap(4, 4096) if sys.argv[1:] == ["board"] else None
counts = {"begun": 0, "finished": 0, "acks": 0}


def note(offset, form, value):
    if board is not None:
        struct.pack_into(form, board, offset, value)


def say(**line):
    link.sendall(json.dumps(line).encode() + b"\n")


def ack(account, ident):
    note(40 + counts["acks"] % 128 * 16, "=I", account)
    note(48 + counts["acks"] % 128 * 16, "=q", ident)
    counts["acks"] += 1
    note(32, "=Q", counts["acks"])
    say(type="ack", account=account, id=ident)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def search(line):
    columns = [{"name": name, "label": name, "kind": "text"} for name in ("jid", "nick", "nick")]
    nick = line.get("values", {}).get("nick")
    names = ["", "a\nb", "a\u0001", "x" * 2000, "\u202e", "good", "@/ "]
    if nick == "many":
        names = ["good"] * 501
    answer = {"found": [{"contact": name, "values": [name, "one", "two"]} for name in names]}
    if nick not in (None, "names", "many"):
        answer = {}
    say(type="search", account=line["account"], id=line["id"], fields=columns, **answer)


def news(account):
    columns = [{"name": name, "label": name, "kind": "text"} for name in ("title", "text")]
    items = [{"contact": "1", "values": ["Title", "Text"]}]
    for title, found in (("none", []), ("short", items)):
        say(type="message", account=account, contact="news", title=title, text="Text", fields=columns,
            found=found)


def serve(line):
    if line["type"] == "hello":
        say(type="hello", version=1, protocol={"id": "bad", "name": "Bad", "password": "optional",
                                                   "search": True, "items": True})
    elif line["type"] == "ping":
        say(type="pong", id=line["id"])
    elif line["type"] == "login":
        if line["username"].startswith("crash"):
            die()
        say(type="state", account=line["account"], state="online")
    elif line["type"] == "search":
        search(line)
    elif line["type"] == "message":
        if line["contact"] == "sleep":
            time.sleep(60)
        if line["contact"] == "news":
            ack(line["account"], line["id"])
            news(line["account"])
            return
        if line["contact"] == "ack":
            ack(line["account"], line["id"])
        die()


note(8, "=I", 0x42535743)
for text in link.makefile("rb"):
    counts["begun"] += 1
    note(16, "=Q", counts["begun"])
    received = json.loads(text)
    note(12, "=I", received.get("account", 0))
    serve(received)
    counts["finished"] += 1
    note(24, "=Q", counts["finished"])
    note(12, "=I", 0)
