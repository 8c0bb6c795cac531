# tests/functional/host/test_weather.py: places, weather and warnings
# SPDX-License-Identifier: GPL-2.0-or-later
import datetime
import json
import subprocess
import threading

import pytest
from weblib import AGENTS, add, say

PARIS = {"id": 2988507, "name": "Paris", "latitude": 48.85341, "longitude": 2.3488, "elevation": 42.0,
         "feature_code": "PPLC", "country_code": "FR", "timezone": "Europe/Paris",
         "population": 2138551, "country": "France", "admin1": "Île-de-France"}
TEXAS = {"id": 4717560, "name": "Paris", "latitude": 33.66094, "longitude": -95.55551,
         "country_code": "US", "timezone": "America/Chicago", "population": 24171,
         "country": "United States", "admin1": "Texas"}
TOWNS = [{"name": "Springfield", "latitude": 37.2, "longitude": -93.3, "country_code": "US",
          "population": 170188, "country": "United States", "admin1": "Missouri"},
         {"name": "Springfield", "latitude": 42.1, "longitude": -72.6, "country_code": "US",
          "population": 154341, "country": "United States", "admin1": "Massachusetts"},
         {"name": "Springfield", "latitude": -27.7, "longitude": 152.9, "country_code": "AU",
          "country": "Australia", "admin1": "Queensland"}]


def forecast(temperature=7.4, code=61, days=(), **current):
    day = datetime.date(2026, 11, 28)
    hours = [f"2026-11-28T{hour:02}:00" for hour in range(24)]
    return {
        "latitude": 48.86, "longitude": 2.3399963, "generationtime_ms": 0.3, "utc_offset_seconds": 3600,
        "timezone": "Europe/Paris", "timezone_abbreviation": "GMT+1", "elevation": 43.0,
        "current_units": {"temperature_2m": "°C"},
        "current": {"time": "2026-11-28T12:15", "interval": 900, "temperature_2m": temperature,
                    "relative_humidity_2m": 81, "is_day": 1, "weather_code": code,
                    "wind_speed_10m": 16.1, "wind_direction_10m": 225, "wind_gusts_10m": 40.2,
                    **current},
        "hourly": {"time": hours, "precipitation": [5.0] * 12 + [0.4, 0.0, 1.2] + [0.0] * 9,
                   "precipitation_probability": [90] * 24},
        "daily": {"time": [str(day + datetime.timedelta(n)) for n in range(7)],
                  "weather_code": [61, 3, 0, 71, 95, 45, 80],
                  "temperature_2m_max": [9.1, 8, 7, 1, 10.4, 6, None],
                  "temperature_2m_min": [4.2, 3, -2, -4.4, 5, -0.3, 1],
                  "precipitation_sum": [7.2, 0, 0, 3, 12.5, 0, 1.1],
                  "precipitation_probability_max": [95, 3, 0, 60, 80, 5, None],
                  "wind_speed_10m_max": [20, 10, 5, 15, 50, 3, 12],
                  "wind_gusts_10m_max": [38, 20, 9, 31, 70, None, 25],
                  "snowfall_sum": [0, 0, 0, 2.1, 0, 0, None], **dict(days)}}


def warning(name, event="Tornado Warning", **properties):
    return {"id": f"https://api.weather.gov/alerts/{name}", "type": "Feature",
            "properties": {"id": name, "event": event, "severity": "Extreme", "status": "Actual",
                           "messageType": "Alert", "headline": f"{event} issued November 28",
                           "description": "Take cover\nnow.", **properties}}


@pytest.fixture
def weather(start_host, web):
    places = {"paris": [PARIS, TEXAS], "springfield": TOWNS, "nowhere": None, "houston": [
        {**TEXAS, "name": "Houston", "population": 2304580}]}

    def locate(name):
        results = places.get(name)
        return json.dumps({"generationtime_ms": 0.5, **({"results": results} if results else {})})
    for name in places:
        web.put(f"/geo?name={name}", locate(name), type_="application/json")
    web.put("/forecast", json.dumps(forecast()), type_="application/json")
    web.put("/warnings", json.dumps({"type": "FeatureCollection", "features": []}),
            type_="application/geo+json")
    values = ("allow-private=true", "interval=1", f"geocoder-url={web.url('/geo')}?name={{name}}",
              f"forecast-url={web.url('/forecast')}?lat={{latitude}}&lon={{longitude}}",
              f"warnings-url={web.url('/warnings')}?point={{latitude}},{{longitude}}")
    host = start_host("weather", command=[AGENTS, "--agent"],
                      args=[part for value in values for part in ("--set", value)])
    host.login(username="juliet")
    return host


def watch(host, place):
    host.expect("ack", id=add(host, place))
    return host.expect("presence", contact=place)


def test_a_place(weather, web):
    shown = watch(weather, "paris")
    assert shown["status"] == "☔ 7 °C, light rain, wind SW 16 km/h" and shown["show"] == "online"
    assert weather.expect("contact")["name"] == "Paris, Île-de-France, France"
    assert "/forecast?lat=48.8534&lon=2.3488" in [path for path, _ in web.requests]
    assert not any(path.startswith("/warnings") for path, _ in web.requests)


def test_one_of_several(weather):
    watch(weather, "paris,us")
    assert weather.expect("contact")["name"] == "Paris, Texas, United States"
    nack = weather.expect("nack", id=add(weather, "springfield"))
    assert nack["reason"] == "no-contact"
    assert "springfield,missouri,us (Springfield, Missouri, United States)" in nack["text"]
    assert "springfield,queensland,au" in nack["text"]
    watch(weather, "springfield,massachusetts,us")
    weather.expect("ack", id=add(weather, "springfield,australia"))


def test_no_such_place(weather):
    for name in ("nowhere", "paris,de", "springfield,france"):
        assert "no such place" in weather.expect("nack", id=add(weather, name))["text"]


def test_names(weather):
    for typed, normal in (("  Paris ,  US ", "paris,us"), ("Paris", "paris"),
                          ("New   York_City, New York,US", "new york city,new york,us"),
                          ("MÜNCHEN", "münchen")):
        number = weather.next_id()
        weather.send(type="normalize", account=1, id=number, contact=typed)
        assert weather.expect("normalize", id=number)["contact"] == normal
    for wrong in ("", " , ", "x", "a" * 200, "a@b", "<b>"):
        assert weather.expect("nack", id=add(weather, wrong))["reason"] == "no-contact"


def test_forecast_rain_and_wind(weather):
    watch(weather, "paris")
    lines = say(weather, "forecast", "paris").split("\n")
    assert lines[0] == "Paris, Île-de-France, France" and len(lines) == 8
    assert lines[1] == "Sat 28     4 …   9 °C  light rain, 7.2 mm (95 %)"
    assert lines[4] == "Tue 01    -4 …   1 °C  light snow, 3.0 mm (60 %)"
    assert lines[6].split("  ")[-1] == "fog" and " 0 …" in lines[6]
    assert " ? °C" in lines[7]
    assert say(weather, "rain", "paris") == "In the next 12 hours:\n12:00 0.4 mm (90 %)\n14:00 1.2 mm (90 %)"
    lines = say(weather, "wind", "paris").split("\n")
    assert lines[0] == "Wind: 16 km/h from SW, gusts of 40 km/h" and len(lines) == 8
    assert lines[1] == "Sat 28  up to 20 km/h, gusts of 38 km/h" and lines[6] == "Thu 03  up to 3 km/h"
    assert "no service that warns" in say(weather, "alerts", "paris")


def test_units(weather):
    watch(weather, "paris")
    assert "Say" in say(weather, "units K", "paris")
    assert "°F" in say(weather, "units f", "paris")
    assert "45 °F" in weather.expect("presence", contact="paris")["status"]
    assert weather.expect("remember", name="wish.units")["text"] == "F"
    assert "mph" in say(weather, "wind", "paris")
    assert "0.28 in (95 %)" in say(weather, "forecast", "paris")
    assert "12:00 0.02 in (90 %)" in say(weather, "rain", "paris")
    weather.login(account=2, username="romeo")  # it is his own
    add(weather, "paris", 2)
    assert "7 °C" in weather.expect("presence", account=2, contact="paris")["status"]


def test_warnings_come_once_each(weather, web):
    assert "°F" in watch(weather, "houston")["status"]
    web.put("/warnings", json.dumps({"features": [
        warning("urn:1"), warning("urn:2", messageType="Cancel"), warning("urn:3", status="Test"),
        {"properties": None}, 5]}))
    news = weather.expect("message", contact="houston")
    assert news["title"] == "Tornado Warning issued November 28"
    assert news["text"] == "Extreme: Take cover now."
    shown = weather.expect("presence", contact="houston")
    assert shown["show"] == "dnd" and shown["status"].endswith("Warning: Tornado Warning")
    known = weather.expect("remember", name="watch.warned.houston")["text"]
    count = len(web.requests)
    web.put("/warnings", json.dumps({"features": [warning("urn:1"), warning("urn:4", "Flood Watch")]}))
    assert weather.expect("message", contact="houston")["title"].startswith("Flood Watch")
    web.wait_requests("/nothing", 0)
    assert say(weather, "alerts", "houston").count("\n- ") == 2
    weather.login(account=2, username="juliet", values={"remembered.watch.warned.houston": known})
    add(weather, "houston", 2)
    assert weather.expect("message", account=2)["title"].startswith("Flood Watch")
    assert len(web.requests) > count
    web.put("/warnings", "no", status=503)  # no reason to show no weather
    web.put("/forecast", json.dumps(forecast(30, 0)))
    weather.expect("presence", contact="houston", show="dnd",
                   status="☀ 86 °F, clear, wind SW 10 mph. Warning: Tornado Warning")


def test_the_report_of_the_day(weather):
    watch(weather, "paris")
    assert "Say for example" in say(weather, "daily noon", "paris")
    assert "00:00 (UTC" in say(weather, "daily 00:00", "paris")
    report = weather.expect("message", contact="paris")
    assert report["title"] == "Paris, Île-de-France, France"
    assert report["text"].startswith("Now: ☔ 7 °C") and report["text"].count("\n") == 2
    today = weather.expect("remember", name="watch.daily-said.paris")["text"]
    weather.login(account=2, username="juliet", values={
        "remembered.watch.daily.paris": "00:00", "remembered.watch.daily-said.paris": today})
    add(weather, "paris", 2)
    weather.expect("presence", account=2)
    weather.sync()
    weather.never("message", account=2, seconds=1.5)
    noon = datetime.datetime.now(datetime.timezone.utc).hour - 12  # behind, there it is
    say(weather, f"zone Etc/GMT{noon:+d}", "paris", 2)
    say(weather, "daily 23:59", "paris", 2)  # later today: that is another one
    weather.expect("remember", account=2, name="watch.daily-said.paris", text=None)
    assert "No more" in say(weather, "daily off", "paris")


def test_the_report_comes_in_its_minute(start_host, web):
    """A day lies between two fetches: one comes for the report."""
    web.put("/geo", json.dumps({"results": [PARIS]}))
    web.put("/now", json.dumps({"current": {"temperature_2m": 7}}))
    host = start_host("weather", command=[AGENTS, "--agent"],
                      args=[part for setting in (
                          "allow-private=true", "interval=86400", "warnings-url=",
                          "geocoder-url=" + web.url("/geo") + "?{name}",
                          "forecast-url=" + web.url("/now") + "?{latitude}{longitude}") for part in ("--set", setting)])
    host.login(username="juliet")
    add(host, "paris")
    host.expect("presence", contact="paris")
    web.put("/now", json.dumps({"current": {"temperature_2m": 8}}))
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
    if soon.hour == soon.minute == 0:  # of tomorrow: that is not soon
        soon -= datetime.timedelta(minutes=1)
    say(host, f"daily {soon:%H:%M}", "paris")
    assert "8 °C" in host.expect("message", contact="paris", timeout=120)["text"]


def test_searching(weather):
    number = weather.next_id()
    weather.send(type="search", account=1, id=number, values={"what": "springfield"})
    found = weather.expect("search", id=number)["found"]
    assert found[0] == {"contact": "springfield,missouri,us",
                        "values": ["Springfield, Missouri, United States"]}
    assert len(found) == 3


@pytest.mark.parametrize("answer", ["", "{}", "{\"current\":{}}", "{\"error\":true,\"reason\":\"x\"}",
                                    "[1]", "<html>", "{\"current\":{\"temperature_2m\":\"warm\"}}"],
                         ids=["empty", "object", "current", "error", "list", "html", "word"])
def test_answers_that_are_none(weather, web, answer):
    web.put("/forecast", answer)
    weather.expect("ack", id=add(weather, "paris"))
    assert weather.expect("presence", contact="paris")["status"].startswith("not known yet: ")


def test_holes_in_an_answer(weather, web):
    web.put("/forecast", json.dumps({"current": {"temperature_2m": -0.2, "weather_code": 1000},
                                     "daily": {"time": ["x", 5, None] * 200}, "hourly": {"time": "x"},
                                     "timezone": "y" * 500}))
    assert "0 °C, no word for it" in watch(weather, "paris")["status"]
    assert say(weather, "forecast", "paris").count("\n") == 7
    assert "No rain" in say(weather, "rain", "paris")


def test_limits_of_the_provider(weather, web):
    watch(weather, "paris")
    web.put("/forecast", json.dumps({"error": True, "reason": "Minutely API request limit exceeded."}),
            status=429, Retry_After="1")
    assert "429" in weather.expect("presence", contact="paris", show="xa")["status"]
    web.put("/forecast", json.dumps(forecast(20, 0)))
    assert "20 °C, clear" in weather.expect("presence", contact="paris", show="online")["status"]


def alert(name, event="Strong wind", kind="Alert", area="<areaDesc>Veneto</areaDesc>", severity="Moderate",
          status="Actual", references="", more="", language="en", hours=6):
    """CAP 1.2, as national services publish it."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    info = "" if event is None else (
        f"<info><language>{language}</language><category>Met</category><event>{event}</event>"
        f"<urgency>Expected</urgency><severity>{severity}</severity><certainty>Likely</certainty>"
        f"<expires>{(now + datetime.timedelta(hours=hours)).isoformat()}</expires>"
        f"<description>{event} is near.</description><area>{area}</area></info>")
    return (f"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>{name}</identifier>"
            f"<sender>meteo@example.org</sender><sent>{now.isoformat()}</sent><status>{status}</status>"
            f"<msgType>{kind}</msgType><scope>Public</scope>"
            + "".join(f"<references>meteo@example.org,{old},{now.isoformat()}</references>"
                      for old in references.split()) + info + more + "</alert>")


def entry(name, event="Strong wind", **elements):
    """An entry of Atom with the elements of CAP in it."""
    return (f"<entry><id>https://example.org/{name}</id><title>{event} in Veneto</title>"
            f"<link href='https://example.org/{name}.cap' type='application/cap+xml'/>"
            f"<cap:event>{event}</cap:event>"
            + "".join(f"<cap:{element}>{text}</cap:{element}>" for element, text in elements.items())
            + "</entry>")


def atom(*entries):
    return ("<?xml version='1.0' encoding='UTF-8'?><feed xmlns='http://www.w3.org/2005/Atom' "
            "xmlns:cap='urn:oasis:names:tc:emergency:cap:1.2'><id>https://example.org/</id>"
            f"<title>Warnings</title>{''.join(entries)}</feed>")


AROUND_VERONA = "<areaDesc>IT005</areaDesc><polygon>45,10.5 46,10.5 46,11.5 45,11.5 45,10.5</polygon>"
AROUND_ROME = "<areaDesc>Veneto</areaDesc><polygon>41,12 42,12 42,13 41,13 41,12</polygon>"


@pytest.fixture
def italy(start_host, web):
    """A service whose one answer is for the whole country."""
    def start(*more, path="/national"):
        for name, latitude, region in (("Verona", 45.44, "Veneto"), ("Mantova", 45.16, "Lombardia")):
            web.put(f"/geo?name={name.lower()}", json.dumps({"results": [{
                "name": name, "latitude": latitude, "longitude": 10.99, "country_code": "IT",
                "country": "Italy", "admin1": region}]}), type_="application/json")
        web.put("/forecast", json.dumps(forecast()), type_="application/json")
        if "/national" not in web.pages:
            web.put("/national", atom(), type_="application/atom+xml")
        values = ("allow-private=true", f"geocoder-url={web.url('/geo')}?name={{name}}",
                  f"forecast-url={web.url('/forecast')}?{{latitude}}{{longitude}}",
                  f"warnings-url={web.url(path)}", "warnings-countries=it, SM", *more)
        if not any(value.startswith("interval=") for value in more):
            values += ("interval=1",)
        host = start_host("weather", command=[AGENTS, "--agent"],
                          args=[part for value in values for part in ("--set", value)])
        host.login(username="juliet")
        return host
    return start


def test_a_warning_in_cap(italy, web):
    web.put("/national", atom(alert("w1", area=AROUND_VERONA, severity="Extreme"),
                              alert("w2", "Flood", area=AROUND_ROME), alert("w3", "Drill", status="Exercise"),
                              alert("w4", "Yesterday's", hours=-1), alert("w5", "Fog")))
    host = italy()
    shown = watch(host, "verona")
    assert shown["show"] == "dnd" and shown["status"].endswith("Warning: Strong wind")
    news = [host.expect("message", contact="verona") for _ in range(2)]
    assert [one["title"] for one in news] == ["Strong wind", "Fog"]
    assert news[0]["text"].startswith("Extreme: Strong wind is near.\nUntil: ")
    listed = say(host, "alerts", "verona").split("\n")
    assert listed[0] == "Warnings:" and len(listed) == 3
    assert listed[1].startswith("- Strong wind, until ") and listed[2].startswith("- Fog, until ")


def test_entries_with_the_elements_of_cap(italy, web):
    web.put("/national", atom(
        entry("1", areaDesc="Verona; Padova", severity="Severe", message_type="Alert", status="Actual"),
        entry("2", "Flood", areaDesc="Veronese", severity="Severe"),
        entry("3", "Snow", polygon="45,10.5 46,10.5 46,12", severity="Severe"),
        entry("4", "Hail", severity="Severe", areaDesc="Verona", status="Test")))
    host = italy()
    watch(host, "verona")
    news = [host.expect("message", contact="verona") for _ in range(2)]
    assert [one["title"] for one in news] == ["Strong wind in Veneto", "Snow in Veneto"]
    assert news[0]["url"] == "https://example.org/1.cap" and news[0]["text"] == "Severe\nhttps://example.org/1.cap"
    host.sync()
    host.never("message", contact="verona", seconds=1.5)


def test_a_single_alert_for_the_place_that_was_asked(start_host, web):
    """The format shows in the answer, wherever it comes from."""
    web.put("/geo", json.dumps({"results": [PARIS]}))
    web.put("/forecast", json.dumps(forecast()))
    web.put("/cap", "<?xml version='1.0'?>" + alert("w1", area="<areaDesc>75</areaDesc>"))
    host = start_host("weather", command=[AGENTS, "--agent"], args=[part for value in (
        "allow-private=true", "interval=1", f"geocoder-url={web.url('/geo')}?{{name}}",
        f"forecast-url={web.url('/forecast')}?{{latitude}}{{longitude}}", "warnings-countries=FR",
        f"warnings-url={web.url('/cap')}?{{latitude}},{{longitude}}") for part in ("--set", value)])
    host.login(username="juliet")
    watch(host, "paris")
    assert host.expect("message", contact="paris")["title"] == "Strong wind"
    assert "/cap?48.8534,2.3488" in [path for path, _ in web.requests]


def test_updates_and_the_end_of_a_warning(italy, web):
    host = italy()
    watch(host, "verona")
    web.put("/national", atom(alert("w1")))
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    # what it stands for is known: nothing is new in it
    web.put("/national", atom(alert("w1"), alert("w2", kind="Update", references="w1"), alert("x", "Fog")))
    assert host.expect("message", contact="verona")["title"] == "Fog"
    assert say(host, "alerts", "verona").count("Strong wind") == 1
    web.put("/national", atom(alert("w3", kind="Update", references="w1 w2", severity="Severe")))
    worse = host.expect("message", contact="verona")
    assert worse["title"] == "Update: Strong wind" and worse["text"].startswith("Severe: ")
    web.put("/national", atom(alert("w4", "Thunderstorms", kind="Update", references="w3", severity="Severe")))
    assert host.expect("message", contact="verona")["title"] == "Update: Thunderstorms"
    known = host.expect("remember", name="watch.warned.verona")
    web.put("/national", atom(alert("w5", None, kind="Cancel", references="w4"),
                              alert("w6", kind="Cancel", references="w0")))
    assert host.expect("message", contact="verona")["title"] == "Over: Thunderstorms"
    host.expect("presence", contact="verona", show="online")
    assert say(host, "alerts", "verona") == "There is no warning at present."
    assert known["text"] is not None
    host.sync()
    host.never("message", contact="verona", seconds=1.5)  # once


def test_other_ways_to_end(italy, web):
    host = italy()
    watch(host, "verona")
    web.put("/national", atom(alert("w1"), alert("w2", "Fog"), alert("w3", "Ice")))
    for _ in range(3):
        host.expect("message", contact="verona")
    web.put("/national", atom(  # it moves on; it has the same id; it is all clear
        alert("w4", kind="Update", references="w1", area="<areaDesc>Lombardia</areaDesc>"),
        alert("w2", "Fog", kind="Cancel"),
        alert("w5", "Ice", kind="Update", references="w3").replace(
            "<severity>", "<responseType>AllClear</responseType><severity>")))
    news = {host.expect("message", contact="verona")["title"] for _ in range(3)}
    assert news == {"Over: Strong wind", "Over: Fog", "Over: Ice"}
    assert say(host, "alerts", "verona") == "There is no warning at present."


def test_languages(italy, web):
    def both(name):
        italian = alert("x", "Vento forte", language="it-IT")
        return alert(name, more=italian[italian.index("<info>"):italian.index("</alert>")])
    host = italy("language=it")
    watch(host, "verona")
    web.put("/national", atom(both("w1")))
    assert host.expect("message", contact="verona")["title"] == "Vento forte"
    assert "'it'" in say(host, "language", "verona")
    for wrong in ("5", "italian", "-fr"):
        assert "Say its code" in say(host, f"language {wrong}", "verona")
    assert "'de' from now on" in say(host, "language de", "verona")
    assert host.expect("remember", name="wish.language")["text"] == "de"
    assert "Strong wind" in say(host, "alerts", "verona")
    web.put("/national", atom(both("w1"), both("w2")))
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    host.sync()
    host.never("message", contact="verona", seconds=1.5)


def test_one_answer_for_all_places(italy, web):
    """… is fetched once, and again when it may be another."""
    web.put("/national", atom(alert("w1"), alert("w2", "Fog", area="<areaDesc>Lombardia</areaDesc>")),
            ETag='"1"')
    host = italy("interval=86400")
    watch(host, "verona")
    watch(host, "mantova")
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    assert host.expect("message", contact="mantova")["title"] == "Fog"
    host.sync()
    assert len(web.wait_requests("/national", 1)) == 1


def test_an_answer_that_is_still_the_same(italy, web):
    def answer(headers):
        if headers.get("If-None-Match") == '"1"':
            return 304, {"ETag": '"1"'}, b""
        return 200, {"ETag": '"1"'}, atom(alert("w1")).encode()
    web.pages["/national"] = answer
    host = italy()
    watch(host, "verona")
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    assert web.wait_requests("/national", 4)[3]["If-None-Match"] == '"1"'
    assert "Strong wind" in say(host, "alerts", "verona")


BOMB = "<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><alert><identifier>&b;</identifier></alert>"


@pytest.mark.parametrize("answer, why", [
    (dict(body="<html/>"), "neither CAP"), (dict(body=""), "line 1"), (dict(body="{}"), "features"),
    (dict(body=atom(alert("w1"))[:-30]), "line"), (dict(body=BOMB), "entities"),
    (dict(body=b"x" * 2_200_000), "larger than"), (dict(body="slow down", status=429, Retry_After="1"), "429"),
    (dict(body="<feed>" + "<entry/>" * 2001 + "</feed>"), "too many warnings")],
    ids=["page", "empty", "object", "cut", "entities", "huge", "429", "many"])
def test_warnings_that_cannot_be_had(italy, web, answer, why):
    """… are no reason to show no weather; those that are known stay."""
    web.put("/national", **answer)
    host = italy()
    assert "7 °C" in watch(host, "verona")["status"]
    told = say(host, "alerts", "verona")
    assert told.startswith("I do not know the warnings yet.\nThey could not be had of late")
    assert why in told
    web.put("/national", atom(alert("w1")))
    assert host.expect("message", contact="verona")["title"] == "Strong wind"
    web.put("/national", **answer)
    web.wait_requests("/national", len([path for path, _ in web.requests if path == "/national"]) + 3)
    told = say(host, "alerts", "verona")
    assert "- Strong wind" in told and why in told


def test_a_slow_service_of_warnings(italy, web):
    gate = threading.Event()

    def slow(headers):
        gate.wait(30)
        return 200, {}, atom().encode()
    web.pages["/national"] = slow
    host = italy("timeout=1")
    assert "7 °C" in watch(host, "verona")["status"]
    assert "could not be had" in say(host, "alerts", "verona")
    gate.set()


@pytest.mark.parametrize("setting, text", [
    ("warnings-countries=Italy", "agent.warnings-countries: found 'Italy'"),
    ("warnings-url=http://127.0.0.1/{latitude}", "agent.warnings-url: expected"),
    ("warnings-url=http://127.0.0.1/cap", "agent.warnings-countries: found nothing"),
    ("warnings-countries=, ", "agent.warnings-countries: found none"),
    ("warnings-url=ftp://example.org/{latitude}{longitude}", "agent.warnings-url: this is no address"),
    ("warnings-url=http://10.0.0.1/{latitude}{longitude}", "agent.warnings-url: 10.0.0.1 is no public address"),
    ("forecast-url=example.org/{latitude}{longitude}", "agent.forecast-url: this is no address"),
    ("geocoder-url=http://u:p@example.org/{name}", "agent.geocoder-url: an address with a user name"),
    ("language=x", "agent.language: found 'x'"),
    ("severe-weather=perhaps", "agent.severe-weather: found 'perhaps'"),
    ("severe-days=8", "agent.severe-days: found '8', expected a number from 1 to 7"),
    ("severe-gusts=19", "from 20 to 400"), ("severe-rain=4", "from 5 to 2000"),
    ("severe-snow=501", "from 1 to 500"), ("severe-heat=61", "from 20 to 60"),
    ("severe-cold=-5", "from 0 to 80")])
def test_settings_that_are_wrong(setting, text):
    result = subprocess.run([AGENTS, "--agent", "weather", "--check", "--set", setting],
                            capture_output=True, text=True)
    assert result.returncode == 78 and text in result.stderr


# ---- severe weather by the forecast, where nobody warns ----


def severe(**days):
    """The first days have these values, the others are as ever."""
    usual = forecast()["daily"]
    return json.dumps(forecast(days={name: values + usual[name][len(values):]
                                     for name, values in days.items()}))


NO_WARNING = "\nThis is from the forecast, no official warning."


def test_severe_weather_by_the_forecast(weather, web):
    watch(weather, "paris")
    assert say(weather, "alerts", "paris").endswith("no official warning: none in 3 days.")
    web.put("/forecast", severe(wind_gusts_10m_max=[38, 92], weather_code=[61, 96]))
    news = weather.expect("message", contact="paris")
    assert news["title"] == "Severe weather in the forecast for Paris"
    assert news["text"] == "Sun 29: thunderstorm with hail\nSun 29: gusts of up to 92 km/h" + NO_WARNING
    listed = say(weather, "alerts", "paris")
    assert "no official warning:\n- Sun 29: thunderstorm with hail\n- Sun 29: gusts of up to" in listed
    # up and down at a limit, and a little more, is nothing new
    for gusts in (60, 92, 99):
        web.put("/forecast", severe(wind_gusts_10m_max=[38, gusts]))
        web.wait_requests(FORECAST, len(requests_for(web, FORECAST)) + 2)
    web.put("/forecast", severe(wind_gusts_10m_max=[38, 101]))
    news = weather.expect("message", contact="paris")
    assert news["text"] == "Sun 29: gusts of up to 101 km/h, more than before" + NO_WARNING


FORECAST = "/forecast?lat=48.8534&lon=2.3488"


def requests_for(web, wanted):
    return [path for path, _ in list(web.requests) if path == wanted]


def test_every_kind_of_severe_weather(weather, web):
    web.put("/forecast", severe(weather_code=[99, 67, 66], temperature_2m_max=[41, 9, 8],
                                temperature_2m_min=[4, -24, 3], precipitation_sum=[85.4, 30, 0],
                                snowfall_sum=[0, 21, 0]))
    watch(weather, "paris")
    assert weather.expect("message", contact="paris")["text"].split("\n")[:-1] == [
        "Sat 28: thunderstorm with heavy hail", "Sat 28: heavy rain, 85.4 mm", "Sat 28: heat of up to 41 °C",
        "Sun 29: heavy snow, 21 cm", "Sun 29: freezing rain", "Sun 29: cold, down to -24 °C",
        "Mon 30: light freezing rain"]
    say(weather, "units F", "paris")
    listed = say(weather, "alerts", "paris")
    for text in ("heavy rain, 3.36 in", "heat of up to 106 °F", "snow, 8.3 in", "down to -11 °F"):
        assert text in listed


def test_severe_weather_is_known_after_a_restart(weather, web):
    web.put("/forecast", severe(wind_gusts_10m_max=[80]))
    watch(weather, "paris")
    weather.expect("message", contact="paris")
    known = weather.expect("remember", name="watch.severe.paris")["text"]
    assert known == "2026-11-28g1"
    for account, values, told in ((2, {"remembered.watch.severe.paris": known}, False),
                                  (3, {"remembered.watch.severe.paris": "2026-11-27g9 rubbish"}, True)):
        weather.login(account=account, username="juliet", values=values)
        add(weather, "paris", account)
        weather.expect("presence", account=account)
        if told:
            weather.expect("message", account=account, contact="paris")
            assert weather.expect("remember", account=account)["text"] == known
    weather.sync()
    weather.never("message", account=2, seconds=1.5)


def test_severe_weather_where_a_service_warns(weather, web):
    web.put("/forecast", severe(wind_gusts_10m_max=[150]))
    watch(weather, "houston")
    assert say(weather, "alerts", "houston") == "There is no warning at present."
    weather.sync()
    weather.never("message", contact="houston", seconds=1.5)


@pytest.mark.parametrize("settings, told", [
    ((), "Mon 30: gusts of up to 80 km/h"), (("severe-days=2",), None), (("severe-weather=false",), None),
    (("severe-gusts=81",), None), (("severe-days=7", "severe-gusts=85", "severe-snow=2"),
                                   "Tue 01: heavy snow, 2 cm")])
def test_settings_of_severe_weather(start_host, web, settings, told):
    web.put("/geo", json.dumps({"results": [PARIS]}))
    web.put("/forecast", severe(wind_gusts_10m_max=[38, 20, 80]))
    values = ("allow-private=true", f"geocoder-url={web.url('/geo')}?{{name}}", "warnings-url=",
              f"forecast-url={web.url('/forecast')}?{{latitude}}{{longitude}}", *settings)
    host = start_host("weather", command=[AGENTS, "--agent"],
                      args=[part for value in values for part in ("--set", value)])
    host.login(username="juliet")
    watch(host, "paris")
    host.sync()
    if told:
        assert host.expect("message", contact="paris")["text"] == told + NO_WARNING
    else:
        host.never("message", contact="paris", seconds=1)
    if "severe-weather=false" in settings:
        assert say(host, "alerts", "paris") == "I know of no service that warns of weather there."


def test_wrong_types_in_what_may_be_severe(weather, web):
    web.put("/forecast", severe(wind_gusts_10m_max=["storm", {}, [900]], snowfall_sum=[None, "x", True],
                                temperature_2m_max=[[], None, "hot"], time=["2026-11-28", " 1 2 3 4 5", 7],
                                precipitation_sum=[{}, 900, 900]))
    watch(weather, "paris")
    assert "900.0 mm" in say(weather, "alerts", "paris")
    weather.sync()
    weather.never("message", contact="paris", seconds=1.5)  # of a day that has no date
