"""What became of the rows of an import."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from kit_api.models import BulkSubscriber


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one row."""

    index: int
    """The number of the row in the input, from 1."""
    errors: tuple[str, ...] = ()
    """Why the row, or a part of it, is not in Kit; empty if all of it is."""
    subscriber: BulkSubscriber | None = None
    """The subscriber as the service told of them; None if they could not be saved."""
    duplicate_of: int | None = None
    """The number of an earlier row with the same address. This row was not sent: the first one holds."""
    resumed: bool = False
    """Whether the outcome is from an earlier run, by the checkpoint; nothing was sent for the row in this one."""

    @property
    def ok(self) -> bool:
        """Whether the subscriber is in Kit with the values, tags and forms of this row."""
        return not self.errors


class Report(Struct, kw_only=True):
    """The numbers of an import so far. Each row is counted in one of `imported`, `failed` and `duplicates`."""

    total: int | None = None
    """How many rows there are, if that is known before the end."""
    imported: int = 0
    """Rows that are in Kit with all their values, tags and forms."""
    failed: int = 0
    """Rows that are not, or not with all of these."""
    duplicates: int = 0
    """Rows that were not sent, as an earlier row has the same address."""
    resumed: int = 0
    """How many of these rows have their outcome from an earlier run."""
    requests: int = 0
    """Requests that were made in this run. One that the client sent again, and that succeeded, counts once."""
    failures: list[tuple[Any, Outcome]] = field(default_factory=list[tuple[Any, Outcome]])
    """The rows that failed and the duplicates, with their outcomes. Filled by `.report()` and `.check()` only."""

    def count(self, outcome: Outcome) -> None:
        """Count the outcome of a row."""
        self.resumed += outcome.resumed
        self.imported += outcome.ok
        self.failed += not outcome.ok and outcome.duplicate_of is None
        self.duplicates += outcome.duplicate_of is not None

    @property
    def rows(self) -> int:
        """How many rows have an outcome."""
        return self.imported + self.failed + self.duplicates

    @property
    def ok(self) -> bool:
        """Whether no row failed. Duplicates are no failures."""
        return not self.failed


class Estimate(Struct, frozen=True, kw_only=True):
    """What an import takes at most, if nothing fails and nothing else uses the quota."""

    rows: int
    """The rows of the input."""
    requests: int
    """Requests, if each row has a value for each custom field."""
    seconds: float
    """Seconds that the rate limit makes these requests wait; the service's own time for the last ones comes on top."""

    @property
    def minutes(self) -> float:
        """The same time in minutes."""
        return self.seconds / 60
