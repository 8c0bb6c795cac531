# tests/functional/test_archive.py: the archives of rooms (XEP-0313) on ngircd and Prosody's MUC
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os
import re
import sqlite3
import time

import pytest

from conftest import IRC, XMPP
from lib.archive import MAM, all_pages, query, rsm
from lib.registration import register, wait_online
from lib.rooms import BODY, USER, IrcRoom, XmppRoom
from lib.waiting import wait_until
from lib.xmppclient import condition

SID, OCCUPANT = "{urn:xmpp:sid:0}stanza-id", "{urn:xmpp:occupant-id:0}occupant-id"
DELAY = "{urn:xmpp:delay}delay"
INFO = "{http://jabber.org/protocol/disco#info}"
STRANGE = "5b1f5a52-2b4e-4b52-9d7d-6a2f9d0f2b77"


@pytest.fixture
def account(world):
    return world.account("juliet")


@pytest.fixture
def juliet(account):
    return account.client("home")


@pytest.fixture
def room(world, gateway, juliet):
    room = IrcRoom(world, IRC, juliet)
    room.join()
    return room


@pytest.fixture
def make_gateway(world, gateway_factory):
    def make(**arguments):
        return gateway_factory(server_port=world.server.component_port,
                               transports={IRC: world.irc_transport()}, **arguments)
    return make


def talk(room, texts):
    """The friend says them, and the user sees them: (texts, their stanza ids)."""
    seen = []
    for text in texts:
        room.friend.say(room.channel, text)
        seen.append(room.wait_message(room.friend.nick, text))
    return [s.find(SID).get("id") for s in seen]


def bodies(stanzas):
    return [s.findtext(BODY) for s in stanzas if s.find(BODY) is not None]


def features(client, address):
    answer = client.iq("get", address, f"<query xmlns='{INFO[1:-1]}'/>")
    return {f.get("var") for f in answer.iter(INFO + "feature")}


def age(gateway, days):
    """As if all that is there were older.  The gateway is not running."""
    with sqlite3.connect(gateway.store_path) as db:
        db.execute("UPDATE archive SET said = said - ?", (days * 24 * 60 * 60,))
    db.close()


def rows(gateway):
    with sqlite3.connect(gateway.store_path) as db:
        (count,) = db.execute("SELECT count(*) FROM archive").fetchone()
    db.close()
    return count


def file_bytes(gateway):
    return b"".join(open(gateway.store_path + suffix, "rb").read() for suffix in ("", "-wal")
                    if os.path.exists(gateway.store_path + suffix))


# ---- one message ----

def test_a_result_is_the_message_as_it_was_seen(room):
    (ident,) = talk(room, ["two <households> & more"])
    sent = room.say("both alike", extra="<x xmlns='jabber:x:oob'/>")
    own = room.wait_message(room.nick, "both alike")
    page = query(room.client, room.jid, queryid="a & b")
    assert page.complete and page.ids == [ident, own.find(SID).get("id")]
    result = page.results[0]
    assert result.get("from") == room.jid and result.get("type") in (None, "normal")
    assert result.find(f"{{{MAM}}}result").get("queryid") == "a & b"
    first, second = page.messages
    assert first.get("from") == f"{room.jid}/{room.friend.nick}" and first.get("to") is None
    assert first.get("type") == "groupchat" and first.findtext(BODY) == "two <households> & more"
    assert first.find(SID).get("id") == ident and first.find(SID).get("by") == room.jid
    assert first.find(OCCUPANT).get("id")
    assert first.find(f"{USER}x") is None  # IRC shows nobody's address
    assert second.get("id") == sent == own.get("id")
    assert second.find(OCCUPANT).get("id") == own.find(OCCUPANT).get("id")
    assert page.set["first"] == ident and page.set["last"] == page.ids[-1]
    assert page.set["count"] == "2" and page.index == "0"
    assert all(stamp.endswith("Z") for stamp in page.stamps)


def test_discovery(world, room):
    assert {MAM, MAM + "#extended", "urn:xmpp:sid:0"} <= features(room.client, room.jid)
    assert MAM not in features(room.client, IRC)
    assert MAM not in features(room.client, f"{room.friend.nick}@{IRC}")
    room.client.presence(f"{room.jid}/{room.nick}", "unavailable")
    assert MAM in features(room.client, room.jid)
    assert MAM not in features(world.account("paris").client(), room.jid)


def test_the_form_and_the_metadata(room):
    answer = room.client.iq("get", room.jid, f"<query xmlns='{MAM}'/>")
    fields = {f.get("var"): f for f in answer.iter("{jabber:x:data}field")}
    assert {name: f.get("type") for name, f in fields.items()} == {
        "FORM_TYPE": "hidden", "with": "jid-single", "start": "text-single", "end": "text-single",
        "before-id": "text-single", "after-id": "text-single", "ids": "list-multi"}
    assert fields["FORM_TYPE"].findtext("{jabber:x:data}value") == MAM
    validate = "{http://jabber.org/protocol/xdata-validate}"
    assert fields["ids"].find(f"{validate}validate/{validate}open") is not None
    assert not list(answer.iter("{jabber:x:data}required"))

    def metadata():
        answer = room.client.iq("get", room.jid, f"<metadata xmlns='{MAM}'/>")
        return list(answer.find(f"{{{MAM}}}metadata"))
    assert metadata() == []
    ids = talk(room, ["one", "two", "three"])
    query(room.client, room.jid)  # waits for the store
    start, end = metadata()
    assert (start.tag, end.tag) == (f"{{{MAM}}}start", f"{{{MAM}}}end")
    assert (start.get("id"), end.get("id")) == (ids[0], ids[-1])
    assert start.get("timestamp").endswith("Z") and end.get("timestamp") >= start.get("timestamp")


# ---- filters ----

def test_filter_with(world, room):
    nurse = world.irc("nurse")
    nurse.join(room.channel)
    room.wait_presence(nurse.nick)
    talk(room, ["one"])
    nurse.say(room.channel, "two")
    room.wait_message(nurse.nick, "two")
    talk(room, ["three"])
    room.say("four")
    room.wait_message(room.nick, "four")

    def found(address):
        return query(room.client, room.jid, {"with": address}).bodies
    assert found(f"{room.jid}/{room.friend.nick}") == ["one", "three"]
    assert found(f"{room.jid}/{nurse.nick}") == ["two"]
    assert found(f"{room.jid}/{room.nick}") == ["four"]
    assert found(room.jid) == ["one", "two", "three", "four"]
    for nobody in (f"{room.jid}/nobody", f"{room.friend.nick}@{IRC}", "nobody@example.org"):
        page = query(room.client, room.jid, {"with": nobody})
        assert page.condition is None and page.results == [] and page.complete
    assert query(room.client, room.jid, {"with": "@"}).condition == "bad-request"
    page = query(room.client, room.jid, {"with": f"{room.jid}/{room.friend.nick}"}, rsm(max=1))
    assert page.bodies == ["one"] and not page.complete and page.set["count"] == "2"


def test_filter_start_and_end(room, gateway):
    talk(room, ["one", "two", "three"])
    page = query(room.client, room.jid)
    gateway.stop()
    base = 1700000000  # 2023-11-14T22:13:20Z
    with sqlite3.connect(gateway.store_path) as db:
        for n, ident in enumerate(page.ids):
            db.execute("UPDATE archive SET said = ? WHERE id = ?", (base + 10 * n, ident))
    db.close()
    gateway.sections["store"]["archive-days"] = 36500
    gateway.start()
    wait_online(room.client, IRC)

    def found(**fields):
        return query(room.client, room.jid, fields).bodies
    assert query(room.client, room.jid).stamps == [f"2023-11-14T22:13:{s}Z" for s in (20, 30, 40)]
    assert found(start="2023-11-14T22:13:30Z") == ["two", "three"]
    assert found(start="2023-11-14T22:13:30.001Z") == ["three"]
    assert found(start="2023-11-15T00:13:30+02:00") == ["two", "three"]
    assert found(end="2023-11-14T22:13:30Z") == ["one", "two"]
    assert found(end="2023-11-14T22:13:29.999Z") == ["one"]
    assert found(start="2023-11-14T22:13:25Z", end="2023-11-14T22:13:35Z") == ["two"]
    assert found(start="2024-01-01T00:00:00Z") == []
    for wrong in ("yesterday", "", "2023-11-14", "20231114T221320Z", "2023-13-14T22:13:20Z",
                  "2023-11-14T22:13:20"):
        assert query(room.client, room.jid, {"start": wrong}).condition == "bad-request"
        assert query(room.client, room.jid, {"end": wrong}).condition == "bad-request"


def test_filter_ids(room):
    ids = talk(room, [f"line {n}" for n in range(6)])

    def found(**fields):
        page = query(room.client, room.jid, {name.replace("_", "-"): value
                                             for name, value in fields.items()})
        return page.condition or page.bodies
    assert found(after_id=ids[3]) == ["line 4", "line 5"]
    assert found(before_id=ids[2]) == ["line 0", "line 1"]
    assert found(after_id=ids[1], before_id=ids[4]) == ["line 2", "line 3"]
    assert found(ids=[ids[4], ids[0]]) == ["line 0", "line 4"]
    assert found(ids=[ids[4], ids[0]], after_id=ids[0]) == ["line 4"]
    for name in ("after_id", "before_id", "ids"):
        assert found(**{name: STRANGE}) == "item-not-found"
    assert found(ids=[ids[0], STRANGE]) == "item-not-found"


def test_what_is_asked_wrongly(room):
    talk(room, ["one"])

    def refused(fields=None, **more):
        return query(room.client, room.jid, fields, **more).condition
    assert refused({"{urn:x}text-search": "one"}) == "feature-not-implemented"
    assert refused({"include-groupchat": "true"}) == "feature-not-implemented"
    assert refused({"FORM_TYPE": "urn:x"}) == "not-acceptable"
    assert refused(extra="<x xmlns='jabber:x:data' type='form'/>") == "bad-request"
    assert refused(page=rsm(max="many")) == "bad-request"
    assert refused(page=rsm(max=-1)) == "bad-request"
    assert refused(page=rsm(index=0)) == "feature-not-implemented"
    assert refused(page=rsm(after=STRANGE)) == "item-not-found"
    assert refused(page=rsm(before=STRANGE)) == "item-not-found"
    assert query(room.client, f"{room.jid}/{room.nick}").condition == "service-unavailable"
    assert query(room.client, IRC).condition == "service-unavailable"
    assert query(room.client, f"{room.friend.nick}@{IRC}").condition == "item-not-found"
    assert query(room.client, room.jid).bodies == ["one"]


# ---- pages ----

def test_pages_of_a_long_archive(room):
    texts = [f"line {n}" for n in range(125)]
    for text in texts:
        room.friend.say(room.channel, text)
    room.wait_message(room.friend.nick, texts[-1])
    whole = query(room.client, room.jid)
    assert whole.bodies == texts[:100] and not whole.complete  # archive-page
    assert whole.set["count"] == "125"
    forward = all_pages(room.client, room.jid, 30)
    assert [len(page.results) for page in forward] == [30, 30, 30, 30, 5]
    assert [body for page in forward for body in page.bodies] == texts
    assert [page.index for page in forward] == ["0", "30", "60", "90", "120"]
    backward = all_pages(room.client, room.jid, 50, backwards=True)
    assert [page.bodies for page in backward] == [texts[75:], texts[25:75], texts[:25]]
    assert [page.index for page in backward] == ["75", "25", "0"]
    flipped = query(room.client, room.jid, page=rsm(max=3, before=""), extra="<flip-page/>")
    assert flipped.bodies == texts[:-4:-1] and flipped.set["last"] == flipped.ids[0]
    assert flipped.set["first"] == flipped.ids[-1] == backward[0].ids[-3]
    forward_flipped = query(room.client, room.jid, page=rsm(max=3, after=whole.ids[9]),
                            extra="<flip-page/>")
    assert forward_flipped.bodies == texts[12:9:-1]
    none = query(room.client, room.jid, page=rsm(max=0))
    assert none.results == [] and none.set == {"count": "125"} and not none.complete
    behind = query(room.client, room.jid, page=rsm(max=5, after=forward[-1].set["last"]))
    assert behind.results == [] and behind.complete
    before = query(room.client, room.jid, page=rsm(max=5, before=whole.ids[0]))
    assert before.results == [] and before.complete
    two = query(room.client, room.jid, {"after-id": whole.ids[3], "before-id": whole.ids[9]},
                rsm(max=2, before=""))
    assert two.bodies == texts[7:9] and not two.complete and two.set["count"] == "5"


def test_many_queries_at_once(room):
    talk(room, ["one"])
    idents = [room.client.send_iq("set", room.jid, f"<query xmlns='{MAM}' queryid='{n}'/>")
              for n in range(60)]
    conditions = [condition(room.client.wait_iq(ident)) for ident in idents]
    assert set(conditions) <= {None, "resource-constraint"} and None in conditions
    assert query(room.client, room.jid).bodies == ["one"]


# ---- whose it is ----

def test_nobody_else_sees_it(world, gateway, room):
    talk(room, ["a secret"])
    paris = world.account("paris").client()
    paris.presence()
    assert query(paris, room.jid).condition == "forbidden"
    assert condition(paris.iq("get", room.jid, f"<query xmlns='{MAM}'/>")) == "forbidden"
    assert condition(paris.iq("get", room.jid, f"<metadata xmlns='{MAM}'/>")) == "forbidden"
    register(paris, IRC, world.nick("paris"))
    page = query(paris, room.jid)
    assert page.condition is None and page.results == [] and page.complete
    assert query(room.client, room.jid).bodies == ["a secret"]


def test_in_the_room_or_not_and_by_any_client(room, account):
    talk(room, ["one"])
    work = account.client("work")
    assert query(work, room.jid).bodies == ["one"]
    room.client.presence(f"{room.jid}/{room.nick}", "unavailable")
    room.wait_presence(room.nick, "unavailable")
    room.friend.say(room.channel, "not seen")
    assert query(room.client, room.jid).bodies == ["one"]
    room.client.presence(kind="unavailable")
    wait_until(lambda: not room.friend.is_online(room.nick), what="the log-out")
    assert query(room.client, room.jid).bodies == ["one"]


def test_unregistering_removes_it(gateway, room):
    text = "it-was-the-lark-the-herald-of-the-morn"
    talk(room, [text])
    query(room.client, room.jid)
    assert rows(gateway) == 1 and room.friend.nick.encode() in file_bytes(gateway)
    answer = room.client.iq("set", IRC, "<query xmlns='jabber:iq:register'><remove/></query>")
    assert condition(answer) is None
    assert query(room.client, room.jid).condition == "forbidden"
    assert rows(gateway) == 0
    assert room.friend.nick.encode() not in file_bytes(gateway)
    room.client.stanzas.take_all()
    register(room.client, IRC, room.nick)
    assert query(room.client, room.jid).results == []


def test_moving_moves_it(world, room):
    ids = talk(room, ["one", "two"])
    new = world.account("capulet").client()
    new.presence()
    room.client.message(IRC, f"move {new.bare}")
    code = re.search("accept ([0-9a-f]{8})", room.client.wait_message(IRC).findtext(BODY)).group(1)
    new.message(IRC, f"accept {code}")
    new.wait_presence(IRC, "subscribe")
    wait_until(lambda: query(room.client, room.jid).condition == "forbidden", what="the move")
    page = query(new, room.jid)
    assert page.bodies == ["one", "two"] and page.ids == ids


def test_texts_cannot_be_read_in_the_file(gateway, room):
    text = "night's candles are burnt out"
    talk(room, [text])
    assert query(room.client, room.jid).bodies == [text]
    assert room.channel.encode() in file_bytes(gateway)  # it looks into the right files
    assert text.encode() not in file_bytes(gateway)
    gateway.stop()
    assert text.encode() not in file_bytes(gateway)


# ---- settings ----

def test_no_archive(make_gateway, world, juliet):
    gateway = make_gateway()
    gateway.sections["store"]["archive-days"] = 0
    gateway.start()
    room = IrcRoom(world, IRC, juliet)
    room.join()
    talk(room, ["one"])
    found = features(juliet, room.jid)
    assert MAM not in found and MAM + "#extended" not in found and "urn:xmpp:sid:0" in found
    assert query(juliet, room.jid).condition == "service-unavailable"
    assert rows(gateway) == 0
    gateway.sections["store"]["archive-days"] = 1
    gateway.reload()
    gateway.wait_log("settings read again: limits")
    talk(room, ["two"])
    assert MAM in features(juliet, room.jid) and query(juliet, room.jid).bodies == ["two"]
    gateway.sections["store"]["archive-days"] = 0
    gateway.reload()
    wait_until(lambda: rows(gateway) == 0, what="what there is to be deleted")


def test_retention(gateway, room):
    talk(room, ["old"])
    query(room.client, room.jid)
    gateway.stop()
    age(gateway, 8)
    gateway.start()
    wait_until(lambda: rows(gateway) == 0, what="the old lines to go")
    wait_online(room.client, IRC)
    room.join()
    talk(room, ["new"])
    assert query(room.client, room.jid).bodies == ["new"]
    gateway.stop()
    age(gateway, 6)
    gateway.start()
    assert query(room.client, room.jid).bodies == ["new"]


def test_limits_of_an_archive_and_of_a_page(make_gateway, world, juliet):
    make_gateway(limits={"archive-messages": 10, "archive-page": 4}).start()
    room = IrcRoom(world, IRC, juliet)
    room.join()
    texts = [f"line {n}" for n in range(25)]
    for text in texts:
        room.friend.say(room.channel, text)
    room.wait_message(room.friend.nick, texts[-1])
    page = query(juliet, room.jid)
    assert page.bodies == texts[15:19] and page.set["count"] == "10" and not page.complete
    assert query(juliet, room.jid, page=rsm(max=1000)).bodies == texts[15:19]
    assert sum((p.bodies for p in all_pages(juliet, room.jid, 100)), []) == texts[15:]


# ---- joining again, and a restart ----

def test_history_on_join_survives_a_restart(gateway, room):
    ids = talk(room, ["one", "two"])
    sent = room.say("three")
    own = room.wait_message(room.nick, "three")
    gateway.stop()
    gateway.start()
    wait_online(room.client, IRC)
    assert query(room.client, room.jid).bodies == ["one", "two", "three"]
    seen = [s for s in room.join() if s.find(BODY) is not None]
    assert bodies(seen) == ["one", "two", "three"]
    assert [s.find(SID).get("id") for s in seen] == ids + [own.find(SID).get("id")]
    assert seen[-1].get("id") == sent
    assert all(s.find(DELAY).get("from") == room.jid for s in seen)
    assert query(room.client, room.jid).bodies == ["one", "two", "three"]  # not archived again


def test_history_that_the_first_client_wants(gateway, room):
    talk(room, [f"line {n}" for n in range(4)])
    query(room.client, room.jid)
    gateway.stop()
    with sqlite3.connect(gateway.store_path) as db:
        db.execute("UPDATE archive SET said = said - 3600 WHERE number <="
                   " (SELECT min(number) + 1 FROM archive)")
    db.close()
    gateway.start()
    wait_online(room.client, IRC)
    lines = [f"line {n}" for n in range(4)]

    def history(attributes):
        room.client.presence(f"{room.jid}/{room.nick}", "unavailable")
        found = bodies(room.join(inner=f"<history {attributes}/>"))
        return found
    now, hour = time.time(), 3600
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - hour / 2))
    assert bodies(room.join()) == lines
    assert history("maxstanzas='1'") == lines[3:]
    assert history("maxstanzas='0'") == [] and history("maxchars='0'") == []
    assert history("seconds='1800'") == lines[2:] and history(f"since='{since}'") == lines[2:]
    assert history("seconds='36000'") == lines
    assert history(f"since='{since}' maxstanzas='1'") == lines[3:]
    one = len(f"<message from='{room.jid}/{room.friend.nick}'")
    assert history(f"maxchars='{one}'") == []
    assert 1 <= len(history("maxchars='1200'")) < 4
    assert history("maxchars='100000'") == lines
    assert history("maxstanzas='x' since='y'") == lines


# ---- another XMPP network: it tells its history again ----

@pytest.fixture
def muc(world, gateway):
    return XmppRoom(world, XMPP, world.account("juliet").client("home"))


def joined(muc):
    """Joins; what comes late has come, too."""
    seen = muc.join()
    muc.friend.message(muc.channel, f"seen {len(seen)}?", kind="groupchat")
    muc.wait_message("mercutio", f"seen {len(seen)}?")


def wait_out(muc):
    muc.client.presence(f"{muc.jid}/juliet", "unavailable")
    muc.friend.wait_for(lambda s: s.get("from") == f"{muc.channel}/juliet"
                        and s.get("type") == "unavailable")


def test_what_the_network_tells_again_is_archived_once(gateway, muc):
    for text in ("one", "ok", "ok", "two"):
        muc.friend.message(muc.channel, text, kind="groupchat")
        muc.friend.wait_message(muc.channel, text)
    joined(muc)
    first = query(muc.client, muc.jid)
    assert first.bodies[:4] == ["one", "ok", "ok", "two"] and len(first.bodies) == 5
    muc.say("mine")
    muc.wait_message("juliet", "mine")
    wait_out(muc)
    muc.friend.message(muc.channel, "while away", kind="groupchat")
    muc.friend.wait_message(muc.channel, "while away")
    joined(muc)
    page = query(muc.client, muc.jid)
    assert page.bodies[:7] == first.bodies + ["mine", "while away"] and len(page.bodies) == 8
    assert page.ids[:5] == first.ids
    wait_out(muc)
    gateway.stop()
    gateway.start()
    wait_online(muc.client, muc.domain)
    joined(muc)
    again = query(muc.client, muc.jid)
    assert again.ids[:8] == page.ids and len(again.ids) == 9


def test_who_said_it_where_the_room_shows_it(muc):
    muc.friend.iq("set", muc.channel, "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                  "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
                  "http://jabber.org/protocol/muc#roomconfig</value></field>"
                  "<field var='muc#roomconfig_whois'><value>anyone</value></field></x></query>")
    joined(muc)
    page = query(muc.client, muc.jid)
    item = page.messages[-1].find(f"{USER}x/{USER}item")
    address = item.get("jid")
    assert address.startswith(muc.friend.bare.replace("@", "\\40"))
    assert query(muc.client, muc.jid, {"with": address.partition("/")[0]}).bodies == page.bodies[-1:]
    assert MAM in features(muc.client, muc.jid)
    wait_out(muc)
    assert MAM in features(muc.client, muc.jid)  # though its name does not tell that it is a room
