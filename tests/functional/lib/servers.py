# tests/functional/lib/servers.py: real servers for tests: Prosody, ejabberd, ngircd
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each is its own process with a fresh folder and ports that were free a moment ago, on loopback
only, without TLS, and is ready to be connected to when start() returns."""

import json
import os
import re
import shutil
import urllib.request

from .process import Process
from .waiting import free_port

SECRET = "a secret for tests, with <&\"' and ünïcode"


class ServerMissing(Exception):
    """The program is not installed: the test is skipped, with this text."""


def need(program, package):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise ServerMissing(f"{program} is not installed (Debian package {package})")
    return path


def lua_string(text):
    """As UTF-8 bytes in decimal escapes: right for any text."""
    return '"' + "".join(chr(b) if b < 128 and chr(b).isalnum() else f"\\{b:03d}" for b in text.encode()) + '"'


class Prosody(Process):
    name = "prosody"

    def __init__(self, hosts=("localhost",), components=None, secret=SECRET, modules=(), extra="",
                 client_port=None, component_port=None, folder=None, component_modules=(),
                 rooms=None):
        super().__init__(folder)
        self.rooms = rooms  # the name of a MUC service
        self.hosts = list(hosts)
        self.components = list(components or [])
        self.secret = secret
        self.modules = list(modules)
        self.component_modules = list(component_modules)
        self.extra = extra  # Lua, put before the hosts
        self.port = client_port or free_port()
        self.component_port = (component_port or free_port()) if self.components else None

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    def config(self):
        modules = ["roster", "saslauth", "disco", "ping", "presence", "message", "iq", "carbons",
                   "offline", "vcard_legacy", "pep", "posix", *self.modules]
        lines = [
            "run_as_root = true",
            f"pidfile = {lua_string(os.path.join(self.folder, 'prosody.pid'))}",
            f"data_path = {lua_string(self.data)}",
            'log = { { levels = { min = "info" }, to = "console" } }',
            'interfaces = { "127.0.0.1" }', "s2s_ports = {}", "legacy_ssl_ports = {}",
            f"c2s_ports = {{ {self.port} }}",
            f"component_ports = {{ {self.component_port or ''} }}",
            'component_interfaces = { "127.0.0.1" }',
            "modules_enabled = { " + ", ".join(lua_string(m) for m in modules) + " }",
            # TLS is not what is tested here, and SCRAM keeps passwords off the wire anyway.
            'modules_disabled = { "s2s", "tls" }',
            "c2s_require_encryption = false", "allow_unencrypted_plain_auth = true",
            'authentication = "internal_plain"', 'storage = "internal"',
            "limits = {}", self.extra,
        ]
        lines += [f"VirtualHost {lua_string(host)}" for host in self.hosts]
        if self.rooms:
            lines += [f'Component {lua_string(self.rooms)} "muc"']
        for component in self.components:
            lines += [f"Component {lua_string(component)}",
                      f"  component_secret = {lua_string(self.secret)}"]
            if self.component_modules:
                lines += ["  modules_enabled = { "
                          + ", ".join(lua_string(m) for m in self.component_modules) + " }"]
        return "\n".join(lines) + "\n"

    def start(self):
        program = need("prosody", "prosody")
        os.makedirs(self.data, exist_ok=True)
        os.makedirs(os.path.join(self.folder, "certs"), exist_ok=True)
        path = os.path.join(self.folder, "prosody.cfg.lua")
        with open(path, "w") as config:
            config.write(self.config())
        self.spawn([program, "--config", path, "-F"])
        return self.wait_ready(*filter(None, (self.port, self.component_port)))

    def add_user(self, name, password, host=None):
        """Takes effect at once, also while the server runs: internal_plain reads the file."""
        folder = os.path.join(self.data, encode(host or self.hosts[0]), "accounts")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, encode(name) + ".dat")
        with open(path + ".new", "w") as account:
            account.write(f'return {{ ["password"] = {lua_string(password)} }};\n')
        os.rename(path + ".new", path)


def encode(name):
    """Prosody's names of data files (util.datamanager): all but letters and digits as %xx."""
    return "".join(c if c.isalnum() and c.isascii() else "".join(f"%{b:02x}" for b in c.encode())
                   for c in name)


class Ngircd(Process):
    name = "ngircd"
    user = "nobody"  # it refuses to be root

    def __init__(self, port=None, extra="", folder=None):
        super().__init__(folder)
        self.port = port or free_port()
        self.extra = extra

    def start(self):
        program = need("ngircd", "ngircd")
        path = os.path.join(self.folder, "ngircd.conf")
        with open(path, "w") as config:
            config.write(f"""[Global]
Name = irc.test
Info = a server for tests
AdminInfo1 = tests
Listen = 127.0.0.1
Ports = {self.port}
MotdPhrase = "hello"
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxNickLength = 30
MaxJoins = 0
PingTimeout = 60
PongTimeout = 20
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local1
ChrootDir =
{self.extra}
""")
        self.spawn([program, "-n", "-f", path])
        return self.wait_ready(self.port)


class Ejabberd(Process):
    """Started by its Erlang machine without a node name, so that no epmd and no other ejabberd on
    the machine is touched."""
    name = "ejabberd"

    def __init__(self, hosts=("localhost",), components=None, secret=SECRET, modules=None):
        super().__init__()
        self.modules = modules or {}
        self.hosts = list(hosts)
        self.components = list(components or [])
        self.secret = secret
        self.port, self.component_port, self.api_port = free_port(), free_port(), free_port()

    def config(self):
        # JSON is YAML; a quoted string is the same in both.
        return json.dumps({
            "hosts": self.hosts,
            "loglevel": "info",
            "auth_method": "internal",
            "auth_password_format": "plain",
            "listen": [
                {"port": self.port, "ip": "127.0.0.1", "module": "ejabberd_c2s",
                 "starttls": False, "max_stanza_size": 1048576, "access": "c2s"},
                {"port": self.component_port, "ip": "127.0.0.1", "module": "ejabberd_service",
                 # Not under "hosts": each connection would get the stanzas of all of them.
                 "access": "all", "password": self.secret},
                {"port": self.api_port, "ip": "127.0.0.1", "module": "ejabberd_http",
                 "request_handlers": {"/api": "mod_http_api"}},
            ],
            "acl": {"loopback": {"ip": ["127.0.0.0/8"]}},
            "access_rules": {"c2s": {"allow": "all"}},
            "api_permissions": {"tests": {"who": {"access": {"allow": {"acl": "loopback"}}},
                                          "what": ["*"]}},
            "modules": {"mod_disco": {}, "mod_ping": {}, "mod_roster": {}, "mod_carboncopy": {},
                        "mod_offline": {}, "mod_http_api": {}, **self.modules},
        }, indent=1, ensure_ascii=False)

    def start(self):
        program = need("erl", "ejabberd")
        need("ejabberdctl", "ejabberd")
        path = os.path.join(self.folder, "ejabberd.yml")
        with open(path, "w") as config:
            config.write(self.config())
        libraries = re.search(r"^ERL_LIBS='(.*)'", open(need("ejabberdctl", "ejabberd")).read(), re.M)
        self.spawn([program, "-noinput", "-mnesia", "dir", json.dumps(self.folder + "/mnesia"),
                    "-s", "ejabberd"],
                   env={"EJABBERD_CONFIG_PATH": path, "HOME": self.folder,
                        "EJABBERD_LOG_PATH": os.path.join(self.folder, "ejabberd.log"),
                        "ERL_CRASH_DUMP": os.path.join(self.folder, "erl_crash.dump"),
                        "ERL_LIBS": libraries.group(1)})
        return self.wait_ready(self.port, self.component_port, self.api_port, timeout=90)

    def add_user(self, name, password, host=None):
        body = json.dumps({"user": name, "host": host or self.hosts[0], "password": password})
        request = urllib.request.Request(f"http://127.0.0.1:{self.api_port}/api/register",
                                         body.encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200

    def stop(self):
        # The Erlang machine stops its applications on SIGTERM and ends with 0.
        return super().stop()
