"""Imports against a service that answers in any order: each row has one outcome, and it is the right one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api.models import Tag
from kit_client import OAuthRequiredError
from kit_client.bulk import Outcome, Report

from .bulk_service import BulkService

Pair = tuple[dict[str, Any], Outcome]

# Few names, so that there are duplicates; some that the service refuses, each for its own reason; and some that are none.
addresses = st.one_of(
    st.integers(0, 40).map(lambda n: f"p{n}@example.com"),
    st.integers(0, 40).map(lambda n: f" P{n}@Example.com"),
    st.integers(0, 5).map(lambda n: f"bad{'xyz'[n % 3]}{n}@example.com"),
    st.sampled_from([None, "", "nobody", "@", 5]),
)
rows = st.lists(
    st.fixed_dictionaries({"email_address": addresses, "first_name": st.sampled_from([None, "Ada", "Bob"])}),
    max_size=250,
)


def run(service: BulkService, given_rows: Any, *, is_async: bool, **arguments: Any) -> list[Pair]:
    if not is_async:
        with service.kit() as kit:
            return list(kit.bulk.import_subscribers(given_rows, **arguments))

    async def main() -> list[Pair]:
        async with service.async_kit() as kit:
            return [pair async for pair in kit.bulk.import_subscribers(given_rows, **arguments)]

    return asyncio.run(main())


def check(service: BulkService, wanted: list[dict[str, Any]], pairs: list[Pair]) -> None:
    """Hold outcomes against the rows and what the service has."""
    assert sorted(outcome.index for _, outcome in pairs) == list(range(1, len(wanted) + 1))
    firsts: dict[str, int] = {}
    for row, outcome in sorted(pairs, key=lambda pair: pair[1].index):
        assert row is wanted[outcome.index - 1]
        address = row["email_address"]
        if not isinstance(address, str) or "@" not in address.strip("@"):
            assert outcome.errors[0].startswith("email_address: expected an address")
            assert outcome.subscriber is None
            continue
        key = address.strip().lower()
        first = firsts.setdefault(key, outcome.index)
        assert outcome.duplicate_of == (first if first != outcome.index else None)
        if outcome.duplicate_of is not None:
            assert outcome.errors == (f"row {first} has the same address; this row was not sent",)
        elif key.startswith("bad"):
            assert f"it is {key[:4]}" in outcome.errors
            assert outcome.subscriber is None
        else:
            assert outcome.ok
            assert outcome.subscriber is not None
            assert outcome.subscriber.id == service.people[key]["id"]
            assert row["first_name"] is None or service.people[key]["first_name"] == row["first_name"]
    assert set(service.people) == {key for key in firsts if not key.startswith("bad")}


@given(rows, st.integers(0, 999), st.booleans(), st.booleans())
def test_each_row_has_one_outcome_which_is_right(
    wanted: list[dict[str, Any]], seed: int, named_failures: bool, is_async: bool
) -> None:
    service = BulkService(seed, named_failures=named_failures)
    check(service, wanted, run(service, iter(wanted), is_async=is_async))
    assert all(count == 1 for count in service.sent.values())


@given(rows, st.integers(0, 999), st.booleans())
def test_faults_change_nothing_but_the_number_of_requests(
    wanted: list[dict[str, Any]], seed: int, is_async: bool
) -> None:
    service = BulkService(seed, faults=0.2)
    service.fields[1] = "Company"
    wanted = [{**row, "company": f"C {number}"} for number, row in enumerate(wanted)]
    pairs = run(service, wanted, is_async=is_async, tags=[1, 2], forms=[3], fields=["company"])
    unclear = [outcome for _, outcome in pairs if any("the service didn't say" in error for error in outcome.errors)]
    assert not unclear
    check(service, wanted, pairs)
    for row, outcome in pairs:
        if outcome.subscriber is not None:
            id_ = outcome.subscriber.id
            assert {(id_, 1), (id_, 2)} <= service.tagged
            assert (id_, 3) in service.added
            assert service.values[id_, 1] == row["company"]


def people(count: int) -> list[dict[str, Any]]:
    return [{"email_address": f"p{number}@example.com", "first_name": "Ada"} for number in range(count)]


@pytest.mark.parametrize("is_async", [False, True])
def test_requests_are_as_few_as_can_be(is_async: bool) -> None:
    service = BulkService()
    wanted = [
        {**row, "email_address": "bad" + row["email_address"]} if n % 10 == 0 else row
        for n, row in enumerate(people(5000))
    ]
    run(service, wanted, is_async=is_async, tags=[1], forms=[2, 3], parallel=3)
    assert service.requests == {
        "POST /v4/bulk/subscribers": 50,
        "POST /v4/bulk/tags/subscribers": 45,
        "POST /v4/bulk/forms/subscribers": 90,
    }
    assert set(service.sizes) == {100}


def test_rows_are_read_as_there_is_room() -> None:
    service = BulkService()
    read = 0

    def endless() -> Iterator[dict[str, Any]]:
        nonlocal read
        while True:
            read += 1
            yield {"email_address": f"p{read}@example.com"}

    with service.kit() as kit:
        imported = iter(kit.bulk.import_subscribers(endless(), parallel=2, tags=[1], forms=[2]))
        for given_so_far in range(2000):
            next(imported)
            assert read - given_so_far <= 1000
        imported.close()


def test_async_rows_are_read() -> None:
    service = BulkService()

    async def rows_of() -> AsyncIterator[dict[str, Any]]:
        for row in people(150):
            yield row

    pairs = run(service, rows_of(), is_async=True)
    assert len(pairs) == 150
    assert all(outcome.ok for _, outcome in pairs)


def test_a_report_has_the_numbers_and_the_failures() -> None:
    service = BulkService()
    wanted = [
        *people(3),
        {"email_address": "P1@EXAMPLE.com"},
        {"email_address": "badx@example.com"},
        {"email_address": None},
    ]
    told: list[int] = []
    with service.kit() as kit:
        imported = kit.bulk.import_subscribers(wanted, on_progress=lambda report: told.append(report.rows))
        report = imported.report()
    assert (report.total, report.rows, report.imported, report.failed, report.duplicates) == (6, 6, 3, 2, 1)
    assert (report.requests, report.resumed, report.ok) == (1, 0, False)
    assert [outcome.index for _, outcome in sorted(report.failures, key=lambda pair: pair[1].index)] == [4, 5, 6]
    assert imported.so_far is report
    assert told == [6]


def test_a_dry_run_sends_nothing() -> None:
    service = BulkService()
    wanted = [*people(3), {"email_address": "p1@example.com"}, {"email_address": "nobody"}]
    with service.kit() as kit:
        report = kit.bulk.import_subscribers(wanted, tags=["New"]).check()
        with pytest.raises(ValueError, match="no column 'plan'"):
            kit.bulk.import_subscribers(wanted, fields=["plan"]).check()
    assert (report.imported, report.failed, report.duplicates, report.requests) == (3, 1, 1, 0)
    assert [outcome.index for _, outcome in report.failures] == [4, 5]

    async def main() -> Report:
        async with service.async_kit() as akit:
            return await akit.bulk.import_subscribers(wanted).check()

    assert asyncio.run(main()) == report
    assert not service.requests


def test_the_rows_of_an_import_are_read_once() -> None:
    with BulkService().kit() as kit:
        imported = kit.bulk.import_subscribers(people(1))
        assert imported.report().imported == 1
        with pytest.raises(RuntimeError, match="the rows have been read already"):
            imported.report()


def test_tags_match_without_case_and_missing_ones_are_created() -> None:
    service = BulkService()
    service.tags[1] = "VIP"
    with service.kit() as kit:
        with pytest.raises(ValueError, match="tags: the account has no tag 'New', 'Old'; no row was sent"):
            kit.bulk.import_subscribers(people(2), tags=["vip", "New", "Old"]).report()
        assert not service.people
        kit.bulk.import_subscribers(people(2), tags=["vip", " New ", "NEW", 1, 7], create_missing=True).report()
    assert service.tags == {1: "VIP", 2: "New"}
    assert {tag for _, tag in service.tagged} == {1, 2, 7}
    assert service.requests["POST /v4/tags"] == 1
    assert service.sizes[-1] == 2 * 3


def test_fields_are_found_by_key_label_and_id_and_created() -> None:
    service = BulkService()
    service.fields.update({1: "Company", 2: "Plan Name", 3: "State"})
    row = {"email_address": "p@example.com", "a": "A", "b": "B", "c": "C", "state": "CA", "fields": {"company": "no"}}
    columns = {"a": "company", "b": "PLAN NAME", "c": "Colour", "state": 3}
    with service.kit() as kit:
        with pytest.raises(ValueError, match="fields: the account has no custom field 'Colour'; no row was sent"):
            kit.bulk.import_subscribers([row], fields=columns).report()
        assert not service.people
        kit.bulk.import_subscribers([row], fields=columns, create_missing=True).report()
    assert service.fields[4] == "Colour"
    assert service.values == {(1, 1): "A", (1, 2): "B", (1, 4): "C", (1, 3): "CA"}


def test_a_row_may_have_fields_of_its_own() -> None:
    service = BulkService()
    service.fields[1] = "Company"
    wanted = [*people(1), {"email_address": "a@example.com", "fields": {"Company": "A", "plan": None}}]
    wanted.append({"email_address": "b@example.com", "fields": {"company": "B", "plan": "pro"}})
    with service.kit() as kit:
        report = kit.bulk.import_subscribers(wanted).report()
    assert service.values == {(2, 1): "A"}
    (failure,) = report.failures
    assert failure[1].errors == ("fields: the account has no custom field 'plan'",)


def test_values_come_before_tags_and_forms() -> None:
    # Tags and forms start automations, whose messages may show the values.
    service = BulkService()
    service.fields[1] = "Company"
    with service.kit() as kit:
        kit.bulk.import_subscribers([{**people(1)[0], "c": "C"}], tags=[1], forms=[2], fields={"c": "company"}).report()
    order = [key.removeprefix("POST /v4/bulk/") for key in service.requests if "bulk" in key]
    assert order[:2] == ["subscribers", "custom_fields/subscribers"]


def test_a_part_that_fails_fails_its_row() -> None:
    service = BulkService()
    with service.kit() as kit:
        report = kit.bulk.import_subscribers(people(150), tags=[1, 999], forms=[2, 998]).report()
    assert (report.imported, report.failed) == (0, 150)
    for _, outcome in report.failures:
        assert outcome.subscriber is not None
        assert set(outcome.errors) == {"tag 999: It does not exist", "form 998: It does not exist"}


def test_a_key_needs_the_fallback() -> None:
    service = BulkService()
    service.fields[1] = "Company"

    class Unread(list[dict[str, Any]]):
        def __iter__(self) -> Iterator[dict[str, Any]]:
            raise AssertionError("the rows were read")

    with service.kit(api_key="kit_key") as kit:
        with pytest.raises(OAuthRequiredError, match=r"takes OAuth only.* or import with fallback='single'"):
            kit.bulk.import_subscribers(Unread())
        with pytest.raises(OAuthRequiredError):
            kit.bulk.submit(Unread(), callback_url="https://app.example.com/done")
        wanted = [{**row, "company": "C"} for row in people(30)]
        report = kit.bulk.import_subscribers(wanted, tags=[5], fields=["company"], fallback="single").report()
    assert report.imported == 30
    assert service.requests["POST /v4/subscribers"] == 30
    assert len(service.tagged) == len(service.values) == 30
    assert report.requests == 30 * 2 + 1

    async def main() -> None:
        async with service.async_kit(api_key="kit_key") as akit:
            with pytest.raises(OAuthRequiredError):
                akit.bulk.import_subscribers(Unread())

    asyncio.run(main())


def test_a_token_uses_bulk_requests_whatever_the_fallback() -> None:
    service = BulkService()
    with service.kit() as kit:
        kit.bulk.import_subscribers(people(30), fallback="single").report()
    assert service.requests == {"POST /v4/bulk/subscribers": 1}


def test_an_estimate_is_what_an_import_takes() -> None:
    service = BulkService()
    service.fields[1] = "Company"
    service.tags[1] = "VIP"
    wanted = [{**row, "company": "C"} for row in people(1234)]
    with service.kit() as kit:
        imported = kit.bulk.import_subscribers(wanted, tags=["vip", 2], forms=[3], fields=["company"])
        estimate = imported.estimate()
        assert estimate.requests == 13 + 13 + 25 + 13 + 2
        assert imported.report().requests == estimate.requests
        assert estimate.seconds == 0
        large = kit.bulk.import_subscribers(iter(()), count=1_000_000, tags=[1]).estimate()
        assert (large.rows, large.requests, large.minutes) == (1_000_000, 20_000, 33)
        with pytest.raises(ValueError, match="count: the rows don't say"):
            kit.bulk.import_subscribers(iter(wanted)).estimate()
        assert kit.bulk.import_subscribers([], tags=["vip"]).estimate().requests == 0
        assert kit.bulk.import_subscribers([], tags=["vip"], checkpoint="c").estimate().requests == 1
    with service.kit(api_key="kit_key") as kit:
        single = kit.bulk.import_subscribers(wanted, tags=[2], fallback="single").estimate()
        assert (single.requests, single.minutes) == (2468, 20)


TAG = Tag.from_dict({"id": 1, "name": "VIP", "created_at": "2024-02-29T12:30:00Z"})


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"rows": "people.csv"}, TypeError, "rows: expected an iterable of rows, got str"),
        ({"rows": people(1)[0]}, TypeError, "rows: expected an iterable of rows, got dict"),
        ({"rows": None}, TypeError, "rows: expected an iterable"),
        ({"tags": "VIP"}, TypeError, "tags: expected a list, got 'VIP'"),
        ({"tags": [" "]}, ValueError, "tags: a name is blank"),
        ({"tags": [0]}, ValueError, "tags: expected 1 or more"),
        ({"tags": [None]}, TypeError, "tags: expected a whole number"),
        ({"tags": [["VIP"]]}, TypeError, "tags: expected a whole number as an id or a name, got"),
        ({"tags": [{"id": 1}]}, TypeError, "tags: expected a whole number as an id or a name"),
        ({"tags": [TAG]}, TypeError, "tags: expected a whole number as an id or a name, got Tag"),
        ({"tags": [True]}, TypeError, "tags: expected a whole number as an id or a name"),
        ({"forms": [[1]]}, TypeError, "forms: expected a whole number as an id, got"),
        ({"forms": ["Signup"]}, TypeError, "forms: expected a whole number"),
        ({"create_missing": "no"}, TypeError, "create_missing: expected True or False, got 'no'"),
        ({"create_missing": None}, TypeError, "create_missing: expected True or False"),
        ({"forms": 5}, TypeError, "forms: expected a list"),
        ({"parallel": 0}, ValueError, "parallel: expected 1 or more"),
        ({"count": -1}, ValueError, "count: expected 0 or more"),
        ({"fallback": "one"}, ValueError, "fallback: expected 'single' or None"),
        ({"on_progress": 5}, TypeError, "on_progress: expected a function"),
        ({"checkpoint": 5}, TypeError, "checkpoint"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_what_is_no_argument_is_refused_at_once(
    arguments: dict[str, Any], error: type[Exception], says: str, is_async: bool
) -> None:
    service = BulkService()
    kit: Any = service.async_kit() if is_async else service.kit()
    with pytest.raises(error, match=says):
        kit.bulk.import_subscribers(**{"rows": people(1), **arguments})
    assert not service.requests


def test_rows_that_are_none_are_told_with_what_to_do() -> None:
    class DataFrame(list[Any]):
        columns = ()

        def to_dict(self) -> None: ...

    async def rows_of() -> AsyncIterator[dict[str, Any]]:
        yield {}

    with BulkService().kit() as kit:
        with pytest.raises(TypeError, match=r"got DataFrame: pass df.to_dict\('records'\)"):
            kit.bulk.import_subscribers(DataFrame())
        with pytest.raises(TypeError, match="got async_generator, which AsyncKit takes"):
            kit.bulk.import_subscribers(rows_of())  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="rows: expected an iterable of rows, got NoneType"):
            kit.bulk.submit(None, callback_url="https://app.example.com/done")  # type: ignore[arg-type]


def test_what_on_progress_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def tell(_: Report) -> None:
        raise RuntimeError("no screen")

    with BulkService().kit() as kit:
        assert kit.bulk.import_subscribers(people(1), on_progress=tell).report().imported == 1
    assert "no screen" in caplog.text


@pytest.mark.parametrize(
    "begun",
    [
        "aiter(kit.bulk.import_subscribers([{'email_address': 'ada@example.com'}]))",
        "kit.bulk.export_subscribers().pages()",
        "kit.tags.list().pages()",
    ],
)
def test_an_iteration_that_was_not_begun_says_nothing_at_the_end_of_the_program(begun: str) -> None:
    program = f"import sys; from kit_client import AsyncKit; kit = AsyncKit(access_token='t'); sys.kept = {begun}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
