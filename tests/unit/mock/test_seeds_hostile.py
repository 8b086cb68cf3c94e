"""Seeds, documents and bodies made to cost much more than their size: each is refused in one line, and at once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kit_mock import KitMock, KitMockError
from kit_mock.protocol import document
from kit_mock.seeds import source
from kit_mock.seeds.node import Node
from tests.unit.mock.conftest import client

DEEP = 100_000


@contextmanager
def at_once() -> Iterator[None]:
    """What is inside takes less than a second of this process, whatever else the machine does."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < 1


def refusal(**arguments: Any) -> str:
    with at_once(), pytest.raises(KitMockError) as caught:
        KitMock(**arguments)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 1000
    return text


def laughs(first: str, *, of: Callable[[int], str]) -> str:
    """Nine levels, each of which has the one before nine times."""
    return f"a0: &a0 {first}\n" + "".join(f"a{level}: &a{level} {of(level - 1)}\n" for level in range(1, 10))


NESTED = {
    "lists": "[" * DEEP,
    "closed lists": "[" * DEEP + "]" * DEEP,
    "objects": '{"a": ' * DEEP,
    "both": '[{"a": ' * DEEP,
}
YAML = {
    **NESTED,
    "lists in block style": "- " * DEEP,
    "names": "? " * DEEP,
    "lists by indentation": "".join(f"{' ' * level}-\n" for level in range(1000)),
    "aliases in lists": laughs("[x, x]", of=lambda level: f"[{', '.join([f'*a{level}'] * 9)}]"),
    "aliases in objects": laughs(
        "{x: y}", of=lambda level: "{" + ", ".join(f"k{n}: *a{level}" for n in range(9)) + "}"
    ),
    "aliases of a text": "tags:\n - &a " + "x" * 1_000_000 + "\n - *a" * 20_000,
    "merged objects": laughs("{x: y}", of=lambda level: f"{{<<: [{', '.join([f'*a{level}'] * 9)}]}}"),
    "large merged objects": "a: &a {" + ", ".join(f"k{n}: 1" for n in range(3000)) + "}\nb:\n" + " - {<<: *a}\n" * 3000,
    "an object merged into itself": "a: &a {<<: [*a, *a]}",
    "a chain of merged objects": "\n".join(
        ["b: [[[[&a0 {x: y}"] + [f", &a{n} {{<<: *a{n - 1}}}" for n in range(1, 5000)] + ["]]]]", "c: {<<: *a4999}"]
    ),
    "a list in itself": "a: &a [*a, *a]",
    "base 60": "name: 1" + ":1" * 300_000,
    "base 60 with a fraction": "name: 1" + ":1" * 300_000 + ".5",
    "digits": "name: " + "1" * 1_000_000,
    "hexadecimal digits": "name: 0x" + "1" * 1_000_000,
    "documents": "---\n" * DEEP,
    "directives": "%TAG !a! b\n" * DEEP + "--- {}",
    "anchors": "a: [" + ", ".join(f"&a{n} x" for n in range(10_000)) + "]",
    "a name": f"? {'k' * 1_000_000}\n: 1",
    "a name in lines": '? "a\\nb"\n: 1',
    "values under a long name": f"tags:\n  ? {'k' * 1_000_000}\n  : [" + "1, " * 10_000 + "1]",
    "an unknown tag": f"!{'a' * 100_000} x",
    "a tag of Python": "!!python/object/apply:os.system [true]",
    "NUL": "\0" * DEEP,
}
JSON = {
    **NESTED,
    "digits": '{"name": ' + "1" * 1_000_000 + "}",
    "digits with a fraction": '{"tags": [{"name": "A", "id": ' + "1" * 1_000_000 + ".5}]}",
    "an exponent": '{"tags": [{"name": "A", "id": 1e999999999}]}',
    "a name": json.dumps({"k" * 1_000_000: 1}),
    "a name in lines": json.dumps({"a\nb": 1}),
    "a name twice": json.dumps({"tags": []})[:-1] + ', "tags": []' * DEEP + "}",
    "values under a long name": json.dumps({"tags": {"k" * 1_000_000: [1] * 10_000}}),
    "NUL": "\0" * DEEP,
}


@pytest.mark.parametrize("kind", YAML)
def test_hostile_yaml_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(YAML[kind])
    assert str(path) in refusal(seed=path)


@pytest.mark.parametrize("kind", JSON)
def test_hostile_json_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "seed.json"
    path.write_text(JSON[kind])
    assert str(path) in refusal(seed=path)


def test_hostile_data_is_refused_at_once() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    mapping: dict[str, Any] = {}
    mapping["tags"] = mapping
    deep: Any = "x"
    for _ in range(DEEP):
        deep = [deep]
    many: Any = ["x"]
    for _ in range(9):
        many = [many] * 9
    for data, reason in (
        (loop, "seed: it is nested too deeply, or holds itself"),
        (mapping, "seed: it is nested too deeply, or holds itself"),
        (deep, "seed: it is nested too deeply, or holds itself"),
        (many, "seed: it repeats a few values too often"),
    ):
        assert refusal(seed={"tags": data}) == reason
    assert "tags[0].id must be a whole number" in refusal(seed={"tags": [{"name": "A", "id": 10**100_000}]})
    while isinstance(deep, list):  # Or the interpreter takes it apart level by level.
        deep = deep.pop()


TAGS = (
    "seq",
    "map",
    "str",
    "int",
    "float",
    "bool",
    "null",
    "timestamp",
    "merge",
    "value",
    "binary",
    "omap",
    "set",
    "x",
)
NODES = st.recursive(
    st.sampled_from(["a", "''", "5", "5.0", "yes", "~", "2023-02-17", "=", "<<"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(inner, inner, max_size=2).map(
            lambda pairs: "{" + ", ".join(f"? {name} : {value}" for name, value in pairs.items()) + "}"
        ),
        st.tuples(st.sampled_from(TAGS), inner).map(lambda pair: f"!!{pair[0]} {pair[1]}"),
    ),
    max_leaves=5,
)
KINDS: dict[str, type | tuple[type, ...]] = {
    "seq": list,
    "map": dict,
    "str": str,
    "timestamp": str,
    "int": int,
    "float": float,
    "bool": bool,
    "null": type(None),
}


def texts(node: Node) -> Iterator[str]:
    if isinstance(node.value, dict | list):
        for each in node.value.values() if isinstance(node.value, dict) else node.value:
            yield from texts(each)
    elif isinstance(node.value, str):
        yield node.value


@settings(deadline=None)
@given(st.sampled_from(TAGS), NODES)
@example("seq", "abc")
@example("seq", "{a: b}")
@example("map", "[a]")
@example("str", "{a: b}")
@example("timestamp", "[1]")
@example("int", "{=: 5}")
def test_a_value_is_what_its_tag_says_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, tag: str, node: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "tagged.yaml"
    path.write_text(f"name: !!{tag} {node}")
    found, problem = None, ""
    try:
        found = source.read(path).value["name"]
    except KitMockError as error:
        problem = str(error)
    if found is None:
        assert problem.startswith(f"{path}, line 1: ")
        assert problem.isprintable()
    else:
        assert isinstance(found.value, KINDS[tag])
        assert "Node(" not in "".join(texts(found))


def test_a_short_form_of_a_tag_is_held_to_the_same(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text("%TAG ! tag:yaml.org,2002:\n---\nname: !seq a")
    assert refusal(seed=path) == f"{path}, line 3: a value isn't what its tag says"


@pytest.mark.parametrize("value", [["tag"], {"tag": 1}, {}, 5, None])
def test_a_choice_of_another_type_is_refused(value: Any) -> None:
    seeds: list[tuple[dict[str, Any], str]] = [
        ({"sequences": [{"name": "S", "exclude_subscriber_sources": [{"type": value}]}]}, "type must be one of tag"),
        ({"sequences": [{"name": "S", "send_days": [value]}]}, "send_days[0] must be one of monday"),
        ({"forms": [{"name": "F", "status": value}]}, "status must be one of active"),
        ({"broadcasts": [{"subscriber_filter": [{"all": [{"type": value}]}]}]}, "type must be one of tag"),
        ({"subscribers": [{"email_address": "ada@example.com", "state": value}]}, "state must be one of active"),
        ({"webhooks": [{"target_url": "http://127.0.0.1:9", "event": value}]}, "event must be one of subscriber_"),
    ]
    for seed, problem in seeds:
        assert problem in refusal(seed=seed)


@pytest.mark.parametrize(
    ("seed", "twice"),
    [
        ({1: "x", "1": "y"}, "1 stands there twice"),
        ({"tags": [{None: "x", "None": "y"}]}, "tags[0].None stands there twice"),
        (
            {
                "custom_fields": [{"label": "Last name"}],
                "subscribers": [{"email_address": "ada@example.com", "fields": {"last_name": "A", "Last name": "B"}}],
            },
            "subscribers[0].fields.Last name is the field last_name, which stands there already",
        ),
    ],
)
def test_of_two_values_of_one_thing_none_is_lost(seed: dict[Any, Any], twice: str) -> None:
    assert refusal(seed=seed) == f"seed: {twice}"


def test_what_an_account_shares_may_be_repeated(tmp_path: Path) -> None:
    people = [{"email_address": f"reader{n}@example.com"} for n in range(4000)]
    shared = ["A", "B", "C", "D"]
    seed = {"tags": [{"name": name} for name in shared], "subscribers": [{**each, "tags": shared} for each in people]}
    path = tmp_path / "seed.yaml"
    path.write_text(
        "tags:\n" + "".join(f" - {{name: {name}}}\n" for name in shared) + "subscribers:\n"
        " - &first {email_address: first@example.com, tags: &tags [A, B, C, D], sent: 5, opens: 4, clicks: 3}\n"
        + "".join(f" - {{<<: *first, email_address: {each['email_address']}}}\n" for each in people)
    )
    for filled_from, most in ((seed, 4000), (path, 4001)):
        with KitMock(seed=filled_from) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
            page = kit.get("/v4/tags/1/subscribers", params={"include_total_count": "true", "per_page": 1}).json()
            assert page["pagination"]["total_count"] == most


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero"), Path("/dev/null")):
        assert "it isn't a regular file" in refusal(seed=path)
        assert "it isn't a regular file" in refusal(document=path)
    for text in ("\0", "\udcff", "x" * 10_000, "a: b\n" * 1000):
        assert "cannot read the seed" in refusal(seed=text)
        assert "document" in refusal(document=text)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.touch()
    os.truncate(path, source.MOST_BYTES + 1)
    assert "it has more than 67,108,864 bytes" in refusal(seed=path)
    assert "it has more than 67,108,864 bytes" in refusal(document=path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
@pytest.mark.parametrize("name", ["seed.yaml", "seed.json"])
def test_a_file_in_another_encoding_is_refused(tmp_path: Path, encoding: str, name: str) -> None:
    path = tmp_path / name
    path.write_text('{"name": "Zo\xeb"}', encoding=encoding)
    assert "it isn't UTF-8" in refusal(seed=path)


SCHEMA = "#/components/schemas/"


def documented(schemas: dict[str, Any]) -> str:
    """A document with one operation, whose body and answer are the first of the schemas."""
    content = {"content": {"application/json": {"schema": {"$ref": f"{SCHEMA}{next(iter(schemas))}"}}}}
    operation = {"operationId": "create_tag", "requestBody": content, "responses": {"201": content}}
    return json.dumps({"components": {"schemas": schemas}, "paths": {"/v4/tags": {"post": operation}}})


DOCUMENTS = {
    **NESTED,
    "nested schemas": documented({"A": "nested"}).replace('"nested"', '{"items": ' * 500 + "{}" + "}" * 500),
    "a reference to itself": documented({"A": {"$ref": f"{SCHEMA}A"}}),
    "references in a circle": documented({"A": {"$ref": f"{SCHEMA}B"}, "B": {"$ref": f"{SCHEMA}A"}}),
    "many alternatives": documented(
        {f"A{n}": {"allOf": [{"$ref": f"{SCHEMA}A{n + 1}"}] * 9} for n in range(12)} | {"A12": {}}
    ),
    "digits": '{"paths": ' + "1" * 1_000_000 + "}",
    "an exponent": '{"paths": 1e999}',
    "NUL": "\0",
}


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("behaviour", ["current", "reference"])
def test_a_hostile_document_is_refused_at_once(tmp_path: Path, kind: str, behaviour: str) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(DOCUMENTS[kind])
    assert f"{path} isn't a usable OpenAPI document" in refusal(document=path, behaviour=behaviour)


def test_a_document_of_schemas_that_share_much_is_read_at_once(tmp_path: Path) -> None:
    """Written out, it would be 9 ** 12 properties."""
    schemas: dict[str, Any] = {
        f"A{n}": {"properties": {f"k{k}": {"$ref": f"{SCHEMA}A{n + 1}"} for k in range(9)}} for n in range(12)
    }
    path = tmp_path / "openapi.json"
    path.write_text(documented({**schemas, "A12": {"type": "object"}}))
    for today in (True, False):
        with at_once():
            assert list(document.load(path, today=today).operations) == ["create_tag"]


BODIES = {
    "lists": b"[" * DEEP,
    "closed lists": b"[" * 400_000 + b"]" * 400_000,
    "objects": b'{"a":' * DEEP,
    "both": b'[{"a":' * DEEP,
    "an ordinary depth": b'{"name":' + b"[" * 500 + b"]" * 500 + b"}",
    "more than the validator takes": b'{"name":' + b"[" * 900 + b"]" * 900 + b"}",
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_nested_body_is_refused_at_once(kind: str) -> None:
    with KitMock() as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as kit:
        routes = [
            ("POST", "/v4/tags"),
            ("POST", "/v4/bulk/tags"),
            ("PUT", "/v4/account/colors"),
            ("POST", "/v4/purchases"),
        ]
        for method, path in [*routes, ("POST", "/oauth/token"), ("POST", "/_mock/faults"), ("PUT", "/_mock/clock")]:
            for media_type in ("application/json", "application/x-www-form-urlencoded"):
                with at_once():
                    response: httpx.Response = kit.request(
                        method, path, content=BODIES[kind], headers={"Content-Type": media_type}
                    )
                assert 400 <= response.status_code < 500, (path, media_type, response.text[:200])
