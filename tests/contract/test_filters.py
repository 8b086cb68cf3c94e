"""Filters, sorts and what lists add on request: each is held against the whole list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.conftest import operations
from tests.contract.world import World, everything

Row = dict[str, Any]
Keep = Callable[[Row], bool]

_LARGEST_PAGE = 1000
_LEAST = 3
# By the name before `_after` and `_before`: the field of a row that it compares.
_DATES = {"created": "created_at", "added": "added_at", "tagged": "tagged_at", "sent": "send_at"}
_OF_SUBSCRIBERS = ("list_subscribers", "list_form_subscribers", "list_sequence_subscribers", "list_tag_subscribers")
_STATES = ("active", "bounced", "cancelled", "complained", "inactive")
_FAR = {"past": "2000-01-01", "future": "2100-01-01"}


class Filtered:
    """A list operation, with the whole of what it lists."""

    def __init__(self, caller: Caller, world: World, operation_id: str) -> None:
        self.caller, self.id = caller, operation_id
        self._operation = caller.document.operations[operation_id]
        world.fill(operation_id, _LEAST)
        self._path = {name: world.owner(operation_id, name, _LARGEST_PAGE) for name in self._operation.in_path}
        self._everything = everything(caller.document, operation_id)
        self.whole, self.answer = self.rows()
        self.is_complete = not self.answer.json["pagination"]["has_next_page"]

    def rows(self, **query: object) -> tuple[list[Row], Answer]:
        """Get the first rows, as many as a page can hold, of any status unless the query says otherwise."""
        return self.exactly(self._everything | query)

    def exactly(self, query: dict[str, object]) -> tuple[list[Row], Answer]:
        """Get the first rows with this query and no other."""
        answer = self.caller.call(self.id, self._path, query={"per_page": _LARGEST_PAGE} | query, expect=200)
        body = answer.json
        return next(items for name, items in body.items() if name != "pagination"), answer

    def takes(self, name: str) -> bool:
        """Whether the operation has a parameter of that name."""
        return name in self._operation.query

    def check(self, query: dict[str, object], keep: Keep, what: str) -> None:
        """Raise ContractError unless the list with a query is what `keep` holds for in the whole list."""
        expected = [row for row in self.whole if keep(row)]
        got, answer = self.rows(**query)
        beginning = got if self.is_complete else got[: len(expected)]
        if beginning != expected:
            raise answer.broken(f"{what}: the rows {_ids(expected)}", f"the rows {_ids(beginning)}")
        if wrong := [row for row in got if not keep(row)]:
            raise answer.broken(what, f"the rows {_ids(wrong)}")


def _ids(rows: Iterable[Row]) -> str:
    found = [row["id"] for row in rows]
    return f"{found[:12]}{f' and {len(found) - 12} more' if len(found) > 12 else ''}"


@pytest.fixture
def found(caller: Caller, world: World, operation_id: str) -> Filtered:
    return Filtered(caller, world, operation_id)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _has_dates(operation: Any) -> bool:
    return any(name.endswith("_after") for name in operation.query)


@pytest.mark.parametrize("operation_id", operations(_has_dates))
def test_dates_limit_a_list(found: Filtered) -> None:
    """Each filter by date leaves what is later, or earlier, than that day or moment, and nothing else. (reference, client)"""
    for name, field in _DATES.items():
        if not found.takes(f"{name}_after"):
            continue
        moments = sorted({_moment(row[field]) for row in found.whole if row[field] is not None})
        for moment in {*moments[:1], *moments[-1:], *moments[len(moments) // 2 : len(moments) // 2 + 1]}:
            for text in _written(moment):
                _check_date(found, name, field, text)


def _written(moment: datetime) -> list[str]:
    utc = moment.astimezone(UTC)
    elsewhere = utc.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    return [
        utc.strftime("%Y-%m-%d"),
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        elsewhere.isoformat(timespec="seconds"),
        (utc + timedelta(days=1)).strftime("%Y-%m-%d"),
    ]


def _check_date(found: Filtered, name: str, field: str, text: str) -> None:
    limit = _moment(text)
    limit = limit if limit.tzinfo else limit.replace(tzinfo=UTC)
    # A broadcast has a date of sending before it is sent.
    sent = (lambda row: row.get("status") == "completed") if name == "sent" else (lambda row: True)

    def later(row: Row) -> bool:
        return row[field] is not None and sent(row) and _moment(row[field]) > limit

    def earlier(row: Row) -> bool:
        return row[field] is not None and sent(row) and _moment(row[field]) < limit

    found.check({f"{name}_after": text}, later, f"{name}_after={text}")
    found.check({f"{name}_before": text}, earlier, f"{name}_before={text}")


@pytest.mark.operations("list_subscribers")
def test_a_change_moves_the_date_of_change(caller: Caller, world: World) -> None:
    """`updated_after` and `updated_before` compare when a subscriber was last changed. (reference)"""
    found = Filtered(caller, world, "list_subscribers")
    found.check({"updated_after": _FAR["past"]}, lambda row: True, "all were changed after 2000")
    found.check({"updated_before": _FAR["past"]}, lambda row: False, "none was changed before 2000")
    found.check({"updated_after": _FAR["future"]}, lambda row: False, "none was changed after 2100")
    found.check({"updated_before": _FAR["future"]}, lambda row: True, "all were changed before 2100")


@pytest.mark.operations("list_subscribers")
def test_dates_of_change_are_those_of_the_account(caller: Caller, world: World) -> None:
    """`updated_after` and `updated_before` agree with what is known of the account. (reference)"""
    known = _known(caller, "updated_at")
    for limit in sorted(set(known.values())):
        for name, keep in (("updated_after", limit.__lt__), ("updated_before", limit.__gt__)):
            answer = caller.call(
                "list_subscribers", query={"status": "all", name: limit.strftime("%Y-%m-%dT%H:%M:%SZ")}, expect=200
            )
            got = {row["id"] for row in answer.json["subscribers"]} & known.keys()
            expected = {id_ for id_, moment in known.items() if keep(moment)}
            if got != expected:
                raise answer.broken(f"of the known ones {sorted(expected)}", str(sorted(got)))


@pytest.mark.parametrize("operation_id", operations(lambda each: each.id in _OF_SUBSCRIBERS))
def test_states_limit_a_list(found: Filtered) -> None:
    """`status` selects the subscribers in that state, and without it a list shows the active ones. (reference)"""
    for state in _STATES:
        found.check({"status": state}, lambda row, state=state: row["state"] == state, f"status={state}")  # type: ignore[misc]
    got, answer = found.exactly({})
    expected = [row for row in found.whole if row["state"] == "active"]
    if got[: len(expected)] != expected or any(row["state"] != "active" for row in got):
        raise answer.broken(f"by default the active ones: {_ids(expected)}", _ids(got))


@pytest.mark.behaviour("current")
@pytest.mark.operations("list_broadcasts")
def test_a_status_limits_broadcasts(caller: Caller, world: World) -> None:
    """`status` leaves the broadcasts that have it. (later docs)"""
    found = Filtered(caller, world, "list_broadcasts")
    for status in ("draft", "scheduled", "sending", "completed", "aborted"):
        found.check({"status": status}, lambda row, status=status: row["status"] == status, f"status={status}")  # type: ignore[misc]


@pytest.mark.operations("list_forms")
def test_a_status_limits_forms(caller: Caller, world: World) -> None:
    """`status` parts the forms: active ones, the default, archived and trashed ones. (reference)"""
    found = Filtered(caller, world, "list_forms")
    parts = {status: found.rows(status=status) for status in ("active", "archived", "trashed")}
    for status, (rows, answer) in parts.items():
        if any(row["archived"] != (status == "archived") for row in rows):
            raise answer.broken(f"forms that are {status}")
    together = sorted(row["id"] for rows, _ in parts.values() for row in rows)
    if together != sorted(row["id"] for row in found.whole):
        raise found.answer.broken("each form under one status")
    by_default, answer = found.exactly({})
    if by_default != parts["active"][0]:
        raise answer.broken(f"by default the active ones: {_ids(parts['active'][0])}", _ids(by_default))
    for form in (caller.server.account or {}).get("forms", ()):
        rows, answer = parts[form.get("status", "active")]
        if form["id"] not in [row["id"] for row in rows]:
            raise answer.broken(f"form {form['id']} under {form.get('status', 'active')}", _ids(rows))


@pytest.mark.operations("list_forms")
def test_a_type_limits_forms(caller: Caller, world: World) -> None:
    """`type` leaves the forms of that type. (reference)"""
    found = Filtered(caller, world, "list_forms")
    for type_ in ("embed", "hosted"):
        found.check({"type": type_}, lambda row, type_=type_: row["type"] == type_, f"type={type_}")  # type: ignore[misc]


@pytest.mark.operations("list_subscribers")
def test_an_address_limits_subscribers(caller: Caller, world: World) -> None:
    """`email_address` leaves the subscriber with that address, in any case, if the status fits. (reference, client)"""
    found = Filtered(caller, world, "list_subscribers")
    for row in found.whole[:_LEAST]:
        address = row["email_address"]
        for text in (address, address.upper()):
            found.check({"email_address": text}, lambda other, id_=row["id"]: other["id"] == id_, "their subscriber")  # type: ignore[misc]
    for row in [row for row in found.whole if row["state"] != "active"][:_LEAST]:
        got, answer = found.exactly({"email_address": row["email_address"]})
        if got:
            raise answer.broken(f"nobody, as {row['state']} isn't active")
    got, answer = found.rows(email_address="nobody-at-all@example.com")
    if got:
        raise answer.broken("nobody, as nobody has that address")


@pytest.mark.behaviour("current")
@pytest.mark.operations("list_subscribers")
def test_several_addresses_limit_subscribers(caller: Caller, world: World) -> None:
    """Addresses separated by commas leave all of their subscribers. (later docs)"""
    found = Filtered(caller, world, "list_subscribers")
    rows = found.whole[:2]
    found.check(
        {"email_address": ",".join(row["email_address"] for row in rows)},
        lambda other: other["id"] in [row["id"] for row in rows],
        "two subscribers",
    )


@pytest.mark.operations("list_subscribers")
def test_filters_go_together(caller: Caller, world: World) -> None:
    """Several filters leave what each of them leaves. (reference)"""
    found = Filtered(caller, world, "list_subscribers")
    middle = sorted(_moment(row["created_at"]) for row in found.whole)[len(found.whole) // 2]
    found.check(
        {"status": "active", "created_after": middle.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")},
        lambda row: row["state"] == "active" and _moment(row["created_at"]) > middle,
        "both filters",
    )


# -------------------- Order


def _known(caller: Caller, name: str) -> dict[int, Any]:
    """Return the known facts about the account's subscribers, by id. Skip the test if there are none."""
    account = caller.server.account
    if account is None:
        pytest.skip("what the account holds isn't known (--account)")
    rows = [row for row in account["subscribers"] if name == "sent" or name in row]
    found = {row["id"]: row.get(name, 0) for row in rows}
    return {
        id_: value if isinstance(value, int | datetime) else datetime.fromisoformat(str(value))
        for id_, value in found.items()
    }


@pytest.mark.operations("list_subscribers")
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_subscribers_are_sorted_by_id(caller: Caller, world: World, order: str) -> None:
    """`sort_order` turns the order by id; without a field it is by id, and without an order it falls. (reference)"""
    found = Filtered(caller, world, "list_subscribers")
    if not found.is_complete:
        pytest.skip("the list is too long to be turned")
    expected = sorted((row["id"] for row in found.whole), reverse=order == "desc")
    for query in ({"sort_order": order}, {"sort_order": order, "sort_field": "id"}):
        got, answer = found.rows(**query)
        if [row["id"] for row in got] != expected:
            raise answer.broken(f"ids {order}", _ids(got))


@pytest.mark.operations("list_subscribers")
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.behaviour("current")
def test_subscribers_are_sorted_by_their_creation(caller: Caller, world: World, order: str) -> None:
    """`sort_field=created_at` sorts by when a subscriber was created. (later docs)"""
    found = Filtered(caller, world, "list_subscribers")
    got, answer = found.rows(sort_field="created_at", sort_order=order)
    _check_order(answer, [_moment(row["created_at"]) for row in got], order)
    _check_same(found, got, answer)


@pytest.mark.operations("list_subscribers")
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("field", ["cancelled_at", "canceled_at"])
@pytest.mark.behaviour("current")
def test_subscribers_are_sorted_by_their_cancellation(caller: Caller, world: World, order: str, field: str) -> None:
    """`sort_field=cancelled_at` sorts cancelled subscribers by when they cancelled. (reference)"""
    query: dict[str, object] = {
        "status": "cancelled",
        "include": "canceled_at",
        "sort_field": field,
        "sort_order": order,
    }
    rows, answer = Filtered(caller, world, "list_subscribers").exactly(query)
    _check_order(answer, [_moment(row["canceled_at"]) for row in rows], order)


_SORTS: dict[str, Callable[[dict[str, Any]], float]] = {
    "engagement__sent": lambda row: row.get("sent", 0),
    "engagement__opens": lambda row: row.get("opens", 0),
    "engagement__clicks": lambda row: row.get("clicks", 0),
    "engagement__open_rate": lambda row: row.get("opens", 0) / max(row.get("sent", 0), 1),
    "engagement__click_rate": lambda row: row.get("clicks", 0) / max(row.get("sent", 0), 1),
    "updated_at": lambda row: _as_moment(row["updated_at"]).timestamp(),
    "cancelled_at": lambda row: _as_moment(row["cancelled_at"]).timestamp(),
}


def _as_moment(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@pytest.mark.operations("list_subscribers")
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "field",
    [pytest.param(name, marks=pytest.mark.behaviour("current") if "__" in name else ()) for name in _SORTS],
)
def test_subscribers_are_sorted_by_what_the_api_does_not_show(
    caller: Caller, world: World, field: str, order: str
) -> None:
    """Each `sort_field` sorts the known subscribers of the account. (reference; engagement: later docs)"""
    if caller.server.account is None:
        pytest.skip("what the account holds isn't known (--account)")
    known = {row["id"]: row for row in caller.server.account["subscribers"] if "__" in field or field in row}
    status = "cancelled" if field == "cancelled_at" else "all"
    found = Filtered(caller, world, "list_subscribers")
    got, answer = found.rows(status=status, sort_field=field, sort_order=order)
    ids = [row["id"] for row in got if row["id"] in known]
    if sorted(ids) != sorted(known):
        raise answer.broken(f"all of {sorted(known)}", str(ids))
    _check_order(answer, [_SORTS[field](known[id_]) for id_ in ids], order)


def _check_order(answer: Answer, values: list[Any], order: str) -> None:
    if values != sorted(values, reverse=order == "desc"):
        raise answer.broken(f"rows sorted {order}", str(values))


def _check_same(found: Filtered, got: list[Row], answer: Answer) -> None:
    if found.is_complete and sorted(row["id"] for row in got) != sorted(row["id"] for row in found.whole):
        raise answer.broken("the same rows in another order", _ids(got))


@pytest.mark.operations("list_subscribers")
def test_a_sorted_list_is_cut_into_pages(caller: Caller, world: World) -> None:
    """Pages of a sorted list follow each other in its order. (seen)"""
    found = Filtered(caller, world, "list_subscribers")
    query: dict[str, object] = {"status": "all", "sort_field": "updated_at", "sort_order": "asc"}
    whole, _ = found.exactly(query)
    seen: list[Row] = []
    cursor: dict[str, object] = {}
    while len(seen) < min(len(whole), 2 * _LEAST):
        rows, answer = found.exactly(query | {"per_page": 2} | cursor)
        if rows != whole[len(seen) : len(seen) + 2]:
            raise answer.broken(f"the rows {_ids(whole[len(seen) : len(seen) + 2])}", _ids(rows))
        seen += rows
        cursor = {"after": answer.json["pagination"]["end_cursor"]}


@pytest.mark.operations("list_subscribers")
@pytest.mark.parametrize("field", ["cancelled_at", pytest.param("canceled_at", marks=pytest.mark.behaviour("current"))])
def test_cancellation_sorts_cancelled_subscribers_alone(caller: Caller, field: str) -> None:
    """Sorting by cancellation, or including it, is a 422 unless the status is `cancelled`. (reference, later docs)"""
    for status in ({}, {"status": "active"}, {"status": "all"}):
        caller.call("list_subscribers", query={"sort_field": field, **status}, expect=422)
        if field == "canceled_at":
            caller.call("list_subscribers", query={"include": "canceled_at", **status}, expect=422)


# -------------------- What is there on request, or isn't


@pytest.mark.behaviour("current")
@pytest.mark.parametrize("operation_id", operations(lambda each: "slim" in each.query))
def test_slim_rows_lack_what_is_large(found: Filtered) -> None:
    """`slim=true` leaves out what the document says, and nothing else; `slim=false` leaves out nothing. (later docs)"""
    large = ("content", "email_address", "email_template", "subscriber_filter", "public_url")
    without = ("fields",) if found.id.endswith("subscribers") else large
    rows, answer = found.rows(slim="true")
    absent = {name for row in found.whole for name in row} - {name for row in rows for name in row}
    if not absent or not absent <= set(without):
        raise answer.broken(f"rows without some of {', '.join(without)} alone", f"rows without {sorted(absent)}")
    if found.id.endswith("subscribers") and absent != {"fields"}:
        raise answer.broken("rows without fields")
    expected = [{name: value for name, value in row.items() if name not in absent} for row in found.whole]
    if rows != expected:
        raise answer.broken("the same rows apart from that")
    found.check({"slim": "false"}, lambda row: True, "slim=false")


@pytest.mark.behaviour("current")
@pytest.mark.operations("list_tags", "list_forms")
@pytest.mark.parametrize("kind", ["tag", "form"])
def test_counts_of_subscribers_are_those_of_their_lists(caller: Caller, world: World, kind: str) -> None:
    """`include=subscriber_count` says how many active subscribers there are, and without it nothing does. (later docs)"""
    found = Filtered(caller, world, f"list_{kind}s")
    if any("subscriber_count" in row for row in found.whole):
        raise found.answer.broken("no subscriber_count, as it wasn't asked for")
    rows, answer = found.rows(include="subscriber_count")
    for row in rows[: 3 * _LEAST]:
        query = {"include_total_count": "true", "per_page": 1}
        listed = caller.call(f"list_{kind}_subscribers", {f"{kind}_id": row["id"]}, query=query, expect=200).json
        if row.get("subscriber_count") != listed["pagination"]["total_count"]:
            raise answer.broken(
                f"subscriber_count {listed['pagination']['total_count']} of {kind} {row['id']}",
                repr(row.get("subscriber_count")),
            )


@pytest.mark.behaviour("current")
@pytest.mark.operations("list_subscribers")
def test_more_of_a_subscriber_comes_if_asked_for(caller: Caller, world: World) -> None:
    """Each value of `include` adds its field to the rows, and no other. (later docs)"""
    found = Filtered(caller, world, "list_subscribers")
    extra = {"attribution", "tags", "location", "canceled_at"}
    if names := extra & {name for row in found.whole for name in row}:
        raise found.answer.broken(f"no {', '.join(names)}, as nothing was included")
    for name in ("attribution", "tags", "location", "attribution,tags"):
        rows, answer = found.rows(include=name)
        for row, plain in zip(rows, found.whole, strict=True):
            if row.keys() - plain.keys() != set(name.split(",")) or row != row | plain:
                raise answer.broken(f"the same rows with {name}")
    tagged, answer = found.rows(include="tags")
    for row in tagged[: 3 * _LEAST]:
        listed = caller.call("list_subscriber_tags", {"subscriber_id": row["id"]}, expect=200).json["tags"]
        if sorted(tag["id"] for tag in row["tags"]) != sorted(tag["id"] for tag in listed):
            raise answer.broken(f"the tags of subscriber {row['id']}: {_ids(listed)}", _ids(row["tags"]))
    query: dict[str, object] = {"status": "cancelled", "include": "canceled_at"}
    cancelled, answer = found.exactly(query)
    if not all(row.get("canceled_at") for row in cancelled):
        raise answer.broken("canceled_at of each cancelled subscriber")


@pytest.mark.behaviour("current")
@pytest.mark.operations("list_sequences")
def test_stats_of_sequences_come_if_asked_for(caller: Caller, world: World) -> None:
    """`include=stats` adds the numbers of each sequence, and without it there are none. (later docs)"""
    found = Filtered(caller, world, "list_sequences")
    if any("stats" in row for row in found.whole):
        raise found.answer.broken("no stats, as they weren't asked for")
    rows, answer = found.rows(include="stats")
    if not all("stats" in row for row in rows):
        raise answer.broken("stats in each row")
