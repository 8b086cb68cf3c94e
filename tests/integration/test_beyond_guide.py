"""The guide to what is beyond the document: its code runs against the mock and prints what its comments say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_api import codec
from kit_mock import KitMock

from .rerouting import reroute

PAGE = (Path(__file__).parents[2] / "docs" / "beyond-the-document.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
MASCOT = {"mascot": "owl"}


class WithMascot(httpx.BaseTransport):
    """The mock, whose account has a field that the document doesn't have; refuses what the mock doesn't know."""

    def __init__(self, mock: KitMock) -> None:
        self._inner = mock.transport
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        url = request.url
        body = json.loads(request.content) if request.content else None
        if isinstance(body, dict):
            body.pop("colour", None)
        kept = {name: value for name, value in request.headers.items() if name.startswith(("x-", "auth"))}
        response: httpx.Response
        response = self._inner.handle_request(httpx.Request(request.method, url, headers=kept, json=body))
        response.read()
        if url.path == "/v4/account":
            answer: dict[str, Any] = response.json()
            answer["account"].update(MASCOT)
            return httpx.Response(200, json=answer)
        return response


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[WithMascot]:
    """The mock in the place of the network, so that the code runs as it stands."""
    with KitMock(api_key="kit_0123456789") as mock:
        transport = WithMascot(mock)

        reroute(monkeypatch, sync=transport, asynchronous=mock.async_transport)
        codec._reported.clear()
        yield transport
        codec._reported.clear()


def test_the_code_runs_and_prints_what_the_page_says(network: WithMascot, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for code in BLOCKS:
        exec(compile(code, "beyond-the-document.md", "exec"), {"__name__": "__main__"})
        shown.append(capsys.readouterr().out.splitlines())
    fields, reports, extras, routes, asynchronous = shown
    assert fields == ["{'mascot': 'owl'}", "owl"]
    assert reports == ["get_account, account.mascot: a string, not in the document", "1"]
    assert extras[1] == "Readers"
    assert routes[0].startswith("200 ")
    assert routes[1] == "GET /v4/posts 404"
    assert asynchronous == ["Writers"]
    for line in (fields[0], fields[1], reports[0], reports[1], routes[1]):
        assert f"# {line}\n" in PAGE

    extra = next(request for request in network.requests if request.url.query == b"preview=true")
    assert extra.headers["X-Team"] == "growth"
    (made,) = [request for request in network.requests if request.url.path == "/v4/tags"]
    assert json.loads(made.content) == {"name": "Readers", "colour": "green"}
