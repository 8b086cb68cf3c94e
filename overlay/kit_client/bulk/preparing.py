"""What an import looks up, and creates, before the rows that need it are sent. No I/O: it yields calls."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any

from kit_client.walk import Walk

from .answers import id_of, made_id, text_of
from .kinds import Call
from .rows import Person, Reader, folded

Steps = Generator[Call, Any, None]


class Account:
    """The tags and custom fields of the account, as far as an import needs them.

    Args:
        tags: Names and ids.
        reader: Knows the custom fields that are named.
        create_missing: Whether to create what doesn't exist.
        needs_keys: Whether the keys of custom fields are needed, beside their ids.
    """

    def __init__(self, tags: Iterable[str | int], reader: Reader, *, create_missing: bool, needs_keys: bool) -> None:
        self._wanted = list(tags)
        self._named = reader.named
        self._create_missing, self._needs_keys = create_missing, needs_keys
        self._is_first, self._is_listed = True, False
        self.tags: list[int] = []
        self.keys: dict[int, str] = {}
        """The key of each custom field, by its id."""
        self._fields: dict[str, int] = {}

    def look_up(self, people: Iterable[Person]) -> Steps:
        """Look up what the next rows need.

        Raises:
            ValueError: A tag or custom field doesn't exist, and is not to be created.
        """
        if self._is_first:
            yield from self._look_up_tags()
        if not self._is_listed:
            refs = [*self._named, *(ref for person in people for ref in person.values)]
            if any(self._needs_keys or isinstance(ref, str) for ref in refs):
                yield from self._look_up_fields()
        self._is_first = False

    def values(self, person: Person) -> dict[int, str]:
        """Return a person's values of custom fields, by the ids of the fields.

        Raises:
            ValueError: The account has no such field, or the row has two values for one.
        """
        ids = {ref: self._field(ref) for ref in person.values}
        unknown = [repr(ref) for ref, id_ in ids.items() if id_ is None]
        if unknown:
            raise ValueError(f"fields: the account has no custom field {', '.join(unknown)}")
        found: dict[int, str] = {}
        # Columns that the caller has named come last, and win.
        for ref, id_ in sorted(ids.items(), key=lambda each: each[0] in self._named):
            value = person.values[ref]
            if id_ is None or (ref not in self._named and found.get(id_, value) != value):
                raise ValueError(f"fields: {ref!r} is a custom field that the row has another value for")
            found[id_] = value
        return found

    def _field(self, ref: str | int) -> int | None:
        """Return the id of a custom field by its key, label or id; None if the account has no such field."""
        if isinstance(ref, str):
            return self._fields.get(ref) or self._fields.get(folded(ref))
        return ref if ref in self.keys or (ref > 0 and not self._needs_keys) else None

    def _look_up_tags(self) -> Steps:
        from kit_api.api.tags import create_tag, list_tags

        ids: dict[str, int] = {}
        if any(isinstance(tag, str) for tag in self._wanted):
            ids = {folded(name): id_ for name, id_ in _ids_by("name", (yield from _all(list_tags)))}
        names: dict[str, str] = {}
        for tag in self._wanted:
            if isinstance(tag, str):
                # Of several spellings the first one counts.
                names.setdefault(folded(tag), tag)
        for name in self._missing("tags", "tag", [tag for key, tag in names.items() if key not in ids]):
            answer = yield Call(create_tag, arguments={"body": {"name": name.strip()}})
            ids[folded(name)] = made_id("create_tag", answer.tag)
        found = (tag if isinstance(tag, int) else ids[folded(tag)] for tag in self._wanted)
        self.tags = list(dict.fromkeys(found))

    def _look_up_fields(self) -> Steps:
        from kit_api.api.custom_fields import create_custom_field, list_custom_fields

        self._is_listed = True
        self._keep((yield from _all(list_custom_fields)))
        columns: dict[int, str] = {}
        for ref, column in self._named.items():
            id_ = self._field(ref)
            if id_ is not None and columns.setdefault(id_, column) != column:
                raise ValueError(
                    f"fields: columns {columns[id_]!r} and {column!r} are one custom field, {ref!r}; no row was sent"
                )
        missing = [ref for ref in self._named if self._field(ref) is None]
        for label in self._missing("fields", "custom field", missing):
            answer = yield Call(create_custom_field, arguments={"body": {"label": label.strip()}})
            self._fields[folded(label)] = made_id("create_custom_field", answer.custom_field)
            self._keep([answer.custom_field])

    def _keep(self, custom_fields: list[Any]) -> None:
        self._fields.update((folded(label), id_) for label, id_ in _ids_by("label", custom_fields))
        # A key stands for its own field, also where another one has it as its label.
        keys = dict(_ids_by("key", custom_fields))
        self._fields.update(keys)
        self.keys.update((id_, key) for key, id_ in keys.items())

    def _missing(self, argument: str, what: str, refs: list[str | int]) -> list[str]:
        names = [ref for ref in refs if isinstance(ref, str)]
        if refs and (not self._create_missing or len(names) < len(refs)):
            raise ValueError(
                f"{argument}: the account has no {what} {', '.join(map(repr, refs))}; no row was sent."
                " create_missing=True creates what is named and missing"
            )
        return names


def _ids_by(name: str, parts: list[Any]) -> Iterator[tuple[str, int]]:
    """Yield the texts under a name, each with its id, of all that have both."""
    for part in parts:
        text, id_ = text_of(part, name), id_of(part)
        if text and id_ is not None:
            yield text, id_


def _all(module: Any) -> Generator[Call, Any, list[Any]]:
    """Walk a whole list."""
    items: list[Any] = []
    walk = Walk[Any]({"per_page": 1000}, None)
    while not walk.done:
        items += walk.take((yield Call(module, arguments=walk.arguments, is_page=True))).items
    walk.finish()
    return items
