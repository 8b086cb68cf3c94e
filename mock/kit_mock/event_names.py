"""The events that there are, and what each is about."""

from __future__ import annotations

import attrs


@attrs.frozen
class Subject:
    """What an event is about beside its subscriber.

    `name` is that of the attribute in responses, `names` those that requests take. `table` has the rows that it is an
    id of, None for a link, which is a URL.
    """

    name: str
    names: tuple[str, ...]
    table: str | None

    @property
    def noun(self) -> str:
        """`tag`, `form`, `sequence`, `product` or `link`."""
        return self.table.removesuffix("s") if self.table else "link"


FORM = Subject("form_id", ("form_id",), "forms")
SEQUENCE = Subject("sequence_id", ("course_id", "sequence_id"), "sequences")
PRODUCT = Subject("product_id", ("product_id",), "products")
TAG = Subject("tag_id", ("tag_id",), "tags")
LINK = Subject("initiator_value", ("initiator_value",), None)

PURCHASE_CREATE = "purchase_create"

EVENTS: dict[str, Subject | None] = {
    "subscriber_activate": None,
    "subscriber_unsubscribe": None,
    "subscriber_bounce": None,
    "subscriber_complain": None,
    "form_subscribe": FORM,
    "course_subscribe": SEQUENCE,
    "course_complete": SEQUENCE,
    "link_click": LINK,
    "product_purchase": PRODUCT,
    "tag_add": TAG,
    "tag_remove": TAG,
    PURCHASE_CREATE: None,
}
"""All events by the name in responses, and what each is about."""


def _requested(event: str) -> str:
    return f"{'purchase' if event == PURCHASE_CREATE else 'subscriber'}.{event}"


REQUESTED = {_requested(event): event for event in EVENTS}
"""The name in responses by that in requests."""
