# tests/functional/host/test_looks.py: the user's own picture and nickname, given to a plugin
# SPDX-License-Identifier: GPL-2.0-or-later
"""prpl-mock takes PNG and GIF of 32 x 32 to 96 x 96 pixels and 10,000 bytes, and says what it was
given as "looks"."""
import base64
import hashlib
import os

import pytest

from hostlib import BUILD

PLUGINS = ("--plugin-path", os.path.join(BUILD, "tests", "plugins"))


def png(name=b"one", width=64, height=64, size=200):
    data = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return (data + name).ljust(size, b"\0")


def encoded(picture):
    return base64.b64encode(picture).decode()


def icon(picture):
    return "icon " + hashlib.sha1(picture).hexdigest()


@pytest.fixture
def mock(start_host):
    return start_host("prpl-mock", args=PLUGINS)


def told(host):
    return host.expect("message", contact="looks")["text"]


def told_nothing(host):
    host.sync()
    assert not [line for line in host.lines if line["type"] in ("message", "notice")]


def test_hello_says_whether_there_are_pictures(mock, irc_host, xmpp_host):
    for host, expected in ((mock, True), (irc_host, False), (xmpp_host, True)):
        assert host.hello["protocol"]["picture"] is expected
        host.close()


def test_picture_and_name_are_set_changed_and_taken_back(mock):
    mock.login(username="juliet")
    told_nothing(mock)
    for name in (b"one", b"two"):
        mock.send(type="avatar", account=1, data=encoded(png(name)), media="image/png")
        assert told(mock) == icon(png(name))
        mock.send(type="nick", account=1, name=f"Juliet {name.decode()} <x> & co")
        assert told(mock) == f"alias Juliet {name.decode()} <x> & co"
    mock.send(type="avatar", account=1)
    assert told(mock) == "icon none"
    mock.send(type="nick", account=1)
    assert told(mock) == "alias none"
    mock.send(type="avatar", account=1)  # there is none
    told_nothing(mock)
    mock.close()


def test_log_in_begins_with_them_and_gives_the_network_what_is_new(mock):
    looks = {"data": encoded(png()), "media": "image/png", "name": "Juliet\nCapulet"}
    for number, new in ((1, True), (2, False)):  # the network remembers the name
        mock.login(account=number, username="juliet", **looks)
        if new:
            assert told(mock) == "alias Juliet Capulet"
        assert told(mock) == "log-in with a picture"
        told_nothing(mock)
        mock.send(type="logout", account=number)
        mock.expect("state", account=number, state="offline")
        mock.lines.clear()
    mock.login(account=3, username="juliet")  # nothing is known: nothing is touched
    told_nothing(mock)
    mock.close()


@pytest.mark.parametrize("picture, why", [
    (png(width=97), "97 x 64 pixels"), (png(height=31), "64 x 31 pixels"),
    (png(size=10001), "10001 bytes"), (b"\xff\xd8\xff\xe0" + bytes(100), "image/jpeg"),
    (b"text", "it is none"), (b"\x89PNG\r\n\x1a\n", "0 x 0 pixels")],
    ids=["wide", "low", "large", "jpeg", "text", "cut"])
def test_what_does_not_fit_is_left_out(mock, picture, why):
    mock.login(username="juliet")
    mock.send(type="avatar", account=1, data=encoded(png()))
    assert told(mock) == icon(png())
    mock.send(type="avatar", account=1, data=encoded(picture))
    assert why in mock.expect("notice")["text"]  # he has just chosen it
    assert told(mock) == "icon none"             # and does not show the one before any more
    mock.login(account=2, username="nurse", data=encoded(picture), name="refused")
    told_nothing(mock)
    logs = [line["text"] for line in mock.logs]
    assert len([text for text in logs if why in text]) == 2
    assert [text for text in logs if "refused the user's nickname: no such names" in text]
    mock.close()


def test_lines_while_the_account_logs_in_or_has_gone(mock):
    mock.send(type="login", account=1, username="broken", data=encoded(png()), name="x")
    mock.send(type="avatar", account=1, data=encoded(png(b"two")))
    mock.send(type="nick", account=1, name="y")
    mock.expect("state", state="offline")
    mock.send(type="avatar", account=1, data=encoded(png()))
    mock.send(type="nick", account=1, name="y")
    told_nothing(mock)
    mock.close()


def test_a_plugin_without_pictures(irc_host, irc_server):
    irc_host.login(username=f"nick@127.0.0.1", values={"port": str(irc_server.port)},
                   data=encoded(png()), name="Nick")
    irc_host.send(type="avatar", account=1, data=encoded(png()))
    assert "no pictures" in irc_host.expect("notice")["text"]
    irc_host.send(type="nick", account=1, name="Nick")
    irc_host.send(type="nick", account=1)
    told_nothing(irc_host)
    irc_host.close()
