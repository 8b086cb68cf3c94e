"""The two behaviours of the mock: `current`, the service of today, and `reference`, Kit's reference of 2024 to the letter.

Each switch of a behaviour turns on the rules of `kit_mock.rules.catalogue` that name it.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs

BehaviourName = Literal["reference", "current"]


def _switch(*, reference: Any = False, current: Any = True) -> Any:
    """Return a field of `Behaviour` with its value in each behaviour."""
    return attrs.field(default=current, metadata={"reference": reference})


@attrs.frozen(kw_only=True)
class Behaviour:
    """The mock's choices where reference and service differ. The defaults follow the service."""

    name: BehaviourName = "current"
    existing_tag_is_returned: bool = _switch()
    existing_field_is_returned: bool = _switch()
    missing_ids_are_null: bool = _switch()
    partial_update: bool = _switch()
    unknown_fields_warn: bool = _switch()
    today_fields: bool = _switch()
    refresh_token_reuse: bool = _switch()
    oauth_quota: int = _switch(reference=120, current=600)
    """Requests of one OAuth token in 60 seconds."""


CURRENT = Behaviour()
REFERENCE = Behaviour(
    name="reference",
    **{field.name: field.metadata["reference"] for field in attrs.fields(Behaviour) if "reference" in field.metadata},
)
DEFAULT = CURRENT
"""The default of the mock, its command and its fixtures."""
BEHAVIOURS: dict[str, Behaviour] = {found.name: found for found in (REFERENCE, CURRENT)}


def named(name: str) -> Behaviour:
    """Return the behaviour of that name. Raises ValueError for an unknown name."""
    if name not in BEHAVIOURS:
        raise ValueError(f"behaviour must be {' or '.join(BEHAVIOURS)}, not {name!r}")
    return BEHAVIOURS[name]
