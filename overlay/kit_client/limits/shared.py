"""What rate limiters that several processes share have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kit_client.errors import RateLimiterError
from kit_client.options import check_seconds

from .limiter import RateLimiter
from .line import Account
from .slots import WINDOW

logger = logging.getLogger("kit_client")

LEASE = 60.0
"""How long a slot may be lent, in seconds. Few requests take longer."""


class SharedRateLimiter(RateLimiter):
    """The base class of rate limiters that several processes share.

    Within a process, requests are sent in the order in which they asked. Between processes, the first one to ask after a
    slot is free gets it.

    Args:
        limit: How many requests the service allows in a window, as for `RateLimiter`.
        window: The length of the window in seconds, the same in all processes.
        lease: Seconds after which a request without an answer is given up, as if its process had been killed: its slot is
            free again one window later. A request that takes longer than this may be counted too late and lead to a 429.
        on_wait: Called before a request waits, as for `RateLimiter`.

    Raises:
        ValueError, TypeError: An argument can't be used.
    """

    blind = 1.0
    blocking = True

    def __init__(
        self,
        *,
        limit: int | None = None,
        window: float = WINDOW,
        lease: float = LEASE,
        on_wait: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(limit=limit, window=window, on_wait=on_wait)
        check_seconds("lease", lease)
        self._lease = lease
        self._failure: RateLimiterError | None = None

    def _end(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:
        try:
            self._end_shared(account, ticket, now, cools, closed)
        except RateLimiterError as error:
            # An answer that came is not lost for this. The slot comes back at the end of its lease.
            what = str(error).replace("; nothing was sent", "")
            logger.warning("a slot of the rate limit was not given back: %s", what)

    def _check(self) -> None:
        """Raise what the store raised while this thread waited for its turn: it needn't wait for the same."""
        if self.failures != self._failures_before and self._failure is not None:
            raise RateLimiterError(*self._failure.args)

    def _failed(self, message: str) -> RateLimiterError:
        """Note that the store failed, and return the error that says so."""
        self._failure = RateLimiterError(message)
        self.failures += 1
        return self._failure

    def _end_shared(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:
        super()._end(account, ticket, now, cools, closed)
