"""OAuth's consent page: the owner of an account clicks, and is sent on to the app."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from kit_mock import KitMock
from tests.browser.conftest import Page

_CLIENT = "kit_test_confidential"
_SECRET = "kit_test_secret"


class App(HTTPServer):
    """The app's end of it: takes the redirect."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Callback)
        self.came: queue.Queue[dict[str, list[str]]] = queue.Queue()
        self.redirect_uri = f"http://127.0.0.1:{self.server_port}/callback"


class _Callback(BaseHTTPRequestHandler):
    server: App

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/callback":
            self.server.came.put(parse_qs(url.query))
        body = b"<!doctype html><link rel=icon href=data:,><title>Back at the app</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def app() -> Iterator[App]:
    with App() as app:
        thread = threading.Thread(target=app.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield app
        app.shutdown()
        thread.join(timeout=5)


def ask(page: Page, app: App) -> None:
    page.others = (urlsplit(app.redirect_uri).netloc,)
    query = {"client_id": _CLIENT, "response_type": "code", "redirect_uri": app.redirect_uri, "state": "s&<1>"}
    page.open(f"/oauth/authorize?{urlencode(query)}")
    page.shows("h1", "wants access")


def answered(page: Page, app: App) -> dict[str, list[str]]:
    came = app.came.get(timeout=15)
    page.wait(lambda: page.driver.title == "Back at the app", "the app's page")
    return came


def test_approve(page: Page, mock: KitMock, app: App) -> None:
    ask(page, app)
    page.press("Approve")
    came = answered(page, app)
    assert came["state"] == ["s&<1>"]
    tokens = httpx.post(
        f"{mock.url}/oauth/token",
        data={
            "grant_type": "authorization_code",
            "code": came["code"][0],
            "client_id": _CLIENT,
            "client_secret": _SECRET,
            "redirect_uri": app.redirect_uri,
        },
    ).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert httpx.get(f"{mock.url}/v4/account", headers=headers).status_code == 200


def test_deny(page: Page, app: App) -> None:
    ask(page, app)
    page.press("Deny")
    came = answered(page, app)
    assert came["error"] == ["access_denied"]
    assert came["state"] == ["s&<1>"]
    assert "code" not in came


def test_a_code_and_a_secret_stay_off_the_page(page: Page, mock: KitMock, app: App) -> None:
    ask(page, app)
    page.press("Approve")
    code = answered(page, app)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "client_id": _CLIENT, "client_secret": _SECRET}
    httpx.post(f"{mock.url}/oauth/token", data={**form, "redirect_uri": app.redirect_uri})
    page.open()
    page.click("#request-list summary")
    page.shows("#request-list pre", "grant_type", "client_id")
    page.wait(lambda: page.all("#request-list [data-loaded]"), "the bodies")
    source = page.driver.page_source
    assert code not in source
    assert _SECRET not in source
