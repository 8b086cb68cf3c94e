"""Bodies that the service sends by itself, as models (`webhooks` and `callbacks` of the document)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast, overload

import msgspec

from kit_api.codec import PLAIN_KEY, build, report
from kit_api.errors import forgets_arguments
from kit_api.models import (
    BulkCustomFieldsResult,
    BulkDeleteTagsResult,
    BulkFieldValuesResult,
    BulkFormAdditionsResult,
    BulkSubscribersResult,
    BulkTaggingsResult,
    BulkTagsResult,
    BulkUntaggingsResult,
    CustomFieldDelivery,
    Purchase,
    SubscriberDelivery,
)
from kit_api.types import Drift, Model
from kit_client.body import MAX_RESPONSE_BYTES
from kit_client.drift import DriftLog
from kit_client.errors import KitError
from kit_client.options import check_whole

MOST_KEYS = 8
"""How many keys of a body an error tells."""

PurchaseDelivery = Purchase
"""What a webhook for `purchase.purchase_create` sends: the purchase by itself."""


class EmptyBulkResult(Model, kw_only=True):
    """The result of a bulk job with nothing in it, so that it could be of several operations. Nothing failed."""

    failures: list[Any]
    """Always empty."""


BulkCallback: TypeAlias = (
    BulkSubscribersResult
    | BulkTaggingsResult
    | BulkFormAdditionsResult
    | BulkTagsResult
    | BulkCustomFieldsResult
    | BulkFieldValuesResult
    | BulkUntaggingsResult
    | BulkDeleteTagsResult
    | EmptyBulkResult
)
"""The model of what a bulk job sends to its `callback_url`: the result of its operation."""
Parsed: TypeAlias = SubscriberDelivery | CustomFieldDelivery | PurchaseDelivery | BulkCallback
"""What `parse` returns without a `kind`: a webhook's delivery or a bulk job's callback."""
T = TypeVar("T", bound=Model)


class InvalidDeliveryError(KitError):
    """The body isn't a delivery or callback of the service. The message has no text of the body."""


class _BulkKind(msgspec.Struct, frozen=True):
    """How to know the result of one bulk operation."""

    model: type[Model]
    results: str | None
    """The key of what succeeded; None if only failures are told."""
    mark: str | None
    """A key that these results have, and those of no other operation under the same key."""
    failed: str
    """The key of what failed within a failure."""

    def matches(self, value: dict[str, Any]) -> int:
        """Count the results and failures that have the key of this operation."""
        results: list[Any] = value[self.results] if self.results else []
        failures: list[Any] = value["failures"]
        marked = sum(isinstance(item, dict) and self.mark in item for item in results)
        return marked + sum(isinstance(failure, dict) and self.failed in failure for failure in failures)


BULK_KINDS = (
    _BulkKind(BulkSubscribersResult, "subscribers", "state", "subscriber"),
    _BulkKind(BulkTaggingsResult, "subscribers", "tagged_at", "tagging"),
    _BulkKind(BulkFormAdditionsResult, "subscribers", "added_at", "subscription"),
    _BulkKind(BulkTagsResult, "tags", "name", "tag"),
    _BulkKind(BulkCustomFieldsResult, "custom_fields", "label", "custom_field"),
    _BulkKind(BulkFieldValuesResult, "custom_field_values", "value", "custom_field_value"),
    _BulkKind(BulkUntaggingsResult, None, None, "tagging"),
    _BulkKind(BulkDeleteTagsResult, None, None, "tag"),
)
KINDS = (SubscriberDelivery, CustomFieldDelivery, PurchaseDelivery, *(kind.model for kind in BULK_KINDS))


@overload
def parse(
    body: bytes | bytearray | memoryview,
    kind: None = None,
    *,
    on_drift: Callable[[Drift], object] | None = None,
    max_bytes: int | None = MAX_RESPONSE_BYTES,
) -> Parsed: ...


@overload
def parse(
    body: bytes | bytearray | memoryview,
    kind: type[T],
    *,
    on_drift: Callable[[Drift], object] | None = None,
    max_bytes: int | None = MAX_RESPONSE_BYTES,
) -> T: ...


@forgets_arguments
def parse(
    body: bytes | bytearray | memoryview,
    kind: type[Model] | None = None,
    *,
    on_drift: Callable[[Drift], object] | None = None,
    max_bytes: int | None = MAX_RESPONSE_BYTES,
) -> Model:
    """Decode the body of a webhook's delivery, or of a bulk job's callback.

    A delivery doesn't name its event: the keys of the body decide which model is returned. Values inside it that differ
    from the document (an unknown key or value, a missing key, a null) are kept as they are, and logged once for each
    place.

    Args:
        body: The bytes of the request's body, in JSON.
        kind: The model that the body must be, such as `SubscriberDelivery` or `BulkTaggingsResult`; None for any. Without
            it, the empty result of a bulk job is an `EmptyBulkResult`.
        on_drift: Called with each `Drift`, once for each place in this body. An exception that it raises is logged.
        max_bytes: The largest body in bytes, or None for any size. The default is 64 MiB.

    Returns:
        A `SubscriberDelivery`, `CustomFieldDelivery`, `PurchaseDelivery` or the result of a bulk operation.

    Raises:
        InvalidDeliveryError: The body is too large, isn't JSON, isn't of this `kind`, or is nothing that the service
            sends.
        TypeError, ValueError: An argument can't be used, such as a body that is text.
    """
    if kind is not None and kind not in KINDS:
        raise TypeError(f"kind: expected one of {_names(KINDS)}, got {kind!r}")
    drifts = DriftLog(on_drift)

    def note(drift: Drift) -> None:
        report(drift)
        drifts.add(drift)

    value = _decoded(body, max_bytes)
    possible = _possible_kinds(value)
    model = kind if kind is not None and kind in possible else _only(possible, value, kind)
    try:
        # A purchase has no envelope: its own fields may be missing.
        return build(model, value, note, is_body=model is not PurchaseDelivery)
    except (msgspec.ValidationError, RecursionError):
        pass
    raise _error(f"expected a {model.__name__}", value)


def _decoded(body: Any, max_bytes: int | None) -> Any:
    if not isinstance(body, bytes | bytearray | memoryview):
        raise TypeError(f"body: expected the bytes of the request's body, got a {type(body).__name__}")
    content = bytes(cast("bytes", body))
    size = len(content)
    if max_bytes is not None:
        check_whole("max_bytes", max_bytes, 1, or_else=" or None")
        if size > max_bytes:
            raise InvalidDeliveryError(f"the body has {size:,} bytes, more than {max_bytes:,} (max_bytes)")
    if not size:
        raise InvalidDeliveryError("the body is empty")
    try:
        return msgspec.json.decode(content)
    except UnicodeDecodeError:
        problem = "isn't UTF-8"
    except RecursionError:
        problem = "is nested too deeply"
    except msgspec.DecodeError as error:
        # It tells a place, and no text of the body.
        problem = f"isn't JSON: {error}"
    # Out here, the error that was caught is no part of this one: it may hold the body.
    raise InvalidDeliveryError(f"the body {problem} ({size:,} bytes)")


def _possible_kinds(value: Any) -> list[type[Model]]:
    """Return what a body can be: nothing, one kind, or several that the same body can be of."""
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if isinstance(fields.get("failures"), list):
        return _possible_bulk_kinds(fields)
    if isinstance(fields.get("subscriber"), dict):
        return [SubscriberDelivery]
    if isinstance(fields.get("custom_field"), dict):
        return [CustomFieldDelivery]
    if "transaction_id" in fields and isinstance(fields.get("products"), list):
        return [PurchaseDelivery]
    return []


def _possible_bulk_kinds(value: dict[str, Any]) -> list[type[Model]]:
    named = [kind for kind in BULK_KINDS if kind.results in value]
    candidates = [kind for kind in named if isinstance(value[str(kind.results)], list)]
    if not named:
        candidates = [kind for kind in BULK_KINDS if kind.results is None]
    if len(candidates) < 2:
        return [kind.model for kind in candidates]
    matches = [kind.matches(value) for kind in candidates]
    return [kind.model for kind, count in zip(candidates, matches, strict=True) if count == max(matches)]


def _only(possible: list[type[Model]], value: Any, kind: type[Model] | None) -> type[Model]:
    if kind is not None:
        raise _error(f"expected a {kind.__name__}", value)
    if len(possible) == 1:
        return possible[0]
    if not possible:
        raise _error("the body is nothing that the service is known to send", value)
    bulk = [each for each in BULK_KINDS if each.model in possible]
    if any(value["failures"] or (each.results and value[each.results]) for each in bulk):
        raise _error(f"the body could be a {_names(possible)}; say which by `kind`", value)
    return EmptyBulkResult


def _error(problem: str, value: Any) -> InvalidDeliveryError:
    return InvalidDeliveryError(f"{problem}; what came is {_described(value)}")


def _described(value: Any) -> str:
    """Tell the shape of a body without its values. Keys that are no names of the document's kind may be private."""
    if not isinstance(value, dict):
        return "an array" if isinstance(value, list) else "neither an object nor an array"
    keys = list(cast("dict[str, Any]", value))
    shown = [key if re.fullmatch(PLAIN_KEY, key) else "*" for key in keys[:MOST_KEYS]]
    more = len(keys) - len(shown)
    return f"an object with {', '.join(shown) or 'no keys'}" + (f" and {more} more" if more else "")


def _names(models: Any) -> str:
    return ", ".join(model.__name__ for model in models)
