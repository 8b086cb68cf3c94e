"""Which row each part of an answer is about, also where the answer is not what the document says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api.models import BulkSubscribersResult
from kit_client.bulk.matching import Matched, match_ids, match_people
from kit_client.bulk.rows import Person

REFUSED = "Email address is invalid"


def person(index: int, first_name: str | None = None) -> Person:
    return Person(index=index, row={}, address=f"p{index}@example.com", first_name=first_name)


def saved(address: str, id_: int = 1) -> dict[str, Any]:
    when = "2024-02-29T12:30:00Z"
    return {"id": id_, "first_name": None, "email_address": address, "state": "active", "created_at": when}


def failure(errors: Any = (REFUSED,), **values: Any) -> dict[str, Any]:
    failed = {"first_name": None, "email_address": None, "state": "active", "created_at": None, **values}
    return {"subscriber": failed, "errors": list(errors) if isinstance(errors, tuple) else errors}


def match(people: list[Person], subscribers: list[Any], failures: list[Any]) -> dict[int, Any]:
    """What became of people, by their numbers: the id of the subscriber, the messages, or None."""
    result = BulkSubscribersResult.from_dict({"subscribers": subscribers, "failures": failures})
    return told(match_people([(each, each) for each in people], result.subscribers, result.failures))


def told(matched: Matched[Person]) -> dict[int, Any]:
    found: list[tuple[int, Any]] = [(each.index, subscriber.id) for each, subscriber in matched.saved if subscriber]
    found += [(each.index, errors) for each, errors in matched.failed]
    found += [(each.index, None) for each in matched.unsure]
    assert len(dict(found)) == len(found)
    return dict(found)


@given(st.lists(st.sampled_from(["saved", "failed", "named"]), min_size=1, max_size=100), st.randoms())
def test_any_order_and_any_failures(fates: list[str], random: Any) -> None:
    people = [person(index) for index in range(len(fates))]
    subscribers = [saved(f"P{index}@EXAMPLE.com", index + 1) for index, fate in enumerate(fates) if fate == "saved"]
    failures = [
        failure(email_address=f"p{index}@example.com" if fate == "named" else None)
        for index, fate in enumerate(fates)
        if fate != "saved"
    ]
    random.shuffle(subscribers)
    random.shuffle(failures)
    wanted = {index: index + 1 if fate == "saved" else (REFUSED,) for index, fate in enumerate(fates)}
    assert match(people, subscribers, failures) == wanted


def test_reasons_go_to_those_of_the_first_name() -> None:
    people = [person(1, "Ada"), person(2, "Bob"), person(3, "Eve"), person(4, "Eve")]
    failures = [
        failure(("a",), first_name="Ada"),
        failure(("b",), first_name="Bob"),
        failure(("c",), first_name="Eve"),
        failure(("d",), first_name="Eve"),
    ]
    assert match(people, [], failures) == {1: ("a",), 2: ("b",), 3: ("c", "d"), 4: ("c", "d")}


def test_what_an_answer_leaves_open_is_unsure() -> None:
    people = [person(1), person(2), person(3)]
    assert match(people, [saved("p1@example.com")], [failure()]) == {1: 1, 2: None, 3: None}
    assert match(people, [], []) == {1: None, 2: None, 3: None}
    assert match(people[:2], [saved("other@example.com", 7)], [failure()]) == {1: None, 2: None}


def test_the_only_one_left_is_the_one_whose_address_was_rewritten() -> None:
    assert match([person(1), person(2)], [saved("p1@example.com"), saved("other@example.com", 7)], []) == {1: 1, 2: 7}
    assert match([person(1)], [saved("other@example.com", 7)], []) == {1: 7}


def test_a_result_that_comes_twice_is_one() -> None:
    people = [person(1), person(2)]
    twice = [saved("p1@example.com"), saved("p1@example.com")]
    assert match(people, twice, [failure()]) == {1: 1, 2: (REFUSED,)}


@pytest.mark.parametrize(
    ("came", "errors"),
    [
        ({"errors": [], "subscriber": None}, ("the service gave no reason",)),
        ({"errors": "No", "subscriber": "x"}, ("No",)),
        ({"errors": None, "subscriber": {}}, ("the service gave no reason",)),
        ({"subscriber": {"email_address": 5}}, ("the service gave no reason",)),
        ({"errors": [["a"], 5]}, ("['a']", "5")),
    ],
)
def test_a_failure_that_is_not_as_documented_is_one(came: Any, errors: tuple[str, ...]) -> None:
    assert match([person(1)], [], [came]) == {1: errors}


def test_items_of_ids() -> None:
    ada, bob, eve = person(1), person(2), person(3)
    items = [(ada, 11), (ada, 11), (bob, 12), (eve, 13)]
    matched = match_ids(items, [11, 12, 11], [(None, ("Subscriber does not exist",))])
    assert [each.index for each, _ in matched.saved] == [1, 1, 2]
    assert [(each.index, errors) for each, errors in matched.failed] == [(3, ("Subscriber does not exist",))]
    # Of two items of a subscriber one failed: the answer doesn't say which.
    matched = match_ids(items, [11, 12, 13], [(11, ("Tag does not exist",))])
    assert [each.index for each, _ in matched.failed] == [1, 1]
    matched = match_ids(items, [12, 11], [])
    assert [each.index for each, _ in matched.saved] == [1, 1, 2]
    assert [each.index for each in matched.unsure] == [3]
