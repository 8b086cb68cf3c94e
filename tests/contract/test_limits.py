"""How many requests may come: so many in any window of time, for each credential by itself.

These tests use up the quota of the account, and take as long as its window.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.caller import Answer, Caller, CredentialName, Server
from tests.contract.conftest import coverage_of
from tests.contract.document import Document, Operation

_READ = "get_account"
_AT_ONCE = 8
_LATEST = 0.8
"""The part of a window that requests may take, so that the first one still counts when the last one comes."""
_MARGIN = 0.05
_OTHER: dict[CredentialName, CredentialName] = {"key": "token", "token": "key"}


class Account:
    """The account under test as one kind of credential sees it."""

    def __init__(self, caller: Caller, credential: CredentialName) -> None:
        self._caller = caller
        self.credential = credential
        self.limit = (caller.server.rate_limits or {})[credential]
        self.window = caller.server.rate_window

    def ask(self, credential: CredentialName | None = None) -> Answer:
        """Send one request."""
        headers = self._caller.headers(credential or self.credential)
        return self._caller.call(_READ, headers=headers, anonymous=True)

    def ask_often(self, number: int) -> list[Answer]:
        """Send so many requests, some at once."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda _: self.ask(), range(number)))

    def use_up(self) -> tuple[float, float]:
        """Send as many requests as there may be, all of which must succeed. Returns when that began and ended."""
        if self._caller.server.control is None:
            time.sleep(self.window * (1 + _MARGIN))  # Earlier requests count.
        began = time.monotonic()
        for answer in self.ask_often(self.limit):
            if answer.status != 200:
                raise answer.broken(
                    f"200 for each of {self.limit} requests in {self.window:g} s with a {self.credential}"
                )
        ended = time.monotonic()
        if ended - began > self.window * _LATEST:
            pytest.skip(f"{self.limit} requests took {ended - began:.0f} s, so that the limit can't be reached")
        return began, ended


@pytest.fixture
def caller(limited_server: Server, request: pytest.FixtureRequest) -> Iterator[Caller]:
    if limited_server.rate_limits is None:
        pytest.skip("limits are tried with --rate-limits alone")
    behaviour = limited_server.behaviour
    made = Caller(limited_server, Document(behaviour), coverage_of(request.config, behaviour).saw, waits=False)
    yield made
    made.close()


@pytest.fixture(params=["key", "token"])
def account(caller: Caller, request: pytest.FixtureRequest) -> Account:
    if {"key": caller.server.api_key, "token": caller.server.access_token}[request.param] is None:
        pytest.skip(f"no {request.param} to call with")
    return Account(caller, request.param)


def _expect_refusal(answer: Answer, why: str) -> None:
    if answer.status != 429 or answer.content != b"Retry later":
        raise answer.broken(f"429 with the text 'Retry later' for {why}")


def test_one_request_too_many_is_refused(account: Account, caller: Caller) -> None:
    """As many requests as the limit succeed in a window, and then each is a 429 in plain text. (reference, later docs)"""
    account.use_up()
    answer = account.ask()
    _expect_refusal(answer, f"request {account.limit + 1} in {account.window:g} s")
    if "Retry-After" in answer.headers:
        raise answer.broken("no header Retry-After", f"Retry-After: {answer.headers['Retry-After']}")
    other = _OTHER[account.credential]
    if {"key": caller.server.api_key, "token": caller.server.access_token}[other] is not None:
        answer = account.ask(other)
        if answer.status != 200:
            raise answer.broken(f"200 with a {other}, after {account.limit} requests with a {account.credential}")
    headers = caller.headers(account.credential)
    for operation in caller.document.operations.values():
        if not operation.is_open and _can_be_asked(operation, caller.server):
            path = dict.fromkeys(operation.in_path, 2**62)
            answer = caller.call(operation.id, path, headers=headers, anonymous=True)
            _expect_refusal(answer, f"{operation.id} after {account.limit} requests")


@pytest.mark.operations(_READ)
def test_the_window_rolls_and_refusals_do_not_count(account: Account) -> None:
    """A request counts for a window from its own moment on, and a refused one doesn't count. (reference; chosen)"""
    began, ended = account.use_up()
    time.sleep(max(0.0, began + account.window * 0.6 - time.monotonic()))
    answers = account.ask_often(account.limit)
    if time.monotonic() >= began + account.window:
        pytest.skip("the server answers too slowly to tell")
    for answer in answers:
        _expect_refusal(answer, f"a request {account.window * 0.6:g} s after the first of {account.limit}")
    time.sleep(max(0.0, ended + account.window * (1 + _MARGIN) - time.monotonic()))
    answer = account.ask()
    if answer.status != 200:
        raise answer.broken(f"200, {account.window:g} s after the last request that was let in")


def test_requests_without_a_credential_are_limited(caller: Caller) -> None:
    """Requests without a credential share a limit as wide as that of a key, and OAuth's have it. (chosen)"""
    if caller.server.control is None:
        pytest.skip("who else calls without a credential is known of the mock alone")
    limit = (caller.server.rate_limits or {})["key"]
    for _ in range(limit):
        caller.call(_READ, anonymous=True, expect=401)
    for operation in caller.document.operations.values():
        if operation.is_open:
            _expect_refusal(caller.call(operation.id, anonymous=True), f"{operation.id} after {limit} requests")


def _can_be_asked(operation: Operation, server: Server) -> bool:
    return operation.is_read or not server.read_only
