"""The names of events and their subjects."""

from __future__ import annotations

import attrs


@attrs.frozen
class Subject:
    """The tag, form or other thing that an event is about beside its subscriber."""

    name: str
    """The attribute in responses."""
    names: tuple[str, ...]
    """The attributes that requests may use."""
    table: str | None
    """The table that the attribute is an id of; None for a link, whose attribute is a URL."""

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
"""The subject of each event, by the name in responses."""


_GROUPS = {
    PURCHASE_CREATE: "purchase",
    **dict.fromkeys((FIELD_CREATED, FIELD_DELETED, FIELD_VALUE_UPDATED), CUSTOM_FIELD.noun),
}


def _requested(event: str) -> str:
    return f"{_GROUPS.get(event, 'subscriber')}.{event}"


REQUESTED = {_requested(event): event for event in EVENTS}
"""The name in responses by the name in requests."""
REQUESTED_BY_REFERENCE = {name: event for name, event in REQUESTED.items() if _GROUPS.get(event) != CUSTOM_FIELD.noun}
"""The name in responses by the name in requests, without the events that came after Kit's reference."""
