"""Bulk jobs of the service: more than 100 rows in one request, and the result by callback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from .outcomes import Outcome

R = TypeVar("R")


class Submission(Struct, Generic[R], frozen=True, kw_only=True):
    """What became of a request for a bulk job."""

    is_queued: bool
    """Whether the service does it in the background and will call back; otherwise it is done."""
    outcomes: list[tuple[R, Outcome]]
    """Rows of which the outcome is known: all of them if nothing is queued, else those that were not sent."""


def match_callback(
    body: object, rows: Iterable[R], fields: Mapping[str, str | int] | Iterable[str] | None
) -> Iterator[tuple[R, Outcome]]:
    raise NotImplementedError
