"""Lies about subscribers who are created again or updated: their addresses, and the values that must stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.contract.document import Document
from tests.mutants import samples
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, Start, Teller, at, changing_answers
from tests.mutants.truth import Truth

KINDS = ("address", "upsert")


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about creating and updating subscribers."""
    for kind, operations, says, start in _lies():
        where = operations[0]
        yield Lie(f"{kind}: {where} {says}", kind, operations, f"{where} {says}.", start)


def _lies() -> Iterator[tuple[str, tuple[str, ...], str, Start]]:
    subscriber = ("create_subscriber", "list_subscribers", "get_subscriber")
    yield "address", subscriber, "makes another subscriber if the address is in another case", _second_subscriber()
    yield (
        "upsert",
        subscriber,
        "makes another subscriber of an address that is there",
        _second_subscriber(any_case=False),
    )
    yield "upsert", subscriber, "makes a subscriber active again", at(subscriber[:1], _reactivated)
    yield "upsert", subscriber, "gives a subscriber the state that was sent", at(subscriber[:1], _restated)
    yield "upsert", subscriber, "keeps the old first name", at(subscriber[:1], _without_first_name)
    yield "upsert", subscriber, "clears a first name that isn't sent", at(subscriber[:1], _cleared("first_name"))
    yield "upsert", subscriber, "replaces all custom fields", at(subscriber[:1], _replaced)
    updated = ("update_subscriber", "get_subscriber")
    yield "upsert", updated, "replaces all custom fields", at(updated[:1], _replaced)
    yield "upsert", updated, "clears a first name that isn't sent", at(updated[:1], _cleared("first_name"))
    yield "upsert", updated, "refuses a change of the address", at(updated[:1], _no_new_address)
    yield "upsert", updated, "takes an address that somebody else has", at(updated[:1], _taken_address)
    for operation in ("create_subscriber", "update_subscriber"):
        concerned = (operation, "list_custom_fields")
        yield "upsert", concerned, "makes custom fields that the account doesn't have", at([operation], _made_fields)
        yield "upsert", concerned, "warns of nothing", changing_answers([operation], _unwarned)
        yield "upsert", concerned, "warns of fields that the account has", changing_answers([operation], _warned)
        yield "upsert", concerned, "takes no label for a custom field", at([operation], _keys_alone)


def _second_subscriber(*, any_case: bool = True) -> Start:
    def start(truth: Truth) -> Teller:
        real: dict[str, str] = {}

        def shown(answer: Answer) -> Answer:
            body = answer.body
            for made, address in real.items():
                body = body.replace(made.encode(), address.encode())
            return answer if body == answer.body else attrs.evolve(answer, body=body)

        def tell(request: Request) -> Answer:
            address = request.fields.get("email_address") if request.operation == "create_subscriber" else None
            if (
                not isinstance(address, str)
                or truth.pretend(request).status != 200
                or (any_case and address == address.lower())
            ):
                return shown(truth.ask(request))
            made = f"second-{samples.next_number()}@example.com"
            real[made] = address.lower()
            return shown(truth.ask(request.with_fields({**request.fields, "email_address": made})))

        return tell

    return start


def _known(truth: Truth, request: Request) -> dict[str, Any] | None:
    """Return the subscriber that a request updates, before the update."""
    if request.operation == "update_subscriber":
        body = truth.peek("get_subscriber", {"id": request.in_path["id"]})
        return None if body is None else dict(body["subscriber"])
    address = request.fields.get("email_address")
    if not isinstance(address, str):
        return None
    found = truth.peek("list_subscribers", email_address=address, status="all")
    return dict(found["subscribers"][0]) if found and found["subscribers"] else None


def _reactivated(truth: Truth, request: Request) -> Answer:
    return _in_state(truth, request, "active")


def _restated(truth: Truth, request: Request) -> Answer:
    return _in_state(truth, request, request.fields.get("state"))


def _in_state(truth: Truth, request: Request, state: Any) -> Answer:
    before = _known(truth, request)
    answer = truth.ask(request)
    events = {
        "active": "subscriber_activate",
        "cancelled": "subscriber_unsubscribe",
        "bounced": "subscriber_bounce",
        "complained": "subscriber_complain",
    }
    if not answer.is_success or before is None or state not in events or before["state"] == state:
        return answer
    truth.mock.fire(events[state], subscriber_id=before["id"])
    value = answer.copy()
    value["subscriber"]["state"] = state
    return answer.with_json(value)


def _without_first_name(truth: Truth, request: Request) -> Answer:
    before = _known(truth, request)
    if before is None or "first_name" not in request.fields:
        return truth.ask(request)
    return truth.ask(request.with_fields({**request.fields, "first_name": before["first_name"]}))


def _cleared(name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        if _known(truth, request) is None or name in request.fields or not isinstance(request.fields, dict):
            return truth.ask(request)
        return truth.ask(request.with_fields({**request.fields, name: None}))

    return tell


def _replaced(truth: Truth, request: Request) -> Answer:
    before, fields = _known(truth, request), request.fields.get("fields")
    if before is None or not isinstance(fields, dict) or not truth.pretend(request).is_success:
        return truth.ask(request)
    return truth.ask(request.with_fields({**request.fields, "fields": {**dict.fromkeys(before["fields"]), **fields}}))


def _no_new_address(truth: Truth, request: Request) -> Answer:
    before = _known(truth, request)
    if before is None or "email_address" not in request.fields or not truth.pretend(request).is_success:
        return truth.ask(request)
    return truth.ask(request.with_fields({**request.fields, "email_address": before["email_address"]}))


def _taken_address(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    address = request.fields.get("email_address")
    if answer.status != 422 or not isinstance(address, str) or "@" not in address:
        return answer
    rest = {name: value for name, value in request.fields.items() if name != "email_address"}
    mended = truth.ask(request.with_fields(rest))
    if not mended.is_success:
        return answer
    value = mended.copy()
    value["subscriber"]["email_address"] = address
    return mended.with_json(value)


def _made_fields(truth: Truth, request: Request) -> Answer:
    fields = request.fields.get("fields")
    if isinstance(fields, dict) and truth.pretend(request).is_success:
        known = truth.peek("list_custom_fields", per_page=1000)["custom_fields"]
        names = {text.lower() for field in known for text in (field["key"], field["label"])}
        for name in fields:
            if name.lower() not in names and name.strip():
                truth.do("create_custom_field", body={"label": name})
    return truth.ask(request)


def _unwarned(_: Request, answer: Answer) -> Answer:
    if not answer.is_success or "warnings" not in answer.json:
        return answer
    return answer.with_json({name: value for name, value in answer.json.items() if name != "warnings"})


def _warned(request: Request, answer: Answer) -> Answer:
    if not answer.is_success or "warnings" in answer.json or not request.fields.get("fields"):
        return answer
    return answer.with_json({**answer.json, "warnings": ["Custom field does not exist"]})


def _keys_alone(truth: Truth, request: Request) -> Answer:
    fields = request.fields.get("fields")
    if not isinstance(fields, dict):
        return truth.ask(request)
    labels = {field["label"] for field in truth.peek("list_custom_fields", per_page=1000)["custom_fields"]}
    keys = {field["key"] for field in truth.peek("list_custom_fields", per_page=1000)["custom_fields"]}
    kept = {name: value for name, value in fields.items() if name not in labels - keys}
    return truth.ask(request if kept == fields else request.with_fields({**request.fields, "fields": kept}))
