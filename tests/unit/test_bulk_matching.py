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


def match(people: list[Person], subscribers: list[Any], failures: list[Any], **arguments: Any) -> dict[int, Any]:
    """What became of people, by their numbers: the id of the subscriber, the messages, or None."""
    result = BulkSubscribersResult.from_dict({"subscribers": subscribers, "failures": failures})
    return told(match_people([(each, each) for each in people], result, **arguments))


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


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
        ("Ada@XN--MNCHEN-3YA.example", "ada@münchen.example"),
        ("\uff41da@x.example", "ada@x.example"),
        ("ADA@x.example", "ada@X.example"),
    ],
)
def test_a_stranger_in_the_answer_to_another_request_is_taken_for_nobody(given: str, shown: str) -> None:
    ada = Person(index=1, row={}, address=given)
    assert match([ada], [saved("eve@else.example", 7)], [], may_be_of_others=True) == {1: None}
    assert match([ada], [], [failure(email_address="eve@else.example")], may_be_of_others=True) == {1: None}
    assert match([ada], [saved("eve@else.example", 7)], [failure()], may_be_of_others=True) == {1: None}
    assert match([ada], [saved(shown, 8), saved("eve@else.example", 7)], [], may_be_of_others=True) == {1: 8}


def test_a_failure_of_one_who_is_told_already_is_no_other_ones() -> None:
    people = [person(1), person(2)]
    came = [failure(("a",), email_address="p1@example.com"), failure(("b",), email_address="p1@example.com")]
    assert match(people, [], came) == {1: ("a",), 2: None}
    assert match(people, [saved("p1@example.com")], came) == {1: 1, 2: None}


ODD: list[Any] = [None, "bad", 5, [], ["x"], {}]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_part_of_an_answer_leaves_the_others_unsure(odd: Any) -> None:
    people = [person(1), person(2)]
    assert match(people, [saved("p1@example.com"), odd], []) == {1: 1, 2: None}
    assert match(people, [saved("p1@example.com"), odd], [failure()]) == {1: 1, 2: None}
    if not isinstance(odd, dict):
        assert match(people, [saved("p1@example.com")], [odd]) == {1: 1, 2: None}
        assert match(people, [saved("p1@example.com")], [odd, failure()]) == {1: 1, 2: None}


@pytest.mark.parametrize("id_", [None, "5", 5.5, True, [5], {}])
def test_nobody_is_saved_without_an_id(id_: Any) -> None:
    subscribers = [{**saved("p1@example.com"), "id": id_}, saved("p2@example.com")]
    assert match([person(1), person(2)], subscribers, []) == {1: None, 2: 1}


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


NO_TAG = ("Tag does not exist",)
NOBODY = ("Subscriber does not exist",)


def match_targets(items: list[tuple[int, int]], done: list[Any], failures: list[Any]) -> dict[tuple[int, int], Any]:
    """What became of items, by their subscriber and target: True, the messages, or None."""
    matched = match_ids([(item, *item) for item in items], done, failures)
    found: dict[tuple[int, int], Any] = {item: True for item, _ in matched.saved}
    found |= dict(matched.failed) | dict.fromkeys(matched.unsure)
    assert sorted(found) == sorted(items)
    return found


def test_items_of_ids() -> None:
    items = [(11, 1), (11, 2), (12, 1), (13, 1)]
    assert match_targets(items, [(11, None), (12, None), (11, None)], [(None, None, NOBODY)]) == {
        **dict.fromkeys(items[:3], True),
        (13, 1): NOBODY,
    }
    assert match_targets(items, [(12, None), (11, None)], []) == {**dict.fromkeys(items[:3], True), (13, 1): None}


def test_a_failure_that_names_its_item_is_of_no_other() -> None:
    items = [(11, 1), (11, 999), (12, 1), (12, 999)]
    failures = [(11, 999, NO_TAG), (12, 999, NO_TAG)]
    wanted = {(11, 1): True, (11, 999): NO_TAG, (12, 1): True, (12, 999): NO_TAG}
    # Whether successes say their target, as those of values, or not, as those of tags.
    assert match_targets(items, [(11, 1), (12, 1)], failures) == wanted
    assert match_targets(items, [(11, None), (12, None)], failures) == wanted
    assert match_targets(items, [], failures) == {**wanted, (11, 1): None, (12, 1): None}


def test_what_may_be_of_either_item_of_a_subscriber_is_unsure() -> None:
    items = [(11, 1), (11, 999), (12, 1)]
    failure = (11, None, NO_TAG)
    either = {(11, 1): None, (11, 999): None, (12, 1): True}
    assert match_targets(items, [(11, None), (12, None)], [failure]) == either
    assert match_targets(items, [(12, None)], [failure]) == either
    assert match_targets(items, [(12, None)], [failure, failure]) == {**dict.fromkeys(items[:2], NO_TAG), (12, 1): True}
    # In a request for one target it is clear.
    assert match_targets([(11, 999), (12, 999)], [(12, None)], [failure]) == {(11, 999): NO_TAG, (12, 999): True}


def test_a_failure_of_nobody_is_of_one_item_at_most() -> None:
    items = [(11, 1), (12, 1), (13, 2)]
    assert match_targets(items, [], [(None, 2, NOBODY)]) == dict.fromkeys(items)
    assert match_targets(items, [(11, None), (12, None)], [(None, 2, NOBODY)]) == {
        **dict.fromkeys(items[:2], True),
        (13, 2): NOBODY,
    }
    assert match_targets(items[:1], [], [(None, 2, NOBODY)]) == {(11, 1): None}


@pytest.mark.parametrize("odd", [(None, None, ()), (77, 1, NO_TAG), (77, None, NO_TAG), (11, 5, NO_TAG)])
def test_what_is_no_failure_of_an_item_leaves_it_unsure(odd: Any) -> None:
    items = [(11, 1), (12, 1)]
    assert match_targets(items, [(11, None)], [odd]) == {(11, 1): True, (12, 1): None}
    assert match_targets(items, [(11, None)], [odd, (None, None, NOBODY)]) == {(11, 1): True, (12, 1): None}


@given(
    st.sets(st.tuples(st.integers(1, 5), st.integers(1, 4)), min_size=1),
    st.sets(st.integers(1, 4)),
    st.sampled_from(["both", "subscriber"]),
    st.sampled_from(["both", "no target"]),
    st.randoms(),
)
def test_no_item_gets_what_became_of_another(
    items: set[tuple[int, int]], missing: set[int], successes: str, failing: str, random: Any
) -> None:
    done = [(s, t if successes == "both" else None) for s, t in items if t not in missing]
    failures = [(s, t if failing == "both" else None, (f"no {t}",)) for s, t in items if t in missing]
    random.shuffle(done)
    random.shuffle(failures)
    given_items = sorted(items)
    found = match_targets(given_items, done, failures)
    for (_, target), came in found.items():
        if target not in missing:
            assert came in (True, None)
        elif came is not None:
            assert f"no {target}" in came
    if failing == "both":
        assert None not in found.values()
