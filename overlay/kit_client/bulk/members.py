"""The lists of subscribers that can be exported, and what narrows them."""

from __future__ import annotations

import datetime
import hashlib
import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any, TypedDict

from msgspec import Struct

from kit_api.encoding import comma_list, path_value, query
from kit_api.models import SubscriberInclude, SubscriberStatusFilter
from kit_api.types import ListModule

Moment = datetime.date | datetime.datetime


class Filters(TypedDict, total=False):
    """The filters of an export, which are those of the list operations. None counts as left out."""

    status: SubscriberStatusFilter | None
    """Only subscribers in this state; `active` if not given, `all` for every state."""
    created_after: Moment | None
    """Only subscribers who were created after this day or time."""
    created_before: Moment | None
    """Only subscribers who were created before this day or time."""
    updated_after: Moment | None
    """Only subscribers who were last changed after this day or time; not with an id."""
    updated_before: Moment | None
    """Only subscribers who were last changed before this day or time; not with an id."""
    tagged_after: Moment | None
    """Only subscribers who were tagged after this day or time; only with `tag_id`."""
    tagged_before: Moment | None
    """Only subscribers who were tagged before this day or time; only with `tag_id`."""
    added_after: Moment | None
    """Only subscribers who were added after this day or time; only with `form_id` or `sequence_id`."""
    added_before: Moment | None
    """Only subscribers who were added before this day or time; only with `form_id` or `sequence_id`."""
    include: Sequence[SubscriberInclude] | None
    """Further fields of each subscriber; not with an id."""
    slim: bool | None
    """Whether to leave out `fields` of each subscriber; not with `sequence_id`."""


class Members(Struct, frozen=True):
    """A list of subscribers: a list operation with its arguments, but those that say which page."""

    operation: ListModule[..., Any]
    owner: tuple[int, ...]
    """The id in the path, if there is one."""
    filters: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """What tells this list from others, in cursors."""
        sent = query(**{**self.filters, "include": comma_list("include", self.filters.get("include"))})
        text = repr((_name(self.operation), self.owner, sorted(sent.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def members(tag_id: int | None, form_id: int | None, sequence_id: int | None, filters: Filters) -> Members:
    """Return the list that is meant.

    Raises:
        ValueError: More than one of the ids is given, one isn't positive, or a datetime has no time zone.
        TypeError: An id is no int, a value can't be sent, or the list has no such filter.
    """
    owners = {"tag_id": tag_id, "form_id": form_id, "sequence_id": sequence_id}
    given = {name: value for name, value in owners.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"{', '.join(given)}: give one of them only")
    for name, value in given.items():
        path_value(name, value)
    operation = _operation(next(iter(given), None))
    narrowed = {name: value for name, value in filters.items() if value is not None}
    known = set(inspect.signature(operation.sync_page).parameters) & Filters.__annotations__.keys()
    for name in narrowed:
        if name not in known:
            raise TypeError(f"{name}: {_name(operation)} has no such filter; it has {', '.join(sorted(known))}")
    found = Members(operation, tuple(given.values()), narrowed)
    for name in ("created_after", "created_before"):
        _check_moment(name, narrowed.get(name))
    found.fingerprint  # noqa: B018  # it raises for what can't be sent
    return found


def _operation(owner: str | None) -> ListModule[..., Any]:
    if owner == "tag_id":
        from kit_api.api.tags import list_tag_subscribers

        return list_tag_subscribers
    if owner == "form_id":
        from kit_api.api.forms import list_form_subscribers

        return list_form_subscribers
    if owner == "sequence_id":
        from kit_api.api.sequences import list_sequence_subscribers

        return list_sequence_subscribers
    from kit_api.api.subscribers import list_subscribers

    return list_subscribers


def _name(operation: ListModule[..., Any]) -> str:
    return operation.__name__.rpartition(".")[2] if isinstance(operation, ModuleType) else repr(operation)


def _check_moment(name: str, value: object) -> None:
    # It bounds the windows, so that the service's own reading of a text is no help.
    if value is not None and not isinstance(value, datetime.date):
        raise TypeError(f"{name}: expected a date or a datetime with a time zone, got {value!r}")
