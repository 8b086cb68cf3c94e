"""What a test lets an account have done: broadcasts, purchases and webhooks. See `adding`."""

# ruff: noqa: A002  (arguments are called what the API calls the fields)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from kit_mock.endpoints import broadcasts, purchases, webhooks
from kit_mock.fill.adding import Additions, Moment, Reference, Shown
from kit_mock.model.account import Account


class Broadcasts(Additions):
    """`mock.broadcasts`."""

    name = "broadcasts"
    shown_by = ("get_broadcast", "broadcast")

    def add(
        self,
        *,
        subject: str | None = None,
        content: str | None = None,
        preview_text: str | None = None,
        description: str | None = None,
        public: bool = False,
        published_at: Moment | None = None,
        send_at: Moment | None = None,
        email_template: Reference | None = None,
        subscriber_filter: Sequence[Mapping[str, Any]] = (),
        email_address: str | None = None,
        aborted: bool = False,
        thumbnail_url: str | None = None,
        thumbnail_alt: str | None = None,
        recipients: int | None = None,
        opens: int | None = None,
        clickers: int | None = None,
        clicks: int | None = None,
        unsubscribes: int | None = None,
        created_at: Moment | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add a broadcast: a draft, with a `send_at` to come a scheduled one, with one that has passed a sent one.

        One that was sent can be `aborted`: stopped before it went to everybody. Only sent ones have `recipients` (by default
        those whom the filter finds), `opens`, `clickers`, `clicks` and `unsubscribes`. Without `created_at`, one was created
        now, or when it was sent. Raises KitMockError for anything that a seed couldn't hold.
        """
        return self._add(
            account_id,
            {
                "id": id,
                "subject": subject,
                "content": content,
                "preview_text": preview_text,
                "description": description,
                "public": public,
                "published_at": published_at,
                "send_at": send_at,
                "email_template": email_template,
                "subscriber_filter": subscriber_filter,
                "email_address": email_address,
                "aborted": aborted,
                "thumbnail_url": thumbnail_url,
                "thumbnail_alt": thumbnail_alt,
                "recipients": recipients,
                "opens": opens,
                "clickers": clickers,
                "clicks": clicks,
                "unsubscribes": unsubscribes,
                "created_at": created_at,
            },
        )

    def _represent(self, account: Account, id_: int) -> Shown:
        return broadcasts.render_by_id(account, id_)


class Purchases(Additions):
    """`mock.purchases`."""

    name = "purchases"
    shown_by = ("get_purchase", "purchase")

    def add(
        self,
        *,
        transaction_id: str,
        email_address: str,
        products: Sequence[Mapping[str, Any]],
        currency: str = "USD",
        status: Literal["paid"] = "paid",
        transaction_time: Moment | None = None,
        subtotal: float | None = None,
        discount: float | None = None,
        tax: float | None = None,
        shipping: int | None = None,
        total: float | None = None,
        source: str | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add a purchase by a subscriber who is there already.

        Each product has `name`, `quantity` and `unit_price`, and may have `pid`, `lid`, `sku` and a `product_id`, which
        webhooks know it by. Raises KitMockError for anything that a seed couldn't hold.
        """
        return self._add(
            account_id,
            {
                "id": id,
                "transaction_id": transaction_id,
                "email_address": email_address,
                "products": products,
                "currency": currency,
                "status": status,
                "transaction_time": transaction_time,
                "subtotal": subtotal,
                "discount": discount,
                "tax": tax,
                "shipping": shipping,
                "total": total,
                "source": source,
            },
        )

    def _represent(self, account: Account, id_: int) -> Shown:
        return purchases.render_by_id(account, id_)


class Webhooks(Additions):
    """`mock.webhooks`."""

    name = "webhooks"
    shown_by = ("list_webhooks", "webhooks")

    def add(
        self,
        event: str,
        target_url: str,
        *,
        tag: Reference | None = None,
        form: Reference | None = None,
        sequence: Reference | None = None,
        product: Reference | None = None,
        custom_field: Reference | None = None,
        link: str | None = None,
        locked: bool = False,
        created_at: Moment | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add a webhook for an event such as `subscriber.tag_add`, with or without what is before the dot.

        What the event is about must be there already: a tag, form or sequence by its id or name, a product by its id or
        `pid`, a custom field by its id, key or label; a link is a URL. A locked one can't be deleted by a request.
        Raises KitMockError for anything that a seed couldn't hold.
        """
        return self._add(
            account_id,
            {
                "id": id,
                "event": event,
                "target_url": target_url,
                "tag": tag,
                "form": form,
                "sequence": sequence,
                "product": product,
                "custom_field": custom_field,
                "locked": locked,
                "link": link,
                "created_at": created_at,
            },
        )

    def _represent(self, account: Account, id_: int) -> Shown:
        return webhooks.render_by_id(account, id_)
