"""Bodies with very many mistakes: they are told of by the hundred, and found piece by piece, so that nobody has to wait."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from kit_mock.protocol import document
from kit_mock.protocol.casts import Caster
from kit_mock.protocol.pieces import pieces
from kit_mock.protocol.validation_messages import sentence

LARGE = 5_000
"""Bytes: none of the pieces below need be larger."""
LONG = "x" * 300
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "groups"],
    "properties": {
        "name": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
        "groups": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind"],
                "properties": {
                    "kind": {"type": "string"},
                    "ids": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
                    "of": {
                        "type": "object",
                        "required": ["a", "b"],
                        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    },
                },
            },
        },
    },
}
_few = st.sampled_from([1, 2, 60])
_scalar = st.sampled_from([1, "", "text", LONG, None, True])
_ids = st.builds(lambda each, many: each * many, st.lists(_scalar, max_size=4), st.sampled_from([1, 900]))
_of = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.one_of(_scalar, _ids), max_size=4)
_fields = st.builds(
    lambda value, many: {f"field{number}": value for number in range(many)}, _scalar, st.sampled_from([1, 20])
)
_group = st.fixed_dictionaries({}, optional={"kind": _scalar, "ids": _ids, "of": _of, "other": _ids})
_groups = st.builds(lambda each, many: each * many, st.lists(st.one_of(_group, _scalar), max_size=3), _few)
_bodies = st.fixed_dictionaries({}, optional={"name": _scalar, "groups": _groups, "fields": _fields, "other": _ids})


def size(value: Any) -> int:
    return len(msgspec.json.encode(value))


@given(_bodies)
def test_pieces_have_the_mistakes_of_the_whole_and_no_others(body: dict[str, Any]) -> None:
    validator = Draft202012Validator(SCHEMA)
    found = {
        sentence(each, whole_path=piece.whole_path)
        for piece in pieces(body, Caster(lambda schema: schema, SCHEMA))
        for each in validator.iter_errors(piece.value)
    }
    assert found == {sentence(each) for each in validator.iter_errors(body)}


@given(_bodies)
def test_all_pieces_together_are_hardly_larger_than_the_whole(body: dict[str, Any]) -> None:
    sizes = [size(piece.value) for piece in pieces(body, Caster(lambda schema: schema, SCHEMA))]
    assert sum(sizes) < 10 * size(body) + LARGE


BODIES: dict[str, tuple[str, str, Any]] = {
    "products": ("POST", "purchases", {"purchase": {"products": [{}] * 100_000}}),
    "groups": ("POST", "broadcasts", {"subscriber_filter": [{"all": [{}] * 100_000}]}),
    "ids": ("POST", "broadcasts", {"subscriber_filter": [{"all": [{"type": "tag", "ids": [""] * 200_000}]}]}),
    "spread": ("POST", "broadcasts", {"subscriber_filter": [{"all": [{"type": "tag", "ids": [[]]}]}] * 20_000}),
    "colors": ("PUT", "account/colors", {"colors": [1] * 200_000}),
    "fields": ("POST", "subscribers", {"email_address": "a@b.cc", "fields": {f"f{n}": [] for n in range(80_000)}}),
    "event": ("POST", "webhooks", {"target_url": 1, "event": {f"f{n}": [] for n in range(80_000)}}),
    "taggings": ("POST", "bulk/tags/subscribers", {"x": [0] * 200_000, "taggings": [{}] * 50_000}),
}


@pytest.mark.parametrize(("method", "path", "body"), BODIES.values(), ids=BODIES)
def test_a_hundred_mistakes_are_told(oauth: httpx.Client, method: str, path: str, body: dict[str, Any]) -> None:
    answer = oauth.request(method, f"/v4/{path}", json=body)
    assert answer.status_code == 422
    assert 1 <= len(answer.json()["errors"]) <= 100


@pytest.mark.parametrize("path", ["/v4/broadcasts", "/v4/subscribers", "/v4/bulk/tags/subscribers"])
def test_what_is_validated_at_once_is_small(path: str) -> None:
    bodies = [body for _, name, body in BODIES.values() if path == f"/v4/{name}"]
    operation, _ = document.load().router.find("POST", path)
    assert operation.body is not None
    content = next(iter(operation.body.contents.values()))
    assert bodies
    for body in bodies:
        known = {name: each for name, each in body.items() if name in content.caster.names}
        assert max(size(piece.value) for piece in pieces(known, content.caster)) < LARGE


def test_a_mistake_far_down_a_long_list_is_told_with_its_place(oauth: httpx.Client) -> None:
    body = {"subscriber_filter": [{"all": [{"type": "tag", "ids": [*[1] * 9_000, []]}]}]}
    assert oauth.post("/v4/broadcasts", json=body).json() == {
        "errors": ["Subscriber filter 0 all 0 ids 9000 must be an integer"]
    }


def test_too_many_entries_are_told_of_beside_mistakes_in_them(oauth: httpx.Client) -> None:
    body = {"email_address": "a@b.cc", "fields": {f"f{number}": [LONG] for number in range(141)}}
    errors = oauth.post("/v4/subscribers", json=body).json()["errors"]
    assert "Fields can have at most 140 entries" in errors
    assert "Fields f0 must be a string or null" in errors
