"""The contract suite itself: it stands alone, and it counts what it has tried."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from kit_mock.rules.catalogue import RULES
from tests.contract.caller import Server
from tests.contract.conftest import grades_of
from tests.contract.coverage import KINDS, Coverage, Sent
from tests.contract.document import Document
from tests.contract.model.rules import Rule

SUITE = Path(__file__).parents[1] / "contract"
MODULES = sorted(path.stem for path in SUITE.glob("*.py"))


def test_the_suite_loads_nothing_of_the_mock() -> None:
    names = [f"tests.contract.{module}" for module in MODULES if not module.startswith("__")]
    code = f"import importlib, sys; [importlib.import_module(n) for n in {names}]; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=SUITE.parents[1], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {name for name in loaded.stdout.split() if name.partition(".")[0] == "kit_mock"}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("test_")])
def test_each_test_says_how_its_rule_is_known(module: str) -> None:
    tree = ast.parse((SUITE / f"{module}.py").read_text(encoding="utf-8"))
    tests = {
        each.name: ast.get_docstring(each)
        for each in tree.body
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
    }
    about_the_suite = {"test_the_same_seed_sends_the_same_requests"}
    assert not [name for name, docstring in tests.items() if not grades_of(docstring) and name not in about_the_suite]


@pytest.fixture(scope="module")
def document() -> Document:
    return Document("current")


@pytest.fixture
def coverage(document: Document) -> Coverage:
    return Coverage(document)


def _see(coverage: Coverage, document: Document, operation: str, status: int, target: str, body: str = "") -> None:
    coverage.saw(Sent(document.operations[operation], status, target, body.encode()))


def test_nothing_is_covered_before_a_request(coverage: Coverage) -> None:
    assert {kind: coverage.per_cent(kind) for kind in KINDS} == dict.fromkeys(KINDS, 0.0)


def test_a_refused_request_covers_its_answer_and_no_parameter(coverage: Coverage, document: Document) -> None:
    _see(coverage, document, "create_tag", 422, "/v4/tags", '{"name": ""}')
    assert coverage.found["answers"] == {"create_tag 422"}
    assert not coverage.found["operations"]
    assert not coverage.found["parameters"]


def test_an_undocumented_status_covers_no_answer(coverage: Coverage, document: Document) -> None:
    _see(coverage, document, "create_tag", 418, "/v4/tags", '{"name": "a"}')
    assert not coverage.found["answers"]


def test_parameters_are_covered_at_any_depth(coverage: Coverage, document: Document) -> None:
    body = '{"purchase": {"email_address": "a@example.com", "products": [{"name": "Book"}]}}'
    _see(coverage, document, "create_purchase", 201, "/v4/purchases", body)
    assert coverage.found["parameters"] == {
        "create_purchase body",
        "create_purchase body.purchase",
        "create_purchase body.purchase.email_address",
        "create_purchase body.purchase.products",
        "create_purchase body.purchase.products[]",
        "create_purchase body.purchase.products[].name",
    }


def test_a_keyword_takes_a_value_that_keeps_to_it_and_one_that_breaks_it(
    coverage: Coverage, document: Document
) -> None:
    keyword = next(name for name in coverage.whole["keywords"] if name.startswith("list_tags query per_page maximum"))
    _see(coverage, document, "list_tags", 200, "/v4/tags?per_page=5")
    assert keyword in coverage.missed("keywords")
    _see(coverage, document, "list_tags", 422, "/v4/tags?per_page=100000")
    assert keyword not in coverage.missed("keywords")


def test_an_example_is_covered_by_its_own_value_alone(coverage: Coverage, document: Document) -> None:
    name, example = next(
        (name, part["example"])
        for part in map(document.resolve, document.raw_operation(document.operations["get_subscriber"])["parameters"])
        for name in coverage.whole["examples"]
        if name.startswith(f"get_subscriber path {part['name']} example")
    )
    _see(coverage, document, "get_subscriber", 404, f"/v4/subscribers/{example + 1}")
    assert name not in coverage.found["examples"]
    _see(coverage, document, "get_subscriber", 404, f"/v4/subscribers/{example}")
    assert name in coverage.found["examples"]


def test_what_other_processes_found_is_added(coverage: Coverage, document: Document) -> None:
    other = Coverage(document)
    _see(other, document, "list_tags", 200, "/v4/tags")
    coverage.merge({kind: sorted(names) for kind, names in other.found.items()})
    assert coverage.found == other.found


def test_all_that_is_found_is_part_of_the_whole(document: Document, coverage: Coverage) -> None:
    body = '{"first_name": 5, "email_address": "x", "state": "odd", "fields": {"a": "b"}}'
    _see(coverage, document, "create_subscriber", 422, "/v4/subscribers", body)
    _see(coverage, document, "create_subscriber", 201, "/v4/subscribers", body)
    for kind in KINDS:
        found = {name.rstrip("+-") for name in coverage.found[kind]} if kind == "keywords" else coverage.found[kind]
        assert found <= coverage.whole[kind]


@pytest.mark.parametrize(
    ("url", "is_near"),
    [
        ("http://127.0.0.1:4010", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:4010", True),
        ("http://localhost:4010", True),
        ("https://api.kit.com", False),
        ("http://10.0.0.7:4010", False),
        ("http://localhost.example.com", False),
    ],
)
def test_only_servers_of_this_machine_can_call_back(url: str, *, is_near: bool) -> None:
    assert Server(url).is_on_this_machine is is_near


def test_each_rule_of_the_model_is_one_of_the_mocks_with_its_grade() -> None:
    rules = {rule.id: rule for rule in RULES}
    for each in Rule:
        found = rules[each.id]
        side = each.only or "current"
        assert each.says == found.under(side)
        assert each.grade == (found.reference_grade if side == "reference" else found.grade)
        assert each.only == (side if found.switches else None)


def test_operations_that_a_run_is_not_about_are_not_missed(document: Document) -> None:
    coverage = Coverage(document, {"get_subscriber"})
    assert coverage.missed("operations") == ["get_subscriber"]
    assert {name.split()[0] for kind in KINDS for name in coverage.missed(kind)} == {"get_subscriber"}
    _see(coverage, document, "list_tags", 200, "/v4/tags")
    assert coverage.per_cent("operations") == 0
    _see(coverage, document, "get_subscriber", 200, "/v4/subscribers/1")
    assert coverage.per_cent("operations") == 100
