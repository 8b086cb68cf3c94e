"""Which item of a request each part of its answer is about. No I/O.

The service promises no order, and a failure may not say what failed: then it is one of the items of which no success is
told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct, field

from kit_api.models import BulkSubscriber

from .rows import Person, same

NO_REASON = "the service gave no reason"
T = TypeVar("T")


class Matched(Struct, Generic[T]):
    """What became of the items of a request."""

    saved: list[tuple[T, BulkSubscriber | None]] = field(default_factory=list[tuple[T, BulkSubscriber | None]])
    failed: list[tuple[T, tuple[str, ...]]] = field(default_factory=list[tuple[T, tuple[str, ...]]])
    unsure: list[T] = field(default_factory=list[T])
    """Items of which the answer doesn't say what became of them."""


def match_people(items: Iterable[tuple[T, Person]], subscribers: Iterable[Any], failures: Iterable[Any]) -> Matched[T]:
    """Match an answer of `bulk_create_subscribers`.

    Args:
        items: Each with its person. No two of these have the same address.
        subscribers: The successes.
        failures: The failures, most of which don't say the address.
    """
    matched = Matched[T]()
    sent = {same(person.address): (item, person) for item, person in items}
    left = dict(sent)
    strays: list[BulkSubscriber] = []
    for subscriber in subscribers:
        key = same(subscriber.email_address)
        if key in left:
            matched.saved.append((left.pop(key)[0], subscriber))
        elif key not in sent:
            strays.append(subscriber)
    nameless: list[tuple[object, tuple[str, ...]]] = []
    for failure in failures:
        failed = failure.subscriber
        key = same(getattr(failed, "email_address", None))
        if key in left:
            matched.failed.append((left.pop(key)[0], messages(failure.errors)))
        else:
            nameless.append((getattr(failed, "first_name", None), messages(failure.errors)))
    rest = list(left.values())
    if len(rest) == len(strays) == 1 and not nameless:
        # The service may write an address in its own way.
        matched.saved.append((rest[0][0], strays[0]))
    elif strays or len(nameless) < len(rest):
        matched.unsure = [item for item, _ in rest]
    else:
        matched.failed += [(item, _reasons(person, nameless)) for item, person in rest]
    return matched


def _reasons(person: Person, failures: Sequence[tuple[object, tuple[str, ...]]]) -> tuple[str, ...]:
    """Return the messages that can be about a person: those for their first name if there are any."""
    of_name = [errors for name, errors in failures if name == person.first_name]
    every = [errors for _, errors in failures]
    return tuple(dict.fromkeys(error for errors in of_name or every for error in errors))


def messages(errors: object) -> tuple[str, ...]:
    """Return the messages of a failure: at least one, also where the service gives none."""
    if isinstance(errors, list):
        return tuple(map(str, cast("list[object]", errors))) or (NO_REASON,)
    return (errors if isinstance(errors, str) and errors else NO_REASON,)


def match_ids(
    items: Sequence[tuple[T, int]], done: Iterable[int], failures: Iterable[tuple[int | None, tuple[str, ...]]]
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
        reasons = named.get(id_) or (nameless if successes[id_] < wanted[id_] else [])
        if reasons:
            matched.failed.append((item, tuple(dict.fromkeys(reasons))))
        elif successes[id_]:
            matched.saved.append((item, None))
        else:
            matched.unsure.append(item)
    return matched
