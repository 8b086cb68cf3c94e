"""How many retries a service that is down gets. No I/O and no clock: calls, retries and successes are counted."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from .retry import RetryPolicy

REFUSED = "not sent again, as too many retries have failed of late"


class RetryBudget:
    """Counts the retries that brought nothing, and what calls have earned for them.

    A call earns `retry_ratio` of a retry. A retry spends one. A call that succeeds gives back what its retries spent, and
    one more. A retry is allowed as long as no more is spent than was earned, or than `retry_reserve` if that is more.

    While calls succeed in the end, retries are free. While none does, there are `retry_reserve` retries or, after many
    calls, `retry_ratio` of a retry for each call.
    """

    # Of all budgets, as it is held for a moment only. Reentrant: a call that is garbage collected gives its retry back.
    lock = threading.RLock()

    def __init__(self) -> None:
        self._earned, self._spent = 0.0, 0.0

    def earn(self, policy: RetryPolicy) -> None:
        """Count a call, once its first attempt was made."""
        with self.lock:
            self._earned += policy.retry_ratio or 0

    def spend(self, policy: RetryPolicy) -> bool:
        """Count a retry and return True, or return False if none is left."""
        with self.lock:
            # A tenth that is added ten times is a little less than one.
            most = max(policy.retry_reserve, self._earned + 1e-6)
            allowed = policy.retry_ratio is None or self._spent + 1 <= most
            self._spent += allowed
        return allowed

    def give_back(self, retries: int) -> None:
        """Take back retries that were counted and not sent."""
        with self.lock:
            self._spent = max(self._spent - retries, 0)

    def succeed(self, retries: int, policy: RetryPolicy) -> None:
        """Count the success of a call that spent so many retries."""
        with self.lock:
            # However long the service was down: the first success is the end of it.
            self._spent = max(min(self._spent - retries, policy.retry_reserve) - 1, 0)
            # What calls earned while the service was up is not for the time when it is down.
            self._earned = min(self._earned, self._spent)


def retry_budget(policy: RetryPolicy, origin: httpx.URL, *, is_alone: bool) -> RetryBudget:
    """Return the budget of a client: that of all clients of this process to the same origin, or one of its own.

    Args:
        policy: The client's.
        origin: Where the service is.
        is_alone: Whether what others have learnt of the service doesn't hold for the client.
    """
    if is_alone or policy.retry_ratio is None:
        return RetryBudget()
    with RetryBudget.lock:
        return _shared.setdefault((origin.scheme, origin.host, origin.port), RetryBudget())


_shared: dict[tuple[str, str, int | None], RetryBudget] = {}


def _after_fork() -> None:
    # A thread of the parent's may have held it, and is not there.
    RetryBudget.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
