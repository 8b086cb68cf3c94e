"""What rate limiters that several processes share have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kit_client.errors import RateLimiterError
from kit_client.options import check_seconds

from .limiter import Account, RateLimiter
from .slots import WINDOW

logger = logging.getLogger("kit_client")

LEASE = 60.0
"""How long a slot may be lent, in seconds. Few requests take longer."""


class SharedRateLimiter(RateLimiter):
    """The base class of rate limiters whose slots are kept outside of the process.

    Within a process, the first that asks is served first; between processes, whoever asks first once a slot is free.

    Args:
        limit: As of `RateLimiter`.
        window: As of `RateLimiter`. It is the same in all processes.
        lease: Seconds after which a request is taken for one of a process that was killed. Its slot then cools, as after
            any lost answer. If the request is still under way, it may be counted later, and lead to a 429.
        on_wait: As of `RateLimiter`.

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

    def _end(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:
        try:
            self._end_shared(account, ticket, now, cools, closed)
        except RateLimiterError as error:
            # An answer that came is not lost for this. The slot comes back at the end of its lease.
            logger.warning("a slot of the rate limit was not given back: %s", error)

    def _end_shared(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:
        super()._end(account, ticket, now, cools, closed)
