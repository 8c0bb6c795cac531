# tests/lint/headers.py: every header compiles on its own, and has #pragma once
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from tree import ROOT, Report, files, read

PACKAGES = ["glib-2.0", "gio-unix-2.0", "expat", "libidn", "sqlite3", "libsodium", "purple"]


def main():
    report = Report()
    flags = subprocess.run(["pkg-config", "--cflags", *PACKAGES], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    command = ["cc", "-std=gnu17", "-D_GNU_SOURCE", '-DCW_VERSION="0"', "-Wall", "-Wextra", "-Werror",
               "-Wno-unused-parameter", "-fsyntax-only", "-I.", *flags, "-x", "c", "-"]

    def compile_alone(path):
        # Included, and twice: not as the main file, where #pragma once is a warning.
        text = f'#include "{path}"\n#include "{path}"\n'
        return subprocess.run(command, input=text, text=True, cwd=ROOT, capture_output=True)

    paths = files(".h")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, result in zip(paths, pool.map(compile_alone, paths)):
            report.checked += 1
            if result.returncode != 0:
                report.problem(path, 1, "does not compile on its own:\n" + result.stderr)
            if "\n#pragma once\n" not in read(path):
                report.problem(path, 1, "has no #pragma once")
    report.end()


main()
