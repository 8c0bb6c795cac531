# tests/functional/test_search.py: the network's directory of users: XEP-0055, and by chat
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Against ejabberd's directory, which has data forms, and Prosody's, which has plain fields, through
prpl-jabber; and against tests/peers/prpl-mock-search.c, where what is looked for says what comes."""

import os
import signal
from xml.sax.saxutils import escape

import pytest

from conftest import IRC, OTHER_HOST, World, XMPP, run_server, run_world
from lib.friends import escaped
from lib.gateway import BUILD, ROOT
from lib.registration import FORM, log_out, register, wait_online
from lib.servers import Ejabberd, Prosody
from lib.xmppclient import CLIENT, body, condition
from test_gateway_chat import Talk

SEARCH = "jabber:iq:search"
INFO = "http://jabber.org/protocol/disco#info"
Q = f"{{{SEARCH}}}"
X = f"{{{FORM}}}"
MOCK = "one.localhost"
HIDDEN = "vjud." + OTHER_HOST  # its server tells nobody of it


# ---- worlds with a directory ----

@pytest.fixture(scope="session")
def ejabberd_directory():
    yield from run_server(Ejabberd(hosts=[OTHER_HOST], modules={
        "mod_vcard": {"search": True, "host": "vjud.@HOST@"}}))


@pytest.fixture(scope="session")
def prosody_directory():
    yield from run_server(Prosody(hosts=[OTHER_HOST], modules=["vcard"], extra=(
        'modules_disabled = { "s2s", "tls", "vcard_legacy" }\n'
        f'Component "{HIDDEN}" "vjud"\n  vjud_mode = "all"\n  disco_hidden = true')))


@pytest.fixture
def forms(prosody, ejabberd_directory, ngircd, request):
    yield from run_world(World(prosody, ejabberd_directory, ngircd), request)


@pytest.fixture
def plain(prosody, prosody_directory, ngircd, request):
    yield from run_world(World(prosody, prosody_directory, ngircd), request)


class Person:
    """Of the other network, with a vCard in its directory."""

    def __init__(self, world, name, first, last, nick):
        self.account = world.other_account(name)
        self.jid = self.account.jid
        self.nick = f"{nick}{self.account.name.rpartition('-')[2]}"  # nobody else has it
        self.email = f"{self.account.name}@mail.example"
        self.client = self.account.client()
        self.client.presence()
        answer = self.client.iq("set", None, (
            f"<vCard xmlns='vcard-temp'><FN>{escape(first)} {escape(last)}</FN>"
            f"<N><FAMILY>{escape(last)}</FAMILY><GIVEN>{escape(first)}</GIVEN></N>"
            f"<NICKNAME>{self.nick}</NICKNAME><EMAIL><INTERNET/><USERID>{self.email}</USERID></EMAIL>"
            "</vCard>"))
        assert condition(answer) is None


def user_of(world, gateway_factory, directory=None, **more):
    """A user of the transport to the other network, logged in."""
    options = {"option.user_directory": directory} if directory else {}
    gateway_factory(server_port=world.server.component_port,
                    transports={XMPP: {**world.xmpp_transport(), **options}}, **more).start()
    legacy = world.other_account("romeo")
    client = world.account("juliet").client()
    register(client, XMPP, legacy.jid, legacy.password)
    client.legacy = legacy
    return client


@pytest.fixture
def start(world, gateway_factory):
    def start_it(limits=None, timing=None):
        return gateway_factory(server_port=world.server.component_port, limits=limits,
                               timing=timing, transports={MOCK: {
                                   "protocol": "purple:prpl-mock", "name": "Mock",
                                   "plugin-path": os.path.join(BUILD, "tests", "plugins")}}).start()
    return start_it


def mock_user(world, name="juliet"):
    client = world.account("juliet").client()
    register(client, MOCK, name)
    return client


# ---- asking and reading ----

def get(client, to):
    return client.iq("get", to, f"<query xmlns='{SEARCH}'/>")


def by_plain(**fields):
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return f"<query xmlns='{SEARCH}'>{inner}</query>"


def by_form(kind="submit", form_type=SEARCH, outside="", **fields):
    fields = {**({"FORM_TYPE": form_type} if form_type else {}), **fields}
    inner = "".join(f"<field var='{name}'><value>{escape(value)}</value></field>"
                    for name, value in fields.items())
    return f"<query xmlns='{SEARCH}'><x xmlns='{FORM}' type='{kind}'>{inner}</x>{outside}</query>"


def query_of(answer):
    assert condition(answer) is None, condition(answer)
    return answer.find(Q + "query")


def items(answer):
    """Of a plain answer: jid -> {name: text}."""
    query = query_of(answer)
    assert query.find(X + "x") is None
    return {item.get("jid"): {child.tag.replace(Q, ""): child.text or "" for child in item}
            for item in query.iter(Q + "item")}


def rows(answer):
    """Of a form: the types that are reported, and jid -> {var: value}."""
    query = query_of(answer)
    form = query.find(X + "x")
    assert form.get("type") == "result" and query.find(Q + "item") is None
    assert form.find(f"{X}field[@var='FORM_TYPE']/{X}value").text == SEARCH
    reported = {f.get("var"): f.get("type") for f in form.find(X + "reported")}
    found = {}
    for item in form.iter(X + "item"):
        row = {f.get("var"): f.findtext(X + "value") or "" for f in item}
        assert set(row) == set(reported)
        found[row.pop("jid")] = row
    return reported, found


def features(client, to):
    answer = client.iq("get", to, f"<query xmlns='{INFO}'/>")
    return [f.get("var") for f in answer.iter(f"{{{INFO}}}feature")]


def text_of(answer):
    return answer.findtext(".//{urn:ietf:params:xml:ns:xmpp-stanzas}text")


def messages(client):
    client.sync()
    return [s for s in client.stanzas.history if s.tag == CLIENT + "message"]


# ---- real directories ----

def test_xep0055_feature_is_there_when_it_works(forms, gateway_factory):
    juliet = user_of(forms, gateway_factory)
    assert SEARCH in features(juliet, XMPP)
    assert condition(get(juliet, XMPP)) is None
    assert SEARCH not in features(juliet, escaped("mercutio@" + OTHER_HOST))
    stranger = forms.account("paris").client()
    assert SEARCH not in features(stranger, XMPP)
    assert condition(get(stranger, XMPP)) == "registration-required"


def test_xep0055_form_of_a_directory(forms, gateway_factory):
    juliet = user_of(forms, gateway_factory)
    query = query_of(get(juliet, XMPP))
    assert "Fill in the form" in query.findtext(Q + "instructions")
    assert [c.tag.replace(Q, "") for c in query if c.tag.startswith(Q)] == [
        "instructions", "first", "last", "nick", "email"]
    form = query.find(X + "x")
    fields = {f.get("var"): f.get("type") for f in form.iter(X + "field")}
    assert form.get("type") == "form" and fields["FORM_TYPE"] == "hidden"
    assert {"first", "last", "nick", "email", "fn", "locality", "orgname"} <= set(fields)
    assert {fields[name] for name in fields if name != "FORM_TYPE"} == {"text-single"}


def test_xep0055_plain_search_and_the_contact_works(forms, gateway_factory):
    juliet = user_of(forms, gateway_factory)
    mercutio = Person(forms, "mercutio", "Mercutio <&>", "Escalus", "merc")
    Person(forms, "tybalt", "Tybalt", "Capulet", "cat")
    found = items(juliet.iq("set", XMPP, by_plain(nick=mercutio.nick)))
    assert found == {escaped(mercutio.jid): {"first": "Mercutio <&>", "last": "Escalus",
                                             "nick": mercutio.nick, "email": mercutio.email}}
    contact, = found
    juliet.presence(contact, "subscribe")
    mercutio.client.wait_presence(juliet.legacy.jid, "subscribe")
    mercutio.client.presence(juliet.legacy.jid, "subscribed")
    juliet.wait_presence(contact, "subscribed")
    juliet.wait_presence(contact)
    juliet.message(contact, "found you")
    assert body(mercutio.client.wait_message(juliet.legacy.jid)) == "found you"
    mercutio.client.message(juliet.legacy.jid, "so you did")
    assert body(juliet.wait_message(contact)) == "so you did"


def test_xep0055_search_by_form(forms, gateway_factory):
    """What the four plain fields do not have; a form wins over them."""
    juliet = user_of(forms, gateway_factory)
    tybalt = Person(forms, "tybalt", "Tybalt", "Capulet", "cat")
    Person(forms, "mercutio", "Mercutio", "Escalus", "merc")
    reported, found = rows(juliet.iq("set", XMPP, by_form(
        fn="Tybalt Capulet", email=tybalt.email, outside="<nick>nobody</nick>")))
    assert reported["jid"] == "jid-single" and list(reported)[0] == "jid"
    assert {"first", "last", "nick", "email", "fn"} <= set(reported)
    assert list(found) == [escaped(tybalt.jid)]
    row = found[escaped(tybalt.jid)]
    assert (row["first"], row["last"], row["nick"], row["email"]) == (
        "Tybalt", "Capulet", tybalt.nick, tybalt.email)
    assert tybalt.jid in row.values()  # the network's own column


def test_xep0055_several_are_found_and_nobody(forms, gateway_factory):
    juliet = user_of(forms, gateway_factory)
    people = [Person(forms, f"{name}", name, "Scaliger", "lord") for name in ("can", "mastino")]
    found = items(juliet.iq("set", XMPP, by_plain(last="Scaliger")))
    assert set(found) == {escaped(person.jid) for person in people}
    for search in (by_plain(nick="nobody at all"), by_form(nick="nobody at all")):
        assert len(query_of(juliet.iq("set", XMPP, search))) == 0


def test_xep0055_directory_with_plain_fields_that_the_admin_names(plain, gateway_factory):
    juliet = user_of(plain, gateway_factory, HIDDEN)
    tybalt = Person(plain, "tybalt", "Tybalt", "Capulet", "cat")
    query = query_of(get(juliet, XMPP))
    assert [c.tag.replace(Q, "") for c in query if c.tag.startswith(Q)] == [
        "instructions", "first", "last", "nick", "email"]
    wanted = {"first": "Tybalt", "last": "Capulet", "nick": tybalt.nick, "email": tybalt.email}
    assert items(juliet.iq("set", XMPP, by_plain(email=tybalt.email))) == {escaped(tybalt.jid): wanted}
    reported, found = rows(juliet.iq("set", XMPP, by_form(email=tybalt.email)))
    assert list(reported)[0] == "jid"
    assert {name: found[escaped(tybalt.jid)][name] for name in wanted} == wanted


def test_xep0055_directory_refuses_with_its_reason(plain, gateway_factory):
    """The plugin tells of no such error; it is seen in the stanza."""
    juliet = user_of(plain, gateway_factory, HIDDEN)
    answer = juliet.iq("set", XMPP, by_plain(nick="x"))
    assert condition(answer) == "not-acceptable" and "too short" in text_of(answer)
    assert not messages(juliet)


def test_xep0055_directory_that_breaks_is_a_timeout(plain, gateway_factory):
    """Prosody's answers nothing to a search without an address: it fails over it."""
    juliet = user_of(plain, gateway_factory, HIDDEN, timing={"search-timeout": 2})
    assert condition(juliet.iq("set", XMPP, by_plain(nick="cat"))) == "remote-server-timeout"
    juliet.message(escaped(juliet.legacy.jid), "to myself")  # all else goes on
    assert body(juliet.wait_message(escaped(juliet.legacy.jid))) == "to myself"


def test_xep0055_server_without_a_directory(world, gateway_factory):
    juliet = user_of(world, gateway_factory)
    answer = get(juliet, XMPP)
    assert condition(answer) == "feature-not-implemented" and "no directory" in text_of(answer)
    assert SEARCH not in features(juliet, XMPP)  # now it is known
    assert "no directory" in Talk(juliet, XMPP).say("search mercutio")


def test_xep0055_network_without_a_directory(world, gateway):
    juliet = world.account("juliet").client()
    for answer in (get(juliet, IRC), juliet.iq("set", IRC, by_plain(nick="x"))):
        assert condition(answer) == "feature-not-implemented"
    register(juliet, IRC, world.nick())
    assert condition(get(juliet, IRC)) == "feature-not-implemented"
    assert SEARCH not in features(juliet, IRC)
    assert "no directory" in Talk(juliet, IRC).say("search mercutio")
    assert "search" not in Talk(juliet, IRC).say("help")


# ---- what does not work ----

def test_xep0055_who_may_search(world, start):
    start()
    client = world.account("juliet").client()
    for answer in (get(client, MOCK), client.iq("set", MOCK, by_plain(nick="rom"))):
        assert condition(answer) == "registration-required"
    register(client, MOCK, "juliet")
    assert condition(get(client, f"romeo@{MOCK}")) == "service-unavailable"
    log_out(client, MOCK)
    answer = client.iq("set", MOCK, by_plain(nick="rom"))
    assert condition(answer) == "remote-server-timeout" and "not logged in" in text_of(answer)
    client.presence()
    wait_online(client, MOCK)
    assert items(client.iq("set", MOCK, by_plain(nick="rom")))


@pytest.mark.parametrize("search, wanted", [
    (by_plain(), "not-acceptable"),
    (by_plain(nick=""), "not-acceptable"),
    (by_plain(first="x"), "not-acceptable"),   # the directory has no such field
    (by_plain(house="1"), "not-acceptable"),   # it has, but no plain search
    (by_plain(nick="a\nb"), "not-acceptable"),
    (by_plain(nick="x" * 1024), "not-acceptable"),
    (by_form(), "not-acceptable"),
    (by_form(nick="", town=""), "not-acceptable"),
    (by_form(nick="rom", form_type="jabber:iq:register"), "not-acceptable"),
    (by_form(kind="form", nick="rom"), "bad-request"),
    (by_form(kind="cancel"), None)])
def test_xep0055_searches_that_make_no_sense(world, start, search, wanted):
    start()
    client = mock_user(world)
    answer = client.iq("set", MOCK, search)
    assert condition(answer) == wanted
    assert wanted != "not-acceptable" or text_of(answer)


def test_xep0055_fields_that_the_directory_does_not_have_are_ignored(world, start):
    start()
    client = mock_user(world)
    assert len(items(client.iq("set", MOCK, by_plain(first="x", nick="rom", email="y")))) == 2
    assert len(rows(client.iq("set", MOCK, by_form(planet="x", nick="rom", house="1")))[1]) == 2
    query = query_of(get(client, MOCK))
    assert [c.tag.replace(Q, "") for c in query if c.tag.startswith(Q)] == ["instructions", "nick"]
    kinds = {f.get("var"): f.get("type") for f in query.iter(X + "field")}
    assert kinds == {"FORM_TYPE": "hidden", None: "fixed", "nick": "text-single",
                     "town": "text-single", "house": "list-single", "online": "boolean"}


def test_xep0055_error_of_the_network(world, start):
    start()
    client = mock_user(world)
    answer = client.iq("set", MOCK, by_plain(nick="error"))
    assert condition(answer) == "service-unavailable"
    assert text_of(answer) == "The directory is <closed>\non Sundays"
    assert not messages(client)


def test_xep0055_2000_people_are_bounded(world, start):
    start(limits={"search-results": 100})
    client = mock_user(world)
    assert len(items(client.iq("set", MOCK, by_plain(nick="many")))) == 100
    assert len(rows(client.iq("set", MOCK, by_form(nick="many")))[1]) == 100


def test_xep0055_a_large_answer_is_bounded(world, start):
    start()
    client = mock_user(world)
    for search in (by_plain(nick="large"), by_form(nick="large")):
        answer = client.iq("set", MOCK, search)
        assert condition(answer) is None
        size = sum(len(text) for text in answer.itertext())
        assert 20_000 < size < 200_000


def test_xep0055_hostile_results(world, start):
    """XML in values and names, and names that no JID can have."""
    start()
    client = mock_user(world)
    found = items(client.iq("set", MOCK, by_plain(nick="hostile")))
    assert len(found) == 3 and f"fine@{MOCK}" in found and f"long@{MOCK}" in found
    evil, = set(found) - {f"fine@{MOCK}", f"long@{MOCK}"}
    assert evil == f"\\3cevil\\3e\\26\\22\\27\\40x@{MOCK}"
    assert found[evil] == {"first": "]]></item><item jid='x'/>", "last": "", "email": "",
                           "nick": "a <body/>"}
    reported, found = rows(client.iq("set", MOCK, by_form(nick="hostile")))
    assert len(found) == 3 and found[evil]["town"] == "&amp;"


def test_xep0055_no_answer_is_an_error_and_searches_are_bounded(world, start):
    gateway = start(limits={"search-requests": 2}, timing={"search-timeout": 2})
    client = mock_user(world)
    idents = [client.send_iq("set", MOCK, by_plain(nick="silent")) for _ in range(3)]
    answers = [client.wait_iq(ident) for ident in idents]
    assert [condition(a) for a in answers] == 2 * ["remote-server-timeout"] + ["resource-constraint"]
    # another user's searches go on
    assert len(items(mock_user(world).iq("set", MOCK, by_plain(nick="rom")))) == 2
    # one that is open when the gateway stops is answered
    other = mock_user(world)
    ident = other.send_iq("set", MOCK, by_plain(nick="silent"))
    other.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")
    gateway.stop()
    assert condition(other.wait_iq(ident)) in ("remote-server-timeout", "service-unavailable")


def test_xep0055_log_out_in_the_middle(world, start):
    start()
    client = mock_user(world)
    ident = client.send_iq("set", MOCK, by_plain(nick="silent"))
    client.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")
    log_out(client, MOCK)
    assert condition(client.wait_iq(ident)) == "remote-server-timeout"
    client.presence()
    wait_online(client, MOCK)
    assert len(items(client.iq("set", MOCK, by_plain(nick="rom")))) == 2


def test_xep0055_a_host_that_dies_answers_what_was_asked(world, start):
    gateway = start()
    client = mock_user(world)
    ident = client.send_iq("set", MOCK, by_plain(nick="silent"))
    client.iq("get", MOCK, "<ping xmlns='urn:xmpp:ping'/>")
    for host in gateway.hosts():
        os.kill(host, signal.SIGKILL)
    assert condition(client.wait_iq(ident)) == "remote-server-timeout"


@pytest.mark.parametrize("user, nick", [("juliet", "captcha"), ("juliet", "sum"),
                                        ("juliet", "question"), ("guarded", "rom")])
def test_xep0055_a_question_in_the_middle_reaches_the_user(world, start, user, nick):
    """A captcha before the form, or while the results are waited for."""
    start()
    client = mock_user(world, user)
    ident = client.send_iq("set", MOCK, by_plain(nick=nick))
    asked = body(client.wait_message(MOCK))
    assert "Are you a person?" in asked or "How are you?" in asked
    client.message(MOCK, "W4X")
    assert len(items(client.wait_iq(ident))) == 2


def test_xep0055_a_host_is_not_trusted(world, gateway_factory, tmp_path):
    """tests/peers/bad-host.py: a form for a search and the other way round, names that cannot be, too
    many of them."""
    program = tmp_path / "host"
    program.write_text("#!/bin/sh\nexec /usr/bin/python3 -B "
                       f"{os.path.join(ROOT, 'tests', 'peers', 'bad-host.py')}\n")
    program.chmod(0o755)
    gateway = gateway_factory(server_port=world.server.component_port,
                              programs={"purple": str(program)},
                              transports={MOCK: {"protocol": "purple:bad", "name": "Bad"}}).start()
    client = mock_user(world)
    assert condition(get(client, MOCK)) == "service-unavailable"
    assert condition(client.iq("set", MOCK, by_plain(nick="form"))) == "service-unavailable"
    assert "I cannot search" in Talk(client, MOCK).say("search")
    found = items(client.iq("set", MOCK, by_plain(nick="names")))
    assert set(found) == {f"good@{MOCK}", f"\\40\\2f\\u20;@{MOCK}", f"\\u202e;@{MOCK}"}
    assert found[f"good@{MOCK}"]["nick"] == "one"
    reported, found = rows(client.iq("set", MOCK, by_form(nick="names")))
    assert list(reported)[0] == "jid" and f"good@{MOCK}" in found
    start = len(gateway.log_text())
    assert condition(client.iq("set", MOCK, by_plain(nick="many"))) == "remote-server-timeout"
    gateway.wait_log("search", start=start)
    wait_online(client, MOCK)


# ---- by chat ----

def test_search_by_chat_with_words(forms, gateway_factory):
    juliet = user_of(forms, gateway_factory)
    tybalt = Person(forms, "tybalt", "Tybalt", "Capulet", "cat")
    talk = Talk(juliet, XMPP)
    line = f"Tybalt Capulet ({tybalt.nick}) – {escaped(tybalt.jid)}"
    assert talk.say(f"search {tybalt.nick}") == f"One was found:\n{line}"
    assert talk.say(f"Search  {tybalt.email}") == f"One was found:\n{line}"  # an address
    assert talk.say("search nobody at all") == "Nobody was found."
    assert "search WORDS" in talk.say("help")


def test_search_by_chat_without_words(world, start):
    start()
    talk = Talk(mock_user(world), MOCK)
    asked = talk.say("search")
    assert "Whom do you look for?" in asked and "Fill in one" in asked and "Nickname" in asked
    assert "Town" in talk.say("rom")
    assert "House" in talk.say(".")
    assert "Only online" in talk.say("Montague")
    assert talk.say("no").splitlines() == [
        "2 people were found:", f"Romeo (rom) – romeo@{MOCK}",
        f"Count – count\\20paris\\40x@{MOCK}"]
    talk.say("search")
    assert talk.say("cancel") == "Cancelled."


def test_search_by_chat_shows_20(world, start):
    start()
    lines = Talk(mock_user(world), MOCK).say("search many").splitlines()
    assert lines[0] == "2000 people were found; the first 20:" and len(lines) == 21
    assert lines[20] == f"Somebody (nick) – user19@{MOCK}"


def test_search_by_chat_that_does_not_work(world, start):
    start(timing={"search-timeout": 2})
    client = world.account("juliet").client()
    client.presence()
    talk = Talk(client, MOCK)
    assert "register" in talk.say("search rom")
    register(client, MOCK, "juliet")
    client.stanzas.take_all(lambda s: True)
    assert talk.say("search error") == \
        "I cannot search: The directory is <closed>\non Sundays."
    lines = talk.say("search hostile").splitlines()
    assert lines[0] == "3 people were found:" and len(lines) == 4
    assert "cannot be reached" in talk.say("search silent")


def test_search_by_chat_while_a_question_is_open(world, start):
    """The search's dialogue does not take the place of what the network asks."""
    start()
    client = mock_user(world)
    talk = Talk(client, MOCK)
    talk.say("search captcha")  # its question comes as the answer
    ident = client.send_iq("get", MOCK, f"<query xmlns='{SEARCH}'/>")
    client.message(MOCK, "W4X")
    assert talk.hear().startswith("2 people were found:")
    assert condition(client.wait_iq(ident)) is None
