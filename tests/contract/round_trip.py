"""Calls operations through the client, and checks the requests sent and the values returned."""

from __future__ import annotations

import asyncio
import datetime
import importlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, unquote

import attrs
import httpx

from kit_api.encoding import alternatives, is_model, model_fields
from kit_api.types import UNSET, Model, Page
from kit_client import AsyncKit, Kit
from tests.contract.document import Document, Operation, Schema
from tests.second_validator import Exchange

Way = Literal["function", "async function", "method", "async method"]
WAYS: tuple[Way, ...] = get_args(Way)
JSON = "application/json"


@attrs.frozen
class Arguments:
    """What an operation is called with, as Python has it; an absent field isn't in the body."""

    path: Mapping[str, int]
    query: Mapping[str, Any] = attrs.field(factory=dict)
    body: Mapping[str, Any] | None = None


def module_of(document: Document, operation: Operation) -> Any:
    """Return the generated module of an operation."""
    raw = document.raw["paths"][operation.path][operation.method.lower()]
    return importlib.import_module(f"kit_api.api.{raw['tags'][0]}.{operation.id}")


def body_model(module: Any) -> type[Model]:
    """Return the model of an operation's body."""
    hints = inspect.get_annotations(module.sync)["body"]
    (found,) = {name for name in re.findall(r"\w+", hints) if is_model(getattr(module, name, None))}
    model: type[Model] = getattr(module, found)
    return model


def as_model(hint: Any, value: Any) -> Any:
    """Convert dicts and lists to the models of a type."""
    for target in alternatives(hint):
        if is_model(target) and isinstance(value, Mapping):
            hints = model_fields(target)
            return target(**{name: as_model(hints[name], inner) for name, inner in value.items()})
        if isinstance(value, list) and get_args(target):
            return [as_model(get_args(target)[0], inner) for inner in value]
    return value


class Client:
    """Both clients, and an event loop for the asynchronous one."""

    def __init__(self, document: Document, kit: Kit, async_kit: AsyncKit) -> None:
        self._document = document
        self.kit, self.async_kit = kit, async_kit
        self._runner = asyncio.Runner()
        self._methods, self._async_methods = methods(kit), methods(async_kit)

    def close(self) -> None:
        """Close connections and loop."""
        self.kit.close()
        self._runner.run(self.async_kit.aclose())
        self._runner.close()

    def call(self, way: Way, operation: Operation, arguments: Arguments, *, models: bool = False) -> Any:
        """Call an operation, or get the first page of a list. With `models`, a function gets its body as a model."""
        if way in ("function", "async function"):
            module = module_of(self._document, operation)
            given = self._of_function(module, arguments, models=models)
            if hasattr(module, "url"):
                return module.url(client=self.kit, **given)
            if way == "function":
                return module.sync(client=self.kit, **given)
            return self._runner.run(module.asyncio(client=self.async_kit, **given))
        methods = self._methods if way == "method" else self._async_methods
        made = methods[f"{operation.method} {operation.path}"](**method_arguments(arguments))
        if operation.is_list:
            made = made.first_page()
        return self._runner.run(made) if inspect.iscoroutine(made) else made

    def _of_function(self, module: Any, arguments: Arguments, *, models: bool) -> dict[str, Any]:
        given = {**arguments.path, **arguments.query}
        if arguments.body is not None:
            given["body"] = as_model(body_model(module), arguments.body) if models else arguments.body
        return given

    @property
    def drift(self) -> list[str]:
        """The drift that both clients report."""
        return [str(drift) for drift in (*self.kit.drift, *self.async_kit.drift)]


def method_arguments(arguments: Arguments) -> dict[str, Any]:
    """Return the arguments of a method of a resource: path, query, and the fields of the body without an envelope."""
    fields = arguments.body or {}
    # An object that is all of a body is an envelope.
    if len(fields) == 1 and isinstance(content := next(iter(fields.values())), dict) and "fields" not in fields:
        fields = content
    return {**arguments.path, **arguments.query, **fields}


def methods(client: Kit | AsyncKit) -> dict[str, Callable[..., Any]]:
    """Return every method of every resource by its route."""
    found: dict[str, Callable[..., Any]] = {}
    for tag in dir(client):
        if type(getattr(type(client), tag, None)).__name__ == "lazy_property":
            for _, method in inspect.getmembers(getattr(client, tag), inspect.ismethod):
                if route := re.search(r"Route: `(\w+ \S+)`", method.__doc__ or ""):
                    found[route[1]] = method
    return found


# -------------------- What was sent


def exchange(request: httpx.Request, response: httpx.Response) -> Exchange:
    """Return a request and its answer as the second validator reads them. Both bodies must have been read."""
    return Exchange(
        method=request.method,
        path=unquote(request.url.raw_path.partition(b"?")[0].decode("ascii")),
        query=request.url.query.decode("ascii"),
        request_headers=tuple(request.headers.items()),
        request_body=request.content,
        status=response.status_code,
        response_headers=tuple(response.headers.items()),
        response_body=response.content,
    )


def sent_problems(operation: Operation, arguments: Arguments, sent: Exchange) -> list[str]:
    """Return where a request doesn't carry exactly the arguments."""
    problems = []
    if (sent.method, sent.path) != (operation.method, operation.path.format(**arguments.path)):
        problems.append(f"{sent.method} {sent.path}")
    # None is as good as not given.
    given = {name: value for name, value in arguments.query.items() if value is not None}
    pairs = parse_qsl(sent.query, keep_blank_values=True, errors="strict")
    problems += _text_problems("query", dict(pairs), given)
    if len(pairs) != len(given):
        problems.append(f"query: {len(pairs)} parameters for {len(given)} arguments")
    headers = {name.lower(): value for name, value in sent.request_headers}
    if arguments.body is None:
        # An object without fields is as good as no body, where that is optional.
        if sent.request_body not in (b"", b"{}" if operation.body else b""):
            problems.append("a body without arguments for it")
    elif headers["content-type"] != operation.media_type:
        problems.append(f"Content-Type {headers['content-type']}")
    elif operation.media_type == JSON:
        body = json.loads(sent.request_body, parse_float=Decimal)
        problems += [] if _is_same(body, arguments.body) else [f"body {body}"]
    else:
        form = dict(parse_qsl(sent.request_body.decode("ascii"), keep_blank_values=True, errors="strict"))
        problems += _text_problems("form", form, arguments.body)
    carried = {"x-kit-api-key", "authorization"} & headers.keys()
    if len(carried) != (not operation.is_open):
        problems.append(f"credentials in {sorted(carried)}")
    return problems


def _text_problems(where: str, sent: Mapping[str, str], given: Mapping[str, Any]) -> list[str]:
    problems = [f"{where}: {name} was not given" for name in sent.keys() - given.keys()]
    for name, value in given.items():
        text = sent.get(name)
        if text is None or not _is_same_text(text, value):
            problems.append(f"{where}: {name} is {text!r} for {value!r}")
    return problems


def _is_same_text(text: str, value: Any) -> bool:
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, list):
        return text == ",".join(value)
    if isinstance(value, int):
        return text == str(value)
    return _is_same(text, value)


def _is_same(sent: Any, given: Any) -> bool:
    """Whether JSON carries a value of Python: the same instant in the same zone, all digits of a number."""
    match given:
        case datetime.datetime():
            return isinstance(sent, str) and _moment_is_same(sent, given)
        case datetime.date():
            return bool(sent == given.isoformat())
        case bool() | None:
            return sent is given
        case dict():
            return sent.keys() == given.keys() and all(_is_same(sent[name], given[name]) for name in given)
        case list():
            return len(sent) == len(given) and all(map(_is_same, sent, given))
        case float():
            return not isinstance(sent, bool) and float(sent) == given
        case _:
            return bool(sent == given) and not isinstance(sent, bool)


def _moment_is_same(text: str, moment: datetime.datetime) -> bool:
    sent = datetime.datetime.fromisoformat(text)
    offset = moment.utcoffset() or datetime.timedelta(0)
    # RFC 3339 has no seconds in offsets. Compared in UTC: a moment that a change of clocks skips equals no other one.
    whole = offset % datetime.timedelta(minutes=1) == datetime.timedelta(0)
    return sent == moment.astimezone(datetime.UTC) and sent.utcoffset() == (offset if whole else datetime.timedelta(0))


# -------------------- What came back


def came_problems(document: Document, schema: Schema, came: Any, returned: Any) -> list[str]:
    """Return where what a call returned isn't what came: its values, and its JSON form.

    `returned` may also be what is inside the envelope, as methods return it.
    """
    whole, part, inner = schema, came, returned
    if isinstance(returned, Page):
        inner = returned.items
    if not _is_whole(came, inner):
        name = next((name for name, value in came.items() if _is_same_json(value, _json(inner))), None)
        if name is None:
            return [f"{returned!r} is nothing of what came"]
        whole, part = document.properties(schema)[name], came[name]
    problems = [] if _is_same_json(part, _json(inner)) else [f"to_dict: {_json(inner)}"]
    problems += list(_value_problems(document, whole, part, inner, "$"))
    if isinstance(inner, Model):
        if not _is_same_json(part, json.loads(inner.to_json())):
            problems.append(f"to_json: {inner.to_json()}")
        if type(inner).from_dict(part) != inner:
            problems.append("from_dict of the same JSON is another value")
    return problems


def _is_whole(came: Any, returned: Any) -> bool:
    return not isinstance(came, dict) or (isinstance(returned, Model) and _is_same_json(came, returned.to_dict()))


def _json(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    return [_json(inner) for inner in value] if isinstance(value, list) else value


def _is_same_json(came: Any, back: Any) -> bool:
    if isinstance(came, dict):
        return (
            isinstance(back, dict)
            and came.keys() == back.keys()
            and all(_is_same_json(came[name], back[name]) for name in came)
        )
    if isinstance(came, list):
        return isinstance(back, list) and len(came) == len(back) and all(map(_is_same_json, came, back))
    if came is None or isinstance(came, bool) or isinstance(back, bool):
        return came is back
    if isinstance(came, int):
        return isinstance(back, int) and came == back
    if isinstance(came, str) and isinstance(back, str) and came != back:
        # A moment in a form other than the service's own comes out in that.
        try:
            moment = datetime.datetime.fromisoformat(came)
            return moment.tzinfo is not None and _moment_is_same(back, moment)
        except ValueError:
            return False
    return bool(came == back)


def _value_problems(document: Document, schema: Schema, came: Any, value: Any, place: str) -> list[str]:
    """Return where a decoded value isn't that of the JSON, or isn't of the type that the schema is decoded to."""
    if isinstance(came, dict):
        properties = document.properties(schema)
        if not properties:
            return [] if isinstance(value, Model | dict) else [f"{place} is {value!r}"]
        if not isinstance(value, Model):
            return [f"{place} is no model: {value!r}"]
        problems = [
            f"{place}.{name} is set" for name in properties if name not in came and getattr(value, name) is not UNSET
        ]
        problems += [f"{place} has more: {value.additional_properties}"] if value.additional_properties else []
        for name, inner in came.items():
            problems += _value_problems(document, properties[name], inner, getattr(value, name), f"{place}.{name}")
        return problems
    if isinstance(came, list):
        (items,) = [part["items"] for part in document.parts(schema) if "items" in part] or [{}]
        if not isinstance(value, list) or len(value) != len(came):
            return [f"{place} is {value!r}"]
        return [
            problem
            for index, (inner, decoded) in enumerate(zip(came, value, strict=True))
            for problem in _value_problems(document, items, inner, decoded, f"{place}[{index}]")
        ]
    formats = {part.get("format") for part in document.parts(schema)}
    if isinstance(came, str) and "date-time" in formats:
        right = isinstance(value, datetime.datetime) and value == datetime.datetime.fromisoformat(came)
    elif isinstance(came, str) and "date" in formats:
        right = value == datetime.date.fromisoformat(came)
    else:
        right = value == came and isinstance(value, bool) == isinstance(came, bool)
    return [] if right else [f"{place} is {value!r} for {came!r}"]
