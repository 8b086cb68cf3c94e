"""Decoding: what fits, what deviates and is kept, what can't be borne."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api import codec
from kit_api.codec import decode
from kit_api.models import (
    Broadcast,
    BroadcastPage,
    CreateBroadcastRequest,
    CreateSubscriberRequest,
    Subscriber,
    SubscriberPage,
)

SUBSCRIBER: dict[str, Any] = {
    "id": 1,
    "first_name": None,
    "email_address": "ada@example.com",
    "state": "active",
    "created_at": "2024-02-29T12:30:00Z",
    "fields": {"last_name": None},
}
CURSORS = {"has_previous_page": False, "has_next_page": False, "start_cursor": None, "end_cursor": None, "per_page": 5}
BROADCAST: dict[str, Any] = {
    "id": 1,
    "created_at": "2024-02-29T12:30:00Z",
    "subject": None,
    "preview_text": None,
    "description": None,
    "content": None,
    "public": False,
    "published_at": None,
    "send_at": None,
    "thumbnail_alt": None,
    "thumbnail_url": None,
    "email_address": None,
    "email_template": {"id": 1, "name": "Text only"},
    "subscriber_filter": [{"any": [{"type": "tag", "ids": [1]}]}],
}


@pytest.fixture(autouse=True)
def nothing_reported_yet() -> Iterator[None]:
    codec._reported.clear()
    yield
    codec._reported.clear()


def page(**change: Any) -> SubscriberPage:
    body = {"subscribers": [{**SUBSCRIBER, **change}], "pagination": CURSORS}
    return decode(SubscriberPage, json.dumps(body).encode(), "list")


@pytest.mark.parametrize(
    ("change", "spot", "kept"),
    [
        ({"id": "7"}, "id", "7"),
        ({"first_name": 5}, "first_name", 5),
        ({"created_at": "soon"}, "created_at", "soon"),
        ({"fields": None}, "fields", None),
        ({"fields": ["a"]}, "fields", ["a"]),
        ({"fields": {"age": 36, "city": "London"}}, "fields.*", {"age": 36, "city": "London"}),
    ],
)
def test_a_deviation_inside_is_kept_and_named(
    change: dict[str, Any], spot: str, kept: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (found,) = page(**change).subscribers
    assert getattr(found, spot.removesuffix(".*")) == kept
    assert found.email_address == "ada@example.com"
    (message,) = caplog.messages
    assert message.startswith(f"list.subscribers[].{spot} differs from the document")


def test_deep_inside_what_fits_is_still_decoded(caplog: pytest.LogCaptureFixture) -> None:
    broadcast = {**BROADCAST, "public": "yes", "subscriber_filter": [{"any": [{"type": "galaxy", "ids": [1, "x"]}]}]}
    body = {"broadcasts": [broadcast, BROADCAST], "pagination": CURSORS}
    odd, fine = decode(BroadcastPage, json.dumps(body).encode(), "list").broadcasts
    assert odd.created_at == fine.created_at
    assert odd.email_template == fine.email_template
    (group,) = odd.subscriber_filter
    assert isinstance(group.any, list)
    assert (group.any[0].type, group.any[0].ids) == ("galaxy", [1, "x"])
    assert isinstance(fine.subscriber_filter[0].any, list)
    assert sorted(message.split(" ")[0] for message in caplog.messages) == [
        "list.broadcasts[].public",
        "list.broadcasts[].subscriber_filter[].any[].ids[]",
        "list.broadcasts[].subscriber_filter[].any[].type",
    ]


def test_an_item_that_is_no_object_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    body = {"subscribers": [SUBSCRIBER, "gone", None], "pagination": CURSORS}
    first, second, third = list[Any](decode(SubscriberPage, json.dumps(body).encode(), "list").subscribers)
    assert isinstance(first, Subscriber)
    assert [second, third] == ["gone", None]
    assert len(caplog.messages) == 1, "said once"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"subscribers": []}',
        b'{"pagination": {}}',
        b'{"subscribers": {}, "pagination": {}}',
        b'{"subscribers": [], "pagination": null}',
        b'{"subscribers": null, "pagination": {}}',
        b"",
        b"\xff",
        b'{"subscribers": [], "pagination": {}',
    ],
)
def test_without_its_outermost_parts_it_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(SubscriberPage, body, "list")


def test_models_go_to_json_and_back() -> None:
    made = Subscriber.from_dict(SUBSCRIBER)
    assert made.to_dict() == {**SUBSCRIBER, "created_at": "2024-02-29T12:30:00Z"}
    assert Subscriber.from_dict(made.to_dict()) == made
    assert Broadcast.from_dict({"id": 1}).to_dict() == {"id": 1}


def test_only_what_is_received_may_lack_a_time_zone() -> None:
    naive = datetime.datetime(2024, 2, 29, 12, 30)
    with pytest.raises(ValueError, match=r"CreateBroadcastRequest\.send_at: expected a datetime with a time zone"):
        CreateBroadcastRequest(send_at=naive).to_dict()
    received = Broadcast.from_dict({**BROADCAST, "send_at": "2024-02-29T12:30:00"})
    assert received.send_at == naive
    assert received.to_dict()["send_at"] == "2024-02-29T12:30:00"


def test_what_is_unset_is_not_sent_and_null_is() -> None:
    assert CreateSubscriberRequest(email_address="a@b.c", first_name=None).to_dict() == {
        "email_address": "a@b.c",
        "first_name": None,
    }


# What JSON can't say isn't JSON: infinity, and halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@given(values)
def test_any_value_in_a_field_is_kept_as_it_came(value: Any) -> None:
    (found,) = page(state=value).subscribers
    assert found.state == value
