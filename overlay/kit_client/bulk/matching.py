"""Which item of a request each part of its answer is about. No I/O.

The service promises no order, and a failure may not say what failed: then it is one of the items of which no success is
told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct, field

from kit_api.models import BulkSubscriber, SubscriberFailure

from .rows import Person, same

T = TypeVar("T")


class Matched(Struct, Generic[T]):
    """What became of the items of a request."""

    saved: list[tuple[T, BulkSubscriber | None]] = field(default_factory=list[tuple[T, BulkSubscriber | None]])
    failed: list[tuple[T, tuple[str, ...]]] = field(default_factory=list[tuple[T, tuple[str, ...]]])
    unsure: list[T] = field(default_factory=list[T])
    """Items of which the answer doesn't say what became of them."""


def match_people(
    people: Iterable[Person], subscribers: Sequence[BulkSubscriber], failures: Sequence[SubscriberFailure]
) -> Matched[Person]:
    """Match an answer of `bulk_create_subscribers`. No two people have the same address."""
    matched = Matched[Person]()
    left = {same(person.address): person for person in people}
    strays: list[BulkSubscriber] = []
    for subscriber in subscribers:
        person = left.pop(same(subscriber.email_address), None)
        if person is None:
            strays.append(subscriber)
        else:
            matched.saved.append((person, subscriber))
    nameless: list[SubscriberFailure] = []
    for failure in failures:
        person = left.pop(same(failure.subscriber.email_address), None)
        if person is None:
            nameless.append(failure)
        else:
            matched.failed.append((person, tuple(failure.errors)))
    rest = list(left.values())
    if len(rest) == len(strays) == 1 and not nameless:
        # The service may write an address in its own way.
        matched.saved.append((rest[0], strays[0]))
    elif strays or len(nameless) < len(rest):
        matched.unsure = rest
    else:
        matched.failed += [(person, _reasons(person, nameless)) for person in rest]
    return matched


def _reasons(person: Person, failures: Sequence[SubscriberFailure]) -> tuple[str, ...]:
    """Return the messages that can be about a person. More than one set is left only where reasons differ."""
    of_name = [failure for failure in failures if failure.subscriber.first_name == person.first_name]
    return tuple(dict.fromkeys(error for failure in of_name or failures for error in failure.errors))


def match_ids(
    items: Sequence[tuple[T, int]], done: Iterable[int], failures: Iterable[tuple[int | None, Sequence[str]]]
) -> Matched[T]:
    """Match an answer that tells items by the id of their subscriber only.

    Args:
        items: Each with the id of its subscriber, who may have several.
        done: The subscriber of each success.
        failures: The subscriber of each failure, if it says that, and the messages.
    """
    matched = Matched[T]()
    successes, wanted = Counter(done), Counter(id_ for _, id_ in items)
    named: dict[int, list[str]] = {}
    nameless: list[str] = []
    for id_, errors in failures:
        (nameless if id_ is None or id_ not in wanted else named.setdefault(id_, [])).extend(errors)
    for item, id_ in items:
        errors = named.get(id_) or (nameless if successes[id_] < wanted[id_] else [])
        if errors:
            matched.failed.append((item, tuple(dict.fromkeys(errors))))
        elif successes[id_]:
            matched.saved.append((item, None))
        else:
            matched.unsure.append(item)
    return matched
