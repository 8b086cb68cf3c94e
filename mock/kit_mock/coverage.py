"""How much of the document the mock carries out."""

from __future__ import annotations

from collections.abc import Iterator

from kit_mock.document import Document
from kit_mock.registry import implementation


def report(document: Document) -> Iterator[str]:
    """A line for each operation of the document, and at last `N of M operations`."""
    done = 0
    operations = document.operations.values()
    width = max(len(operation.id) for operation in operations)
    for operation in operations:
        exists = implementation(operation.id) is not None
        done += exists
        mark = "yes" if exists else "no"
        yield f"{mark:3}  {operation.id:{width}}  {operation.method:6} {operation.path}"
    yield f"{done} of {len(operations)} operations"
