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
        """`tag`, `form`, `sequence`, `product`, `custom_field` or `link`."""
        return self.table.removesuffix("s") if self.table else "link"


FORM = Subject("form_id", ("form_id",), "forms")
SEQUENCE = Subject("sequence_id", ("course_id", "sequence_id"), "sequences")
PRODUCT = Subject("product_id", ("product_id",), "products")
TAG = Subject("tag_id", ("tag_id",), "tags")
LINK = Subject("initiator_value", ("initiator_value",), None)
CUSTOM_FIELD = Subject("custom_field_id", ("custom_field_id",), "custom_fields")

PURCHASE_CREATE = "purchase_create"
FIELD_CREATED = "field_created"
FIELD_DELETED = "field_deleted"
FIELD_VALUE_UPDATED = "field_value_updated"

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
    FIELD_CREATED: None,
    FIELD_DELETED: None,
    FIELD_VALUE_UPDATED: CUSTOM_FIELD,
}
"""All events by the name in responses, and what each is about."""


_GROUPS = {
    PURCHASE_CREATE: "purchase",
    **dict.fromkeys((FIELD_CREATED, FIELD_DELETED, FIELD_VALUE_UPDATED), CUSTOM_FIELD.noun),
}


def _requested(event: str) -> str:
    return f"{_GROUPS.get(event, 'subscriber')}.{event}"


REQUESTED = {_requested(event): event for event in EVENTS}
"""The name in responses by that in requests."""
REQUESTED_BY_REFERENCE = {name: event for name, event in REQUESTED.items() if _GROUPS.get(event) != CUSTOM_FIELD.noun}
"""The same without the events that came after Kit's reference."""
