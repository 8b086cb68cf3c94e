"""Snapshots: all of a mock's state as bytes. That is its database, its clock, and who called in the last 60 seconds.

Of credentials they hold hashes alone.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

from kit_mock.protocol.arguments import checked
from kit_mock.protocol.errors import KitMockError, UnwritableError
from kit_mock.service.rate_limit import Limits
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store

_MAGIC = b"kit-mock snapshot 1\n"
_DIGEST = 32
_LENGTH = 4


class _Moment(msgspec.Struct):
    """The part of a snapshot beside the database."""

    now: datetime
    moved: float
    stands_still: bool
    windows: dict[str, tuple[int, list[float]]]


def take(store: Store, clock: Clock, limits: Limits) -> bytes:
    """Return a snapshot of the state at one moment."""
    with store.reading():
        moment = _Moment(clock.now(), clock.moved.total_seconds(), clock.stands_still, limits.windows())
        image = store.image()
    encoded = msgspec.json.encode(moment)
    content = len(encoded).to_bytes(_LENGTH, "big") + encoded + image
    return _MAGIC + hashlib.sha256(content).digest() + content


@checked
def restore(snapshot: bytes, store: Store, clock: Clock, limits: Limits) -> None:
    """Restore the state of a snapshot. Raises KitMockError, and changes nothing, for what isn't a usable snapshot."""
    moment, image = _open(snapshot)
    with store.reading():
        before = clock.moved
        try:
            if clock.stands_still or moment.stands_still:
                clock.set(moment.now)
            else:  # Real time has passed meanwhile.
                clock.moved = timedelta(seconds=moment.moved)
            store.load(image)
        except (KitMockError, ValueError, OverflowError) as error:
            clock.moved = before
            if isinstance(error, UnwritableError):
                raise
            raise KitMockError(f"cannot restore the snapshot: {error}") from None
        limits.restore(moment.windows)


def _open(snapshot: bytes) -> tuple[_Moment, bytes]:
    start = len(_MAGIC) + _DIGEST
    content = snapshot[start:]
    if not snapshot.startswith(_MAGIC) or hashlib.sha256(content).digest() != snapshot[len(_MAGIC) : start]:
        raise KitMockError("cannot restore the snapshot: it isn't one, or is damaged")
    end = _LENGTH + int.from_bytes(content[:_LENGTH], "big")
    try:
        return msgspec.json.decode(content[_LENGTH:end], type=_Moment), content[end:]
    except msgspec.MsgspecError as error:
        raise KitMockError(f"cannot restore the snapshot: {error}") from None
