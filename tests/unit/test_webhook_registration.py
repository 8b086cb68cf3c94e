"""`webhooks.ensure` and `aensure`: one webhook for an event and a URL, whatever goes wrong."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest

from kit_api.models import NewWebhookEvent, Webhook, WebhookEvent
from kit_client import (
    APIConnectionError,
    AsyncKit,
    InvalidResponseError,
    Kit,
    KitError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
)
from kit_client.webhooks import aensure, ensure, new_secret, with_secret
from kit_mock import KitMock

from .service import Service
from .test_codec import CURSORS

URL = "https://app.example.com/kit"
ACTIVATE = "subscriber.subscriber_activate"
SECRET, OTHER = "0123456789abcdef-ABCDEF", "fedcba9876543210-ABCDEF"
Ensure = Callable[..., Webhook]


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


def as_sync(mock: KitMock) -> Ensure:
    def call(event: Any, target_url: Any) -> Webhook:
        with Kit(api_key=mock.api_key, transport=mock.transport, max_retries=0) as kit:
            return ensure(kit, event, target_url)

    return call


def as_async(mock: KitMock) -> Ensure:
    async def call(event: Any, target_url: Any) -> Webhook:
        async with AsyncKit(api_key=mock.api_key, transport=mock.async_transport, max_retries=0) as kit:
            return await aensure(kit, event, target_url)

    return lambda event, target_url: anyio.run(call, event, target_url)


@pytest.fixture(params=[as_sync, as_async])
def register(request: pytest.FixtureRequest, mock: KitMock) -> Ensure:
    made: Ensure = request.param(mock)
    return made


def sent(mock: KitMock) -> list[str]:
    return [str(request.operation_id) for request in mock.requests]


def urls(mock: KitMock) -> list[str]:
    return [each["target_url"] for each in mock.webhooks.all()]


def test_it_is_created_once_and_found_from_then_on(mock: KitMock, register: Ensure) -> None:
    made = register(ACTIVATE, URL)
    assert (made.event.name, made.target_url) == ("subscriber_activate", URL)
    assert [register(ACTIVATE, URL).id for _ in range(3)] == [made.id] * 3
    assert sent(mock) == ["list_webhooks", "create_webhook", *["list_webhooks"] * 3]


def test_another_event_or_another_url_is_another_webhook(mock: KitMock, register: Ensure) -> None:
    tags = [mock.tags.add(name)["id"] for name in ("a", "b")]
    events = [
        ACTIVATE,
        "subscriber.subscriber_bounce",
        *({"name": f"subscriber.tag_{done}", "tag_id": tag} for done in ("add", "remove") for tag in tags),
    ]
    places = [URL, f"{URL}/", f"{URL}?a=1", URL.upper().replace("HTTPS", "https"), "http://app.example.com/kit"]
    places += ["https://app.example.com:8443/kit", "https://ada@app.example.com/kit", "https://www.app.example.com/kit"]
    for _ in range(2):
        found = [register(event, URL).id for event in events] + [register(ACTIVATE, place).id for place in places]
        assert len(set(found)) == len(events) + len(places) - 1, "the first event at the first place is there twice"
    assert len(mock.webhooks.all()) == len(events) + len(places) - 1


@pytest.mark.parametrize(
    "same",
    [
        "HTTPS://APP.example.com/kit?a=b%2Fc",
        "https://app.example.com:443/kit?a=b%2Fc",
        "https://app.example.com/x/../kit?a=b%2Fc",
        "https://app.example.com/kit?a=b%2Fc#fragment",
    ],
)
def test_urls_that_lead_to_the_same_place_are_the_same(same: str, mock: KitMock, register: Ensure) -> None:
    first = register(ACTIVATE, "https://app.example.com/kit?a=b%2Fc")
    assert register(ACTIVATE, same).id == first.id
    assert register(ACTIVATE, "https://app.example.com/kit?a=b%2Fc").target_url == "https://app.example.com/kit?a=b%2Fc"
    ascii_only = register(ACTIVATE, "https://xn--bcher-kva.example/%C3%A4")
    assert register(ACTIVATE, "https://bücher.example/ä").id == ascii_only.id
    assert register(ACTIVATE, "http://h.example").id == register(ACTIVATE, "http://H.example:80/").id


def test_each_form_of_an_event_is_the_same_event(mock: KitMock, register: Ensure) -> None:
    tag, sequence = mock.tags.add("a")["id"], mock.sequences.add("s")["id"]
    forms: list[list[Any]] = [
        [
            {"name": "subscriber.tag_add", "tag_id": tag},
            {"name": "subscriber.tag_add", "tag_id": tag, "form_id": None},
            {"name": "subscriber.tag_add", "tag_id": str(tag)},
            {"name": "tag_add", "tag_id": tag},
            NewWebhookEvent(name="subscriber.tag_add", tag_id=tag),
            WebhookEvent(name="tag_add", tag_id=tag, initiator_value=None),
        ],
        [
            {"name": "subscriber.course_complete", "course_id": sequence},
            {"name": "subscriber.course_complete", "sequence_id": sequence},
            {"name": "subscriber.course_complete", "sequence_id": sequence, "course_id": sequence},
            WebhookEvent(name="course_complete", sequence_id=sequence),
        ],
        [ACTIVATE, "subscriber_activate", {"name": ACTIVATE}, WebhookEvent(name="subscriber_activate")],
        ["purchase.purchase_create", "purchase_create"],
        ["custom_field.field_created", {"name": "field_created"}],
    ]
    for same in forms:
        first = register(same[0], URL)
        assert {register(event, URL).id for event in [*same, first.event]} == {first.id}
        # Each of them can also create one.
        made = [register(event, f"{URL}/{number}") for number, event in enumerate(same)]
        assert all(each.event == first.event for each in made)


def test_a_webhook_of_each_event_can_be_made_and_found(mock: KitMock, register: Ensure) -> None:
    ids = {
        "form_id": mock.forms.add("f")["id"],
        "tag_id": mock.tags.add("t")["id"],
        "sequence_id": mock.sequences.add("s")["id"],
        "custom_field_id": mock.custom_fields.add("c")["id"],
        "initiator_value": "https://example.com/book",
    }
    names = {
        "subscriber_activate": None, "subscriber_unsubscribe": None, "subscriber_bounce": None,
        "subscriber_complain": None, "form_subscribe": "form_id", "course_subscribe": "sequence_id",
        "course_complete": "sequence_id", "link_click": "initiator_value", "tag_add": "tag_id", "tag_remove": "tag_id",
        "purchase_create": None, "field_created": None, "field_deleted": None, "field_value_updated": "custom_field_id",
    }  # fmt: skip
    made = {
        name: register({"name": name, **({about: ids[about]} if about else {})}, URL) for name, about in names.items()
    }
    assert {name: each.event.name for name, each in made.items()} == {name: name for name in names}
    for webhook in made.values():
        assert register(webhook.event, URL).id == webhook.id
    assert len(mock.webhooks.all()) == len(names)


@pytest.mark.parametrize(
    ("event", "error", "says"),
    [
        (None, TypeError, "event: expected a name, a dict or a NewWebhookEvent, got a NoneType"),
        (["subscriber.tag_add"], TypeError, "event: expected a name"),
        ("", ValueError, "event: expected a name, such as subscriber.subscriber_activate, got ''"),
        ({}, TypeError, "^event: name missing"),
        ({"name": 5}, ValueError, "event: expected a name.*, got 5"),
        ({"name": "subscriber.tag_add"}, ValueError, "event: subscriber.tag_add needs tag_id.*; got none"),
        ("tag_add", ValueError, "event: subscriber.tag_add needs tag_id"),
        ({"name": "tag_add", "form_id": 1}, ValueError, "needs tag_id, and no other parameter; got form_id"),
        ({"name": "tag_add", "tag_id": 1, "form_id": 1}, ValueError, "; got tag_id, form_id"),
        ({"name": "subscriber_activate", "tag_id": 1}, ValueError, "subscriber_activate has no parameter; got tag_id"),
        ({"name": "tag_add", "tag_id": 0}, ValueError, "event: tag_id: expected a positive integer, got 0"),
        ({"name": "tag_add", "tag_id": True}, ValueError, "event: tag_id: expected a positive integer, got True"),
        ({"name": "tag_add", "tag_id": 1.5}, ValueError, "event: tag_id: expected a positive integer, got 1.5"),
        ({"name": "tag_add", "tag_id": "x"}, ValueError, "event: tag_id: expected a positive integer, got 'x'"),
        ({"name": "tag_add", "tagid": 1}, TypeError, "^event: unknown tagid"),
        ({"name": "purchase.tag_add", "tag_id": 1}, ValueError, "expected subscriber.tag_add, got 'purchase.tag_add'"),
        ({"name": "link_click", "initiator_value": "book"}, ValueError, "event: initiator_value: expected an absolute"),
        ({"name": "link_click", "initiator_value": 5}, TypeError, "event: initiator_value: expected a URL as text"),
        ({"name": "course_complete", "course_id": 1, "sequence_id": 2}, ValueError, "expected one sequence_id, got 1 and 2"),
    ],
)  # fmt: skip
def test_a_wrong_event_is_named_before_anything_is_sent(
    event: Any, error: type[Exception], says: str, mock: KitMock, register: Ensure
) -> None:
    with pytest.raises(error, match=says):
        register(event, URL)
    assert sent(mock) == []


@pytest.mark.parametrize("url", ["/kit", "app.example.com", "ftp://h/", "", "https://h/a b"])
def test_a_wrong_url_is_named_before_anything_is_sent(url: str, mock: KitMock, register: Ensure) -> None:
    with pytest.raises(ValueError, match=r"^target_url: expected an absolute URL with http or https"):
        register(ACTIVATE, url)
    with pytest.raises(TypeError, match=r"^target_url: expected a URL as text, got a NoneType"):
        register(ACTIVATE, None)
    assert sent(mock) == []


def test_the_service_refuses_what_it_does_not_know(register: Ensure) -> None:
    with pytest.raises(UnprocessableEntityError, match="Event name must be one of"):
        register("subscriber.subscriber_born", URL)
    with pytest.raises(UnprocessableEntityError, match="Tag does not exist"):
        register({"name": "tag_add", "tag_id": 999}, URL)


def test_an_event_that_the_document_does_not_know_is_sent_as_it_is_and_found() -> None:
    event = {"name": "subscriber_born", "tag_id": 4}
    other = {"id": 8, "account_id": 1, "event": {"name": "subscriber_born", "tag_id": 5}, "target_url": URL}
    made = {"id": 9, "account_id": 1, "event": event, "target_url": URL}
    wanted: Any = {"name": "subscriber.subscriber_born", "tag_id": 4}
    service = Service(page(other), httpx.Response(201, json={"webhook": made}), page(made, other))
    with service.kit() as kit:
        assert ensure(kit, wanted, URL).id == 9
        assert ensure(kit, wanted, URL).id == 9
    assert json.loads(service.requests[1].content) == {"target_url": URL, "event": wanted}


def page(*webhooks: Any) -> httpx.Response:
    return httpx.Response(200, json={"webhooks": list(webhooks), "pagination": CURSORS})


def test_it_is_found_on_any_page(mock: KitMock, register: Ensure) -> None:
    first = register(ACTIVATE, URL)
    for number in range(600):
        mock.webhooks.add(ACTIVATE, f"{URL}/{number}")
    assert register(ACTIVATE, URL).id == first.id
    assert len(mock.webhooks.all()) == 601


def test_what_the_service_lists_in_other_forms_is_no_obstacle() -> None:
    shown = {"id": 9, "account_id": 1, "event": {"name": "tag_add", "tag_id": "4"}, "target_url": URL}
    odd = [None, "x", {}, {**shown, "id": None}, {**shown, "target_url": None}, {**shown, "target_url": "http://["}]
    odd += [{**shown, "event": None}, {**shown, "event": {"name": None}}, {**shown, "event": {"name": "tag_add"}}]
    odd += [{**shown, "event": {"name": "tag_add", "tag_id": "9" * 5000}}]
    service = Service(page(*odd, shown))
    with service.kit() as kit:
        assert ensure(kit, {"name": "subscriber.tag_add", "tag_id": 4}, URL).id == 9


def test_a_link_that_the_service_shows_as_a_number_is_taken_for_the_one_that_is_wanted() -> None:
    shown = {"id": 9, "account_id": 1, "event": {"name": "link_click", "initiator_value": 77}, "target_url": URL}
    other = {**shown, "id": 8, "event": {"name": "link_click", "initiator_value": "https://example.com/other"}}
    service = Service(page(other, shown))
    with service.kit() as kit:
        assert (
            ensure(kit, {"name": "subscriber.link_click", "initiator_value": "https://example.com/book"}, URL).id == 9
        )


def test_no_webhook_is_deleted_whose_link_is_not_known() -> None:
    shown = {"id": 9, "account_id": 1, "event": {"name": "link_click", "initiator_value": 77}}
    made = {"webhook": {**shown, "id": 10, "target_url": with_secret(URL, OTHER)}}
    service = Service(page({**shown, "target_url": with_secret(URL, SECRET)}), httpx.Response(201, json=made))
    event: Any = {"name": "subscriber.link_click", "initiator_value": "https://example.com/book"}
    with service.kit() as kit:
        assert ensure(kit, event, with_secret(URL, OTHER)).id == 10
    assert [request.method for request in service.requests] == ["GET", "POST"]


class TestUnsure:
    """Creating fails, and it may have been done."""

    @pytest.mark.parametrize(
        "fault", [{"status": 503, "effect": True}, {"reset": "after"}, {"html": True, "effect": True}]
    )
    def test_it_is_found_if_it_was_done(self, fault: Any, mock: KitMock, register: Ensure) -> None:
        mock.faults.add(operation="create_webhook", **fault)
        made = register(ACTIVATE, URL)
        assert sent(mock) == ["list_webhooks", "create_webhook", "list_webhooks"]
        assert [each["id"] for each in mock.webhooks.all()] == [made.id]

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ({"status": 503}, ServerError),
            ({"status": 520}, ServerError),
            ({"reset": "before"}, APIConnectionError),
            ({"status": 201, "body": "<html>", "media_type": "text/html"}, InvalidResponseError),
            ({"status": 408, "body": {}}, KitError),
        ],
    )
    def test_else_nothing_is_sent_again_and_a_note_says_what_to_do(
        self, fault: Any, error: type[KitError], mock: KitMock, register: Ensure
    ) -> None:
        mock.faults.add(operation="create_webhook", times=1, **fault)
        with pytest.raises(error) as caught:
            register(ACTIVATE, URL)
        assert caught.value.__notes__ == [
            "The webhook may have been created, and not be in the list yet. Wait, and call ensure again."
        ]
        assert sent(mock) == ["list_webhooks", "create_webhook", "list_webhooks"]
        assert register(ACTIVATE, URL).id == 1

    def test_a_list_that_lags_leads_to_no_second_one(self, mock: KitMock, register: Ensure) -> None:
        mock.faults.add(operation="list_webhooks", lag=60)
        mock.faults.add(operation="create_webhook", status=503, effect=True, times=1)
        with pytest.raises(ServerError):
            register(ACTIVATE, URL)
        mock.advance(minutes=2)
        assert register(ACTIVATE, URL).id == 1
        assert len(mock.webhooks.all()) == 1

    def test_the_first_error_is_raised_if_looking_fails_too(self, mock: KitMock, register: Ensure) -> None:
        mock.faults.add(operation="create_webhook", status=503)
        mock.faults.add(operation="list_webhooks", status=500, times=1, probability=0.5, seed=skips_first())
        with pytest.raises(ServerError, match="create_webhook: 503") as caught:
            register(ACTIVATE, URL)
        assert caught.value.__notes__

    @pytest.mark.parametrize(("status", "error"), [(422, UnprocessableEntityError), (429, RateLimitError)])
    def test_a_refusal_is_no_doubt(self, status: int, error: type[KitError], mock: KitMock, register: Ensure) -> None:
        mock.faults.add(operation="create_webhook", status=status)
        with pytest.raises(error) as caught:
            register(ACTIVATE, URL)
        assert not hasattr(caught.value, "__notes__")
        assert sent(mock) == ["list_webhooks", "create_webhook"]

    def test_a_list_that_fails_creates_nothing(self, mock: KitMock, register: Ensure) -> None:
        mock.faults.add(operation="list_webhooks", status=500)
        with pytest.raises(ServerError, match="list_webhooks"):
            register(ACTIVATE, URL)
        assert sent(mock) == ["list_webhooks"]

    def test_a_hook_of_the_caller_that_fails_leaves_it_open_too(self, mock: KitMock) -> None:
        def fail(response: httpx.Response) -> None:
            if response.request.method == "POST":
                raise RuntimeError("hook")

        with Kit(api_key=mock.api_key, transport=mock.transport, event_hooks={"response": [fail]}) as kit:
            assert ensure(kit, ACTIVATE, URL).id == 1
        assert len(mock.webhooks.all()) == 1


def skips_first() -> int:
    """A seed whose dice spare the first request and hit the second one."""
    import random

    def hits(seed: int) -> list[bool]:
        dice = random.Random(seed)
        return [dice.random() < 0.5 for _ in range(2)]

    return next(seed for seed in range(100) if hits(seed) == [False, True])


class TestRotation:
    """The URL has another secret than the webhook that is there."""

    def test_the_new_one_takes_the_place_of_the_old_one(self, mock: KitMock, register: Ensure) -> None:
        old = register(ACTIVATE, with_secret(URL, SECRET))
        bystanders = [
            mock.webhooks.add("subscriber.subscriber_bounce", with_secret(URL, SECRET)),
            mock.webhooks.add(ACTIVATE, with_secret(f"{URL}/2", SECRET)),
        ]
        new = register(ACTIVATE, with_secret(URL, OTHER))
        assert new.target_url == with_secret(URL, OTHER)
        assert {each["id"] for each in mock.webhooks.all()} == {new.id, *(each["id"] for each in bystanders)}
        assert sent(mock)[-3:] == ["list_webhooks", "create_webhook", "delete_webhook"], "events are never missed"
        assert old.id != new.id

    def test_a_webhook_without_a_secret_is_replaced_by_one_that_has_one_and_not_the_other_way(
        self, mock: KitMock, register: Ensure
    ) -> None:
        register(ACTIVATE, URL)
        register(ACTIVATE, with_secret(URL, SECRET))
        assert urls(mock) == [with_secret(URL, SECRET)]
        register(ACTIVATE, URL)
        assert sorted(urls(mock)) == [URL, with_secret(URL, SECRET)]

    def test_the_old_one_stays_until_the_new_one_is_there(self, mock: KitMock, register: Ensure) -> None:
        register(ACTIVATE, with_secret(URL, SECRET))
        mock.faults.add(operation="create_webhook", status=503, times=1)
        with pytest.raises(ServerError):
            register(ACTIVATE, with_secret(URL, OTHER))
        assert urls(mock) == [with_secret(URL, SECRET)]

    def test_the_old_one_goes_also_after_a_creation_whose_answer_was_lost(
        self, mock: KitMock, register: Ensure
    ) -> None:
        register(ACTIVATE, with_secret(URL, SECRET))
        mock.faults.add(operation="create_webhook", reset="after", times=1)
        register(ACTIVATE, with_secret(URL, OTHER))
        assert urls(mock) == [with_secret(URL, OTHER)]

    def test_an_old_one_that_is_gone_already_is_no_problem(
        self, mock: KitMock, register: Ensure, caplog: pytest.LogCaptureFixture
    ) -> None:
        register(ACTIVATE, with_secret(URL, SECRET))
        mock.faults.add(operation="delete_webhook", status=404)
        register(ACTIVATE, with_secret(URL, OTHER))
        assert "could not be deleted" not in caplog.text

    def test_an_old_one_that_can_not_be_deleted_is_logged_and_told_again_next_time(
        self, mock: KitMock, register: Ensure, caplog: pytest.LogCaptureFixture
    ) -> None:
        old = register(ACTIVATE, with_secret(URL, SECRET))
        mock.faults.add(operation="delete_webhook", status=422, body={"errors": [f"No: {URL}?secret={OTHER}"]})
        new = register(ACTIVATE, with_secret(URL, OTHER))
        assert f"webhook {old.id}, with an outdated secret, could not be deleted" in caplog.text
        caplog.clear()
        assert register(ACTIVATE, with_secret(URL, OTHER)).id == new.id
        assert f"webhooks {new.id}, {old.id} have the same event and URL" in caplog.text
        assert not any(secret in caplog.text for secret in (SECRET, OTHER))
        assert len(mock.webhooks.all()) == 2, "what is there is not touched"


def test_two_of_the_same_are_told_and_the_oldest_is_returned(
    mock: KitMock, register: Ensure, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (mock.webhooks.add(ACTIVATE, with_secret(URL, SECRET))["id"] for _ in range(2))
    assert register(ACTIVATE, with_secret(URL, SECRET)).id == first
    assert caplog.messages == [
        f"webhooks {first}, {second} have the same event and URL, so that each event is sent more than once:"
        " delete all but one"
    ]
    assert len(mock.webhooks.all()) == 2


def test_a_secret_is_in_no_error_and_in_no_log(
    mock: KitMock, register: Ensure, caplog: pytest.LogCaptureFixture
) -> None:
    url = with_secret(URL, secret := new_secret())
    says = f"Target url {url} is unreachable"
    for status in (422, 500, 403):
        mock.faults.add(operation="create_webhook", body={"errors": [says]}, times=1, status=status)
        with caplog.at_level(logging.DEBUG), pytest.raises(KitError) as caught:
            register(ACTIVATE, url)
        shown = [*map(repr, traceback.format_exception(caught.value)), repr(caught.value.errors)]  # type: ignore[attr-defined]
        assert not any(secret in each for each in shown)
        assert "https://app.example.com/kit?… is unreachable" in str(caught.value)
        for frame, _ in traceback.walk_tb(caught.value.__traceback__):
            if "kit_client/webhooks" in frame.f_code.co_filename:
                assert secret not in repr(frame.f_locals)
    register(ACTIVATE, url)
    assert secret not in caplog.text


def test_two_that_look_at_the_same_time_make_one_each_which_is_told_later(
    mock: KitMock, register: Ensure, caplog: pytest.LogCaptureFixture
) -> None:
    # The list is what they would both see before either of them has created one.
    mock.faults.add(operation="list_webhooks", lag=60)
    both = [register(ACTIVATE, URL).id for _ in range(2)]
    assert caplog.messages == []
    mock.advance(minutes=2)
    assert register(ACTIVATE, URL).id == min(both)
    assert "webhooks 1, 2 have the same event and URL" in caplog.text


def test_it_works_on_trio(mock: KitMock) -> None:
    async def call() -> list[int]:
        async with AsyncKit(api_key=mock.api_key, transport=mock.async_transport) as kit:
            return [(await aensure(kit, ACTIVATE, with_secret(URL, secret))).id for secret in (SECRET, SECRET, OTHER)]

    assert anyio.run(call, backend="trio") == [1, 1, 2]
    assert urls(mock) == [with_secret(URL, OTHER)]


def test_the_wrong_kind_of_client_is_named(mock: KitMock) -> None:
    wrong: Any = AsyncKit(api_key=mock.api_key, transport=mock.async_transport)
    with pytest.raises(TypeError, match="kit: expected a Kit, got a AsyncKit; with an AsyncKit, use aensure"):
        ensure(wrong, ACTIVATE, URL)
    with Kit(api_key=mock.api_key, transport=mock.transport) as kit:
        wrong = kit
        with pytest.raises(TypeError, match="kit: expected an AsyncKit, got a Kit; with a Kit, use ensure"):
            anyio.run(aensure, wrong, ACTIVATE, URL)
