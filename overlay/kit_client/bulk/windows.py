"""Windows of the time at which subscribers were created. No I/O.

A window owns the seconds from its start up to, and without, its end, by `created_at` of each subscriber as it is shown.
That never changes, so that a subscriber is in one window, whatever happens to them. What is asked for begins a second
earlier, so that nothing depends on whether `created_after` leaves out the very moment, or on fractions of a second that
aren't shown; what comes from beyond the window is dropped.
"""

from __future__ import annotations

import base64
import datetime
import itertools
import math
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from .answers import field_of

MOSTLY = 0.8
"""The share of a window's subscribers from which one of its pieces is said to hold most of them."""
FEW_PIECES = 4
"""Into how many pieces such a piece is cut. The others will be nearly empty, and each of them costs a request."""
DAY = 86_400
_FIRST, _LAST = datetime.datetime.min.replace(tzinfo=datetime.UTC), datetime.datetime.max.replace(tzinfo=datetime.UTC)


class Window(Struct, eq=False):
    """Seconds since the epoch, or None where a window ends as the whole list does."""

    start: int | None = None
    end: int | None = None
    cursor: str | None = None
    """Of the first page that was not handed over; None for the first one."""
    left: float = math.inf
    """About how many subscribers are to come."""
    whole: float = math.inf
    """How many were in the window that this one was cut from."""

    @property
    def edges(self) -> tuple[datetime.datetime, datetime.datetime]:
        """The first moment that it owns, and the first one after it."""
        return _FIRST if self.start is None else _at(self.start), _LAST if self.end is None else _at(self.end)

    def arguments(self) -> dict[str, Any]:
        """Return what takes the place of the list's own limits."""
        limits: dict[str, Any] = {}
        if self.start is not None:
            limits["created_after"] = _at(self.start - 1)
        if self.end is not None:
            limits["created_before"] = _at(self.end)
        return limits

    def cut(self, first: int, last: int, total: int, size: int, most: int, known: Sequence[int]) -> list[Window]:
        """Return the pieces that it is cut into, evenly in time; none if it can't be cut.

        If it was a piece with most of what there was, many subscribers were created at once, perhaps in one second. Those
        of its first page then tell when.

        Args:
            first: The second before which there is no seam.
            last: The second after which there is none.
            total: How many subscribers it holds.
            size: How many a piece should hold.
            most: How many pieces there may be.
            known: The seconds of some of its subscribers.
        """
        start = first if self.start is None else max(first, self.start)
        end = last + 1 if self.end is None else min(last + 1, self.end)
        is_dense = total > MOSTLY * self.whole
        pieces = min(FEW_PIECES if is_dense else math.ceil(total / size), end - start, most)
        if pieces < 2:
            return []
        seams = {start + (end - start) * number // pieces for number in range(1, pieces)}
        if is_dense and known:
            middle = sorted(known)[len(known) // 4 : len(known) * 3 // 4 + 1]
            seams |= {seam for seam in (middle[0], middle[-1] + 1) if start < seam < end}
        edges = [self.start, *sorted(seams), self.end]
        each = total / len(seams)
        return [Window(a, b, left=each, whole=total) for a, b in itertools.pairwise(edges)]


def moment_of(item: Any) -> datetime.datetime | None:
    """Return when a subscriber was created, be it a model or a dict; None if that can't be read."""
    value = field_of(item, "created_at")
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime.datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)


def created(item: Any) -> int | None:
    """Return the second in which a subscriber was created; None if that can't be read."""
    moment = moment_of(item)
    return None if moment is None else _second(moment)


def seams_from(created_after: datetime.date | None) -> float:
    """Return the first second that surely lies within a caller's limit, however the service reads a day."""
    if created_after is None:
        return -math.inf
    if isinstance(created_after, datetime.datetime):
        return _second(created_after) + 2
    return _second(datetime.datetime.combine(created_after, datetime.time(), datetime.UTC)) + 2 * DAY


_Second = Annotated[int, Meta(ge=int(_FIRST.timestamp()) + 1, le=int(_LAST.timestamp()))]


class _State(Struct, frozen=True):
    """What the cursor of an export says."""

    of: str
    """The fingerprint of the list."""
    range: tuple[_Second, _Second] | None
    total: int | None
    windows: list[tuple[_Second | None, _Second | None, str | None]]


class Progress(Struct, frozen=True):
    """What is left of an export."""

    windows: list[Window]
    range: tuple[int, int] | None = None
    """The seconds in which the oldest and the newest subscriber were created, if the list was cut."""
    total: int | None = None
    """How many subscribers there were at the start, once that is known."""

    @property
    def is_whole(self) -> bool:
        """Whether the window is all of the export."""
        return len(self.windows) == 1 and self.windows[0].arguments() == {} and self.windows[0].cursor is None

    def to_cursor(self, fingerprint: str) -> str:
        """Return it as a text that is to be handed back as it is."""
        windows = [(window.start, window.end, window.cursor) for window in self.windows]
        state = _State(of=fingerprint, range=self.range, total=self.total, windows=windows)
        return base64.urlsafe_b64encode(msgspec.json.encode(state)).decode()

    @classmethod
    def of_cursor(cls, cursor: object, fingerprint: str) -> Progress:
        """Read what `to_cursor` returned.

        Raises:
            TypeError: It is no text.
            ValueError: It is no cursor of an export, or that of another one.
        """
        if not isinstance(cursor, str):
            raise TypeError(f"after: expected the cursor of an export, got {cursor!r}")
        try:
            text = base64.b64decode(cursor, altchars=b"-_", validate=True)
            state = msgspec.json.decode(text, type=_State)
        except (ValueError, msgspec.DecodeError, RecursionError) as error:
            raise ValueError("after: expected the cursor of an export as it was, got something else") from error
        if state.of != fingerprint:
            raise ValueError("after: it is the cursor of an export with other filters, or of members of something else")
        return cls([Window(*window) for window in state.windows], state.range, state.total)


def _at(second: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(second, datetime.UTC)


def _second(moment: datetime.datetime) -> int:
    return math.floor((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp())
