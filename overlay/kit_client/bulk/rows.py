"""Rows of any kind, read as people to import. No I/O."""

from __future__ import annotations

import contextlib
import datetime
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from typing import Any, TypeAlias, TypeGuard, cast, get_args

import httpx
import msgspec
from msgspec import Struct, field

from kit_api.models import SubscriberState
from kit_api.types import UNSET

ATTRIBUTES = ("email_address", "first_name", "state")
STATES: tuple[str, ...] = get_args(SubscriberState)
Columns: TypeAlias = Mapping[str, str | int] | Iterable[str] | None
"""The meaning of columns: see the argument `fields` of `Bulk.import_subscribers`."""

# Files begin with the one, and web pages paste the other.
_INVISIBLE = "\ufeff\u200b"


class Person(Struct, kw_only=True):
    """A row, read."""

    index: int
    row: Any
    address: str = ""
    first_name: str | None = None
    state: str | None = None
    values: dict[str | int, str] = field(default_factory=dict[str | int, str])
    """Values of custom fields, by what the caller or the row calls the field: its key, label or id."""
    problem: str | None = None
    """Why the row can't be sent."""

    def digest(self) -> bytes:
        """Return what tells this row from others, whatever its place."""
        known = (self.address, self.first_name, self.state, sorted(self.values.items(), key=repr))
        return blake2b(msgspec.msgpack.encode(known), digest_size=16).digest()


def same(address: object) -> str:
    """Return the form in which two ways to write one address are equal; empty if it is no text."""
    text = unicodedata.normalize("NFC", _stripped(address)).lower() if isinstance(address, str) else ""
    local, at, domain = text.rpartition("@")
    if not domain.isascii():
        # The form in which DNS has it, which the service may show instead.
        with contextlib.suppress(httpx.InvalidURL):
            domain = httpx.URL(scheme="https", host=domain).raw_host.decode()
    return local + at + domain


def _stripped(address: str) -> str:
    return address.strip().strip(_INVISIBLE).strip()


class Reader:
    """Reads rows.

    Args:
        fields: What further columns are, as of `Bulk.import_subscribers`.

    Raises:
        TypeError, ValueError: `fields` is no such mapping or list.
    """

    def __init__(self, fields: Columns) -> None:
        self._columns: dict[str, str | int] = {}
        """What each column is that is read."""
        self.named: dict[str | int, str] = {}
        """The custom fields of `fields`, each with its column."""
        columns: dict[object, str] = {}
        for column, target in _pairs(fields):
            if not isinstance(column, str) or not _is_ref(target):
                raise TypeError(f"fields: expected names of columns and of custom fields, got {column!r}: {target!r}")
            key = folded(target) if isinstance(target, str) else target
            if not key or (isinstance(key, int) and key < 1):
                raise ValueError(
                    f"fields: expected the key, label or id of a custom field for {column!r}, got {target!r}"
                )
            # A custom field may be called as an attribute is, in other letters.
            first = columns.setdefault((target in ATTRIBUTES, key), column)
            if column in self._columns or first != column:
                raise ValueError(f"fields: columns {first!r} and {column!r} are both {target!r}")
            self._columns[column] = target
            if target not in ATTRIBUTES:
                self.named[target] = column
        given = set(self._columns)
        self._wanted = {
            **self._columns,
            **{name: name for name in ATTRIBUTES if name not in self._columns.values() and name not in given},
        }
        self._has_fields = "fields" not in given

    def check_first(self, row: Any) -> None:
        """Raise TypeError if the rows are of no kind that can be read, and ValueError if they lack a column."""
        get = _getter(row)
        if get is None:
            hint = "; of a DataFrame, pass df.to_dict('records')" if isinstance(row, str) else ""
            raise TypeError(f"rows: expected mappings or objects with attributes, got {_shown(row)} as row 1{hint}")
        needed = [*self._columns, *(name for name, target in self._wanted.items() if target == "email_address")]
        columns = list(row.keys()) if hasattr(row, "keys") else dir(row)
        missing = [name for name in dict.fromkeys(needed) if name not in columns]
        if missing:
            there = f" It has {', '.join(map(repr, columns))}." if hasattr(row, "keys") else ""
            raise ValueError(
                f"rows: row 1 has no column {', '.join(map(repr, missing))}.{there}"
                " Say which column is what, such as fields={'E-mail': 'email_address'}"
            )

    def read(self, index: int, row: Any) -> Person:
        """Read a row. What is wrong with it is its `problem`."""
        person = Person(index=index, row=row)
        get = _getter(row)
        try:
            if get is None:
                raise ValueError(f"expected a mapping or an object with attributes, got {_shown(row)}")
            for column, target in self._wanted.items():
                value = _text(column, get(column))
                if target == "email_address":
                    person.address = _address(value, get(column))
                elif value is None:
                    pass
                elif target == "first_name":
                    person.first_name = value
                elif target == "state":
                    if value not in STATES:
                        raise ValueError(f"{column}: expected {', '.join(STATES)}, got {_shown(value)}")
                    person.state = value
                else:
                    person.values[target] = value
            if self._has_fields:
                # A column that the caller has named wins, as it comes last.
                person.values = {**_row_fields(get("fields")), **person.values}
        except ValueError as error:
            person.problem = str(error)
        return person


def folded(name: str) -> str:
    """Return the form in which two ways to write one name of a tag or custom field are equal."""
    return name.strip().casefold()


def _is_ref(value: object) -> TypeGuard[str | int]:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _pairs(fields: Any) -> Iterable[tuple[object, object]]:
    if fields is None:
        return ()
    if isinstance(fields, str | bytes) or not isinstance(fields, Iterable):
        raise TypeError(f"fields: expected a mapping or a list of columns, got {fields!r}")
    if isinstance(fields, Mapping):
        return cast("Mapping[object, object]", fields).items()
    return [(name, name) for name in cast("Iterable[object]", fields)]


def _getter(row: Any) -> Callable[[str], Any] | None:
    """Return what gives the value in a column, UNSET if there is none; or None if the row has no columns."""
    if isinstance(row, Mapping):
        mapping = cast("Mapping[str, Any]", row)
        return lambda name: mapping.get(name, UNSET)
    if isinstance(row, str | bytes | bytearray | int | float | list | set | None) or type(row) is tuple:
        return None
    if not hasattr(row, "keys"):
        return lambda name: getattr(row, name, UNSET)

    def get(name: str) -> Any:
        # Rows of sqlite3 and Series of pandas are no mappings.
        try:
            return row[name]
        except (KeyError, IndexError):
            return UNSET

    return get


def _address(text: str | None, given: object) -> str:
    address = _stripped(text or "")
    if not isinstance(given, str) or "@" not in address[1:-1]:
        raise ValueError(f"email_address: expected an address, got {_shown(given)}")
    return address


def _row_fields(given: Any) -> dict[str | int, str]:
    if _is_blank(given):
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(f"fields: expected a mapping from custom fields to values, got {_shown(given)}")
    found: dict[str | int, str] = {}
    for name, value in cast("Mapping[object, Any]", given).items():
        if not _is_ref(name):
            raise ValueError(f"fields: expected the key, label or id of a custom field, got {_shown(name)}")
        text = _text(f"fields.{name}", value)
        if text is not None:
            found[name] = text
    return found


def _is_blank(value: Any) -> bool:
    if value is None or value is UNSET or (isinstance(value, str) and not value.strip()):
        return True
    try:
        # NaN and NaT aren't equal to themselves.
        return bool(value != value)  # noqa: PLR0124
    except (TypeError, ArithmeticError):
        # pandas.NA has no truth value, and a signaling NaN can't be compared.
        return True
    except ValueError:
        # An array; it is refused later.
        return False


def _text(name: str, value: Any) -> str | None:
    """Return a value as text, None if it is blank."""
    if isinstance(value, Enum):
        value = value.value
    if _is_blank(value):
        return None
    if getattr(value, "shape", None) == ():
        # A scalar of numpy.
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        # A whole number, which a column with gaps made a float.
        value = int(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float | Decimal) and math.isinf(value):
        raise ValueError(f"{name}: expected a finite number, got {value!r}")
    if not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"{name}: expected text, a number or a date, got {_shown(value)}")
    text = str(value).strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name}: the text has half of a surrogate pair, which can't be sent") from None
    return text


def _shown(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text}" if len(text) <= 80 else f"{type(value).__name__} {text[:79]}…"
