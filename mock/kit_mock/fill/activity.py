"""Adds broadcasts, purchases and webhooks to an account from Python. See `collections`."""

# ruff: noqa: A002  (arguments are called what the API calls the fields)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from kit_mock.endpoints import broadcasts, purchases, webhooks
from kit_mock.fill.adding import Additions, Moment, Reference, Shown


class Broadcasts(Additions):
    """The broadcasts of an account, as `mock.broadcasts`."""

    name = "broadcasts"
    shown_by = ("get_broadcast", "broadcast")
    _render = staticmethod(broadcasts.render_by_id)

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
        """Add a broadcast. It is a draft without `send_at`, scheduled if that is to come, and sent if that has passed.

        A sent one can be `aborted`: stopped before it went to everybody. Only sent ones have `recipients` (by default
        the number that the filter finds), `opens`, `clickers`, `clicks` and `unsubscribes`. Without `created_at`, it was
        created now, or when it was sent. Raises KitMockError for anything that a seed can't hold.
        """
        return self._add(locals())


class Purchases(Additions):
    """The purchases of an account, as `mock.purchases`."""

    name = "purchases"
    shown_by = ("get_purchase", "purchase")
    _render = staticmethod(purchases.render_by_id)

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
        """Add a purchase by a subscriber who exists.

        Each product has `name`, `quantity` and `unit_price`, and may have `pid`, `lid`, `sku` and `product_id`, the id that
        webhooks use. Raises KitMockError for anything that a seed can't hold.
        """
        return self._add(locals())


class Webhooks(Additions):
    """The webhooks of an account, as `mock.webhooks`."""

    name = "webhooks"
    shown_by = ("list_webhooks", "webhooks")
    _render = staticmethod(webhooks.render_by_id)

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
        """Add a webhook for an event such as `subscriber.tag_add`, or `tag_add` for short.

        The subject of the event must exist: a tag, form or sequence by its id or name, a product by its id or `pid`, a
        custom field by its id, key or label; a link is a URL. No request can delete a `locked` webhook. Raises KitMockError
        for anything that a seed can't hold.
        """
        return self._add(locals())
