"""The layers of the mock: which module may import which, and that each can be imported by itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import kit_mock

ROOT = Path(kit_mock.__file__).parent

LAYERS = {
    "cli, commands, __main__, pytest_plugin": "how users start a mock",
    "kit_mock": "exports what users import, each from its own module",
    "faults": "another name for the class Fault, for users",
    "network_guard": "refuses other hosts to tests",
    "status_coverage": "makes mocks and asks them for every status",
    "mock": "wires all of the below into one object",
    "control": "looks at a mock and steers it, over HTTP",
    "fill": "puts things into an account, snapshots included",
    "adapters": "bring requests from clients and servers to the service",
    "seeds": "read files, and fill a new database by them",
    "service": "answers requests, and knows who asks how often",
    "endpoints": "read a request, call the model, render the answer",
    "model": "what can happen to an account, whoever asks for it",
    "outbox": "sends what the model queues",
    "state": "the database, the clock, and what is due by it",
    "rules": "what the mock does, how that is known, and what its behaviours switch",
    "protocol": "HTTP and the document, without state",
    "version": "reads the metadata of the distribution",
}
"""From the top to the bottom: a module imports what is below it, or in its own layer, and nothing above. So whoever changes a
layer need only look at those above it, and no import depends on what was imported before."""

LARGEST_CIRCLE = 2
"""Files. Two that only work together may import each other."""


def layer(module: str) -> int:
    """The number of a module's layer, from the top."""
    name = module.removeprefix("kit_mock.").partition(".")[0]
    return next(number for number, names in enumerate(LAYERS) if name in names.split(", "))


@cache
def modules() -> Mapping[str, Path]:
    """All modules of the mock, by their names."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(("kit_mock", *(parts[:-1] if parts[-1] == "__init__" else parts)))] = path
    return found


@cache
def imports() -> Mapping[str, frozenset[str]]:
    """What each module imports of the others, also for type checkers only and inside of functions."""
    return {
        module: frozenset(_imported(ast.parse(path.read_text(encoding="utf-8")))) - {module}
        for module, path in modules().items()
    }


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.module in modules():
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in modules() else node.module


def circles(graph: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """The groups of modules each of which imports, by way of others, all others of its group."""
    reached = {module: _reached(module, graph) for module in graph}
    groups = {
        frozenset(other for other in graph if other in reached[module] and module in reached[other]) for module in graph
    }
    return [sorted(group) for group in groups if len(group) > 1]


def _reached(module: str, graph: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for each in graph[waiting.pop()] - found:
            found.add(each)
            waiting.append(each)
    return found


def test_every_module_is_in_a_layer() -> None:
    assert len({layer(module) for module in modules()}) == len(LAYERS)


def test_no_module_imports_one_of_a_layer_above_its_own() -> None:
    upwards = [
        f"{module} imports {each}"
        for module, others in imports().items()
        for each in sorted(others)
        if layer(each) < layer(module)
    ]
    assert upwards == []


def test_no_more_than_two_files_import_each_other() -> None:
    assert [circle for circle in circles(imports()) if len(circle) > LARGEST_CIRCLE] == []


def test_a_circle_is_found_and_an_arrow_is_none() -> None:
    graph = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset("a")}
    assert circles(graph) == [["a", "b", "c"]]
    assert circles({"a": frozenset("b"), "b": frozenset()}) == []


PARTS = 4
"""Interpreters, each of which imports a part of the modules, and forgets all between two: one for each module takes a minute."""

IMPORT_EACH = """
import importlib, sys
for module in sys.argv[1:]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "kit_mock"]:
        del sys.modules[name]
    try:
        importlib.import_module(module)
    except Exception as error:
        print(f"{module}: {error!r}")
"""


@pytest.mark.parametrize("part", range(PARTS))
def test_each_module_can_be_imported_before_all_others(part: int) -> None:
    made = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *list(modules())[part::PARTS]],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert made.stdout + made.stderr == ""
