# tests/lint/conventions.py: first lines, licences, and what must not stand in the tree
#
# SPDX-License-Identifier: GPL-2.0-or-later

import ast
import re
import subprocess

from tree import ROOT, Report, files, read

SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
TEXT = (".c", ".h", ".py", ".sh", ".txt", ".cmake", ".md", ".json", ".lua", ".yml", ".xml", ".service",
        ".sample", ".5", ".8", ".dict", ".supp")
PROGRAMS = ["check", "quickstart", ".ci/run"]

# Somebody's machine or secret, in a file that all read.
FORBIDDEN = [
    (re.compile(r"(?<![\w.])/(home|root|Users|wor" + r"k)/[\w.]"), "a path of somebody's machine"),
    (re.compile("BEGIN [A-Z ]*PRIVATE KE" + "Y"), "a private key"),
    (re.compile(r"(<<<<<<<|>>>>>>>) "), "a merge that was not finished"),
]


def check_text(path, text, report):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in FORBIDDEN:
            if pattern.search(line):
                report.problem(path, number, what)
        if line != line.rstrip() and not path.endswith(".md"):
            report.problem(path, number, "white space at the end of the line")
    if text and not text.endswith("\n"):
        report.problem(path, text.count("\n") + 1, "no newline at the end of the file")


def check_head(path, text, report):
    start = {"c": "/* ", "h": "/* ", "py": "# "}.get(path.rpartition(".")[2])
    if start and not re.match(re.escape(f"{start}{path}: ") + r"\S", text):
        report.problem(path, 1, f"the first line is not '{start}{path}: what it is'")
    if (start or path in PROGRAMS) and SPDX not in text[:3000]:
        report.problem(path, 1, f"no '{SPDX}'")


def check_syntax(path, text, report):
    if path.endswith(".py"):
        try:
            ast.parse(text)
        except SyntaxError as error:
            report.problem(path, error.lineno, error.msg)
    elif path in PROGRAMS or path.endswith(".sh"):
        result = subprocess.run(["bash", "-n", path], cwd=ROOT, capture_output=True, text=True)
        if result.returncode != 0:
            report.problem(path, 1, result.stderr)
        if path in PROGRAMS and "set -euo pipefail" not in text:
            report.problem(path, 1, "no 'set -euo pipefail'")


def main():
    report = Report()
    for path in files():
        # Inputs of fuzzers may be anything.
        if path.startswith("tests/fuzz/corpus/") or not (path.endswith(TEXT) or path in PROGRAMS):
            continue
        report.checked += 1
        text = read(path)
        check_text(path, text, report)
        check_head(path, text, report)
        check_syntax(path, text, report)
    report.end()


main()
