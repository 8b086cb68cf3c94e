"""Snapshot, restore and reset, of states in memory and in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.model.oauth_clients import OAuthClient
from tests.unit.mock.conftest import START, client

SEED: dict[str, Any] = {
    "api_keys": ["seeded_key"],
    "tags": [{"id": 40, "name": "Seeded"}],
    "subscribers": [{"email_address": "seeded@example.com"}],
}


@pytest.fixture(params=["memory", "file"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KitMock]:
    """A mock with its state in memory, and one with it in a file."""
    db = tmp_path / "kit.db" if request.param == "file" else None
    with KitMock(clock=Clock(START), db=db, rate_limit=1000) as mock:
        yield mock


def names(http: httpx.Client) -> list[str]:
    return [each["name"] for each in http.get("/v4/tags").json()["tags"]]


def make(http: httpx.Client, *wanted: str) -> list[int]:
    return [http.post("/v4/tags", json={"name": name}).json()["tag"]["id"] for name in wanted]


def test_the_state_becomes_what_it_was(either: KitMock) -> None:
    with client(either, **{"X-Kit-Api-Key": either.api_key}) as kit:
        make(kit, "A", "B")
        either.advance(days=1)
        snapshot = either.snapshot()
        used = either.quota
        either.advance(days=1)
        make(kit, "C")
        for _ in range(2):
            either.restore(snapshot)
            assert either.clock.now() == START + timedelta(days=1)
            assert either.quota == used
            assert names(kit) == ["B", "A"]
            assert make(kit, "D") == [3]
        assert kit.get("/v4/tags").json()["tags"][0]["created_at"] == "2023-02-18T11:43:55Z"


def test_limits_are_part_of_it() -> None:
    with KitMock(clock=Clock(START), rate_limit=3) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        names(kit)
        snapshot = mock.snapshot()
        names(kit), names(kit)
        assert kit.get("/v4/tags").status_code == 429
        mock.restore(snapshot)
        assert [kit.get("/v4/tags").status_code for _ in range(3)] == [200, 200, 429]


def test_a_snapshot_goes_from_one_mock_to_another(tmp_path: Path) -> None:
    with KitMock(seed=SEED, db=tmp_path / "a.db") as one, KitMock(api_key="other", clock=Clock(START)) as other:
        with client(one, **{"X-Kit-Api-Key": "seeded_key"}) as kit:
            make(kit, "A")
        other.restore(one.snapshot())
        for key in ("other", "seeded_key"):
            with client(other, **{"X-Kit-Api-Key": key}) as kit:
                assert names(kit) == ["A", "Seeded"]
        assert abs(other.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
        one.restore(other.snapshot())


def test_a_restored_file_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "kit.db"
    with KitMock(db=path) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        make(kit, "A")
        snapshot = mock.snapshot()
        make(kit, *(f"{number}" * 50 for number in range(500)))
        mock.restore(snapshot)
        make(kit, "B")
    with KitMock(db=path) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert names(kit) == ["B", "A"]
        mock.reset()
    with KitMock(db=path) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert names(kit) == []


def test_real_time_goes_on() -> None:
    with KitMock() as mock:
        mock.advance(days=3)
        snapshot = mock.snapshot()
        mock.advance(days=3)
        mock.restore(snapshot)
        assert abs(mock.clock.now() - datetime.now(UTC) - timedelta(days=3)) < timedelta(minutes=1)


def test_what_is_no_snapshot_is_refused_and_changes_nothing(either: KitMock) -> None:
    good = either.snapshot()
    with client(either, **{"X-Kit-Api-Key": either.api_key}) as kit:
        make(kit, "A")
        for bad in (b"", b"SQLite format 3\0", good[:-1], good[:-1] + b"x", good + b"x", good[:60]):
            with pytest.raises(KitMockError, match="cannot restore the snapshot"):
                either.restore(bad)
        assert names(kit) == ["A"]


@pytest.mark.parametrize(
    "moment",
    [
        *(b"{", b"{}", b"[]"),
        b'{"now":"9999-12-31T00:00:00Z","moved":0,"stands_still":true,"windows":{}}',
        b'{"now":"2023-02-17T00:00:00","moved":0,"stands_still":true,"windows":{}}',
        b'{"now":"2023-02-17T00:00:00Z","moved":1e308,"stands_still":false,"windows":{}}',
        b'{"now":"2023-02-17T00:00:00Z","moved":3e11,"stands_still":false,"windows":{}}',
    ],
)
def test_a_snapshot_that_was_made_up_changes_nothing(moment: bytes) -> None:
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        good = mock.snapshot()
        make(kit, "A")
        magic, content = good[:20], good[52:]
        image = content[4 + int.from_bytes(content[:4], "big") :]
        content = len(moment).to_bytes(4, "big") + moment + image
        with pytest.raises(KitMockError, match="cannot restore the snapshot"):
            mock.restore(magic + hashlib.sha256(content).digest() + content)
        assert names(kit) == ["A"]
        assert abs(mock.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_reset_makes_it_as_new(either: KitMock) -> None:
    with client(either, **{"X-Kit-Api-Key": either.api_key}) as kit:
        snapshot = either.snapshot()
        make(kit, "A", "B")
        either.advance(days=1)
        either.auto_approve = True
        either.faults.add(operation="create_tag", status=503)
        either.reset()
        assert either.clock.now() == START
        assert (either.requests, list(either.faults), either.auto_approve) == ((), [], False)
        assert {each.credential: each.used for each in either.quota} == {"API key 1": 0, "access token 1": 0}
        assert names(kit) == []
        assert make(kit, "A") == [1]
        assert either.requests[0].request_id == "00000000-0000-0000-0000-000000000001"
        assert kit.get("/v4/account").json()["account"]["created_at"] == "2023-02-17T11:43:55Z"
        either.restore(snapshot)
        assert names(kit) == []


def test_reset_keeps_seed_arguments_and_credentials() -> None:
    app = OAuthClient("app", redirect_uris=("https://a.example.com/",))
    options: Any = {"seed": SEED, "oauth_clients": iter([app]), "can_broadcast": False}
    with KitMock(clock=Clock(START), **options) as mock:
        for _ in range(2):
            for key in (mock.api_key, "seeded_key"):
                with client(mock, **{"X-Kit-Api-Key": key}) as kit:
                    assert names(kit) == ["Seeded"]
                    assert kit.delete("/v4/broadcasts/1").status_code == 403
            with client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
                assert make(kit, "A") == [41]
            mock.reset()
        asked = {"client_id": "app", "response_type": "code", "redirect_uri": "https://a.example.com/"}
        with client(mock) as http:
            assert http.get("/oauth/authorize", params=asked).status_code != 401


def test_reset_reads_the_seed_again_and_keeps_the_state_if_it_has_become_bad(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("tags: [{name: A}]")
    with KitMock(seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        make(kit, "B")
        seed.write_text("tags: [{name: ")
        with pytest.raises(KitMockError):
            mock.reset()
        assert names(kit) == ["B", "A"]
        seed.write_text("tags: [{name: C}]")
        mock.reset()
        assert names(kit) == ["C"]


def test_tokens_are_state(mock: KitMock) -> None:
    mock.auto_approve = True
    app = {"client_id": "kit_test_confidential", "redirect_uri": "http://127.0.0.1:8765/callback"}
    with client(mock) as http:
        empty = mock.snapshot()
        answer = http.get("/oauth/authorize", params={**app, "response_type": "code"})
        code = httpx.URL(answer.headers["Location"]).params["code"]
        grant = {**app, "client_secret": "kit_test_secret", "grant_type": "authorization_code", "code": code}
        headers = {"Authorization": f"Bearer {http.post('/oauth/token', data=grant).json()['access_token']}"}
        full = mock.snapshot()
        for snapshot, status in ((empty, 401), (full, 200), (empty, 401)):
            mock.restore(snapshot)
            assert http.get("/v4/account", headers=headers).status_code == status
        mock.restore(full)
        mock.reset()
        assert http.get("/v4/account", headers=headers).status_code == 401


def test_what_is_due_runs_again_after_the_clock_went_back(mock: KitMock, kit: httpx.Client) -> None:
    url = "https://a.example.com/"
    draft = {"subject": "Hi", "content": "<p>Hi</p>", "description": "", "public": False, "published_at": None}
    later = {**draft, "send_at": "2023-02-17T12:00:00Z", "preview_text": "", "thumbnail_alt": "", "thumbnail_url": url}
    later |= {"email_address": None, "email_template_id": 1, "subscriber_filter": []}
    response = kit.post("/v4/broadcasts", json=later)
    assert response.status_code == 201, response.text
    snapshot = mock.snapshot()
    for _ in range(2):
        assert kit.get("/v4/broadcasts/1/stats").json()["broadcast"]["stats"]["status"] != "completed"
        mock.advance(hours=1)
        assert kit.get("/v4/broadcasts/1/stats").json()["broadcast"]["stats"]["status"] == "completed"
        mock.restore(snapshot)


def test_the_clock_can_be_set_back(mock: KitMock, kit: httpx.Client) -> None:
    then = datetime(2020, 1, 1, tzinfo=UTC)
    assert mock.clock.set(then) == mock.clock.now() == then
    assert kit.post("/v4/tags", json={"name": "A"}).json()["tag"]["created_at"] == "2020-01-01T00:00:00Z"
    for wrong in (datetime(2020, 1, 1), datetime(1969, 1, 1, tzinfo=UTC)):
        with pytest.raises((ValueError, OverflowError)):
            mock.clock.set(wrong)
    with pytest.raises(OverflowError):
        mock.advance(days=365 * 8000)
    assert mock.clock.now() == then
    with KitMock() as real:
        real.clock.set(then)
        assert timedelta() <= real.clock.now() - then < timedelta(minutes=1)


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    with KitMock(clock=Clock(START), rate_limit=1) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert kit.get("/v4/tags").status_code == 200
        mock.clock.set(START - timedelta(days=1))
        assert [kit.get("/v4/tags").status_code for _ in range(2)] == [200, 429]
        mock.advance(minutes=1)
        assert kit.get("/v4/tags").status_code == 200


def test_while_other_threads_write(either: KitMock) -> None:
    """Each request works on one state or the other: what it is told of is whole."""
    with client(either, **{"X-Kit-Api-Key": either.api_key}) as kit:
        make(kit, "First")
        snapshot = either.snapshot()

        def work(number: int) -> None:
            for step in range(15):
                response = kit.post("/v4/tags", json={"name": f"{number} {step}"})
                assert response.status_code in {201, 429}, response.text
                assert names(kit)[-1] == "First"

        with ThreadPoolExecutor(5) as pool:
            running = [pool.submit(work, number) for number in range(4)]
            for _ in range(10):
                either.restore(snapshot)
                either.snapshot()
            for each in running:
                each.result(timeout=60)
        assert either.requests[-1].status in {200, 201}


def test_custom_fields_are_those_of_the_state(either: KitMock) -> None:
    with client(either, **{"X-Kit-Api-Key": either.api_key}) as kit:
        kit.post("/v4/subscribers", json={"email_address": "ada@example.com"})
        snapshot = either.snapshot()
        kit.post("/v4/custom_fields", json={"label": "City"})
        assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"city": None}
        either.restore(snapshot)
        assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {}
        kit.post("/v4/custom_fields", json={"label": "Town"})
        assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"town": None}
        kit.delete("/v4/custom_fields/1")
        assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {}


@pytest.mark.parametrize(
    "use",
    [
        lambda mock: mock.deliveries,
        lambda mock: mock.tags.add("A"),
        lambda mock: mock.fire("subscriber_bounce", subscriber_id=1),
        lambda mock: mock.snapshot(),
        lambda mock: mock.reset(),
        lambda mock: mock.deliver(),
    ],
)
def test_a_closed_one_says_that_it_is(use: Callable[[KitMock], Any]) -> None:
    mock = KitMock(clock=Clock(START))
    mock.close()
    mock.close()
    with pytest.raises(KitMockError, match="this KitMock is closed"):
        use(mock)
