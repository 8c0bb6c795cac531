# tests/lint/format.py: clang-format has nothing to say
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Version 14, Debian 12's: others lay out some lines in another way.  Skipped where it is missing."""

import shutil
import subprocess
import sys

from tree import ROOT, files

SKIPPED = 77


def main():
    program = shutil.which("clang-format-14")
    if not program:
        print("clang-format-14 is not installed (Debian package clang-format-14)")
        sys.exit(SKIPPED)
    sys.exit(subprocess.run([program, "--dry-run", "-Werror", *files(".c", ".h")], cwd=ROOT).returncode)


main()
