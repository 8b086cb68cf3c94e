"""Fixtures for pytest: `kit_mock`, a mock of its own for each test, and `kit` and `async_kit`, clients of it.

pytest finds them by itself where this package is installed, in projects that don't use them too. So this module imports
nothing that takes time or that may be missing: whatever a fixture needs is imported when it is first used.

    def test_welcome(kit, kit_mock):
        kit_mock.tags.add("Newsletter")
        ...

`@pytest.mark.kit_mock(...)` on a test, a class or (as `pytestmark`) a module sets the arguments of `KitMock`; the
nearest mark goes first for each. Chosen for tests:

- The clock stands still at 2023-02-17T11:43:55Z, or at the mark's `start`, until `kit_mock.advance()` moves it. A mark
  has no `clock`, which tests would share.
- A `seed` that is a relative path starts from the folder of the test's file.
- `auth="oauth"` makes the clients call with the access token, which bulk operations and purchases ask for; by default
  it is the API key.
- The clients wait before a retry by moving the mock's clock on, always by the whole delay: no test takes longer or comes
  out differently for it, and a 429 ends as it would in life.
"""

from __future__ import annotations

import inspect
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kit_client import AsyncKit, Kit
    from kit_mock.mock import KitMock

START = datetime(2023, 2, 17, 11, 43, 55, tzinfo=UTC)

_MARK = "kit_mock"
_AUTH = ("api_key", "oauth")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        f"{_MARK}(*, seed, behaviour, rate_limit, start, auth, ...): arguments of KitMock for the fixture kit_mock, and"
        " auth='oauth' for kit and async_kit to call with the access token",
    )


@pytest.fixture
def kit_mock(request: pytest.FixtureRequest) -> Iterator[KitMock]:
    """A `KitMock` of the test's own, with a clock that stands still. `@pytest.mark.kit_mock(...)` sets it up."""
    mock = _mock(request)
    with mock:
        yield mock


@pytest.fixture
def kit(request: pytest.FixtureRequest, kit_mock: KitMock) -> Iterator[Kit]:
    """A `kit_client.Kit` that calls `kit_mock`, in the same process. It never sleeps: it moves the mock's clock on."""
    arguments = _client_arguments(request, kit_mock)
    from kit_client import Kit

    with Kit(transport=kit_mock.transport, **arguments) as client:
        yield client


@pytest.fixture
def async_kit(request: pytest.FixtureRequest, kit_mock: KitMock) -> AsyncKit:
    """A `kit_client.AsyncKit` likewise, for any event loop: it has no connection, so nothing has to be awaited here."""
    arguments = _client_arguments(request, kit_mock)
    from kit_client import AsyncKit

    return AsyncKit(transport=kit_mock.async_transport, **arguments)


def _mock(request: pytest.FixtureRequest) -> KitMock:
    arguments = _marked(request)
    try:
        from kit_mock import Clock, KitMock, KitMockError
    except ModuleNotFoundError as missing:
        pytest.fail(f"the fixture kit_mock: {missing}", pytrace=False)
    arguments.pop("auth", None)
    known = [name for name in inspect.signature(KitMock).parameters if name != "clock"]
    for name in arguments:
        if name not in (*known, "start"):
            _refuse(f"there is no {name!r}", name, (*known, "start", "auth"))
    if not isinstance(arguments.get("start", START), datetime):
        _refuse(f"start must be a datetime with a time zone, not {arguments['start']!r}")
    if isinstance(arguments.get("seed"), str | os.PathLike):
        arguments["seed"] = request.path.parent / arguments["seed"]
    try:
        return KitMock(clock=Clock(arguments.pop("start", START)), **arguments)
    except (KitMockError, TypeError, ValueError) as error:
        pytest.fail(f"@pytest.mark.{_MARK}: {error}", pytrace=False)


def _client_arguments(request: pytest.FixtureRequest, mock: KitMock) -> dict[str, Any]:
    """What both clients are made with.

    Importing the client is for fixtures alone: the mock itself shares no code with it, so that neither can hide the
    other's mistake.
    """
    from kit_client import Clock, RetryPolicy

    class MockTime(Clock):
        def monotonic(self) -> float:
            return mock.clock.now().timestamp()

        time = monotonic

        def sleep(self, seconds: float) -> None:
            mock.advance(seconds=seconds)

        async def asleep(self, seconds: float) -> None:
            mock.advance(seconds=seconds)

    auth = _marked(request).get("auth", "api_key")
    if auth not in _AUTH:
        _refuse(f"auth must be {' or '.join(_AUTH)}, not {auth!r}", auth, _AUTH)
    credentials = {"access_token": mock.access_token} if auth == "oauth" else {"api_key": mock.api_key}
    return {**credentials, "clock": MockTime(), "retry": RetryPolicy(random=lambda: 1.0)}


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The arguments of all marks that apply, the nearest one first for each."""
    found: dict[str, Any] = {}
    for mark in request.node.iter_markers(_MARK):
        if mark.args:
            _refuse("its arguments need names, such as seed=...")
        found = {**mark.kwargs, **found}
    return found


def _refuse(problem: str, given: object = None, known: tuple[str, ...] = ()) -> None:
    from kit_mock.protocol.suggestions import did_you_mean

    pytest.fail(f"@pytest.mark.{_MARK}: {problem}{did_you_mean(given, known)}", pytrace=False)
