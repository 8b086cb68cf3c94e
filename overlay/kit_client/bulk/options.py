"""The arguments of an import, checked, and what can be said of it before it begins."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterable, Callable, Iterable, Sized
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from kit_client.limits.asks import LIMITS
from kit_client.limits.slots import WINDOW
from kit_client.options import check_whole

from .kinds import SIZE
from .outcomes import Estimate, Outcome, Report
from .rows import Columns, Reader, Sieve

if TYPE_CHECKING:
    from kit_client.base import BaseKit

R = TypeVar("R")


class Options(Struct, kw_only=True):
    """The arguments of `import_subscribers`.

    Raises:
        TypeError, ValueError: One can't be used.
    """

    rows: Any
    tags: Any
    forms: Any
    fields: Columns
    create_missing: bool
    parallel: int
    checkpoint: str | os.PathLike[str] | None
    is_single: bool
    """Whether each subscriber has requests of their own."""
    count: int | None
    on_progress: Callable[[Report], object] | None

    def __post_init__(self) -> None:
        check_rows(self.rows)
        self.tags, self.forms = _listed("tags", self.tags), _listed("forms", self.forms)
        for name, given in (("tags", self.tags), ("forms", self.forms)):
            for each in given:
                if not isinstance(each, str) or name == "forms":
                    check_whole(name, each, 1, or_else=" as an id")
                elif not each.strip():
                    raise ValueError("tags: a name is blank")
        check_whole("parallel", self.parallel, 1)
        if not isinstance(self.checkpoint, str | os.PathLike | None):
            raise TypeError(f"checkpoint: expected the path of a file or None, got {self.checkpoint!r}")
        if self.count is not None:
            check_whole("count", self.count, 0, or_else=" or None")
        elif isinstance(self.rows, Sized):
            self.count = len(self.rows)
        if self.on_progress is not None and not callable(self.on_progress):
            raise TypeError(f"on_progress: expected a function, got {self.on_progress!r}")


def check_rows(rows: object) -> None:
    """Raise TypeError if something is no list of rows: a DataFrame is one of columns, and a dict is one row."""
    if not isinstance(rows, Iterable | AsyncIterable) or isinstance(rows, str | bytes | os.PathLike | dict):
        raise TypeError(f"rows: expected an iterable of rows, got {type(rows).__name__}")
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        raise TypeError("rows: expected an iterable of rows, got a DataFrame: pass df.to_dict('records')")


def _listed(name: str, given: Any) -> list[Any]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"{name}: expected a list, got {given!r}")
    return list(dict.fromkeys(given))


class BaseImport(Generic[R]):
    """What imports in threads and in tasks share.

    Args:
        client: Sends.
        options: The arguments.
    """

    def __init__(self, client: BaseKit[Any, Any], options: Options) -> None:
        self._limiter, self._options = client.rate_limiter, options
        self._reader = Reader(options.fields)
        self._report = Report(total=options.count)
        self._has_begun = False

    @property
    def so_far(self) -> Report:
        """The numbers so far, which go on counting; also of an import that was interrupted."""
        return self._report

    def estimate(self) -> Estimate:
        """Return how many requests and how much time the import takes at most. Reads and sends nothing.

        Raises:
            ValueError: How many rows there are isn't known.
            RateLimiterError: The file or server that has the state of the rate limiter can't be used.
        """
        options, rows = self._options, self._options.count
        if rows is None:
            raise ValueError("count: the rows don't say how many they are; give count=…")
        names = [sum(isinstance(each, str) for each in named) for named in (options.tags, self._reader.named)]
        parts = [1, 0 if options.is_single else len(self._reader.named), len(options.tags), len(options.forms)]
        requests = sum(math.ceil(rows * part / (1 if options.is_single else SIZE)) for part in parts)
        if rows:
            # A list of each, and what may have to be created.
            requests += sum(map(bool, names)) + options.create_missing * sum(names) + (options.checkpoint is not None)
        state = None if self._limiter is None else self._limiter.state()
        if state is None:
            # A client without a limiter, or a mock, has the service's own limit all the same.
            limit, window = LIMITS["X-Kit-Api-Key" if options.is_single else "Authorization"], WINDOW
        else:
            limit, window = state.limit, state.window
        return Estimate(rows=rows, requests=requests, seconds=max(requests - 1, 0) // limit * window)

    def _begin(self) -> None:
        if self._has_begun:
            raise RuntimeError("the rows have been read already; make another import")
        self._has_begun = True

    def _keep(self, pair: tuple[R, Outcome]) -> None:
        if not pair[1].ok:
            self._report.failures.append(pair)


class Checking(Generic[R]):
    """A dry run: takes one row after the other, and counts those that would be sent as imported."""

    def __init__(self, reader: Reader, report: Report) -> None:
        self._reader, self._report, self._sieve = reader, report, Sieve()

    def take(self, row: R) -> None:
        index = self._report.rows + 1
        if index == 1:
            self._reader.check_first(row)
        outcome = self._sieve.refuse(self._reader.read(index, row)) or Outcome(index=index)
        self._report.count(outcome)
        if not outcome.ok:
            self._report.failures.append((row, outcome))
