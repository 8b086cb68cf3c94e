"""The values of a seed, held against what each must be. Everything here raises KitMockError with file and line."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import attrs
import msgspec
from jsonschema_rs import Draft202012Validator as Validator

from kit_mock.model import dates, timezones, values
from kit_mock.protocol.suggestions import did_you_mean
from kit_mock.seeds.node import Node
from kit_mock.state.schema import LARGEST_GIVEN_ID

_URI = Validator({"type": "string", "format": "uri"}, validate_formats=True)
_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)


@attrs.frozen(eq=False)
class Item:
    """An object of the seed, such as one tag, with values by name. Getters return None for a name that isn't there."""

    node: Node

    @classmethod
    def of(cls, node: Node, names: Collection[str]) -> Item:
        """The object that a node is. It can have these names and no others."""
        if not isinstance(node.value, dict):
            node.refuse("must be an object, with names and values")
        for name, value in node.value.items():
            if name not in names:
                hint = did_you_mean(name, names) or f": there are {', '.join(names)}"
                value.refuse(f"isn't known{hint}")
        return cls(node)

    def get(self, name: str) -> Node | None:
        """The node of that name; null counts as one."""
        found: Node | None = self.node.value.get(name)
        return found

    def required(self, name: str) -> Node:
        """The node of that name, which must be there."""
        found = self.get(name)
        if found is None:
            self.node.refuse(f"has no {name}")
        return found

    def items(self, name: str) -> list[Node]:
        """The nodes of a list; none if it isn't there."""
        found = self.get(name)
        return [] if found is None else as_list(found)

    def id(self) -> int | None:
        """The `id`, from 1."""
        found = self.get("id")
        return None if found is None else as_integer(found, 1, LARGEST_GIVEN_ID)

    def required_text(self, name: str) -> str:
        """A text that must be there, and not be blank."""
        return as_text(self.required(name))

    def text(self, name: str) -> str | None:
        """A text that isn't blank."""
        found = self.get(name)
        return None if found is None else as_text(found)

    def text_or_null(self, name: str) -> str | None:
        """A text that can be null or empty."""
        found = self.get(name)
        if found is None or found.value is None:
            return None
        return as_text(found, blank=True)

    def email_address(self, name: str) -> str | None:
        """An e-mail address."""
        found = self.get(name)
        if found is None:
            return None
        address = values.email_address(found.value)
        if address is None:
            found.refuse("is no valid e-mail address")
        return address

    def uri(self, name: str) -> str | None:
        """An absolute URI, without white space around it."""
        found = self.get(name)
        if found is None:
            return None
        uri = as_text(found, blank=True)
        if not _URI.is_valid(uri):
            found.refuse("is no valid URL")
        return uri

    def boolean(self, name: str) -> bool | None:
        """True or false."""
        found = self.get(name)
        if found is not None and not isinstance(found.value, bool):
            found.refuse("must be true or false")
        return None if found is None else bool(found.value)

    def choice(self, name: str, options: Collection[str]) -> str | None:
        """One of several texts."""
        found = self.get(name)
        return None if found is None else as_choice(found, options)

    def moment(self, name: str) -> int | None:
        """A moment in seconds since 1970, written as in the body of a request."""
        found = self.get(name)
        if found is None:
            return None
        moment = dates.of_timestamp(as_text(found, blank=True))
        if moment is None:
            found.refuse("must be a day, 2023-02-17, or a time, 2023-02-17T11:43:55Z")
        return moment

    def timezone(self, name: str) -> str | None:
        """The IANA name of a time zone."""
        found = self.get(name)
        if found is None:
            return None
        zone = as_text(found)
        if timezones.find(zone) is None:
            found.refuse("must be the IANA name of a time zone, such as America/New_York")
        return zone

    def number(self, name: str, least: float, most: float) -> float | None:
        """A number in that range."""
        found = self.get(name)
        if found is None or found.value is None:
            return None
        value: Any = found.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            found.refuse(f"must be a number from {least:g} to {most:g}")
        return value if isinstance(value, int) else float(value)

    def integer(self, name: str, least: int, most: int) -> int | None:
        """A whole number in that range."""
        found = self.get(name)
        return None if found is None or found.value is None else as_integer(found, least, most)

    def utc_offset(self, name: str) -> str | None:
        """The distance from UTC as a text such as `-05:00`, from such a text or from minutes.

        YAML reads `-05:00` without quotes as a number in base 60, which is just that.
        """
        found = self.get(name)
        if found is None:
            return None
        match = _OFFSET.fullmatch(found.value) if isinstance(found.value, str) else None
        if match is None and not isinstance(found.value, int):
            found.refuse("must be a time ahead of UTC, such as -05:00")
        minutes = int(f"{match[1]}{int(match[2]) * 60 + int(match[3])}") if match else as_integer(found, -1439, 1439)
        if abs(minutes) >= 24 * 60:
            found.refuse("must be less than a day")
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def as_json(value: Any) -> str:
    """The value as it is stored in a column of JSON."""
    return msgspec.json.encode(value).decode()


def as_list(node: Node) -> list[Node]:
    """The nodes of a list."""
    if not isinstance(node.value, list):
        node.refuse("must be a list")
    return list(node.value)


def as_choice(node: Node, options: Collection[str]) -> str:
    """One of several texts."""
    if not isinstance(node.value, str) or node.value not in options:
        node.refuse(f"must be one of {', '.join(options)}")
    return node.value


def as_text(node: Node, *, blank: bool = False) -> str:
    """A text without white space around it, which can't be blank unless told so."""
    value: Any = node.value
    if not isinstance(value, str):
        node.refuse("must be a text" if value is None or isinstance(value, dict | list) else "must be a text: quote it")
    if not blank and not value.strip():
        node.refuse("can't be blank")
    try:
        value.encode()
    except UnicodeEncodeError:
        node.refuse("has half of a surrogate pair, which is no character")
    return str(value) if blank else str(value).strip()


def as_integer(node: Node, least: int, most: int) -> int:
    """A whole number in that range."""
    value = values.whole_number(node.value)
    if value is None or not least <= value <= most:
        node.refuse(f"must be a whole number from {least} to {most}")
    return value
