"""All lies, and the selection of some of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import cache

from tests.contract.document import Document
from tests.mutants import (
    broadcasts,
    bulk,
    credentials,
    deliveries,
    figures,
    filters,
    headers,
    inputs_refused,
    inputs_taken,
    limits,
    lists,
    memberships,
    names,
    oauth_codes,
    oauth_tokens,
    shapes,
    state,
    statuses,
    upserts,
)
from tests.mutants.equivalent import unseen, unused
from tests.mutants.lie import Lie

_FAMILIES = (
    shapes,
    statuses,
    headers,
    credentials,
    lists,
    filters,
    inputs_taken,
    inputs_refused,
    state,
    names,
    upserts,
    memberships,
    broadcasts,
    figures,
    bulk,
    deliveries,
    oauth_codes,
    oauth_tokens,
    limits,
)
KINDS: tuple[str, ...] = tuple(kind for family in _FAMILIES for kind in family.KINDS)
"""The kinds in the order in which they are reported."""


@cache
def all_lies() -> tuple[Lie, ...]:
    """Return every lie; those that nobody can see say why."""
    document = Document()
    found = [unseen(lie) for family in _FAMILIES for lie in family.lies(document)]
    names_ = [lie.name for lie in found]
    if repeated := {name for name in names_ if names_.count(name) > 1}:
        raise ValueError(f"two lies have the name {min(repeated)!r}")
    if (pattern := unused(tuple(found))) is not None:
        raise ValueError(f"there is no lie {pattern!r} to be unseen")
    return tuple(found)


def chosen(
    *, kinds: Iterable[str] = (), names: Iterable[str] = (), sample: int | None = None, seed: int = 0
) -> list[Lie]:
    """Return the lies that can be seen, of some kinds or with some texts in their names, and of these a sample.

    A sample has of each kind in proportion to its size, and at least one. Raises ValueError for what isn't there.
    """
    wanted, texts = set(kinds), tuple(names)
    if unknown := wanted - set(KINDS):
        raise ValueError(f"there is no kind {min(unknown)!r}; --list shows the kinds")
    found = [lie for lie in all_lies() if not lie.unseen and (not wanted or lie.kind in wanted)]
    for text in texts:
        if not any(text in lie.name for lie in found):
            raise ValueError(f"no lie has {text!r} in its name; --list shows the names")
    if texts:
        found = [lie for lie in found if any(text in lie.name for text in texts)]
    return found if sample is None else _sampled(found, sample, random.Random(seed))


def _sampled(lies: Sequence[Lie], size: int, chance: random.Random) -> list[Lie]:
    kept: set[str] = set()
    for kind in KINDS:
        of_kind = [lie.name for lie in lies if lie.kind == kind]
        if of_kind:
            kept.update(chance.sample(of_kind, min(len(of_kind), max(1, round(size * len(of_kind) / len(lies))))))
    return [lie for lie in lies if lie.name in kept]
