# tests/functional/test_bookmarks.py: rooms in the user's bookmarks (XEP-0402), on a Prosody that lets us
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Of the servers in Debian 12 Prosody's mod_privilege alone grants iqs (XEP-0356 5); ejabberd 23.01
does not.  What no server does is said by a scripted one."""

import xml.etree.ElementTree as ElementTree

import pytest

from conftest import IRC, XMPP, World, run_world
from lib.badserver import ACCEPT, BadServer
from lib.kept import Kept
from lib.registration import query
from lib.servers import SECRET
from lib.waiting import wait_until
from lib.xmppclient import condition

PUBSUB = "http://jabber.org/protocol/pubsub"
NODE = "urn:xmpp:bookmarks:0"
CONFERENCE, NICK = f"{{{NODE}}}conference", f"{{{NODE}}}nick"
PRIVILEGE = "urn:xmpp:privilege:2"


@pytest.fixture
def world(bookmarking, other_prosody, ngircd, request):
    yield from run_world(World(bookmarking, other_prosody, ngircd), request)


@pytest.fixture(params=["irc", "xmpp"])
def kept(request, world, gateway):
    for domain in (IRC, XMPP):
        gateway.wait_log(rf"{domain}: localhost grants: .*bookmarks")
    return Kept(request.param, world, gateway)


def bookmarks(client):
    answer = client.iq("get", client.bare, f"<pubsub xmlns='{PUBSUB}'><items node='{NODE}'/></pubsub>")
    return {item.get("id"): item.find(CONFERENCE) for item in answer.iter(f"{{{PUBSUB}}}item")}


OPTIONS = "".join(f"<field var='{name}'><value>{value}</value></field>" for name, value in (
    ("FORM_TYPE", f"{PUBSUB}#publish-options"), ("pubsub#persist_items", "true"),
    ("pubsub#max_items", "max"), ("pubsub#send_last_published_item", "never"),
    ("pubsub#access_model", "whitelist")))


def bookmark(client, jid, inner="", attributes="autojoin='true'", options=OPTIONS):
    """As clients do it."""
    wanted = (f"<publish-options><x xmlns='jabber:x:data' type='submit'>{options}</x>"
              "</publish-options>") if options else ""
    answer = client.iq("set", client.bare, f"<pubsub xmlns='{PUBSUB}'><publish node='{NODE}'>"
                       f"<item id='{jid}'><conference xmlns='{NODE}' {attributes}>{inner}</conference>"
                       f"</item></publish>{wanted}</pubsub>")
    assert condition(answer) is None


def wait_bookmark(client, jid, fits):
    return wait_until(lambda: jid in bookmarks(client) and fits(bookmarks(client)[jid])
                      and bookmarks(client)[jid], what=f"the bookmark of {jid}")


def is_auto(conference):
    return conference.get("autojoin") in ("true", "1")


def test_a_bookmark_is_joined_at_log_in(kept):
    bookmark(kept.client, "elsewhere@rooms.localhost", "<nick>x</nick>")
    bookmark(kept.client, kept.room.jid, f"<nick>{kept.room.nick}</nick>")
    kept.go_offline()
    kept.come_online()
    kept.room.friend_sees_join()
    expected = f"Your rooms:\n  {kept.room.channel}, as {kept.room.nick}: joined; autojoin on"
    wait_until(lambda: kept.ask("rooms") == expected, what="the room alone")
    bookmark(kept.client, kept.room.jid, attributes="autojoin='false'")
    kept.room.join()
    kept.leave()  # as clients do: the bookmark first
    kept.room.friend_sees_end()
    assert kept.ask("rooms") == "You are in no room, and keep none."
    assert set(bookmarks(kept.client)) == {"elsewhere@rooms.localhost", kept.room.jid}


def test_keeping_a_room_writes_a_bookmark(kept):
    client, jid = kept.client, kept.room.jid
    kept.submit(autojoin="1")
    found = wait_bookmark(client, jid, is_auto)
    assert found.get("name") == kept.room.channel and found.findtext(NICK) == kept.room.nick
    stranger = kept.world.account("paris").client()
    answer = stranger.iq("get", client.bare,
                         f"<pubsub xmlns='{PUBSUB}'><items node='{NODE}'/></pubsub>")
    assert condition(answer) is not None  # nobody else's business
    kept.ask(f"autojoin {kept.room.channel} off")
    wait_bookmark(client, jid, lambda found: not is_auto(found))
    kept.ask(f"stay {kept.room.channel} on")
    kept.ask(f"autojoin {kept.room.channel} on")
    wait_bookmark(client, jid, is_auto)
    kept.ask(f"leave {kept.room.channel}")
    wait_bookmark(client, jid, lambda found: not is_auto(found))


def test_what_is_in_a_bookmark_stays(kept):
    client, jid = kept.client, kept.room.jid
    inner = ("<nick>old</nick><password>p</password><extensions><pin xmlns='urn:x' when='3'>a &amp; b"
             "<deep>er</deep></pin></extensions>").replace("a &amp; b<deep>", "<deep>")
    bookmark(client, "elsewhere@rooms.localhost", inner)
    bookmark(client, jid, inner, "name='Verona &lt;3' autojoin='false' color='red'")
    kept.submit(autojoin="1")
    found = wait_bookmark(client, jid, is_auto)
    assert (found.get("name"), found.get("color")) == ("Verona <3", "red")
    assert found.findtext(NICK) == kept.room.nick and found.findtext(f"{{{NODE}}}password") == "p"
    pin = found.find(f"{{{NODE}}}extensions/{{urn:x}}pin")
    assert pin.get("when") == "3" and pin.findtext("{urn:x}deep") == "er"
    assert bookmarks(client)["elsewhere@rooms.localhost"].findtext(NICK) == "old"


def test_one_that_cannot_be_written_again_is_left_alone(kept):
    inner = "<extensions><a xmlns='urn:x'>mixed<b/>text</a></extensions>"
    bookmark(kept.client, kept.room.jid, inner, "name='Verona'")
    kept.submit(autojoin="1")
    kept.room.friend_sees_join()
    kept.gateway.wait_log("it is left alone")
    found = bookmarks(kept.client)[kept.room.jid]
    assert not is_auto(found) and "".join(found.itertext()) == "mixedtext"


def test_bad_bookmarks_lose_nothing(kept):
    client = kept.client
    bad = ["not a jid", "", kept.domain, f"{kept.room.jid}/nick", "@", "a@b@c"]
    for number, jid in enumerate(bad):
        bookmark(client, jid or f"number-{number}")
    bookmark(client, kept.room.jid, f"<nick>{'n' * 3000}</nick>")  # ours, and the nick is no nick
    before = set(bookmarks(client))
    kept.go_offline()
    kept.come_online()
    kept.room.friend_sees_join()
    assert kept.ask("rooms").startswith(f"Your rooms:\n  {kept.room.channel}, as {kept.room.nick}:")
    assert kept.ask("rooms").count("\n") == 1
    assert set(bookmarks(client)) == before


def test_more_bookmarks_than_rooms(world, gateway_factory):
    gateway = gateway_factory(server_port=world.server.component_port, limits={"rooms": 2},
                              transports={IRC: world.irc_transport()}).start()
    kept = Kept("irc", world, gateway)
    for number in range(5):
        bookmark(kept.client, f"#room{number}@{IRC}")
    kept.go_offline()
    kept.come_online()
    gateway.wait_log("not all bookmarks")
    assert kept.ask("rooms").count("\n") == 2
    assert len(bookmarks(kept.client)) == 5


def test_a_node_that_keeps_few_loses_none(kept):
    """What a client made without options holds one item: ours would push it out."""
    bookmark(kept.client, "elsewhere@rooms.localhost", options=None)
    kept.submit(autojoin="1")
    kept.room.friend_sees_join()
    kept.gateway.wait_log("a bookmark could not be written")
    assert set(bookmarks(kept.client)) == {"elsewhere@rooms.localhost"}


class Scripted:
    """juliet, on a server that says what a test wants; `grant`: the namespaces of its iq permission."""

    def __init__(self, gateway_factory, irc_port, grant):
        self.server = BadServer(secret=SECRET)
        self.gateway = gateway_factory(server_port=self.server.port, transports={IRC: {
            "protocol": "purple:prpl-irc", "name": "IRC", "option.port": irc_port,
            "split.1": "127.0.0.1"}}).start(wait=False)
        self.stream = self.server.accept().attach()
        self.user = "juliet@localhost"
        if grant:
            self.stream.send(f"<message from='localhost' to='{IRC}'><privilege xmlns='{PRIVILEGE}'>"
                             f"<perm access='iq'>{grant}</perm></privilege></message>")
        self.stream.send(f"<iq type='set' id='r' from='{self.user}/a' to='{IRC}'>"
                         f"{query('<username>juliet402</username>')}</iq>")
        self.stream.wait_element("iq", id="r", type="result")
        self.stream.send(f"<presence from='{self.user}/a' to='{IRC}'/>")

    def wait_privileged(self):
        """The next request in juliet's name: its id, and what is asked for."""
        while True:
            iq = self.stream.wait_element("iq", to=self.user)
            inner = iq.find(f"{{{PRIVILEGE}}}privileged_iq/{{jabber:client}}iq")
            if inner is not None:
                assert inner.get("type") == iq.get("type") and inner.get("id")
                return iq.get("id"), inner

    def answer(self, ident, inner, kind="result"):
        self.stream.send(f"<iq type='result' id='{ident}' from='{self.user}' to='{IRC}'>"
                         f"<privilege xmlns='{PRIVILEGE}'><forwarded xmlns='urn:xmpp:forward:0'>"
                         f"<iq xmlns='jabber:client' type='{kind}' id='x'>{inner}</iq>"
                         "</forwarded></privilege></iq>")

    def items(self, inner):
        return f"<pubsub xmlns='{PUBSUB}'><items node='{NODE}'>{inner}</items></pubsub>"

    def ask(self, text):
        self.stream.send(f"<message type='chat' from='{self.user}/a' to='{IRC}'><body>{text}</body>"
                         "</message>")

    def wait_said(self, text):
        while text not in (self.stream.wait_element("message").findtext(f"{{{ACCEPT}}}body") or ""):
            pass


@pytest.fixture
def scripted(gateway_factory, ngircd):
    made = []

    def make(grant):
        made.append(Scripted(gateway_factory, ngircd.port, grant))
        return made[-1]
    yield make
    for one in made:
        one.gateway.stop()
        one.server.close()


BOTH = f"<namespace ns='{PUBSUB}' type='both'/>"


@pytest.mark.parametrize("grant", ["", "<namespace ns='urn:x' type='both'/>",
                                   f"<namespace ns='{PUBSUB}' type='set'/>"])
def test_0356_nothing_is_asked_that_is_not_granted(scripted, grant):
    case = scripted(grant)
    case.ask("autojoin #verona402 on")
    case.wait_said("whenever you log in")
    case.ask("rooms")
    case.wait_said("joined; autojoin on")
    assert not any("privileged_iq" in ElementTree.tostring(element, "unicode")
                   for element in case.stream.take_elements())
    assert b"privileged_iq" not in case.stream.raw


@pytest.mark.parametrize("grant", [f"<namespace ns='urn:x' type='get'>{BOTH}</namespace>",
                                   f"<namespace ns='{PUBSUB}' type='get'/>"
                                   f"<namespace ns='{PUBSUB}' type='set'/>"])
def test_0356_a_grant_by_the_standard_or_nested(scripted, grant):
    case = scripted(grant)
    ident, inner = case.wait_privileged()
    assert inner.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}items").get("node") == NODE
    case.answer(ident, case.items(f"<item id='#verona402@{IRC}'><conference xmlns='{NODE}' "
                                  "autojoin='1'/></item>"))
    case.gateway.wait_log("received .*privilege.*forwarded")
    case.ask("rooms")
    case.wait_said("#verona402, as juliet402")
    case.ask("autojoin #verona402 off")
    ident, inner = case.wait_privileged()
    assert inner.find(f".//{{{PUBSUB}}}item").get("id") == f"#verona402@{IRC}"
    case.answer(ident, case.items(f"<item id='#verona402@{IRC}'><conference xmlns='{NODE}' "
                                  "autojoin='1' name='V'><extensions/></conference></item>"))
    ident, inner = case.wait_privileged()
    conference = inner.find(f".//{CONFERENCE}")
    assert (conference.get("autojoin"), conference.get("name")) == ("false", "V")
    assert conference.find(f"{{{NODE}}}extensions") is not None
    case.answer(ident, "")


def test_ten_thousand_bookmarks(scripted):
    """Far over the limit of a stanza: none is taken, none is changed, nobody else sees it."""
    case = scripted(BOTH)
    ident, _ = case.wait_privileged()
    case.answer(ident, case.items("".join(
        f"<item id='#r{n}@{IRC}'><conference xmlns='{NODE}' autojoin='true' name='room {n}'/></item>"
        for n in range(10000))))
    case.gateway.wait_log("no bookmarks came")
    case.ask("rooms")
    case.wait_said("You are in no room")
    case.ask("autojoin #verona402 on")
    case.wait_said("whenever you log in")


@pytest.mark.parametrize("answer", ["", "<error type='cancel'><item-not-found "
                                    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
                                    "<error type='auth'><forbidden "
                                    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"])
def test_answers_without_bookmarks(scripted, answer):
    case = scripted(BOTH)
    case.answer(case.wait_privileged()[0], answer, "error" if answer else "result")
    case.ask("autojoin #verona402 on")
    case.wait_said("whenever you log in")
    case.answer(case.wait_privileged()[0], answer, "error" if answer else "result")
    if "item-not-found" in answer:
        ident, inner = case.wait_privileged()
        assert inner.find(f".//{{{PUBSUB}}}publish-options") is not None
        case.stream.send(f"<iq type='error' id='{ident}' from='{case.user}' to='{IRC}'><error "
                         "type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                         "</error></iq>")
        case.gateway.wait_log("a bookmark could not be written")
    case.ask("rooms")
    case.wait_said("joined; autojoin on")
