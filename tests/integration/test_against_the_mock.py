"""The client, by its public interface alone, against the mock: each story sync and async, in process and on a socket.

Stories are told once, in the words of `Kit`; for `AsyncKit` its coroutines are run to their ends one by one.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from kit_client import (
    APIConnectionError,
    APIStatusError,
    AsyncKit,
    AuthenticationError,
    Clock,
    Kit,
    KitError,
    NotFoundError,
    OAuthRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    UnprocessableEntityError,
)
from kit_mock import KitMock

START = datetime(2023, 2, 17, 11, 43, 55, tzinfo=UTC)
ADDRESSES = [f"reader{number}@example.com" for number in range(1, 1_234)]
PURCHASE: dict[str, Any] = {
    "transaction_id": "order-1",
    "email_address": "ada@example.com",
    "currency": "usd",
    "transaction_time": START,
    "products": [{"name": "Book", "pid": "book", "lid": "a", "quantity": 2, "unit_price": 9.5}],
}

Connect = Callable[..., Kit]


class MocksTime(Clock):
    """Time that passes, for client and service alike, when the client waits."""

    def __init__(self, mock: KitMock) -> None:
        self.mock = mock
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.mock.clock.now().timestamp()

    def time(self) -> float:
        return self.monotonic()

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.mock.advance(seconds=seconds)

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class Settled:
    """An `AsyncKit`, or a part of one, that can be used like its counterpart of a `Kit`."""

    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        return self._settle(getattr(self._target, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._settle(self._target(*args, **kwargs))

    def __iter__(self) -> Iterator[Any]:
        items = aiter(self._target)
        while True:
            try:
                yield self._settle(anext(items))
            except StopAsyncIteration:
                return

    def _settle(self, value: Any) -> Any:
        # A list refuses to be awaited, in words, and so has the method.
        if inspect.isawaitable(value) and not hasattr(value, "first_page"):

            async def wait() -> Any:
                return await value

            return self._runner.run(wait())
        is_part = callable(value) or hasattr(value, "__aiter__") or isinstance(value, AsyncKit)
        is_part = is_part or type(value).__module__.startswith("kit_api.api.")
        return Settled(value, self._runner) if is_part else value


@pytest.fixture(params=["sync, in process", "async, in process", "sync, socket", "async, socket"])
def connect(request: pytest.FixtureRequest, kit_mock: KitMock) -> Iterator[Connect]:
    """Makes clients of the mock, with its API key unless told otherwise."""
    manner, _, way = request.param.partition(", ")
    runner = asyncio.Runner()
    opened: list[Kit] = []
    clients: list[AsyncKit] = []

    def connect(**arguments: Any) -> Kit:
        if not arguments.keys() & {"api_key", "access_token"}:
            arguments["api_key"] = kit_mock.api_key
        arguments.setdefault("clock", MocksTime(kit_mock))
        arguments.setdefault("retry", RetryPolicy(random=lambda: 1.0))
        if way == "socket":
            arguments["base_url"] = kit_mock.url
        elif manner == "sync":
            arguments["transport"] = kit_mock.transport
        else:
            arguments["transport"] = kit_mock.async_transport
        if manner == "sync":
            opened.append(Kit(**arguments))
            return opened[-1]
        clients.append(AsyncKit(**arguments))
        return cast(Kit, Settled(clients[-1], runner))

    with runner:
        yield connect
        for kit in opened:
            kit.close()
        for client in clients:
            runner.run(client.aclose())


@pytest.fixture
def kit(connect: Connect) -> Kit:
    return connect()


@pytest.fixture
def oauth(connect: Connect, kit_mock: KitMock) -> Kit:
    return connect(access_token=kit_mock.access_token)


def statuses(mock: KitMock) -> list[int]:
    return [request.status for request in mock.requests]


def test_a_subscriber_is_created_once_and_then_updated(kit: Kit, kit_mock: KitMock) -> None:
    kit.custom_fields.create(label="Last name")
    ada = kit.subscribers.create(email_address="ada@example.com", first_name="Ada", fields={"last_name": "Byron"})
    again = kit.subscribers.create(
        email_address="ADA@example.com", first_name="Countess", state="cancelled", fields={"last_name": "Lovelace"}
    )
    assert (again.id, again.first_name, again.state) == (ada.id, "Countess", "active")
    assert kit.subscribers.get(ada.id).fields == {"last_name": "Lovelace"}
    assert ada.created_at == START
    assert statuses(kit_mock) == [201, 201, 200, 200]
    updated = kit.subscribers.update(ada.id, email_address="lovelace@example.com")
    assert (updated.email_address, updated.first_name) == ("lovelace@example.com", "Countess")
    kit.subscribers.unsubscribe(ada.id)
    assert kit.subscribers.get(ada.id).state == "cancelled"


@pytest.fixture
def many(kit_mock: KitMock) -> list[str]:
    """The addresses of 1,233 subscribers, the newest first."""
    for address in ADDRESSES:
        kit_mock.subscribers.add(address)
    return ADDRESSES[::-1]


def test_a_long_list(kit: Kit, kit_mock: KitMock, many: list[str]) -> None:
    assert [found.email_address for found in kit.subscribers.list()] == many
    assert [request.query.get("after") for request in kit_mock.requests] == [None, "WzczNF0=", "WzIzNF0="]
    first = kit.subscribers.list(per_page=1000, include_total_count=True).first_page()
    assert (len(first.items), first.total_count) == (1000, 1233)
    assert [found.email_address for found in kit.subscribers.list(limit=7)] == many[:7]
    pages = [[found.email_address for found in page.items] for page in kit.subscribers.list(per_page=400).pages()]
    assert [len(page) for page in pages] == [400, 400, 400, 33]
    assert [address for page in pages for address in page] == many
    oldest = kit.subscribers.list(sort_field="updated_at", sort_order="asc", per_page=400)
    assert [found.email_address for found in oldest] == ADDRESSES


def test_a_list_is_taken_up_where_it_broke_off(kit: Kit, kit_mock: KitMock, many: list[str]) -> None:
    seen: list[str] = []
    with pytest.raises(ServerError) as caught:
        for found in kit.with_options(max_retries=0).subscribers.list(per_page=300):
            if not seen:
                kit_mock.fail_next("list_subscribers", status=503)
            seen.append(found.email_address)
    assert 300 <= len(seen) < len(many)
    assert caught.value.cursor is not None
    rest = [found.email_address for found in kit.subscribers.list(per_page=300, after=caught.value.cursor)]
    assert seen + rest == many


def test_filters(kit: Kit, kit_mock: KitMock) -> None:
    kit_mock.subscribers.add("early@example.com", created_at="2023-01-01")
    kit_mock.subscribers.add("gone@example.com", state="cancelled", created_at="2023-02-01")
    kit_mock.subscribers.add("late@example.com", created_at="2023-02-10")

    def found(**arguments: Any) -> list[str]:
        return [subscriber.email_address.partition("@")[0] for subscriber in kit.subscribers.list(**arguments)]

    assert found() == ["late", "early"]
    assert found(status="all") == ["late", "gone", "early"]
    assert found(status="cancelled") == ["gone"]
    assert found(created_after=date(2023, 1, 15)) == ["late"]
    assert found(created_before=datetime(2023, 2, 10, tzinfo=UTC), status="all") == ["gone", "early"]
    assert found(email_address="GONE@example.com") == []
    assert found(email_address="GONE@example.com", status="all") == ["gone"]
    assert found(sort_field="updated_at", sort_order="asc") == ["early", "late"]


def test_tags_fields_forms_and_sequences(kit: Kit, kit_mock: KitMock) -> None:
    form, sequence = kit_mock.forms.add("Sign up")["id"], kit_mock.sequences.add("Welcome")["id"]
    kit_mock.segments.add("Readers")
    ada = kit.subscribers.create(email_address="ada@example.com")
    tag = kit.tags.create(name="Newsletter")
    kit_mock.advance(hours=1)
    for _ in range(2):
        tagged = kit.tags.tag_subscriber_by_email(tag.id, email_address="ada@example.com")
        assert tagged.tagged_at == START + timedelta(hours=1)
        kit_mock.advance(hours=1)
    assert kit.forms.add_subscriber(form, ada.id).added_at == START + timedelta(hours=3)
    assert kit.sequences.add_subscriber_by_email(sequence, email_address="ada@example.com").id == ada.id
    for members in (
        kit.tags.list_subscribers(tag.id),
        kit.forms.list_subscribers(form),
        kit.sequences.list_subscribers(sequence),
    ):
        assert [member.id for member in members] == [ada.id]
    assert [found.name for found in kit.subscribers.list_tags(ada.id)] == ["Newsletter"]
    assert [found.name for found in kit.segments.list()] == ["Readers"]
    assert kit.tags.update(tag.id, name="Weekly").name == "Weekly"
    kit.tags.untag_subscriber(tag.id, ada.id)
    assert list(kit.tags.list_subscribers(tag.id)) == []
    field = kit.custom_fields.create(label="Last name")
    assert kit.custom_fields.update(field.id, label="Surname").key == "surname"
    kit.custom_fields.delete(field.id)
    assert list(kit.custom_fields.list()) == []
    assert statuses(kit_mock).count(201) == 6
    with pytest.raises(NotFoundError):
        kit.tags.tag_subscriber_by_email(tag.id, email_address="nobody@example.com")


def test_a_scheduled_broadcast_is_sent_when_its_time_comes(kit: Kit, kit_mock: KitMock) -> None:
    kit_mock.tags.add("Newsletter", id=31)
    kit_mock.subscribers.add("ada@example.com", tags=["Newsletter"])
    kit_mock.subscribers.add("bob@example.com")
    draft = kit.broadcasts.create(subject="News", content="<p>Hello</p>", public=False, description="")
    assert kit.broadcasts.get_stats(draft.id).stats.status == "draft"
    scheduled = kit.broadcasts.update(
        draft.id,
        send_at=START + timedelta(days=1),
        subscriber_filter=[{"all": [{"type": "tag", "ids": [31]}]}],
    )
    assert scheduled.send_at == START + timedelta(days=1)
    assert kit.broadcasts.get_stats(draft.id).stats.status == "scheduled"
    kit_mock.advance(days=1, seconds=30)
    with pytest.raises(UnprocessableEntityError, match="already sending"):
        kit.broadcasts.delete(draft.id)
    kit_mock.advance(minutes=1)
    stats = kit.broadcasts.get_stats(draft.id).stats
    assert (stats.status, stats.recipients, stats.progress) == ("completed", 1, 100)
    assert kit.broadcasts.get(draft.id).published_at == START + timedelta(days=1)


@pytest.mark.undocumented_requests("an item of a bulk request has no name, which is a failure in a success")
def test_purchases_and_bulk_operations_take_an_access_token(kit: Kit, oauth: Kit, kit_mock: KitMock) -> None:
    for call in (lambda: kit.purchases.create(**PURCHASE), lambda: kit.tags.bulk_create(tags=[{"name": "a"}])):
        with pytest.raises(OAuthRequiredError):
            call()
    assert kit_mock.requests == (), "what can't succeed isn't sent"

    purchase = oauth.purchases.create(**PURCHASE)
    assert (purchase.total, purchase.currency, purchase.transaction_time) == (19, "USD", START)
    assert oauth.purchases.get(purchase.id).products[0].name == "Book"
    assert [found.id for found in oauth.purchases.list()] == [purchase.id]
    made: Any = oauth.tags.bulk_create(tags=[{"name": "One"}, {"name": "Two"}, {"name": "ONE"}, {"name": ""}])
    assert [tag.name for tag in made.tags] == ["One", "Two"]
    assert [failure.errors for failure in made.failures] == [["Name can't be blank"]]
    ids = [tag.id for tag in made.tags]
    tagged: Any = oauth.tags.bulk_tag_subscribers(taggings=[{"tag_id": id_, "subscriber_id": 1} for id_ in (*ids, 99)])
    assert [found.email_address for found in tagged.subscribers] == ["ada@example.com"] * 2
    (failure,) = tagged.failures
    assert (failure.tagging.tag_id, failure.tagging.subscriber_id) == (None, 1)
    assert failure.errors == ["Tag does not exist"]


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"reset": "before"}, {"reset": "after"}], ids=str)
def test_bulk_changes_are_repeated_until_they_are_done(oauth: Kit, kit_mock: KitMock, fault: dict[str, Any]) -> None:
    people = [kit_mock.subscribers.add(email_address=address) for address in ADDRESSES[:2]]
    tags = [kit_mock.tags.add(name=name) for name in ("One", "Two")]
    form, field = kit_mock.forms.add(name="Sign up"), kit_mock.custom_fields.add(label="City")
    oauth.tags.tag_subscriber(tags[0]["id"], people[0]["id"])

    def once_more(operation: str) -> None:
        kit_mock.fail_next(operation, **fault)

    once_more("bulk_update_custom_field_values")
    values = [
        {"subscriber_id": one["id"], "subscriber_custom_field_id": field["id"], "value": "Oslo"} for one in people
    ]
    saved: Any = oauth.custom_fields.bulk_update_values(custom_field_values=cast(Any, values))
    assert [(one.subscriber_id, one.value) for one in saved.custom_field_values] == [
        (one["id"], "Oslo") for one in people
    ]

    once_more("bulk_add_form_subscribers")
    additions: Any = [{"form_id": form["id"], "subscriber_id": one["id"], "referrer": None} for one in people]
    added: Any = oauth.forms.bulk_add_subscribers(additions=additions)
    assert [one.email_address for one in added.subscribers] == ADDRESSES[:2]

    once_more("bulk_untag_subscribers")
    taggings: Any = [{"tag_id": tag["id"], "subscriber_id": people[0]["id"]} for tag in tags]
    untagged: Any = oauth.tags.bulk_untag_subscribers(taggings=[*taggings, {"tag_id": 99, "subscriber_id": 1}])
    assert [failure.errors for failure in untagged.failures] == [["Tag does not exist"]]
    assert list(oauth.tags.list_subscribers(tags[0]["id"])) == []

    once_more("bulk_delete_tags")
    deleted: Any = oauth.tags.bulk_delete(tags=[{"id": tag["id"]} for tag in tags])
    # What the first attempt did is a failure of the second.
    gone = [tag["id"] for tag in tags] if fault == {"reset": "after"} else []
    assert [failure.tag.id for failure in deleted.failures] == gone
    assert list(oauth.tags.list()) == []


def test_a_large_bulk_request_is_done_later(oauth: Kit, kit_mock: KitMock) -> None:
    accepted = oauth.subscribers.bulk_create(
        subscribers=[{"email_address": f"reader{number}@example.com"} for number in range(101)]
    )
    assert not hasattr(accepted, "failures")
    assert statuses(kit_mock) == [202]
    assert kit_mock.subscribers.all() == []
    kit_mock.advance(seconds=2)
    assert oauth.subscribers.list(per_page=1, include_total_count=True).first_page().total_count == 101


def test_what_is_refused(kit: Kit, connect: Connect, kit_mock: KitMock) -> None:
    with pytest.raises(NotFoundError) as missing:
        kit.subscribers.get(99)
    assert (missing.value.operation, missing.value.errors) == ("get_subscriber", ["Not Found"])
    assert missing.value.request_id == kit_mock.requests[-1].request_id
    with pytest.raises(UnprocessableEntityError) as invalid:
        kit.subscribers.create(email_address="nobody")
    assert invalid.value.errors == ["Email address is invalid"]
    other = kit.tags.create(name="Other")
    assert kit.tags.create(name="other") == other
    kit.tags.create(name="Newsletter")
    with pytest.raises(UnprocessableEntityError, match="Name has already been taken"):
        kit.tags.update(other.id, name="newsletter")
    for credentials in ({"api_key": "kit_wrong"}, {"access_token": "wrong"}):
        with pytest.raises(AuthenticationError) as stranger:
            connect(**credentials).account.get()
        assert stranger.value.errors == ["The access token is invalid"]
        assert "wrong" not in f"{stranger.value!r} {stranger.value.response.request.headers!r}"
    assert 429 not in statuses(kit_mock)
    assert missing.value.attempts == invalid.value.attempts == stranger.value.attempts == 1


def test_what_an_account_may_not(connect: Connect, kit_mock: KitMock) -> None:
    kit_mock.fail_next("create_broadcast", status=403)
    with pytest.raises(PermissionDeniedError):
        connect().broadcasts.create(subject="News")


@pytest.mark.kit_mock(rate_limit="kit")
def test_the_limit_is_kept_to(connect: Connect, kit_mock: KitMock) -> None:
    clock = MocksTime(kit_mock)
    kit = connect(clock=clock)
    for number in range(250):
        kit.tags.create(name=f"Tag {number}")
    assert statuses(kit_mock) == [201] * 250
    assert clock.waits == [60, 60]


@pytest.mark.kit_mock(rate_limit=3)
def test_a_smaller_limit_than_is_known_costs_one_429_and_a_window(connect: Connect, kit_mock: KitMock) -> None:
    clock = MocksTime(kit_mock)
    kit = connect(clock=clock)
    for number in range(7):
        kit.tags.create(name=f"Tag {number}")
    assert statuses(kit_mock) == [201] * 3 + [429] + [201] * 3 + [429] + [201]
    assert sum(clock.waits) == 120


@pytest.mark.kit_mock(rate_limit="kit")
def test_a_limit_is_waited_out(connect: Connect, kit_mock: KitMock) -> None:
    clock = MocksTime(kit_mock)
    kit = connect(clock=clock, rate_limiter=None)
    for number in range(121):
        kit.tags.create(name=f"Tag {number}")
    assert len(kit_mock.tags.all()) == 121
    assert statuses(kit_mock) == [201] * 120 + [429] * 4 + [201]
    assert clock.waits == [6, 12, 24, 48]


@pytest.mark.kit_mock(rate_limit=1)
def test_a_limit_that_lasts_is_told_of(connect: Connect, kit_mock: KitMock) -> None:
    kit = connect(max_retries=1, rate_limiter=None)
    kit.tags.create(name="One")
    with pytest.raises(RateLimitError) as caught:
        kit.tags.create(name="Two")
    assert caught.value.attempts == 2
    assert "Retry later" in str(caught.value)
    kit_mock.advance(minutes=1)
    assert kit.tags.create(name="Two").id == 2


def test_one_failure_is_no_failure(connect: Connect, kit_mock: KitMock) -> None:
    clock = MocksTime(kit_mock)
    kit = connect(clock=clock)
    kit_mock.subscribers.add("ada@example.com")
    faults: list[dict[str, Any]] = [
        {"status": 503},
        {"status": 520},
        {"html": True},
        {"reset": "before"},
        {"reset": "after"},
        {"cut_body": True},
    ]
    for fault in faults:
        kit_mock.fail_next("list_subscribers", **fault)
        assert [found.id for found in kit.subscribers.list()] == [1], fault
        assert clock.waits.pop() == 0.5, fault
        assert clock.waits == [], fault


def test_what_is_safe_to_repeat_is_repeated(kit: Kit, kit_mock: KitMock) -> None:
    faults: list[dict[str, Any]] = [{"reset": "after"}, {"status": 503, "effect": True}, {"cut_body": True}]
    for number, fault in enumerate(faults, 1):
        kit_mock.fail_next("create_subscriber", **fault)
        assert kit.subscribers.create(email_address=f"reader{number}@example.com").id == number
    assert len(kit_mock.subscribers.all()) == 3, "each was sent twice, and is there once"
    assert len(kit_mock.requests) == 6


def test_what_is_not_is_not(kit: Kit, oauth: Kit, kit_mock: KitMock) -> None:
    faults: list[tuple[dict[str, Any], type[KitError]]] = [
        ({"reset": "after"}, APIConnectionError),
        ({"cut_body": True}, APIConnectionError),
        ({"status": 503, "effect": True}, ServerError),
    ]
    for number, (fault, error) in enumerate(faults, 1):
        kit_mock.fail_next("create_purchase", **fault)
        with pytest.raises(error) as caught:
            oauth.purchases.create(**{**PURCHASE, "transaction_id": f"order-{number}"})
        assert caught.value.attempts == 1, fault
        assert len(kit_mock.purchases.all()) == number, "it took effect, but nobody may send it again unasked"
    kit_mock.fail_next("create_tag", reset="before")
    with pytest.raises(APIConnectionError):
        kit.tags.create(name="Newsletter")
    assert kit_mock.tags.all() == []


def test_a_failure_that_lasts_is_told_of(connect: Connect, kit_mock: KitMock) -> None:
    kit = connect(max_retries=2)
    kit_mock.fail_next("get_account", status=520, times=3)
    with pytest.raises(ServerError) as caught:
        kit.account.get()
    assert (caught.value.status_code, caught.value.attempts, caught.value.errors) == (520, 3, [])
    assert "text/html" in str(caught.value)
    assert kit.account.get().account.id == 1, "that was all"
    kit_mock.fail_next(times=3, status=429)
    with pytest.raises(APIStatusError, match="Retry later"):
        kit.account.get()
