"""The mock and Prism, serving the same document: requests a second over a socket, from the same load generator.

Each is one process on loopback and takes a core; the load generator takes another. They take turns, so that a machine
whose speed drifts is as slow for one as for the other. Both validate requests; the mock validates its answers too, and
keeps what it is told. Prism is measured as it comes, which is what the goal is about, and with its log switched off.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs

from . import load, servers
from .timing import goal, progress

ROUNDS = 7
SECONDS = 0.5
TIMES_PRISM = 3

BODY = '{"email_address": "reader{}@example.com", "first_name": "Reader {}"}'
PAGE = 100

PRISM = "Prism"
QUIET = "Prism without its log"
CEILING = "a server that does nothing"


@attrs.frozen
class Kind:
    """One kind of request: how it is sent, what both answer, and with how many bytes the mock does."""

    name: str
    requests: Callable[[], load.Requests]
    status: int
    """Of Prism, which answers with the document's first status."""
    mock_status: int
    size: int


def run() -> None:
    """Measure and print."""
    if servers.node() is None:
        print("\nThe mock beside Prism\n  skipped: node or Prism not found (npm ci in benchmarks)")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        progress("starting the mock, Prism and a server that does nothing")
        mock = stack.enter_context(servers.kit_mock())
        for number in range(PAGE):
            _send(mock, "/v4/subscribers", BODY.replace("{}", f"-of-the-page-{number}"))
        page = _send(mock, f"/v4/subscribers?per_page={PAGE}")[1]
        ports = {
            "kit-mock": mock,
            PRISM: stack.enter_context(servers.prism(json.loads(page), folder)),
            QUIET: stack.enter_context(servers.prism(json.loads(page), folder, "--verboseLevel", "silent")),
            CEILING: stack.enter_context(servers.canned()),
        }
        kinds = _kinds(ports)
        measured = _measure(kinds, ports)
    _report(kinds, measured)


def _kinds(ports: dict[str, int]) -> list[Kind]:
    """The kinds of requests; that all refuse a body that doesn't fit, and send full pages, has been seen to."""
    one, page = "/v4/subscribers/1", f"/v4/subscribers?per_page={PAGE}"
    for name in ("kit-mock", PRISM, QUIET):
        if _send(ports[name], "/v4/subscribers", '{"first_name": 5}')[0] != 422:
            raise RuntimeError(f"{name} must refuse a body that doesn't fit")
        if len(json.loads(_send(ports[name], page)[1])["subscribers"]) != PAGE:
            raise RuntimeError(f"a page of {name} must hold {PAGE}")
    # One counter for all the turns, so that each request is of somebody new.
    posts = load.post("/v4/subscribers", BODY)
    post_status, posted = _send(ports[PRISM], "/v4/subscribers", BODY)
    sizes = [len(_send(ports["kit-mock"], path)[1]) for path in (one, page)]
    return [
        Kind("get_subscriber", lambda: load.get(one), 200, 200, sizes[0]),
        Kind(f"a page of {PAGE}", lambda: load.get(page), 200, 200, sizes[1]),
        Kind("create_subscriber", lambda: posts, post_status, 201, len(posted)),
    ]


def _measure(kinds: list[Kind], ports: dict[str, int]) -> dict[str, dict[str, list[float]]]:
    """The rates of each turn, by kind and server."""
    found: dict[str, dict[str, list[float]]] = {kind.name: {name: [] for name in ports} for kind in kinds}
    # The first turn warms up: node compiles what it has seen often enough.
    for turn in range(ROUNDS + 1):
        progress(f"beside Prism: turn {turn} of {ROUNDS}")
        for kind in kinds:
            for name, port in ports.items():
                if name == CEILING:
                    rate = load.per_second(port, load.get(f"/{kind.size}"), 200, SECONDS / 2)
                else:
                    status = kind.mock_status if name == "kit-mock" else kind.status
                    rate = load.per_second(port, kind.requests(), status, SECONDS)
                if turn:
                    found[kind.name][name].append(rate)
    return found


def _report(kinds: list[Kind], measured: dict[str, dict[str, list[float]]]) -> None:
    version = json.loads((servers.PRISM / "package.json").read_text())["version"]
    runtime = subprocess.run([servers.node() or "node", "--version"], capture_output=True, text=True, check=True).stdout
    print(
        f"\nThe mock beside Prism {version} on node {runtime.strip()}; {load.CONNECTIONS} connections, requests a second"
    )
    for kind in kinds:
        rates = measured[kind.name]
        # The ratio of each turn, and not of the medians: what slows the machine slows all in a turn.
        ratios = {
            name: statistics.median(a / b for a, b in zip(rates["kit-mock"], rates[name], strict=True))
            for name in rates
        }
        print(f"  {kind.name}")
        for name, values in rates.items():
            beside = "" if name == "kit-mock" else f"   kit-mock is {ratios[name]:.2f} x that"
            print(f"    {name:<26} {statistics.median(values):9,.0f} /s{beside}")
        goal(f"at least {TIMES_PRISM} times {PRISM}: {ratios[PRISM]:.1f}", ratios[PRISM] >= TIMES_PRISM)


def _send(port: int, path: str, body: str | None = None) -> tuple[int, bytes]:
    """The status and body of an answer, whatever it is."""
    headers: dict[str, Any] = {"X-Kit-Api-Key": "kit_test_key", "Content-Type": "application/json"}
    data = None if body is None else body.encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
