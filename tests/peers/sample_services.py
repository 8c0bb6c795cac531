# tests/peers/sample_services.py: what information agents read in the sandbox of ./quickstart
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shares in the shape of Stooq's CSV, places and weather in that of Open-Meteo's JSON, a feed in RSS 2.0.
Prices change with each look, and the feed has a new item each minute.  By hand:
/usr/bin/python3 tests/peers/sample_services.py PORT"""

import datetime
import http.server
import itertools
import json
import sys
import threading
import time
import urllib.parse

SHARES = {"aapl": ("Apple", 190.0), "msft": ("Microsoft", 410.0), "ibm": ("IBM", 170.0)}
PLACES = [
    ("Verona", "Veneto", "Italy", "IT", 45.44, 10.99, 257000),
    ("Paris", "Île-de-France", "France", "FR", 48.85, 2.35, 2138551),
    ("Paris", "Texas", "United States", "US", 33.66, -95.56, 24171),
]
looks = itertools.count(1)


def quote(query):
    """?s=aapl.us"""
    symbol = query.get("s", "")
    name, before = SHARES.get(symbol.partition(".")[0], (None, 0))
    price = before * (1 + next(looks) % 40 / 1000)
    now = datetime.datetime.now(datetime.timezone.utc)
    values = [symbol.upper(), f"{now:%Y-%m-%d}", f"{now:%H:%M:%S}", before, price, before,
              f"{price:.2f}", 1000, name, before] if name else [symbol.upper(), *["N/D"] * 7, symbol, "N/D"]
    return "text/csv", ("Symbol,Date,Time,Open,High,Low,Close,Volume,Name,Prev\r\n"
                        + ",".join(str(value) for value in values) + "\r\n")


def geocode(query):
    """?name=verona"""
    names = ("name", "admin1", "country", "country_code", "latitude", "longitude", "population")
    found = [dict(zip(names, place)) for place in PLACES
             if place[0].lower() == query.get("name", "").lower()]
    return "application/json", json.dumps({"results": found} if found else {})


def forecast(query):
    now = datetime.datetime.now()
    days = [f"{now + datetime.timedelta(days=day):%Y-%m-%d}" for day in range(7)]
    hours = [f"{now + datetime.timedelta(hours=hour):%Y-%m-%dT%H:00}" for hour in range(24)]
    return "application/json", json.dumps({
        "latitude": float(query["latitude"]), "longitude": float(query["longitude"]), "timezone": "UTC",
        "current": {"time": f"{now:%Y-%m-%dT%H:%M}", "temperature_2m": 20 + next(looks) % 5,
                    "relative_humidity_2m": 60, "is_day": 1, "weather_code": 2, "wind_speed_10m": 8,
                    "wind_direction_10m": 225, "wind_gusts_10m": 14},
        "hourly": {"time": hours, "precipitation": [0.0, 0.4] * 12,
                   "precipitation_probability": [5, 55] * 12},
        "daily": {"time": days, "weather_code": [2, 61, 3, 0, 1, 80, 95],
                  "temperature_2m_max": [24, 22, 23, 26, 27, 21, 20],
                  "temperature_2m_min": [14, 13, 12, 15, 16, 13, 11],
                  "precipitation_sum": [0, 4.2, 0, 0, 0, 6, 12.5],
                  "precipitation_probability_max": [5, 80, 10, 0, 0, 85, 90],
                  "wind_speed_10m_max": [12, 20, 15, 9, 8, 25, 40],
                  "wind_gusts_10m_max": [20, 35, 28, 16, 15, 45, 92],
                  "snowfall_sum": [0.0] * 7}})


def feed(query):
    minute = int(time.time() // 60)
    items = "".join(
        f"<item><title>News of {datetime.datetime.fromtimestamp(n * 60):%H:%M}</title>"
        f"<link>https://example.org/news/{n}</link><guid isPermaLink='false'>{n}</guid>"
        f"<description>&lt;p&gt;Nothing happened in &lt;b&gt;Verona&lt;/b&gt;.&lt;/p&gt;</description>"
        f"</item>" for n in range(minute, minute - 10, -1))
    return "application/rss+xml", (f"<?xml version='1.0'?><rss version='2.0'><channel><title>Verona "
                                   f"today</title>{items}</channel></rss>")


PAGES = {"/quote": quote, "/geocode": geocode, "/forecast": forecast, "/feed": feed}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        page = PAGES.get(path)
        type_, body = page(dict(urllib.parse.parse_qsl(query))) if page else ("text/plain", "not here")
        body = body.encode()
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", f"{type_}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Services:
    def __init__(self, port):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
