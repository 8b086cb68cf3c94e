"""In strict mode nothing is cast: a request must have the document's own types and media types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.status_coverage.recipe import SEED
from tests.unit.mock.conftest import START, client
from tests.unit.mock.document_fields import (
    BEHAVIOURS,
    Field,
    Parameter,
    bodies,
    fields,
    line,
    parameters,
    per_behaviour,
)
from tests.unit.mock.test_casts import complaints, is_scalar, named
from tests.unit.mock.test_request_bodies import usual

WRONG: dict[str, tuple[list[Any], str]] = {
    "integer": (["1", True, 1.5, ""], "an integer"),
    "number": (["1.5", True, ""], "a number"),
    "boolean": (["true", 1, 0, "0", ""], "true or false"),
    "string": ([7, 1.5, True], "a string"),
}
# What Kit's own messages say instead.
OWN = (
    "is invalid",
    "is required",
    "isn't a valid",
    "is not a valid",
    "must be one of",
    "must be paid",
    "can't be blank",
)

FORMS = {"create_token", "untag_subscriber_by_email"}
"""Whose body is a form, in which all is text."""
PARAMETERS = per_behaviour(parameters)
LISTS = per_behaviour(parameters, lambda parameter: parameter.types == ("array",))
SCALARS = per_behaviour(fields, lambda field: is_scalar(field) and field.operation_id not in FORMS)


@pytest.fixture(scope="module", params=BEHAVIOURS)
def strict(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with (
        KitMock(clock=Clock(START), seed=SEED, behaviour=request.param, strict=True) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        yield http


@pytest.mark.parametrize(("strict", "parameter"), PARAMETERS, indirect=["strict"])
def test_a_parameter_of_another_type_is_refused(strict: httpx.Client, parameter: Parameter) -> None:
    method, path = line(parameter.operation_id)
    wrong = {"boolean": ["0", "1", "True", "t", "", " "], "integer": ["", " 5", "+5 ", "5.0"]}
    for text in wrong.get(parameter.types[0], []):
        response = strict.request(method, path, params={parameter.name: text})
        expected = "true or false" if parameter.types[0] == "boolean" else "an integer"
        assert response.status_code == 422
        assert complaints(response) == [f"{named(parameter.name)} must be {expected}"]


@pytest.mark.parametrize(("strict", "field"), SCALARS, indirect=["strict"])
def test_a_field_of_another_type_is_refused_by_name_with_what_was_expected(strict: httpx.Client, field: Field) -> None:
    method, path = line(field.operation_id)
    name = next(str(step) for step in reversed(field.path) if step != 0)
    (type_,) = (found for found in field.types if found != "null")
    values, expected = WRONG[type_]
    for value in values:
        response = strict.request(method, path, json=field.body(value))
        assert response.status_code == 422, (value, response.text)
        told = [complaint for complaint in complaints(response) if named(name) in complaint]
        assert any(expected in complaint or any(own in complaint for own in OWN) for complaint in told), response.text


@pytest.mark.parametrize(("strict", "operation_id"), per_behaviour(bodies), indirect=["strict"])
def test_only_the_media_type_of_the_document_is_taken(strict: httpx.Client, operation_id: str) -> None:
    method, path, body = usual(operation_id)
    other = {"json": body} if operation_id in FORMS else {"data": {"a": "b"}}
    response = strict.request(method, path, **other)
    assert response.status_code == (400 if operation_id == "create_token" else 415)
    response = strict.request(method, path, content=b"a=b")
    assert response.status_code == (400 if operation_id == "create_token" else 415)
    if operation_id not in FORMS:
        response = strict.request(method, path, json=[])
        assert (response.status_code, response.json()["errors"]) == (422, ["The request body must be an object"])


def test_what_the_document_allows_is_taken(strict: httpx.Client) -> None:
    assert strict.get("/v4/tags", params={"include_total_count": "true", "per_page": "5"}).status_code == 200
    assert strict.post("/v4/broadcasts", json={"subject": "Hello", "public": True}).status_code == 201
    assert strict.request("DELETE", "/v4/tags/2/subscribers?email_address=ada@example.com").status_code == 204


@pytest.mark.parametrize(("strict", "parameter"), LISTS, indirect=["strict"])
@pytest.mark.parametrize("rest", ["", ",", " "])
def test_a_blank_item_of_a_list_is_refused(strict: httpx.Client, parameter: Parameter, rest: str) -> None:
    method, path = line(parameter.operation_id)
    response = strict.request(method, path, params={parameter.name: rest})
    assert response.status_code == 422
    assert named(parameter.name) in complaints(response)[0]
