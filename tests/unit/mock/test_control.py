"""The control plane under `/_mock/`: what programs in any language steer the mock by."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.cli import main
from tests.unit.mock.conftest import START, Create, client
from tests.unit.mock.delivering import eventually
from tests.unit.mock.receiver import listening
from tests.unit.mock.test_cli import served


@pytest.fixture
def control(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls without credentials."""
    with client(mock) as http:
        yield http


def errors(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert list(response.json()) == ["errors"]
    return "; ".join(response.json()["errors"])


def test_reset(mock: KitMock, kit: httpx.Client, control: httpx.Client, tag: Create) -> None:
    tag()
    control.post("/_mock/faults", json={"operation": "create_tag", "status": 503})
    control.post("/_mock/clock/advance", json={"days": 1})
    response = control.post("/_mock/reset")
    assert (response.status_code, response.content) == (204, b"")
    assert kit.get("/v4/tags").json()["tags"] == []
    assert control.get("/_mock/faults").json() == {"faults": []}
    assert mock.clock.now() == START
    assert tag()["id"] == 1


def test_reset_with_a_seed_that_has_become_bad(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("tags: [{name: A}]")
    with KitMock(seed=seed) as mock, client(mock) as http:
        seed.write_text("nonsense: 1")
        assert "seed.yaml" in errors(http.post("/_mock/reset"), 422)
        assert http.get("/_mock/state").json()["state"]["tags"] == 1


def test_snapshots(kit: httpx.Client, control: httpx.Client, tag: Create) -> None:
    tag("A")
    first = control.post("/_mock/snapshots")
    assert first.status_code == 201
    assert first.json()["id"] == 1
    assert first.json()["taken_at"] == "2023-02-17T11:43:55+00:00"
    tag("B")
    assert control.post("/_mock/snapshots").json()["id"] == 2
    control.post("/_mock/reset")
    assert [each["id"] for each in control.get("/_mock/snapshots").json()["snapshots"]] == [1, 2]
    for kept, names in ((2, ["B", "A"]), (1, ["A"]), (2, ["B", "A"])):
        assert control.post(f"/_mock/snapshots/{kept}/restore").json()["id"] == kept
        assert [each["name"] for each in kit.get("/v4/tags").json()["tags"]] == names
    assert control.delete("/_mock/snapshots/1").status_code == 204
    assert errors(control.delete("/_mock/snapshots/1"), 404) == "Not Found"
    for id_ in ("1", "0", "x", "9" * 40, "-1"):
        errors(control.post(f"/_mock/snapshots/{id_}/restore"), 404)
    assert control.post("/_mock/snapshots").json()["id"] == 3


def test_only_so_many_snapshots_are_kept(control: httpx.Client) -> None:
    for _ in range(10):
        assert control.post("/_mock/snapshots").status_code == 201
    assert "snapshots: 10" in errors(control.post("/_mock/snapshots"), 422)
    control.delete("/_mock/snapshots/4")
    assert control.post("/_mock/snapshots").json()["id"] == 11


def test_requests_are_listed_and_searched(mock: KitMock, kit: httpx.Client, control: httpx.Client, tag: Create) -> None:
    tag("Needle")
    kit.get("/v4/tags", params={"per_page": 5, "foo": "bar"})
    kit.get("/v4/tags/1/subscribers")
    kit.get("/v4/nothing")
    mock.fail_next("get_account", status=503)
    kit.get("/v4/account")

    def found(**filters: Any) -> list[str]:
        response = control.get("/_mock/requests", params=filters)
        return [f"{each['method']} {each['path']}" for each in response.json()["requests"]]

    post, listed, members, nothing, account = (
        *("POST /v4/tags", "GET /v4/tags", "GET /v4/tags/1/subscribers"),
        *("GET /v4/nothing", "GET /v4/account"),
    )
    assert found() == [account, nothing, members, listed, post]
    assert found(method="post") == [post]
    assert found(path="tags", limit=2) == [members, listed]
    assert found(operation="list_tags") == [listed]
    assert found(status=404) == [nothing]
    assert found(text="Needle") == [listed, post]
    assert found(text="Needle", method="GET") == [listed]
    assert found(limit=0) == []
    shown = control.get("/_mock/requests", params={"operation": "create_tag"}).json()["requests"][0]
    assert 0 < shown.pop("duration") < 60
    assert shown.pop("headers").items() >= {"content-type": "application/json", "x-kit-api-key": "***_key"}.items()
    assert shown == {
        "request_id": "00000000-0000-0000-0000-000000000001",
        "at": "2023-02-17T11:43:55+00:00",
        "method": "POST",
        "path": "/v4/tags",
        "query": {},
        "query_string": "",
        "credential": "API key 1, ***_key",
        "account_id": 1,
        "operation": "create_tag",
        "status": 201,
        "fault": None,
        "request_media_type": "application/json",
        "request_body": '{"name":"Needle"}',
        "response_body": '{"tag":{"id":1,"name":"Needle","created_at":"2023-02-17T11:43:55Z"}}',
    }
    with_query = control.get("/_mock/requests", params={"operation": "list_tags"}).json()["requests"][0]
    assert (with_query["query"], with_query["query_string"]) == ({"per_page": 5}, "per_page=5&foo=bar")
    assert control.get("/_mock/requests", params={"limit": 1}).json()["requests"][0]["fault"] == "status 503"
    assert control.delete("/_mock/requests").status_code == 204
    assert found() == []
    assert mock.requests == (), "requests of the control plane aren't recorded"


def test_requests_come_by_the_page(mock: KitMock, kit: httpx.Client, control: httpx.Client) -> None:
    for number in range(5):
        kit.get(f"/v4/tags/{number}/subscribers")
        kit.get("/v4/account")
    before: str | None = None
    pages: list[list[str]] = []
    while not pages or pages[-1]:
        given: dict[str, Any] = {"path": "tags", "limit": 2, **({"before": before} if before else {})}
        answer = control.get("/_mock/requests", params=given).json()
        assert answer["count"] == 5, "all that fit, not those on the page"
        pages.append([each["path"].split("/")[3] for each in answer["requests"]])
        before = answer["requests"][-1]["request_id"] if answer["requests"] else None
        kit.get("/v4/account")  # New ones in front move nothing.
    assert pages == [["4", "3"], ["2", "1"], ["0"], []]
    assert control.get("/_mock/requests", params={"before": "nothing"}).json()["requests"] == []


def test_who_pages_comes_to_an_end_though_ids_begin_anew(
    mock: KitMock, kit: httpx.Client, control: httpx.Client
) -> None:
    kept = mock.snapshot()
    for _ in range(3):
        kit.get("/v4/account")
    mock.restore(kept)
    for _ in range(3):
        kit.get("/v4/account")
    ids: list[str] = []
    for _ in range(10):
        before = {"before": ids[-1]} if ids else {}
        page = control.get("/_mock/requests", params={"limit": 1, **before}).json()["requests"]
        if not page:
            break
        ids.append(page[0]["request_id"])
    assert page == []


def test_the_clock(mock: KitMock, kit: httpx.Client, control: httpx.Client) -> None:
    assert control.get("/_mock/clock").json() == {"now": "2023-02-17T11:43:55+00:00", "stands_still": True}
    moved = control.post("/_mock/clock/advance", json={"days": 1, "hours": 2, "minutes": 3, "seconds": 4.5})
    assert moved.json()["now"] == "2023-02-18T13:46:59.500000+00:00"
    for text in ("2030-01-01T00:00:00Z", "2030-01-01T09:00:00+09:00"):
        assert control.put("/_mock/clock", json={"now": text}).json()["now"] == "2030-01-01T00:00:00+00:00"
    assert mock.clock.now() == datetime(2030, 1, 1, tzinfo=UTC)
    assert kit.post("/v4/tags", json={"name": "A"}).json()["tag"]["created_at"] == "2030-01-01T00:00:00Z"
    assert control.put("/_mock/clock", json={"now": "2020-02-29T00:00:00Z"}).status_code == 200
    assert "time zone" in errors(control.put("/_mock/clock", json={"now": "2030-01-01T00:00:00"}), 422)
    for wrong in (
        {},
        {"now": "soon"},
        {"now": 5},
        {"now": "9999-12-31T23:59:59Z"},
        {"now": "0001-01-01T00:00:00+23:00"},
    ):
        assert errors(control.put("/_mock/clock", json=wrong), 422).startswith("now: ")
    for step in ({"hours": -1}, {"hours": "1"}, {"hours": True}, {"hours": None}, {"days": 1e300}, {"days": 5e6}):
        assert next(iter(step)) in errors(control.post("/_mock/clock/advance", json=step), 422)
    assert "seconds" in errors(control.post("/_mock/clock/advance", json={}), 422)
    assert mock.clock.now() == datetime(2020, 2, 29, tzinfo=UTC)


def test_moving_the_clock_does_what_is_due(mock: KitMock, oauth: httpx.Client, control: httpx.Client) -> None:
    tags = {"tags": [{"name": f"Tag {number}"} for number in range(101)]}
    assert oauth.post("/v4/bulk/tags", json=tags).status_code == 202
    assert control.get("/_mock/state").json()["state"]["tags"] == 0
    control.put("/_mock/clock", json={"now": (START + timedelta(seconds=2)).isoformat()})
    assert control.get("/_mock/state").json()["state"]["tags"] == 101


def test_faults(mock: KitMock, kit: httpx.Client, control: httpx.Client) -> None:
    given = {"route": "GET /v4/account", "times": 2, "status": 503}
    made = control.post("/_mock/faults", json=given)
    assert made.status_code == 201
    assert made.json() == {"id": 1, "name": "status 503", "hits": 0, **given}
    assert control.post("/_mock/faults", json={"lag": 30}).json() == {"id": 2, "name": "lag 30 s", "hits": 0, "lag": 30}
    assert kit.get("/v4/account").status_code == 503
    assert [each["hits"] for each in control.get("/_mock/faults").json()["faults"]] == [1, 0]
    assert control.delete("/_mock/faults/1").status_code == 204
    errors(control.delete("/_mock/faults/1"), 404)
    assert kit.get("/v4/account").status_code == 200
    assert control.delete("/_mock/faults").status_code == 204
    assert len(mock.faults) == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "nothing goes wrong"),
        ({"status": "503"}, "status must"),
        ({"status": 503, "operation": "nothing"}, "operation must"),
        ({"status": 503, "operation": 5}, "operation must"),
        ({"status": 503, "route": ["x"]}, "route must"),
        ({"status": 503, "tmies": 3}, "tmies: unknown"),
        ({"reset": ["before"]}, "reset must"),
        ({"delay": 1e999}, ""),
        ({"html": "yes"}, "html must"),
    ],
)
def test_faults_that_make_no_sense(mock: KitMock, control: httpx.Client, given: Any, named: str) -> None:
    content = json.dumps(given).replace("Infinity", "1e999")
    response = control.post("/_mock/faults", content=content, headers={"Content-Type": "application/json"})
    assert named in errors(response, 400 if given == {"delay": 1e999} else 422)
    assert len(mock.faults) == 0


def test_quota(control: httpx.Client) -> None:
    with KitMock(clock=Clock(START), rate_limit="kit", behaviour="current") as mock, client(mock) as http:
        http.get("/v4/account")
        http.get("/v4/account", headers={"X-Kit-Api-Key": mock.api_key})
        assert http.get("/_mock/quota").json()["quota"] == [
            {"credential": "API key 1", "used": 1, "limit": 120},
            {"credential": "access token 1", "used": 0, "limit": 600},
            {"credential": "no credential", "used": 1, "limit": 120},
        ]
    assert {each["limit"] for each in control.get("/_mock/quota").json()["quota"]} == {None}


def test_state(control: httpx.Client, subscriber: Create, tag: Create, kit: httpx.Client) -> None:
    tag()
    for name in ("a", "b"):
        subscriber(f"{name}@example.com")
        kit.post("/v4/tags/1/subscribers", json={"email_address": f"{name}@example.com"})
    state = control.get("/_mock/state").json()["state"]
    assert (state["accounts"], state["subscribers"], state["tags"], state["tag_subscribers"]) == (1, 2, 1, 2)
    assert state["webhooks"] == state["deliveries"] == 0


def test_deliveries_and_fire(kit: httpx.Client, control: httpx.Client, subscriber: Create) -> None:
    subscriber()
    with listening() as receiver:
        for event in ("subscriber.subscriber_bounce", "subscriber.subscriber_complain"):
            kit.post("/v4/webhooks", json={"target_url": receiver.url, "event": {"name": event}})
        fired = control.post("/_mock/fire", json={"event": "subscriber_bounce", "subscriber_id": 1})
        assert [each["event"] for each in fired.json()["deliveries"]] == ["subscriber_bounce"]
        assert control.post("/_mock/deliveries/flush").json() == {"done": True, "waiting": 0}
        control.post("/_mock/fire", json={"event": "subscriber_complain", "subscriber_id": 1})
        control.post("/_mock/deliveries/flush")
        assert len(receiver.received) == 2

    def found(**filters: Any) -> list[int]:
        return [each["id"] for each in control.get("/_mock/deliveries", params=filters).json()["deliveries"]]

    assert found() == [2, 1]
    assert found(event="subscriber_bounce") == [1]
    assert found(state="delivered", status=200, url="127.0.0.1", text="ada@example.com", limit=1) == [2]
    assert found(state="waiting") == found(text="bob@example.com") == []
    assert found(before=2) == [1]
    assert found(before=1) == found(before="x") == []
    assert control.get("/_mock/deliveries", params={"limit": 1, "status": 200}).json()["count"] == 2
    shown = control.get("/_mock/deliveries").json()["deliveries"][1]
    assert (shown["attempts"], shown["status"], shown["problem"]) == (1, 200, None)
    assert shown["payload"]["subscriber"]["email_address"] == "ada@example.com"


def test_a_delivery_is_sent_again(mock: KitMock, kit: httpx.Client, control: httpx.Client, subscriber: Create) -> None:
    subscriber()
    with listening() as receiver:
        event = {"name": "subscriber.subscriber_bounce"}
        kit.post("/v4/webhooks", json={"target_url": receiver.url, "event": event})
        mock.fire("subscriber_bounce", subscriber_id=1)
        mock.deliver()
        resent = control.post("/_mock/deliveries/1/resend")
        assert resent.status_code == 201
        assert (resent.json()["id"], resent.json()["attempts"], resent.json()["state"]) == (2, 0, "waiting")
        control.post("/_mock/deliveries/flush")
        first, second = receiver.received
    assert first.body == second.body
    assert [(each.id, each.attempts, each.state) for each in mock.deliveries] == [
        (1, 1, "delivered"),
        (2, 1, "delivered"),
    ]
    for id_ in ("3", "0", "x", "9" * 40):
        errors(control.post(f"/_mock/deliveries/{id_}/resend"), 404)


def test_flushing_leaves_the_api_free(mock: KitMock, subscriber: Create, kit: httpx.Client) -> None:
    """Who gets a delivery can call the API of the same server before the answer."""
    subscriber()
    with listening() as receiver, ThreadPoolExecutor(1) as pool:
        event = {"name": "subscriber.subscriber_bounce"}
        kit.post("/v4/webhooks", json={"target_url": receiver.url, "event": event})
        receiver.hold()
        mock.fire("subscriber_bounce", subscriber_id=1)
        flushed = pool.submit(httpx.post, f"{mock.url}/_mock/deliveries/flush", timeout=10)
        receiver.expect(1)
        seen = httpx.get(f"{mock.url}/v4/account", headers={"X-Kit-Api-Key": mock.api_key}, timeout=2)
        receiver.released.set()
        assert seen.status_code == 200
        assert flushed.result(10).json() == {"done": True, "waiting": 0}


def test_however_many_flush_the_control_plane_can_be_read(mock: KitMock, subscriber: Create) -> None:
    subscriber()
    most = 40  # Threads of an event loop for what may wait.
    with listening() as receiver, ExitStack() as stack:
        mock.webhooks.add("subscriber_bounce", receiver.url)
        address = httpx.URL(mock.url).netloc.decode()
        flushing = [stack.enter_context(closing(HTTPConnection(address, timeout=20))) for _ in range(most + 5)]
        receiver.hold()
        mock.fire("subscriber_bounce", subscriber_id=1)
        for each in flushing:
            each.request("POST", "/_mock/deliveries/flush")
        eventually(lambda: sum("AnyIO" in thread.name for thread in threading.enumerate()) >= most)
        for path in ("health", ""):
            assert httpx.get(f"{mock.url}/_mock/{path}", timeout=2).status_code == 200
        receiver.released.set()
        assert {json.load(each.getresponse())["done"] for each in flushing} == {True}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "event"),
        ({"event": "nothing"}, "event"),
        ({"event": 5}, "event"),
        ({"event": "subscriber_bounce"}, "subscriber_id"),
        ({"event": "subscriber_bounce", "subscriber_id": 99}, "subscriber_id"),
        ({"event": "subscriber_bounce", "subscriber_id": "1"}, "subscriber_id"),
        ({"event": "tag_add", "subscriber_id": 1, "tag_id": [1]}, "tag_id"),
        ({"event": "tag_add", "subscriber_id": 1, "tag_id": 99}, "tag_id"),
        ({"event": "subscriber_bounce", "subscriber_id": 1, "timeout": 1}, "timeout"),
        ({"event": "subscriber_bounce", "subscriber_id": 1, "self": 1}, "self"),
    ],
)
def test_events_that_cannot_be(control: httpx.Client, subscriber: Create, given: Any, named: str) -> None:
    subscriber()
    assert named in errors(control.post("/_mock/fire", json=given), 422)


JSON_ROUTES = {
    "reset": ["POST"],
    "state": ["GET"],
    "health": ["GET"],
    "quota": ["GET"],
    "snapshots": ["GET", "POST"],
    "snapshots/1": ["DELETE"],
    "snapshots/1/restore": ["POST"],
    "requests": ["DELETE", "GET"],
    "deliveries": ["GET"],
    "deliveries/flush": ["POST"],
    "deliveries/1/resend": ["POST"],
    "fire": ["POST"],
    "clock": ["GET", "PUT"],
    "clock/advance": ["POST"],
    "faults": ["DELETE", "GET", "POST"],
    "faults/1": ["DELETE"],
}


@pytest.mark.parametrize(("path", "methods"), JSON_ROUTES.items())
def test_what_is_malformed(control: httpx.Client, path: str, methods: list[str]) -> None:
    url = f"/_mock/{path}"
    response = control.request("PATCH", url)
    errors(response, 405)
    assert response.headers["Allow"] == ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
    for method in methods:
        if method == "GET":
            assert "wrong: unknown" in errors(control.get(url, params={"wrong": 1}), 422)
            continue
        headers = {"Content-Type": "application/json"}
        errors(control.request(method, url, content="{}", headers={"Content-Type": "text/plain"}), 415)
        errors(control.request(method, url, content="{", headers=headers), 400)
        errors(control.request(method, url, content="[" * 100_000, headers=headers), 400)
        errors(control.request(method, url, content=b'{"\xff": 1}', headers=headers), 400)
        assert "object" in errors(control.request(method, url, content="[]", headers=headers), 422)
        told = errors(control.request(method, url, content='{"wrong": 1}', headers=headers), 422)
        assert "wrong: unknown" in told or path == "fire"


@pytest.mark.parametrize("path", ["/_mock/nothing", "/_mock/snapshots/1/2/3", "/_mock/resets", "/_mock//reset"])
def test_unknown_paths(control: httpx.Client, path: str) -> None:
    assert errors(control.post(f"https://kit.test{path}"), 404) == "Not Found"


def test_a_body_that_is_too_large(control: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    errors(control.post("/_mock/faults", content=b" " * 1_100_000, headers=headers), 413)


def test_a_fault_of_its_own_is_no_traceback(control: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KitMock, "reset", lambda _: 1 // 0)
    with httpx.Client(transport=control._transport, base_url="https://kit.test") as http:
        assert "ZeroDivisionError" in errors(http.post("/_mock/reset"), 500)


@pytest.mark.anyio
async def test_in_process_and_on_a_server_of_ones_own(mock: KitMock) -> None:
    for transport in (mock.async_transport, httpx.ASGITransport(mock.asgi)):
        async with httpx.AsyncClient(transport=transport, base_url="http://kit.test") as http:
            assert (await http.post("/_mock/reset")).status_code == 204
            foreign = {"Origin": "https://evil.example.com"}
            assert (await http.post("/_mock/reset", headers=foreign)).status_code == 403


def test_numbers_of_filters(control: httpx.Client) -> None:
    for name, value in (("status", "x"), ("limit", "-1"), ("limit", ""), ("limit", "9" * 30)):
        assert f"{name}: must be a number" in errors(control.get("/_mock/requests", params={name: value}), 422)


def test_no_secret_is_told(mock: KitMock) -> None:
    with KitMock(seed={"api_keys": ["hush_key"], "access_tokens": ["hush_token"]}, rate_limit="kit") as seeded:
        for headers in ({"X-Kit-Api-Key": "hush_key"}, {"Authorization": "Bearer hush_token"}):
            with client(seeded, **headers) as http:
                assert http.get("/v4/account").status_code == 200
                http.post("/_mock/snapshots")
                http.post("/_mock/faults", json={"revoke_token": True, "times": 1})
                http.get("/v4/account")
                paths = [f"/_mock/{path}" for path, methods in JSON_ROUTES.items() if "GET" in methods]
                told = " ".join(http.get(path).text for path in paths)
        for secret in ("hush", seeded.api_key, seeded.access_token):
            assert secret not in told


def test_web_pages_of_other_sites_change_nothing(mock: KitMock, tag: Create) -> None:
    tag()
    with httpx.Client(base_url=mock.url) as http:
        own = str(http.base_url).rstrip("/")
        foreign: list[dict[str, str]] = [
            {"Origin": "https://evil.example.com"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Origin": f"{own}.evil.example.com"},
            # A name that was pointed to this machine: the page and the request seem to have the same origin.
            {"Origin": "http://evil.example.com", "Host": "evil.example.com"},
            {"Host": "evil.example.com:80"},
            {"Host": "127.0.0.1.evil.example.com"},
            {"Host": "localhost.evil.example.com"},
        ]
        for headers in foreign:
            for method, path in (("POST", "reset"), ("DELETE", "requests"), ("PUT", "clock"), ("POST", "nothing")):
                told = errors(http.request(method, f"/_mock/{path}", headers=headers), 403)
                assert told.startswith("Forbidden: ")
        # What is answered to a page of another origin, a browser keeps from it. One that was pointed here could read it.
        assert http.get("/_mock/state", headers=foreign[0]).json()["state"]["tags"] == 1
        for headers in foreign[4:]:
            for path in ("/", "/_mock", "/_mock/", "/_mock/state", "/_mock/docs", "/_mock/health"):
                for method in ("GET", "HEAD"):
                    assert http.request(method, path, headers=headers).status_code == 403
        port = http.base_url.port
        for headers in (
            {"Origin": own},
            {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"},
            {"Host": f"[::1]:{port}"},
            {},
        ):
            assert http.post("/_mock/reset", headers=headers).status_code == 204, headers
            assert http.get("/_mock/state", headers=headers).status_code == 200, headers


def test_names_that_are_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    with KitMock(allow_hosts=["Kit-Mock", "b\u00fccher.example"]) as mock, httpx.Client(base_url=mock.url) as http:
        for host in ("kit-mock:4010", "KIT-MOCK", "xn--bcher-kva.example"):
            assert http.get("/_mock/state", headers={"Host": host}).status_code == 200
            own = {"Host": host, "Origin": f"http://{host}"}
            assert http.post("/_mock/reset", headers=own).status_code == 204
            foreign = {"Host": host, "Origin": "http://evil.example"}
            errors(http.post("/_mock/reset", headers=foreign), 403)
        told = errors(http.get("/_mock/state", headers={"Host": "other_1.kit-mock:80"}), 403)
        assert told == (
            "Forbidden: the Host must be an IP address, localhost, or the name that is listened on; allow another one"
            " with KitMock(allow_hosts=['other_1.kit-mock']) or `kit-mock serve --allow-host other_1.kit-mock`"
        )
        assert "allow-host NAME`" in errors(http.get("/_mock/state", headers={"Host": "<b>"}), 403)
        assert http.get("/v4/tags", headers={"Host": "other"}).status_code == 401, "the API may be called by any name"
    with pytest.raises(TypeError, match="allow_hosts must be a list"):
        KitMock(allow_hosts="kit-mock")
    with pytest.raises(SystemExit):
        main(["serve", "--allow-host", "http://kit-mock"])
    assert "is not the name or address of a host" in capsys.readouterr().err


def test_the_name_that_is_listened_on_needs_no_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: resolve("127.0.0.1", *more, **named))
    with KitMock() as mock:
        url = mock.serve("kit.internal")
        assert httpx.get(f"{url}/_mock/state", headers={"Host": "kit.internal:1"}).status_code == 200
        assert httpx.get(f"{url}/_mock/state", headers={"Host": "kit.external:1"}).status_code == 403


def test_without_a_control_plane(tag: Create) -> None:
    with KitMock(control=False) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        for path in ("", "/", "/state", "/reset"):
            response = http.post(f"/_mock{path}")
            assert errors(response, 404) == "Not Found"
            assert "X-Request-Id" in response.headers
        assert len(mock.requests) == 4


def test_the_command() -> None:
    for options, status in (((), 204), (("--no-control",), 404)):
        with served(*options) as (_, url):
            assert httpx.post(f"{url}/_mock/reset").status_code == status
            assert httpx.get(f"{url}/_mock/state").status_code == (200 if status == 204 else 404)
