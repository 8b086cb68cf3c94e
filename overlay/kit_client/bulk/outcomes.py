"""What became of the rows of an import."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from kit_api.models import BulkSubscriber


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome of one row: whether it is in Kit, and if not, why."""

    index: int
    """The number of the row in the input, from 1."""
    errors: tuple[str, ...] = ()
    """Why the row, or a part of it, is not in Kit; empty if all of it is."""
    subscriber: BulkSubscriber | None = None
    """The subscriber as the service returned them; None if they were not saved."""
    duplicate_of: int | None = None
    """The number of an earlier row with the same address, which was sent instead of this one; None if there is none."""
    resumed: bool = False
    """Whether the outcome was read from the checkpoint of an earlier run, so that nothing was sent for the row in this run."""

    @property
    def ok(self) -> bool:
        """Whether the subscriber is in Kit with the values, tags and forms of this row."""
        return not self.errors


class Report(Struct, kw_only=True):
    """The counts of an import so far. Each row counts as one of `imported`, `failed` and `duplicates`."""

    total: int | None = None
    """How many rows there are; None if that isn't known yet."""
    imported: int = 0
    """Rows that are in Kit with all their values, tags and forms."""
    failed: int = 0
    """Rows that are not in Kit, or without some of their values, tags or forms."""
    duplicates: int = 0
    """Rows that were not sent because an earlier row has the same address."""
    resumed: int = 0
    """How many of the counted rows have an outcome from an earlier run, by the checkpoint."""
    requests: int = 0
    """Requests of this run. A request that succeeded after retries counts once."""
    failures: list[tuple[Any, Outcome]] = field(default_factory=list[tuple[Any, Outcome]])
    """Failed rows and duplicates, each with its outcome. Only `.report()` and `.check()` fill the list."""

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
        """Whether no row failed. A duplicate isn't a failure."""
        return not self.failed


class Estimate(Struct, frozen=True, kw_only=True):
    """The most requests and seconds that an import takes, if nothing fails and nothing else uses the rate limit."""

    rows: int
    """How many rows the input has."""
    requests: int
    """How many requests there are, if each row has a value for each custom field."""
    seconds: float
    """How many seconds the requests wait for the rate limit. The time that the service takes to answer isn't included."""

    @property
    def minutes(self) -> float:
        """The value of `seconds` in minutes."""
        return self.seconds / 60
