# tests/peers/quickstart.py: the sandbox of ./quickstart, and its proof
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts Prosody with two accounts, a second Prosody that plays another XMPP network, ngircd, a web
server with samples for information agents, and causeway, each in its folder under .sandbox/; then does
as a user what a user would do.  One person on each network answers whatever is said to him, now to the
proof and later to whoever tries."""

import os
import shutil
import signal
import sys
import threading
import time
from xml.sax.saxutils import escape

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANDBOX = os.path.join(ROOT, ".sandbox")
sys.path.insert(0, os.path.join(ROOT, "tests", "functional"))

from lib.waiting import Timeout, can_connect  # noqa: E402

# Far from the usual ones, which a server on this machine may have.
PORTS = {
    "Prosody, clients": 15222,
    "Prosody, components": 15347,
    "the second Prosody": 15223,
    "ngircd": 16667,
    "the samples": 15480,
}
CLIENT_PORT, COMPONENT_PORT, OTHER_PORT, IRC_PORT, SAMPLES_PORT = PORTS.values()

IRC, XMPP = "irc.localhost", "xmpp.localhost"
STOCKS, WEATHER, NEWS = AGENTS = "stocks.localhost", "weather.localhost", "news.localhost"
SAMPLES = f"http://127.0.0.1:{SAMPLES_PORT}"
FEED = f"{SAMPLES}/feed"
PASSWORD = "balcony"
ACCOUNTS = ["juliet", "romeo"]
OTHER_HOST = "capulet.lit"
OTHER_ACCOUNTS = {"juliet": "orchard", "nurse": "patience"}
FRIEND = "mercutio"  # on IRC
NURSE = f"nurse\\40{OTHER_HOST}@{XMPP}"
STEP_TIMEOUT = 60  # s


class Failed(Exception):
    pass


def check_ports():
    taken = [f"{port} ({what})" for what, port in PORTS.items() if can_connect(port)]
    if taken:
        raise Failed(f"taken by another program on 127.0.0.1: port {', '.join(taken)}. Is another "
                     f"quickstart running? Stop it, then try again.")


class Proof:
    def __init__(self):
        # ./quickstart tells how many seconds it took so far.
        self.begun = time.monotonic() - float(os.environ.get("CAUSEWAY_STARTED", "0"))
        self.running = []  # to be stopped, newest first
        self.gateway = None

    def step(self, text, action):
        start = time.monotonic()
        try:
            result = action()
        except Exception as problem:  # whatever it is, the step is named
            raise Failed(f"step '{text}' failed: {problem}") from problem
        now = time.monotonic()
        print(f"[{now - self.begun:5.0f} s] {text} ({now - start:.2f} s)", flush=True)
        return result

    def keep(self, thing):
        self.running.append(thing)
        return thing

    # ---- what runs ----

    def start(self):
        from lib.gateway import Gateway
        from lib.servers import Ngircd, Prosody, ServerMissing

        def folder(name):
            return os.path.join(SANDBOX, name)

        def prosody():
            server = self.keep(Prosody(components=[IRC, XMPP, *AGENTS], client_port=CLIENT_PORT,
                                       component_port=COMPONENT_PORT, folder=folder("prosody")))
            for name in ACCOUNTS:
                server.add_user(name, PASSWORD)
            server.start()

        def other():
            server = self.keep(Prosody(hosts=[OTHER_HOST], client_port=OTHER_PORT,
                                       folder=folder("other-prosody")))
            for name, password in OTHER_ACCOUNTS.items():
                server.add_user(name, password, OTHER_HOST)
            server.start()

        def samples():
            from sample_services import Services
            self.keep(Services(SAMPLES_PORT))

        def causeway():
            common = {"open": "true", "agent.allow-private": "true", "agent.interval": 5}
            self.gateway = self.keep(Gateway(
                server_port=COMPONENT_PORT, folder=folder("causeway"),
                transports={
                    IRC: {"protocol": "purple:prpl-irc", "name": "IRC", "split.1": "127.0.0.1",
                          "option.port": IRC_PORT},
                    XMPP: {"protocol": "purple:prpl-jabber", "name": "Another XMPP network",
                           "option.connect_server": "127.0.0.1", "option.port": OTHER_PORT,
                           "option.connection_security": "opportunistic_tls"},
                    STOCKS: {**common, "protocol": "agents:stocks", "name": "Stocks",
                             "agent.url": SAMPLES + "/quote?s={symbol}"},
                    WEATHER: {**common, "protocol": "agents:weather", "name": "Weather",
                              "agent.geocoder-url": SAMPLES + "/geocode?name={name}",
                              "agent.forecast-url":
                                  SAMPLES + "/forecast?latitude={latitude}&longitude={longitude}",
                              "agent.warnings-url": ""},
                    NEWS: {**common, "protocol": "agents:feeds", "name": "News",
                           "agent.interval-least": 5},
                }))
            # As an admin runs it: default timing and limits, and a quiet log.
            for section in ("limits", "timing", "log"):
                del self.gateway.sections[section]
            self.gateway.environment = {}
            self.gateway.start()

        try:
            shutil.rmtree(SANDBOX, ignore_errors=True)
            os.makedirs(SANDBOX)
        except OSError as problem:
            raise Failed(f"cannot make {SANDBOX} anew: {problem}") from problem
        try:
            self.step("Prosody is up, with juliet@localhost and romeo@localhost", prosody)
            self.step(f"another XMPP network is up: a second Prosody with {OTHER_HOST}", other)
            self.step("an IRC network is up: ngircd", lambda: self.keep(
                Ngircd(port=IRC_PORT, folder=folder("ngircd")).start()))
        except ServerMissing as missing:
            raise Failed(str(missing)) from missing
        self.step("the samples for stocks, weather and news are served", samples)
        self.step(f"causeway is up, with {IRC}, {XMPP}, {', '.join(AGENTS)}", causeway)

    def start_people(self):
        from lib.ircclient import IrcClient
        from lib.xmppclient import XmppClient, body

        def on_irc():
            friend = self.keep(IrcClient(FRIEND, IRC_PORT))
            answer_always(lambda: friend.wait_message(timeout=3600), lambda line: friend.say(
                line.nick, f"{FRIEND} heard you say: {line.text}"))

        def on_xmpp():
            nurse = self.keep(XmppClient(f"nurse@{OTHER_HOST}", OTHER_ACCOUNTS["nurse"], OTHER_PORT,
                                         resource="kitchen").connect())
            nurse.presence()
            answer_always(lambda: nurse.wait_message(timeout=3600), lambda stanza: nurse.message(
                stanza.get("from"), f"the nurse heard you say: {body(stanza)}"))

        self.step(f"{FRIEND} is on IRC and answers", on_irc)
        self.step(f"nurse@{OTHER_HOST} is on the other XMPP network and answers", on_xmpp)

    # ---- as a user ----

    def prove(self):
        from lib.xmppclient import XmppClient, body, condition, error_text

        juliet = XmppClient("juliet@localhost", PASSWORD, CLIENT_PORT, resource="quickstart")

        def log_in_to_jabber():
            juliet.connect()
            juliet.presence()

        def find(domain):
            answer = juliet.iq("get", domain,
                               "<query xmlns='http://jabber.org/protocol/disco#info'/>")
            wanted = "{http://jabber.org/protocol/disco#info}identity"
            found = [identity for identity in answer.iter(wanted)
                     if identity.get("category") == "gateway"]
            assert found, f"{domain} does not say that it is a gateway"

        def register(domain, username, password):
            fields = f"<username>{username}</username>"
            if password:
                fields += f"<password>{password}</password>"
            answer = juliet.iq("set", domain, f"<query xmlns='jabber:iq:register'>{fields}</query>",
                               timeout=STEP_TIMEOUT)
            assert condition(answer) is None, f"{condition(answer)}: {error_text(answer)}"
            juliet.wait_presence(domain, "subscribe")
            juliet.presence(domain, "subscribed")

        def log_in(domain):
            juliet.presence(domain)
            juliet.wait_presence(domain, timeout=STEP_TIMEOUT)

        def say(to, text):
            juliet.message(to, text)
            answer = juliet.wait_for(
                lambda s: s.get("from", "").partition("/")[0] == to
                and (s.get("type") == "error" or body(s)), STEP_TIMEOUT, f"an answer from {to}")
            assert condition(answer) is None, f"{condition(answer)}: {error_text(answer)}"
            assert text in body(answer), f"answered with {body(answer)!r}"

        def address(domain, name):
            """As a client learns it when a contact is added by the name it has outside (XEP-0100)."""
            answer = juliet.iq("set", domain, "<query xmlns='jabber:iq:gateway'><prompt>"
                               f"{escape(name)}</prompt></query>")
            found = answer.findtext(".//{jabber:iq:gateway}jid")
            assert found, f"{condition(answer)}: {error_text(answer)}"
            return found

        def watch(contact, part, name=None):
            """Adds it, and waits for a status that has this in it."""
            juliet.presence(contact, "subscribe")
            juliet.wait_presence(contact, "subscribed", timeout=STEP_TIMEOUT)
            gateway = contact.partition("@")[2]  # has registered her, and wants to know when she is there
            juliet.wait_presence(gateway, "subscribe", timeout=STEP_TIMEOUT)
            juliet.presence(gateway, "subscribed")
            shown = wait_status(contact, lambda status: part in status)
            print(f"          {name or contact.partition('@')[0]}: {shown}", flush=True)
            return shown

        def wait_status(contact, is_it):
            def text(stanza):
                return stanza.findtext("{jabber:client}status") or ""
            return text(juliet.wait_for(
                lambda s: s.get("from", "").partition("/")[0] == contact and s.get("type") is None
                and s.tag.endswith("}presence") and is_it(text(s)),
                STEP_TIMEOUT, f"the status of {contact}"))

        def watch_share():
            self.price = watch(share, "▲")

        def be_told():
            ask(share, "alert > 100", "I tell you when AAPL is > 100.00")
            juliet.wait_for(lambda s: s.get("from", "").partition("/")[0] == share
                            and "You asked to hear of > 100.00" in (body(s) or ""),
                            STEP_TIMEOUT, "the alert")

        def see_it_change():
            wait_status(share, lambda status: status and status != self.price)

        def read_news():
            contact = address(NEWS, FEED)
            watch(contact, "News of ", FEED)
            news = juliet.wait_for(
                lambda s: s.get("from") == contact and body(s),
                STEP_TIMEOUT, f"the latest news of {FEED}")
            assert "Nothing happened in Verona." in body(news), body(news)

        def ask(contact, command, part):
            juliet.message(contact, command)
            answer = juliet.wait_for(lambda s: s.get("from", "").partition("/")[0] == contact
                                     and s.get("type") != "headline" and body(s),
                                     STEP_TIMEOUT, f"an answer to {command}")
            assert part in body(answer), body(answer)

        share, place = f"aapl@{STOCKS}", f"verona@{WEATHER}"
        networks = [
            (IRC, "juliet", None, f"{FRIEND}@{IRC}", "IRC"),
            (XMPP, f"juliet@{OTHER_HOST}", OTHER_ACCOUNTS["juliet"], NURSE, "XMPP"),
        ]
        try:
            self.step("juliet@localhost logs in to her own server", log_in_to_jabber)
            for domain, username, password, contact, network in networks:
                self.step(f"finds the gateway {domain}", lambda: find(domain))
                self.step(f"registers with {domain} as {username}",
                          lambda: register(domain, username, password))
                self.step(f"is logged in to {network}", lambda: log_in(domain))
                self.step(f"says something to {contact} and gets an answer",
                          lambda: say(contact, f"Good morrow from Jabber to {network} ☀"))
            self.step(f"adds the share {share}, without registering, and sees its price", watch_share)
            self.step("asks to be told when it is over 100, and is told", be_told)
            self.step("sees the price change", see_it_change)
            self.step(f"adds the place {place} and sees its weather",
                      lambda: watch(place, "°C, partly cloudy"))
            self.step("asks it for the forecast", lambda: ask(place, "forecast", "light rain, 4.2 mm"))
            self.step(f"adds the feed {FEED} and reads its latest news", read_news)
        finally:
            juliet.close()

    # ---- the end ----

    def stop(self):
        problems = []
        while self.running:
            thing = self.running.pop()
            try:
                (getattr(thing, "stop", None) or thing.close)()
            except Exception as problem:  # the others are to be stopped all the same
                problems.append(str(problem))
        if problems:
            raise Failed("step 'everything stops in order' failed: " + "\n".join(problems))


def answer_always(wait, answer):
    def run():
        while True:
            try:
                answer(wait())
            except Timeout:
                continue
            except Exception:  # closed: the sandbox ends
                return
    threading.Thread(target=run, daemon=True).start()


def explain():
    print(f"""
Try it with your own client (any XMPP client on this machine):
    account   romeo@localhost     password  {PASSWORD}
    server    127.0.0.1           port      {CLIENT_PORT}    no encryption (loopback only)
  In the list of services of localhost choose {IRC} and register a nick, or {XMPP}
  and register juliet@{OTHER_HOST} with the password {OTHER_ACCOUNTS["juliet"]}; then talk to
    {FRIEND}@{IRC}
    {NURSE}
  juliet@localhost (same password) is registered with both already.
  Stocks, weather and news want no registration: add as contacts
    aapl@{STOCKS}   paris,fr@{WEATHER}
    and the feed {FEED} in {NEWS} (its service has a field for it)
  and write help to them.  They read samples of this sandbox.  For the real ones take these lines out of
  .sandbox/causeway/causeway.conf, and start causeway --config with it anew: agent.url (then prices come
  from Stooq), agent.geocoder-url, agent.forecast-url, agent.warnings-url (Open-Meteo, and the US weather
  service), agent.allow-private and agent.interval in all three; any feed's address is a contact then.
Settings, database and logs are under .sandbox/.
Ctrl-C stops and ends everything.""", flush=True)


def stop_signal(number, frame):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, stop_signal)
    once = "--once" in sys.argv
    proof = Proof()
    status = 130  # interrupted
    try:
        check_ports()
        if "--ports" in sys.argv:
            return 0
        proof.start()
        proof.start_people()
        proof.prove()
        print(f"Every step passed: {time.monotonic() - proof.begun:.0f} s.", flush=True)
        status = 0
        if not once:
            explain()
            while True:
                signal.pause()
    except KeyboardInterrupt:
        print("", flush=True)
    except Failed as failure:
        status = 1
        print(f"quickstart: {failure}", file=sys.stderr)
        if proof.gateway:
            print("the end of the gateway's log (.sandbox/causeway/log):\n"
                  + proof.gateway.log_text()[-3000:], file=sys.stderr)
    try:
        proof.stop()
    except Failed as failure:
        status = 1
        print(f"quickstart: {failure}", file=sys.stderr)
    return status


sys.exit(main())
