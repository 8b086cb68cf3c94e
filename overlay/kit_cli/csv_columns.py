"""What the columns of a CSV file are to Kit: by what the user says, by their headers, and by the account's custom fields."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from kit_api.errors import printable

from .csv_rows import Record, Table, is_address
from .formulas import unguarded
from .naming import did_you_mean, plain
from .status import CommandError, MisuseError

ADDRESS, FIRST_NAME, STATE = "email_address", "first_name", "state"

# Headers in lower case, of letters and digits alone. `Name` may be a whole name, and `State` one of the USA, so that these
# aren't among them.
_ALIASES = {
    ADDRESS: "email emailaddress emailaddr emailid mail mailaddress primaryemail subscriberemail useremail contactemail"
    " email1value emailadresse mailadresse adresseemail adressemail courriel correo correoelectronico",
    FIRST_NAME: "firstname fname givenname forename subscriberfirstname vorname prénom prenom",
}
_ATTRIBUTES = {alias: attribute for attribute, aliases in _ALIASES.items() for alias in aliases.split()}


@dataclass(frozen=True)
class CustomField:
    """A custom field of the account, or one that is to be created: that one has no key and no id."""

    label: str
    key: str | None = None
    id: int | None = None
    is_ambiguous: bool = False
    """Whether its label also is the key of another one, or an attribute of subscribers."""

    @property
    def reference(self) -> str | int:
        """What `import_subscribers` finds it by: the same before and after it is created, as checkpoints need it."""
        return self.id if self.id is not None and self.is_ambiguous else self.label

    def __str__(self) -> str:
        return f"fields.{self.key}" if self.key else self.label


def custom_fields(labels: Iterable[tuple[int, str, str]]) -> list[CustomField]:
    """Return custom fields by their ids, keys and labels."""
    every = list(labels)
    names = Counter(
        [ADDRESS, FIRST_NAME, STATE, *(name for _, key, label in every for name in {key, label.casefold()})]
    )
    return [CustomField(label, key, number, names[label.casefold()] > 1) for number, key, label in every]


Target = str | CustomField


@dataclass(frozen=True)
class Columns:
    """The columns of a file."""

    names: list[str]
    """By their headers; by their numbers where there is none."""
    has_header: bool
    targets: dict[int, Target]
    """What is imported: by index of the column."""

    def problem(self, record: Record) -> str | None:
        """Return why a row can't be imported, or None if it seems that it can."""
        if record.problem is not None:
            return record.problem
        if any(record.cells[len(self.names) :]):
            return f"has {len(record.cells)} cells, where the first row has {len(self.names)}"
        for index in self.targets:
            cell = record.cells[index] if index < len(record.cells) else ""
            if "\0" in cell or "\ufffd" in cell:
                return f"{self.names[index]}: has a character that can't be read"
        return None

    def values(self, record: Record) -> dict[str, str]:
        """Return the values of a row, for `import_subscribers` with the argument `fields`."""
        filled = record.cells + [""] * (len(self.names) - len(record.cells))
        return {self._name(index): unguarded(filled[index]) for index in self.targets}

    @property
    def fields(self) -> dict[str, str | int]:
        """The argument `fields` of `import_subscribers`."""
        custom = {self._name(index): each for index, each in self.targets.items() if isinstance(each, CustomField)}
        return {name: each.reference for name, each in custom.items()}

    @property
    def missing(self) -> list[CustomField]:
        """The custom fields that don't exist yet."""
        return [each for each in self.targets.values() if isinstance(each, CustomField) and each.id is None]

    @property
    def ignored(self) -> list[str]:
        """The names of the columns that aren't imported."""
        return [name for index, name in enumerate(self.names) if index not in self.targets]

    def _name(self, index: int) -> str:
        target = self.targets[index]
        # Not by the header: one that is called `state` would be read as that of the subscriber.
        return target if isinstance(target, str) else f"column {index + 1}"


def names_address(cell: str) -> bool:
    """Return whether a header means the e-mail address."""
    return _ATTRIBUTES.get(plain(cell)) == ADDRESS


def columns_of(table: Table, chosen: Mapping[str, str], account_fields: Iterable[CustomField]) -> Columns:
    """Find out what the columns of a file are.

    Args:
        table: The file.
        chosen: By the name or number of a column: the attribute or custom field that it is, or nothing if it isn't to be
            imported.
        account_fields: The custom fields of the account.

    Raises:
        CommandError: The file is empty, has no column of addresses, or several columns for one thing.
        MisuseError: A column that is chosen isn't there.
    """
    start = list(islice(table.records(), 2))
    if not start:
        raise CommandError("the file is empty")
    first = start[0]
    if first.problem is not None:
        raise CommandError(f"line {first.line}, the header: {first.problem}")
    has_header = not any(map(is_address, first.cells))
    names = [(has_header and cell) or str(number) for number, cell in enumerate(first.cells, 1)]
    known = _Known(account_fields)
    by_user = {_index(column, names): known.find(target) if target else None for column, target in chosen.items()}
    targets: dict[int, Target] = {index: target for index, target in by_user.items() if target is not None}
    if has_header:
        for index, name in enumerate(names):
            target = known.guess(name) if first.cells[index] and index not in by_user else None
            if target is not None and target not in by_user.values():
                targets[index] = target
    elif ADDRESS not in targets.values():
        targets[next(index for index, cell in enumerate(first.cells) if is_address(cell))] = ADDRESS
    columns = Columns(names, has_header, dict(sorted(targets.items())))
    _check(columns)
    if ADDRESS not in targets.values():
        raise _missing_address(names, start[-1].cells)
    return columns


class _Known:
    """The attributes of a subscriber and the custom fields of the account, to be found by what people call them."""

    def __init__(self, account_fields: Iterable[CustomField]) -> None:
        self._exact: dict[str, CustomField] = {}
        self._alike: dict[str, set[CustomField]] = {}
        fields = list(account_fields)
        # A key is unique, and wins over the label of another field.
        for name, each in [
            *((each.label, each) for each in fields),
            *((each.key or each.label, each) for each in fields),
        ]:
            self._exact[name.casefold()] = each
            self._alike.setdefault(plain(name), set()).add(each)

    def guess(self, header: str) -> Target | None:
        return _ATTRIBUTES.get(plain(header)) or self._field(header)

    def find(self, name: str) -> Target:
        if name in (ADDRESS, FIRST_NAME, STATE):
            return name
        return self._field(name) or _ATTRIBUTES.get(plain(name)) or CustomField(name.removeprefix("fields."))

    def _field(self, name: str) -> CustomField | None:
        name = name.removeprefix("fields.")
        alike = self._alike.get(plain(name), set())
        return self._exact.get(name.casefold()) or (next(iter(alike)) if len(alike) == 1 else None)


def _index(column: str, names: Sequence[str]) -> int:
    found = [index for index, name in enumerate(names) if name == column]
    found = found or [index for index, name in enumerate(names) if name.casefold() == column.casefold()]
    if len(found) > 1:
        numbers = " and ".join(str(index + 1) for index in found)
        raise MisuseError(f"--map: columns {numbers} are both called {printable(repr(column))}; name one by its number")
    if not found and column.isascii() and column.isdecimal() and 0 < int(column) <= len(names):
        return int(column) - 1
    if not found:
        raise MisuseError(
            f"--map: there is no column {printable(repr(column))}{did_you_mean(column, names)}{_shown(names)}"
        )
    return found[0]


def _check(columns: Columns) -> None:
    names, targets = columns.names, columns.targets
    for index, target in targets.items():
        same = [other for other in targets if targets[other] == target and other != index]
        if same:
            name = printable(str(target))
            raise CommandError(
                f"columns {index + 1} ({printable(names[index])}) and {same[0] + 1} ({printable(names[same[0]])}) would"
                f" both be {name}: choose one with --map {index + 1}={name}"
            )


def _missing_address(names: Sequence[str], example: Sequence[str]) -> CommandError:
    # By what stands below the header, or else by what the header is like.
    by_plain = {plain(name): name for name in names}
    meant = [name for name, cell in zip(names, example, strict=False) if is_address(cell)] or [
        by_plain[close]
        for alias in ("email", "emailaddress")
        for close in difflib.get_close_matches(alias, by_plain, 1)
    ]
    hint = (
        f"; did you mean {printable(repr(meant[0]))}? Then add --map '{printable(meant[0])}={ADDRESS}'" if meant else ""
    )
    return CommandError(f"no column is called as one of e-mail addresses{hint}{_shown(names)}")


def _shown(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name, 40) for name in names[:20])
    return f" (the columns are {shown}{', …' if len(names) > 20 else ''})"
