"""What imports in threads and in tasks share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kit_api.api.subscribers.bulk_create_subscribers import OPERATION
from kit_client.errors import OAuthRequiredError
from kit_client.limits.asks import LIMITS
from kit_client.limits.slots import WINDOW

from .flow import Flow
from .kinds import SIZE
from .options import Options
from .outcomes import Estimate, Outcome, Report
from .rows import Reader
from .sieve import Sieve

if TYPE_CHECKING:
    from kit_client.base import BaseKit

R = TypeVar("R")


class BaseImport(Generic[R]):
    """What imports in threads and in tasks share.

    Args:
        client: Sends.
        options: The arguments.

    Raises:
        ValueError, TypeError: `fields` can't be used.
        OAuthRequiredError: The client has an API key, and there is no fallback.
    """

    def __init__(self, client: BaseKit[Any, Any], options: Options) -> None:
        self._options, self._clock, self._limiter = options, client.clock, client.rate_limiter
        self._is_single = False
        try:
            client.check_credentials(OPERATION)
        except OAuthRequiredError as error:
            if options.fallback is None:
                error.args = (f"{error}, or import with fallback='single'",)
                raise
            self._is_single = True
        self._reader = Reader(options.fields)
        self._sieve, self._report = Sieve(), Report(total=options.count)
        self._has_begun = False

    @property
    def so_far(self) -> Report:
        """The counts so far, as a live `Report`. It stays readable after an error or an interruption."""
        return self._report

    def estimate(self) -> Estimate:
        """Return the most requests and seconds that the import takes. It reads no rows and sends nothing.

        Raises:
            ValueError: The number of rows isn't known: the rows have no length, and `count` wasn't given.
            RateLimiterError: The file or the Redis server of the rate limiter can't be used.
        """
        options, rows = self._options, self._options.count
        if rows is None:
            raise ValueError("count: the rows don't say how many they are; give count=…")
        names = [sum(isinstance(each, str) for each in named) for named in (options.tags, self._reader.named)]
        parts = [1, 0 if self._is_single else len(self._reader.named), len(options.tags), len(options.forms)]
        requests = sum(math.ceil(rows * part / (1 if self._is_single else SIZE)) for part in parts)
        if rows:
            # A list of each, and what may have to be created.
            requests += sum(map(bool, names)) + options.create_missing * sum(names)
        # The checkpoint is of one account.
        requests += options.checkpoint is not None
        state = None if self._limiter is None else self._limiter.state()
        if state is None:
            # A client without a limiter, or a mock, has the service's own limit all the same.
            limit, window = LIMITS["X-Kit-Api-Key" if self._is_single else "Authorization"], WINDOW
        else:
            limit, window = state.limit, state.window
        return Estimate(rows=rows, requests=requests, seconds=max(requests - 1, 0) // limit * window)

    def _begin(self) -> Flow:
        if self._has_begun:
            raise RuntimeError("the rows have been read already; make another import")
        self._has_begun = True
        return Flow(self._options, self._reader, self._report, self._clock, is_single=self._is_single)

    def _keep(self, row: R, outcome: Outcome) -> None:
        if not outcome.ok:
            self._report.failures.append((row, outcome))

    def _check(self, row: R) -> None:
        """Count a row by what can be said of it without the service."""
        index = self._report.rows + 1
        if index == 1:
            self._reader.check_first(row)
        outcome = self._sieve.refuse(self._reader.read(index, row)) or Outcome(index=index)
        self._report.count(outcome)
        self._keep(row, outcome)


def read(rows: Iterator[R], most: int) -> tuple[list[R], Exception | None]:
    """Return the next rows, fewer than `most` only at the end, and the error if one ended them."""
    found: list[R] = []
    try:
        for row in islice(rows, most):
            found.append(row)  # noqa: PERF402  # those before an error stay
    except Exception as error:  # noqa: BLE001  # it is raised after the rows before it are done
        return found, error
    return found, None
