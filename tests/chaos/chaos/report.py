# tests/chaos/chaos/report.py: the table at the end, and the verdict
#
# SPDX-License-Identifier: GPL-2.0-or-later

from .faults import stamp
from .ledger import WAYS, histories

UNKNOWABLE_MOST = 1 / 1000
RETURNED_MOST = 1 / 10  # messages that wait go out later: few come back
# KiB of resident memory: (release, with sanitizers)
CEILING_GATEWAY = (64 * 1024, 512 * 1024)
CEILING_HOST = (48 * 1024, 384 * 1024)
DESCRIPTORS_MORE = 4  # at the calm end than at the calm start, apart from those of further hosts
DESCRIPTORS_HOST = 3


def leaks(before, after, watch, sanitized):
    """`before` and `after`: (descriptors, hosts) of the gateway."""
    problems = []
    print(f"\nmemory (KiB, most): gateway {watch.most_gateway}, a host {watch.most_host}; hosts at most "
          f"{watch.most_hosts}; descriptors of the gateway: {before[0]} at the start with {before[1]} "
          f"hosts, {after[0]} at the end with {after[1]}, most {watch.most_descriptors}")
    if watch.most_gateway > CEILING_GATEWAY[sanitized]:
        problems.append(f"the gateway's memory is over {CEILING_GATEWAY[sanitized]} KiB")
    if watch.most_host > CEILING_HOST[sanitized]:
        problems.append(f"a host's memory is over {CEILING_HOST[sanitized]} KiB")
    more_hosts = max(0, after[1] - before[1])
    if after[0] > before[0] + DESCRIPTORS_MORE + more_hosts * DESCRIPTORS_HOST:
        problems.append("descriptors leak")
    return problems


def print_report(world, faults, problems, arguments):
    ledger, most = world.ledger, arguments.list
    counts, found = ledger.judge(faults.done)
    columns = ("sent", "delivered", "returned", "lost", "doubled", "unknowable")

    print(f"\n{'':<14}" + "".join(f"{column:>12}" for column in columns))
    total = dict.fromkeys(columns, 0)
    for way, count in counts.items():
        print(f"{WAYS[way]:<14}" + "".join(f"{count[column]:>12}" for column in columns))
        for column in columns:
            total[column] += count[column]
    print(f"{'all':<14}" + "".join(f"{total[column]:>12}" for column in columns))

    unknowable = [entry for entry in found if entry[3]]
    bad = [entry for entry in found if not entry[3]]
    if unknowable:
        print(f"\nunknowable ({len(unknowable)}):")
        past = histories([e[:2] for e in unknowable[:most]] if arguments.history else [],
                         world.logs.items())
        for key, number, what, (hop, fault) in unknowable[:most]:
            print(f"  {key} {number}: {what}; hop {hop}; {fault}; sent {stamp(ledger.streams[key].sent[number])}")
            for time, line in past.get((key, number), ()):
                print(f"      {stamp(time)} {line}")
    if bad:
        shown = [e for e in bad if e[2] == "lost"][:most] + [e for e in bad if e[2] == "doubled"][:most]
        past = histories([entry[:2] for entry in shown], world.logs.items())
        print(f"\nlost or doubled without excuse ({len(bad)}):")
        for key, number, what, _ in shown:
            stream = ledger.streams[key]
            at = stream.sent[number]
            until = max([at + 30] + [time for time, _ in past[(key, number)]])
            near = [f for f in faults.done if f.hits(stream) and at - 10 < f.begin < until][:6]
            print(f"  {key} {number}: {what}")
            for time, line in past[(key, number)]:
                print(f"      {stamp(time)} {line}")
            for fault in near:
                print(f"      ({fault}, over {stamp(fault.end)})")
    for name, lines in (("out of order", ledger.disorder), ("changed text", ledger.damaged),
                        ("own words that came back", ledger.echoes), ("strange", ledger.strange)):
        if lines:
            print(f"\n{name} ({len(lines)}):")
            for when, key, number, *more in lines[:most]:
                print(f"  {stamp(when)} {key} {number} {' '.join(map(str, more))}")
            problems.append(f"{name}: {len(lines)}")

    if total["lost"] or total["doubled"]:
        problems.append(f"{total['lost']} lost, {total['doubled']} doubled")
    if total["unknowable"] > total["sent"] * UNKNOWABLE_MOST:
        problems.append(f"{total['unknowable']} of {total['sent']} are unknowable, more than 1 in "
                        f"{1 / UNKNOWABLE_MOST:.0f}")
    if total["returned"] > total["sent"] * RETURNED_MOST:
        problems.append(f"{total['returned']} of {total['sent']} came back, more than 1 in "
                        f"{1 / RETURNED_MOST:.0f}")
    print(f"\nseed {arguments.seed}: lost {total['lost']}, doubled {total['doubled']}, unknowable "
          f"{total['unknowable']} of {total['sent']}; {len(faults.done)} faults")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0
