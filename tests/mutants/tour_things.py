"""Tours of broadcasts, purchases, webhooks, bulk requests and figures."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from tests.mutants import samples
from tests.mutants.bulk import OPERATIONS as BULK
from tests.mutants.exchange import Answer, Request
from tests.mutants.truth import Truth

Tour = Generator[Request, Answer, None]

EVENTS: tuple[dict[str, Any], ...] = (
    {"name": "subscriber.tag_add", "tag_id": 31},
    {"name": "subscriber.form_subscribe", "form_id": 41},
    {"name": "subscriber.course_subscribe", "course_id": 51},
    {"name": "subscriber.course_subscribe", "sequence_id": 51},
    {"name": "subscriber.product_purchase", "product_id": 1},
    {"name": "custom_field.field_value_updated", "custom_field_id": 1},
    {"name": "subscriber.link_click", "initiator_value": "https://example.com/"},
    {"name": "subscriber.tag_remove", "tag_id": 31},
    {"name": "subscriber.course_complete", "sequence_id": 51},
)


_TO_SEND = {"subject": "Issue", "content": "<p>Hello</p>", "description": "Of today"}
_LATER, _BEFORE = "2024-07-01T08:00:00Z", "2024-05-01T08:00:00Z"


def _creating(truth: Truth) -> Tour:
    two = [{"all": [{"type": "tag", "ids": [31]}]}, {"any": [{"type": "tag", "ids": [32]}]}]
    bodies: tuple[dict[str, Any], ...] = (
        {"send_at": _LATER},
        {"send_at": _LATER, "subject": "Issue"},
        {"send_at": _LATER, "content": "<p>Hello</p>"},
        {**_TO_SEND, "send_at": _LATER},
        {**_TO_SEND, "send_at": _BEFORE},
        {**_TO_SEND, "public": True},
        {**_TO_SEND, "subscriber_filter": two},
        {**_TO_SEND, "subscriber_filter": [two[0] | two[1]]},
        {**_TO_SEND, "subscriber_filter": None, "email_template_id": None},
        {**_TO_SEND, "subscriber_filter": [two[1]], "thumbnail_url": "https://example.com/a.png"},
        {**_TO_SEND, "subscriber_filter": [{"none": [{"type": "segment", "ids": [61]}]}]},
    )
    for body in bodies:
        answer = yield truth.request("create_broadcast", body=body)
        if answer.is_success:
            yield truth.request("get_broadcast", {"id": answer.json.get("broadcast", {}).get("id", 0)})
    yield truth.request("list_broadcasts")


def _changing(truth: Truth) -> Tour:
    yield from _drafting(truth)
    two = [{"all": [{"type": "tag", "ids": [31]}]}, {"any": [{"type": "tag", "ids": [32]}]}]
    bodies: tuple[dict[str, Any], ...] = (
        {"send_at": _LATER, "subject": ""},
        {"send_at": _LATER, "content": ""},
        {"send_at": _LATER, "subject": "Issue"},
        {"description": "Changed"},
        {"public": False},
        {"subscriber_filter": two},
        {"subscriber_filter": [two[0] | two[1]]},
        {"subscriber_filter": None, "email_template_id": None},
    )
    for body in bodies:
        yield truth.request("update_broadcast", {"id": 73}, body)
        yield truth.request("get_broadcast", {"id": 73})
    yield truth.request("update_broadcast", {"id": 71}, {"subject": "Too late"})


def _deleting(truth: Truth) -> Tour:
    yield from _drafting(truth)
    yield truth.request("delete_broadcast", {"id": 71})
    yield truth.request("get_broadcast", {"id": 71})


def _buying(truth: Truth) -> Tour:
    line = {"name": "A book", "pid": "book", "lid": "7", "quantity": 2, "unit_price": 12.25}
    purchase = {
        "email_address": "buyer@example.com",
        "transaction_id": "T-9",
        "currency": "USD",
        "status": "paid",
        "first_name": "Bea",
        "tax": 1.5,
        "discount": 2.0,
        "products": [line, {**line, "lid": "8", "pid": "pen", "name": "A pen"}],
    }
    for body in (
        {"purchase": purchase},
        {"purchase": {**purchase, "products": [{**line, "lid": "9"}]}},
        {"purchase": {**purchase, "transaction_id": "T-10", "products": [line, line]}},
        {**purchase, "transaction_id": "T-11"},
        {"purchase": {**purchase, "transaction_id": "T-1"}},
    ):
        yield truth.request("get_purchase", {"id": 81})
        yield truth.request("create_purchase", body=body)
        yield truth.request("get_purchase", {"id": 81})
        yield truth.request("list_purchases")
        yield truth.request("list_subscribers", query={"status": "all"})


def _growth(truth: Truth) -> Tour:
    yield truth.request("get_growth_stats")
    yield truth.request("unsubscribe_subscriber", {"id": 101})
    yield truth.request("create_subscriber", body={"email_address": "grown@example.com"})
    yield truth.request("get_growth_stats")
    for query in (
        {"starting": "2024-05-01", "ending": "2024-04-01"},
        {"ending": "2024-04-01"},
        {"starting": "2023-01-01", "ending": "2023-12-31"},
    ):
        yield truth.request("get_growth_stats", query=query)


def _coloring(truth: Truth) -> Tour:
    for colors in (
        ["#ffffff", "#000000", "#00ff00"],
        ["#123456"],
        ["#fff"],
        [],
        ["red"],
        [f"#00000{number}" for number in range(5)],
        [f"#00000{number}" for number in range(6)],
    ):
        yield truth.request("update_account_colors", body={"colors": colors})
        yield truth.request("list_account_colors")


_BULK_ITEMS: dict[str, Callable[[int], dict[str, Any]]] = {
    "bulk_create_custom_fields": lambda number: {"label": f"Bulk {number}"},
    "bulk_create_subscribers": lambda number: {"email_address": f"bulk-{number}@example.com", "first_name": "Bea"},
    "bulk_create_tags": lambda number: {"name": f"Bulk {number}"},
    "bulk_tag_subscribers": lambda number: (
        {"tag_id": 32 + number % 2, "subscriber_id": 101 + number % 8}
        if number < 100
        else {"tag_id": 34, "subscriber_id": 103}
    ),
    "bulk_untag_subscribers": lambda number: {"tag_id": 31 + number // 100, "subscriber_id": 101 + number % 8},
    "bulk_delete_tags": lambda number: {"id": 35 + number},
    "bulk_update_custom_field_values": lambda number: {
        "subscriber_id": 101 + number % 8,
        "subscriber_custom_field_id": 1 + number // 50,
        "value": f"V {number}",
    },
    "bulk_add_form_subscribers": lambda number: {
        "form_id": 43 - number // 100,
        "subscriber_id": 101 + number % 8,
        "referrer": f"https://example.com/{number}",
    },
}
_BAD_ITEMS: dict[str, dict[str, Any]] = {
    "bulk_create_custom_fields": {"label": " "},
    "bulk_create_subscribers": {"email_address": "nobody"},
    "bulk_create_tags": {"name": " "},
    "bulk_tag_subscribers": {"tag_id": 31, "subscriber_id": 987654321},
    "bulk_untag_subscribers": {"tag_id": 31, "subscriber_id": 987654321},
    "bulk_delete_tags": {"id": 987654321},
    "bulk_update_custom_field_values": {
        "subscriber_id": 987654321,
        "subscriber_custom_field_id": 1,
        "value": "V",
    },
    "bulk_add_form_subscribers": {"form_id": 41, "subscriber_id": 987654321},
}
_SEEN_IN: dict[str, tuple[dict[str, int], ...]] = {
    "bulk_tag_subscribers": ({"tag_id": 34},),
    "bulk_untag_subscribers": ({"tag_id": 31}, {"tag_id": 32}),
    "bulk_add_form_subscribers": ({"form_id": 43}, {"form_id": 42}),
}
# What there must be for all items to be good.
_TAGGED = [{"tag_id": tag, "subscriber_id": 101 + number} for tag in (31, 32) for number in range(8)]
_PREPARED: dict[str, tuple[str, dict[str, Any]]] = {
    "bulk_untag_subscribers": ("bulk_tag_subscribers", {"taggings": _TAGGED}),
    "bulk_delete_tags": ("bulk_create_tags", {"tags": [{"name": f"Of many {number}"} for number in range(101)]}),
}


def _in_bulk(operation: str) -> Callable[[Truth], Tour]:
    name, _, reads = BULK[operation]
    make, bad = _BULK_ITEMS[operation], _BAD_ITEMS[operation]

    def tour(truth: Truth) -> Tour:
        if operation in _PREPARED:
            first, body = _PREPARED[operation]
            yield truth.request(first, body=body)
            truth.mock.advance(seconds=5)
        query = {"status": "all"} if "subscribers" in reads else {}
        items = [make(number) for number in range(101)]
        for chosen in (items[:3], items[2:5], [items[5], bad, items[6]], [items[7], items[7]], [], items[:100], items):
            yield truth.request(operation, body={name: chosen})
            truth.mock.advance(seconds=5)
            for path in _SEEN_IN.get(operation, ({},)):
                yield truth.request(reads, path, query=query)

    return tour


def _without_fields(truth: Truth) -> Tour:
    for field in (2, 1):
        yield truth.request("delete_custom_field", {"id": field})
        yield truth.request("list_custom_fields")


def _sending(truth: Truth) -> Tour:
    yield truth.request("get_email_stats")
    yield truth.request("create_broadcast", body={**_TO_SEND, "send_at": _BEFORE})
    truth.mock.advance(minutes=5)
    yield truth.request("get_email_stats")


def _counting(truth: Truth) -> Tour:
    for subscriber in (101, 102):
        yield truth.request("get_broadcast_stats", {"id": 72})
        yield truth.request("unsubscribe_subscriber", {"id": subscriber})
    yield truth.request("get_broadcast_stats", {"id": 72})


def _hooking_to(truth: Truth) -> Tour:
    for event in EVENTS:
        yield truth.request("create_webhook", body={"target_url": "https://hooks.example.com/", "event": event})
        unknown = {name: 987654321 if name.endswith("_id") else value for name, value in event.items()}
        yield truth.request("create_webhook", body={"target_url": "https://hooks.example.com/", "event": unknown})
        yield truth.request("list_webhooks")


def _drafting(truth: Truth) -> Tour:
    for _ in range(2):
        yield truth.request("create_broadcast", body=_TO_SEND)
    answer = yield truth.request("list_broadcasts")
    newest = answer.json["broadcasts"][0]["id"]
    yield truth.request("update_broadcast", {"id": newest}, {"subject": "Changed"})
    yield truth.request("list_broadcasts")
    yield truth.request("delete_broadcast", {"id": newest})
    yield truth.request("list_broadcasts")


def _hooking(truth: Truth) -> Tour:
    yield truth.request("delete_webhook", {"id": 93})
    yield truth.request("delete_webhook", {"id": 91})
    yield samples.usual(truth, "delete_webhook")
    yield truth.request("list_webhooks")


TOURS: dict[str, Callable[[Truth], Tour]] = {
    "create_broadcast": _creating,
    "get_broadcast": _creating,
    "list_broadcasts": _creating,
    "update_broadcast": _changing,
    "delete_broadcast": _deleting,
    "create_purchase": _buying,
    "get_growth_stats": _growth,
    "get_broadcast_stats": _counting,
    "get_email_stats": _sending,
    "get_purchase": _buying,
    "create_webhook": _hooking_to,
    "update_account_colors": _coloring,
    "list_account_colors": _coloring,
    "delete_webhook": _hooking,
    "delete_custom_field": _without_fields,
    **{operation: _in_bulk(operation) for operation in BULK},
}
"""By operation, what shows the rules that it has to follow."""
