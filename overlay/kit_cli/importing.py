"""What `kit-client import` is about to do: the file, its columns, and the tags and forms, checked before anything is sent."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kit_api.errors import printable
from kit_client import Kit

from .csv_columns import Columns, CustomField, custom_fields
from .csv_rows import Record, Table
from .naming import did_you_mean
from .status import CommandError


class Row(dict[str, str]):
    """The values of a row, as `import_subscribers` takes them, and where they stand in the file."""

    def __init__(self, values: Mapping[str, str], record: Record) -> None:
        super().__init__(values)
        self.record = record


@dataclass
class Rows:
    """The rows of a file, to be read lazily and as often as need be."""

    table: Table
    columns: Columns
    report: Callable[[Record, str], object] = lambda _record, _problem: None
    """Called with each row that can't be read, and why."""
    unreadable: int = 0
    """How many there were when the rows were read last."""
    _lines: array[int] = field(default_factory=lambda: array("L"))

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows that can be read."""
        self.unreadable = 0
        del self._lines[:]
        records = self.table.records()
        if self.columns.has_header:
            next(records, None)
        for record in records:
            problem = self.columns.problem(record)
            if problem is None:
                self._lines.append(record.line)
                yield Row(self.columns.values(record), record)
            else:
                self.unreadable += 1
                self.report(record, problem)

    def line(self, index: int) -> int:
        """Return the line of a row that was yielded, by its number from 1."""
        return self._lines[index - 1]


class Account:
    """The tags, forms and custom fields of the account, each read when it is needed first."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    @cached_property
    def tags(self) -> dict[int, str]:
        """Names by ids. Route: `GET /v4/tags`."""
        return {tag.id: str(tag.name) for tag in self._kit.tags.list()}

    @cached_property
    def forms(self) -> dict[int, str]:
        """Names by ids. Route: `GET /v4/forms`."""
        return {form.id: str(form.name) for form in self._kit.forms.list(status="all")}

    @cached_property
    def custom_fields(self) -> list[CustomField]:
        """The custom fields. Route: `GET /v4/custom_fields`."""
        return custom_fields((each.id, each.key, str(each.label)) for each in self._kit.custom_fields.list())


@dataclass(frozen=True)
class Wanted:
    """The tags and forms that all rows get, and what doesn't exist yet."""

    tags: list[str | int]
    """As they were called: by name or by id."""
    forms: list[int]
    new: list[str]
    """The tags and custom fields that are to be created, in words."""


def wanted(account: Account, tags: Sequence[str], forms: Sequence[int], columns: Columns, *, create: bool) -> Wanted:
    """Look up tags, forms and custom fields.

    Args:
        account: The account.
        tags: Names, or ids.
        forms: Ids.
        columns: The columns, for the custom fields among them.
        create: Whether tags and custom fields that don't exist are to be created.

    Raises:
        CommandError: Something doesn't exist, and isn't to be created.
        KitError: A request failed.
    """
    for form in forms:
        if form not in account.forms:
            known = ", ".join(f"{number} ({printable(name, 40)})" for number, name in [*account.forms.items()][:20])
            raise CommandError(f"there is no form {form}; there are {known or 'none'}")
    by_id = {str(number) for number in account.tags} if tags else set[str]()
    named = {name.strip().casefold() for name in account.tags.values()} if tags else set[str]()
    # Names stay names: a checkpoint knows an import by them, also if its first run created the tag.
    found = [int(tag) if tag in by_id and tag.casefold() not in named else tag for tag in tags]
    missing = {
        f"tag {printable(repr(tag))}": did_you_mean(tag, account.tags.values())
        for tag in found
        if isinstance(tag, str) and tag.casefold() not in named
    }
    labels = [each.label for each in account.custom_fields]
    missing |= {
        f"custom field {printable(repr(each.label))}": did_you_mean(each.label, labels) for each in columns.missing
    }
    if missing and not create:
        told = "; ".join(f"there is no {what}{hint}" for what, hint in missing.items())
        raise CommandError(f"{told}; --create-missing creates what isn't there")
    return Wanted(list(dict.fromkeys(found)), list(dict.fromkeys(forms)), list(missing))
