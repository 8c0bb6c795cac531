# tests/lint/includes.py: who may include what, as the law of the folders says
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""The first row of LAW whose pattern fits a file says which of our folders and which libraries it may
include.  Headers of the C library and of the kernel are free for all.  A header of a library that is
not in LIBRARIES is an error: a new dependency is a decision, and is written down here."""

import fnmatch
import os
import re

from tree import ROOT, Report, files, read

LIBRARIES = {
    "glib": r"(glib|gmodule)(\.h|/)|glib-unix\.h|glib-object\.h",
    "gio": r"gio/",
    "expat": r"expat",
    "libidn": r"(stringprep|idna|punycode|idn-free|pr29|tld)\.h",
    "sqlite": r"sqlite3",
    "sodium": r"sodium(\.h|/)",
    "libpurple": r"(libpurple/|purple\.h)",
    "libsoup": r"libsoup/",
    "jansson": r"jansson",
    "libpng": r"png\.h",
    "libpq": r"libpq",
}

GLIB = ["glib", "gio"]
# What a protocol host may see of us.
LINK = ["transport/link.h", "transport/protocol.h", "transport/scoreboard.h", "transport/secret.h",
        "transport/timers.h", "transport/turn.h", "transport/image.h"]

LAW = [
    # pattern, our folders and headers, libraries
    ("component/xml.c", ["component/", "transport/arena.h"], GLIB + ["expat"]),
    ("component/jid.c", ["component/"], GLIB + ["libidn"]),
    ("component/*", ["component/", "transport/", "conf/"], GLIB + ["libidn"]),
    # cw_link is shared with the hosts: it knows nothing of the gateway.
    ("transport/link*", LINK + ["transport/json.h", "transport/link-values.h"], GLIB),
    ("transport/timers*", ["transport/timers.h"], GLIB),
    ("transport/turn*", ["transport/turn.h"], GLIB),
    ("transport/json*", ["transport/json.h", "transport/arena.h"], GLIB),
    ("transport/arena*", ["transport/arena.h"], GLIB),
    ("transport/protocol*", LINK, GLIB),
    ("transport/scoreboard*", LINK, GLIB),
    ("transport/secret*", LINK, GLIB),
    ("transport/backoff*", ["transport/backoff.h"], GLIB),
    ("transport/image*", ["transport/image.h"], GLIB),
    ("transport/seal.c", ["transport/seal.h", "transport/secret.h"], GLIB + ["sodium"]),
    ("transport/store*.c", ["transport/"], GLIB + ["sqlite"]),
    ("transport/*", ["transport/", "conf/"], GLIB),
    ("protocols/purple/*", LINK + ["protocols/purple/"], GLIB + ["libpurple"]),
    ("protocols/agents/*", LINK + ["protocols/agents/"], GLIB + ["libsoup", "jansson", "expat", "libpng"]),
    ("protocols/*", LINK, GLIB),
    ("conf/*", ["conf/"], ["glib"]),
    ("tests/*", ["component/", "transport/", "conf/", "protocols/", "tests/"], list(LIBRARIES)),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
SYSTEM_FOLDERS = ["/usr/include", "/usr/include/x86_64-linux-gnu"]
COMPILER_HEADERS = {"float.h", "limits.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
                    "stdatomic.h", "sanitizer/asan_interface.h", "sanitizer/lsan_interface.h"}


def library_of(header):
    for name, pattern in LIBRARIES.items():
        if re.match(pattern, header):
            return name
    # libpurple's headers are also included without its folder.
    if os.path.exists(f"/usr/include/libpurple/{header}"):
        return "libpurple"
    return None


def is_system(header):
    """Of the C library or the kernel: in no folder but these."""
    if header in COMPILER_HEADERS:
        return True
    folder, _, _ = header.rpartition("/")
    free = ("", "sys", "net", "netinet", "arpa", "linux", "bits", "asm")
    return folder in free and any(os.path.exists(f"{root}/{header}") for root in SYSTEM_FOLDERS)


def check(path, report):
    ours, libraries = next((row[1:] for row in LAW if fnmatch.fnmatch(path, row[0])), ([], []))
    # A .c that shares its struct with another has X-private.h, which includes X.h.
    own_headers = [path[:-2] + ending for ending in (".h", "-private.h")
                   if path.endswith(".c") and os.path.exists(os.path.join(ROOT, path[:-2] + ending))]
    first = True
    for number, line in enumerate(read(path).splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        if first and own_headers and header not in own_headers:
            report.problem(path, number, f"includes its own header \"{own_headers[0]}\" not first")
        first = False
        if quote == '"':
            if not os.path.exists(os.path.join(ROOT, header)):
                report.problem(path, number, f"\"{header}\" is not a path from the root of the tree")
            elif not any(header.startswith(allowed) for allowed in ours):
                report.problem(path, number, f"may not include \"{header}\"")
            continue
        library = library_of(header)
        if library and library not in libraries:
            report.problem(path, number, f"may not use {library} (<{header}>)")
        elif not library and not is_system(header):
            report.problem(path, number, f"<{header}> is of no library that {__file__} knows")


def main():
    report = Report()
    for path in files(".c", ".h"):
        report.checked += 1
        check(path, report)
    report.end()


main()
