"""What the document says that the generator's own model of it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from views import READS_BACK

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi" / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")


def load(path: Path = DOCUMENT) -> dict[str, Any]:
    """Read a document. Raises ValueError, in one line with the file's name, if it can't be one."""
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path.name} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} isn't in UTF-8") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name} isn't YAML: {' '.join(str(error).split())}") from None
    for name, kind in (("openapi", str), ("paths", dict)):
        if not isinstance(found, dict) or not isinstance(found.get(name), kind):
            raise ValueError(f"{path.name} is no OpenAPI document with paths: it has no {name}")
    document: dict[str, Any] = found
    return document


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow a `$ref`. Keys beside it override those of its target, as in OpenAPI 3.1."""
    if "$ref" not in part:
        return part
    target: Any = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**resolved(document, target), **{key: value for key, value in part.items() if key != "$ref"}}


def each_operation(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Yield the path, the method, the path's item and the operation itself of each one."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item, item[method]


def parameter_descriptions(
    document: dict[str, Any], item: dict[str, Any], operation: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield what is said of each parameter; the generator keeps only what is said of its schema."""
    for listed in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = resolved(document, listed)
        yield parameter["name"], parameter.get("description", "")


def error_descriptions(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, str]:
    """Return what is said of each error, by its status."""
    answers = {str(status): resolved(document, answer) for status, answer in operation["responses"].items()}
    return {status: answer["description"] for status, answer in answers.items() if status[0] in "45"}


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the templates need of every operation, by its id."""
    return {
        operation["operationId"]: {
            "path": path,
            "method": method,
            # Repeating these has no further effect by HTTP's own rules; of the rest the document must say so.
            "retry_safe": method in ("get", "put", "delete") or operation.get("x-retry-safe", False),
            "security": accepted_schemes(document, operation),
            # An operation with servers of its own lists them in the order of the document's.
            "servers": {
                server["url"]: own["url"]
                for server, own in zip(document["servers"], operation.get("servers", document["servers"]), strict=True)
            },
            "parameters": dict(parameter_descriptions(document, item, operation)),
            "errors": error_descriptions(document, operation),
            "body_required": resolved(document, operation.get("requestBody", {})).get("required", False),
        }
        for path, method, item, operation in each_operation(document)
    }


def accepted_schemes(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """Return the security schemes of which an operation needs one. Raises ValueError for one that isn't there."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    named = [scheme for way in operation.get("security", document.get("security", [])) for scheme in way]
    for scheme in named:
        if scheme not in schemes:
            raise ValueError(f"{operation['operationId']}: the document has no security scheme {scheme}")
    # A scheme of the type `http` describes the token of `oauth2` once more, for tools that can't get one.
    return [scheme for scheme in named if schemes[scheme]["type"] != "http"]


def absent_with(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, str]:
    """Return the properties that a query parameter makes the service leave out, with the name of the parameter."""
    found: dict[str, str] = {}
    for part in schema.get("allOf", ()):
        found |= absent_with(document, resolved(document, part))
    properties = schema.get("properties", {}).items()
    return found | {name: part["x-absent-with"] for name, part in properties if "x-absent-with" in part}


def read_back(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return, by the name of its schema, the fields of each object whose items read back as another schema's."""
    schemas = document.get("components", {}).get("schemas", {})
    found: dict[str, list[str]] = {}
    for schema, definition in schemas.items():
        for name, field in definition.get("properties", {}).items():
            if READS_BACK in resolved(document, field.get("items", {})):
                found.setdefault(schema, []).append(name)
    return found
