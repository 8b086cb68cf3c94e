"""Faults that are injected: in process, where nothing sleeps, and on a real socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kit_mock import Clock, Fault, KitMock
from kit_mock.service.faults import routes
from tests.unit.mock.conftest import START, Create

NEW = {"email_address": "ada@example.com"}


@pytest.fixture
def outside(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls over a socket."""
    with httpx.Client(base_url=mock.url, headers={"X-Kit-Api-Key": mock.api_key}, timeout=5) as http:
        yield http


@pytest.fixture
def plain(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls in process, where a 500 is no surprise."""
    with httpx.Client(
        transport=mock.transport, base_url="https://kit.test", headers={"X-Kit-Api-Key": mock.api_key}, timeout=5
    ) as http:
        yield http


def statuses(http: httpx.Client, number: int, path: str = "/v4/account") -> list[int]:
    return [http.get(path).status_code for _ in range(number)]


def emails(http: httpx.Client) -> list[str]:
    return [each["email_address"] for each in http.get("/v4/subscribers").json()["subscribers"]]


def test_a_status_comes_with_kits_error_body_and_without_effect(mock: KitMock, kit: httpx.Client) -> None:
    fault = mock.fail_next("create_subscriber", status=503)
    assert list(mock.faults) == [fault]
    assert kit.get("/v4/account").status_code == 200
    response = kit.post("/v4/subscribers", json=NEW)
    assert (response.status_code, response.json()) == (503, {"errors": ["Service Unavailable"]})
    assert response.headers["X-Request-Id"] == mock.requests[-1].request_id
    assert (mock.requests[-1].status, mock.requests[-1].fault) == (503, "status 503")
    assert mock.requests[-1].operation_id == "create_subscriber"
    assert not list(mock.faults)
    assert emails(kit) == []
    assert kit.post("/v4/subscribers", json=NEW).status_code == 201
    assert mock.requests[-1].fault is None


def test_the_answer_can_get_lost_after_the_effect(mock: KitMock, kit: httpx.Client) -> None:
    mock.fail_next("create_subscriber", status=504, effect=True)
    assert kit.post("/v4/subscribers", json=NEW).status_code == 504
    assert emails(kit) == ["ada@example.com"]


@pytest.mark.parametrize(
    ("given", "status", "media_type", "text"),
    [
        ({"body": "{", "media_type": "application/json", "status": 200}, 200, "application/json", "{"),
        ({"body": {"errors": ["x"]}, "status": 422}, 422, "application/json", '{"errors":["x"]}'),
        ({"body": "Retry later"}, 200, "text/plain", "Retry later"),
        ({"status": 429}, 429, "text/plain", "Retry later"),
        ({"html": True, "body": "<p>no</p>"}, 502, "text/html", "<p>no</p>"),
    ],
)
def test_bodies(
    mock: KitMock, plain: httpx.Client, given: dict[str, Any], status: int, media_type: str, text: str
) -> None:
    mock.faults.add(times=1, **given)
    response = plain.get("/v4/account")
    assert (response.status_code, response.text) == (status, text)
    assert response.headers["Content-Type"].startswith(media_type)


@pytest.mark.parametrize(("given", "status"), [({"html": True}, 502), ({"status": 520}, 520), ({"status": 527}, 527)])
def test_pages_of_proxies(mock: KitMock, plain: httpx.Client, given: Any, status: int) -> None:
    mock.fail_next(**given)
    response = plain.get("/v4/account")
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<html>" in response.text
    assert str(status) in response.text


@pytest.mark.parametrize(
    "given", [{"status": 429}, {"status": 503}, {"html": True}, {"status": 521}, {"body": "x"}, {"status": 401}]
)
def test_an_answer_can_say_when_to_try_again(mock: KitMock, plain: httpx.Client, given: Any) -> None:
    mock.fail_next(times=2, retry_after=30, **given)
    assert plain.get("/v4/account").headers["Retry-After"] == "30"
    assert plain.post("/oauth/token").headers["Retry-After"] == "30"
    mock.fail_next(**given)
    assert "Retry-After" not in plain.get("/v4/account").headers


def test_which_requests(mock: KitMock, kit: httpx.Client, subscriber: Create, tag: Create) -> None:
    subscriber()
    tag()
    for target, paths in {
        "list_tags": ["/v4/tags"],
        "GET /v4/tags*": ["/v4/tags", "/v4/tags/1/subscribers"],
        "GET /v4/tags/{tag_id}/subscribers": ["/v4/tags/1/subscribers"],
        "/v4/tags/": ["/v4/tags"],
        "* /v4/nothing": ["/v4/nothing"],
        "POST /v4/tags*": [],
    }.items():
        mock.fail_next(target, times=100, status=418)
        tried = ["/v4/tags", "/v4/tags/1/subscribers", "/v4/forms", "/v4/nothing"]
        assert [path for path in tried if kit.get(path).status_code == 418] == paths, target
        mock.faults.clear()
    mock.fail_next(status=503)
    assert kit.get("/v4/nothing").status_code == 503
    assert statuses(kit, 2) == [200, 200]


def test_how_often(mock: KitMock, kit: httpx.Client) -> None:
    mock.fail_next(times=3, status=429)
    assert statuses(kit, 5) == [429] * 3 + [200] * 2
    mock.faults.add(status=503)
    assert statuses(kit, 50) == [503] * 50
    mock.faults.clear()
    assert statuses(kit, 1) == [200]


def test_by_chance_the_same_each_time(mock: KitMock, kit: httpx.Client) -> None:
    runs = []
    for seed in (1, 1, 2):
        mock.faults.add(status=503, probability=0.3, seed=seed)
        runs.append(statuses(kit, 100))
        mock.faults.clear()
    assert runs[0] == runs[1] != runs[2]
    assert 10 < runs[0].count(503) < 50


def test_the_oldest_fault_comes_first(mock: KitMock, kit: httpx.Client) -> None:
    mock.fail_next("get_account", status=503)
    mock.fail_next(status=500, body={"errors": ["second"]})
    assert kit.get("/v4/account").status_code == 503
    with httpx.Client(transport=mock.transport, base_url="https://kit.test") as http:
        assert http.get("/v4/account").json() == {"errors": ["second"]}
        assert http.get("/v4/account").status_code == 401


def test_a_request_that_a_fault_stops_is_not_counted(kit: httpx.Client) -> None:
    with KitMock(clock=Clock(START), rate_limit=2) as mock:
        headers = {"X-Kit-Api-Key": mock.api_key}
        with httpx.Client(transport=mock.transport, base_url="https://kit.test", headers=headers) as http:
            mock.fail_next(times=5, status=503)
            assert statuses(http, 8) == [503] * 5 + [200] * 2 + [429]


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_reset_in_process(mock: KitMock, kit: httpx.Client, side: Any) -> None:
    mock.fail_next("create_subscriber", reset=side)
    with pytest.raises(httpx.ReadError):
        kit.post("/v4/subscribers", json=NEW)
    assert (mock.requests[-1].status, mock.requests[-1].fault) == (
        0 if side == "before" else 201,
        f"reset {side} the effect",
    )
    assert emails(kit) == ([] if side == "before" else ["ada@example.com"])


def test_a_cut_body_in_process(mock: KitMock, kit: httpx.Client) -> None:
    with httpx.Client(transport=mock.transport, base_url="https://k", headers=kit.headers) as http:
        mock.fail_next(times=2, cut_body=True)
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/v4/account")
        with http.stream("GET", "/v4/account") as response:
            assert response.status_code == 200
            declared = int(response.headers["Content-Length"])
            came = b""
            with pytest.raises(httpx.RemoteProtocolError):
                for chunk in response.iter_raw():
                    came += chunk
        assert 0 < len(came) < declared


def test_a_delay_in_process_costs_no_time_but_that_of_the_clock(mock: KitMock, plain: httpx.Client) -> None:
    mock.fail_next("create_subscriber", times=2, delay=30)
    begun = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        plain.post("/v4/subscribers", json=NEW, timeout=10)
    assert mock.clock.now() - START == timedelta(seconds=10)
    assert emails(plain) == ["ada@example.com"]
    assert plain.post("/v4/subscribers", json=NEW, timeout=60).status_code == 200
    assert mock.clock.now() - START == timedelta(seconds=40)
    mock.fail_next(delay=30)
    assert plain.get("/v4/account", timeout=None).status_code == 200
    assert time.monotonic() - begun < 5


def test_a_slow_body_in_process(mock: KitMock, plain: httpx.Client) -> None:
    mock.fail_next(times=2, slow_body=20)
    assert plain.get("/v4/account", timeout=5).json()["account"]["id"] == 1  # 2 s for each tenth of it
    assert mock.clock.now() - START == timedelta(seconds=20)
    with pytest.raises(httpx.ReadTimeout):
        plain.get("/v4/account", timeout=1)


@pytest.mark.anyio
async def test_async_clients_meet_with_the_same(mock: KitMock) -> None:
    headers = {"X-Kit-Api-Key": mock.api_key}
    async with httpx.AsyncClient(transport=mock.async_transport, base_url="https://k", headers=headers) as http:
        mock.fail_next(reset="after")
        with pytest.raises(httpx.ReadError):
            await http.post("/v4/tags", json={"name": "A"})
        mock.fail_next(cut_body=True)
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/v4/tags")
        mock.fail_next(delay=60)
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/v4/tags")
        mock.fail_next(slow_body=1)
        assert len((await http.get("/v4/tags")).json()["tags"]) == 1


def test_a_revoked_token(mock: KitMock, oauth: httpx.Client, kit: httpx.Client) -> None:
    mock.fail_next("get_account", times=2, revoke_token=True)
    response = oauth.get("/v4/account")
    assert (response.status_code, response.json()) == (401, {"errors": ["The access token is invalid"]})
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    response = kit.get("/v4/account")
    assert response.status_code == 401
    assert "WWW-Authenticate" not in response.headers
    assert oauth.get("/v4/account").status_code == kit.get("/v4/account").status_code == 200


def test_a_grant_is_really_revoked(mock: KitMock) -> None:
    with httpx.Client(transport=mock.transport, base_url="https://kit.test") as http:
        mock.auto_approve = True
        app = {"client_id": "kit_test_confidential", "redirect_uri": "http://127.0.0.1:8765/callback"}
        answer = http.get("/oauth/authorize", params={**app, "response_type": "code"})
        secret = {"client_id": "kit_test_confidential", "client_secret": "kit_test_secret"}
        grant = {**app, **secret, "grant_type": "authorization_code"}
        code = httpx.URL(answer.headers["Location"]).params["code"]
        pair = http.post("/oauth/token", data={**grant, "code": code}).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        assert http.get("/v4/account", headers=headers).status_code == 200
        mock.fail_next(revoke_token=True)
        assert [http.get("/v4/account", headers=headers).status_code for _ in range(2)] == [401, 401]
        refresh = {**secret, "grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        refused = http.post("/oauth/token", data=refresh)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_the_token_endpoint_fails_in_its_own_shape(mock: KitMock) -> None:
    with httpx.Client(transport=mock.transport, base_url="https://kit.test") as http:
        for status, error in ((400, "invalid_request"), (401, "invalid_client")):
            mock.fail_next("create_token", status=status)
            response = http.post("/oauth/token", data={"grant_type": "refresh_token"})
            assert (response.status_code, response.json()["error"]) == (status, error)


def test_lists_that_lag(mock: KitMock, kit: httpx.Client, subscriber: Create, tag: Create) -> None:
    subscriber("old@example.com")
    tag()
    mock.advance(minutes=10)
    mock.faults.add(lag=30)
    subscriber("ada@example.com")
    tag("New")
    for id_ in (1, 2):
        kit.post(f"/v4/tags/1/subscribers/{id_}")

    def seen() -> list[int]:
        shown = [kit.get(path, params={"include_total_count": "true"}).json() for path in PATHS]
        return [page["pagination"]["total_count"] for page in shown]

    assert seen() == [1, 1, 0, 0]
    assert kit.get("/v4/subscribers/2").json()["subscriber"]["email_address"] == "ada@example.com"
    assert kit.get("/v4/subscribers", params={"email_address": "ada@example.com"}).json()["subscribers"] == []
    assert mock.requests[-1].fault == "lag 30 s"
    mock.advance(seconds=29)
    assert seen() == [1, 1, 0, 0]
    mock.fail_next("list_tags", status=503)  # A fault of its own beside the lag
    assert kit.get("/v4/tags").status_code == 503
    mock.advance(seconds=1)
    assert seen() == [2, 2, 2, 1]
    subscriber("eve@example.com")
    mock.faults.clear()
    assert seen() == [3, 2, 2, 1]


PATHS = ["/v4/subscribers", "/v4/tags", "/v4/tags/1/subscribers", "/v4/subscribers/1/tags"]


def test_purchases_lag_by_when_they_were_told(mock: KitMock, oauth: httpx.Client) -> None:
    product = {"pid": "p", "lid": "l", "name": "Book", "quantity": 1, "unit_price": 5}
    purchase: dict[str, Any] = {"transaction_id": "t", **NEW, "currency": "USD", "products": [product]}
    purchase |= {"transaction_time": "2020-01-01T00:00:00Z", "status": "paid", "total": 5}
    mock.faults.add(lag=60)
    assert oauth.post("/v4/purchases", json={"purchase": purchase}).status_code == 201
    assert oauth.get("/v4/purchases").json()["purchases"] == []
    assert oauth.get("/v4/purchases/1").status_code == 200
    mock.advance(minutes=1)
    assert len(oauth.get("/v4/purchases").json()["purchases"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        *("/v4/broadcasts", "/v4/custom_fields", "/v4/email_templates", "/v4/forms", "/v4/purchases"),
        *("/v4/segments", "/v4/sequences", "/v4/webhooks"),
    ],
)
def test_every_list_can_lag(mock: KitMock, oauth: httpx.Client, path: str) -> None:
    mock.faults.add(lag=60)
    assert oauth.get(path).status_code == 200
    assert mock.requests[-1].fault == "lag 60 s"


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_a_body_may_be_nested(mock: KitMock, kit: httpx.Client) -> None:
    mock.fail_next("list_tags", status=503, body=nested(50))
    assert kit.get("/v4/tags").json() == nested(50)


def test_a_route_of_many_stars_takes_no_time(mock: KitMock, kit: httpx.Client) -> None:
    mock.fail_next("GET /" + "*a" * 25 + "b", status=503)
    mock.fail_next("GET /*{x}/*{y}/*" + "{z}*" * 10 + "c", status=503)
    assert kit.get("/" + "a/a" * 600).status_code == 404
    assert kit.get("/" + "a" * 600 + "b").status_code == 503


@pytest.mark.parametrize(
    "route",
    ["/*{a}/b", "/*{a}/*{b}/c", "/*{a}*b", "/*/{a}*/c", "/{a}*{b}", "/" + "*a" * 400 + "b", "/*" + "a" * 900 + "b"],
)
def test_no_route_makes_a_long_path_slow(route: str) -> None:
    fits = routes.fits(route)
    assert not fits("GET", "/" + "a" * 60_000)  # Took many minutes.
    assert fits("GET", "/" + "a/" * 30_000) is (route == "/{a}*{b}")
    assert not fits("GET", "/" * 60_000)


@pytest.mark.parametrize(
    ("route", "fitting", "others"),
    [
        ("/v4/*ags*1*", ["/v4/tags/1", "/v4/tags/2/1x"], ["/v4/tags", "/v4/1/tags"]),
        ("/v4/**s", ["/v4/tags", "/v4/s"], ["/v4/tag"]),
        ("/v4/*/{id}/*s", ["/v4/tags/1/subscribers"], ["/v4/tags/subscribers", "/v4/tags/1/s/x"]),
        ("/*", ["/none", "/v4/tags"], []),
        ("/v4/*{id}", ["/v4/tags", "/v4/tags/1"], ["/v4"]),
        ("/v4/{name}*", ["/v4/tags", "/v4/tags/1"], ["/v4"]),
        ("OPTIONS /v4/{name}", [], ["/v4/tags"]),
    ],
)
def test_stars_in_routes(mock: KitMock, kit: httpx.Client, route: str, fitting: list[str], others: list[str]) -> None:
    mock.faults.add(route=route, status=599)
    assert [kit.get(path).status_code for path in fitting] == [599] * len(fitting)
    assert 599 not in [kit.get(path).status_code for path in others]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "nothing goes wrong"),
        ({"status": 99}, "status"),
        ({"status": 200}, "status 200"),
        ({"status": True}, "status"),
        ({"status": 204, "body": "x"}, "status 204"),
        ({"status": 503, "reset": "after"}, "reset"),
        ({"status": 503, "revoke_token": True}, "revoke_token"),
        ({"reset": "during"}, "reset"),
        ({"reset": "after", "cut_body": True}, "reset"),
        ({"cut_body": True, "slow_body": 1}, "cut_body"),
        ({"cut_body": 1}, "cut_body"),
        ({"retry_after": 3}, "retry_after"),
        ({"retry_after": 3, "reset": "before"}, "retry_after"),
        ({"retry_after": -1, "status": 503}, "retry_after"),
        ({"retry_after": 0.5, "status": 503}, "retry_after"),
        ({"retry_after": 100_000, "status": 503}, "retry_after"),
        ({"delay": -1}, "delay"),
        ({"delay": float("nan")}, "delay"),
        ({"delay": "1"}, "delay"),
        ({"lag": 5, "status": 503}, "lag"),
        ({"effect": True, "delay": 1}, "effect"),
        ({"status": 503, "times": 0}, "times"),
        ({"status": 503, "probability": 0}, "probability"),
        ({"status": 503, "probability": 1.5}, "probability"),
        ({"status": 503, "seed": "a"}, "seed"),
        ({"status": 503, "operation": "create_tag", "route": "/v4/tags"}, "operation and route"),
        ({"status": 503, "operation": "no_such"}, "operation"),
        ({"status": 503, "route": "v4/tags"}, "route"),
        ({"status": 503, "route": "GET  /v4/tags"}, "route"),
        ({"status": 503, "route": "FETCH /v4/tags"}, "route"),
        ({"status": 503, "route": "/" + "*a" * 500}, "route must have at most 1000 characters"),
        ({"status": 503, "route": "/v4/{a}{b}"}, "a name in braces stands for a whole segment"),
        ({"status": 503, "route": "/v4/x{a}"}, "a name in braces stands for a whole segment"),
        ({"status": 503, "route": "/v4/{a}b"}, "a name in braces stands for a whole segment"),
        ({"status": 503, "media_type": "text/css"}, "media_type"),
        ({"status": 503, "body": "x", "media_type": "text/css\r\nX: y"}, "media_type"),
        ({"status": 503, "body": 5}, "body"),
        ({"status": 503, "body": [[]] * 50_001}, "body has more than 50000 values"),
        ({"status": 503, "body": {"a": object()}}, "body can't be written as JSON"),
        ({"status": 503, "body": [[[]]] * 2 + [nested(51)]}, "body is nested more than 50 levels deep"),
    ],
)
def test_what_makes_no_sense_is_refused(mock: KitMock, given: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        mock.faults.add(**given)
    assert len(mock.faults) == 0


def test_a_fault_can_be_kept_and_used_again(mock: KitMock, kit: httpx.Client) -> None:
    broken = Fault(status=503, times=1)
    mock.faults.add(broken)
    mock.faults.add(broken, operation="get_account")
    assert statuses(kit, 3) == [503, 503, 200]


def test_a_delay_on_a_socket_lets_others_pass(mock: KitMock, outside: httpx.Client) -> None:
    mock.faults.add(operation="create_subscriber", times=2, delay=0.05)
    with pytest.raises(httpx.ReadTimeout):
        outside.post("/v4/subscribers", json=NEW, timeout=0.01)
    assert emails(outside) == ["ada@example.com"]
    begun = time.monotonic()
    assert outside.post("/v4/subscribers", json=NEW).status_code == 200
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_reset_on_a_socket(mock: KitMock, outside: httpx.Client, side: Any) -> None:
    mock.fail_next("create_subscriber", reset=side)
    with pytest.raises(httpx.ReadError) as caught:
        outside.post("/v4/subscribers", json=NEW)
    assert "reset" in str(caught.value).lower()
    assert emails(outside) == ([] if side == "before" else ["ada@example.com"])


def test_a_reset_is_one_for_the_system(mock: KitMock) -> None:
    mock.fail_next(reset="after")
    url = httpx.URL(mock.url)
    with socket.create_connection((url.host, url.port or 0), timeout=5) as connection:
        connection.sendall(b"GET /v4/account HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_cut_body_on_a_socket(
    mock: KitMock, outside: httpx.Client, subscriber: Create, capfd: pytest.CaptureFixture[str]
) -> None:
    subscriber()
    mock.fail_next(cut_body=True)
    url = httpx.URL(mock.url)
    with socket.create_connection((url.host, url.port or 0), timeout=5) as connection:
        connection.sendall(
            b"GET /v4/subscribers HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Kit-Api-Key: " + mock.api_key.encode() + b"\r\n\r\n"
        )
        came = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = came.partition(b"\r\n\r\n")
    declared = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200 ")
    assert 0 < len(body) < declared
    mock.fail_next(cut_body=True)
    with pytest.raises(httpx.RemoteProtocolError):
        outside.get("/v4/account")
    assert outside.get("/v4/account").status_code == 200
    assert capfd.readouterr() == ("", "")


def test_a_slow_body_on_a_socket(mock: KitMock, outside: httpx.Client) -> None:
    mock.fail_next(times=2, slow_body=0.1)
    begun = time.monotonic()
    with outside.stream("GET", "/v4/account") as response:
        pieces = list(response.iter_raw())
    assert len(pieces) > 1
    assert time.monotonic() - begun >= 0.1
    with pytest.raises(httpx.ReadTimeout):
        outside.get("/v4/account", timeout=0.005)


@pytest.mark.anyio
async def test_on_another_asgi_server_a_reset_is_an_exception(mock: KitMock) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(mock.asgi), base_url="http://kit.test") as http:
        mock.fail_next(reset="after")
        with pytest.raises(ConnectionAbortedError):
            await http.get("/v4/account")


def test_closing_does_not_wait_for_what_is_held_up(mock: KitMock, outside: httpx.Client) -> None:
    mock.fail_next(delay=3600)
    with pytest.raises(httpx.ReadTimeout):
        outside.get("/v4/account", timeout=0.01)
    begun = time.monotonic()
    mock.close()
    assert time.monotonic() - begun < 1.5


def test_a_misspelt_operation_is_told_by_its_likely_name(mock: KitMock) -> None:
    with pytest.raises(ValueError, match=r"not 'create_tags': did you mean create_tag\?"):
        mock.fail_next("create_tags", status=503)
