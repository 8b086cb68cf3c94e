"""Requests, by operation, for the optional response fields that no recipe for a status shows."""

from __future__ import annotations

from typing import Any

from kit_mock.status_coverage.recipe import SEED, Recipe

_TARGET = "https://app.example.com/hook"
_WEBHOOKS: list[dict[str, Any]] = [
    {"event": "tag_add", "tag": 1, "target_url": _TARGET},
    {"event": "form_subscribe", "form": 1, "target_url": _TARGET},
    {"event": "course_subscribe", "sequence": 1, "target_url": _TARGET},
    {"event": "link_click", "link": "https://example.com/", "target_url": _TARGET},
    {"event": "product_purchase", "product": "P-1", "target_url": _TARGET},
    {"event": "field_value_updated", "custom_field": "City", "target_url": _TARGET},
]
_PART = {"type": "tag", "ids": [1]}

FIELDS: dict[str, tuple[Recipe, ...]] = {
    "list_subscribers": (Recipe("GET /v4/subscribers?include=attribution,tags,location&include_total_count=true"),),
    "list_tags": (Recipe("GET /v4/tags?include=subscriber_count"),),
    "list_forms": (Recipe("GET /v4/forms?include=subscriber_count"),),
    "list_sequences": (Recipe("GET /v4/sequences?include=stats"),),
    "create_broadcast": tuple(
        Recipe("POST /v4/broadcasts", {"subscriber_filter": [{group: [_PART]}]}) for group in ("all", "any", "none")
    ),
    "update_subscriber": (Recipe("PUT /v4/subscribers/1", {"fields": {"shoe_size": "9"}}),),
    "bulk_create_subscribers": (Recipe("POST /v4/bulk/subscribers", {"subscribers": [{"email_address": "nobody"}]}),),
    "bulk_add_form_subscribers": (
        Recipe("POST /v4/bulk/forms/subscribers", {"additions": [{"form_id": 1, "subscriber_id": 999}]}),
    ),
    "list_webhooks": (Recipe("GET /v4/webhooks", options={"seed": {**SEED, "webhooks": _WEBHOOKS}}),),
}
