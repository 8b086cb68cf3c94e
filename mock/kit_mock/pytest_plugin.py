"""Fixtures for pytest: `kit_mock`, a new mock for each test; `kit` and `async_kit`, clients that call it; and
`kit_mock_guard`, which makes every `Kit()` call it and keeps the test from calling any other host.

pytest loads this module wherever the package is installed, also in projects that don't use it. So it imports nothing
that takes long or may be missing: each fixture imports what it needs when it is first used.

    def test_welcome(kit, kit_mock):
        kit_mock.tags.add("Newsletter")
        ...

`@pytest.mark.kit_mock(...)` on a test, a class or (as `pytestmark`) a module sets the arguments of `KitMock`. If several
marks set the same argument, the one nearest to the test counts. For tests:

- The clock stands still at 2023-02-17T11:43:55Z, or at the mark's `start`, until `kit_mock.advance()` moves it. A mark
  can't set `clock`, because tests would share it.
- A relative path as `seed` is relative to the folder of the test's file.
- `auth="oauth"` makes the clients send the access token, which bulk operations and purchases need. By default they send
  the API key.
- A fault for a number of requests, such as from `fail_next`, that no request met leads to an `UnusedFaultWarning` at the
  end of the test. It doesn't fail the test, unless pytest is set to `filterwarnings = error` or to
  `error::kit_mock.UnusedFaultWarning`.
- Before a retry, the clients move the mock's clock forward by the whole delay instead of sleeping, so that no test takes
  longer, and requests are allowed again after a 429.
"""

from __future__ import annotations

import inspect
import os
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kit_client import AsyncKit, Kit
    from kit_mock.mock import KitMock
    from kit_mock.network_guard import NetworkGuard

START = datetime(2023, 2, 17, 11, 43, 55, tzinfo=UTC)

_MARK = "kit_mock"
_AUTH = ("api_key", "oauth")
_GUARD = "kit_mock_guard"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the settings of the guard."""
    parser.addini(_GUARD, "let every test use the fixture kit_mock_guard", type="bool", default=False)
    parser.addini(f"{_GUARD}_allow", "hosts beside this machine that guarded tests may call", type="args", default=[])


class _Everywhere:
    """A plugin by which every test uses the guard."""

    @pytest.fixture(autouse=True)
    def _kit_mock_guard_everywhere(self, kit_mock_guard: NetworkGuard) -> None:
        """Use the guard."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and use the guard in every test if `kit_mock_guard = true` is set."""
    if config.getini(_GUARD):
        config.pluginmanager.register(_Everywhere(), f"{_GUARD}_everywhere")
    config.addinivalue_line(
        "markers",
        f"{_MARK}(*, seed, behaviour, rate_limit, start, auth, ...): arguments of KitMock for the fixture kit_mock, and"
        " auth='oauth' for kit and async_kit to call with the access token",
    )


@pytest.fixture
def kit_mock(request: pytest.FixtureRequest) -> Iterator[KitMock]:
    """A new `KitMock` for the test, with a clock that stands still. `@pytest.mark.kit_mock(...)` sets its arguments."""
    mock = _mock(request)
    with mock:
        yield mock
        _tell_unused(request, mock)


@pytest.fixture
def kit(request: pytest.FixtureRequest, kit_mock: KitMock) -> Iterator[Kit]:
    """A `kit_client.Kit` that calls `kit_mock` in the same process. Instead of sleeping it moves the mock's clock forward."""
    arguments = _client_arguments(request, kit_mock)
    from kit_client import Kit

    with Kit(transport=kit_mock.transport, **arguments) as client:
        yield client


@pytest.fixture
def async_kit(request: pytest.FixtureRequest, kit_mock: KitMock) -> AsyncKit:
    """A `kit_client.AsyncKit` that calls `kit_mock` in the same process, in any event loop. It needn't be closed."""
    arguments = _client_arguments(request, kit_mock)
    from kit_client import AsyncKit

    return AsyncKit(transport=kit_mock.async_transport, **arguments)


@pytest.fixture
def kit_mock_guard(request: pytest.FixtureRequest, kit_mock: KitMock) -> Iterator[NetworkGuard]:
    """Keep the test from calling any host but this machine, and make every `Kit()` and `AsyncKit()` call `kit_mock`.

    It sets the environment variables `KIT_BASE_URL` and `KIT_API_KEY` (with `auth="oauth"`, `KIT_ACCESS_TOKEN`) to those
    of `kit_mock`, also for programs that the test starts, and turns proxies off. To allow other hosts, call
    `kit_mock_guard.allow("db.example")`, or set `kit_mock_guard_allow` in pytest's settings or `allow_deliveries` in the
    mark. To guard all tests, set `kit_mock_guard = true` in pytest's settings.
    """
    from kit_mock.network_guard import NetworkGuard

    try:
        guard = NetworkGuard([*request.config.getini(f"{_GUARD}_allow"), *_marked(request).get("allow_deliveries", ())])
    except ValueError as error:
        pytest.fail(f"{_GUARD}_allow: {error}", pytrace=False)
    with pytest.MonkeyPatch.context() as patch, guard.active():
        patch.setenv("KIT_BASE_URL", kit_mock.url)
        for name in ("KIT_API_KEY", "KIT_ACCESS_TOKEN"):
            patch.delenv(name, raising=False)
        if _auth(request) == "oauth":
            patch.setenv("KIT_ACCESS_TOKEN", kit_mock.access_token)
        else:
            patch.setenv("KIT_API_KEY", kit_mock.api_key)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "*")
        yield guard


def _tell_unused(request: pytest.FixtureRequest, mock: KitMock) -> None:
    """Warn of faults for a number of requests that happened to none."""
    from kit_mock import UnusedFaultWarning

    for each in mock.faults.active():
        fault = each.fault
        if each.hits or fault.times is None or fault.probability < 1:
            continue
        target = fault.operation or fault.route or "any request"
        message = f"the test ended before {fault.name} happened to {target}, as fail_next or faults.add had it"
        line = request.node.reportinfo()[1] or 0
        warnings.warn_explicit(message, UnusedFaultWarning, str(request.path), line + 1)


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
    except (KitMockError, OverflowError, TypeError, ValueError) as error:
        pytest.fail(f"@pytest.mark.{_MARK}: {error}", pytrace=False)


def _client_arguments(request: pytest.FixtureRequest, mock: KitMock) -> dict[str, Any]:
    """Return the arguments of both clients.

    Only fixtures import the client: the mock shares no code with it, so that neither can hide the other's mistake.
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

    oauth = _auth(request) == "oauth"
    credentials = {"access_token": mock.access_token} if oauth else {"api_key": mock.api_key}
    return {**credentials, "clock": MockTime(), "retry": RetryPolicy(random=lambda: 1.0)}


def _auth(request: pytest.FixtureRequest) -> str:
    """Return the kind of credential that the clients of a test send."""
    auth: str = _marked(request).get("auth", _AUTH[0])
    if auth not in _AUTH:
        _refuse(f"auth must be {' or '.join(_AUTH)}, not {auth!r}", auth, _AUTH)
    return auth


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the arguments of all marks that apply. For each argument the nearest mark counts."""
    found: dict[str, Any] = {}
    for mark in request.node.iter_markers(_MARK):
        if mark.args:
            _refuse("its arguments need names, such as seed=...")
        found = {**mark.kwargs, **found}
    return found


def _refuse(problem: str, given: object = None, known: tuple[str, ...] = ()) -> None:
    from kit_mock.protocol.suggestions import did_you_mean

    pytest.fail(f"@pytest.mark.{_MARK}: {problem}{did_you_mean(given, known)}", pytrace=False)
