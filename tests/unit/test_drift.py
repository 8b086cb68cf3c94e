"""What answers have beyond the document: it is kept, and reported once for each place."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api import AuthenticatedClient, codec
from kit_api.api.account import get_account
from kit_api.api.tags import create_tag, list_tags
from kit_api.codec import decode
from kit_api.models import (
    AccountResponse,
    Broadcast,
    BroadcastPage,
    BroadcastStatsResponse,
    CreateSubscriberRequest,
    NewTag,
    Subscriber,
    SubscriberPage,
    TokenResponse,
)
from kit_client import Drift, Kit, paginate

from .service import ACCOUNT, TAG, Service, tag_page
from .test_codec import BROADCAST, CURSORS, SUBSCRIBER


@pytest.fixture(autouse=True)
def nothing_reported_yet() -> Iterator[None]:
    codec._reported.clear()
    yield
    codec._reported.clear()


def account(**change: Any) -> httpx.Response:
    body: dict[str, Any] = copy.deepcopy(ACCOUNT)
    body["account"].update(change)
    return httpx.Response(200, json=body)


ODD = {"zone": "Europe/Riga", "credits": 3.5, "limits": {"deep": [1, {"er": None}]}, "flag": False, "nothing": None}


def test_unknown_fields_are_kept_at_any_depth_and_come_back_out() -> None:
    broadcast = {
        **BROADCAST,
        **ODD,
        "email_template": {"id": 1, "name": "Text only", "dark": True},
        "subscriber_filter": [{"any": [{"type": "tag", "ids": [1], "label": "VIP"}], "not": [], "mode": "x"}],
    }
    body = {"broadcasts": [broadcast, BROADCAST], "pagination": {**CURSORS, "pages": 9}, "meta": {"took": 4}}
    found: list[Drift] = []
    page = decode(BroadcastPage, json.dumps(body).encode(), "list_broadcasts", found.append)
    odd, plain = page.broadcasts
    assert odd.additional_properties == ODD
    assert odd.email_template.additional_properties == {"dark": True}
    assert isinstance(odd.subscriber_filter[0].any, list)
    assert odd.subscriber_filter[0].any[0].additional_properties == {"label": "VIP"}
    assert page.additional_properties == {"meta": {"took": 4}}
    assert page.pagination.additional_properties == {"pages": 9}
    assert plain.additional_properties == {}
    assert page.to_dict() == body
    assert BroadcastPage.from_dict(body).to_dict() == body
    assert {(drift.path, drift.came) for drift in found} == {
        ("meta", "an object"),
        ("pagination.pages", "a number"),
        ("broadcasts[].zone", "a string"),
        ("broadcasts[].credits", "a number"),
        ("broadcasts[].limits", "an object"),
        ("broadcasts[].flag", "a boolean"),
        ("broadcasts[].nothing", "null"),
        ("broadcasts[].email_template.dark", "a boolean"),
        ("broadcasts[].subscriber_filter[].not", "an array"),
        ("broadcasts[].subscriber_filter[].mode", "a string"),
        ("broadcasts[].subscriber_filter[].any[].label", "a string"),
    }
    assert {(drift.operation, drift.problem) for drift in found} == {("list_broadcasts", "not in the document")}


def test_unknown_fields_beside_other_differences_are_kept_too(caplog: pytest.LogCaptureFixture) -> None:
    body = {"subscribers": [{**SUBSCRIBER, "state": "asleep", "colour": "green"}, SUBSCRIBER], "pagination": CURSORS}
    page = decode(SubscriberPage, json.dumps(body).encode(), "list_subscribers")
    assert page.subscribers[0].state == "asleep"
    assert page.subscribers[0].additional_properties == {"colour": "green"}
    assert page.to_dict() == body
    assert sorted(message.split(" ")[0] for message in caplog.messages) == [
        "list_subscribers.subscribers[].colour:",
        "list_subscribers.subscribers[].state",
    ]
    assert "asleep" not in caplog.text
    assert "green" not in caplog.text


def test_additional_properties_are_part_of_a_model() -> None:
    one = Subscriber.from_dict({**SUBSCRIBER, "colour": "green"})
    other = Subscriber.from_dict({**SUBSCRIBER, "colour": "red"})
    assert one != other
    assert one != Subscriber.from_dict(SUBSCRIBER)
    assert one == Subscriber.from_dict({**SUBSCRIBER, "colour": "green"})
    assert "additional_properties={'colour': 'green'}" in repr(one)
    assert "additional_properties" not in repr(Subscriber.from_dict(SUBSCRIBER))
    for twin in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
        assert twin == one
        assert twin.to_dict() == {**SUBSCRIBER, "colour": "green"}
    deep = copy.deepcopy(one)
    deep.additional_properties["colour"] = "blue"
    assert one.additional_properties == {"colour": "green"}


@pytest.mark.parametrize("value", [{}, {"a": 1}, None, "x", [1]])
def test_a_key_called_additional_properties_is_like_any_other(value: Any) -> None:
    body = {**ACCOUNT, "additional_properties": value}
    answer = decode(AccountResponse, json.dumps(body).encode(), "get_account")
    assert answer.additional_properties == {"additional_properties": value}
    assert answer.to_dict() == body
    assert AccountResponse.from_dict(body) == answer


def test_what_comes_beside_a_secret_is_not_shown() -> None:
    token = TokenResponse.from_dict({"access_token": "s3cret-1", "refresh_token": "s3cret-2", "id_token": "s3cret-3"})
    assert token.additional_properties == {"id_token": "s3cret-3"}
    assert "s3cret" not in repr(token)
    assert "s3cret" not in str(token.__rich_repr__())


def test_fields_of_ones_own_are_sent() -> None:
    service = Service(httpx.Response(201, json={"tag": TAG}))
    create_tag.sync(
        client=service.kit(),
        body=NewTag(name="a", additional_properties={"colour": "green", "name": "not this one"}),
    )
    assert json.loads(service.requests[0].content) == {"colour": "green", "name": "a"}
    wrong: Any = [1]
    with pytest.raises(TypeError, match=r"additional_properties: expected a dict, got a list"):
        CreateSubscriberRequest(email_address="a@b.c", additional_properties=wrong).to_dict()


def test_each_place_is_reported_once_to_each_client(caplog: pytest.LogCaptureFixture) -> None:
    found: list[Drift] = []
    service = Service(account(mood="x", seats=[1]), account(mood="y"), account(seats=None, plan_type=5))
    kit = service.kit(on_drift=found.append)
    for client in (kit, kit.with_options(timeout=5), kit):
        client.account.get()
    paths = ["account.mood", "account.seats", "account.plan_type"]
    assert [drift.path for drift in found] == paths
    assert [(drift.operation, drift.came) for drift in found] == [
        ("get_account", "a string"),
        ("get_account", "an array"),
        ("get_account", "a number"),
    ]
    assert kit.drift == kit.with_options(max_retries=0).drift == tuple(found)
    assert len(caplog.messages) == 3
    assert caplog.messages[0].startswith("get_account.account.mood: not in the document")
    assert {record.name for record in caplog.records} == {"kit_api"}

    other = Service(account(mood="x")).kit()
    other.account.get()
    assert [drift.path for drift in other.drift] == ["account.mood"]
    assert len(caplog.messages) == 3, "the log has it already"


def test_raw_generated_calls_and_lists_report_too() -> None:
    page = tag_page([1], None, False, pages=3)
    kit = Service(account(mood="x"), page).kit()
    get_account.sync(client=kit)
    assert [tag.id for tag in paginate(list_tags, client=kit)] == [1]
    assert [f"{drift.operation} {drift.path}" for drift in kit.drift] == [
        "get_account account.mood",
        "list_tags pagination.pages",
    ]


def test_what_lists_yield_has_it() -> None:
    body = {"subscribers": [{**SUBSCRIBER, "score": 7}], "pagination": CURSORS}
    (found,) = Service(httpx.Response(200, json=body)).kit().subscribers.list()
    assert found.additional_properties == {"score": 7}


@pytest.mark.anyio
async def test_an_async_client_reports_too() -> None:
    found: list[Drift] = []
    body = {"subscribers": [{**SUBSCRIBER, "score": 7}], "pagination": CURSORS}
    kit = Service(account(mood="x"), httpx.Response(200, json=body)).async_kit(on_drift=found.append)
    await kit.account.get()
    assert [subscriber.additional_properties async for subscriber in kit.subscribers.list()] == [{"score": 7}]
    assert [drift.path for drift in found] == ["account.mood", "subscribers[].score"]
    assert kit.drift == tuple(found)


def test_a_generated_client_without_the_overlay_logs(caplog: pytest.LogCaptureFixture) -> None:
    transport = httpx.MockTransport(lambda request: account(mood="x"))
    client = AuthenticatedClient("key", base_url="https://kit.test", httpx_args={"transport": transport})
    assert get_account.sync(client=client).account.additional_properties == {"mood": "x"}
    assert len(caplog.messages) == 1


def test_an_undocumented_success_is_reported() -> None:
    kit = Service(httpx.Response(203, json=ACCOUNT), httpx.Response(299, json=ACCOUNT)).kit()
    for _ in range(3):
        kit.account.get()
    assert [(drift.path, drift.came) for drift in kit.drift] == [("", "status 203"), ("", "status 299")]


def test_a_callable_that_fails_breaks_no_call(caplog: pytest.LogCaptureFixture) -> None:
    def fail(drift: Drift) -> None:
        raise RuntimeError("no")

    kit = Service(account(mood="x")).kit(on_drift=fail)
    assert kit.account.get().account.additional_properties == {"mood": "x"}
    assert len(kit.drift) == 1
    (record,) = [record for record in caplog.records if record.name == "kit_client"]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None


@pytest.mark.parametrize("wrong", [5, "print"])
def test_what_cannot_be_called_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="on_drift: expected a function"):
        Service(account()).kit(on_drift=wrong)


def test_an_async_function_is_refused() -> None:
    async def later(drift: Drift) -> None: ...

    with pytest.raises(TypeError, match="on_drift: expected a function that isn't async"):
        Service(account()).async_kit(on_drift=later)


def test_a_callable_may_call_the_client_that_reports() -> None:
    names: list[str] = []

    def ask_again(drift: Drift) -> None:
        names.append(f"{drift.place} of {kit.account.get().account.name}")

    kit: Kit = Service(account(mood="x")).kit(on_drift=ask_again)
    kit.account.get()
    assert names == ["get_account.account.mood of Ada"]


def test_many_threads_report_each_place_once() -> None:
    found: list[Drift] = []
    kit = Service(account(mood="x", seats=1, quota=2)).kit(on_drift=found.append)
    kit.account.get()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: kit.account.get(), range(100)))
    assert len(found) == len(kit.drift) == 3


@pytest.mark.parametrize("key", ["ada@example.com", "two words", "line\nbreak", "", "x" * 65, "é"])
def test_a_key_that_is_no_name_is_kept_and_not_shown(key: str, caplog: pytest.LogCaptureFixture) -> None:
    kit = Service(account(**{key: 1})).kit()
    assert kit.account.get().account.additional_properties == {key: 1}
    (drift,) = kit.drift
    assert drift.path == "account.*"
    assert "\n" not in caplog.messages[0]


def test_reports_have_an_end() -> None:
    kit = Service(account(**{f"k{i}": i for i in range(3_000)})).kit()
    assert len(kit.account.get().account.additional_properties) == 3_000
    assert len(kit.drift) == codec.LARGEST_REPORT


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([*SUBSCRIBER, "colour", "additional_properties", "", "a b"])


@given(st.dictionaries(names, json_values, max_size=6), st.dictionaries(st.text(max_size=4), json_values, max_size=2))
def test_any_object_goes_through_a_model_unchanged(change: dict[str, Any], outside: dict[str, Any]) -> None:
    item = {**SUBSCRIBER, **change}
    body = {**outside, "subscribers": [SUBSCRIBER, item], "pagination": CURSORS}
    page = decode(SubscriberPage, json.dumps(body).encode(), "list_subscribers")
    assert page.to_dict() == body
    assert Subscriber.from_dict(item).to_dict() == item
    assert Subscriber.from_dict(change).to_dict() == change


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-17T11:43:55Z",
        "2023-02-17T11:43:55.123Z",
        "2023-02-17T11:43:55.123456Z",
        "2023-02-17T11:43:55+02:00",
        "2023-02-17T11:43:55.5-03:30",
    ],
)
def test_date_times_come_back_as_the_same_instant(text: str) -> None:
    found = Subscriber.from_dict({**SUBSCRIBER, "created_at": text})
    back = found.to_dict()["created_at"]
    assert Subscriber.from_dict({**SUBSCRIBER, "created_at": back}) == found
    if ".5-" not in text:
        assert back == text


@pytest.mark.parametrize(
    "text",
    ["2023-02-17T11:43:55", "2023-02-17T11:43:55.250", "2023-02-17 11:43:55", "0000-01-01T00:00:00Z", "2023-02-17", ""],
)
def test_date_times_without_a_zone_or_in_odd_forms_come_back_as_they_were(text: str) -> None:
    body = {"subscribers": [{**SUBSCRIBER, "created_at": text}] * 2, "pagination": CURSORS}
    found: list[Drift] = []
    page = decode(SubscriberPage, json.dumps(body).encode(), "list_subscribers", found.append)
    assert page.to_dict() == body
    assert [drift.path for drift in found] == ["subscribers[].created_at"]
    if "T11" in text:
        assert page.subscribers[0].created_at.tzinfo is None
        assert found[0].problem == "a date-time without a time zone"


def test_numbers_come_back_as_they_were() -> None:
    stats = {"broadcast": {"id": 1, "stats": {"recipients": 5, "open_rate": 0, "click_rate": 12, "unsubscribes": 1}}}
    made = BroadcastStatsResponse.from_dict(stats)
    assert json.dumps(made.to_dict(), sort_keys=True) == json.dumps(stats, sort_keys=True)


def test_a_received_broadcast_goes_through_pickle_with_all_it_holds() -> None:
    made = Broadcast.from_dict({**BROADCAST, "subscriber_filter": [{"any": [{"type": "galaxy", "x": 1}]}]})
    assert pickle.loads(pickle.dumps(made)) == made
