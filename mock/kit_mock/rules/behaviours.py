"""The two behaviours of the mock, and what switches between them.

`current`, the default, is the service of today; `reference` is Kit's reference of 2024 to the letter. Each switch turns on
the rules of `kit_mock.rules.catalogue` that name it.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs

BehaviourName = Literal["reference", "current"]


def _switch(*, reference: Any = False, current: Any = True) -> Any:
    """Make a field of `Behaviour` from its value in each behaviour."""
    return attrs.field(default=current, metadata={"reference": reference})


@attrs.frozen(kw_only=True)
class Behaviour:
    """How the mock behaves where reference and service differ. The defaults are those of the service."""

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
"""What the mock, its command and its fixtures follow unless told otherwise."""
BEHAVIOURS: dict[str, Behaviour] = {found.name: found for found in (REFERENCE, CURRENT)}


def named(name: str) -> Behaviour:
    """Return the behaviour of that name. Raises ValueError for an unknown name."""
    if name not in BEHAVIOURS:
        raise ValueError(f"behaviour must be {' or '.join(BEHAVIOURS)}, not {name!r}")
    return BEHAVIOURS[name]
