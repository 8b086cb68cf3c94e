"""Adds to an account from Python: `mock.subscribers.add(...)` and the like.

An addition has the names, defaults and checks of one item of a seed (see `kit_mock.seeds.seed`). It is no request: it isn't
recorded, no rate limit or fault affects it, and it fires no webhook. A wrong argument raises KitMockError, as in a seed; the
error names the function and the argument, and nothing has changed.
"""

# ruff: noqa: A002  (arguments are called what the API calls the fields)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from kit_mock.endpoints import custom_fields, email_templates, forms, segments, sequences, subscribers, tags
from kit_mock.fill.activity import Broadcasts, Purchases, Webhooks
from kit_mock.fill.adding import Additions, Member, Moment, Reference, Shown
from kit_mock.protocol.document import Document
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store


class Subscribers(Additions):
    """The subscribers of an account, as `mock.subscribers`."""

    name = "subscribers"
    shown_by = ("get_subscriber", "subscriber")
    _render = staticmethod(subscribers.render)
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

        Raises KitMockError for anything that a seed can't hold, such as an address that is taken.
        """
        return self._add(locals())


class Tags(Additions):
    """The tags of an account, as `mock.tags`."""

    name = "tags"
    shown_by = ("list_tags", "tags")
    _render = staticmethod(tags.render_by_id)

    def add(
        self, name: str, *, created_at: Moment | None = None, id: int | None = None, account_id: int | None = None
    ) -> Shown:
        """Add a tag. Raises KitMockError for anything that a seed can't hold, such as a name that is taken."""
        return self._add(locals())


class CustomFields(Additions):
    """The custom fields of an account, as `mock.custom_fields`."""

    name = "custom_fields"
    shown_by = ("list_custom_fields", "custom_fields")
    _render = staticmethod(custom_fields.render_by_id)

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

        Raises KitMockError for anything that a seed can't hold, such as a label that is taken.
        """
        return self._add(locals())


class Forms(Additions):
    """The forms of an account, as `mock.forms`."""

    name = "forms"
    shown_by = ("list_forms", "forms")
    _render = staticmethod(forms.render_by_id)
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
        """Add a form, or with the type `hosted` a landing page. Raises KitMockError for what a seed can't hold."""
        return self._add(locals())


class Sequences(Additions):
    """The sequences of an account, as `mock.sequences`."""

    name = "sequences"
    shown_by = ("list_sequences", "sequences")
    _render = staticmethod(sequences.render_by_id)

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
        """Add a sequence. Raises KitMockError for anything that a seed can't hold."""
        return self._add(locals())


class Segments(Additions):
    """The segments of an account, as `mock.segments`."""

    name = "segments"
    shown_by = ("list_segments", "segments")
    _render = staticmethod(segments.render_by_id)

    def add(
        self, name: str, *, created_at: Moment | None = None, id: int | None = None, account_id: int | None = None
    ) -> Shown:
        """Add a segment. Raises KitMockError for anything that a seed can't hold."""
        return self._add(locals())


class EmailTemplates(Additions):
    """The email templates of an account, as `mock.email_templates`."""

    name = "email_templates"
    shown_by = ("list_email_templates", "email_templates")
    _render = staticmethod(email_templates.render_by_id)

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

        Raises KitMockError for anything that a seed can't hold.
        """
        return self._add(locals())


class Resources:
    """The base class of a mock, with the resources of its accounts as attributes."""

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
