# tests/chaos/chaos/text.py: the numbered messages, and how they are known again
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""A message is "m KEY NUMBER PADDING".  KEY names its stream, as in "ui7": u(ser to network) or n(etwork
to user), i(rc) or x(mpp), and the pair.  The text follows from KEY and NUMBER, so that nobody has to
remember it to check it."""

import hashlib
import random
import re

FIND = re.compile(r"m ([un][ix]\d+) (\d+) ")
_SCRAPS = ["plain words ", "naïve ünïcode ", "日本語 ", "<b>&amp;</b> ", "a < b && c > d ", "\"quoted\" 'too' ",
           "]]> ", "emoji 🙂🚀 ", "100% $HOME \\n ", "http://example.org/?a=1&b=2 ", "кириллица ", "x" * 40 + " "]


def _make_paddings(count=256):
    rng, made = random.Random(4711), []
    while len(made) < count:
        most, text = rng.randint(20, 200), ""
        while True:
            more = text + rng.choice(_SCRAPS)
            if len(more.encode()) > most:
                break
            text = more
        made.append((text.strip() or "twenty bytes or more") + ".")
    return made


_PADDINGS = _make_paddings()


def text_of(key, number):
    return f"m {key} {number} {_PADDINGS[(number * 31 + sum(key.encode())) % len(_PADDINGS)]}"


def hash_of(text):
    return hashlib.sha1(text.encode()).hexdigest()[:8]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
