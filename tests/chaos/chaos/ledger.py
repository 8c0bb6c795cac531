# tests/chaos/chaos/ledger.py: what became of each message
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""A million messages are counted while they run: three numbers and some bits for each.  The history of
the few that need one is read from the logs at the end.

What excuses a message that is lost or doubled: see Ledger.excuse()."""

import os
from array import array
from bisect import bisect_left, bisect_right

from .text import hash_of, text_of

INSTANT = 1.0  # s around a fault
LONGEST = 30   # s that a fault may take
OFFLINE, UNCONFIRMED, BOUNCED, TWICE = 1, 2, 4, 8
WAYS = {"ui": "user to IRC", "ni": "IRC to user", "ux": "user to XMPP", "nx": "XMPP to user"}


class Stream:
    """The messages of one sender to one recipient; arrays by number."""

    def __init__(self, key):
        self.key = key
        self.pair = int(key[2:])
        self.sent, self.got, self.back = array("d"), array("d"), array("d")
        self.bits = bytearray()
        self.highest = -1   # number delivered so far
        self.more = {}      # number -> [(time, "delivered" | "returned")], all but the first of each

    def grow(self, number):
        while len(self.bits) <= number:
            self.bits.append(0)
            for times in (self.sent, self.got, self.back):
                times.append(0)


class Ledger:
    def __init__(self, keys, came_up):
        self.streams = {key: Stream(key) for key in keys}
        self.came_up = came_up  # name of the legacy account -> times of its connections
        self.accepted = 0       # messages with a sender that was told so, or a server that says so
        self.settled = 0        # of these, with a first fate
        self.paths = {}         # key -> the faults on its path, when all are known
        self.disorder, self.damaged, self.echoes, self.strange = [], [], [], []

    # ---- events ----

    def sent(self, now, key, number):
        stream = self.streams[key]
        stream.grow(number)
        if stream.sent[number] == 0:
            stream.sent[number] = now
            self.accepted += 1

    def unconfirmed(self, key, number):
        stream = self.streams[key]
        stream.bits[number] |= UNCONFIRMED

    def offline(self, key, number):
        stream = self.streams[key]
        stream.grow(number)
        stream.bits[number] |= OFFLINE

    def delivered(self, now, key, number, digest):
        stream = self.streams.get(key)
        if stream is None:
            self.strange.append((now, key, number, "no such stream"))
            return
        stream.grow(number)
        if digest != hash_of(text_of(key, number)):
            self.damaged.append((now, key, number))
        if stream.got[number]:
            stream.more.setdefault(number, []).append((now, "delivered"))
            return
        stream.got[number] = now
        if not stream.back[number]:
            self.settled += 1
        if number < stream.highest:
            if not stream.bits[number] & OFFLINE:
                self.disorder.append((now, key, number, stream.highest))
        else:
            stream.highest = number

    def returned(self, now, key, number):
        stream = self.streams.get(key)
        if stream is None:
            self.strange.append((now, key, number, "no such stream"))
            return
        stream.grow(number)
        if stream.back[number]:
            stream.more.setdefault(number, []).append((now, "returned"))
            return
        stream.back[number] = now
        if not stream.got[number]:
            self.settled += 1

    def open_count(self):
        return self.accepted - self.settled

    # ---- the sum ----

    def judge(self, faults):
        """Counts by way, and [(key, number, "lost" | "doubled", excuse or None)]."""
        found = []
        counts = {way: dict.fromkeys(("sent", "delivered", "returned", "lost", "doubled",
                                      "unknowable"), 0) for way in WAYS}
        for stream in self.streams.values():
            count = counts[stream.key[:2]]
            last_got = 0  # of the messages before
            for number, sent in enumerate(stream.sent):
                got, back = stream.got[number], stream.back[number]
                if not sent:
                    if got or back:
                        self.strange.append((got or back, stream.key, number, "nobody sent it"))
                    continue
                count["sent"] += 1
                before, last_got = last_got, max(last_got, got)
                if bool(got) != bool(back) and number not in stream.more:
                    count["delivered" if got else "returned"] += 1
                    continue
                what = "doubled" if got or back else "lost"
                excuse = self.excuse(stream, number, what, before, faults)
                count["unknowable" if excuse else what] += 1
                found.append((stream.key, number, what, excuse))
        return counts, found

    def excuse(self, stream, number, what, before, faults):
        """The fault that makes it unknowable, or None.  It was under way when the fault came: sent
        before, or within an instant of it.  And it was at a hop then, not waiting: it had been sent,
        or the one before it had been delivered, or its account's connection had come up, within an
        instant of the fault; of a doubled one, its first delivery."""
        sent = stream.sent[number]
        if stream.bits[number] & UNCONFIRMED and what == "lost":
            # the connection broke, and that was a fault's doing
            near = [f for f in self.faults_near(stream, faults, sent) if f.accounts is None]
            return ("partner to IRC", near[-1]) if near else None
        after = float("inf")  # when it was certainly past the hop: the next one was
        if what == "doubled":
            marks = [stream.got[number] or stream.back[number]]
        else:
            after = next((got for got in stream.got[number + 1:number + 1000] if got), after)
            ups = sorted(self.came_up.get(account_of(stream), []))
            # stored by the network's server it was safe, until the account came back
            marks = [0 if stream.bits[number] & OFFLINE else sent, before,
                     *ups[bisect_left(ups, sent):bisect_right(ups, after)]]
        guilty = [fault for mark in marks for fault in self.faults_near(stream, faults, mark)
                  if sent <= fault.excuses_until + INSTANT and fault.begin <= after]
        if not guilty:
            return None
        # a stop alone loses nothing
        fault = min(guilty, key=lambda f: (f.kind.startswith("stop"), abs(f.begin - sent)))
        return (fault.hop(stream), fault)

    def faults_near(self, stream, faults, mark):
        """Those on the stream's path within an instant of this time."""
        mine = self.paths.get(stream.key)
        if mine is None:
            mine = self.paths[stream.key] = sorted((f for f in faults if f.hits(stream)),
                                                   key=lambda f: f.begin)
        first = bisect_left(mine, mark - INSTANT - LONGEST, key=lambda f: f.begin)
        last = bisect_right(mine, mark + INSTANT, key=lambda f: f.begin)
        return [f for f in mine[first:last] if mark <= f.excuses_until + INSTANT]


def account_of(stream):
    return ("gw" if stream.key[1] == "i" else "leg") + str(stream.pair)


class LogReader:
    """Follows a log of mod_chaos_log."""

    def __init__(self, path, take):
        self.path, self.take = path, take
        self.file, self.rest = None, ""

    def read(self):
        if self.file is None:
            if not os.path.exists(self.path):
                return 0
            self.file = open(self.path, errors="replace")
        data = self.file.read()
        if not data:
            return 0
        *lines, self.rest = (self.rest + data).split("\n")
        for line in lines:
            fields = line.split(" ")
            if len(fields) == 8:
                self.take(float(fields[0]), *fields[1:])
        return len(lines)


class Readers:
    """The logs of both Prosodies."""

    def __init__(self, ledger, path_a, path_b):
        self.ledger = ledger
        self.readers = [LogReader(path_a, self.take_a), LogReader(path_b, self.take_b)]

    def read(self):
        return sum(reader.read() for reader in self.readers)

    def take_a(self, when, kind, type_, id_, key, number, place, digest):
        ledger = self.ledger
        if kind in "lo":
            return  # his own server's business
        if kind in "hb":
            ledger.sent(when, key, int(number))
            if kind == "b":
                ledger.returned(when, key, int(number))
        elif kind == "r" and type_ == "error":
            key, dot, number = id_.partition(".")
            if dot and key in ledger.streams:
                ledger.returned(when, key, int(number))
            else:
                ledger.strange.append((when, id_, 0, "an error for an id that nobody used"))
        elif kind == "r" and key[0] == "u":
            # his own words come back: quoted in a notice that they were not delivered, or as an echo
            if place == "6":
                ledger.echoes.append((when, key, int(number)))
            else:
                ledger.returned(when, key, int(number))
        elif kind == "r":
            ledger.delivered(when, key, int(number), digest)

    def take_b(self, when, kind, type_, id_, key, number, place, digest):
        ledger = self.ledger
        if kind == "l":
            ledger.came_up.setdefault(key, []).append(when)
            return
        if type_ == "error" or key == "-":
            return
        if kind == "o":
            ledger.offline(key, int(number))
        elif key[0] == "n":
            ledger.sent(when, key, int(number))
        else:
            ledger.delivered(when, key, int(number), digest)


def histories(wanted, logs):
    """{(key, number): [lines]} for a set of messages, from all logs."""
    found = {entry: [] for entry in wanted}
    for name, path in logs:
        if not os.path.exists(path):
            continue
        with open(path, errors="replace") as log:
            for line in log:
                fields = line.split()
                if len(fields) < 6:
                    continue
                entry = (fields[4], fields[5])
                if entry[0] == "-" and "." in fields[3]:
                    entry = tuple(fields[3].split(".", 1))
                try:
                    entry = (entry[0], int(entry[1]))
                except ValueError:
                    continue
                if entry in found:
                    found[entry].append((float(fields[0]), f"{name} {fields[1]} {fields[2]}"))
    for lines in found.values():
        lines.sort()
    return found
