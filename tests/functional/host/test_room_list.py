# tests/functional/host/test_room_list.py: room lists of causeway-purple
# SPDX-License-Identifier: GPL-2.0-or-later
import itertools
import os

import pytest

from hostlib import ROOT
from test_rooms_xmpp import MUC, Room

_numbers = itertools.count(1)
PLUGINS = os.path.join(ROOT, os.environ.get("CAUSEWAY_BUILD", "build/dev"), "tests", "plugins")


def ask(host, account=1):
    number = host.next_id()
    host.send(type="rooms", account=account, id=number)
    return number


def rooms(host, number):
    """name -> {column: value}, and in how many lines they came."""
    found, lines, more = {}, 0, True
    while more:
        line = host.expect("rooms", id=number)
        columns = [field["name"] for field in line["fields"]]
        found.update((one["contact"], dict(zip(columns, one["values"]))) for one in line["found"])
        lines, more = lines + 1, line.get("more", False)
    return found, lines


def test_channels_of_irc(irc_host, irc_server, irc_contact):
    number = next(_numbers)
    bob, carol = irc_contact(f"rlbob{number}"), irc_contact(f"rlcarol{number}")
    for who, name in ((bob, "one"), (bob, "two"), (carol, "one")):
        who.raw(f"JOIN #rl{name}{number}")
        who.wait(lambda l: " 366 " in l)
    bob.raw(f"TOPIC #rlone{number} :Two <households> & more")
    bob.wait(lambda l: " TOPIC " in l)
    irc_host.login(username=f"rlalice{number}@127.0.0.1", values={"port": str(irc_server.port)})
    for _ in range(2):
        found, lines = rooms(irc_host, ask(irc_host))
        assert lines == 1
        assert found[f"#rlone{number}"] == {"users": "2", "topic": "Two <households> & more"}
        assert found[f"#rltwo{number}"] == {"users": "1", "topic": ""}
    irc_host.close()


def test_rooms_of_xmpp(xmpp_host, xmpp_server, juliet, romeo):
    """Right behind the log-in the plugin does not know yet which server has the rooms."""
    room = Room(xmpp_host, xmpp_server, juliet, romeo)
    assert rooms(xmpp_host, ask(xmpp_host))[1] == 1
    room.raw(f"<iq type='set' to='{room.name}' id='n'><query xmlns='{MUC}#owner'><x type='submit' "
             f"xmlns='jabber:x:data'><field var='FORM_TYPE'><value>{MUC}#roomconfig</value></field>"
             "<field var='muc#roomconfig_publicroom'><value>1</value></field>"
             "<field var='muc#roomconfig_roomname'><value>Two &lt;households></value></field></x>"
             "</query></iq>")
    found = None
    while found != {"topic": "Two <households>"}:  # until the room has taken it
        found = rooms(xmpp_host, ask(xmpp_host))[0].get(room.name)
    xmpp_host.never("question", seconds=0.1)
    xmpp_host.close()


@pytest.fixture
def mock(start_host):
    return start_host("prpl-mock", args=["--plugin-path", PLUGINS])


def test_a_long_list_comes_in_pieces(mock):
    mock.login(username="list 1200")
    found, lines = rooms(mock, ask(mock))
    assert len(found) == 1200 and lines == 3
    assert found["Room7"] == {"users": "7", "topic": "about <7> & more"}
    assert found["Room8"] == {"users": "8", "topic": ""}
    mock.close()


def test_a_list_that_is_too_long_is_cut_off(mock):
    mock.login(username="list 10100")
    found, _ = rooms(mock, ask(mock))
    assert len(found) == 10000 and "Room10000" in found
    mock.sync()
    mock.close()


def test_an_empty_list(mock):
    mock.login(username="list 0")
    assert rooms(mock, ask(mock)) == ({}, 1)
    mock.close()


def test_a_list_that_does_not_end(mock):
    """One at a time; and it is no hindrance to the log-out."""
    mock.login(username="endless")
    ask(mock)
    assert mock.expect("nack", id=ask(mock))["reason"] == "rate"
    mock.send(type="logout", account=1)
    mock.expect("state", state="offline")
    mock.login(username="list 2")
    assert len(rooms(mock, ask(mock))[0]) == 2
    mock.close()


def test_a_list_that_fails(mock):
    mock.login(username="error")
    nack = mock.expect("nack", id=ask(mock))
    assert nack["reason"] == "other" and "It went wrong" in nack["text"]
    mock.never("notice", seconds=0.2)
    mock.close()


def test_an_error_about_something_else(mock):
    mock.login(username="strange")
    number = ask(mock)
    assert "It went wrong" in mock.expect("notice")["text"]
    assert rooms(mock, number) == ({}, 1)
    mock.close()


def test_no_list_and_no_account(mock):
    mock.login(username="silent")
    assert mock.expect("nack", id=ask(mock))["reason"] == "no-contact"
    assert mock.expect("nack", id=ask(mock, account=2))["reason"] == "not-online"
    mock.close()
