"""What all tests share: repeatable properties, programs that can be interrupted, and one async back end."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

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


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
