"""How to get each status of each operation: `recipes` adds those of `general_recipes` to the ones in `TABLE`.

The first recipe of each operation is its usual request, which the general ones vary.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kit_mock.protocol.operation import Operation
from kit_mock.state.clock import Clock
from kit_mock.status_coverage.general_recipes import derived
from kit_mock.status_coverage.recipe import SEED, Recipe

_CALLBACK = "https://app.example.com/oauth/callback"
# A verifier and its hash, from RFC 7636, appendix B.
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_AUTHORIZE = Recipe(
    f"GET /oauth/authorize?client_id=kit_test_client&response_type=code&redirect_uri={_CALLBACK}"
    f"&code_challenge={_CHALLENGE}&code_challenge_method=S256",
    options={"auto_approve": True},
    anonymous=True,
)
_GRANT = {
    "client_id": "kit_test_client",
    "grant_type": "authorization_code",
    "code": "{code}",
    "redirect_uri": _CALLBACK,
    "code_verifier": _VERIFIER,
}
_PURCHASE: dict[str, Any] = {
    "transaction_id": "T-2",
    "email_address": "ada@example.com",
    "currency": "USD",
    "products": [{"name": "A book", "pid": "P-1", "lid": "L-2", "quantity": 1, "unit_price": 12.5}],
}
_WEBHOOK = {"target_url": "https://app.example.com/hook", "event": {"name": "subscriber.subscriber_activate"}}
_TODAY = {"behaviour": "current"}
_LATER = datetime(2028, 6, 1, tzinfo=UTC)
_LONG_SENT = "one that was sent more than five years ago, since 2026-10-15"
_LOCKED = {
    "webhooks": [{"event": "subscriber_activate", "target_url": "https://app.example.com/hook", "locked": True}],
}
_IN = "added already"
_SENT = "one that was sent"
_TAKEN = "a taken name"
_MANY = range(1, 102)
_TAGGING = {"tag_id": 1, "subscriber_id": 2}
_TAGGINGS = [{"tag_id": 1, "subscriber_id": n} for n in _MANY]
_SMALL_QUEUE = {"bulk_queue_bytes": 1000}
_MANY_VALUES = {f"field_{number}": "x" for number in range(11)}


def _bulk(line: str, name: str, one: dict[str, Any], many: list[dict[str, Any]]) -> dict[str, Recipe]:
    """Return the recipes of a bulk operation: one item, more than 100, a queue too small for these, and no item."""
    return {
        "200": Recipe(line, {name: [one]}),
        "202": Recipe(line, {name: many}),
        "413": Recipe(line, {name: many}, options=_SMALL_QUEUE),
        "422": Recipe(line, {name: []}),
    }


def _added(collection: str) -> dict[str, Recipe]:
    """Return the recipes for adding a subscriber by id: Bob, and Ada who was added already."""
    return {
        "201": Recipe(f"POST /v4/{collection}/1/subscribers/2"),
        "200": Recipe(f"POST /v4/{collection}/1/subscribers/1", note=_IN),
    }


def _added_by_email(collection: str) -> dict[str, Recipe]:
    """Return the recipes for adding a subscriber by email address."""
    line = f"POST /v4/{collection}/1/subscribers"
    return {
        "201": Recipe(line, {"email_address": "bob@example.com"}),
        "200": Recipe(line, {"email_address": "ada@example.com"}, note=_IN),
        "422": Recipe(line, {}),
    }


def recipes(operation: Operation) -> dict[str, Recipe]:
    """Return a recipe for each documented status of an operation, as far as there are any."""
    own = TABLE.get(operation.id, {})
    found = {**derived(operation, next(iter(own.values()))), **own} if own else {}
    return {status: found[status] for status in sorted(operation.responses) if status in found}


def _read(path: str) -> dict[str, Recipe]:
    return {"200": Recipe(f"GET {path}")}


TABLE: dict[str, dict[str, Recipe]] = {
    "authorize": {
        "302": _AUTHORIZE,
        "400": Recipe(_AUTHORIZE.line.replace("kit_test_client", "nobody"), anonymous=True),
    },
    "create_token": {
        "200": Recipe("POST /oauth/token", form=_GRANT, before=(_AUTHORIZE,), options={"auto_approve": True}),
        "400": Recipe("POST /oauth/token", form={**_GRANT, "code": "guessed"}),
        "401": Recipe("POST /oauth/token", form={**_GRANT, "client_id": "nobody"}),
    },
    "get_account": _read("/v4/account"),
    "list_account_colors": _read("/v4/account/colors"),
    "update_account_colors": {
        "200": Recipe("PUT /v4/account/colors", {"colors": ["#00ff00"]}),
        "422": Recipe("PUT /v4/account/colors", {"colors": ["green"]}),
    },
    "get_creator_profile": {
        **_read("/v4/account/creator_profile"),
        "404": Recipe("GET /v4/account/creator_profile", options={"seed": {"creator_profile": None}}),
    },
    "get_email_stats": _read("/v4/account/email_stats"),
    "get_growth_stats": {
        **_read("/v4/account/growth_stats"),
        "422": Recipe("GET /v4/account/growth_stats?starting=yesterday"),
    },
    "list_broadcasts": _read("/v4/broadcasts"),
    "create_broadcast": {
        "201": Recipe("POST /v4/broadcasts", {"subject": "Hello"}),
        "403": Recipe("POST /v4/broadcasts", {"subject": "Hello"}, options={"can_broadcast": False}),
        "422": Recipe("POST /v4/broadcasts", {"subject": "Hello", "email_template_id": 3}),
    },
    "get_broadcast": _read("/v4/broadcasts/1"),
    "update_broadcast": {
        "200": Recipe("PUT /v4/broadcasts/1", {"subject": "Hello"}),
        "403": Recipe("PUT /v4/broadcasts/1", {"subject": "Hello"}, options={"can_broadcast": False}),
        "422": Recipe("PUT /v4/broadcasts/2", {"subject": "Hello"}, note=_SENT),
    },
    "delete_broadcast": {
        "204": Recipe("DELETE /v4/broadcasts/1"),
        "403": Recipe("DELETE /v4/broadcasts/1", options={"can_broadcast": False}),
        "422": Recipe("DELETE /v4/broadcasts/2", note=_SENT),
    },
    "get_broadcast_stats": {
        **_read("/v4/broadcasts/2/stats"),
        "400": Recipe("GET /v4/broadcasts/2/stats", options={**_TODAY, "clock": Clock(_LATER)}, note=_LONG_SENT),
    },
    "list_custom_fields": _read("/v4/custom_fields"),
    "create_custom_field": {
        "201": Recipe("POST /v4/custom_fields", {"label": "Shoe size"}),
        "422": Recipe("POST /v4/custom_fields", {"label": ""}),
        "200": Recipe("POST /v4/custom_fields", {"label": "City"}, options={"behaviour": "current"}, note=_TAKEN),
    },
    "update_custom_field": {
        "200": Recipe("PUT /v4/custom_fields/1", {"label": "Town"}),
        "422": Recipe("PUT /v4/custom_fields/1", {"label": ""}),
    },
    "delete_custom_field": {
        "204": Recipe("DELETE /v4/custom_fields/1"),
        "422": Recipe("DELETE /v4/custom_fields/2", note="a field that the seed has as `locked`"),
    },
    "bulk_create_custom_fields": _bulk(
        "POST /v4/bulk/custom_fields", "custom_fields", {"label": "A"}, [{"label": f"Field {n}"} for n in _MANY]
    ),
    "bulk_update_custom_field_values": _bulk(
        "POST /v4/bulk/custom_fields/subscribers",
        "custom_field_values",
        {"subscriber_id": 1, "subscriber_custom_field_id": 1, "value": "Paris"},
        [{"subscriber_id": n, "subscriber_custom_field_id": 1, "value": "Paris"} for n in _MANY],
    ),
    "list_email_templates": _read("/v4/email_templates"),
    "list_forms": _read("/v4/forms"),
    "list_form_subscribers": _read("/v4/forms/1/subscribers"),
    "add_form_subscriber_by_email": _added_by_email("forms"),
    "add_form_subscriber": {
        **_added("forms"),
        "422": Recipe("POST /v4/forms/1/subscribers/2", {"referrer": {}}, options=_TODAY),
    },
    "bulk_add_form_subscribers": _bulk(
        "POST /v4/bulk/forms/subscribers",
        "additions",
        {"form_id": 1, "subscriber_id": 2},
        [{"form_id": 1, "subscriber_id": n} for n in _MANY],
    ),
    "list_purchases": _read("/v4/purchases"),
    "create_purchase": {
        "201": Recipe("POST /v4/purchases", {"purchase": _PURCHASE}),
        "422": Recipe("POST /v4/purchases", {"purchase": {**_PURCHASE, "transaction_id": ""}}),
    },
    "get_purchase": _read("/v4/purchases/1"),
    "list_segments": _read("/v4/segments"),
    "list_sequences": _read("/v4/sequences"),
    "list_sequence_subscribers": _read("/v4/sequences/1/subscribers"),
    "add_sequence_subscriber_by_email": _added_by_email("sequences"),
    "add_sequence_subscriber": _added("sequences"),
    "list_subscribers": {
        **_read("/v4/subscribers"),
        "422": Recipe("GET /v4/subscribers?sort_field=cancelled_at&status=active"),
    },
    "create_subscriber": {
        "201": Recipe("POST /v4/subscribers", {"email_address": "cy@example.com"}),
        "200": Recipe("POST /v4/subscribers", {"email_address": "ada@example.com"}),
        "202": Recipe("POST /v4/subscribers", {"email_address": "cy@example.com", "fields": _MANY_VALUES}),
        "422": Recipe("POST /v4/subscribers", {"email_address": "nobody"}),
    },
    "get_subscriber": _read("/v4/subscribers/1"),
    "update_subscriber": {
        "200": Recipe("PUT /v4/subscribers/1", {"email_address": "ada@example.com", "first_name": "Ada"}),
        "202": Recipe("PUT /v4/subscribers/1", {"email_address": "ada@example.com", "fields": _MANY_VALUES}),
        "422": Recipe("PUT /v4/subscribers/1", {"email_address": "bob@example.com"}, note="another's address"),
    },
    "unsubscribe_subscriber": {"204": Recipe("POST /v4/subscribers/1/unsubscribe")},
    "list_subscriber_tags": _read("/v4/subscribers/1/tags"),
    "bulk_create_subscribers": {
        **_bulk(
            "POST /v4/bulk/subscribers",
            "subscribers",
            {"email_address": "cy@example.com", "first_name": None},
            [{"email_address": f"reader{n}@example.com", "first_name": None} for n in _MANY],
        ),
        "403": Recipe(
            "POST /v4/bulk/subscribers",
            {"subscribers": [{"email_address": "cy@example.com", "first_name": None}]},
            options={"subscriber_limit": len(SEED["subscribers"])},
        ),
    },
    "list_tags": _read("/v4/tags"),
    "create_tag": {
        "201": Recipe("POST /v4/tags", {"name": "New"}),
        "422": Recipe("POST /v4/tags", {"name": "Newsletter"}, options={"behaviour": "reference"}, note=_TAKEN),
        "200": Recipe("POST /v4/tags", {"name": "Newsletter"}, options={"behaviour": "current"}, note=_TAKEN),
    },
    "update_tag": {
        "200": Recipe("PUT /v4/tags/1", {"name": "Letters"}),
        "422": Recipe("PUT /v4/tags/1", {"name": "Customer"}, note="another tag's name"),
    },
    "list_tag_subscribers": _read("/v4/tags/1/subscribers"),
    "tag_subscriber_by_email": _added_by_email("tags"),
    "untag_subscriber_by_email": {
        "204": Recipe("DELETE /v4/tags/1/subscribers", form={"email_address": "ada@example.com"}),
        "422": Recipe("DELETE /v4/tags/1/subscribers"),
    },
    "tag_subscriber": _added("tags"),
    "untag_subscriber": {"204": Recipe("DELETE /v4/tags/1/subscribers/1")},
    "bulk_create_tags": _bulk("POST /v4/bulk/tags", "tags", {"name": "New"}, [{"name": f"Tag {n}"} for n in _MANY]),
    "bulk_delete_tags": _bulk("DELETE /v4/bulk/tags", "tags", {"id": 1}, [{"id": n} for n in _MANY]),
    "bulk_tag_subscribers": _bulk("POST /v4/bulk/tags/subscribers", "taggings", _TAGGING, _TAGGINGS),
    "bulk_untag_subscribers": _bulk("DELETE /v4/bulk/tags/subscribers", "taggings", _TAGGING, _TAGGINGS),
    "list_webhooks": _read("/v4/webhooks"),
    "create_webhook": {
        "201": Recipe("POST /v4/webhooks", _WEBHOOK),
        "422": Recipe("POST /v4/webhooks", {**_WEBHOOK, "event": {"name": "subscriber.birthday"}}),
    },
    "delete_webhook": {
        "204": Recipe("DELETE /v4/webhooks/1", before=(Recipe("POST /v4/webhooks", _WEBHOOK),)),
        "422": Recipe(
            "DELETE /v4/webhooks/1", options={**_TODAY, "seed": _LOCKED}, note="one that a seed has `locked`"
        ),
    },
}
