"""What Kit's reference says and what the service does today, where the two differ: one table, two columns.

`reference` is the default, since the reference is what clients are written by; `current` shows what they will meet.
A difference that both can live with, such as JSON for token requests or an address in the query, isn't here: the mock
takes either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import attrs

BehaviourName = Literal["reference", "current"]


@attrs.frozen
class Difference:
    """One row of the table: what it is about, and what each of the two does, in words."""

    about: str
    reference: str
    current: str


def _switch(about: str, reference: str, current: str) -> Any:
    return attrs.field(default=False, metadata={"difference": Difference(about, reference, current)})


def _quota(about: str, reference: int, current: int) -> Any:
    found = Difference(about, *(f"{requests} requests in 60 seconds" for requests in (reference, current)))
    return attrs.field(default=reference, metadata={"difference": found})


@attrs.frozen(kw_only=True)
class Behaviour:
    """How the mock behaves where reference and service differ. The defaults are the reference's."""

    name: str = "reference"
    existing_tag_is_returned: bool = _switch(
        "creating a tag whose name exists", "422 Name has already been taken", "200 with the existing tag"
    )
    existing_field_is_returned: bool = _switch(
        "creating a custom field whose label exists", "422 Label has already been taken", "200 with the existing field"
    )
    unknown_fields_warn: bool = _switch(
        "custom fields of a subscriber that the account doesn't have",
        "ignored in silence",
        "ignored, each named in a top-level `warnings`",
    )
    refresh_token_reuse: bool = _switch(
        "a refresh token that a newer one has taken the place of", "400 invalid_grant", "still taken"
    )
    today_fields: bool = _switch(
        "fields, parameters and events that the service gained since the reference", "not there", "there"
    )
    oauth_quota: int = _quota("how often one OAuth token may call", 120, 600)


REFERENCE = Behaviour()
CURRENT = Behaviour(
    name="current",
    existing_tag_is_returned=True,
    existing_field_is_returned=True,
    unknown_fields_warn=True,
    refresh_token_reuse=True,
    today_fields=True,
    oauth_quota=600,
)
BEHAVIOURS: dict[str, Behaviour] = {found.name: found for found in (REFERENCE, CURRENT)}


def named(name: str) -> Behaviour:
    """The behaviour of that name. Raises ValueError for a name that there isn't."""
    if name not in BEHAVIOURS:
        raise ValueError(f"behaviour must be {' or '.join(BEHAVIOURS)}, not {name!r}")
    return BEHAVIOURS[name]


def differences() -> dict[str, Difference]:
    """The table, by the names of the attributes of `Behaviour`."""
    fields = attrs.fields_dict(Behaviour).items()
    return {name: field.metadata["difference"] for name, field in fields if "difference" in field.metadata}


def report() -> Iterator[str]:
    """The table as lines of text."""
    for name, row in differences().items():
        yield f"{name}: {row.about}"
        yield f"  reference  {row.reference}"
        yield f"  current    {row.current}"
