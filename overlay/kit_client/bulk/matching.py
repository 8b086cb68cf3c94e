"""Which item of a request each part of its answer is about. No I/O.

The service promises no order, and a failure may not say what failed: then it is one of the items of which no success is
told. What isn't as documented may be about any item, so that those that are left over are unsure.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from kit_api.models import BulkSubscriber

from .answers import failures_of, field_of, id_of, list_of
from .rows import Person, same

T = TypeVar("T")
Messages = tuple[str, ...]


class Matched(Struct, Generic[T]):
    """What became of the items of a request."""

    saved: list[tuple[T, BulkSubscriber | None]] = field(default_factory=list[tuple[T, BulkSubscriber | None]])
    failed: list[tuple[T, Messages]] = field(default_factory=list[tuple[T, Messages]])
    unsure: list[T] = field(default_factory=list[T])
    """Items of which the answer doesn't say what became of them."""
    has_strays: bool = False
    """Whether subscribers came whose item isn't known, so that the answers to smaller requests may tell."""


def match_people(items: Iterable[tuple[T, Person]], answer: Any, *, may_be_of_others: bool = False) -> Matched[T]:
    """Match an answer of `bulk_create_subscribers`.

    Args:
        items: Each with its person. No two of these have the same address.
        answer: The successes, and the failures, most of which don't say the address.
        may_be_of_others: Whether the answer may be that of another request, so that a stranger in it is none of the items.
    """
    matched = Matched[T]()
    sent = {same(person.address): (item, person) for item, person in items}
    left = dict(sent)
    strays: dict[str, BulkSubscriber] = {}
    has_doubts = False
    for subscriber in list_of(answer, "subscribers"):
        key = same(field_of(subscriber, "email_address"))
        if not key or id_of(subscriber) is None:
            has_doubts = True
        elif key in left:
            matched.saved.append((left.pop(key)[0], subscriber))
        elif key not in sent:
            strays[_loosely(key)] = subscriber
    if strays:
        # The service may write an address in its own way.
        alike = {key: _loosely(key) for key in left if _loosely(key) in strays}
        matched.saved += [(left.pop(key)[0], strays[loose]) for key, loose in alike.items()]
        strays = {loose: stray for loose, stray in strays.items() if loose not in alike.values()}
    nameless: list[tuple[object, Messages]] = []
    for failed, errors in failures_of(answer, "subscriber"):
        key = same(field_of(failed, "email_address"))
        if key in left:
            matched.failed.append((left.pop(key)[0], errors))
        elif not errors or (key and key not in sent and may_be_of_others):
            has_doubts = True
        elif key not in sent:
            nameless.append((field_of(failed, "first_name"), errors))
    rest = list(left.values())
    matched.has_strays = bool(strays)
    if len(rest) == len(strays) == 1 and not (nameless or has_doubts or may_be_of_others):
        matched.saved += [(rest[0][0], stray) for stray in strays.values()]
    elif strays or has_doubts or len(nameless) < len(rest):
        matched.unsure = [item for item, _ in rest]
    else:
        matched.failed += [(item, _reasons(person, nameless)) for item, person in rest]
    return matched


def _loosely(address: str) -> str:
    return unicodedata.normalize("NFKC", address)


def _reasons(person: Person, failures: Sequence[tuple[object, Messages]]) -> Messages:
    """Return the messages that can be about a person: those for their first name if there are any."""
    of_name = [errors for name, errors in failures if name == person.first_name]
    return _each_once(of_name or [errors for _, errors in failures])


def _each_once(messages: Iterable[Messages]) -> Messages:
    return tuple(dict.fromkeys(message for each in messages for message in each))


def match_ids(
    items: Sequence[tuple[T, int, int]],
    done: Sequence[tuple[int | None, int | None]],
    failures: Iterable[tuple[int | None, int | None, Messages]],
) -> Matched[T]:
    """Match an answer that tells items by the id of their subscriber, and perhaps of their tag, form or field (the target).

    Args:
        items: Each with the ids of its subscriber, who may have several, and of its target.
        done: The subscriber and the target of each success, None for what it doesn't say.
        failures: The subscriber and the target of each failure, likewise, and the messages: none for what is no failure.
    """
    matched = Matched[T]()
    pairs = {(subscriber, target) for _, subscriber, target in items}
    subscribers = {subscriber for subscriber, _ in pairs}
    named: defaultdict[tuple[int, int], list[Messages]] = defaultdict(list)
    # Of a subscriber's items, one for each.
    some: defaultdict[int | None, list[Messages]] = defaultdict(list)
    nameless: list[tuple[int | None, Messages]] = []
    has_doubts = False
    for subscriber, target, errors in failures:
        if subscriber is not None and target is not None and (subscriber, target) in pairs:
            named[subscriber, target].append(errors)
        elif errors and target is None and subscriber in subscribers:
            some[subscriber].append(errors)
        elif errors and subscriber is None:
            nameless.append((target, errors))
        else:
            has_doubts = True
    told = set(done)
    successes = Counter(subscriber for subscriber, target in done if target is None)
    left = [item for item in items if item[1:] not in named and item[1:] not in told]
    number = Counter(subscriber for subscriber, _ in {(subscriber, target) for _, subscriber, target in left})
    rest: list[tuple[T, int]] = []
    for item, subscriber, target in items:
        succeeded, failed = successes[subscriber], some[subscriber]
        is_complete = succeeded >= number[subscriber] or not (nameless or has_doubts)
        if (subscriber, target) in named:
            matched.failed.append((item, _each_once(named[subscriber, target])))
        elif (subscriber, target) in told or (succeeded and not failed and is_complete):
            matched.saved.append((item, None))
        elif not succeeded and len(failed) >= number[subscriber]:
            matched.failed.append((item, _each_once(failed)))
        elif succeeded or failed:
            matched.unsure.append(item)
        else:
            rest.append((item, target))
    for item, target in rest:
        reasons = _each_once(errors for of, errors in nameless if of in (None, target))
        if reasons and not has_doubts and len(nameless) >= len(rest):
            matched.failed.append((item, reasons))
        else:
            matched.unsure.append(item)
    return matched
