"""Signing in by a browser, which comes back to a port of this machine (RFC 8252)."""

from __future__ import annotations

import hmac
import queue
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from kit_client import KitError, OAuth

PATH = "/callback"
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><link rel="icon" href="data:,"><title>{title}</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; margin: 12vh auto; max-width: 26rem">
<h1>{title}</h1>
<p>{text}</p>
</body>
</html>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    # The URL has the code in it.
    "Referrer-Policy": "no-referrer",
}


def sign_in(make: Callable[[str], OAuth], port: int, seconds: float, *, open_browser: bool) -> None:
    """Let somebody sign in, and store the tokens.

    Args:
        make: Makes the app with a redirect URI.
        port: The port; 0 for any.
        seconds: How long to wait.
        open_browser: Whether to open a browser, beside showing the URL.

    Raises:
        KitError: It came to nothing: nobody came in time, or the owner or the service said no.
    """
    try:
        server = _Server(make, port)
    except OSError as error:
        raise KitError(f"port {port} can't be used: {error.strerror}; choose another one with --port") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        print(f"Sign in with a browser on this machine:\n{server.url}", file=sys.stderr, flush=True)
        if open_browser:
            import webbrowser

            webbrowser.open(server.url)
        try:
            outcome = server.outcomes.get(timeout=seconds)
        except queue.Empty:
            raise KitError(f"nobody signed in within {seconds:g} s") from None
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    if outcome is not None:
        raise outcome


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, make: Callable[[str], OAuth], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.oauth = make(f"http://127.0.0.1:{self.server_port}{PATH}")
        self.outcomes: queue.Queue[KitError | None] = queue.Queue()
        self._lock, self._is_over = threading.Lock(), False
        self.url = self.oauth.authorization_url()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away."""

    def finish(self, path: str) -> tuple[int, str, str, list[KitError | None]]:
        """Exchange the code of a request, and return status, title and text of the page to show, and what it came to."""
        states = [parse_qs(urlsplit(url).query).get("state", [""])[0].encode() for url in (path, self.url)]
        with self._lock:
            if self._is_over or not hmac.compare_digest(*states):
                # Whoever else on this machine asks must neither sign in somebody else nor end the wait.
                return 400, "Not this one", "This is not the way back of the sign-in that is under way.", []
            self._is_over = True
        try:
            self.oauth.exchange(path)
        except KitError as error:
            return 400, "You are not signed in", "Your terminal says why. You can close this window.", [error]
        return 200, "You are signed in", "You can close this window, and go back to your terminal.", [None]


class _Handler(BaseHTTPRequestHandler):
    timeout = 30
    server_version, sys_version = "kit-client", ""

    def do_GET(self) -> None:
        """Answer the browser."""
        server = cast(_Server, self.server)
        if urlsplit(self.path).path != PATH:
            self.send_error(404)
            return
        status, title, text, outcomes = server.finish(self.path)
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(body)
        finally:
            # The program may end now.
            for outcome in outcomes:
                server.outcomes.put(outcome)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # it is called by that name
        """Log nothing: the path has the code in it."""
