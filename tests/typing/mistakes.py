"""What a type checker finds in a user's script. Nothing runs this.

Both checkers are told to refuse a comment that suppresses nothing, so that each of these lines stays a mistake to both.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import httpx

from kit_api.api.broadcasts import create_broadcast
from kit_api.api.purchases import create_purchase
from kit_api.api.tags import create_tag, list_tags
from kit_client import AsyncKit, Kit, paginate, webhooks


def arguments(kit: Kit) -> None:
    kit.subscribers.list(status="actve")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kit.tags.create(nam="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    kit.subscribers.get("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    print(kit.subscribers.get(1).email)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    kit.subscribers.create(email_address="a@example.com", state="paused")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    paginate(list_tags, client=kit, status="active")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    print([tag.email_address for tag in kit.tags.list()])  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    kit.purchases.create(purchase={"transaction_id": "1"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def settings(sync: httpx.Client, asynchronous: httpx.AsyncClient) -> None:
    Kit("key", http_client=asynchronous)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncKit("key", http_client=sync)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncKit("key", transport=httpx.HTTPTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Kit("key", proxies={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Kit("key", http2="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Kit("key", limits=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Kit("key", verify=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Kit("key", deadline="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def dicts_in_bulk(kit: Kit) -> None:
    kit.subscribers.bulk_create(subscribers=[{"email": "a@example.com"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kit.subscribers.bulk_create(subscribers=[{"email_adress": a} for a in ("a@example.com",)])  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    kit.subscribers.bulk_create(subscribers=[{"email_address": "a@example.com", "state": "paused"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kit.tags.bulk_create(tags=[{"name": "a"}, {}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kit.tags.bulk_create(tags=[{"name": 1}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kit.tags.bulk_tag_subscribers(taggings=[{"tag_id": 1, "subscriber": 1}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kit.custom_fields.bulk_create(custom_fields=[{"name": "Company"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def webhooks_and_filters(kit: Kit) -> None:
    kit.webhooks.create(target_url="x", event={"name": "subscriber.tag_added"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kit.webhooks.create(target_url="x", event={"name": "subscriber.tag_add", "tag": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    webhooks.ensure(kit, {"name": "subscriber.tag_add", "tag": 1}, "https://h/")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    webhooks.parse('{"failures": []}')  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    print(webhooks.parse(b"{}", webhooks.SubscriberDelivery).subscriber.email)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    kit.broadcasts.create(subscriber_filter=[{"every": [{"type": "tag", "ids": [1]}]}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kit.broadcasts.create(subscriber_filter=[{"all": [{"type": "form", "ids": [1]}]}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    kit.broadcasts.update(1, subscriber_filter=[{"all": [{"type": "tag"}]}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def bodies_of_modules(kit: Kit) -> None:
    create_tag.sync(client=kit, body={"nam": "x"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    create_broadcast.sync(client=kit, body={"send_at": "2024-01-01"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    create_purchase.sync(client=kit, body={"purchase": {"transaction_id": "1"}})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def products(kit: Kit) -> None:
    book = {"name": "Book", "pid": "1", "lid": "1", "quantity": 1, "unit_price": 1}
    kit.purchases.create(
        email_address="a@example.com",
        transaction_id="1",
        currency="USD",
        products=[{"name": "Book", "quantity": 1, "price": 1}],  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    )
    kit.purchases.create(
        email_address="a@example.com",
        transaction_id="1",
        currency="USD",
        # What a checker infers of a variable has no keys: it needs an annotation.
        products=[book],  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    )
