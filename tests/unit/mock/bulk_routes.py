"""The bulk operations, by short names, and requests to them."""

from __future__ import annotations

from typing import Any

import attrs
import httpx

from tests.unit.mock.document_fields import line, operations, resolved


@attrs.frozen
class Route:
    """A bulk operation. `field` is what holds its items."""

    operation_id: str
    method: str
    path: str
    field: str


def _route(operation_id: str) -> Route:
    raw = next(raw for _, raw in operations() if raw["operationId"] == operation_id)
    ((_, content),) = resolved(raw["requestBody"])["content"].items()
    (field,) = resolved(content["schema"])["required"]
    return Route(operation_id, *line(operation_id), field)


ROUTES = {
    "subscribers": _route("bulk_create_subscribers"),
    "tags": _route("bulk_create_tags"),
    "taggings": _route("bulk_tag_subscribers"),
    "custom_fields": _route("bulk_create_custom_fields"),
    "untaggings": _route("bulk_untag_subscribers"),
    "deletions": _route("bulk_delete_tags"),
    "field_values": _route("bulk_update_custom_field_values"),
    "additions": _route("bulk_add_form_subscribers"),
}


def send(http: httpx.Client, name: str, items: Any, **more: Any) -> httpx.Response:
    """Send items to an operation, with further fields of its body."""
    route = ROUTES[name]
    return http.request(route.method, route.path, json={route.field: items, **more})
