"""What a request may hold: what isn't allowed is refused with its documented status, what is allowed is taken."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.conftest import operations
from tests.contract.document import Operation
from tests.contract.inputs import UNKNOWN_IDS, Bad, bad_bodies, bad_queries, changed, good_bodies, good_queries
from tests.contract.world import Request, World

_OAUTH = ("authorize", "create_token")
# By the reference these can't be left out, though the document, which is today's, lets them.
_REQUIRED_BY_THE_REFERENCE = {"update_subscriber": {"email_address"}}
# Null is documented for them since it makes a failure of its item; the names of events are tried with the deliveries.
_IDENTITIES = ("email_address", "tag_id", "subscriber_id", "form_id")
# Parameters that are taken beside another one alone.
_BESIDE: dict[tuple[str, str], dict[str, str]] = {
    ("sort_field", "cancelled_at"): {"status": "cancelled"},
    ("sort_field", "canceled_at"): {"status": "cancelled"},
    ("ending", "2023-02-17"): {"starting": "2023-01-01"},
    ("include", "canceled_at"): {"status": "cancelled"},
    ("include", "attribution,tags,location,canceled_at"): {"status": "cancelled"},
}


def _of_the_api(operation: Operation) -> bool:
    return operation.id not in _OAUTH


def _has_body(operation: Operation) -> bool:
    return _of_the_api(operation) and operation.body is not None


def _expect(answer: Answer, status: int, what: str) -> None:
    if answer.status != status:
        raise answer.broken(f"{status} for {what}")
    if not answer.errors:
        raise answer.broken("an error that says what is wrong")


@pytest.mark.parametrize("operation_id", operations(lambda each: bool(each.in_path)))
def test_ids_of_nothing_are_not_found(caller: Caller, world: World, operation_id: str) -> None:
    """Each id of a path that belongs to nothing is a 404. (reference; that text is one too: chosen)"""
    request = world.usual(operation_id)
    for name in request.path:
        for what, value in UNKNOWN_IDS.items():
            answer = caller.call(operation_id, {**request.path, name: value}, query=request.query, body=request.body)
            _expect(answer, 404, f"{name} {value} ({what})")


@pytest.mark.parametrize("operation_id", operations(lambda each: _of_the_api(each) and bool(each.query)))
def test_bad_queries_are_refused(caller: Caller, world: World, operation_id: str) -> None:
    """Each value of the query that the document doesn't allow is a 422. (seen; which 4xx: chosen)"""
    operation = caller.document.operations[operation_id]
    request = world.usual(operation_id)
    for bad in bad_queries(caller.document, operation, strict=caller.server.strict):
        answer = caller.call(operation_id, request.path, query={str(bad.place[0]): bad.value})
        _expect(answer, 422, f"{bad.place[0]} that is {bad.what}")


@pytest.mark.parametrize("operation_id", operations(lambda each: _of_the_api(each) and bool(each.query)))
def test_good_queries_are_taken(caller: Caller, world: World, operation_id: str) -> None:
    """Each value of the query that the document allows is a success. (reference)"""
    operation = caller.document.operations[operation_id]
    request = world.usual(operation_id)
    for name, value in good_queries(caller.document, operation):
        query = {name: value} | _BESIDE.get((name, value), {})
        caller.call(operation_id, request.path, query=query, expect=200, why=f"for {name}={value}")


@pytest.mark.parametrize("operation_id", operations(lambda each: each.is_read and _of_the_api(each)))
def test_unknown_parameters_are_ignored(caller: Caller, world: World, operation_id: str) -> None:
    """A parameter that the document doesn't have makes no difference. (client)"""
    request = world.usual(operation_id)
    caller.call(operation_id, request.path, query={**request.query, "nonsense": "1"}, expect=200)


@pytest.mark.parametrize("operation_id", operations(_has_body))
def test_bad_bodies_are_refused(caller: Caller, world: World, operation_id: str) -> None:
    """Each value of a body that the document doesn't allow is a 422, or a failure of its item. (reference)"""
    operation = caller.document.operations[operation_id]
    assert operation.body is not None
    for request in _variants(world, operation_id):
        _refuses_bad_bodies(caller, operation, request)
    if caller.document.required(operation.body):
        _expect(caller.call(operation_id, world.usual(operation_id).path, body={}), 422, "an empty object")


def _refuses_bad_bodies(caller: Caller, operation: Operation, request: Request) -> None:
    assert operation.body is not None
    for bad in bad_bodies(caller.document, operation.body, request.body, strict=caller.server.strict):
        if operation.media_type != "application/json" and not isinstance(bad.value, str) and bad.what != "missing":
            continue  # A form holds texts alone.
        answer = caller.call(operation.id, request.path, body=changed(request.body, bad.place, bad.value))
        if _is_failure_of_item(answer, bad):
            continue
        if bad.what == "no email" and operation.id.endswith("_by_email") and answer.status == 404:
            continue  # It belongs to nobody.
        _expect(answer, 422, f"{'.'.join(map(str, bad.place))} that is {bad.what}")


def _is_failure_of_item(answer: Answer, bad: Bad) -> bool:
    in_item = len(bad.place) > 2 and answer.operation.id.startswith("bulk_")
    return in_item and answer.status == 200 and len(answer.json["failures"]) == 1


@pytest.mark.parametrize(
    "operation_id", operations(lambda each: _has_body(each) and each.media_type == "application/json")
)
def test_bodies_that_are_no_object_are_refused(caller: Caller, world: World, operation_id: str) -> None:
    """A body that isn't JSON is a 400, and one that isn't an object is a 422. (chosen)"""
    request = world.usual(operation_id)
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b'{"a": 1}x', b"\xff", b"{'a': 1}"):
        _expect(
            caller.call(operation_id, request.path, content=content, headers=headers), 400, "a body that isn't JSON"
        )
    for content in (b'"text"', b"5", b"[1]"):
        answer = caller.call(operation_id, request.path, content=content, headers=headers)
        _expect(answer, 422, "a body that isn't an object")


@pytest.mark.parametrize("operation_id", operations(_has_body))
def test_bodies_of_other_media_types_are_refused(caller: Caller, world: World, operation_id: str) -> None:
    """A body of another media type than JSON or a form, and a compressed one, is a 415, or a 400 of OAuth. (chosen)"""
    request = world.usual(operation_id)
    refused = 415 if "415" in caller.document.operations[operation_id].answers else 400
    content = json.dumps(request.body).encode()
    for media_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "application/octet-stream"):
        answer = caller.call(operation_id, request.path, content=content, headers={"Content-Type": media_type})
        _expect(answer, refused, f"a body of the media type {media_type}")
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = caller.call(operation_id, request.path, content=gzip.compress(content, mtime=0), headers=headers)
    _expect(answer, refused, "a compressed body")


@pytest.mark.parametrize("operation_id", operations(_has_body))
def test_each_field_of_a_body_is_taken_alone(caller: Caller, world: World, operation_id: str) -> None:
    """Each optional field of a body is taken by itself, and so are all of them together. (reference)"""
    operation = caller.document.operations[operation_id]
    assert operation.body is not None
    path, _, body = _full(world, operation_id)
    outer = "purchase" if operation_id == "create_purchase" else None
    schema = caller.document.properties(operation.body)[outer] if outer else operation.body
    required = caller.document.required(schema)
    if caller.server.behaviour == "reference":
        required |= _REQUIRED_BY_THE_REFERENCE.get(operation_id, set())
    fields = body[outer] if outer else body
    least = {name: value for name, value in fields.items() if name in required}
    for name in (None, *(name for name in fields if name not in required)):
        given = fields if name is None else {**least, name: fields[name]}
        fresh = _renewed(world, operation_id, given)
        answer = caller.call(operation_id, path, body={outer: fresh} if outer else fresh)
        if answer.status not in operation.succeeds_with:
            raise answer.broken(f"success with {name or 'all fields'}")


@pytest.mark.parametrize("operation_id", operations(_has_body))
def test_good_values_of_bodies_are_taken(caller: Caller, world: World, operation_id: str) -> None:
    """Each value of an enum in a body is a success, and so is null where the document has it. (reference)"""
    operation = caller.document.operations[operation_id]
    assert operation.body is not None
    for request in _variants(world, operation_id):
        for place, value in good_bodies(caller.document, operation.body, request.body):
            if place == ("event", "name") or (
                operation_id.startswith("bulk_") and value is None and place[-1] in _IDENTITIES
            ):
                continue
            given = changed(_fresh(world, operation_id, request.body or {}), place, value)
            answer = caller.call(operation_id, request.path, body=given)
            if answer.status not in operation.succeeds_with or (answer.content and answer.json.get("failures")):
                raise answer.broken(f"success with {'.'.join(map(str, place))} {value!r}")


def _variants(world: World, operation_id: str) -> list[Request]:
    """Return requests with every field of the body: several if fields exclude each other."""
    path, query, body = _full(world, operation_id)
    if "subscriber_filter" not in body:
        return [Request(path, query, body)]
    part = body["subscriber_filter"][0]["all"]
    filters = [{**dict.fromkeys(("all", "any", "none")), group: part} for group in ("all", "any", "none")]
    return [Request(path, query, {**body, "subscriber_filter": [each]}) for each in filters]


@pytest.mark.parametrize("operation_id", operations(_of_the_api))
def test_other_methods_are_refused(caller: Caller, world: World, operation_id: str) -> None:
    """A method that a path doesn't have is a 405 that lists those it has. (chosen, by RFC 9110)"""
    operation = caller.document.operations[operation_id]
    known = {each.method for each in caller.document.operations.values() if each.path == operation.path}
    path = dict.fromkeys(operation.in_path, 2**62)
    for method in sorted({"PATCH", "PUT", "DELETE", "POST"} - known):
        answer = caller.method(operation, method, path)
        if answer.status != 405:
            raise answer.broken(f"405 for {method}")
        allowed = {name.strip() for name in answer.headers.get("Allow", "").split(",")}
        if not known <= allowed or method in allowed:
            raise answer.broken(
                f"a header Allow with {', '.join(sorted(known))}", answer.headers.get("Allow") or "none"
            )


def _full(world: World, operation_id: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return a request of an operation with every field that its body can have."""
    request = world.usual(operation_id)
    more = _MORE.get(operation_id)
    body = {**(request.body or {}), **more(world)} if more is not None else request.body
    allowed = world.caller.document.properties(world.caller.document.operations[operation_id].body or {})
    return request.path, request.query, {name: value for name, value in body.items() if name in allowed}


def _renewed(world: World, operation_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with new values for those that must be unique."""
    fresh = world.usual(operation_id).body or {}
    fresh = fresh.get("purchase", fresh)
    names = ("email_address", "name", "label", "transaction_id")
    return {**body, **{name: fresh[name] for name in names if name in body and name in fresh}}


def _fresh(world: World, operation_id: str, body: dict[str, Any]) -> dict[str, Any]:
    if operation_id == "create_purchase":
        return {"purchase": _renewed(world, operation_id, body["purchase"])}
    return _renewed(world, operation_id, body)


def _purchase(world: World) -> dict[str, Any]:
    product = {"name": "A book", "pid": "P-1", "lid": "L-2", "quantity": 2, "unit_price": 12.5, "sku": "S-3"}
    extra = {
        "first_name": "Ada",
        "status": "paid",
        "transaction_time": "2023-02-17T08:00:00Z",
        "subtotal": 25,
        "tax": 1.5,
        "shipping": 2,
        "discount": 0.5,
        "total": 28,
        "products": [product],
    }
    return {"purchase": world.purchase(**extra)}


def _broadcast(world: World) -> dict[str, Any]:
    return {
        "subject": world.name("issue"),
        "content": "<p>Hello</p>",
        "description": "A test",
        "preview_text": "Hello",
        "public": True,
        "published_at": "2023-02-17T08:00:00Z",
        "send_at": None,
        "email_template_id": world.template(),
        "email_address": None,
        "thumbnail_alt": "A book",
        "thumbnail_url": "https://example.com/book.png",
        "subscriber_filter": [{"all": [{"type": "tag", "ids": [world.some("tag")]}], "any": None, "none": None}],
    }


def _callback(world: World) -> dict[str, Any]:
    return {"callback_url": None}


_MORE: dict[str, Any] = {
    "create_broadcast": _broadcast,
    "update_broadcast": _broadcast,
    "create_purchase": _purchase,
    "create_subscriber": lambda world: {"first_name": "Ada", "state": "active", "fields": {}},
    "update_subscriber": lambda world: {"first_name": "Ada", "fields": {}},
    "add_form_subscriber": lambda world: {"referrer": "https://example.com/?utm_source=radio"},
    "add_form_subscriber_by_email": lambda world: {"referrer": "https://example.com/?utm_source=radio"},
    "bulk_create_subscribers": _callback,
    "bulk_create_tags": _callback,
    "bulk_create_custom_fields": _callback,
    "bulk_tag_subscribers": _callback,
    "bulk_untag_subscribers": _callback,
    "bulk_delete_tags": _callback,
    "bulk_update_custom_field_values": _callback,
    "bulk_add_form_subscribers": _callback,
}
