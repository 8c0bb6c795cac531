# tests/functional/lib/web.py: a web server that does what it is told, for the tests of agents
#
# SPDX-License-Identifier: GPL-2.0-or-later

import gzip
import http.server
import threading
import time

from lib.waiting import TIMEOUT


class Web:
    """`pages`: path -> (status, headers, body), or a function of the request's headers that gives it."""

    def __init__(self):
        self.pages, self.requests, self.changed = {}, [], threading.Condition()
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                page = web.pages.get(self.path) or web.pages.get(self.path.partition("?")[0])
                with web.changed:
                    web.requests.append((self.path, dict(self.headers)))
                    web.changed.notify_all()
                if callable(page):
                    page = page(self.headers)
                status, headers, body = page or (404, {}, b"not here")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path, body, type_="application/rss+xml", status=200, **headers):
        body = body.encode() if isinstance(body, str) else body
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, {"Content-Type": type_, **headers}, body)
        return self.url(path)

    def put_gzip(self, path, body, **headers):
        return self.put(path, gzip.compress(body.encode()), Content_Encoding="gzip", **headers)

    def wait_requests(self, path, count):
        """The headers of the requests for this path, when there are so many."""
        end = time.monotonic() + TIMEOUT
        with self.changed:
            while True:
                found = [headers for wanted, headers in self.requests if wanted == path]
                if len(found) >= count:
                    return found
                left = end - time.monotonic()
                assert left > 0, f"{len(found)} of {count} requests for {path}"
                self.changed.wait(left)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
