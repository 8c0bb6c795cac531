# tests/functional/test_ejabberd.py: the main job on ejabberd
#
# Registration, log-in and chat with both networks; what is special about a network or a server is
# tested elsewhere, on Prosody.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import pytest

import test_smoke


@pytest.fixture
def world(ejabberd_world):
    return ejabberd_world


def test_irc_on_ejabberd(world, gateway):
    test_smoke.test_irc_both_ways(world, gateway)


def test_xmpp_on_ejabberd(world, gateway):
    test_smoke.test_xmpp_both_ways(world, gateway)
