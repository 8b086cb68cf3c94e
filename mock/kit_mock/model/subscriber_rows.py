"""The rows of subscribers."""

from __future__ import annotations

from typing import NamedTuple


class Subscriber(NamedTuple):
    """A row of `subscribers`."""

    id: int
    first_name: str | None
    email_address: str
    state: str
    created_at: int
    field_values: str | None
    """JSON by the ids of custom fields."""


COLUMNS = ", ".join(f"s.{name}" for name in Subscriber._fields)
"""The columns of a `Subscriber`, of a table named s."""
