"""Names in the document that the package or the client can't have, each in a line that says where it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from keyword import iskeyword
from pathlib import Path
from typing import Any

from document import ROOT, each_operation, resolved
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.strings import PythonIdentifier
from views import body_fields, fields, is_alias, method_name, name, page_items

KIT = [ROOT / "overlay" / "kit_client" / module for module in ("base.py", "client.py")]


def unusable_ids(document: dict[str, Any]) -> Iterator[str]:
    """Yield the operations whose id or tag can't be the name of a module and of a method."""
    known: dict[str, str] = {}
    for path, method, item, operation in each_operation(document):
        where = f"{method.upper()} {path}"
        if "operationId" not in operation or not operation.get("tags"):
            yield f"{where}: it needs an operationId and a tag"
            continue
        given, tag = operation["operationId"], operation["tags"][0]
        expected = PythonIdentifier(given, prefix="operation_")
        if given != expected:
            yield f"{where}: the operationId {given} can't name a module; one that can is {expected}"
        if expected in known:
            yield f"{where}: the operationId {given} makes a module {expected}, which {known[expected]} has already"
        known[expected] = where
        if tag != PythonIdentifier(tag, prefix="tag_"):
            usable = PythonIdentifier(tag, prefix="tag_")
            yield f"{given}: the tag {tag} can't be an attribute of the client; one that can is {usable}"
        for listed in (*item.get("parameters", ()), *operation.get("parameters", ())):
            parameter = resolved(document, listed)
            if parameter["in"] not in ("path", "query"):
                yield f"{given}: the {parameter['in']} parameter {parameter['name']} can't be sent by the client"


def unusable_names(data: GeneratorData) -> Iterator[str]:
    """Yield the methods, arguments and fields that can't have their names in Python, or that two would share."""
    for tag, collection in data.endpoint_collections_by_tag.items():
        methods: dict[str, str] = {}
        for endpoint in collection.endpoints:
            method = method_name(endpoint, tag)
            if not _is_usable(method):
                yield f"{endpoint.name}: kit.{tag}.{method} can't be the name of a method"
            if method in methods:
                yield f"{endpoint.name}: its method would be kit.{tag}.{method}, which {methods[method]} has already"
            methods[method] = endpoint.name
            yield from _unusable_arguments(endpoint)
    for model in data.models:
        for prop in () if is_alias(model) else fields(model):
            if not _is_usable(name(prop)):
                yield f"{model.class_info.name}: the property {name(prop)} can't be the name of an attribute"


def _unusable_arguments(endpoint: Endpoint) -> Iterator[str]:
    taken = {"self": "a method's object", "client": "the client"}
    if endpoint.bodies:
        taken["body"] = "the body"
    if page_items(endpoint):
        taken["limit"] = "the limit of items"
    parameters = [("parameter", prop) for prop in (*endpoint.path_parameters, *endpoint.query_parameters)]
    for kind, prop in [*parameters, *(("property", prop) for prop in body_fields(endpoint))]:
        if kind == "property":
            taken.pop("client", None)
            taken.pop("body", None)
        given = name(prop)
        if not _is_usable(given):
            yield f"{endpoint.name}: the {kind} {given} can't be the name of an argument"
        elif given in taken:
            yield f"{endpoint.name}: the {kind} {given} would be an argument with the name of {taken[given]}"
        taken[given] = f"another {kind}"


def _is_usable(given: str) -> bool:
    return given.isidentifier() and not iskeyword(given) and not given.startswith("_")


def hidden_names(package: Path) -> Iterator[str]:
    """Yield what would hide a name that the code of a generated package uses."""
    kit = set().union(*(_attributes(node) for path in (package / "client.py", *KIT) for node in _classes(path)))
    model = next(_attributes(node) for node in _classes(package / "types.py") if node.name == "Model")
    for folder in sorted(path.parent for path in (package / "api").glob("*/__init__.py")):
        if folder.name in kit:
            yield f"the tag {folder.name} would hide an attribute of Kit with that name"
        for path in sorted(folder.glob("*.py")):
            yield from dict.fromkeys(_hidden_in(path, folder.name if path.stem == "__init__" else path.stem))
    for path in sorted((package / "models").glob("*.py")):
        for node in _classes(path):
            if any(isinstance(base, ast.Name) and base.id == "Model" for base in node.bases):
                for each in sorted(_attributes(node) & (model - {"_secrets", "_request_only"} | _in_annotations(node))):
                    yield f"{node.name}: the property {each} would hide a name that models use"


def _hidden_in(path: Path, where: str) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    outer = _bound(tree.body)
    for node in _classes(path):
        for each in sorted(_attributes(node) & _in_annotations(node)):
            yield f"{where}: the method {each} would hide a name that the others use"
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = {part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg)}
            for each in sorted(arguments & (outer | _bound(function.body))):
                yield f"{where}: the argument {each} would hide a name that the code uses"


def _bound(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements define, at any depth but inside functions."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            found |= {part.id for part in parts if isinstance(part.ctx, ast.Store)}
        elif isinstance(node, ast.If):
            found |= _bound(node.body)
    return found


def _classes(path: Path) -> Iterator[ast.ClassDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in tree.body if isinstance(node, ast.ClassDef))


def _attributes(node: ast.ClassDef) -> set[str]:
    """Return the names of a class's methods and fields, and of what its methods assign to `self`."""
    stored = {
        part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
    }
    return _bound(node.body) | stored


def _in_annotations(node: ast.ClassDef) -> set[str]:
    parts = [part.annotation for part in ast.walk(node) if isinstance(part, ast.arg | ast.AnnAssign)]
    parts += [part.returns for part in ast.walk(node) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {name.id for part in parts if part for name in ast.walk(part) if isinstance(name, ast.Name)}
