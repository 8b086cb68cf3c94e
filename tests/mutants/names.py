"""Lies about names of tags and custom fields: which are equal, which may be used twice, and which keys they make."""

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

KINDS = ("names",)

_MARK = "\u2063"
"""Makes a name another one; no answer shows it."""


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about names, labels and keys."""
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


# -------------------- Names


def _unmarked(answer: Answer) -> Answer:
    body = answer.body.replace(_MARK.encode(), b"")
    return answer if body == answer.body else attrs.evolve(answer, body=body)


def _marking(operation: str, tell: Callable[[Truth, Request], Answer]) -> Start:
    """Answer an operation by `tell`, and remove the marks from all answers."""

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
