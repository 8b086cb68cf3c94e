"""What a schema finds wrong, in sentences."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from kit_mock.protocol.validation_messages import human, sentence

TEXT_OR_NULL = {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]}
VALUES_OR_NULL = {"oneOf": [{"type": "null"}, {"type": "object", "additionalProperties": {"type": "string"}}]}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "number"}, "x", "Some field must be a number"),
        ({"type": ["null", "boolean"]}, "x", "Some field must be true or false or null"),
        ({"type": "string"}, None, "Some field can't be blank"),
        ({"minimum": 1}, 0, "Some field must be at least 1"),
        ({"maximum": 9}, 10, "Some field must be at most 9"),
        ({"minLength": 1}, "", "Some field can't be blank"),
        ({"minLength": 3}, "ab", "Some field is too short (minimum is 3 characters)"),
        ({"maxLength": 3}, "abcd", "Some field is too long (maximum is 3 characters)"),
        ({"minItems": 1}, [], "Some field can't be blank"),
        ({"maxItems": 1}, [1, 2], "Some field can have at most 1 entries"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "Some field can have at most 1 entries"),
        ({"pattern": "^a"}, "b", "Some field is invalid"),
        ({"items": {"type": "integer"}}, ["x"], "Some field 0 must be an integer"),
        ({"required": ["part_one"]}, {}, "Some field part one can't be blank"),
        (TEXT_OR_NULL, "c", "Some field must be one of a, b"),
        (TEXT_OR_NULL, 5, "Some field must be a string"),
        (VALUES_OR_NULL, {"inner_part": 5}, "Some field inner part must be a string"),
    ],
)
def test_sentences(schema: dict[str, Any], value: Any, expected: str) -> None:
    validator = Draft202012Validator({"properties": {"some_field": schema}})
    (violation,) = validator.iter_errors({"some_field": value})
    assert sentence(violation) == expected


def test_a_whole_body_and_a_named_value() -> None:
    (violation,) = Draft202012Validator({"type": "object"}).iter_errors([])
    assert sentence(violation) == "The request body must be an object"
    assert sentence(violation, ["per_page"]) == "Per page must be an object"


def test_names_as_people_write_them() -> None:
    assert [human(name) for name in ("email_address", "id", "")] == ["Email address", "Id", ""]
