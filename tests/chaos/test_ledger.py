# tests/chaos/test_ledger.py: the judge is judged: what it must find, and what it may excuse
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "functional"))

from chaos.faults import Fault  # noqa: E402
from chaos.ledger import Ledger, Readers  # noqa: E402
from chaos.text import FIND, hash_of, text_of  # noqa: E402

KEYS = ("ui0", "ni0", "ux1", "nx1")


def fault(kind="kill gateway", begin=100.0, end=None, networks="ix", accounts=None):
    made = Fault(1, kind)
    made.begin, made.end = begin, end or begin
    made.excuses_until = end or begin
    made.networks, made.accounts = networks, accounts
    return made


class Case:
    def __init__(self):
        self.ups = {}
        self.ledger = Ledger(KEYS, self.ups)

    def sent(self, key, number, when):
        self.ledger.sent(when, key, number)

    def got(self, key, number, when):
        self.ledger.delivered(when, key, number, hash_of(text_of(key, number)))

    def verdict(self, *faults):
        counts, found = self.ledger.judge(list(faults))
        return [(key, number, what, excuse is not None) for key, number, what, excuse in found]


def test_each_text_is_known_again_and_fits_a_line():
    for number in range(1000):
        text = text_of("ux1", number)
        assert FIND.search(text).groups() == ("ux1", str(number))
        assert len(text.encode()) < 240 and "\n" not in text and text == text.strip()


def test_delivered_once_and_returned_once_are_well():
    case = Case()
    case.sent("ui0", 0, 10), case.got("ui0", 0, 11)
    case.sent("ui0", 1, 12), case.ledger.returned(13, "ui0", 1)
    assert case.verdict() == []
    assert case.ledger.open_count() == 0


def test_lost_without_a_fault():
    case = Case()
    case.sent("ui0", 0, 10)
    assert case.verdict() == [("ui0", 0, "lost", False)]
    assert case.ledger.open_count() == 1


def test_doubled_in_every_way():
    case = Case()
    for number in range(3):
        case.sent("ux1", number, 10)
    case.got("ux1", 0, 11), case.got("ux1", 0, 12)
    case.got("ux1", 1, 12), case.ledger.returned(13, "ux1", 1)
    case.ledger.returned(13, "ux1", 2), case.ledger.returned(14, "ux1", 2)
    assert case.verdict() == [("ux1", number, "doubled", False) for number in range(3)]


def test_lost_in_the_instant_of_a_kill_is_unknowable():
    case = Case()
    for number, when in enumerate((98.5, 99.5, 100.5, 101.5)):
        case.sent("ui0", number, when)
    case.got("ui0", 0, 98.6)
    assert case.verdict(fault()) == [("ui0", 1, "lost", True), ("ui0", 2, "lost", True),
                                     ("ui0", 3, "lost", False)]


def test_what_is_sent_while_a_server_is_away_must_be_safe():
    case = Case()
    case.sent("ui0", 0, 101.5)
    away = fault("kill Prosody A", 100, 103)
    away.excuses_until = 100
    assert case.verdict(away) == [("ui0", 0, "lost", False)]


def test_a_stop_lasts_until_it_goes_on():
    case = Case()
    case.sent("ui0", 0, 102.5), case.sent("ui0", 1, 104.5)
    assert case.verdict(fault("stop gateway", 100, 103)) == [("ui0", 0, "lost", True),
                                                             ("ui0", 1, "lost", False)]


def test_a_fault_elsewhere_excuses_nothing():
    case = Case()
    case.sent("ui0", 0, 100)
    assert case.verdict(fault("kill host", accounts={"gw7"}), fault("restart ngircd", networks="x")) == \
        [("ui0", 0, "lost", False)]
    case = Case()
    case.sent("ux1", 0, 100)
    assert case.verdict(fault("kill host", accounts={"leg1"})) == [("ux1", 0, "lost", True)]


def test_one_that_waited_is_at_the_hop_when_its_turn_comes():
    case = Case()
    case.sent("ui0", 0, 50), case.sent("ui0", 1, 50), case.sent("ui0", 2, 50)
    case.got("ui0", 0, 99.8), case.got("ui0", 2, 110)
    assert case.verdict(fault()) == [("ui0", 1, "lost", True)]


def test_a_connection_that_came_up_brings_what_waited():
    case = Case()
    case.sent("ui0", 0, 50)
    case.ups["gw0"] = [40.0, 99.5]
    assert case.verdict(fault()) == [("ui0", 0, "lost", True)]


def test_a_fault_after_the_next_one_arrived_excuses_nothing():
    case = Case()
    case.sent("ui0", 0, 50), case.sent("ui0", 1, 51)
    case.ups["gw0"] = [99.5]
    case.got("ui0", 1, 52)
    assert case.verdict(fault()) == [("ui0", 0, "lost", False)]


def test_what_the_network_stored_is_safe_until_the_account_comes_back():
    case = Case()
    case.sent("nx1", 0, 100)
    case.ledger.offline("nx1", 0)
    assert case.verdict(fault()) == [("nx1", 0, "lost", False)]
    case.ups["leg1"] = [105.0]
    assert case.verdict(fault()) == [("nx1", 0, "lost", False)]
    assert case.verdict(fault(), fault(begin=105.5)) == [("nx1", 0, "lost", False)]  # paths are kept
    case.ledger.paths.clear()
    assert case.verdict(fault(), fault(begin=105.5)) == [("nx1", 0, "lost", True)]


def test_order():
    case = Case()
    for number in (0, 2, 1, 3):
        case.sent("nx1", number, 10), case.got("nx1", number, 11 + number)
    assert [entry[1:] for entry in case.ledger.disorder] == [("nx1", 1, 2)]
    case = Case()
    for number in (0, 2, 1, 3):
        case.sent("nx1", number, 10)
    case.ledger.offline("nx1", 1)
    for number in (0, 2, 1, 3):
        case.got("nx1", number, 11)
    assert case.ledger.disorder == []


def test_changed_text_and_messages_that_nobody_sent():
    case = Case()
    case.sent("ui0", 0, 10)
    case.ledger.delivered(11, "ui0", 0, "00000000")
    case.got("ui0", 5, 11)
    case.got("ui9", 0, 11)
    assert case.verdict() == []
    assert len(case.ledger.damaged) == 1 and len(case.ledger.strange) == 2


def test_logs_of_the_servers(tmp_path):
    case = Case()
    a, b = tmp_path / "a", tmp_path / "b"
    digest = hash_of(text_of("ux1", 0))
    a.write_text(f"10.0 h chat ux1.0 ux1 0 1 {digest}\n"
                 "11.0 h chat ux1.1 ux1 1 1 x\n" "12.0 r error ux1.1 - - 0 -\n"
                 "13.0 b chat ux1.2 ux1 2 1 x\n"
                 "14.0 h chat ux1.3 ux1 3 1 x\n" "15.0 r chat some-id ux1 3 30 x\n"
                 f"16.1 r chat some-id nx1 0 1 {hash_of(text_of('nx1', 0))}\n")
    b.write_text(f"10.1 s chat purple1 ux1 0 1 {digest}\n"
                 "16.0 s chat nx1.0 nx1 0 1 x\n" "16.0 o chat nx1.0 nx1 0 1 x\n" "17.0 s chat nx1.1 nx")
    readers = Readers(case.ledger, str(a), str(b))
    readers.read()
    counts, found = case.ledger.judge([])
    assert found == [] and not case.ledger.strange and not case.ledger.damaged
    assert counts["ux"]["sent"] == 4 and counts["ux"]["returned"] == 3
    assert counts["nx"]["sent"] == 1 and counts["nx"]["delivered"] == 1
    with open(b, "a") as log:  # the rest of a line that was half written
        log.write("1 1 1 x\n")
    readers.read()
    assert case.ledger.judge([])[1] == [("nx1", 1, "lost", None)]
