"""The arguments of an import, checked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, Literal, cast

from msgspec import Struct

from kit_client.options import check_whole

from .outcomes import Report
from .rows import Columns


class Options(Struct):
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
    fallback: Literal["single"] | None
    count: int | None
    on_progress: Callable[[Report], object] | None

    def __post_init__(self) -> None:
        check_rows(self.rows, or_async=True)
        self.tags, self.forms = _listed("tags", self.tags, or_name=" or a name"), _listed("forms", self.forms)
        check_flag("create_missing", self.create_missing)
        if self.fallback not in (None, "single"):
            raise ValueError(f"fallback: expected 'single' or None, got {self.fallback!r}")
        check_whole("parallel", self.parallel, 1)
        if not isinstance(self.checkpoint, str | os.PathLike | None):
            raise TypeError(f"checkpoint: expected the path of a file or None, got {self.checkpoint!r}")
        if self.count is not None:
            check_whole("count", self.count, 0, or_else=" or None")
        else:
            # A list of a client says in a TypeError how to count it.
            with contextlib.suppress(TypeError):
                self.count = len(self.rows)
        if self.on_progress is not None and not callable(self.on_progress):
            raise TypeError(f"on_progress: expected a function, got {self.on_progress!r}")


def check_rows(rows: object, *, or_async: bool = False) -> None:
    """Raise TypeError if something is no list of rows: a DataFrame is one of columns, and a dict is one row."""
    name, is_frame = type(rows).__name__, hasattr(rows, "to_dict") and hasattr(rows, "columns")
    # The lists of a client have both, and one of the two raises.
    is_sync, is_async = isinstance(rows, Iterable), isinstance(rows, AsyncIterable)
    if is_frame or not (is_sync or (is_async and or_async)) or isinstance(rows, str | bytes | os.PathLike | dict):
        hint = ": pass df.to_dict('records')" if is_frame else ", which AsyncKit takes" if is_async else ""
        raise TypeError(f"rows: expected an iterable of rows, got {name}{hint}")


def check_flag(name: str, value: object) -> None:
    """Raise TypeError unless a value is True or False: a text such as "no" would count as True."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {value!r}")


def _listed(name: str, given: Any, or_name: str = "") -> list[Any]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"{name}: expected a list, got {given!r}")
    listed = list(cast("Iterable[object]", given))
    for each in listed:
        if not or_name or not isinstance(each, str):
            check_whole(name, each, 1, or_else=f" as an id{or_name}")
        elif not each.strip():
            raise ValueError(f"{name}: a name is blank")
    return list(dict.fromkeys(listed))
