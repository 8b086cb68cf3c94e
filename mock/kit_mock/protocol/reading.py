"""How the request to an operation is read: what the document's schema checks, and what is left to the handler."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from kit_mock.protocol.errors import Refusal

ORDINARY_BODY = 1024 * 1024
"""The largest body of most operations, in bytes: far more than any needs, and still fast to read."""


@attrs.frozen(kw_only=True)
class Reading:
    """How reading the requests to an operation differs from reading others."""

    unchecked: frozenset[str] = frozenset()
    """Query parameters and top-level body fields that the schema does not check, because the handler has Kit's own rule or
    message for them. They are cast if they can be, whatever their type. Where one is a list of objects, its items are still
    checked. `name.*` leaves all that is inside to the handler."""
    unchecked_in_items: frozenset[str] = frozenset()
    """Fields of these items that may be missing, null or malformed, since bulk requests report that for each item. A wrong
    type still refuses the request."""
    also_in_query: frozenset[str] = frozenset()
    """Body fields that may stand in the query instead."""
    wraps: str | None = None
    """A body field. A body that lacks it is taken as its value."""
    convert_error: Callable[[Refusal], Refusal] | None = None
    """Turns refusals from before the handler, such as of a body that isn't JSON, into the operation's own."""
    largest_body: int | None = ORDINARY_BODY
    """How many bytes the body may have; None for as many as the mock takes."""
