"""`webhooks.parse`: what the service sends by itself as models, and a typed error for anything else."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kit_api
from kit_api import codec, models
from kit_api.types import Model
from kit_client import Drift, KitError
from kit_client.webhooks import (
    BulkCallback,
    CustomFieldDelivery,
    EmptyBulkResult,
    InvalidDeliveryError,
    Parsed,
    PurchaseDelivery,
    SubscriberDelivery,
    parse,
)

DOCUMENT = json.loads((files(kit_api) / "openapi.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def nothing_reported_yet() -> Iterator[None]:
    codec._reported.clear()
    yield
    codec._reported.clear()


def schema(reference: dict[str, str]) -> tuple[str, dict[str, Any]]:
    name = reference["$ref"].rpartition("/")[2]
    return name, DOCUMENT["components"]["schemas"][name]


def sent(item: dict[str, Any]) -> str:
    """The name of the model of what the service sends."""
    return schema(item["post"]["requestBody"]["content"]["application/json"]["schema"])[0]


OPERATIONS = [each for path in DOCUMENT["paths"].values() for each in path.values() if isinstance(each, dict)]
CALLBACKS = sorted(
    sent(item)
    for operation in OPERATIONS
    for callback in operation.get("callbacks", {}).values()
    for item in callback.values()
)
DELIVERIES = sorted(sent(item) for item in DOCUMENT["webhooks"].values())


def example(name: str) -> dict[str, Any]:
    """A body as the document shows it: its own example, or lists of its items' examples."""
    described = DOCUMENT["components"]["schemas"][name]
    if "examples" in described:
        made: dict[str, Any] = copy.deepcopy(described["examples"][0])
        return made
    return {key: [example(schema(each["items"])[0])] for key, each in described["properties"].items()}


def encoded(name: str, **changes: Any) -> bytes:
    return json.dumps({**example(name), **changes}).encode()


def test_the_document_has_deliveries_and_callbacks() -> None:
    assert DELIVERIES == ["CustomFieldDelivery", "Purchase", "SubscriberDelivery"]
    assert {"BulkCustomFieldsResult", "BulkSubscribersResult", "BulkTaggingsResult", "BulkTagsResult"} <= {*CALLBACKS}


@pytest.mark.parametrize("name", [*DELIVERIES, *CALLBACKS])
def test_whatever_the_document_sends_becomes_its_model(name: str, caplog: pytest.LogCaptureFixture) -> None:
    model: type[Model] = getattr(models, name)
    body = encoded(name)
    for parsed in (parse(body), parse(body, model), parse(bytearray(body)), parse(memoryview(body))):
        assert type(parsed) is model
        assert parsed.to_dict() == example(name)
    assert isinstance(parse(body), get_args(Parsed))
    assert isinstance(parse(body), BulkCallback) == (name in CALLBACKS)
    assert caplog.text == ""


@pytest.mark.parametrize("name", CALLBACKS)
@pytest.mark.parametrize("part", ["results", "failures"])
def test_either_half_of_a_result_tells_the_operation(name: str, part: str) -> None:
    body = example(name)
    emptied = [key for key in body if (key == "failures") != (part == "failures")]
    if len(emptied) < len(body):
        assert type(parse(encoded(name, **{key: [] for key in emptied}))).__name__ == name


def test_a_match_statement_tells_them_apart() -> None:
    def told(body: bytes) -> str:
        match parse(body):
            case SubscriberDelivery(subscriber=subscriber):
                return subscriber.email_address
            case PurchaseDelivery(transaction_id=transaction_id):
                return transaction_id
            case CustomFieldDelivery(custom_field=custom_field):
                return custom_field.key
            case result:
                return f"{len(result.failures)} failed"

    names = ("SubscriberDelivery", "Purchase", "CustomFieldDelivery", "BulkTagsResult")
    assert [told(encoded(name)) for name in names] == ["ada@example.com", "order-1001", "last_name", "1 failed"]


def test_an_empty_result_that_may_be_of_several_operations_is_one_of_its_own() -> None:
    body = b'{"subscribers": [], "failures": [], "took": 3}'
    empty = parse(body)
    assert isinstance(empty, EmptyBulkResult)
    assert (empty.failures, empty.additional_properties) == ([], {"subscribers": [], "took": 3})
    assert parse(body, models.BulkTaggingsResult).subscribers == []
    # Of operations that tell failures only, this is what comes when all went well.
    assert isinstance(parse(b'{"failures": []}'), EmptyBulkResult)
    for kind in (models.BulkUntaggingsResult, models.BulkDeleteTagsResult):
        assert type(parse(b'{"failures": []}', kind)) is kind
    with pytest.raises(
        InvalidDeliveryError, match=r"^expected a BulkTaggingsResult; what came is an object with failures$"
    ):
        parse(b'{"failures": []}', models.BulkTaggingsResult)
    # No other operation has a list of this name.
    assert isinstance(parse(b'{"tags": [], "failures": []}'), models.BulkTagsResult)


def test_a_result_that_can_not_be_told_apart_asks_for_its_kind() -> None:
    body = b'{"subscribers": [{"id": 1}], "failures": []}'
    with pytest.raises(InvalidDeliveryError, match=r"could be a BulkSubscribersResult, BulkTaggingsResult.*by `kind`"):
        parse(body)
    assert parse(body, models.BulkTaggingsResult).subscribers[0].id == 1
    body = b'{"failures": [{"errors": ["Subscriber does not exist"]}]}'
    with pytest.raises(InvalidDeliveryError, match="could be a BulkUntaggingsResult, BulkDeleteTagsResult; say which"):
        parse(body)
    assert parse(body, models.BulkUntaggingsResult).failures[0].errors == ["Subscriber does not exist"]


def test_what_differs_from_the_document_is_kept_and_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    body = example("SubscriberDelivery")
    body["subscriber"] |= {"state": "dormant", "zone": "Europe/Riga", "id": None}
    del body["subscriber"]["first_name"]
    body["event"] = "tag_add"
    found: list[Drift] = []
    for _ in range(2):
        parsed = parse(json.dumps(body).encode(), on_drift=found.append)
    assert isinstance(parsed, SubscriberDelivery)
    assert parsed.to_dict() == body
    assert parsed.additional_properties == {"event": "tag_add"}
    places = ["event", "subscriber.zone", "subscriber.id", "subscriber.state", "subscriber.first_name"]
    assert sorted(drift.path for drift in found) == sorted(places * 2), "for each body"
    assert {drift.operation for drift in found} == {"SubscriberDelivery"}
    assert len(caplog.records) == len(places), "once for each place"
    assert not any(word in caplog.text for word in ("dormant", "Riga"))


def test_a_purchase_may_lack_fields_though_it_has_no_envelope() -> None:
    body = example("Purchase")
    del body["tax"]
    found: list[Drift] = []
    parsed = parse(json.dumps({**body, "subtotal": "39.50"}).encode(), on_drift=found.append)
    assert isinstance(parsed, PurchaseDelivery)
    assert parsed.products[0].name == "Parsing, the book"
    assert parsed.to_dict() == {**body, "subtotal": "39.50"}
    assert {(drift.path, drift.came) for drift in found} == {("tax", "nothing"), ("subtotal", "a string")}


def test_what_on_drift_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(drift: Drift) -> None:
        raise RuntimeError

    with caplog.at_level(logging.ERROR):
        assert isinstance(parse(encoded("SubscriberDelivery", event=1), on_drift=fail), SubscriberDelivery)
    assert "on_drift failed for SubscriberDelivery.event" in caplog.text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"   ", "the body isn't JSON: Input data was truncated (3 bytes)"),
        (b'{"subscriber": ', "isn't JSON"),
        (b'{"subscriber": {}} x', "isn't JSON"),
        (b"<html>502</html>", "isn't JSON"),
        (b"subscriber%5Bid%5D=1", "isn't JSON"),
        (b'\xef\xbb\xbf{"subscriber": {}}', "isn't JSON"),
        (b'{"subscriber": "\xff"}', "isn't UTF-8"),
        ('{"subscriber": {}}'.encode("utf-16"), "isn't"),
        (b'{"subscriber": NaN}', "isn't JSON"),
        (b'{"subscriber": {"id": 1e999}}', "isn't JSON"),
        (b'{"subscriber": "\\ud800"}', "isn't JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"subscriber":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b"null", "neither an object nor an array"),
        (b'"subscriber"', "neither an object nor an array"),
        (b"[]", "what came is an array"),
        (b"{}", "what came is an object with no keys"),
        (b'{"subscriber": null}', "an object with subscriber"),
        (b'{"subscriber": [{}], "id": 3}', "an object with subscriber, id"),
        (b'{"subscribers": []}', "an object with subscribers"),
        (b'{"failures": [], "subscribers": {}}', "an object with failures, subscribers"),
        (b'{"failures": {}, "subscribers": []}', "an object with failures, subscribers"),
        (b'{"purchase": {"transaction_id": "1"}}', "an object with purchase"),
        (b'{"transaction_id": "1", "products": null}', "an object with transaction_id, products"),
        (b'{"ada@example.com": 1, "a b": 2, "ok": 3}', "an object with *, *, ok"),
        (json.dumps(dict.fromkeys("abcdefghijk", 1)).encode(), "a, b, c, d, e, f, g, h and 3 more"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_anything_else_is_an_error_that_says_what_came(body: bytes, says: str) -> None:
    with pytest.raises(InvalidDeliveryError) as caught:
        parse(body)
    assert says in str(caught.value)
    assert isinstance(caught.value, KitError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_body_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidDeliveryError, match=r"^expected a Purchase; what came is an object with subscriber$"):
        parse(encoded("SubscriberDelivery"), PurchaseDelivery)
    with pytest.raises(InvalidDeliveryError, match=r"^expected a BulkTaggingsResult; "):
        parse(encoded("BulkSubscribersResult"), models.BulkTaggingsResult)
    # The name fits, and the value doesn't.
    wrongs: list[Any] = [[], None, "x", 1]
    for wrong in wrongs:
        with pytest.raises(InvalidDeliveryError, match=r"^expected a SubscriberDelivery; "):
            parse(encoded("SubscriberDelivery", subscriber=wrong), SubscriberDelivery)


def test_of_two_equal_keys_the_last_one_counts() -> None:
    body = b'{"custom_field": 1, "custom_field": {"id": 1, "name": "n", "key": "first", "key": "k", "label": "l"}}'
    assert parse(body, CustomFieldDelivery).custom_field.key == "k"


def test_what_came_is_in_no_error() -> None:
    marker = "ada-lovelace@example.com"
    bodies = [
        f'{{"subscriber": "{marker}", "{marker}": 1}}'.encode(),
        f'{{"subscriber": {{"email_address": "{marker}"}}'.encode(),
        f'"{marker}'.encode() + b'\xff"',
        f'{{"failures": [], "x": "{marker}", "subscribers": [{{"email_address": "{marker}"}}]}}'.encode(),
        f'{{"transaction_id": "{marker}", "products": 1}}'.encode(),
        b'{"' + marker.encode() + b'": ' + b"[" * 100_000,
    ]
    for body in bodies:
        with pytest.raises(InvalidDeliveryError) as caught:
            parse(body)
        error: BaseException | None = caught.value
        assert marker not in repr(error)
        while error is not None:
            text = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
            assert marker not in text
            assert marker.encode() not in getattr(error, "object", b"")
            for frame, _ in traceback.walk_tb(error.__traceback__):
                if frame.f_code.co_filename != __file__:
                    assert marker not in repr(frame.f_locals)
            error = error.__context__


def test_a_body_may_not_be_larger_than_was_said() -> None:
    body = encoded("SubscriberDelivery")
    assert isinstance(parse(body, max_bytes=len(body)), SubscriberDelivery)
    with pytest.raises(InvalidDeliveryError, match=rf"^the body has {len(body)} bytes, more than 100 \(max_bytes\)$"):
        parse(body, max_bytes=100)
    large = encoded("SubscriberDelivery", note="x" * (64 * 1024 * 1024))
    with pytest.raises(InvalidDeliveryError, match="more than 67,108,864"):
        parse(large)
    assert isinstance(parse(large, max_bytes=None), SubscriberDelivery)
    # Of a view, the bytes count, not the items.
    with pytest.raises(InvalidDeliveryError, match="4,000 bytes, more than 1,000"):
        parse(memoryview(b"    " * 1000).cast("i"), max_bytes=1000)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"body": '{"subscriber": {}}'}, TypeError, "body: expected the bytes of the request's body, got a str"),
        ({"body": {"subscriber": {}}}, TypeError, "body: expected the bytes of the request's body, got a dict"),
        ({"body": None}, TypeError, "got a NoneType"),
        ({"kind": models.Subscriber}, TypeError, "kind: expected one of SubscriberDelivery, .*, got <class"),
        ({"kind": "SubscriberDelivery"}, TypeError, "kind: expected one of"),
        ({"on_drift": 1}, TypeError, "on_drift: expected a function"),
        ({"max_bytes": 0}, ValueError, "max_bytes: expected 1 or more, got 0"),
        ({"max_bytes": "1"}, TypeError, "max_bytes: expected a whole number or None"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        parse(**{"body": encoded("SubscriberDelivery"), **arguments})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["id", "failures"]), inner),
    max_leaves=8,
)
NAMES = st.sampled_from([*DELIVERIES, *CALLBACKS])
KIND = st.none() | NAMES.map(lambda name: getattr(models, name))


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """A body of the document with a part of it replaced, taken away or added."""
    body = example(draw(NAMES))
    for _ in range(draw(st.integers(0, 3))):
        part: Any = body
        while True:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(part[key], dict | list) and draw(st.booleans()):
                part = part[key]
                continue
            match draw(st.sampled_from(["replace", "remove", "add"])):
                case "replace":
                    part[key] = draw(JSON)
                case "remove":
                    del part[key]
                case _ if isinstance(part, dict):
                    part[draw(st.text())] = draw(JSON)
            break
    return json.dumps(body).encode()


BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode()) | nearly_right()


@given(BODIES, KIND)
def test_nothing_but_a_model_or_the_typed_error_ever_comes(body: bytes, kind: type[Model] | None) -> None:
    logging.getLogger("kit_api").setLevel(logging.ERROR)
    found: list[Drift] = []
    try:
        parsed: Model = parse(body, on_drift=found.append) if kind is None else parse(body, kind, on_drift=found.append)
    except InvalidDeliveryError:
        return
    finally:
        logging.getLogger("kit_api").setLevel(logging.NOTSET)
    assert isinstance(parsed, get_args(Parsed) if kind is None else kind)
    assert parsed.to_dict() == json.loads(body)
    assert repr(parsed)
    for list_or_object in parsed.__struct_fields__[1:]:
        promised = getattr(parsed, list_or_object)
        if not isinstance(parsed, PurchaseDelivery):
            assert isinstance(promised, list | Model), "what the outermost keys promise is there"
