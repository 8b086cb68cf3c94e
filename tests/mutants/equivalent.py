"""Lies that can't be seen over HTTP, each with the reason. They are listed but not counted."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import attrs

from tests.mutants.lie import Lie

_NO_SOURCES = "no sequence of the account leaves out subscribers, and the API has no way to make one that does"
_NULL = "it is null there at all times, since what failed was not made"
_NO_PRODUCT = "no answer of the API shows the id of a product, which a webhook for its purchases needs"
_UNCHANGED = "nothing that the API can do changes it"

REASONS: Mapping[str, str] = {
    "*: list_sequences sequences[[]].exclude_subscriber_sources[[]].*": _NO_SOURCES,
    "text format: list_sequences sequences[[]].email_address": "no sequence of the account has an address of its own",
    "date format: bulk_* failures[[]].*.created_at": _NULL,
    "text format: bulk_create_subscribers failures[[]].subscriber.email_address": _NULL,
    "*: list_subscribers subscribers[[]].tags[[]].tagged_at": "the tags in a list of subscribers have no dates",
    "*tags[[]].added_at": "the mock shows `tagged_at` in its place",
    "stale read: get_account *": _UNCHANGED,
    "stale read: get_creator_profile *": _UNCHANGED,
    "stale read: list_email_templates *": _UNCHANGED,
    "stale read: list_segments *": _UNCHANGED,
    "field lost: create_purchase answers with `purchase.status` *": "`paid` is the only status, and the default",
    "webhook: subscriber.product_purchase *": _NO_PRODUCT,
    "field null: get_subscriber warnings": "there are warnings for writes alone",
}
"""The reasons, by patterns of names as `fnmatch` has them."""


def unseen(lie: Lie) -> Lie:
    """Return the lie, with the reason why it can't be seen if there is one."""
    reason = next((reason for pattern, reason in REASONS.items() if fnmatchcase(lie.name, pattern)), "")
    return attrs.evolve(lie, unseen=reason) if reason else lie


def unused(lies: tuple[Lie, ...]) -> str | None:
    """Return a pattern that no lie fits, if there is one."""
    return next((each for each in REASONS if not any(fnmatchcase(lie.name, each) for lie in lies)), None)
