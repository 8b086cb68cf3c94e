"""Lies about names and addresses: which are the same, which may be used twice, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.contract.document import Document
from tests.mutants import samples
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, Start, Teller, at, changing_answers
from tests.mutants.places import edit
from tests.mutants.truth import Truth

KINDS = ("names", "upsert")

_MARK = "\u2063"
"""Makes a name another one; no answer shows it."""


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about names, addresses and upserts."""
    for kind, operations, says, start in _lies():
        where = operations[0]
        yield Lie(f"{kind}: {where} {says}", kind, operations, f"{where} {says}.", start)


def _lies() -> Iterator[tuple[str, tuple[str, ...], str, Start]]:
    for operation, field, reads in (
        ("create_tag", "name", "list_tags"),
        ("create_custom_field", "label", "list_custom_fields"),
    ):
        concerned = (operation, reads)
        yield (
            "names",
            concerned,
            f"makes another of a `{field}` that is there",
            _second(operation, field, any_case=False),
        )
        yield (
            "names",
            concerned,
            f"makes another if the `{field}` is in another case",
            _second(operation, field, any_case=True),
        )
        yield "names", concerned, f"gives what is there the `{field}` as it was sent", at([operation], _recased(field))
    for operation, field, reads in (
        ("update_tag", "name", "list_tags"),
        ("update_custom_field", "label", "list_custom_fields"),
    ):
        yield "names", (operation, reads), f"takes a `{field}` that something else has", _taken(operation, field)
    fields = ("create_custom_field", "list_custom_fields", "update_custom_field", "get_subscriber")
    yield (
        "names",
        fields,
        "makes keys in camel case",
        _edited(("create_custom_field", "list_custom_fields"), "key", _camel),
    )
    yield (
        "names",
        ("update_custom_field",),
        "changes `name` with the label",
        _edited(["update_custom_field"], "name", str.upper),
    )
    yield "names", ("update_custom_field",), "keeps the key of the old label", at(["update_custom_field"], _old_key)
    yield (
        "names",
        fields[:2],
        "names a field otherwise than `ck_field_…`",
        _edited(fields[:3], "name", lambda text: f"field_{text}"),
    )
    subscriber = ("create_subscriber", "list_subscribers", "get_subscriber")
    yield "names", subscriber, "makes another subscriber if the address is in another case", _second_subscriber()
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


# -------------------- Names


def _unmarked(answer: Answer) -> Answer:
    body = answer.body.replace(_MARK.encode(), b"")
    return answer if body == answer.body else attrs.evolve(answer, body=body)


def _marking(operation: str, tell: Callable[[Truth, Request], Answer]) -> Start:
    """Answer an operation by `tell`, and show no marks anywhere."""

    def start(truth: Truth) -> Teller:
        return lambda request: _unmarked(tell(truth, request) if request.operation == operation else truth.ask(request))

    return start


def _second(operation: str, field: str, *, any_case: bool) -> Start:
    def tell(truth: Truth, request: Request) -> Answer:
        shown = truth.pretend(request)
        name = request.fields.get(field)
        if shown.status != 200 or not isinstance(name, str):
            return truth.ask(request)
        known = next(value for value in shown.json.values() if isinstance(value, dict))[field]
        if any_case and known == name:
            return truth.ask(request)
        return truth.ask(request.with_fields({**request.fields, field: name + _MARK * samples.next_number()}))

    return _marking(operation, tell)


def _taken(operation: str, field: str) -> Start:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        name = request.fields.get(field)
        if answer.status != 422 or not isinstance(name, str) or not name.strip():
            return answer
        return truth.ask(request.with_fields({**request.fields, field: name + _MARK * samples.next_number()}))

    return _marking(operation, tell)


def _recased(field: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        if answer.status != 200:
            return answer
        envelope, known = next(iter(answer.json.items()))
        if known[field] == request.fields[field]:
            return answer
        truth.do(f"update_{envelope}", {"id": known["id"]}, {field: request.fields[field]})
        return answer.with_json({envelope: {**known, field: request.fields[field]}})

    return tell


def _edited(operations: Any, name: str, change: Callable[[str], str]) -> Start:
    def put(holder: dict[str, Any], key: str) -> None:
        holder[key] = change(holder[key])

    def changed(_: Request, answer: Answer) -> Answer:
        if not answer.is_success:
            return answer
        value = answer.copy()
        edit(value, ("custom_field", name), put)
        edit(value, ("custom_fields", "[]", name), put)
        return answer.with_json(value) if value != answer.json else answer

    return changing_answers(operations, changed)


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(map(str.capitalize, rest))


def _old_key(truth: Truth, request: Request) -> Answer:
    fields = (truth.peek("list_custom_fields", per_page=1000) or {})["custom_fields"]
    before = {str(field["id"]): field["key"] for field in fields}
    answer = truth.ask(request)
    if not answer.is_success:
        return answer
    value = answer.copy()
    value["custom_field"]["key"] = before[request.in_path["id"]]
    return answer.with_json(value) if value != answer.json else answer


# -------------------- Subscribers


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
    """The subscriber that a request updates, as they were."""
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
