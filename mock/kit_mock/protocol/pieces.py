"""Cuts a value into pieces that are validated one after the other.

The validator builds all errors of a value at once, and a body of a megabyte can have millions, which would take gigabytes
and hold up every other thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from attrs import frozen

from kit_mock.protocol.casts import Caster

_LARGEST = 2048
"""Bytes of JSON. Everything larger is cut, but for texts, and for what the schema says nothing about."""


@frozen
class Piece:
    """A value with a few of its items or entries, in the order of the value."""

    value: Any
    place: tuple[str | int, ...] = ()
    """The path to what was cut: names, and for each list the index of its first item in the whole value."""

    def whole_path(self, path: Sequence[str | int]) -> list[str | int]:
        """Return the path in the whole value for a path in the piece."""
        found = list(path)
        for at, (step, own) in enumerate(zip(path, self.place, strict=False)):
            if isinstance(step, int) and isinstance(own, int):
                found[at] = own + step
            elif step != own:
                break
        return found


def pieces(value: Any, caster: Caster | None) -> Iterator[Piece]:
    """Yield the pieces of a value. All of them have the properties that the schema names, so that none lacks any."""
    if caster is None or not isinstance(value, list | dict) or _size(value) <= _LARGEST:
        yield Piece(value)
    elif caster.most_entries is not None and len(value) > caster.most_entries:
        # Of what has too many entries, as many as show that. A piece with fewer would hide it.
        few = islice(value, caster.most_entries + 1)
        yield Piece({name: value[name] for name in few} if isinstance(value, dict) else list(few))
    elif isinstance(value, list):
        yield from _of_list(value, caster.items)
    else:
        yield from _of_object(value, caster)


def _of_list(items: list[Any], caster: Caster | None) -> Iterator[Piece]:
    run: list[Any] = []
    left = _LARGEST
    for at, item in enumerate(items):
        size = _size(item)
        if run and size > left:
            yield Piece(run, (at - len(run),))
            run, left = [], _LARGEST
        if size > _LARGEST:
            for piece in pieces(item, caster):
                yield Piece([piece.value], (at, *piece.place))
        else:
            run.append(item)
            left -= size
    if run:
        yield Piece(run, (len(items) - len(run),))


def _of_object(fields: dict[str, Any], caster: Caster) -> Iterator[Piece]:
    named = {name: _beginning(each, caster.property(name)) for name, each in fields.items() if name in caster.names}
    run, left = dict(named), _LARGEST
    for name, inner in fields.items():
        size = _size(inner)
        if size > _LARGEST:
            for piece in pieces(inner, caster.property(name)):
                yield Piece({**named, name: piece.value}, (name, *piece.place))
        elif name not in caster.names:
            if size + len(name) > left:
                yield Piece(run)
                run, left = dict(named), _LARGEST
            run[name] = inner
            left -= size + len(name)
    yield Piece(run)


def _beginning(value: Any, caster: Caster | None) -> Any:
    """Return a value without most of its items, and of its entries that the schema doesn't name."""
    if caster is None or not isinstance(value, list | dict) or _size(value) <= _LARGEST:
        return value
    if isinstance(value, list):
        return [_beginning(value[0], caster.items)]
    names = [name for name in value if name in caster.names] or islice(value, 1)
    return {name: _beginning(value[name], caster.property(name)) for name in names}


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))
