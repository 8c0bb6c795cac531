# tests/chaos/chaos/watch.py: memory, descriptors and processes of the gateway and its hosts
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os

from lib.process import children_of, is_alive, resident_kib


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


class Watch:
    def __init__(self, gateway_folder):
        self.folder = os.path.realpath(gateway_folder)
        self.most_gateway = self.most_host = 0  # KiB
        self.most_hosts = 0
        self.most_descriptors = 0

    def sample(self, pid):
        if not is_alive(pid):
            return
        try:
            self.most_gateway = max(self.most_gateway, resident_kib(pid))
            hosts = children_of(pid)
            self.most_hosts = max(self.most_hosts, len(hosts))
            self.most_descriptors = max(self.most_descriptors, descriptors(pid))
            for host in hosts:
                self.most_host = max(self.most_host, resident_kib(host))
        except OSError:
            pass  # it ended meanwhile

    def strays(self, pid):
        """Processes that began in the gateway's folder (all hosts of all gateways did) and are
        neither this gateway nor its children; and its zombies."""
        family = {pid, *children_of(pid)} if pid else set()
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) not in family:
                try:
                    if os.readlink(f"/proc/{entry}/cwd") == self.folder:
                        found.append(int(entry))
                except OSError:
                    continue
        return found + [child for child in family - {pid} if not is_alive(child)]
