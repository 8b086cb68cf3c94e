"""Lies about the requests that the server sends: deliveries of webhooks, and callbacks of bulk jobs.

Targets on this machine are replaced by the layer's own URL before the mock sees them, so that what the mock sends comes
through the layer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx

from tests.contract.document import Document
from tests.mutants.bulk import OPERATIONS as BULK
from tests.mutants.exchange import JSON, Answer, Request
from tests.mutants.lie import Lie, Start, Teller
from tests.mutants.truth import RELAY, Truth

KINDS = ("webhook", "callback")

_TIMEOUT = 5.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

EVENTS = {
    "subscriber.subscriber_activate": "create_subscriber",
    "subscriber.subscriber_unsubscribe": "unsubscribe_subscriber",
    "subscriber.form_subscribe": "add_form_subscriber",
    "subscriber.course_subscribe": "add_sequence_subscriber",
    "subscriber.tag_add": "tag_subscriber",
    "subscriber.tag_remove": "untag_subscriber",
    "subscriber.product_purchase": "create_purchase",
    "purchase.purchase_create": "create_purchase",
    "custom_field.field_created": "create_custom_field",
    "custom_field.field_deleted": "delete_custom_field",
    "custom_field.field_value_updated": "update_subscriber",
}
"""Events that a request can bring about, and the operation that does. Bounces, clicks and the like it can't."""


@attrs.frozen
class Target:
    """Where something is really to be sent, and what it is."""

    url: str
    event: str
    about: dict[str, Any]


@attrs.define
class Outbox:
    """The targets that were replaced, and how deliveries to them are sent."""

    truth: Truth
    send: Callable[[Outbox, Target, bytes], int]
    targets: list[Target] = attrs.field(factory=list)

    def put(self, target: Target) -> str:
        """Return the URL that stands for a target."""
        self.targets.append(target)
        return self._url(len(self.targets) - 1)

    def _url(self, number: int) -> str:
        return f"{self.truth.url}{RELAY}{number}/"

    def forward(self, path: str, body: bytes) -> int:
        """Do with a delivery what the lie is about."""
        return self.send(self, self.targets[int(path.removeprefix(RELAY).strip("/"))], body)

    def shown(self, answer: Answer) -> Answer:
        """Return an answer with the real targets."""
        body = answer.body
        for number, target in enumerate(self.targets):
            body = body.replace(json.dumps(self._url(number)).encode(), json.dumps(target.url).encode())
        return answer if body == answer.body else attrs.evolve(answer, body=body)


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about each event, and about the callback of each bulk operation."""
    for number, (event, operation) in enumerate(EVENTS.items()):
        wrong = _WRONG[number % len(_WRONG)]
        for says, send in (
            ("is never sent", _lost),
            ("is sent twice", _doubled),
            wrong,
            _WRONG[(number + 3) % len(_WRONG)],
        ):
            yield Lie(
                name=f"webhook: {event} {says}",
                kind="webhook",
                operations=("create_webhook", operation),
                says=f"A delivery of {event} {says}.",
                start=_sending(send, event),
            )
        yield Lie(
            name=f"webhook: {event} is sent after its webhook was deleted",
            kind="webhook",
            operations=("delete_webhook", operation),
            says=f"A delivery of {event} is sent after its webhook was deleted.",
            start=_undeleted(event),
        )
    for event, operation, subject in (
        ("subscriber.tag_add", "tag_subscriber", "tag_id"),
        ("subscriber.tag_remove", "untag_subscriber", "tag_id"),
        ("subscriber.form_subscribe", "add_form_subscriber", "form_id"),
    ):
        yield Lie(
            name=f"webhook: {event} is sent for every {subject}",
            kind="webhook",
            operations=("create_webhook", operation),
            says=f"A delivery of {event} is sent whatever its {subject}.",
            start=_for_every(event, subject),
        )
    for operation, (_, results, _) in BULK.items():
        for says, send in (("is never sent", _lost), ("is sent twice", _doubled), *_WRONG_CALLBACKS):
            if says == _LACKING_RESULT and not results:
                continue
            yield Lie(
                name=f"callback: of {operation} {says}",
                kind="callback",
                operations=(operation,),
                says=f"The callback of {operation} {says}.",
                start=_sending(send, operation),
            )


def _post(target: Target, body: bytes, media_type: str = JSON, method: str = "POST") -> int:
    try:
        return httpx.request(
            method, target.url, content=body, headers={"Content-Type": media_type}, timeout=_TIMEOUT
        ).status_code
    except httpx.HTTPError:
        return 502


def _lost(box: Outbox, target: Target, body: bytes) -> int:
    return 204


def _doubled(box: Outbox, target: Target, body: bytes) -> int:
    _post(target, body)
    return _post(target, body)


def _changing(change: Callable[[Any], Any]) -> Callable[[Outbox, Target, bytes], int]:
    return lambda box, target, body: _post(target, json.dumps(change(json.loads(body))).encode())


def _inner(body: dict[str, Any], **values: Any) -> dict[str, Any]:
    if "subscriber" in body:
        return {"subscriber": {**body["subscriber"], **values}}
    return {**body, **values}


def _without_fields(body: dict[str, Any]) -> dict[str, Any]:
    inner = body.get("subscriber", body)
    kept = {name: value for name, value in inner.items() if name not in ("fields", "products", "created_at")}
    return {"subscriber": kept} if "subscriber" in body else kept


def _enveloped(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body.get("subscriber", {"purchase": body})
    return found


_Send = Callable[[Outbox, Target, bytes], int]
_WRONG: tuple[tuple[str, _Send], ...] = (
    ("is about somebody else", _changing(lambda body: _inner(body, id=1, email_address="nobody@example.com"))),
    ("has the wrong envelope", _changing(_enveloped)),
    ("lacks fields", _changing(_without_fields)),
    ("has an id that is a text", _changing(lambda body: _inner(body, id=str(body.get("subscriber", body)["id"])))),
    ("has an empty body", lambda box, target, body: _post(target, b"{}")),
    ("is sent as a form", lambda box, target, body: _post(target, b"a=b", "application/x-www-form-urlencoded")),
    ("is sent by PUT", lambda box, target, body: _post(target, body, method="PUT")),
)
_LACKING_RESULT = "lacks the last result"
_WRONG_CALLBACKS: tuple[tuple[str, _Send], ...] = (
    ("lacks the failures", _changing(lambda body: {**body, "failures": []})),
    (_LACKING_RESULT, _changing(lambda body: {name: found if name == "failures" else found[:-1] for name, found in body.items()})),
    ("is an empty object", _changing(lambda _: {})),
    ("has an envelope", _changing(lambda body: {"result": body})),
)  # fmt: skip


def _is_near(url: object) -> bool:
    return isinstance(url, str) and urlsplit(url).hostname in _LOOPBACK and urlsplit(url).scheme == "http"


def _replaced(box: Outbox, request: Request, what: str) -> Request:
    """Return the request with the layer's URL as its target, if it is for that event or bulk operation."""
    fields = request.fields
    if request.operation == "create_webhook" and _is_near(fields.get("target_url")):
        event = fields.get("event")
        if isinstance(event, dict) and event.get("name") == what:
            return request.with_fields({**fields, "target_url": box.put(Target(fields["target_url"], what, event))})
    elif request.operation == what and _is_near(fields.get("callback_url")):
        return request.with_fields({**fields, "callback_url": box.put(Target(fields["callback_url"], what, {}))})
    return request


def _sending(send: _Send, what: str) -> Start:
    def start(truth: Truth) -> Teller:
        box = Outbox(truth, send)
        truth.forward = box.forward
        return lambda request: box.shown(truth.ask(_replaced(box, request, what)))

    return start


def _undeleted(event: str) -> Start:
    """Hide webhooks for the event in place of deleting them."""

    def start(truth: Truth) -> Teller:
        hidden: set[str] = set()

        def tell(request: Request) -> Answer:
            if request.operation == "delete_webhook":
                if request.in_path["id"] in hidden:
                    return truth.ask(request.to("/v4/webhooks/{id}", id=2**40))
                rows = truth.peek("list_webhooks", per_page=1000)["webhooks"]
                name = event.partition(".")[2]
                if any(str(row["id"]) == request.in_path["id"] and row["event"]["name"] == name for row in rows):
                    shown = truth.pretend(request)
                    hidden.update([request.in_path["id"]] if shown.is_success else [])
                    return shown
            return _without(truth.ask(request), hidden) if request.operation == "list_webhooks" else truth.ask(request)

        return tell

    return start


def _without(answer: Answer, hidden: set[str]) -> Answer:
    if answer.status != 200:
        return answer
    body = answer.copy()
    body["webhooks"] = [each for each in body["webhooks"] if str(each["id"]) not in hidden]
    return answer.with_json(body) if body != answer.json else answer


def _for_every(event: str, subject: str) -> Start:
    """Create hidden webhooks beside each one, for all other subjects of the event."""

    def start(truth: Truth) -> Teller:
        hidden: set[str] = set()
        lock = threading.Lock()
        kind = subject.removesuffix("_id")

        def tell(request: Request) -> Answer:
            answer = truth.ask(request)
            if request.operation == "list_webhooks":
                return _without(answer, hidden)
            about = request.fields["event"] if request.operation == "create_webhook" and answer.status == 201 else {}
            if about.get("name") == event:
                with lock:
                    for row in truth.peek(f"list_{kind}s", per_page=1000)[f"{kind}s"]:
                        if row["id"] != about[subject]:
                            other = {**about, subject: row["id"]}
                            made = truth.ask(request.with_fields({**request.fields, "event": other}))
                            hidden.add(str(made.json["webhook"]["id"]))
            return answer

        return tell

    return start
