"""Where Kit's reference of 2024 and the service of today differ, and which of the two the mock follows.

`current`, the default, is the service of today; `reference` is the reference to the letter. What the mock does in the
same way under both is in `kit_mock.rules.deviations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import attrs

from kit_mock.rules import deviations
from kit_mock.rules.deviations import Grade

BehaviourName = Literal["reference", "current"]


@attrs.frozen
class Difference:
    """A row of the table: what it is about, what each behaviour does, and how the service's part is known."""

    about: str
    reference: str
    current: str
    grade: Grade


def _differs(about: str, reference: tuple[Any, str], current: tuple[Any, str], grade: Grade) -> Any:
    """A field of `Behaviour`, from its value in each behaviour and what that does, in words."""
    row = Difference(about, reference[1], current[1], grade)
    return attrs.field(default=current[0], metadata={"difference": row, "reference": reference[0]})


def _switch(about: str, reference: str, current: str, grade: Grade) -> Any:
    return _differs(about, (False, reference), (True, current), grade)


def _quota(about: str, reference: int, current: int, grade: Grade) -> Any:
    words = "{} requests in 60 seconds".format
    return _differs(about, (reference, words(reference)), (current, words(current)), grade)


@attrs.frozen(kw_only=True)
class Behaviour:
    """How the mock behaves where reference and service differ. The defaults are those of the service."""

    name: BehaviourName = "current"
    existing_tag_is_returned: bool = _switch(
        "creating a tag whose name exists",
        "422 Name has already been taken; in bulk, a failure",
        "200 with the existing tag; in bulk, among the results, and no failure",
        "seen",
    )
    existing_field_is_returned: bool = _switch(
        "creating a custom field whose label exists",
        "422 Label has already been taken; in bulk, a failure",
        "200 with the existing field; in bulk (later docs), among the results, and no failure",
        "seen",
    )
    missing_ids_are_null: bool = _switch(
        "the `tagging` of a failure of bulk_tag_subscribers",
        "both ids as they were sent",
        "null for the tag or subscriber that doesn't exist",
        "later docs",
    )
    partial_update: bool = _switch(
        "what PUT /v4/subscribers/{id} needs",
        "`email_address`; without it, 422",
        "nothing: what is left out stays, and an empty object changes nothing",
        "seen",
    )
    unknown_fields_warn: bool = _switch(
        "custom fields of a subscriber that the account doesn't have",
        "ignored in silence",
        "ignored, each named in a top-level `warnings`",
        "seen",
    )
    today_fields: bool = _switch(
        "operations, fields, parameters and events that the service gained since the reference",
        "not there",
        "there",
        "later docs",
    )
    refresh_token_reuse: bool = _switch(
        "a refresh token after a newer one was issued", "400 invalid_grant", "still accepted", "seen"
    )
    oauth_quota: int = _quota("how often one OAuth token may call", 120, 600, "later docs")


CURRENT = Behaviour()
REFERENCE = Behaviour(
    name="reference",
    **{field.name: field.metadata["reference"] for field in attrs.fields(Behaviour) if "reference" in field.metadata},
)
DEFAULT = CURRENT
"""What the mock, its command and its fixtures follow unless told otherwise."""
BEHAVIOURS: dict[str, Behaviour] = {found.name: found for found in (REFERENCE, CURRENT)}


def named(name: str) -> Behaviour:
    """Return the behaviour of that name. Raises ValueError for an unknown name."""
    if name not in BEHAVIOURS:
        raise ValueError(f"behaviour must be {' or '.join(BEHAVIOURS)}, not {name!r}")
    return BEHAVIOURS[name]


def differences() -> dict[str, Difference]:
    """Return what a behaviour switches, by the names of the attributes of `Behaviour`."""
    fields = attrs.fields_dict(Behaviour).items()
    return {name: field.metadata["difference"] for name, field in fields if "difference" in field.metadata}


def report() -> Iterator[str]:
    """Return both tables as lines of text."""
    yield f"Switched by the behaviour, which is {DEFAULT.name} unless told otherwise:"
    for name, row in differences().items():
        yield f"{name}: {row.about}"
        yield f"  reference  {row.reference}"
        yield f"  current    {row.current} ({row.grade})"
    yield ""
    yield "The same under both behaviours, though reference and service differ:"
    for name, same in deviations.ROWS.items():
        yield f"{name}: {same.about}"
        yield f"  reference  {same.reference}"
        yield f"  service    {same.service} ({same.grade})"
        yield f"  mock       {same.mock}"
    yield ""
    yield "How it is known: " + "; ".join(f"{grade}, {meaning}" for grade, meaning in deviations.GRADES.items())
