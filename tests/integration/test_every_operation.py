"""Each operation of the document, called in four ways, sends what the document says."""

from __future__ import annotations

import datetime
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jsonschema
import pytest

import kit_api.api
import kit_client
from kit_api.api import AsyncResources, Resources
from kit_client import AsyncKit, Kit, KitError

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "generated" / "kit_api" / "openapi.json").read_text(encoding="utf-8"))
METHODS = ("get", "put", "post", "delete", "patch")
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, item, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}
# Strings of which one fits each pattern of the document.
FORMED = ("USD", "#1a2b3c", "a" * 43, "last_name", "ck_field_7_last_name", "-05:00")
MOMENT = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=-5)))


def resolve(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def sample(schema: Any, name: str = "") -> tuple[Any, Any]:
    """A value that fits a schema: as Python gives it, and as the wire carries it."""
    schema = resolve(schema)
    if "allOf" in schema:
        parts = [sample(part) for part in schema["allOf"]]
        own = {k: v for k, v in schema.items() if k != "allOf"}
        parts += [sample({"type": "object", **own})] if "properties" in own else []
        return {k: v for p, _ in parts for k, v in p.items()}, {k: v for _, w in parts for k, v in w.items()}
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            options = [option for option in schema[choice] if resolve(option).get("type") != "null"]
            return sample(options[-1])
    if "enum" in schema:
        return schema["enum"][-1], schema["enum"][-1]
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ["object"])
    match next(kind for kind in kinds if kind != "null"):
        case "integer":
            return 7, 7
        case "number":
            return 1.5, 1.5
        case "boolean":
            return True, True
        case "array":
            item = sample(schema["items"])
            return [item[0]], [item[1]]
        case "object":
            pairs = {key: sample(value, key) for key, value in schema.get("properties", {}).items()}
            if not pairs and "additionalProperties" in schema:
                pairs = {"last_name": ("Lovelace", "Lovelace")}
            return {k: v[0] for k, v in pairs.items()}, {k: v[1] for k, v in pairs.items()}
        case _:
            if schema.get("format") == "date-time":
                return MOMENT, MOMENT.isoformat()
            if schema.get("format") == "date":
                return MOMENT.date(), MOMENT.date().isoformat()
            text = next(text for text in (f"{name} é=&+", *FORMED) if fits(schema, text))
            return text, text


def fits(schema: Any, text: str) -> bool:
    """Whether a string has the pattern and the length that its schema asks for."""
    return len(text) >= schema.get("minLength", 0) and re.search(schema.get("pattern", ""), text) is not None


def in_query(wire: Any) -> str:
    """What stands in a query for a value: lists have commas, and true is in small letters."""
    if isinstance(wire, list):
        return ",".join(map(str, wire))
    return str(wire).lower() if wire is True else str(wire)


class Case:
    """An operation with a value for each of its arguments."""

    def __init__(self, operation_id: str) -> None:
        self.method, self.template, item, operation = OPERATIONS[operation_id]
        parameters = [resolve(p) for p in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        self.path_arguments = {p["name"]: 11 + i for i, p in enumerate(p for p in parameters if p["in"] == "path")}
        self.path = self.template.format(**self.path_arguments)
        query = {p["name"]: sample(p["schema"], p["name"]) for p in parameters if p["in"] == "query"}
        # Only one of them makes sense, and the client says so.
        query.pop("before", None)
        self.query_arguments = {name: value for name, (value, _) in query.items()}
        self.query = {name: in_query(wire) for name, (_, wire) in query.items()}
        self.body: tuple[Any, Any] | None = None
        self.media_type = ""
        if "requestBody" in operation:
            ((self.media_type, media),) = resolve(operation["requestBody"])["content"].items()
            self.body_schema = media["schema"]
            self.body = sample(self.body_schema)
        status, response = next((s, resolve(r)) for s, r in operation["responses"].items() if s[0] in "23")
        content = response.get("content", {}).get("application/json")
        self.status = int(status)
        self.answer = sample(content["schema"])[1] if content else None
        if isinstance(self.answer, dict) and "pagination" in self.answer:
            self.answer["pagination"]["has_next_page"] = False

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(self.status, content=b"" if self.answer is None else json.dumps(self.answer))

    sent: list[httpx.Request]

    def check(self) -> None:
        (request,) = self.sent
        url = urlsplit(str(request.url))
        assert (request.method, url.path) == (self.method, self.path)
        assert dict(parse_qsl(url.query, keep_blank_values=True)) == self.query
        if self.body is None:
            assert request.content == b""
            return
        assert request.headers["Content-Type"] == self.media_type
        if self.media_type == "application/json":
            sent = json.loads(request.content)
            schema = {**self.body_schema, "components": DOCUMENT["components"]}
            jsonschema.Draft202012Validator(schema).validate(sent)
        else:
            sent = dict(parse_qsl(request.content.decode()))
        assert sent == self.body[1]


@pytest.fixture(params=sorted(OPERATIONS))
def case(request: pytest.FixtureRequest) -> Case:
    made = Case(request.param)
    made.sent = []
    return made


def modules() -> Iterator[Any]:
    for package in pkgutil.iter_modules(kit_api.api.__path__):
        folder = importlib.import_module(f"kit_api.api.{package.name}")
        for module in pkgutil.iter_modules(folder.__path__):
            yield importlib.import_module(f"{folder.__name__}.{module.name}")


MODULES = {module.OPERATION.name: module for module in modules()}


def methods(client: Resources | AsyncResources) -> dict[str, Callable[..., Any]]:
    """Every method of every resource by its route, as its docstring tells it."""
    found: dict[str, Callable[..., Any]] = {}
    for tag in {name.split(".")[2] for name in (module.__name__ for module in MODULES.values())}:
        for _, method in inspect.getmembers(getattr(client, tag), inspect.ismethod):
            route = re.search(r"Route: `(\w+ \S+)`", method.__doc__ or "")
            if route:
                assert route[1] not in found
                found[route[1]] = method
    return found


def module_arguments(case: Case, client: Any) -> dict[str, Any]:
    body = {} if case.body is None else {"body": case.body[0]}
    return {**case.path_arguments, "client": client, **case.query_arguments, **body}


def method_arguments(case: Case) -> dict[str, Any]:
    fields = {} if case.body is None else case.body[0]
    # An object that is all of a body is an envelope.
    if len(fields) == 1 and isinstance(content := next(iter(fields.values())), dict):
        fields = content
    return {**case.path_arguments, **case.query_arguments, **fields}


def kit(case: Case) -> Kit:
    return Kit(access_token="token", base_url="http://kit.test", transport=httpx.MockTransport(case.respond))


def async_kit(case: Case) -> AsyncKit:
    return AsyncKit(access_token="token", base_url="http://kit.test", transport=httpx.MockTransport(case.respond))


def test_each_operation_of_the_document_is_generated() -> None:
    assert MODULES.keys() == OPERATIONS.keys()


def by_id(case: Case) -> Any:
    return next(m for m in MODULES.values() if (m.OPERATION.method, m.OPERATION.path) == (case.method, case.template))


def sent_or_opened(case: Case, opened: object) -> None:
    """Check what was sent; of a page that is opened in a browser, its URL."""
    if isinstance(opened, str):
        assert case.sent == []
        case.sent.append(httpx.Request("GET", opened))
    case.check()


def test_generated_sync(case: Case) -> None:
    module = by_id(case)
    call = module.url if hasattr(module, "url") else module.sync
    sent_or_opened(case, call(**module_arguments(case, kit(case))))


@pytest.mark.anyio
async def test_generated_async(case: Case) -> None:
    module = by_id(case)
    async with async_kit(case) as client:
        arguments = module_arguments(case, client)
        sent_or_opened(case, module.url(**arguments) if hasattr(module, "url") else await module.asyncio(**arguments))


def test_resource_sync(case: Case) -> None:
    called = methods(kit(case))[f"{case.method} {case.template}"](**method_arguments(case))
    if hasattr(called, "first_page"):
        assert case.sent == [], "a list sends nothing before it is iterated over"
        called.first_page()
    sent_or_opened(case, called)


@pytest.mark.anyio
async def test_resource_async(case: Case) -> None:
    async with async_kit(case) as client:
        called = methods(client)[f"{case.method} {case.template}"](**method_arguments(case))
        if hasattr(called, "first_page"):
            await called.first_page()
        elif not isinstance(called, str):
            await called
    sent_or_opened(case, called)


def test_docstrings_name_the_error_that_each_documented_status_raises(case: Case) -> None:
    docstring = methods(kit(case))[f"{case.method} {case.template}"].__doc__ or ""
    named = set(re.findall(r"^ *kit_client\.(\w+): \S.*\.$", docstring, re.MULTILINE))
    module = by_id(case)
    if hasattr(module, "url"):
        assert named == set(), "nothing is sent"
        return
    raised = {"APIConnectionError", *({"OAuthRequiredError"} if module.OPERATION.security == ("oauth2",) else ())}
    case.answer = None
    for status in OPERATIONS[module.OPERATION.name][3]["responses"]:
        if status[0] in "45" and status != "415":  # The client sends each body with the media type that is documented.
            case.status = int(status.replace("XX", "00"))
            with kit(case).with_options(max_retries=0) as client, pytest.raises(KitError) as caught:
                module.sync(**module_arguments(case, client))
            raised.add(type(caught.value).__name__)
    assert named == raised
    assert all(issubclass(getattr(kit_client, name), KitError) for name in named)


def test_the_table_of_operations_has_each_as_it_is() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in text.splitlines() if line.startswith("| `")]
    assert {cells[1].strip("`") for cells in rows} == OPERATIONS.keys()
    assert len(rows) == len(OPERATIONS)
    by_route = methods(Kit(access_token="token"))
    for method, module, route, auth, retried, gives in rows:
        function = by_route[route.strip("`")]
        operation = MODULES[module.strip("`")].OPERATION
        tag = MODULES[module.strip("`")].__name__.split(".")[2]
        assert method == f"`kit.{tag}.{function.__name__}`"
        assert auth == {("apiKey", "oauth2"): "any", ("oauth2",): "OAuth", (): "none"}[operation.security]
        expected = "all" if operation.retry_safe else "429"
        assert retried == ("nothing is sent" if hasattr(MODULES[operation.name], "url") else expected)
        returned = inspect.signature(function).return_annotation.replace("builtins.", "")
        assert gives.strip("`").replace("\\|", "|") == returned


def test_every_operation_says_what_the_document_says_of_it() -> None:
    for name, (method, path, _, operation) in OPERATIONS.items():
        made = MODULES[name].OPERATION
        assert (made.method, made.path) == (method, path)
        assert made.retry_safe == (method in ("GET", "PUT", "DELETE") or operation.get("x-retry-safe", False)), name
        # `bearer` is the token of `oauth2` once more.
        assert set(made.security) == {scheme for way in operation["security"] for scheme in way} - {"bearer"}, name
        assert set(made.success) == {int(status) for status in operation["responses"] if status[0] in "23"}, name
