"""Fail when ``openapi/openapi.yaml`` is not a valid OpenAPI 3.1 document: ``python scripts/check_document.py``.

Where the reference is present, the marks of what the document has beyond it are held against it, too.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from document import DOCUMENT, ROOT, each_operation, load, resolved
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing.exceptions import Unresolvable

REFERENCE = ROOT.parent / "shared" / "docs" / "reference.json"
BEYOND = "x-beyond-reference"


def problems(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with the document, one line each, with the place in it."""
    try:
        errors = list(OpenAPIV31SpecValidator(document).iter_errors())
    except Unresolvable as error:
        return [f"$ref #{error.ref.removeprefix('#')} leads to nothing"]
    places = (
        "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path) for error in errors
    )
    # Some messages end with what was compared, on lines of its own.
    return [f"#/{place}: {error.message.splitlines()[0]}" for place, error in zip(places, errors, strict=True)]


def false_marks(document: dict[str, Any], reference: Path) -> Iterator[str]:
    """Yield the operations whose statuses, less those marked as beyond the reference, aren't those that it lists."""
    listed: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in json.loads(reference.read_text(encoding="utf-8")):
        listed[entry["method"].lower(), _nameless(entry["path"])] |= entry["responses"].keys()
    for template, method, _, operation in each_operation(document):
        unmarked = operation["responses"].keys() - set(_marked(document, operation))
        for status in sorted(unmarked ^ listed[method, _nameless(template)]):
            yield f"{operation['operationId']}: {status} and its {BEYOND} don't agree with the reference"


def _marked(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    """Yield the statuses that are marked as beyond the reference: all of an operation that is marked itself."""
    if operation.get(BEYOND) is True:
        yield from operation["responses"]
        return
    yield from operation.get(BEYOND, ())
    for status, response in operation["responses"].items():
        if _is_marked(document, response):
            yield status


def _nameless(template: str) -> str:
    return re.sub(r"\{\w+\}", "{}", template)


def _is_marked(document: dict[str, Any], response: dict[str, Any]) -> bool:
    return resolved(document, response).get(BEYOND) is True


def main() -> int:
    parser = argparse.ArgumentParser(description="Validate the document as OpenAPI 3.1.")
    parser.add_argument("document", nargs="?", type=Path, default=DOCUMENT, help="default: %(default)s")
    parser.add_argument("--reference", type=Path, default=REFERENCE, help="where it is present: %(default)s")
    options = parser.parse_args()
    try:
        document = load(options.document)
        found = problems(document)
        if not found and options.reference.is_file():
            found += false_marks(document, options.reference)
    except ValueError as error:
        found = [str(error)]
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
