"""A script as a user writes it: checked by mypy and pyright as strictly as they can, and run."""

from __future__ import annotations

import asyncio
import csv
import datetime
import os
import ssl
import threading
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from kit_api.api.subscribers import create_subscriber, get_subscriber, list_subscribers
from kit_api.api.tags import create_tag, list_tags
from kit_api.models import (
    Accepted,
    BulkSubscribersResult,
    NewPurchaseProduct,
    NewPurchaseProductDict,
    NewSubscriberDict,
    NewWebhookEvent,
    Purchase,
    Subscriber,
    SubscriberDelivery,
    SubscriberState,
    Tag,
    TaggedSubscriber,
    Webhook,
)
from kit_api.types import Response
from kit_client import (
    AsyncKit,
    ConfigurationError,
    Drift,
    FileTokenStore,
    Kit,
    KitError,
    MemoryTokenStore,
    NotFoundError,
    OAuth,
    OAuthError,
    RetryPolicy,
    TokenStore,
    UnprocessableEntityError,
    apaginate,
    paginate,
    webhooks,
)
from kit_client.bulk import Outcome, Report


def with_resources(kit: Kit) -> list[str]:
    subscriber = kit.subscribers.create(
        email_address="ada@example.com", first_name="Ada", state="active", fields={"last_name": "Lovelace"}
    )
    tag = kit.tags.create(name="Mathematicians")
    kit.tags.tag_subscriber_by_email(tag.id, email_address=subscriber.email_address)
    since = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    names: list[str] = []
    for found in kit.subscribers.list(status="active", created_after=since, sort_order="asc", limit=10):
        # The service may add a state; one of today's is still checked where it is sent.
        state: SubscriberState | str = found.state
        if found.state == "paused" or found.state == "active":
            names.append(found.state)
        names.append(f"{found.first_name or found.email_address}: {state}")
    page = kit.tags.list(per_page=50, include_total_count=True).first_page()
    names.append(f"{len(page.items)} of {page.total_count}")
    for page_of_people in kit.tags.list_subscribers(tag.id).pages():
        names.extend(f"{person.tagged_at:%Y}" for person in page_of_people.items)
    try:
        kit.tags.create(name="mathematicians")
    except UnprocessableEntityError as error:
        names.extend(error.errors)
    account = kit.with_options(timeout=5, max_retries=0).account.get()
    names.append(account.account.name)
    return names


def with_modules(kit: Kit) -> list[Tag]:
    made = create_tag.sync(client=kit, body={"name": "Engineers"}).tag
    answer = create_subscriber.sync_detailed(client=kit, body={"email_address": "grace@example.com"})
    subscriber: Subscriber = get_subscriber.sync(answer.parsed.subscriber.id, client=kit).subscriber
    emails: list[str] = [item.email_address for item in paginate(list_subscribers, client=kit, status="active")]
    print(answer.status_code, answer.headers.get("X-Request-Id"), subscriber.created_at.isoformat(), emails)
    return [made, *paginate(list_tags, client=kit)]


def in_bulk(kit: Kit) -> int:
    result = kit.subscribers.bulk_create(subscribers=[{"email_address": "a@example.com", "first_name": "A"}])
    if isinstance(result, Accepted):
        return 0
    for failure in result.failures:
        print(failure.errors)
    return len(result.subscribers)


def with_an_import(kit: Kit) -> list[str]:
    people = [("ada@example.com", 5), ("grace@example.com", None)]
    rows = [{"email_address": address, "score": score} for address, score in people]
    imported = kit.bulk.import_subscribers(rows, fields={"score": "Score"}, tags=["VIP", 1], create_missing=True)
    print(imported.estimate().minutes, imported.so_far.rows)
    found: list[str] = []
    row: dict[str, str | int | None]
    outcome: Outcome
    for row, outcome in imported:
        found.append(f"{row['email_address']} {'' if outcome.subscriber is None else outcome.subscriber.id}")
    lines = csv.DictReader(["email_address,score", "joan@example.com,7", "nobody,0"])
    report: Report = kit.bulk.import_subscribers(lines, fields=["score"]).report()
    for failed, why in report.failures:
        print(failed, why.errors)
    for person, told in kit.bulk.match_callback(b'{"subscribers": [], "failures": []}', rows):
        print(person["score"], told.ok)
    return found


def with_exports(kit: Kit, tag_id: int) -> list[str]:
    day = datetime.date(2024, 1, 1)
    export = kit.bulk.export_subscribers(status="all", created_after=day, include=["tags"], parallel=4)
    subscriber: Subscriber
    for subscriber in export:
        print(subscriber.first_name, export.total, export.cursor)
    tagged: TaggedSubscriber
    for tagged in kit.bulk.export_subscribers(tag_id=tag_id, tagged_after=day):
        print(tagged.tagged_at.year)
    rows: list[dict[str, Any]] = []
    for page in kit.bulk.export_subscribers(tag_id=tag_id, raw=True, after=export.cursor).pages():
        rows += page.items
    rows += kit.subscribers.list(limit=2).raw()
    return [row["email_address"] for row in rows]


def with_dicts(kit: Kit) -> list[str]:
    """Dicts within arguments, as they are written in a call, as a comprehension makes them, and in variables."""
    addresses = ["a@example.com", "b@example.com"]
    kit.subscribers.bulk_create(subscribers=[{"email_address": address} for address in addresses])
    people: list[NewSubscriberDict] = [{"email_address": address, "state": "active"} for address in addresses]
    kit.subscribers.bulk_create(subscribers=people[:1])
    tag = create_tag.sync(client=kit, body={"name": "Buyers"}).tag
    kit.tags.bulk_create(tags=[{"name": "One"}, {"name": "Two"}], callback_url=None)
    kit.tags.bulk_tag_subscribers(taggings=[{"tag_id": tag.id, "subscriber_id": 1}])
    kit.custom_fields.bulk_create(custom_fields=[{"label": "Company"}])
    kit.webhooks.create(target_url="https://example.com/", event={"name": "subscriber.tag_add", "tag_id": tag.id})
    draft = kit.broadcasts.create(subject="News", subscriber_filter=[{"any": [{"type": "tag", "ids": [tag.id]}]}])
    kit.broadcasts.update(draft.id, subscriber_filter=draft.subscriber_filter)
    book: NewPurchaseProductDict = {"name": "Book", "pid": "1", "lid": "1", "quantity": 1, "unit_price": Decimal(9)}
    pen = NewPurchaseProduct(name="Pen", pid="2", lid="2", quantity=2, unit_price=1.5)
    purchase: Purchase = kit.purchases.create(
        transaction_id="order-1",
        email_address="a@example.com",
        currency="USD",
        transaction_time=datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        products=[book, pen, {"name": "Ink", "pid": "3", "lid": "3", "quantity": 1, "unit_price": 4, "sku": None}],
    )
    return [product.name for product in purchase.products]


def further_on(kit: Kit) -> list[str]:
    """Models, lists and responses that go elsewhere."""
    first: Subscriber | None = kit.subscribers.list(status="all").first()
    count: int = kit.tags.list().total_count()
    rows: list[dict[str, Any]] = kit.subscribers.list(limit=10).to_dicts(flatten=True)
    page = kit.tags.list().first_page()
    names: list[str] = [tag.name for tag in page] + [tag.name for tag in page[:1]]
    if page:
        newest: Tag = page[0]
        names.append(newest.to_json())
    response: Response[Any] | None = kit.last_response
    request_id: str | None = response.request_id if response else None
    url: str = kit.oauth.authorize(client_id="app", response_type="code", redirect_uri="https://app.example.com/")
    return [*names, str(first), str(count), str(len(rows)), str(request_id), url]


def with_settings(transport: httpx.BaseTransport, key: str) -> str:
    """Clients for several kinds of networks. Only the last one is called; the others connect to nothing."""
    os.environ["KIT_API_KEY"] = f"{key}\n"
    os.environ["KIT_BASE_URL"] = "http://127.0.0.1:4010/v4"
    credentials = httpx.Proxy("http://proxy.example:8080", auth=("me", "password"))
    certificates: bool | str | Path | ssl.SSLContext = ssl.create_default_context()
    own = httpx.Client(trust_env=False, headers={"X-Team": "growth"})
    clients: list[Kit] = [
        Kit(),
        Kit(key, base_url="https://api.kit.com/", timeout=httpx.Timeout(10, read=None), deadline=20.5),
        Kit(key, deadline=None, max_response_bytes=None, max_retries=0, retry=RetryPolicy(budget=60)),
        Kit(key, proxy="http://proxy.example:8080", verify=certificates, limits=httpx.Limits(max_connections=10)),
        Kit(key, proxy=credentials, verify=False, http2=True),
        Kit(key, http_client=own),
        Kit(key, transport=transport, event_hooks={"request": [print]}, headers={"X-Team": "growth"}),
    ]
    careful: Kit = clients[-1].with_options(deadline=5, max_response_bytes=1_000_000)
    name = careful.account.get().account.name
    own.close()
    for client in clients:
        client.close()
    return name


def with_async_settings(key: str) -> list[AsyncKit]:
    return [
        AsyncKit(key, http_client=httpx.AsyncClient(trust_env=False), deadline=20),
        AsyncKit(key, transport=httpx.AsyncHTTPTransport(retries=1)),
        AsyncKit(key, proxy=httpx.URL("http://proxy.example:8080"), verify=False, http2=True, limits=httpx.Limits()),
    ]


class Rows:
    """A store of tokens of one's own."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self._lock = threading.Lock()

    def load(self, account: str) -> str | None:
        return self.rows.get(account)

    def save(self, account: str, text: str) -> None:
        self.rows[account] = text

    def delete(self, account: str) -> None:
        self.rows.pop(account, None)

    def lock(self, account: str) -> AbstractContextManager[bool]:
        return self._lock


def an_app(file: Path) -> list[str]:
    """OAuth with each kind of store; no one is asked."""
    stores: list[TokenStore] = [Rows(), FileTokenStore(file), MemoryTokenStore()]
    apps = [OAuth(client_id="app", redirect_uri="https://app.example.com/", store=store) for store in stores]
    urls = [app.authorization_url() for app in apps]
    with Kit(auth=apps[0]) as kit:
        try:
            kit.account.get()
        except OAuthError as error:
            code: str | None = error.error
            urls.append(code or "nobody has authorized the account")
    return urls


def refused_settings(key: str) -> list[str]:
    try:
        Kit(key, verify=Path("no-such-file.pem"))
    except ConfigurationError as error:
        return [str(error)]
    return []


def beyond_the_document(kit: Kit) -> list[str]:
    subscriber = kit.subscribers.create(email_address="joan@example.com")
    additional: dict[str, Any] = subscriber.additional_properties
    differences: tuple[Drift, ...] = kit.drift
    clone = kit.with_options(extra_query={"preview": True}, extra_body={"note": "x"}, extra_headers={"X-Mine": "1"})
    try:
        clone.request("GET", "/v4/posts", params={"page": 2})
    except NotFoundError as error:
        print(error.operation)
    account = kit.request("GET", "/v4/account")
    product = NewPurchaseProduct(name="Book", pid="1", lid="1", quantity=1, unit_price=Decimal("19.99"))
    return [drift.path for drift in differences] + [str(account.parsed), str(product.unit_price), *additional]


def with_webhooks(kit: Kit) -> list[str]:
    secret: str = webhooks.new_secret()
    target = webhooks.with_secret("https://app.example.com/kit", secret)
    tag = kit.tags.create(name="Told")
    for event in ("subscriber.subscriber_activate", NewWebhookEvent(name="subscriber.tag_add", tag_id=tag.id)):
        print(webhooks.ensure(kit, event, target).id)
    webhook: Webhook = webhooks.ensure(kit, {"name": "subscriber.tag_add", "tag_id": tag.id}, target)
    webhooks.ensure(kit, webhook.event, target)
    if not webhooks.is_authentic(target.encode(), [secret]):
        return []
    told: list[str] = []
    for body in (b'{"subscriber": {"email_address": "ada@example.com"}}', b'{"failures": []}', b"{}"):
        try:
            delivery = webhooks.parse(body, on_drift=lambda drift: print(drift.place))
        except webhooks.InvalidDeliveryError as error:
            told.append(str(error))
            continue
        match delivery:
            case webhooks.SubscriberDelivery(subscriber=subscriber):
                told.append(subscriber.email_address)
            case webhooks.PurchaseDelivery(total=total, products=[product, *_]):
                told.append(f"{product.name} {total:.2f}")
            case webhooks.PurchaseDelivery(transaction_id=number):
                told.append(number)
            case webhooks.CustomFieldDelivery(custom_field=field):
                told.append(field.key)
            case BulkSubscribersResult(subscribers=subscribers):
                told += [each.email_address for each in subscribers]
            case result:
                told.append(f"{len(result.failures)} failed")
    expected: SubscriberDelivery = webhooks.parse(b'{"subscriber": {}}', webhooks.SubscriberDelivery)
    return [*told, type(expected.subscriber).__name__]


async def with_async(kit: AsyncKit) -> list[int]:
    async with kit:
        subscriber = await kit.subscribers.create(email_address="mary@example.com")
        await kit.subscribers.update(subscriber.id, email_address="mary@example.com", first_name="Mary")
        ids = [item.id async for item in kit.subscribers.list(limit=3)]
        ids += [tag.id async for tag in apaginate(list_tags, client=kit)]
        account: dict[str, Any] = (await kit.request("GET", "/v4/account")).parsed
        print(account)
        async for row, outcome in kit.bulk.import_subscribers([{"email_address": "ann@example.com"}]):
            print(row["email_address"], outcome.ok)
        first = await kit.tags.list().first_page()
        return ids + [tag.id for tag in first.items]


def main(kit: Kit, async_kit: AsyncKit) -> None:
    try:
        with kit:
            print(
                with_resources(kit),
                with_modules(kit),
                in_bulk(kit),
                with_an_import(kit),
                with_exports(kit, tag_id=1),
                with_dicts(kit),
                beyond_the_document(kit),
                further_on(kit),
                with_webhooks(kit),
            )
        print(asyncio.run(with_async(async_kit)))
    except KitError as error:
        print(error, error.operation, error.attempts)
        raise
