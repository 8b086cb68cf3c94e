"""The event of a webhook, as requests and as answers have it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from kit_api.encoding import json_body, named_arguments
from kit_api.models import CreateWebhookRequest, NewWebhookEvent, WebhookEvent, WebhookEventName

from .url_secret import check_url

if TYPE_CHECKING:
    from kit_api.models.dicts import NewWebhookEventDict

Event: TypeAlias = "str | NewWebhookEvent | NewWebhookEventDict | WebhookEvent"
"""The event of a webhook: its name, a dict, or a model of a request or a response."""

REQUEST_NAMES: dict[str, str] = {name.rpartition(".")[2]: name for name in get_args(WebhookEventName)}
"""The names of events in requests, by those in answers."""
SUBJECTS = {
    "form_subscribe": "form_id",
    "course_subscribe": "sequence_id",
    "course_complete": "sequence_id",
    "link_click": "initiator_value",
    "product_purchase": "product_id",
    "tag_add": "tag_id",
    "tag_remove": "tag_id",
    "field_value_updated": "custom_field_id",
}
"""The parameter that some events need, as answers name it. All others need none."""
REQUEST_PARAMETERS = {"course_id": "sequence_id"}
"""Names of parameters that only requests have, and those in answers."""
LINK = "initiator_value"
_ID = re.compile(r"\d{1,19}", re.ASCII)


class WantedEvent:
    """An event to be told of.

    Args:
        event: Its name, a dict, or a model of a request or an answer.

    Raises:
        ValueError, TypeError: It can't be sent, lacks the parameter that it needs, or has one of another event.
    """

    body: dict[str, Any]
    """As requests have it."""

    def __init__(self, event: Event) -> None:
        if not isinstance(event, str | NewWebhookEvent | WebhookEvent | Mapping):
            raise TypeError(f"event: expected a name, a dict or a NewWebhookEvent, got a {type(event).__name__}")
        given: Any = {"name": event} if isinstance(event, str) else event
        if isinstance(event, WebhookEvent):
            given = event.to_dict()
        # Refuses unknown keys, and what JSON has no form for.
        sent = named_arguments({"target_url": "", "event": given})
        self.body = _plain(json_body(sent, CreateWebhookRequest)["json"]["event"])
        self._name, self._about = _essence(self.body)
        name: Any = self.body.get("name")
        if not self._name:
            raise ValueError(f"event: expected a name, such as subscriber.subscriber_activate, got {name!r}")
        known: Any = REQUEST_NAMES.get(self._name, name)
        if name not in (self._name, known):
            raise ValueError(f"event: expected {known}, got {name!r}")
        self.body["name"] = known
        if self._name in REQUEST_NAMES:
            self._check(known)

    def is_of(self, event: object, *, surely: bool = False) -> bool:
        """Tell whether an event in an answer is this one.

        Args:
            event: The event.
            surely: Whether a doubt counts as no. The service may show the link of `link_click` as a number, and then
                nothing tells which link it is.
        """
        if not isinstance(event, WebhookEvent):
            return False
        name, about = _essence(_plain(event.to_dict()))
        if name != self._name:
            return False
        if name not in REQUEST_NAMES:
            return about == self._about
        subject = SUBJECTS.get(name)
        if subject == LINK and not isinstance(about.get(LINK), str):
            return not surely
        return subject is None or about.get(subject) == self._about[subject]

    def _check(self, name: str) -> None:
        """Raise ValueError unless it has the parameter that it needs, and no other."""
        subject = SUBJECTS.get(self._name)
        if list(self._about) != [subject] * (subject is not None):
            wanted = f"needs {subject}, and no other parameter" if subject else "has no parameter"
            raise ValueError(f"event: {name} {wanted}; got {', '.join(self._about) or 'none'}")
        for value in self._about.values():
            if subject == LINK:
                check_url(f"event: {subject}", value)
            elif type(value) is not int or value < 1:
                raise ValueError(f"event: {subject}: expected a positive integer, got {value!r}")


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    """Leave out nulls, and make numbers of ids that are written as text."""
    return {
        key: int(value) if key not in (LINK, "name") and _ID.fullmatch(str(value)) else value
        for key, value in event.items()
        if value is not None
    }


def _essence(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name and the parameters as answers have them. Raise ValueError if two parameters contradict each other."""
    about: dict[str, Any] = {}
    for key, value in event.items():
        parameter = REQUEST_PARAMETERS.get(key, key)
        if key != "name" and about.setdefault(parameter, value) != value:
            raise ValueError(f"event: expected one {parameter}, got {about[parameter]} and {value}")
    name = event.get("name")
    return name.strip().rpartition(".")[2] if isinstance(name, str) else "", about
