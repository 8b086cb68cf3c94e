"""What can be exported: every list of the generated resource classes, its filters, and what its items hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import Any, get_args

import kit_api.models
from kit_api.api import Resources
from kit_api.encoding import model_fields
from kit_api.errors import printable
from kit_api.types import Model, Pager, lazy_property
from kit_client import Kit

from .status import MisuseError

_PAGING = {"after", "before", "per_page", "include_total_count", "limit"}


@dataclass(frozen=True)
class Listing:
    """A list of the API."""

    what: str
    """What it holds, such as `subscribers`."""
    owner: str | None
    """What these belong to, such as `tag`, which an id names; None for the list of all."""
    resource: str
    method: str
    item: str
    """The name of the model of an item."""
    filters: Mapping[str, str]
    """The types of its parameters by name, as the generated code writes them."""

    @property
    def name(self) -> str:
        """What the list is called in messages."""
        return self.what if self.owner is None else f"{self.what} of a {self.owner}"

    def open(self, kit: Kit, owner: int | None, arguments: Mapping[str, Any]) -> Pager[Any]:
        """Return the list, to iterate over."""
        function: Callable[..., Pager[Any]] = getattr(getattr(kit, self.resource), self.method)
        return function(*(() if owner is None else (owner,)), **arguments)

    @property
    def model(self) -> type[Model]:
        found: type[Model] = getattr(kit_api.models, self.item)
        return found


@cache
def listings() -> tuple[Listing, ...]:
    """Return all lists that are walked page by page, in the order of their names."""
    return tuple(sorted(_all(), key=lambda each: (each.what, each.owner or "")))


def _all() -> Iterator[Listing]:
    for resource in [name for name, value in vars(Resources).items() if isinstance(value, lazy_property)]:
        module = import_module(f"kit_api.api.{resource}")
        name = "".join(word.capitalize() for word in resource.split("_"))
        found: type = getattr(module, f"{name}Resource")
        methods: dict[str, Any] = dict(vars(found))
        for method, function in methods.items():
            if isinstance(function, FunctionType) and (made := _listing(resource, method, function)) is not None:
                yield made


def _listing(resource: str, method: str, function: FunctionType) -> Listing | None:
    found = re.fullmatch(r"Pager\[(\w+)\]", function.__annotations__["return"])
    options = function.__kwdefaults__ or {}
    hints = {name: hint for name, hint in function.__annotations__.items() if name not in _PAGING | {"return"}}
    owners = [name.removesuffix("_id") for name in hints if name not in options]
    if found is None or len(owners) > 1:
        return None
    return Listing(
        what=resource if method == "list" else method.removeprefix("list_"),
        owner=owners[0] if owners else None,
        resource=resource,
        method=method,
        item=found[1],
        filters={name: hint for name, hint in hints.items() if name in options},
    )


def with_names(owner: str) -> Listing | None:
    """Return the list of all tags, forms or sequences, or None for what has no name."""
    every = next((each for each in listings() if each.what == f"{owner}s" and each.owner is None), None)
    return every if every is not None and "name" in model_fields(every.model) else None


def is_switch(parameter: str) -> bool:
    """Return whether a filter is a switch: it has no value."""
    return _is("bool", parameter)


def is_moment(parameter: str) -> bool:
    """Return whether a filter is a day or a moment."""
    return _is("moment", parameter)


def _is(kind: str, parameter: str) -> bool:
    return all(_kind(each, parameter) == kind for each in listings() if parameter in each.filters)


def choices(listing: Listing, parameter: str) -> tuple[str, ...]:
    """Return the values that a filter may have, or nothing if it may have any."""
    return get_args(getattr(kit_api.models, _kind(listing, parameter), None))


def read_filter(listing: Listing, parameter: str, given: str | bool) -> Any:
    """Return the value of a filter as the operation takes it.

    Raises:
        MisuseError: It can't be one.
    """
    if isinstance(given, bool):
        return given
    flag = f"--{parameter.replace('_', '-')}"
    if not given.strip():
        # The service takes a blank filter for none at all, and would answer with everything.
        raise MisuseError(f"{flag}: expected a value, got an empty one")
    kind, known = _kind(listing, parameter), choices(listing, parameter)
    if kind == "moment":
        return read_moment(flag, given)
    values = [value.strip() for value in given.split(",")] if listing.filters[parameter].startswith("abc.") else [given]
    for value in values:
        if known and value not in known:
            raise MisuseError(f"{flag}: expected {', '.join(known)} for {listing.name}, got {printable(repr(value))}")
    return values if listing.filters[parameter].startswith("abc.") else given


def read_moment(flag: str, given: str) -> date | datetime:
    """Return a day, or a moment with its time zone.

    Raises:
        MisuseError: It is none.
    """
    text = given.strip()
    try:
        found: date | datetime = date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError:
        raise MisuseError(
            f"{flag}: expected a day such as 2026-01-31 or a moment such as 2026-01-31T08:00:00Z, got {printable(repr(given))}"
        ) from None
    if isinstance(found, datetime) and found.tzinfo is None:
        raise MisuseError(
            f"{flag}: expected a moment with a time zone, such as {found.replace(tzinfo=UTC).isoformat().removesuffix('+00:00')}Z"
        )
    return found


def _kind(listing: Listing, parameter: str) -> str:
    """Return the type of a filter: `moment`, `bool`, `str`, or the name of an enumeration."""
    hint = listing.filters[parameter]
    if "datetime" in hint:
        return "moment"
    found = re.match(r"(?:abc\.Sequence\[)?(\w+)", hint)
    return found[1] if found else "str"
