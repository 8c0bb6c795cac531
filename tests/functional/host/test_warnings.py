# tests/functional/host/test_warnings.py: warnings of services that are wrong, many or hostile
# SPDX-License-Identifier: GPL-2.0-or-later
import json
import threading

import pytest
from test_weather import AROUND_ROME, AROUND_VERONA, alert, atom, italy, watch  # noqa: F401
from weblib import add, say


def settle(host, web):
    """All that was published is told: it was fetched, and handed out, since then."""
    for _ in range(2):
        web.wait_requests("/national", len([path for path, _ in web.requests if path == "/national"]) + 1)
    host.sync()


def titles(host, account=1):
    """Of what was said and not yet asked for."""
    said = [line for line in host.lines if line["type"] == "message" and line["account"] == account]
    for line in said:
        host.lines.remove(line)
    return [line.get("title") for line in said]


@pytest.mark.parametrize("last", ["Cancel", "Update"])
def test_a_part_of_the_area_is_clear(italy, web, last):
    """One message ends a warning where its danger is over, another goes on with it elsewhere."""
    host = italy()
    watch(host, "verona")
    web.put("/national", atom(alert("w1")))
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    both = [alert("w2", kind="Update", references="w1", area=AROUND_VERONA),
            alert("w3", kind="Cancel" if last == "Cancel" else "Update", references="w1", area=AROUND_ROME)]
    for order in (both, both[::-1]):
        web.put("/national", atom(*order))
        settle(host, web)
        assert titles(host) == []
    assert "- Strong wind" in say(host, "alerts", "verona")
    web.put("/national", atom(alert("w4", kind="Cancel", references="w2")))
    assert host.expect("message", contact="verona")["title"] == "Over: Strong wind"


def test_the_same_id_is_told_again_when_it_is_worse(italy, web):
    host = italy()
    watch(host, "verona")
    web.put("/national", atom(alert("w1", severity="Minor")))
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    web.put("/national", atom(alert("w1", severity="Extreme")))
    worse = host.expect("message", contact="verona")
    assert worse["title"] == "Update: Strong wind" and worse["text"].startswith("Extreme: ")
    for severity in ("Moderate", "Extreme"):  # up and down is nothing new
        web.put("/national", atom(alert("w1", severity=severity)))
        settle(host, web)
    assert titles(host) == []


def test_senders_have_ids_of_their_own(italy, web):
    host = italy()
    watch(host, "verona")
    other = alert("1", "Flood").replace("meteo@example.org", "water@example.org")
    web.put("/national", atom(alert("1"), other))
    assert {host.expect("message", contact="verona")["title"] for _ in range(2)} == {"Strong wind", "Flood"}
    web.put("/national", atom(alert("1"), alert("2", None, kind="Cancel", references="1").replace(
        "meteo@example.org", "water@example.org")))
    assert host.expect("message", contact="verona")["title"] == "Over: Flood"
    settle(host, web)
    assert titles(host) == [] and "- Strong wind" in say(host, "alerts", "verona")


def test_more_than_can_be_told(italy, web):
    """Some have a message each, the others are one; in whichever order they come, none is told twice."""
    many = [alert(f"w{n:02}", f"Wind {n:02}") for n in range(60)]
    host = italy()
    watch(host, "verona")
    web.put("/national", atom(*many))
    news = [host.expect("message", contact="verona") for _ in range(11)]
    assert news[-1]["title"] == "40 more about warnings" and news[-1]["text"].count("\n- Wind") == 39
    told = {one["title"] for one in news[:-1]} | set(news[-1]["text"].replace("- ", "").split("\n"))
    assert len(told) == 50
    for shift in (20, 40):
        web.put("/national", atom(*many[shift:], *many[:shift]))
        settle(host, web)
    assert titles(host) == []
    # one that is worse takes the place of another, which stays known
    web.put("/national", atom(*many, alert("x", "Tornado", severity="Extreme")))
    assert host.expect("message", contact="verona")["title"] == "Tornado"
    web.put("/national", atom(*many))
    settle(host, web)
    assert titles(host) == []
    marks = [line for line in host.lines if line.get("name") == "watch.warned.verona"]
    assert max(len(line["text"]) for line in marks) < 3100
    # and who has less to know hears of the others
    web.put("/national", atom(*(one for n, one in enumerate(many) if f"Wind {n:02}" not in told)))
    assert {host.expect("message", contact="verona")["title"] for _ in range(10)} == {
        f"Wind {n:02}" for n in range(60)} - told


def test_a_warning_that_is_left_out_and_comes_again(italy, web):
    """The machines of a service do not all know the same; but what was said to be over may be told again."""
    host = italy()
    watch(host, "verona")
    web.put("/national", atom(alert("w1")))
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    for _ in range(2):
        web.put("/national", atom())
        host.expect("presence", contact="verona", show="online")
        settle(host, web)
        web.put("/national", atom(alert("w1")))
        host.expect("presence", contact="verona", show="dnd")
        settle(host, web)
    assert titles(host) == []
    web.put("/national", atom(alert("w2", None, kind="Cancel", references="w1")))
    assert host.expect("message", contact="verona")["title"] == "Over: Strong wind"
    web.put("/national", atom(alert("w1")))
    assert host.expect("message", contact="verona")["title"] == "Strong wind"


def test_new_ids_each_time(italy, web):
    """What is remembered is of what is in force, and no more."""
    host = italy()
    watch(host, "verona")
    for turn in range(3):
        web.put("/national", atom(*(alert(f"{turn}.{n}", f"Wind {turn}") for n in range(300))))
        for _ in range(11):
            host.expect("message", contact="verona")
        settle(host, web)
        assert titles(host) == []
    marks = [line for line in host.lines if line.get("name") == "watch.warned.verona"]
    assert all(len(line["text"]) < 3100 for line in marks)


def test_what_clients_get_is_clean_and_bounded(italy, web):
    host = italy()
    watch(host, "verona")
    turned = "\u202egnorts\u2066 \u0085wind\ufeff " + "x" * 5000
    web.put("/national", atom(alert("w1", turned).replace("</info>", (
        f"<headline>{turned}</headline><instruction>{turned}</instruction>"
        "<web>https://example.org/\n\u202e</web></info>"))))
    news = host.expect("message", contact="verona")
    assert news["title"].startswith("gnorts wind x") and len(news["title"]) < 320
    assert len(news["text"]) < 3300 and "url" not in news
    status = host.expect("presence", contact="verona", show="dnd")["status"]
    assert len(status) < 200
    for text in (news["title"], news["text"], status):
        assert not set("\u202e\u2066\u0085\ufeff") & set(text)


def place(name, n):
    return {"name": name, "latitude": 45 + n / 100, "longitude": 10.99, "country_code": "IT",
            "country": "Italy", "admin1": "Veneto"}


def test_places_come_and_go_while_an_answer_is_awaited(italy, web):
    """… and while it is handed out."""
    gate = threading.Event()

    def slow(headers):
        gate.wait(30)
        return 200, {}, atom(alert("w1")).encode()
    host = italy("timeout=60")
    names = [f"town{n}" for n in range(60)]
    for n, name in enumerate(names):
        web.put(f"/geo?name={name}", json.dumps({"results": [place(name.title(), n)]}))
    web.pages["/national"] = slow
    host.login(account=2, username="romeo")
    for name in names:
        add(host, name, 1)
        if name != "town7":
            add(host, name, 2)
    host.send(type="contact-remove", account=1, id=host.next_id(), contact="town7")  # the last who watches it
    for path in [f"/forecast?{45 + n / 100:.4f}10.9900" for n in range(60) if n != 7]:
        web.wait_requests(path, 1)
    host.send(type="logout", account=2)
    gate.set()
    for name in names[:30]:
        if name != "town7":
            host.send(type="contact-remove", account=1, id=host.next_id(), contact=name)
    for name in names[30:]:
        assert host.expect("message", contact=name, account=1)["title"] == "Strong wind"
    gate.clear()
    settle_requests = len([path for path, _ in web.requests if path == "/national"])
    assert settle_requests >= 1
    host.send(type="logout", account=1)
    host.expect("state", account=1, state="offline")
    gate.set()


def test_the_end_while_an_answer_is_awaited(italy, web):
    gate = threading.Event()

    def slow(headers):
        gate.wait(30)
        return 200, {}, atom(alert("w1")).encode()
    web.pages["/national"] = slow
    host = italy("timeout=60")
    add(host, "verona")
    add(host, "mantova")
    web.wait_requests("/national", 1)
    host.close()  # looks at its exit status, and for leaks
    gate.set()


def test_an_answer_that_is_the_same_by_its_date(italy, web):
    """A 304 need not say it again."""
    date = "Sat, 28 Nov 2026 10:00:00 GMT"

    def answer(headers):
        if headers.get("If-Modified-Since") == date:
            return 304, {}, b""
        return 200, {"Last-Modified": date}, atom(alert("w1")).encode()
    web.pages["/national"] = answer
    host = italy()
    watch(host, "verona")
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    for headers in web.wait_requests("/national", 5)[1:]:
        assert headers["If-Modified-Since"] == date
