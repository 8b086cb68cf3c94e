"""Lies about broadcasts and purchases: their states, dates and sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.contract.document import Document
from tests.mutants import samples
from tests.mutants.exchange import Answer, Request, answered, refused
from tests.mutants.lie import Lie, Start, Teller, at, changing_answers, changing_requests
from tests.mutants.truth import Truth

KINDS = ("broadcast", "purchase")

_FIELDS = ("subject", "content", "description", "preview_text", "public", "published_at", "send_at", "email_address",
           "thumbnail_alt", "thumbnail_url", "subscriber_filter", "email_template_id")  # fmt: skip
Edit = Callable[[dict[str, Any]], None]


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about broadcasts and purchases."""
    for operations, says, start in _of_broadcasts():
        yield Lie(f"broadcast: {operations[0]} {says}", "broadcast", operations, f"{operations[0]} {says}.", start)
    for operations, says, start in _of_purchases():
        yield Lie(f"purchase: {operations[0]} {says}", "purchase", operations, f"{operations[0]} {says}.", start)


def shown(operations: tuple[str, ...], envelope: str, edit: Edit) -> Start:
    """Change a thing in each answer that shows it, alone or in a list."""

    def changed(_: Request, answer: Answer) -> Answer:
        if not answer.is_success or not answer.body:
            return answer
        value = answer.copy()
        for each in [value.get(envelope), *(value.get(f"{envelope}s") or ())]:
            if each is not None:
                edit(each)
        return answer.with_json(value) if value != answer.json else answer

    return changing_answers(operations, changed)


def _of_broadcasts() -> Iterator[tuple[tuple[str, ...], str, Start]]:
    reads = ("get_broadcast", "list_broadcasts")
    writes = ("create_broadcast", "update_broadcast")
    yield ("delete_broadcast",), "answers 204 for one that was sent", at(["delete_broadcast"], _deleted)
    yield ("update_broadcast",), "answers 200 for one that was sent", at(["update_broadcast"], _updated)
    for operation in writes:
        yield (operation,), "schedules what has no subject", at([operation], _with_text("subject"))
        yield (operation,), "schedules what has no content", at([operation], _with_text("content"))
        yield (operation,), "takes two groups for a filter", at([operation], _first_group)
        yield (operation,), "takes two conditions in a group of a filter", at([operation], _first_condition)
        yield (operation,), "takes null neither for a template nor for a filter", at([operation], _no_nulls)
    yield ("update_broadcast", "get_broadcast"), "clears what is left out", at(["update_broadcast"], _clearing)
    yield (
        ("update_broadcast", "get_broadcast"),
        "keeps `send_at` when `public` becomes false",
        at(["update_broadcast"], _scheduled),
    )
    yield (
        ("update_broadcast", "get_broadcast"),
        "makes a draft of what is left unscheduled in the request",
        changing_requests(["update_broadcast"], lambda request: _filled(request, "send_at", None)),
    )
    everywhere = (*writes, *reads)
    for says, edit in _SHOWN:
        yield everywhere, says, shown(everywhere, "broadcast", edit)
    yield ("list_broadcasts",), "leaves drafts out", changing_answers(["list_broadcasts"], _without("draft"))
    yield (
        ("list_broadcasts",),
        "leaves sent broadcasts out",
        changing_answers(["list_broadcasts"], _without("completed")),
    )
    yield (
        ("get_broadcast", "list_broadcasts"),
        "shows another subject than the list",
        shown(("get_broadcast",), "broadcast", lambda each: each.update(subject=f"{each['subject']}!")),
    )


def _when(condition: Callable[[dict[str, Any]], bool], **values: Any) -> Edit:
    return lambda each: each.update(values) if condition(each) else None


_SHOWN: tuple[tuple[str, Edit], ...] = (
    ("shows an empty filter for everybody", _when(lambda each: "subscriber_filter" in each and "all_subscribers" in str(each["subscriber_filter"]), subscriber_filter=[])),
    ("shows what is scheduled as a draft", _when(lambda each: each.get("status") == "scheduled", status="draft")),
    ("shows a draft as scheduled", _when(lambda each: each.get("status") == "draft", status="scheduled")),
    ("shows what was sent as scheduled", _when(lambda each: each.get("status") in ("sending", "completed"), status="scheduled")),
    ("shows no URL of what is public", _when(lambda each: bool(each.get("public_url")), public_url=None)),
    ("shows no date of what was published", _when(lambda each: bool(each.get("public")), published_at=None)),
    ("shows a URL of what is not public", _when(lambda each: "public_url" in each and not each["public"], public_url="https://posts.example.com/1")),
    ("shows times an hour late", lambda each: each.update(send_at=each["send_at"].replace("T", "T1")[:11] + "23:59:59Z") if each["send_at"] else None),
    ("shows another template", lambda each: each["email_template"].update(id=each["email_template"]["id"] + 1) if "email_template" in each else None),
)  # fmt: skip


def _deleted(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    return answered(204) if answer.status == 422 else answer


def _updated(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    was = truth.peek("get_broadcast", {"id": request.in_path["id"]})
    if answer.status != 422 or was is None or was["broadcast"].get("status") not in ("sending", "completed"):
        return answer
    known = {name: value for name, value in request.fields.items() if name in was["broadcast"]}
    return answered(200, {"broadcast": {**was["broadcast"], **known}})


def _with_text(name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        fields = request.fields
        if answer.status != 422 or not fields.get("send_at") or (fields.get(name) or "").strip():
            return answer
        return truth.ask(request.with_fields({**fields, name: "Fitting"}))

    return tell


def _first_group(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    groups = request.fields.get("subscriber_filter")
    if answer.status != 422 or not isinstance(groups, list) or len(groups) < 2:
        return answer
    return truth.ask(request.with_fields({**request.fields, "subscriber_filter": groups[:1]}))


def _first_condition(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    groups = request.fields.get("subscriber_filter")
    if answer.status != 422 or not isinstance(groups, list) or not groups or not isinstance(groups[0], dict):
        return answer
    first = dict(list(groups[0].items())[:1])
    return truth.ask(request.with_fields({**request.fields, "subscriber_filter": [first]}))


def _no_nulls(truth: Truth, request: Request) -> Answer:
    names = ("email_template_id", "subscriber_filter")
    if (
        any(name in request.fields and request.fields[name] is None for name in names)
        and truth.pretend(request).is_success
    ):
        return refused(422, "Email template id is invalid")
    return truth.ask(request)


def _filled(request: Request, name: str, value: Any) -> Request:
    return (
        request
        if name in request.fields or not request.fields
        else request.with_fields({**request.fields, name: value})
    )


def _clearing(truth: Truth, request: Request) -> Answer:
    if not request.fields or "send_at" in request.fields:
        return truth.ask(request)
    nulls = dict.fromkeys(name for name in _FIELDS if name not in ("public", "published_at"))
    return truth.ask(request.with_fields({**nulls, **request.fields}))


def _scheduled(truth: Truth, request: Request) -> Answer:
    before = truth.peek("get_broadcast", {"id": request.in_path["id"]})
    if before is None or request.fields.get("public") is not False or not before["broadcast"]["send_at"]:
        return truth.ask(request)
    return truth.ask(_filled(request, "send_at", before["broadcast"]["send_at"]))


def _without(status: str) -> Callable[[Request, Answer], Answer]:
    def changed(_: Request, answer: Answer) -> Answer:
        if answer.status != 200:
            return answer
        value = answer.copy()
        value["broadcasts"] = [each for each in value["broadcasts"] if each.get("status") != status]
        return answer.with_json(value) if value != answer.json else answer

    return changed


# -------------------- Purchases


def _of_purchases() -> Iterator[tuple[tuple[str, ...], str, Start]]:
    create = ("create_purchase", "get_purchase", "list_purchases")
    yield create, "makes another purchase of a transaction that is there", _another()
    yield create, "keeps nothing of a transaction that is there", at(create[:1], _nothing_new)
    yield create, "refuses a transaction that is there", at(create[:1], _taken)
    yield create, "takes two products with one `lid`", at(create[:1], _other_lids)
    yield create, "needs the envelope", at(create[:1], _enveloped)
    yield create, "makes no subscriber of the buyer", at(create[:1], _for_somebody_known)
    for says, edit in _SUMS:
        yield create, says, shown(create, "purchase", edit)
    yield create, "turns the order of products", shown(create, "purchase", lambda each: each["products"].reverse())
    yield (
        create,
        "shows the first product alone",
        shown(create, "purchase", lambda each: each.update(products=each["products"][:1])),
    )


_SUMS: tuple[tuple[str, Edit], ...] = (
    ("adds no tax to a total", lambda each: each.update(total=each["total"] - each["tax"])),
    ("takes no discount from a total", lambda each: each.update(total=each["total"] + each["discount"])),
    ("counts each product once", lambda each: each.update(subtotal=sum(line["unit_price"] for line in each["products"]))),
    ("shows another subscriber as the buyer", lambda each: each.update(subscriber_id=each["subscriber_id"] + 1) if "subscriber_id" in each else None),
    ("shows another source than the API", lambda each: each.update(source="shop") if "source" in each else None),
    ("shows currencies in lower case", lambda each: each.update(currency=each["currency"].lower())),
    ("shows `pending` for every status", lambda each: each.update(status="pending")),
    ("rounds amounts to whole numbers", lambda each: each.update(total=float(int(each["total"])), subtotal=float(int(each["subtotal"])))),
    ("shows `lid` for `pid`", lambda each: each.update(products=[{**line, "pid": line["lid"]} for line in each["products"]])),
)  # fmt: skip


def _purchase(request: Request) -> dict[str, Any]:
    found = request.fields.get("purchase", request.fields)
    return found if isinstance(found, dict) else {}


def _with_purchase(request: Request, purchase: dict[str, Any]) -> Request:
    return request.with_fields({"purchase": purchase} if "purchase" in request.fields else purchase)


def _is_there(truth: Truth, request: Request) -> bool:
    rows = truth.peek("list_purchases", per_page=1000)["purchases"]
    return any(row["transaction_id"] == _purchase(request).get("transaction_id") for row in rows)


def _another() -> Start:
    def start(truth: Truth) -> Teller:
        def tell(request: Request) -> Answer:
            if request.operation == "create_purchase" and _is_there(truth, request):
                purchase = _purchase(request)
                marked = f"{purchase['transaction_id']}\u2063{samples.next_number()}\u2063"
                request = _with_purchase(request, {**purchase, "transaction_id": marked})
            return _unmarked(truth.ask(request))

        return tell

    return start


def _unmarked(answer: Answer) -> Answer:
    mark = "\u2063".encode()
    parts = answer.body.split(mark)
    return answer if len(parts) < 3 else attrs.evolve(answer, body=b"".join(parts[::2]))


def _nothing_new(truth: Truth, request: Request) -> Answer:
    return truth.pretend(request) if _is_there(truth, request) else truth.ask(request)


def _taken(truth: Truth, request: Request) -> Answer:
    return refused(422, "Transaction has already been taken") if _is_there(truth, request) else truth.ask(request)


def _other_lids(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    products = _purchase(request).get("products")
    if answer.status != 422 or not isinstance(products, list) or not all(isinstance(each, dict) for each in products):
        return answer
    lids = [each.get("lid") for each in products]
    if len(set(map(str, lids))) == len(lids):
        return answer
    others = [{**each, "lid": f"{each.get('lid')}-{number}"} for number, each in enumerate(products)]
    return truth.ask(_with_purchase(request, {**_purchase(request), "products": others}))


def _enveloped(truth: Truth, request: Request) -> Answer:
    if "purchase" not in request.fields and truth.pretend(request).is_success:
        return refused(422, "Purchase can't be blank")
    return truth.ask(request)


def _for_somebody_known(truth: Truth, request: Request) -> Answer:
    shown_ = truth.pretend(request)
    address = _purchase(request).get("email_address")
    known = truth.peek("list_subscribers", email_address=address or "", status="all")
    if not shown_.is_success or known is None or known["subscribers"]:
        return truth.ask(request)
    truth.ask(_with_purchase(request, {**_purchase(request), "email_address": "ada@example.com"}))
    return shown_
