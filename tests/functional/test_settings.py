# tests/functional/test_settings.py: the command line, the settings file and the store at start
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""What SIGHUP does is in test_session.py, every key and value in tests/unit/conf."""

import os
import pathlib
import re
import shutil
import socket
import sqlite3
import stat
import subprocess

import pytest

from conftest import IRC, XMPP
from lib.gateway import Gateway, find_program
from lib.registration import is_registered, plain, register, wait_online
from lib.servers import SECRET
from lib.waiting import TIMEOUT, free_port
from lib.xmppclient import condition

ROOT = pathlib.Path(__file__).parents[2]
CONFIG_ERROR = 78  # EX_CONFIG of sysexits.h

GOOD = f"""[server]
host = 127.0.0.1
port = 5347

[store]
path = causeway.db

[programs]
purple = {find_program("causeway-purple")}

[transport irc.example.com]
secret = s3cret   # with a comment
protocol = purple:prpl-irc
"""


def causeway(*arguments, **environment):
    result = subprocess.run([find_program("causeway"), *arguments], capture_output=True, text=True,
                            timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8", **environment})
    assert "Sanitizer" not in result.stderr and "CRITICAL" not in result.stderr, result.stderr
    return result


@pytest.fixture
def check(tmp_path):
    """check(TEXT) writes the settings and checks them."""
    path = tmp_path / "causeway.conf"

    def check_it(text, mode=0o600):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        result = causeway("--check-config", "--config", str(path))
        result.path = str(path)
        return result
    return check_it


# ---- the command line ----

def test_help_and_version():
    result = causeway("--help")
    assert result.returncode == 0
    for word in ("--config", "--check-config", "--version", "causeway.conf(5)", "HUP"):
        assert word in result.stdout
    result = causeway("--version")
    assert result.returncode == 0 and result.stdout.startswith("causeway ")
    assert len(result.stdout.split()) == 2 and result.stderr == ""


@pytest.mark.parametrize("arguments", [[], ["--check-config"], ["--nonsense"], ["file"],
                                       ["--config"], ["--config", "x", "y"]])
def test_wrong_arguments(arguments):
    result = causeway(*arguments)
    assert result.returncode == CONFIG_ERROR
    assert result.stderr.startswith("causeway: ") and result.stdout == ""
    assert "--config" in result.stderr or "--help" in result.stderr


# ---- the settings file ----

def test_check_config_reads_the_icon(check, tmp_path):
    icon = tmp_path / "icon.png"
    text = GOOD + "icon = icon.png\n"
    for content, expected in ((None, "No such file"), (b"a text", "is no picture, expected a PNG or JPEG file"),
                              (b"\x89PNG\r\n\x1a\n" + bytes(300000), "raise [limits] avatar-size")):
        if content is not None:
            icon.write_bytes(content)
        result = check(text)
        assert result.returncode == CONFIG_ERROR
        for words in (result.path, "[transport irc.example.com] icon", str(icon), expected):
            assert words in result.stderr, result.stderr
    icon.write_bytes((ROOT / "conf" / "icons" / "irc.png").read_bytes())
    assert check(text).returncode == 0


def test_check_config_of_a_good_file(check):
    result = check(GOOD)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{result.path}: in order; 1 transport\n" and result.stderr == ""
    assert os.listdir(os.path.dirname(result.path)) == ["causeway.conf"]  # nothing is made


def test_check_config_of_the_sample(tmp_path):
    """As it is shipped, it is in order or says what to fill in."""
    sample = os.path.join(os.path.dirname(__file__), "..", "..", "conf", "causeway.conf.sample")
    result = causeway("--check-config", "--config", sample)
    assert result.returncode in (0, CONFIG_ERROR)
    assert result.returncode == 0 or sample in result.stderr


@pytest.mark.parametrize("old, new, expected", [
    ("port = 5347", "port = many", ["[server] port", "'many'", "number"]),
    ("port = 5347", "port = 70000", ["[server] port", "'70000'", "65535"]),
    ("port = 5347", "prot = 5347", ["[server] prot", "does not exist", "'port'"]),
    ("[server]", "[sever]", ["[sever]", "does not exist", "'server'"]),
    ("host = 127.0.0.1", "host = xmpp.example.com", ["[server] host", "loopback",
                                                     "allow-plaintext"]),
    ("protocol = purple:prpl-irc", "", ["[transport irc.example.com] protocol", "found nothing"]),
    ("protocol = purple:prpl-irc", "protocol = irc", ["[transport irc.example.com] protocol",
                                                      "'irc'", "KIND:NAME"]),
    ("protocol = purple:prpl-irc", "protocol = gopher:hole", ["protocol", "gopher:hole",
                                                             "purple:PLUGIN-ID"]),
    ("secret = s3cret", "#", ["[transport irc.example.com] secret", "secret-file"]),
    ("secret = s3cret", "secret-file = none", ["[transport irc.example.com] secret-file", "none"]),
    ("[transport irc.example.com]", "[transport]", ["[transport]", "DOMAIN"]),
    ("[transport irc.example.com]", "[transport a b]", ["[transport a b]", "DOMAIN"]),
    ("[server]", "[limits]\nstanza-size = -1\n[server]", ["[limits] stanza-size", "'-1'"]),
    ("[server]", "[timing]\nlogin-timeout = soon\n[server]", ["[timing] login-timeout", "'soon'"]),
    ("[server]", "what is this\n[server]", ["line 1", "KEY = VALUE"]),
    ("[store]", "[server]", ["line 5", "second time"]),
    ("purple = ", "purple = /nonexistent", ["[programs] purple", "/nonexistent",
                                            "causeway-purple"]),
])
def test_check_config_names_file_section_key_and_what_was_expected(check, old, new, expected):
    assert old in GOOD
    result = check(GOOD.replace(old, new, 1))
    assert result.returncode == CONFIG_ERROR and result.stdout == ""
    assert result.stderr.startswith(f"causeway: {result.path}: ")
    assert result.stderr.count("\n") == 1  # one line
    for word in expected:
        assert word in result.stderr, result.stderr
    assert "s3cret" not in result.stderr


@pytest.mark.parametrize("text", ["", "\n\n", "[server]\nport = 1\n", "\x00\x01\x02", b"\xff\xfe",
                                  "[", "=", "[server]\nhost", "#" * 2000000],
                         ids=["empty", "lines", "incomplete", "control", "bytes", "bracket", "equals",
                              "key", "huge"])
def test_broken_files(check, text):
    result = check(text)
    assert result.returncode == CONFIG_ERROR and result.stderr.startswith("causeway: ")


def test_no_such_file(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        for arguments in (["--check-config"], []):
            result = causeway(*arguments, "--config", str(path))
            assert result.returncode == CONFIG_ERROR
            assert f"{path}: cannot be read" in result.stderr


def test_broken_file_at_start_is_like_broken_file_at_check(check, tmp_path):
    checked = check(GOOD.replace("5347", "x"))
    started = causeway("--config", checked.path)
    assert (started.returncode, started.stderr) == (CONFIG_ERROR, checked.stderr)
    assert os.listdir(tmp_path) == ["causeway.conf"]


def test_a_secret_that_others_can_read_is_a_warning(check):
    result = check(GOOD, mode=0o644)
    assert result.returncode == 0
    assert "others on this machine can read it" in result.stderr and "s3cret" not in result.stderr


def test_secret_file(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port, transports={
        IRC: {**world.irc_transport(), "secret-file": "secrets/irc"}})
    os.mkdir(os.path.join(gateway.folder, "secrets"))
    path = os.path.join(gateway.folder, "secrets", "irc")  # beside the settings file
    with open(path, "w") as file:
        file.write(SECRET + "\n")
    os.chmod(path, 0o600)
    gateway.start()
    assert SECRET not in gateway.log_text()


# ---- the store ----

class Starter:
    """A gateway that has run once, without a server, and is started again."""

    def __init__(self, gateway_factory):
        self.gateway = gateway_factory(server_port=free_port(), transports={
            IRC: {"protocol": "purple:prpl-irc"}})

    def run_once(self):
        before = len(self.gateway.log_text())
        self.gateway.exit_expected = 0
        self.gateway.start(wait=False)
        self.gateway.wait_log("starts with 1 transport", start=before)
        self.gateway.stop()

    def fail(self):
        """Starts and ends at once; returns the log."""
        before = len(self.gateway.log_text())
        self.gateway.exit_expected = 1
        self.gateway.start(wait=False)
        self.gateway.process.wait(TIMEOUT)
        log = self.gateway.log_text()[before:]
        assert "cannot open the store" in log and "starts with" not in log
        self.gateway.stop()
        return log


@pytest.fixture
def starter(gateway_factory):
    return Starter(gateway_factory)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_store_and_key_are_private(starter):
    gateway = starter.gateway
    starter.run_once()
    for name in os.listdir(gateway.folder):
        if name.startswith("causeway.db"):
            assert mode_of(os.path.join(gateway.folder, name)) == 0o600, name
    with open(gateway.key_path) as key:
        assert key.read() not in gateway.log_text()
    os.chmod(gateway.store_path, 0o644)
    starter.run_once()
    assert mode_of(gateway.store_path) == 0o600


def test_key_file_that_others_can_read(starter):
    starter.run_once()
    os.chmod(starter.gateway.key_path, 0o604)
    log = starter.fail()
    assert starter.gateway.key_path in log and "0604" in log and "chmod 0600" in log
    os.chmod(starter.gateway.key_path, 0o600)
    starter.run_once()


def test_key_file_that_is_gone(starter):
    """A new one would hide that all passwords are lost."""
    starter.run_once()
    os.remove(starter.gateway.key_path)
    log = starter.fail()
    assert starter.gateway.key_path in log and "this key alone" in log
    assert not os.path.exists(starter.gateway.key_path)


def test_key_file_of_another_store(starter):
    starter.run_once()
    with open(starter.gateway.key_path, "w") as key:
        key.write("00" * 32 + "\n")
    assert "not this database's" in starter.fail()


@pytest.mark.parametrize("text", ["", "short\n", "zz" * 32 + "\n"])
def test_key_file_without_a_key(starter, text):
    starter.run_once()
    with open(starter.gateway.key_path, "w") as key:
        key.write(text)
    log = starter.fail()
    assert "does not hold a key" in log and starter.gateway.key_path in log


def test_store_of_a_newer_causeway(starter):
    starter.run_once()
    with sqlite3.connect(starter.gateway.store_path) as store:
        store.execute("PRAGMA user_version = 99")
    store.close()
    log = starter.fail()
    assert "newer Causeway" in log and "99" in log
    with sqlite3.connect(starter.gateway.store_path) as store:
        assert store.execute("PRAGMA user_version").fetchone() == (99,)  # untouched
    store.close()


def test_store_of_another_program(starter):
    with sqlite3.connect(starter.gateway.store_path) as store:
        store.execute("CREATE TABLE diary (secret TEXT)")
        store.execute("INSERT INTO diary VALUES ('mine')")
    store.close()
    assert "another program" in starter.fail()
    with sqlite3.connect(starter.gateway.store_path) as store:
        assert store.execute("SELECT * FROM diary").fetchall() == [("mine",)]
    store.close()


@pytest.mark.parametrize("kind", ["garbage", "folder", "no folder"])
def test_store_that_cannot_be_opened(starter, kind):
    gateway = starter.gateway
    if kind == "garbage":
        with open(gateway.store_path, "w") as store:
            store.write("this is no database " * 1000)
    elif kind == "folder":
        os.mkdir(gateway.store_path)
    else:
        gateway.sections["store"]["path"] = "none/causeway.db"
    assert gateway.sections["store"]["path"] in starter.fail()


def test_settings_of_a_store_elsewhere(world, gateway_factory, tmp_path):
    """Key and database apart, both named; a registration is there after a restart."""
    gateway = gateway_factory(server_port=world.server.component_port,
                              transports={XMPP: world.xmpp_transport()})
    gateway.sections["store"] = {"path": str(tmp_path / "a.db"), "key-file": "keys/a.key"}
    os.mkdir(os.path.join(gateway.folder, "keys"))
    gateway.start()
    legacy = world.other_account("romeo")
    juliet = world.account("juliet").client()
    register(juliet, XMPP, legacy.jid, legacy.password)
    gateway.stop()
    assert os.path.exists(tmp_path / "a.db")
    assert mode_of(os.path.join(gateway.folder, "keys", "a.key")) == 0o600
    juliet.sync()
    juliet.stanzas.take_all()
    gateway.start()
    wait_online(juliet, XMPP)  # with the password of the store
    assert is_registered(juliet, XMPP)


def test_two_gateways_of_one_store(world, gateway_factory):
    """Not meant to be; nothing breaks, and a registration of one is there for the other."""
    first = gateway_factory(server_port=world.server.component_port,
                            transports={IRC: world.irc_transport()}).start()
    second = Gateway(server_port=world.server.component_port,
                     transports={XMPP: world.xmpp_transport()})
    second.sections["store"]["path"] = first.store_path
    try:
        second.start()
        juliet = world.account("juliet").client()
        assert condition(juliet.iq("set", IRC, plain(world.nick()))) is None
        second.stop()
    finally:
        second.kill()
        shutil.rmtree(second.folder, ignore_errors=True)
    assert is_registered(juliet, IRC)


# ---- agents ----

AGENTS = f"""[programs]
agents = {find_program("causeway-agents")}

[transport weather.example.com]
secret = s3cret
protocol = agents:"""


@pytest.mark.parametrize("settings, told", [
    ("wether", "there is no agent 'wether', expected one of clock, feeds, "),
    ("stocks\nagent.provider = yahoo", "agent.provider: found 'yahoo', expected stooq or json"),
    ("clock\nagent.interval = soon", "agent.interval: found 'soon', expected a number"),
    ("stocks\nagent.key-file = missing", "agent.key-file: "),
    ("clock\nagent.allow-private = maybe", "agent.allow-private: found 'maybe', expected true or false"),
    ("stocks\nagent.url = https://x.org/{symbol}/{key}", "agent.key-file: found nothing, expected the file"),
    ("stocks\nagent.url = ftp://x.org/{symbol}", "agent.url: this is no address of the web, which begins with https://"),
    ("stocks\nagent.url = http://127.0.0.1/{symbol}", "agent.url: 127.0.0.1 is no public address; if it is "
     "meant, set agent.allow-private = true"),
    ("stocks\nagent.search-url = https://x.org/", "agent.search-url: expected a URL with {text} in it"),
    ("weather\nagent.warnings-url = file:///etc/passwd\nagent.warnings-countries = DE", "agent.warnings-url: "),
    ("weather\nagent.warnings-url = https://x.org/", "agent.warnings-countries: found nothing"),
    ("stocks\nagent.provider = json", "agent.url: found nothing"),
])
def test_what_an_agent_finds_wrong_is_told_before_the_start(check, settings, told):
    result = check(AGENTS + settings + "\n")
    assert result.returncode == CONFIG_ERROR and result.stdout == ""
    assert result.stderr.startswith(f"causeway: {result.path}: [transport weather.example.com] ")
    assert told in result.stderr
    assert causeway("--config", result.path).returncode == CONFIG_ERROR


@pytest.mark.parametrize("key, mode, told", [("", 0o600, "is empty"), ("s3cret", 0o644, "chmod 600"),
                                            ("s3cret", 0o600, "agent.url: found no {key} in it")])
def test_a_key_that_is_of_no_use(check, tmp_path, key, mode, told):
    path = tmp_path / "the.key"
    path.write_text(key)
    path.chmod(mode)
    result = check(AGENTS + f"stocks\nagent.key-file = {path}\n")
    assert result.returncode == CONFIG_ERROR and "s3cret" not in result.stderr
    assert "[transport weather.example.com] agent." in result.stderr and told in result.stderr


def test_what_is_wrong_with_several_agents_is_told_at_once(check):
    text = AGENTS + "clock\nagent.interval = soon\n"
    second = AGENTS[AGENTS.index("[transport"):].replace("weather.", "clock.")
    result = check(text + second + "clock\nagent.interval = later\n")
    assert result.returncode == CONFIG_ERROR
    assert "[transport weather.example.com] agent.interval: found 'soon'" in result.stderr
    assert "[transport clock.example.com] agent.interval: found 'later'" in result.stderr


def test_words_for_yes_are_those_of_other_settings(check):
    for word in ("true", "yes", "On", "1", "false", "no", "off", "0"):
        result = check(AGENTS + f"clock\nagent.allow-private = {word}\n")
        assert result.returncode == 0 and result.stderr == ""


def test_a_port_that_the_running_gateway_has_is_no_mistake(check):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = check(AGENTS + f"clock\nagent.files-port = {taken.getsockname()[1]}\n"
                       "agent.files-url = https://example.org/\n")
        assert result.returncode == 0 and result.stderr == ""


@pytest.mark.parametrize("program, told", [("/nowhere", "found /nowhere, which cannot be run"),
                                           ("/bin/false", "/bin/false does not do what causeway-agents does")])
def test_a_program_that_is_not_ours(check, program, told):
    result = check(AGENTS.replace(find_program("causeway-agents"), program) + "clock\n")
    assert result.returncode == CONFIG_ERROR and result.stdout == ""
    assert "[programs] agents: " in result.stderr and told in result.stderr
    assert "[transport weather.example.com]" in result.stderr


def test_what_is_for_another_kind_of_protocol_is_told(check):
    result = check(AGENTS + "clock\noption.port = 5\n")
    assert result.returncode == 0
    assert "[transport weather.example.com] option.port: is for protocol = purple:NAME alone" in result.stderr
    result = check(GOOD + "agent.url = x\n")
    assert result.returncode == 0 and "agent.url: is for protocol = agents:NAME alone" in result.stderr


def test_a_setting_that_an_agent_does_not_have_is_told(check):
    result = check(AGENTS + "weather\nagent.intervall = 5\nagent.langage = fr\n")
    assert result.returncode == 0 and "in order; 1 transport" in result.stdout
    for name in ("intervall", "langage"):
        assert f"[transport weather.example.com] agent.{name}: weather has no such setting" in result.stderr
    assert "There are: allow-private, contact, " in result.stderr
    result = check(AGENTS + "feeds\nagent.interval = 5\nagent.interval-least = 5\nagent.contact = x\n"
                   "agent.allow-private = true\nagent.timeout = 5\n")
    assert result.returncode == 0 and result.stderr == ""


def test_the_manual_has_every_setting_and_command_of_the_agents():
    sources = "".join(path.read_text() for path in (ROOT / "protocols/agents").glob("*.c"))
    manual = (ROOT / "conf/causeway-agents.8").read_text().replace("\\-", "-")
    settings = set(re.findall(r'setting(?:_or|_number|_yes|_secret)?\("([a-z-]+)"', sources))
    commands = set(re.findall(r'^    \{"([a-z]+)", (?:NULL|"[^"]*"), "[^"]*", run_', sources, re.M))
    assert len(settings) > 15 and len(commands) > 10
    assert not [name for name in settings if f"agent.{name} " not in manual]
    assert not [word for word in commands if not re.search(rf"\b{word}\b", manual)]
