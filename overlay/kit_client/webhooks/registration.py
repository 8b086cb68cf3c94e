"""Register a webhook once. What to do next is decided without I/O; `ensure` and `aensure` do it."""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import Any, TypeAlias

from msgspec import Struct

from kit_api.errors import forgets_arguments
from kit_api.models import Webhook
from kit_client.client import AsyncKit, Kit
from kit_client.errors import KitError, NotFoundError

from .events import Event, WantedEvent
from .url_secret import check_url, place, secrets_of

logger = logging.getLogger("kit_client")


class Look(Struct, frozen=True):
    """Fetch all webhooks of the account."""


class Create(Struct, frozen=True):
    """Create a webhook."""

    body: dict[str, Any]


class Delete(Struct, frozen=True):
    """Delete a webhook."""

    id: int


Step: TypeAlias = Look | Create | Delete


@forgets_arguments
def ensure(kit: Kit, event: Event, target_url: str) -> Webhook:
    """Return the webhook that sends an event to a URL, and create it if the account has none.

    It sends one request to create it. If the outcome of that request is unknown, it isn't repeated. Call this in one
    place, such as a step of the deployment: two processes that call it at the same time may create a webhook each, and
    the service's list of webhooks can lag behind by minutes. Webhooks that exist twice are logged as a warning.

    If the account has a webhook for the same URL with another secret, a new one is created and then the old one is
    deleted.

    Routes: `GET /v4/webhooks`, `POST /v4/webhooks`, `DELETE /v4/webhooks/{id}`, with an API key or OAuth.

    Args:
        kit: The client of the account.
        event: The event: a name such as `"subscriber.subscriber_activate"`, a dict such as
            `{"name": "subscriber.tag_add", "tag_id": 31}`, a `NewWebhookEvent`, or the `event` of another webhook.
        target_url: The absolute http or https URL that events are sent to by POST.

    Raises:
        ValueError, TypeError: An argument can't be used, or the event lacks a parameter, such as its `tag_id`. Nothing
            was sent.
        KitError: A request failed. If the webhook may have been created, a note of the exception says so: call this
            again some minutes later.
    """
    if not isinstance(kit, Kit):
        raise TypeError(f"kit: expected a Kit, got a {type(kit).__name__}; with an AsyncKit, use aensure")
    plan = _Plan(event, target_url)
    while plan.step is not None:
        plan.take(_do(kit, plan.step))
    return plan.result


@forgets_arguments
async def aensure(kit: AsyncKit, event: Event, target_url: str) -> Webhook:
    """Do what `ensure` does, with an `AsyncKit`. Arguments and errors are the same."""
    if not isinstance(kit, AsyncKit):
        raise TypeError(f"kit: expected an AsyncKit, got a {type(kit).__name__}; with a Kit, use ensure")
    plan = _Plan(event, target_url)
    while plan.step is not None:
        plan.take(await _ado(kit, plan.step))
    return plan.result


def _do(kit: Kit, step: Step) -> Any:
    try:
        match step:
            case Look():
                return list(kit.webhooks.list())
            case Create(body=body):
                return kit.webhooks.create(**body)
            case Delete(id=id_):
                return kit.webhooks.delete(id_)
    except KitError as error:
        return error


async def _ado(kit: AsyncKit, step: Step) -> Any:
    try:
        match step:
            case Look():
                return [webhook async for webhook in kit.webhooks.list()]
            case Create(body=body):
                return await kit.webhooks.create(**body)
            case Delete(id=id_):
                return await kit.webhooks.delete(id_)
    except KitError as error:
        return error


class _Plan:
    """Which request is next.

    Raises:
        ValueError, TypeError: The arguments can't be used.
    """

    step: Step | None
    """The next request; None at the end."""
    result: Webhook

    def __init__(self, event: Event, target_url: str) -> None:
        self._steps = _steps(_Wanted(event, target_url))
        self.step = next(self._steps)

    def take(self, came: Any) -> None:
        """Note what came of the step: what was asked for, or a KitError. Raise the error if it is the end."""
        try:
            self.step = self._steps.throw(came) if isinstance(came, KitError) else self._steps.send(came)
        except StopIteration as end:
            self.step, self.result = None, end.value


class _Wanted:
    """The webhook that is to be there.

    Raises:
        ValueError, TypeError: There can be no such webhook.
    """

    def __init__(self, event: Event, target_url: str) -> None:
        check_url("target_url", target_url)
        self._event = WantedEvent(event)
        self.body = {"target_url": target_url, "event": self._event.body}
        self._place, self._secrets = place(target_url), secrets_of(target_url)

    def same(self, webhooks: list[Webhook]) -> list[Webhook]:
        """Return those with the event and the URL, the oldest first."""
        alike = [webhook for webhook in self._at_place(webhooks) if self._event.is_of(webhook.event)]
        return [webhook for webhook in alike if secrets_of(webhook.target_url) == self._secrets]

    def outdated(self, webhooks: list[Webhook]) -> list[Webhook]:
        """Return those that differ in their secret alone, or have none. A URL without a secret outdates nothing."""
        at_place = self._at_place(webhooks) if self._secrets else []
        alike = [webhook for webhook in at_place if self._event.is_of(webhook.event, surely=True)]
        return [webhook for webhook in alike if secrets_of(webhook.target_url) != self._secrets]

    def _at_place(self, webhooks: list[Webhook]) -> list[Webhook]:
        # The list may hold what differs from the document.
        known = [each for each in webhooks if isinstance(each, Webhook) and isinstance(each.id, int)]
        found = [webhook for webhook in known if place(webhook.target_url) == self._place]
        return sorted(found, key=lambda webhook: webhook.id)


def _steps(wanted: _Wanted) -> Generator[Step, Any, Webhook]:
    """Decide which requests to send; takes what came of each."""
    webhooks = yield Look()
    outdated = wanted.outdated(webhooks)
    if same := wanted.same(webhooks):
        _warn([*same, *outdated])
        return same[0]
    try:
        made: Webhook = yield Create(wanted.body)
    except KitError as error:
        if not error.may_have_taken_effect:
            raise
        found = yield from _look_again(wanted)
        if found is None:
            error.add_note(
                "The webhook may have been created, and not be in the list yet. Wait, and call ensure again."
            )
            raise
        made = found
    for webhook in outdated:
        try:
            yield Delete(webhook.id)
            logger.info("webhook %s was deleted: webhook %s takes its place", webhook.id, made.id)
        except NotFoundError:
            pass
        except KitError as error:
            logger.warning("webhook %s, with an outdated secret, could not be deleted: %s", webhook.id, error)
    return made


def _look_again(wanted: _Wanted) -> Generator[Step, Any, Webhook | None]:
    try:
        webhooks = yield Look()
    except KitError:
        return None
    return next(iter(wanted.same(webhooks)), None)


def _warn(webhooks: list[Webhook]) -> None:
    if len(webhooks) > 1:
        ids = ", ".join(str(webhook.id) for webhook in webhooks)
        logger.warning(
            "webhooks %s have the same event and URL, so that each event is sent more than once: delete all but one",
            ids,
        )
