"""The rate limit: a rolling window for each credential, by the mock's clock."""

from __future__ import annotations

from collections import deque
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.rules.behaviours import CURRENT, REFERENCE, BehaviourName
from kit_mock.service.authentication import Caller
from kit_mock.service.rate_limit import Limits
from tests.unit.mock.conftest import START, client

CALLBACK = "http://127.0.0.1:8765/callback"
KEY = Caller("API key 1", 1)


def statuses(http: httpx.Client, number: int, path: str = "/v4/account") -> list[int]:
    return [http.get(path).status_code for _ in range(number)]


def access_token(http: httpx.Client) -> str:
    """A token from OAuth, for two requests without credentials."""
    app = {"client_id": "kit_test_confidential", "redirect_uri": CALLBACK}
    answer = http.get("/oauth/authorize", params={**app, "response_type": "code"})
    code = httpx.URL(answer.headers["Location"]).params["code"]
    grant = {"grant_type": "authorization_code", "client_secret": "kit_test_secret", "code": code}
    token: str = http.post("/oauth/token", data={**app, **grant}).json()["access_token"]
    return token


def test_one_request_too_many_is_a_429_in_plain_text() -> None:
    with KitMock(clock=Clock(START), rate_limit=3) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert statuses(kit, 3) == [200] * 3
        response = kit.post("/v4/tags", json={"name": "Not made"})
        assert (response.status_code, response.text) == (429, "Retry later")
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "Retry-After" not in response.headers
        mock.advance(minutes=1)
        assert kit.get("/v4/tags").json()["tags"] == []
        assert [(r.operation_id, r.status) for r in mock.requests][-2:] == [("create_tag", 429), ("list_tags", 200)]


def test_the_window_can_be_another_one() -> None:
    with (
        KitMock(clock=Clock(START), rate_limit=2, rate_window=2.5) as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit,
    ):
        assert statuses(kit, 3) == [200, 200, 429]
        mock.advance(seconds=2.4)
        assert statuses(kit, 1) == [429]
        assert [each.used for each in mock.quota] == [2, 0]
        mock.advance(seconds=0.1)
        assert [each.used for each in mock.quota] == [0, 0]
        assert statuses(kit, 3) == [200, 200, 429]


@pytest.mark.parametrize("window", [0, -1, float("inf"), float("nan"), True, "60"])
def test_a_window_is_a_number_of_seconds(window: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"rate.window must be a number"):
        KitMock(rate_window=window)


def test_the_window_rolls() -> None:
    with KitMock(clock=Clock(START), rate_limit=2) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert statuses(kit, 1) == [200]  # at 0 s
        mock.advance(seconds=40)
        assert statuses(kit, 2) == [200, 429]  # at 40 s
        mock.advance(seconds=19.5)
        assert statuses(kit, 1) == [429]  # at 59.5 s: a window by whole minutes or seconds would differ
        mock.advance(seconds=0.5)
        assert statuses(kit, 2) == [200, 429]  # at 60 s, and that at 40 s still counts
        mock.advance(seconds=39)
        assert statuses(kit, 1) == [429]
        mock.advance(seconds=1)
        assert statuses(kit, 2) == [200, 429]  # at 100 s


def test_a_refused_request_does_not_count() -> None:
    with KitMock(clock=Clock(START), rate_limit=1) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert statuses(kit, 1) == [200]
        for _ in range(6):
            mock.advance(seconds=9)
            assert statuses(kit, 1) == [429]
        mock.advance(seconds=6)
        assert statuses(kit, 1) == [200]


def test_every_credential_has_a_window_of_its_own() -> None:
    with KitMock(clock=Clock(START), rate_limit=2, auto_approve=True) as mock:
        with client(mock) as nobody:
            headers: list[dict[str, str]] = [
                {"X-Kit-Api-Key": mock.api_key},
                {"Authorization": f"Bearer {mock.access_token}"},
                {"Authorization": f"Bearer {access_token(nobody)}"},
            ]
            assert nobody.get("/v4/account").status_code == 429, "strangers and OAuth's pages share a window"
            mock.advance(minutes=1)
            headers.append({"Authorization": f"Bearer {access_token(nobody)}"})
        for each in headers:
            with client(mock, **each) as kit:
                assert statuses(kit, 3) == [200, 200, 429]
        with client(mock, Authorization="Bearer guessed") as http:
            assert http.get("/v4/account").status_code == 429


def test_errors_count_too() -> None:
    with KitMock(clock=Clock(START), rate_limit=3) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert statuses(kit, 1, "/v4/subscribers/1") == [404]
        assert kit.post("/v4/tags").status_code == 422
        assert statuses(kit, 1, "/v4/purchases") == [401]
        assert statuses(kit, 1) == [429]


@pytest.mark.parametrize(("behaviour", "by_token"), [("reference", 120), ("current", 600)])
def test_kits_own_limits(behaviour: BehaviourName, by_token: int) -> None:
    with KitMock(clock=Clock(START), rate_limit="kit", behaviour=behaviour) as mock:
        with client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
            assert statuses(kit, 121) == [200] * 120 + [429]
        with client(mock, Authorization=f"Bearer {mock.access_token}") as oauth:
            assert statuses(oauth, by_token + 1) == [200] * by_token + [429]


@pytest.mark.parametrize("options", [{}, {"rate_limit": "off"}])
def test_it_is_off_in_process_unless_asked_for(options: Any) -> None:
    with KitMock(clock=Clock(START), **options) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert set(statuses(kit, 700)) == {200}


@pytest.mark.parametrize("limit", [0, -1, "on", "", True])
def test_a_limit_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"rate.limit"):
        KitMock(rate_limit=limit)


def test_any_60_seconds_hold_no_more_than_the_quota() -> None:
    limits = Limits(5, REFERENCE)
    granted: deque[float] = deque()
    refused = 0
    for step in range(3000):
        now = 1000 + step * 3.7 + (step % 7) * 0.9
        if limits.admit(KEY, now):
            granted.append(now)
        else:
            refused += 1
    assert refused > 0
    for first, sixth in zip(granted, list(granted)[5:], strict=False):
        assert sixth - first >= 60
    # And all of the quota can be used: nothing is refused while fewer than five lie in the window.
    assert len(granted) >= 5 * (3000 * 3.7 / 60 - 1) * 0.9


def test_memory_follows_what_was_granted_in_the_last_minute() -> None:
    limits = Limits("kit", CURRENT)
    for number in range(5000):
        assert limits.admit(Caller(f"OAuth token {number}", 1, is_token=True), number * 0.1)
    assert len(limits.used(500)) == 599  # those of the last 60 seconds, and no trace of the others
    limits.admit(KEY, 10_000)
    assert limits.used(10_000) == {"API key 1": 1}
    for _ in range(1000):
        limits.admit(KEY, 10_001)
    assert limits.used(10_001) == {"API key 1": 120}
    assert limits.used(10_061) == {}
    limits.admit(KEY, 10_062)
    limits.clear()
    assert limits.used(10_062) == {}


@pytest.mark.parametrize("limit", [None, 0, True, 2.5, "none"])
def test_what_is_no_limit_is_refused_by_name(limit: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"rate.limit must be"):
        KitMock(rate_limit=limit)
