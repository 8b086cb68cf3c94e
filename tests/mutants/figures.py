"""Lies about numbers: statistics, counts in lists, and the colors of the account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from tests.contract.document import Document
from tests.mutants.exchange import Answer, Request, refused
from tests.mutants.lie import Lie, Start, at, changing_answers, changing_requests
from tests.mutants.pages import Page, changed
from tests.mutants.truth import Truth

KINDS = ("statistics", "colors")

Stats = dict[str, Any]


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about statistics, counts and colors."""
    for kind, operations, says, start in _lies():
        yield Lie(f"{kind}: {operations[0]} {says}", kind, operations, f"{operations[0]} {says}.", start)


def _lies() -> Iterator[tuple[str, tuple[str, ...], str, Start]]:
    growth = ("get_growth_stats", "create_subscriber", "unsubscribe_subscriber")
    for says, edit in _GROWTH:
        yield "statistics", growth, says, _edited("get_growth_stats", edit)
    yield "statistics", growth[:1], "begins 30 days ago unless told", changing_requests(growth[:1], _begun)
    yield "statistics", growth[:1], "begins 90 days before `ending`", changing_requests(growth[:1], _before_ending)
    yield "statistics", growth[:1], "takes an end before the start", at(growth[:1], _turned)
    for says, edit in _EMAIL:
        yield "statistics", ("get_email_stats", "list_broadcasts"), says, _edited("get_email_stats", edit)
    for says, edit in _BROADCAST:
        yield "statistics", ("get_broadcast_stats", "get_broadcast"), says, _edited("get_broadcast_stats", edit)
    for operation, name in (
        ("list_forms", "subscriber_count"),
        ("list_tags", "subscriber_count"),
        ("list_sequences", "subscriber_count"),
        ("list_sequences", "email_count"),
    ):
        yield (
            "statistics",
            (operation,),
            f"counts one too many for `{name}`",
            changing_answers([operation], _counted(name)),
        )
        if name == "subscriber_count" and operation != "list_sequences":
            yield "statistics", (operation,), f"shows `{name}` unasked", at([operation], _unasked(name))
    yield (
        "statistics",
        ("list_tags", "tag_subscriber"),
        "counts nobody for a tag",
        changing_answers(["list_tags"], _nobody),
    )
    colors = ("update_account_colors", "list_account_colors")
    yield "colors", colors, "takes six colors", at(colors[:1], _first_five)
    yield "colors", colors, "takes what is no color", at(colors[:1], _valid_alone)
    yield "colors", colors, "refuses five colors", at(colors[:1], _refusing(lambda given: len(given) == 5))
    yield (
        "colors",
        colors,
        "refuses three digits",
        at(colors[:1], _refusing(lambda given: any(len(each) == 4 for each in given))),
    )
    yield "colors", colors, "refuses an empty list", at(colors[:1], _refusing(lambda given: not given))
    yield "colors", colors, "adds colors to those there are", at(colors[:1], _added)
    yield "colors", colors[::-1], "shows the colors in order of their names", changing_answers(colors[1:], _sorted)


def _edited(operation: str, edit: Callable[[Stats], None]) -> Start:
    def change(_: Request, answer: Answer) -> Answer:
        if answer.status != 200:
            return answer
        value = answer.copy()
        edit(value["stats"] if "stats" in value else value["broadcast"]["stats"])
        return answer.with_json(value) if value != answer.json else answer

    return changing_answers([operation], change)


def _plus(name: str, by: float = 1) -> Callable[[Stats], None]:
    def edit(stats: Stats) -> None:
        stats[name] += by

    return edit


def _put(name: str, value: Any) -> Callable[[Stats], None]:
    def edit(stats: Stats) -> None:
        stats[name] = value

    return edit


def _copied(name: str, source: str) -> Callable[[Stats], None]:
    def edit(stats: Stats) -> None:
        stats[name] = stats[source]

    return edit


def _in_utc(stats: Stats) -> None:
    for name in ("starting", "ending"):
        stats[name] = stats[name][:19] + "Z"


def _a_day_late(name: str) -> Callable[[Stats], None]:
    def edit(stats: Stats) -> None:
        moment = datetime.fromisoformat(stats[name]) + timedelta(days=1)
        stats[name] = moment.isoformat().replace("+00:00", "Z")

    return edit


_GROWTH: tuple[tuple[str, Callable[[Stats], None]], ...] = (
    ("counts one new subscriber too many", _plus("new_subscribers")),
    ("counts no new subscribers", _put("new_subscribers", 0)),
    ("counts no cancellations", _put("cancellations", 0)),
    ("counts one cancellation too many", _plus("cancellations")),
    ("takes no cancellations from the net", _copied("net_new_subscribers", "new_subscribers")),
    ("counts those who are new for all", _copied("subscribers", "new_subscribers")),
    ("counts nobody", _put("subscribers", 0)),
    ("shows its dates in UTC", _in_utc),
    ("shows the day after the end", _a_day_late("ending")),
    ("shows the day after the start", _a_day_late("starting")),
)
_EMAIL: tuple[tuple[str, Callable[[Stats], None]], ...] = (
    ("shows another mode", _put("email_stats_mode", "last_30")),
    ("begins when it ends", _copied("starting", "ending")),
    ("counts more opened than sent", lambda stats: stats.update(opened=stats["sent"] + 1)),
    ("shows rates above 100", _put("open_rate", 250.0)),
    ("ends tomorrow", _a_day_late("ending")),
)
_BROADCAST: tuple[tuple[str, Callable[[Stats], None]], ...] = (
    ("counts one recipient too many", _plus("recipients")),
    ("counts one click too many", _plus("total_clicks")),
    ("counts one unsubscribe too many", _plus("unsubscribes")),
    ("shows rates as fractions", lambda stats: stats.update(open_rate=stats["open_rate"] / 100)),
    ("shows the rate of opens for that of clicks", _copied("click_rate", "open_rate")),
    ("shows no progress", _put("progress", 0.0)),
    ("shows a draft for every status", _put("status", "draft")),
    ("counts nobody who opened", _put("emails_opened", 0)),
)


def _begun(request: Request) -> Request:
    if "starting" in request.parameters:
        return request
    ending = request.parameters.get("ending", "")
    try:
        last = date.fromisoformat(ending) if ending else datetime.now().astimezone().date()
    except ValueError:
        return request
    return request.with_parameter("starting", (last - timedelta(days=30)).isoformat())


def _before_ending(request: Request) -> Request:
    try:
        last = date.fromisoformat(request.parameters.get("ending", ""))
    except ValueError:
        return request
    if "starting" in request.parameters:
        return request
    return request.with_parameter("starting", (last - timedelta(days=90)).isoformat())


def _turned(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    starting, ending = request.parameters.get("starting"), request.parameters.get("ending")
    if answer.status != 422 or starting is None or ending is None:
        return answer
    mended = truth.ask(request.with_parameter("starting", ending).with_parameter("ending", starting))
    return mended if mended.is_success else answer


def _counted(name: str) -> Callable[[Request, Answer], Answer]:
    def change(page: Page) -> None:
        for item in page.items:
            if name in item:
                item[name] += 1

    return lambda _, answer: changed(answer, change)


def _unasked(name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        include = truth.document.operations[request.operation].query["include"].schema
        values = truth.document.resolve(include["items"])["enum"]
        if name not in values or "include" in request.parameters:
            return truth.ask(request)
        return truth.ask(request.with_parameter("include", name))

    return tell


def _nobody(_: Request, answer: Answer) -> Answer:
    def change(page: Page) -> None:
        for item in page.items:
            if "subscriber_count" in item:
                item["subscriber_count"] = 0

    return changed(answer, change)


# -------------------- Colors


def _colors(request: Request) -> list[str]:
    found = request.fields.get("colors")
    return found if isinstance(found, list) and all(isinstance(each, str) for each in found) else []


def _first_five(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    if answer.status != 422 or len(_colors(request)) < 6:
        return answer
    return truth.ask(request.with_fields({"colors": _colors(request)[:5]}))


def _valid_alone(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    if answer.status != 422 or not _colors(request):
        return answer
    known = [
        each for each in _colors(request) if len(each) in (4, 7) and set(each[1:].lower()) <= set("0123456789abcdef")
    ]
    return truth.ask(request.with_fields({"colors": known}))


def _refusing(is_bad: Callable[[list[str]], bool]) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        if (
            isinstance(request.fields.get("colors"), list)
            and is_bad(_colors(request))
            and truth.pretend(request).is_success
        ):
            return refused(422, "Colors is invalid")
        return truth.ask(request)

    return tell


def _added(truth: Truth, request: Request) -> Answer:
    before = truth.peek("list_account_colors")["colors"]
    if not _colors(request) or not truth.pretend(request).is_success:
        return truth.ask(request)
    return truth.ask(request.with_fields({"colors": list(dict.fromkeys([*before, *_colors(request)]))[:5]}))


def _sorted(_: Request, answer: Answer) -> Answer:
    return answer.with_json({"colors": sorted(answer.json["colors"])}) if answer.status == 200 else answer
