"""How to get each status of each operation: requests to a mock, and what the mock must be like for them.

What makes a status is the same for most operations, or nearly so: see `general`. The rest is `TABLE`.
"""

from __future__ import annotations

from kit_mock.protocol.operation import Operation
from kit_mock.status_coverage.field_recipes import FIELDS
from kit_mock.status_coverage.general_recipes import derived
from kit_mock.status_coverage.recipe import SEED, Recipe
from kit_mock.status_coverage.recipes import TABLE

__all__ = ["FIELDS", "SEED", "TABLE", "Recipe", "recipes"]


def recipes(operation: Operation) -> dict[str, Recipe]:
    """How to get each status that the document has for an operation, as far as it is known."""
    own = TABLE.get(operation.id, {})
    found = {**derived(operation, next(iter(own.values()))), **own} if own else {}
    return {status: found[status] for status in sorted(operation.responses) if status in found}
