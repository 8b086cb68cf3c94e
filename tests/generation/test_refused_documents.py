"""A document whose names Python or the client can't have is refused in a line for each, and nothing is written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from generate import generate
from openapi_python_client.parser.openapi import Endpoint
from views import method_name, raises

Document = dict[str, Any]


def generated(folder: Path, document: Document) -> list[str]:
    source = folder / "openapi.yaml"
    source.write_text(yaml.safe_dump(document), encoding="utf-8")
    return generate(folder / "kit_api", source)


@pytest.fixture
def small(document: Document) -> Document:
    """The operations on tags alone, and what they refer to: the whole document takes a second for each case."""
    made = {**document, "paths": {"/v4/tags": copy.deepcopy(document["paths"]["/v4/tags"])}}
    for operation in made["paths"]["/v4/tags"].values():
        for answer in operation["responses"].values():
            answer.pop("links", None)
    found: set[tuple[str, str]] = set()

    def follow(part: Any) -> None:
        for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            follow(each)
        name = part.get("$ref") if isinstance(part, dict) else None
        if isinstance(name, str):
            kind, key = name.removeprefix("#/components/").split("/")
            if (kind, key) not in found:
                found.add((kind, key))
                follow(document["components"][kind][key])

    follow(made["paths"])
    parts = document["components"]
    components: Document = {"securitySchemes": parts["securitySchemes"]}
    for kind, key in sorted(found):
        components.setdefault(kind, {})[key] = copy.deepcopy(parts[kind][key])
    return {**made, "components": components}


def with_operation(document: Document, tag: str, name: str, path: str = "/v4/again", **more: Any) -> Document:
    """Add one that is as `list_tags` but for its id and tag."""
    made = copy.deepcopy(document)
    made["paths"][path] = {"get": {**made["paths"]["/v4/tags"]["get"], "operationId": name, "tags": [tag], **more}}
    made["tags"] = [{"name": each, "description": each} for each in {tag, *(each["name"] for each in made["tags"])}]
    return made


def with_parameter(document: Document, name: str, method: str = "get", path: str = "/v4/tags") -> Document:
    made = copy.deepcopy(document)
    parameter = {"name": name, "in": "query", "description": "Any.", "schema": {"type": "string"}, "example": "a"}
    made["paths"][path][method].setdefault("parameters", []).append(parameter)
    return made


def with_property(document: Document, schema: str, name: str, kind: Document | None = None) -> Document:
    made = copy.deepcopy(document)
    properties = made["components"]["schemas"][schema]["properties"]
    properties[name] = kind or {"type": "string", "description": "Any."}
    return made


def without(document: Document, *keys: str) -> Document:
    made = copy.deepcopy(document)
    place = made
    for key in keys[:-1]:
        place = place[key]
    del place[keys[-1]]
    return made


STRINGS: Document = {"type": "array", "items": {"type": "string"}, "description": "Any."}
CASES: dict[str, tuple[Callable[[Document], Document], list[list[str]]]] = {
    "an id that is another one in snake case": (
        lambda d: with_operation(d, "tags", "createTag"),
        [["GET /v4/again", "createTag", "one that can is create_tag"], ["GET /v4/again", "POST /v4/tags"]],
    ),
    "an id of another operation": (
        lambda d: with_operation(d, "tags", "create_tag"),
        [["create_tag"]],
    ),
    "an id with other characters": (lambda d: with_operation(d, "tags", "tags.find"), [["tags.find", "tags_find"]]),
    "a method twice": (lambda d: with_operation(d, "tags", "list_tag"), [["list_tag", "kit.tags.list", "list_tags"]]),
    "a method that is a keyword": (
        lambda d: with_operation(d, "tags", "import_tags"),
        [["import_tags", "kit.tags.import"]],
    ),
    "a tag of the overlay": (lambda d: with_operation(d, "bulk", "find_bulk"), [["bulk", "Kit"]]),
    "a tag that is a method of Kit": (lambda d: with_operation(d, "request", "find_request"), [["request", "Kit"]]),
    "a tag that is a method of the client": (lambda d: with_operation(d, "close", "find_it"), [["close", "Kit"]]),
    "a tag that is assigned by Kit": (
        lambda d: with_operation(d, "rate_limiter", "find_it"),
        [["rate_limiter", "Kit"]],
    ),
    "a tag with a space": (lambda d: with_operation(d, "old tags", "find_it"), [["find_it", "old tags", "old_tags"]]),
    "a method that hides a type": (lambda d: with_operation(d, "tags", "int_tags"), [["tags", "int"]]),
    "a parameter that is a keyword": (lambda d: with_parameter(d, "from"), [["list_tags", "parameter from"]]),
    "another keyword": (lambda d: with_parameter(d, "class"), [["list_tags", "parameter class"]]),
    "a parameter with a hyphen": (lambda d: with_parameter(d, "x-y"), [["list_tags", "parameter x-y"]]),
    "a parameter called client": (lambda d: with_parameter(d, "client"), [["list_tags", "parameter client"]]),
    "a parameter called self": (lambda d: with_parameter(d, "self"), [["list_tags", "parameter self"]]),
    "a parameter called limit": (lambda d: with_parameter(d, "limit"), [["list_tags", "parameter limit"]]),
    "a parameter called body": (lambda d: with_parameter(d, "body", "post"), [["create_tag", "parameter body"]]),
    "a parameter and a property": (lambda d: with_parameter(d, "name", "post"), [["create_tag", "property name"]]),
    "a parameter that hides a function": (
        lambda d: with_parameter(d, "query_values"),
        [["list_tags", "query_values"]],
    ),
    "a parameter that hides a module": (
        lambda d: with_parameter(d, "list_tags"),
        [["tags", "argument list_tags"]],
    ),
    "a property that is a keyword": (lambda d: with_property(d, "Tag", "class"), [["Tag", "property class"]]),
    "a property with a hyphen": (lambda d: with_property(d, "Tag", "x-y"), [["Tag", "property x-y"]]),
    "a property that is a method": (lambda d: with_property(d, "Tag", "to_dict"), [["Tag", "property to_dict"]]),
    "a property that hides a type": (
        lambda d: with_property(with_property(d, "Tag", "list"), "Tag", "names", STRINGS),
        [["Tag", "property list"]],
    ),
    "no id": (lambda d: without(d, "paths", "/v4/tags", "get", "operationId"), [["GET /v4/tags", "operationId"]]),
    "no tag": (lambda d: without(d, "paths", "/v4/tags", "get", "tags"), [["GET /v4/tags", "tag"]]),
    "no answers": (lambda d: without(d, "paths", "/v4/tags", "get", "responses"), [["/v4/tags.get.responses"]]),
    "no answer of this name": (lambda d: without(d, "components", "responses", "Unauthorized"), [["Unauthorized"]]),
    "no scheme of this name": (lambda d: without(d, "components", "securitySchemes", "apiKey"), [["apiKey"]]),
}


@pytest.mark.parametrize("case", CASES)
def test_each_name_that_cannot_be_is_refused_in_a_line(case: str, small: Document, tmp_path: Path) -> None:
    change, expected = CASES[case]
    lines = generated(tmp_path, change(small))
    assert len(lines) == len(expected)
    for line, words in zip(lines, expected, strict=True):
        assert "\n" not in line
        assert all(word in line for word in words), line
    assert not (tmp_path / "kit_api").exists()


def test_what_is_not_yaml_is_refused_in_a_line(tmp_path: Path) -> None:
    source = tmp_path / "openapi.yaml"
    source.write_text("paths: [", encoding="utf-8")
    [line] = generate(tmp_path / "kit_api", source)
    assert line.startswith("openapi.yaml isn't YAML")
    assert "\n" not in line


def test_ordinary_names_are_not_refused(small: Document, tmp_path: Path) -> None:
    made = small
    for name in ("query", "search", "format", "date", "type", "status_code"):
        made = with_parameter(made, name)
    for name in ("client", "body", "type", "date", "format", "description", "limit"):
        made = with_property(made, "NewTag", name)
    operation = made["paths"]["/v4/tags"]["get"]
    made["security"] = operation.pop("security")
    operation["responses"]["409"] = {"description": "Another request changes it."}
    operation["responses"]["503"] = {"description": "The service rests."}
    assert generated(tmp_path, made) == []
    code = (tmp_path / "kit_api" / "api" / "tags" / "list_tags.py").read_text(encoding="utf-8")
    assert 'security=("apiKey", "oauth2")' in code
    assert "query=query" in code
    assert "kit_client.APIStatusError: Another request changes it." in code


@pytest.mark.parametrize(
    ("name", "tag", "method"),
    [
        ("list_formats", "forms", "list_formats"),
        ("list_tagged_subscribers", "tags", "list_tagged_subscribers"),
        ("list_tags", "tags", "list"),
        ("get_tag", "tags", "get"),
        ("bulk_tag_subscribers", "tags", "bulk_tag_subscribers"),
        ("bulk_update_custom_field_values", "custom_fields", "bulk_update_values"),
    ],
)
def test_a_method_is_named_without_the_whole_word_of_its_tag(name: str, tag: str, method: str) -> None:
    endpoint = cast(Endpoint, SimpleNamespace(name=name))
    assert method_name(endpoint, tag) == method


def test_two_errors_of_one_class_are_both_described() -> None:
    operation = {"security": [], "errors": {"402": "It isn't paid.", "409": "It is taken. Wait.", "500": "It failed."}}
    assert raises(operation) | {"APIConnectionError": ""} == {
        "APIStatusError": "It isn't paid; or: It is taken",
        "ServerError": "It failed",
        "APIConnectionError": "",
    }
