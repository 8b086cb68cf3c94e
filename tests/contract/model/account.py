"""The expected state of an account and its lists, for the things that a run has made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

import attrs

Kind = Literal["tag", "custom_field", "subscriber", "broadcast", "purchase", "webhook"]
Row = dict[str, Any]

KINDS: tuple[Kind, ...] = ("tag", "custom_field", "subscriber", "broadcast", "purchase", "webhook")
STAMPS: Mapping[str, str] = {"tag": "tagged_at", "form": "added_at", "sequence": "added_at"}
READ_ALONE: tuple[Kind, ...] = ("subscriber", "broadcast", "purchase")
"""The kinds that have an operation for one thing."""


@attrs.frozen
class Listed:
    """A list operation: the kind of its rows, and the kind of what the list belongs to, if it belongs to something."""

    operation: str
    kind: Kind
    owner: str | None = None


LISTS: Mapping[str, Listed] = {
    each.operation: each
    for each in (
        *(Listed(f"list_{kind}s", kind) for kind in KINDS),
        *(Listed(f"list_{owner}_subscribers", "subscriber", owner) for owner in STAMPS),
        Listed("list_subscriber_tags", "tag", "subscriber"),
    )
}


@attrs.define
class Hook:
    """A webhook: its event by the name in answers, what that is about, where it goes, and what it must be told.

    Each thing that it must be told is the id of a subscriber, purchase or field.
    """

    event: str
    subject: int | None
    url: str
    told: list[int] = attrs.field(factory=list)
    is_deleted: bool = False


@attrs.define
class Account:
    """What a run has made. Rows are as the API shows them, but for what follows from other things."""

    rows: dict[Kind, dict[int, Row]] = attrs.field(factory=lambda: {kind: {} for kind in KINDS})
    deleted: dict[Kind, set[int]] = attrs.field(factory=lambda: {kind: set() for kind in KINDS})
    values: dict[int, dict[int, str]] = attrs.field(factory=dict)
    """The values of custom fields: by subscriber, then by field."""
    members: dict[tuple[str, int], dict[int, Row]] = attrs.field(factory=dict)
    """Who is in a tag, form or sequence: by that, then by subscriber, with what the membership shows."""
    changed: dict[int, datetime] = attrs.field(factory=dict)
    """When a subscriber was last changed, if the time of the server is known."""
    cancelled: dict[int, datetime] = attrs.field(factory=dict)
    hooks: dict[int, Hook] = attrs.field(factory=dict)

    # -------------------- Things

    def add(self, kind: Kind, row: Row) -> int:
        """Add a new thing, and return its id."""
        id_: int = row["id"]
        self.rows[kind][id_] = row
        if kind == "subscriber":
            self.values[id_] = {}
        return id_

    def drop(self, kind: Kind, id_: int) -> None:
        """Delete a thing, and all that depends on it."""
        del self.rows[kind][id_]
        self.deleted[kind].add(id_)
        if kind == "custom_field":
            for values in self.values.values():
                values.pop(id_, None)
        if kind == "tag":
            self.members.pop(("tag", id_), None)
        if kind == "webhook":
            self.hooks[id_].is_deleted = True

    def ids(self, kind: Kind) -> list[int]:
        """Return the ids of all things of a kind, in the order in which they were made."""
        return sorted(self.rows[kind])

    def named(self, kind: Kind, name: str) -> Row | None:
        """Return the tag or field of that name, in any case."""
        label = "name" if kind == "tag" else "label"
        return self._found(kind, label, name.strip())

    def person(self, address: str) -> Row | None:
        """Return the subscriber with that address, in any case."""
        return self._found("subscriber", "email_address", address)

    def _found(self, kind: Kind, name: str, text: str) -> Row | None:
        return next((row for row in self.rows[kind].values() if row[name].casefold() == text.casefold()), None)

    def shown(self, kind: Kind, id_: int) -> Row:
        """Return a thing as the API must show it."""
        row = self.rows[kind][id_]
        if kind == "subscriber":
            values = self.values[id_]
            return row | {"fields": {each["key"]: values.get(key) for key, each in self.rows["custom_field"].items()}}
        return row

    def in_(self, owner: str, id_: int) -> dict[int, Row]:
        """Return who is in a tag, form or sequence."""
        return self.members.setdefault((owner, id_), {})

    def active_in(self, owner: str, id_: int) -> int:
        """Return how many active subscribers are in a tag, form or sequence."""
        return sum(self.rows["subscriber"][member]["state"] == "active" for member in self.in_(owner, id_))

    def tags_of(self, subscriber: int) -> list[int]:
        """Return the ids of a subscriber's tags."""
        return [id_ for (owner, id_), members in self.members.items() if owner == "tag" and subscriber in members]

    # -------------------- Events

    def happened(self, event: str, id_: int, subject: int | None = None) -> None:
        """Expect a delivery to each of the run's webhooks for an event."""
        for hook in self.hooks.values():
            if not hook.is_deleted and (hook.event, hook.subject) == (event, subject):
                hook.told.append(id_)

    # -------------------- Lists

    def listing(self, listed: Listed, owner: int | None, query: Mapping[str, Any]) -> list[Row]:
        """Return the rows that a list must show of what the run has made, with the filters and the order of a query."""
        rows = [row for row in self._all(listed, owner) if self._keeps(listed, row, query)]
        rows = sorted(rows, key=self._sort_key(query), reverse=query.get("sort_order", "desc") == "desc")
        return [self._with(row, listed, query) for row in rows]

    def _all(self, listed: Listed, owner: int | None) -> Iterator[Row]:
        if listed.owner is None:
            for id_ in self.rows[listed.kind]:
                yield self.shown(listed.kind, id_)
        elif listed.owner == "subscriber":
            for id_ in self.tags_of(owner or 0):
                stamp = self.in_("tag", id_)[owner or 0]["tagged_at"]
                yield {"id": id_, "name": self.rows["tag"][id_]["name"], "tagged_at": stamp}
        else:
            for id_, shown in self.in_(listed.owner, owner or 0).items():
                yield self.shown("subscriber", id_) | shown

    def _keeps(self, listed: Listed, row: Row, query: Mapping[str, Any]) -> bool:
        if listed.kind == "subscriber":
            status = query.get("status", "active")
            if status not in ("all", row["state"]):
                return False
        elif "status" in query and query["status"] != row.get("status", "draft"):
            return False
        wanted = query.get("email_address")
        if wanted is not None and row["email_address"].casefold() not in wanted.casefold().split(","):
            return False
        if str(query.get("sort_field")).startswith("cancel") and row["id"] not in self.cancelled:
            return False
        return all(self._keeps_date(row, name, value) for name, value in query.items())

    def _keeps_date(self, row: Row, name: str, limit: Any) -> bool:
        what, _, relation = name.rpartition("_")
        if relation not in ("after", "before") or not what:
            return True
        moment = self._moment(row, what)
        is_later: Callable[[datetime, datetime], bool] = datetime.__gt__ if relation == "after" else datetime.__lt__
        return moment is not None and is_later(moment, _as_moment(limit))

    def _moment(self, row: Row, what: str) -> datetime | None:
        if what == "updated":
            # Without the server's time, only limits in the far past and future can be tried.
            return self.changed.get(row["id"], datetime(2020, 1, 1, tzinfo=UTC))
        if what == "sent" and row.get("status") not in ("sending", "completed"):
            return None
        text = row.get({"sent": "send_at"}.get(what, f"{what}_at"))
        return None if text is None else datetime.fromisoformat(text)

    def _sort_key(self, query: Mapping[str, Any]) -> Callable[[Row], tuple[Any, int]]:
        match query.get("sort_field"):
            case "created_at":
                return lambda row: (datetime.fromisoformat(row["created_at"]), row["id"])
            case "updated_at":
                return lambda row: (self.changed[row["id"]], row["id"])
            case "cancelled_at" | "canceled_at":
                return lambda row: (self.cancelled[row["id"]], row["id"])
            case _:
                return lambda row: (0, row["id"])

    def _with(self, row: Row, listed: Listed, query: Mapping[str, Any]) -> Row:
        """Return a row with what `include` adds to it, and without what `slim` leaves out."""
        include = query.get("include") or ()
        if "subscriber_count" in include:
            row = row | {"subscriber_count": self.active_in("tag", row["id"])}
        if "tags" in include:
            row = row | {"tags": sorted(self.tags_of(row["id"]))}
        if query.get("slim"):
            large = ("content", "email_address", "email_template", "subscriber_filter", "public_url")
            left_out = ("fields",) if listed.kind == "subscriber" else large
            row = {name: value for name, value in row.items() if name not in left_out}
        return row


def _as_moment(value: date | datetime) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def difference(expected: Mapping[str, Any], came: Mapping[str, Any] | None) -> str | None:
    """Return the first place where a row isn't as expected, or None. It may show more than is expected."""
    if came is None:
        return "nothing"
    for name, value in expected.items():
        # Which of the two dates a subscriber's tags have, nobody has shown.
        shown = came.get(name, came.get("added_at", "nothing") if name == "tagged_at" else "nothing")
        if name == "email_address" and isinstance(shown, str) and value is not None:
            # Nobody has shown whether the service keeps the case of an address.
            same = shown.casefold() == value.casefold()
        elif name == "fields":
            # The account may have fields of other people: this subscriber has no value of those.
            same = isinstance(shown, dict) and {key: each for key, each in shown.items() if each is not None} == {
                key: each for key, each in value.items() if each is not None
            }
            same = same and value.keys() <= shown.keys()
        elif name == "tags":
            same = isinstance(shown, list) and sorted(each["id"] for each in shown) == value
        else:
            same = shown == value and isinstance(shown, bool) == isinstance(value, bool)
        if not same:
            return f"{name} {shown!r} instead of {value!r}"
    return None
