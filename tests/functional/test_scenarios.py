# tests/functional/test_scenarios.py: plays the scenarios of tests/scenarios, all in one world
#
# SPDX-License-Identifier: GPL-2.0-or-later

import glob
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import World, run_server
from lib.gateway import ROOT, Gateway, find_program
from lib.servers import Ngircd

FOLDER = os.path.join(ROOT, "tests", "scenarios")
sys.path.insert(0, FOLDER)

from reader import Play, read  # noqa: E402
from stage import IrcStage, XmppStage  # noqa: E402

AT_ONCE = 4
STAGES = {"irc": IrcStage, "xmpp": XmppStage}  # by the first word of the file's name
SCENARIOS = [(os.path.basename(path), scenario)
             for path in sorted(glob.glob(os.path.join(FOLDER, "*.txt"))) for scenario in read(path)]


@pytest.fixture(scope="module")
def ircd():
    yield from run_server(Ngircd(extra="[Operator]\nName = prince\nPassword = verona"))


@pytest.fixture(scope="module")
def shared_gateway(prosody, other_prosody, ircd):
    """One for all scenarios; judged at its end as every gateway is."""
    if not find_program("causeway"):
        pytest.skip("causeway is not built")
    transports = World(prosody, other_prosody, ircd).transports()
    gateway = Gateway(server_port=prosody.component_port, transports=transports).start()
    yield gateway
    gateway.stop()
    gateway.remove_folder()


def play(file, scenario, world):
    """What went wrong; None: nothing."""
    try:
        Play(scenario, STAGES[file.partition("-")[0]](world)).run()
    except AssertionError as failure:
        return str(failure)
    finally:
        world.close_all()
    return None


@pytest.fixture(scope="module")
def played(prosody, other_prosody, ircd, shared_gateway, request):
    """Those that were asked for, a few at a time: people wait more than programs work."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {item.name: pool.submit(play, *item.callspec.params.values(),
                                      World(prosody, other_prosody, ircd))
               for item in request.session.items if item.originalname == "test_scenario"}


@pytest.mark.parametrize("file, scenario", SCENARIOS,
                         ids=[f"{file}-{scenario.title}" for file, scenario in SCENARIOS])
def test_scenario(file, scenario, played, request):
    problem = played[request.node.name].result()
    if problem:
        pytest.fail(problem, pytrace=False)
