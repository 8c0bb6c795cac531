# tests/functional/host/test_weather.py: places, weather and warnings
# SPDX-License-Identifier: GPL-2.0-or-later
import datetime
import json

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


def forecast(temperature=7.4, code=61, **current):
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
                  "wind_speed_10m_max": [20, 10, 5, 15, 50, 3, 12]}}


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
    assert say(weather, "wind", "paris") == "Wind: 16 km/h from SW, gusts of 40 km/h"
    assert "in the United States only" in say(weather, "alerts", "paris")


def test_units(weather):
    watch(weather, "paris")
    assert "Say" in say(weather, "units K", "paris")
    assert "°F" in say(weather, "units f", "paris")
    assert "45 °F" in weather.expect("presence", contact="paris")["status"]
    assert weather.expect("remember", name="wish.units")["text"] == "F"
    assert "mph" in say(weather, "wind", "paris")
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
    assert "No more" in say(weather, "daily off", "paris")


def test_the_report_comes_in_its_minute(start_host, web):
    """A day lies between two fetches: one comes for the report."""
    web.put("/geo", json.dumps({"results": [PARIS]}))
    web.put("/now", json.dumps({"current": {"temperature_2m": 7}}))
    host = start_host("weather", command=[AGENTS, "--agent"],
                      args=[part for setting in (
                          "allow-private=true", "interval=86400", "warnings-url=",
                          "geocoder-url=" + web.url("/geo") + "?{name}",
                          "forecast-url=" + web.url("/now") + "?{latitude}") for part in ("--set", setting)])
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
