"""Queries and bodies are read as the service reads them: tables over all parameters and fields of the document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.protocol.casts import Caster
from kit_mock.status_coverage.recipe import SEED
from tests.unit.mock.conftest import START, client
from tests.unit.mock.document_fields import (
    BEHAVIOURS,
    RAW,
    Field,
    Parameter,
    beyond_reference,
    bodies,
    fields,
    line,
    operations,
    parameters,
    per_behaviour,
)

TRUE = ["true", "TRUE", "True", "t", "T", "1", "on", "yes", "y", "2", "banana"]
FALSE = ["false", "FALSE", "False", "f", "F", "0", "off", "OFF", "oFf"]
BLANK = ["", " ", "\t\n ", "\u2003"]

# Plain form, and what is read as the same.
SAME: dict[str, list[tuple[Any, list[Any]]]] = {
    "integer": [(1, ["1", " 1 ", "+1", "01"])],
    "number": [(1, ["1", "01"]), (12.5, ["12.5", "+12.50", " 12.5", "1.25e1"]), (0.25, ["0.25"])],
    "boolean": [(True, ["true", "TRUE", "t", "1", 1, 1.0, "on"]), (False, ["false", "F", "0", 0, 0.0, "off"])],
    "string": [("7", [7]), ("-3", [-3]), ("7.5", [7.5]), ("1.0", [1.0]), (str(10**25), [10**25]), ("true", [True])],
}
NEVER: dict[str, list[Any]] = {
    "integer": [*("one", "1.5", "1e2", "0x1", "1_000", "1 2", "\u0661", "--1", "9" * 31), 1.5, True, [1], {"a": 1}],
    "number": [*("one", "1,5", "1.", "0x1", "\u0661", "1e999", "NaN", "Infinity"), True, [1.5], {"a": 1}],
    "boolean": ["maybe", "yes", "no", 2, -1, 0.5, [True], {"a": 1}],
    "string": [["a"], {"a": "b"}],
}


def is_container(field: Field) -> bool:
    return bool({"array", "object"} & set(field.types))


def is_scalar(field: Field) -> bool:
    return not is_container(field)


def has_type(type_: str) -> Callable[[Parameter], bool]:
    return lambda parameter: type_ in parameter.types


def over_parameters(wanted: Callable[[Parameter], bool] = lambda parameter: True) -> pytest.MarkDecorator:
    """Run a test with an account of each behaviour, and each parameter of its queries that is wanted."""
    return pytest.mark.parametrize(("account", "parameter"), per_behaviour(parameters, wanted), indirect=["account"])


def over_fields(wanted: Callable[[Field], bool]) -> pytest.MarkDecorator:
    """Run a test with an account of each behaviour, and each field of its bodies that is wanted."""
    return pytest.mark.parametrize(("account", "field"), per_behaviour(fields, wanted), indirect=["account"])


class Account:
    """A mock with something of everything, as new for each request."""

    def __init__(self, mock: KitMock, http: httpx.Client) -> None:
        self.mock = mock
        self._http = http
        self._start = mock.snapshot()

    def ask(self, operation_id: str, query: dict[str, str | None] | None = None, **body: Any) -> httpx.Response:
        """The usual request of an operation, with these parameters instead of its own, or without those that are None."""
        self.mock.restore(self._start)
        method, path = line(operation_id)
        path, _, usual = path.partition("?")
        given = dict(parse_qsl(usual)) | (query or {})
        return self._http.request(
            method, path, params={name: text for name, text in given.items() if text is not None}, **body
        )


@pytest.fixture(scope="module", params=BEHAVIOURS)
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    with (
        KitMock(clock=Clock(START), seed=SEED, behaviour=request.param, auto_approve=True) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        yield Account(mock, http)


def shown(response: httpx.Response) -> tuple[int, Any]:
    """What tells two answers apart, without the secrets that OAuth makes anew each time."""
    if response.status_code == 302:
        return 302, sorted(httpx.URL(response.headers["Location"]).params)
    return response.status_code, response.json() if response.content else None


def complaints(response: httpx.Response) -> list[str]:
    answer = response.json()
    errors: list[str] = answer["errors"] if "errors" in answer else [answer["error_description"]]
    return [error.lower().replace("_", " ") for error in errors]


def named(name: str) -> str:
    """What messages call a field."""
    return {"transaction_id": "transaction"}.get(name, name.replace("_", " "))


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_tables_are_not_empty(behaviour: str) -> None:
    assert len([found for found in parameters(behaviour) if "boolean" in found.types]) >= 12
    types = {type_ for found in fields(behaviour) if is_scalar(found) for type_ in found.types}
    assert types == {"integer", "number", "boolean", "string", "null"}
    without_fields = set(bodies(behaviour)) - {found.operation_id for found in fields(behaviour)}
    assert without_fields == ({"add_form_subscriber"} if behaviour == "reference" else set())
    assert beyond_reference(parameters)
    assert beyond_reference(fields)


@pytest.mark.parametrize("parameter", beyond_reference(parameters), ids=str)
@pytest.mark.parametrize("account", ["reference"], indirect=True)
def test_a_parameter_that_the_reference_lacks_is_ignored_under_it(account: Account, parameter: Parameter) -> None:
    expected = shown(account.ask(parameter.operation_id, {parameter.name: None}))
    assert expected[0] == 200
    for text in ("", "true", "maybe", "-1"):
        assert shown(account.ask(parameter.operation_id, {parameter.name: text})) == expected, text


@pytest.mark.parametrize("field", beyond_reference(fields), ids=str)
@pytest.mark.parametrize("account", ["reference"], indirect=True)
def test_a_field_that_the_reference_lacks_is_ignored_under_it(account: Account, field: Field) -> None:
    expected = shown(account.ask(field.operation_id, json=field.body(None)))
    assert expected[0] in {200, 201}
    values: list[Any] = ["text", "cancelled", 1, -1, 1.5, True, ["a"], {"a": 1}, [[[]]]]
    for value in values:
        assert shown(account.ask(field.operation_id, json=field.body(value))) == expected, value


@over_parameters(has_type("boolean"))
def test_a_boolean_of_a_query_is_cast(account: Account, parameter: Parameter) -> None:
    for plain, spellings in (("true", TRUE), ("false", FALSE)):
        expected = shown(account.ask(parameter.operation_id, {parameter.name: plain}))
        assert expected[0] == 200
        for text in spellings:
            assert shown(account.ask(parameter.operation_id, {parameter.name: text})) == expected, text
            assert account.mock.requests[-1].query[parameter.name] is (plain == "true")


@over_parameters()
def test_a_blank_parameter_is_an_absent_one(account: Account, parameter: Parameter) -> None:
    expected = shown(account.ask(parameter.operation_id, {parameter.name: None}))
    assert (expected[0] in {200, 302}) or parameter.required
    for text in BLANK:
        assert shown(account.ask(parameter.operation_id, {parameter.name: text})) == expected, repr(text)
        assert parameter.name not in account.mock.requests[-1].query


@over_parameters(has_type("integer"))
def test_an_integer_of_a_query_is_digits(account: Account, parameter: Parameter) -> None:
    for text in ("3", "03", " 3 ", "+3"):
        assert account.ask(parameter.operation_id, {parameter.name: text}).status_code == 200
        assert account.mock.requests[-1].query[parameter.name] == 3
    for text in ("three", "3.5", "3e1", "0x3", "\u0663", "true", "9" * 31):
        response = account.ask(parameter.operation_id, {parameter.name: text})
        assert response.status_code == 422, text
        assert complaints(response)[0].startswith(named(parameter.name))


@over_fields(is_scalar)
def test_a_scalar_of_a_body_is_cast(account: Account, field: Field) -> None:
    for type_ in field.types:
        for plain, others in SAME.get(type_, []):
            expected = shown(account.ask(field.operation_id, json=field.body(plain)))
            assert expected[0] < 300 or not field.is_free or field.operation_id == "create_token", (plain, expected)
            for other in others:
                assert shown(account.ask(field.operation_id, json=field.body(other))) == expected, (plain, other)


@over_fields(is_scalar)
def test_a_blank_text_is_null_where_only_that_is_allowed(account: Account, field: Field) -> None:
    if "string" in field.types:
        return
    for text in ("", " "):
        response = account.ask(field.operation_id, json=field.body(text))
        if "null" in field.types:
            assert shown(response) == shown(account.ask(field.operation_id, json=field.body(None)))
        else:
            assert response.status_code == 422
            assert named(str(field.path[-1])) in complaints(response)[0] or field.path[-1] == 0


@over_fields(lambda field: is_scalar(field) and field.operation_id != "create_token")
def test_what_cannot_be_cast_is_refused_by_name(account: Account, field: Field) -> None:
    (type_,) = (found for found in field.types if found != "null")
    name = next(str(step) for step in reversed(field.path) if step != 0)
    for value in NEVER[type_]:
        response = account.ask(field.operation_id, json=field.body(value))
        assert response.status_code == 422, (value, response.text)
        assert any(named(name) in complaint for complaint in complaints(response)), (value, response.text)


@over_fields(is_container)
def test_a_wrong_container_is_refused(account: Account, field: Field) -> None:
    wrong: list[Any] = ["text", 5, True, {"a": 1} if "array" in field.types else ["a"]]
    for value in wrong:
        response = account.ask(field.operation_id, json=field.body(value))
        assert response.status_code == 422, (value, response.text)


@over_fields(lambda field: "object" in field.types)
def test_an_empty_list_is_an_empty_object(account: Account, field: Field) -> None:
    expected = shown(account.ask(field.operation_id, json=field.body({})))
    assert shown(account.ask(field.operation_id, json=field.body([]))) == expected


@pytest.mark.parametrize(("account", "operation_id"), per_behaviour(bodies), indirect=["account"])
def test_an_empty_list_is_an_empty_body(account: Account, operation_id: str) -> None:
    expected = shown(account.ask(operation_id, json={}))
    assert shown(account.ask(operation_id, json=[])) == expected
    assert shown(account.ask(operation_id, content=b" [ ] ", headers={"Content-Type": "application/json"})) == expected


@pytest.mark.parametrize("operation_id", sorted({raw["operationId"] for _, raw in operations()} - set(bodies())))
@pytest.mark.parametrize("content", [b"[]", b"{}", b'"x"', b"{broken", b"a[b"])
def test_an_operation_without_a_body_ignores_one(account: Account, operation_id: str, content: bytes) -> None:
    expected = shown(account.ask(operation_id))
    for headers in ({}, {"Content-Type": "application/json"}, {"Content-Type": "application/xml"}):
        assert shown(account.ask(operation_id, content=content, headers=headers)) == expected


@pytest.mark.parametrize("name", ["client_id", "grant_type", "client_secret", "refresh_token"])
def test_a_token_request_is_cast_and_what_cannot_be_is_refused_by_name(account: Account, name: str) -> None:
    usual = {
        "client_id": "kit_test_confidential",
        "client_secret": "kit_test_secret",
        "grant_type": "refresh_token",
        "refresh_token": "guessed",
    }
    assert shown(account.ask("create_token", json={**usual, name: 7})) == shown(
        account.ask("create_token", data={**usual, name: "7"})
    )
    response = account.ask("create_token", json={**usual, name: ["x"]})
    assert (response.status_code, response.json()["error_description"]) == (400, f"{name} must be a string")


@pytest.mark.parametrize(
    ("schema", "given", "cast"),
    [
        ({"anyOf": [{"type": "integer"}, {"enum": ["all", "none"]}]}, ["5", "all", "one", 5], [5, "all", "one", 5]),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, ["5", 5, 5.5, True], ["5", 5, "5.5", "true"]),
        ({"oneOf": [{"type": "boolean"}, {"type": "null"}]}, ["1", "", None, "x"], [True, None, None, "x"]),
        ({"type": ["number", "null"]}, ["5", "5.0", " ", 5], [5, 5.0, None, 5]),
        ({"enum": [1, 2, None]}, ["1", "", 2.0], [1, None, 2.0]),
        ({"type": "array"}, ["5", [], {}, ["5"]], ["5", [], {}, ["5"]]),
        ({"type": ["array", "object"]}, [[]], [[]]),
        ({}, ["5", 5, [], {}, True, None], ["5", 5, [], {}, True, None]),
        (
            {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"type": "object"}]},
            [{"a": "1", "b": "1"}, []],
            [{"a": 1, "b": "1"}, {}],
        ),
        (
            {"$ref": "node"},
            [{"next": {"next": {"size": "3", "next": []}}}],
            [{"next": {"next": {"size": 3, "next": {}}}}],
        ),
    ],
)
def test_a_value_is_cast_by_what_its_schema_allows(schema: dict[str, Any], given: list[Any], cast: list[Any]) -> None:
    node = {"type": "object", "properties": {"size": {"type": "integer"}, "next": {"$ref": "node"}}}
    caster = Caster(lambda found: node if "$ref" in found else found, schema)
    found = [caster.cast(value) for value in given]
    assert json.dumps(found) == json.dumps(cast)
    assert json.dumps([caster.cast(value) for value in found]) == json.dumps(found)


def test_many_items_are_cast_and_each_that_cannot_be_is_named(account: Account) -> None:
    items: list[dict[str, Any]] = [{"tag_id": "1", "subscriber_id": str(1 + n % 2)} for n in range(100)]
    response = account.ask("bulk_tag_subscribers", json={"taggings": items})
    assert ([found["id"] for found in response.json()["subscribers"]], response.json()["failures"]) == ([1, 2], [])
    items[41]["tag_id"] = "one"
    response = account.ask("bulk_tag_subscribers", json={"taggings": items})
    expected = {"reference": "Taggings 41 tag id must be an integer"}
    expected["current"] = f"{expected['reference']} or null"
    assert (response.status_code, response.json()) == (422, {"errors": [expected[account.mock.behaviour]]})


def test_a_queued_job_works_with_what_was_cast() -> None:
    with KitMock(clock=Clock(START)) as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as http:
        assert http.post("/v4/bulk/tags", json={"tags": [{"name": number} for number in range(101)]}).status_code == 202
        mock.advance(minutes=1)
        assert {found["name"] for found in mock.tags.all()} == {str(number) for number in range(101)}


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_purchase_is_cast_in_its_envelope_and_without(account: Account, wrapped: bool) -> None:
    product = {"name": 1984, "pid": 12, "lid": 3.5, "quantity": "2", "unit_price": "9.90", "sku": 0}
    given: dict[str, Any] = {
        "transaction_id": 99,
        "email_address": "ada@example.com",
        "currency": "USD",
        "shipping": "4",
        "products": [product],
    }
    response = account.ask("create_purchase", json={"purchase": given} if wrapped else given)
    found = response.json()["purchase"]
    assert (found["transaction_id"], found["total"]) == ("99", 23.8)
    expected = {"name": "1984", "pid": "12", "lid": "3.5", "quantity": 2, "unit_price": 9.9, "sku": "0"}
    assert found["products"] == [expected]


def test_a_list_in_a_query_is_read_however_it_is_written(tmp_path: Any) -> None:
    raw = json.loads(json.dumps(RAW))
    raw["paths"]["/v4/tags"]["get"]["parameters"] += [
        {"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
        {"name": "ratio", "in": "query", "schema": {"type": "number"}},
        {"name": "slim", "in": "query", "schema": {"type": ["boolean", "null"]}},
    ]
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(raw))
    with KitMock(document=path) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        for query in ("ids=1,2", "ids=1&ids=2", "ids[]=1&ids[]=2", "ids=1,%202,", "ids=1&ids=&ids=2"):
            assert http.get(f"/v4/tags?{query}&ratio=.5&ratio=0.5&slim=0").status_code == 200
            assert mock.requests[-1].query == {"ids": [1, 2], "ratio": 0.5, "slim": False}
        response = http.get("/v4/tags?ids=1,two&slim=&ratio=half")
        assert response.json()["errors"] == ["Ids 1 must be an integer", "Ratio must be a number"]
        assert http.get("/v4/tags?ids=&ids[]=").status_code == 200
        assert mock.requests[-1].query == {}
