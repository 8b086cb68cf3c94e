"""What all tests share: repeatable properties, programs that can be interrupted, one async back end, and a Redis server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import redis_server as redis
from tests.leaving_out import leave_out, say_left_out

# The same examples in every run, so that a failure is the change's and not the day's; and no deadline, which on a
# busy machine measures the machine.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("ci")
# Other examples: `pytest --hypothesis-profile=random --hypothesis-seed=7`.
settings.register_profile("random", parent=settings.get_profile("ci"), derandomize=False)

# Whoever is started in the background of a script ignores Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# A mock that a test starts takes a free port, unless the test says otherwise.
os.environ.setdefault("KIT_MOCK_PORT", "0")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "redis: needs a redis-server, as tests with the fixtures of one do anyway")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without redis-server, the tests that need it are no part of the run; in CI there must be one."""
    fixtures = {"redis_server", "redis_url"}
    ours = [
        item
        for item in items
        if item.get_closest_marker("redis") or not fixtures.isdisjoint(getattr(item, "fixturenames", ()))
    ]
    leave_out(config, items, ours, redis.missing, "Redis tests")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    say_left_out(terminalreporter)


@pytest.fixture
def redis_server() -> Iterator[redis.RedisServer]:
    """A Redis server of the test's own, such as to be stopped."""
    with redis.RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis server that all tests share."""
    with redis.RedisServer() as server:
        yield server.url
