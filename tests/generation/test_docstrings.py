"""The docstrings of generated functions state what the document says of each operation, and nothing that can't be."""

from __future__ import annotations

import copy
import importlib
import inspect
import re
from typing import Any

import pytest
from document import each_operation, error_descriptions, load, parameter_descriptions, resolved

from kit_client import AsyncKit, Kit

DOCUMENT = load()
OPERATIONS = {
    operation["operationId"]: (path, item, operation) for path, _, item, operation in each_operation(DOCUMENT)
}
ROUTES = {
    operation["operationId"]: f"{method.upper()} {path}" for path, method, _, operation in each_operation(DOCUMENT)
}


def docstrings(name: str, operation: dict[str, Any]) -> list[str]:
    """Every docstring that lists the errors of an operation: of its module's functions, and of the resource methods."""
    module = importlib.import_module(f"kit_api.api.{operation['tags'][0]}.{name}")
    resources = importlib.import_module(f"kit_api.api.{operation['tags'][0]}")
    owners = [module, *(value for value in vars(resources).values() if inspect.isclass(value))]
    functions = [value for owner in owners for value in vars(owner).values() if inspect.isfunction(value)]
    route = f"Route: `{ROUTES[name]}`,"
    return [text for function in functions if (text := inspect.getdoc(function)) and route in text]


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_error_is_described_in_the_operation_s_own_words(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    for text in docstrings(name, operation):
        stated = re.findall(r"^    kit_client\.\w+Error: (.+)$", text, re.MULTILINE)
        for status, answer in operation["responses"].items():
            if status[0] == "4" and status != "415" and "description" in answer and stated:
                assert answer["description"].partition(". ")[0].removesuffix(".") + "." in stated


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_error_is_about_something_that_the_operation_does_not_take(name: str) -> None:
    path, item, operation = OPERATIONS[name]
    listed = [resolved(DOCUMENT, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    takes_dates = any("'format': 'date" in str(resolved(DOCUMENT, each["schema"])) for each in listed)
    texts = docstrings(name, operation)
    assert len(texts) == 3
    for text in texts:
        errors = text.partition("Raises:")[2].partition("Returns:")[0]
        assert "requestBody" in operation or "The body isn't" not in errors
        assert "{" in path or "that id" not in errors
        assert listed or "requestBody" in operation or " value " not in errors
        assert takes_dates or " a date" not in errors
        assert any(each["name"] == "after" for each in listed) or "cursor" not in errors


@pytest.mark.parametrize("kind", [Kit, AsyncKit])
def test_help_states_why_a_broadcast_has_no_stats(kind: type[Kit | AsyncKit]) -> None:
    described = inspect.getdoc(kind(api_key="key").broadcasts.get_stats)
    assert "kit_client.BadRequestError: The broadcast was sent more than five years ago." in str(described)


def test_keys_beside_a_reference_override_its_target() -> None:
    document = copy.deepcopy(DOCUMENT)
    operation = document["paths"]["/v4/tags"]["get"]
    operation["parameters"][-1] = {"$ref": operation["parameters"][-1]["$ref"], "description": "Whether to count."}
    operation["responses"]["401"] = {"$ref": "#/components/responses/Again", "description": "Nobody is known."}
    document["components"]["responses"]["Again"] = {"$ref": "#/components/responses/Unauthorized"}
    assert list(parameter_descriptions(document, {}, operation))[-1][1] == "Whether to count."
    assert error_descriptions(document, operation)["401"] == "Nobody is known."
    assert resolved(document, {"$ref": "#/components/responses/Again"})["description"].startswith("The credentials")
