"""Keeps forked processes from using a mock of their parent.

The copy in a child would answer, but share no state with the parent; with a file, both would write it. So in a child the
mock, its transports and its ASGI application refuse to work and say why. The parent isn't affected, and a child can call the
URL that the parent serves.
"""

from __future__ import annotations

import os
from typing import Any, Protocol
from weakref import WeakSet

from kit_mock.protocol.errors import KitMockError

PROBLEM = (
    "this KitMock belongs to the process that this one was forked from: make one in each process,"
    " or serve one (its url, or `kit-mock serve`) and call that"
)

_GOOD = frozenset({"api_key", "access_token"})


class Leavable(Protocol):
    """A mock that can be left to the parent process."""

    def leave_to_parent(self, problem: str) -> str | None:
        """Release everything, and return the URL that the parent serves, or None."""


_mocks: WeakSet[Leavable] = WeakSet()
_parts: WeakSet[Any] = WeakSet()


def watch(mock: Leavable, *parts: object) -> None:
    """Refuse a mock, and those of its parts that a test can keep, in the processes that are forked from now on."""
    _mocks.add(mock)
    _parts.update(parts)


def _refuse_all() -> None:
    mocks, parts = list(_mocks), list(_parts)
    _mocks.clear()  # They stay refused in a child of this child.
    _parts.clear()
    for mock in mocks:
        _refuse(mock, mock.leave_to_parent(PROBLEM))
    for part in parts:
        _refuse(part, None)


def _refuse(found: object, url: str | None) -> None:
    """Replace the class of an object, so that every attribute is refused."""
    kind = type(found)
    found.__class__ = type(kind.__name__, (_Elsewhere, kind), {"_url": url})


class _Elsewhere:
    """A mock, or a part of one, in a forked process: a mock has only the URL that the parent serves, and the credentials."""

    _url: str | None

    def __getattribute__(self, name: str) -> Any:
        if name in _GOOD or name.startswith("__"):
            return super().__getattribute__(name)
        if name == "url" and (url := type(self)._url) is not None:
            return url
        if name == "close":
            return lambda: None
        raise KitMockError(PROBLEM)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of another process, url={type(self)._url!r}>"

    def __enter__(self) -> Any:
        raise KitMockError(PROBLEM)

    def __exit__(self, *_: object) -> None:
        pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_refuse_all)
