"""What a test puts into an account from Python: `mock.subscribers.add(...)` and the like.

An addition is one item of a seed, with the same names, defaults and checks (see `kit_mock.seeds.seed`), but for an account
that exists. It is no request: it isn't recorded, limited or failed, and no webhook tells of it. What is wrong with one is
a KitMockError, as with a seed, so that a fixture can fill a mock in either way and catch one thing; it names the
function and the argument, and nothing has changed.
"""

# ruff: noqa: A002  (arguments are called what the API calls the fields)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from kit_mock.endpoints import custom_fields, email_templates, forms, segments, sequences, subscribers, tags
from kit_mock.fill.activity import Broadcasts, Purchases, Webhooks
from kit_mock.fill.adding import Additions, Member, Moment, Reference, Shown
from kit_mock.model.account import Account
from kit_mock.protocol.document import Document
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store


class Subscribers(Additions):
    """`mock.subscribers`."""

    name = "subscribers"
    shown_by = ("get_subscriber", "subscriber")
    filters: ClassVar[Mapping[str, Any]] = {"status": "all"}

    def add(
        self,
        email_address: str,
        *,
        first_name: str | None = None,
        state: Literal["active", "bounced", "cancelled", "complained", "inactive"] = "active",
        fields: Mapping[str, str | None] | None = None,
        tags: Sequence[Member] = (),
        forms: Sequence[Member] = (),
        sequences: Sequence[Member] = (),
        segments: Sequence[Member] = (),
        created_at: Moment | None = None,
        updated_at: Moment | None = None,
        cancelled_at: Moment | None = None,
        attribution: Mapping[str, Any] | None = None,
        location: Mapping[str, Any] | None = None,
        sent: int | None = None,
        opens: int | None = None,
        clicks: int | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add a subscriber. `fields` is by key or label; tags, forms, sequences and segments must be there already.

        `sent`, `opens` and `clicks` are numbers of messages.

        Raises KitMockError for anything that a seed couldn't hold, such as an address that is taken.
        """
        return self._add(
            account_id,
            {
                "id": id,
                "email_address": email_address,
                "first_name": first_name,
                "state": state,
                "fields": fields,
                "tags": tags,
                "forms": forms,
                "sequences": sequences,
                "segments": segments,
                "created_at": created_at,
                "updated_at": updated_at,
                "cancelled_at": cancelled_at,
                "attribution": attribution,
                "location": location,
                "sent": sent,
                "opens": opens,
                "clicks": clicks,
            },
        )

    def _represent(self, account: Account, id_: int) -> Shown:
        return subscribers.render(account, id_)


class Tags(Additions):
    """`mock.tags`."""

    name = "tags"
    shown_by = ("list_tags", "tags")

    def add(
        self, name: str, *, created_at: Moment | None = None, id: int | None = None, account_id: int | None = None
    ) -> Shown:
        """Add a tag. Raises KitMockError for anything that a seed couldn't hold, such as a name that is taken."""
        return self._add(account_id, {"id": id, "name": name, "created_at": created_at})

    def _represent(self, account: Account, id_: int) -> Shown:
        return tags.render_by_id(account, id_)


class CustomFields(Additions):
    """`mock.custom_fields`."""

    name = "custom_fields"
    shown_by = ("list_custom_fields", "custom_fields")

    def add(
        self,
        label: str,
        *,
        key: str | None = None,
        name: str | None = None,
        created_at: Moment | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add a custom field; its key and name follow from the label unless they are given.

        Raises KitMockError for anything that a seed couldn't hold, such as a label that is taken.
        """
        arguments = {"id": id, "label": label, "key": key, "name": name, "created_at": created_at}
        return self._add(account_id, arguments)

    def _represent(self, account: Account, id_: int) -> Shown:
        return custom_fields.render_by_id(account, id_)


class Forms(Additions):
    """`mock.forms`."""

    name = "forms"
    shown_by = ("list_forms", "forms")
    filters: ClassVar[Mapping[str, Any]] = {"status": "all"}

    def add(
        self,
        name: str,
        *,
        type: Literal["embed", "hosted"] = "embed",
        format: str | None = None,
        status: Literal["active", "archived", "trashed"] = "active",
        uid: str | None = None,
        embed_url: str | None = None,
        embed_js: str | None = None,
        created_at: Moment | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add a form, or with the type `hosted` a landing page. Raises KitMockError for what a seed couldn't hold."""
        return self._add(
            account_id,
            {
                "id": id,
                "name": name,
                "type": type,
                "format": format,
                "status": status,
                "uid": uid,
                "embed_url": embed_url,
                "embed_js": embed_js,
                "created_at": created_at,
            },
        )

    def _represent(self, account: Account, id_: int) -> Shown:
        return forms.render_by_id(account, id_)


class Sequences(Additions):
    """`mock.sequences`."""

    name = "sequences"
    shown_by = ("list_sequences", "sequences")

    def add(
        self,
        name: str,
        *,
        hold: bool = False,
        repeat: bool = False,
        created_at: Moment | None = None,
        updated_at: Moment | None = None,
        email_address: str | None = None,
        email_template: Reference | None = None,
        send_days: Sequence[str] = (),
        send_hour: int | None = None,
        time_zone: str | None = None,
        active: bool = True,
        exclude_subscriber_sources: Sequence[Mapping[str, Any]] = (),
        email_count: int | None = None,
        stats: Mapping[str, int] | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add a sequence. Raises KitMockError for anything that a seed couldn't hold."""
        return self._add(
            account_id,
            {
                "id": id,
                "name": name,
                "hold": hold,
                "repeat": repeat,
                "created_at": created_at,
                "updated_at": updated_at,
                "email_address": email_address,
                "email_template": email_template,
                "send_days": send_days,
                "send_hour": send_hour,
                "time_zone": time_zone,
                "active": active,
                "exclude_subscriber_sources": exclude_subscriber_sources,
                "email_count": email_count,
                "stats": stats,
            },
        )

    def _represent(self, account: Account, id_: int) -> Shown:
        return sequences.render_by_id(account, id_)


class Segments(Additions):
    """`mock.segments`."""

    name = "segments"
    shown_by = ("list_segments", "segments")

    def add(
        self, name: str, *, created_at: Moment | None = None, id: int | None = None, account_id: int | None = None
    ) -> Shown:
        """Add a segment. Raises KitMockError for anything that a seed couldn't hold."""
        return self._add(account_id, {"id": id, "name": name, "created_at": created_at})

    def _represent(self, account: Account, id_: int) -> Shown:
        return segments.render_by_id(account, id_)


class EmailTemplates(Additions):
    """`mock.email_templates`."""

    name = "email_templates"
    shown_by = ("list_email_templates", "email_templates")

    def add(
        self,
        name: str,
        *,
        is_default: bool = False,
        category: str | None = None,
        id: int | None = None,
        account_id: int | None = None,
    ) -> Shown:
        """Add an email template; a default one takes that role over from the account's present one.

        Raises KitMockError for anything that a seed couldn't hold.
        """
        return self._add(account_id, {"id": id, "name": name, "is_default": is_default, "category": category})

    def _represent(self, account: Account, id_: int) -> Shown:
        return email_templates.render_by_id(account, id_)


class Resources:
    """The resources of a mock's accounts, as attributes, for a mock to inherit."""

    def __init__(self, store: Store, clock: Clock, document: Document) -> None:
        self.subscribers = Subscribers(store, clock, document)
        self.tags = Tags(store, clock, document)
        self.custom_fields = CustomFields(store, clock, document)
        self.forms = Forms(store, clock, document)
        self.sequences = Sequences(store, clock, document)
        self.segments = Segments(store, clock, document)
        self.email_templates = EmailTemplates(store, clock, document)
        self.broadcasts = Broadcasts(store, clock, document)
        self.purchases = Purchases(store, clock, document)
        self.webhooks = Webhooks(store, clock, document)
