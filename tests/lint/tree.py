# tests/lint/tree.py: which files are ours, and how a check reports
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOT_OURS = {".git", "build", ".sandbox", "__pycache__", ".pytest_cache"}


def files(*endings, under="."):
    """Paths from the root of the tree, sorted; no endings: all files."""
    found = []
    for folder, folders, names in os.walk(os.path.join(ROOT, under)):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        for name in sorted(names):
            if not endings or name.endswith(endings):
                found.append(os.path.relpath(os.path.join(folder, name), ROOT))
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


class Report:
    """Collects problems; ends the program with 1 when there were any, or when nothing was looked at."""

    def __init__(self):
        self.problems = 0
        self.checked = 0

    def problem(self, path, line, text):
        self.problems += 1
        print(f"{path}:{line}: {text}")

    def end(self):
        print(f"{self.checked} files checked, {self.problems} problems")
        sys.exit(1 if self.problems or not self.checked else 0)
