"""What bulk requests are refused for: too much in the queue, too many subscribers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client
from tests.unit.mock.oauth_flow import CONFIDENTIAL, ask, back, code_of, exchange, form_of, tokens_of
from tests.unit.mock.test_cli import run, served
from tests.unit.mock.test_jobs import ACCEPTED, items, post

FULL = [
    "This request exceeds your queued bulk requests limit."
    " Please wait while we process your existing requests and try again later."
]
EXCEEDED = (403, {"errors": ["This request would exceed your subscriber limit"]})


def test_what_is_too_much_for_the_queue_is_a_413_until_jobs_are_done() -> None:
    # A request of 101 of these tags is 1,524 bytes.
    with (
        KitMock(clock=Clock(START), bulk_queue_bytes=2000) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        assert post(http, "tags", items("tags", 101)) == ACCEPTED
        assert post(http, "tags", items("tags", 101)) == (413, {"errors": FULL})
        assert post(http, "tags", items("tags", 200)) == (413, {"errors": FULL})
        assert post(http, "tags", items("tags", 100))[0] == 200, "what isn't queued needs no room"
        mock.advance(seconds=1)
        assert post(http, "tags", items("tags", 101)) == (413, {"errors": FULL})
        mock.advance(seconds=1)
        assert post(http, "tags", items("tags", 101)) == ACCEPTED
        mock.advance(seconds=2)
        assert post(http, "tags", items("tags", 200)) == (413, {"errors": FULL}), "too much even by itself"


def test_the_limit_is_that_of_an_app_and_an_account() -> None:
    seed = {"accounts": [{"id": 1}, {"id": 2, "access_tokens": ["other"]}]}
    with (
        KitMock(clock=Clock(START), seed=seed, bulk_queue_bytes=2000, auto_approve=True) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as fixed,
        client(mock, Authorization="Bearer other") as elsewhere,
        client(mock) as nobody,
    ):
        public = [tokens_of(nobody)["access_token"] for _ in range(2)]
        code = code_of(nobody, client_id=CONFIDENTIAL["client_id"])
        confidential = exchange(nobody, code, **CONFIDENTIAL).json()["access_token"]
        expected = [202, 413, 202]
        assert post(fixed, "tags", items("tags", 101)) == ACCEPTED
        assert post(elsewhere, "tags", items("tags", 101)) == ACCEPTED
        for token, status in zip((*public, confidential), expected, strict=True):
            with client(mock, Authorization=f"Bearer {token}") as app:
                assert post(app, "tags", items("tags", 101))[0] == status
        assert post(fixed, "tags", items("tags", 101)) == (413, {"errors": FULL})


def test_accounts_have_a_limit_each_with_the_same_app() -> None:
    seed = {"accounts": [{"id": 1}, {"id": 2}]}
    with KitMock(clock=Clock(START), seed=seed, bulk_queue_bytes=2000) as mock, client(mock) as nobody:
        tokens = []
        for account in ("1", "2"):
            form = {**form_of(ask(nobody)), "decision": "approve", "account_id": account}
            code = back(nobody.post("/oauth/authorize/decision", data=form))["code"]
            tokens.append(exchange(nobody, code).json()["access_token"])
        for token, status in zip((*tokens, *tokens), (202, 202, 413, 413), strict=True):
            with client(mock, Authorization=f"Bearer {token}") as app:
                assert post(app, "tags", items("tags", 101))[0] == status


def people(*names: str) -> list[dict[str, Any]]:
    return [{"email_address": f"{name}@example.com", "first_name": None} for name in names]


def test_a_bulk_request_beyond_the_subscriber_limit_is_a_403() -> None:
    with (
        KitMock(clock=Clock(START), subscriber_limit=3) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        assert post(http, "subscribers", people("a", "b"))[0] == 200
        assert post(http, "subscribers", people("c", "d")) == EXCEEDED
        assert len(http.get("/v4/subscribers").json()["subscribers"]) == 2, "not even the one there was room for"
        assert post(http, "subscribers", people(*map(str, range(101)))) == EXCEEDED
        # One is new; what is known, stands there twice or isn't valid doesn't count.
        body = [*people("A", "b", "c", "C"), {"email_address": "nobody", "first_name": None}]
        status, answer = post(http, "subscribers", body)
        assert (status, len(answer["subscribers"]), len(answer["failures"])) == (200, 3, 1)
        assert post(http, "subscribers", people("a", "b", "c"))[0] == 200, "nobody new fits into a full account"
        assert post(http, "subscribers", people("d")) == EXCEEDED
        assert http.post("/v4/subscribers/1/unsubscribe").status_code == 204
        assert post(http, "subscribers", people("d"))[0] == 200, "who has cancelled makes room"


@pytest.mark.parametrize(("limit", "told"), [(10, EXCEEDED), (50_000, ACCEPTED)])
def test_the_limit_is_checked_without_looking_up_each_address_of_a_large_request(limit: int, told: Any) -> None:
    """All others wait meanwhile."""
    with (
        KitMock(clock=Clock(START), subscriber_limit=limit) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        queries = 0

        def count(*_: object) -> bool:
            nonlocal queries
            queries += 1
            return True

        mock._store._connection.exec_trace = count
        assert post(http, "subscribers", people(*map(str, range(20_000)))) == told
        assert queries < 100


def test_a_job_counts_against_the_limit_when_it_is_asked_for() -> None:
    with (
        KitMock(clock=Clock(START), subscriber_limit=101) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        assert post(http, "subscribers", people(*map(str, range(102)))) == EXCEEDED
        assert post(http, "subscribers", people(*map(str, range(101)))) == ACCEPTED
        mock.advance(seconds=2)
        assert post(http, "subscribers", people("new")) == EXCEEDED
        assert len(http.get("/v4/subscribers").json()["subscribers"]) == 101


def test_the_limit_can_come_from_a_seed_and_be_nought() -> None:
    seed = {"subscriber_limit": 0, "subscribers": [{"email_address": "ada@example.com"}]}
    with (
        KitMock(seed=seed) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        assert post(http, "subscribers", people("bob")) == EXCEEDED
        assert post(http, "subscribers", people("ada"))[0] == 200
    for bad in (-1, 1.5, "many", None):
        with pytest.raises(KitMockError, match="subscriber_limit must be a whole number"):
            KitMock(seed={"subscriber_limit": bad})
    for wrong in (
        {"subscriber_limit": -1},
        {"bulk_queue_bytes": -1},
        {"max_body_bytes": -1},
        {"subscriber_limit": 2**63},
    ):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be from 0 to"):
            KitMock(**wrong)  # type: ignore[arg-type]


def test_the_limits_are_options_of_serve_too() -> None:
    token = {"Authorization": "Bearer test_access_token"}
    with (
        served("--subscriber-limit", "1", "--bulk-queue-bytes", "100") as (_, url),
        httpx.Client(base_url=url, headers=token) as http,
    ):
        assert post(http, "subscribers", people("a", "b")) == EXCEEDED
        assert post(http, "tags", items("tags", 101)) == (413, {"errors": FULL})
    for wrong in ("-1", "many", ""):
        result = run("serve", "--bulk-queue-bytes", wrong)
        assert result.returncode == 2
        assert "is not a number from 0" in result.stderr
