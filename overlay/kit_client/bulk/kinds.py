"""The requests of an import: what each kind carries, and how its answer is read. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from kit_api.models import BulkSubscriber
from kit_api.types import UNSET

from .answers import failures_of, field_of, id_of, list_of
from .matching import Matched, match_ids, match_people
from .rows import Person

if TYPE_CHECKING:
    from kit_client.client import AsyncKit, Kit

SIZE = 100
"""The most items that the service deals with at once."""


class Call(Struct):
    """A call of a generated module, made by whoever does the I/O."""

    module: Any
    args: tuple[Any, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    is_page: bool = False
    """Whether a page of a list is wanted, in the form that all lists share."""

    def send(self, client: Kit) -> Any:
        function = self.module.sync_page if self.is_page else self.module.sync
        return function(*self.args, client=client, **self.arguments)

    async def asend(self, client: AsyncKit) -> Any:
        function = self.module.asyncio_page if self.is_page else self.module.asyncio
        return await function(*self.args, client=client, **self.arguments)


class Pending(Struct):
    """A row that is under way."""

    person: Person
    values: dict[int, str]
    """Values of custom fields, by the ids of the fields."""
    subscriber: BulkSubscriber | None = None
    stage: int = 0
    """0 while its subscriber is saved, 1 while the values are, 2 while they get tags and forms."""
    open: int = 1
    """How many items of this stage have no answer yet."""
    errors: list[str] = field(default_factory=list[str])
    is_final: bool = True
    """Whether another run would find the same."""

    @property
    def id(self) -> int:
        """The subscriber's id, once they are saved."""
        assert self.subscriber is not None
        return self.subscriber.id


class Item(Struct):
    """A part of a row, for which a request has one item."""

    pending: Pending
    target: int = 0
    """The id of a tag, form or custom field; 0 where the item is the subscriber."""


Items = Sequence[Item]


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of request."""

    name: str
    size: int
    """The most items of a request."""
    module: Any
    """The generated module."""
    call: Callable[[Items], Call]
    match: Callable[[Items, Any], Matched[Item]]


class Kinds(Struct, frozen=True, kw_only=True):
    """The requests of an import, by what they are for."""

    subscribers: Kind
    values: Kind | None
    """None if values go along with the subscriber."""
    tags: Kind
    forms: Kind


def wanted(person: Person) -> dict[str, Any]:
    """Return the item of a request for a person, without what the row leaves blank."""
    given = {"email_address": person.address, "first_name": person.first_name, "state": person.state}
    return {name: value for name, value in given.items() if value is not None}


def bulk_kinds() -> Kinds:
    """Return the requests for many subscribers each."""
    from kit_api.api.custom_fields import bulk_update_custom_field_values
    from kit_api.api.forms import bulk_add_form_subscribers
    from kit_api.api.subscribers import bulk_create_subscribers
    from kit_api.api.tags import bulk_tag_subscribers

    def create(items: Items) -> Call:
        people = [wanted(item.pending.person) for item in items]
        return Call(bulk_create_subscribers, arguments={"body": {"subscribers": people}})

    def match(items: Items, answer: Any) -> Matched[Item]:
        return match_people(((item, item.pending.person) for item in items), answer)

    return Kinds(
        subscribers=Kind(name="subscriber", size=SIZE, module=bulk_create_subscribers, call=create, match=match),
        values=_by_id("custom field", bulk_update_custom_field_values, "custom_field_values", "custom_field_value"),
        tags=_by_id("tag", bulk_tag_subscribers, "taggings", "tagging"),
        forms=_by_id("form", bulk_add_form_subscribers, "additions", "subscription"),
    )


def _by_id(name: str, module: Any, sent: str, failed: str) -> Kind:
    """Return a kind whose items have the id of a subscriber and of something else.

    Args:
        name: What the something else is.
        module: The generated module.
        sent: What the request calls the items.
        failed: What a failure calls its item.
    """
    is_value = name == "custom field"
    target = "subscriber_custom_field_id" if is_value else f"{name}_id"

    def call(items: Items) -> Call:
        made: list[dict[str, Any]] = [{target: item.target, "subscriber_id": item.pending.id} for item in items]
        if is_value:
            made = [{**each, "value": item.pending.values[item.target]} for each, item in zip(made, items, strict=True)]
        return Call(module, arguments={"body": {sent: made}})

    def match(items: Items, answer: Any) -> Matched[Item]:
        results, owner = (sent, "subscriber_id") if is_value else ("subscribers", "id")
        done = [(id_of(result, owner), id_of(result, target)) for result in list_of(answer, results)]
        failures = [
            (id_of(part, "subscriber_id"), id_of(part, target), errors) for part, errors in failures_of(answer, failed)
        ]
        return match_ids([(item, item.pending.id, item.target) for item in items], done, failures)

    return Kind(name=name, size=SIZE, module=module, call=call, match=match)


def single_kinds(keys: Mapping[int, str]) -> Kinds:
    """Return the requests for one subscriber each, which take an API key.

    Args:
        keys: The key of each custom field, by its id. They may come while the import runs.
    """
    from kit_api.api.forms import add_form_subscriber
    from kit_api.api.subscribers import create_subscriber
    from kit_api.api.tags import tag_subscriber

    def create(items: Items) -> Call:
        pending = items[0].pending
        fields = {keys[id_]: value for id_, value in pending.values.items()}
        body = wanted(pending.person) | ({"fields": fields} if fields else {})
        return Call(create_subscriber, arguments={"body": body})

    def created(items: Items, answer: Any) -> Matched[Item]:
        one = field_of(answer, "subscriber")
        if id_of(one) is None:
            return Matched(unsure=list(items))
        known = {name: field_of(one, name) for name in ("id", "first_name", "email_address", "state")}
        since = field_of(one, "created_at")
        return Matched([(items[0], BulkSubscriber(**known, created_at=UNSET if since is None else since))])

    def put(name: str, module: Any) -> Kind:
        return Kind(
            name=name,
            size=1,
            module=module,
            call=lambda items: Call(module, args=(items[0].target, items[0].pending.id)),
            match=lambda items, _: Matched([(items[0], None)]),
        )

    return Kinds(
        subscribers=Kind(name="subscriber", size=1, module=create_subscriber, call=create, match=created),
        values=None,
        tags=put("tag", tag_subscriber),
        forms=put("form", add_form_subscriber),
    )
