"""The form on the page that adds a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from kit_mock.service.faults.fault import Fault, aim


@attrs.frozen
class Kind:
    """A kind of fault that the form offers.

    `field` is the argument of `Fault` that it sets: to `value`, or to the number in the form if that is None.
    """

    title: str
    field: str
    value: object = None


KINDS = {
    "status": Kind("Answer with this status", "status"),
    "html": Kind("Answer with a proxy's error page", "html", True),
    "reset-before": Kind("Reset the connection before the request takes effect", "reset", "before"),
    "reset-after": Kind("Reset the connection after it took effect", "reset", "after"),
    "cut": Kind("Close the connection in the middle of the body", "cut_body", True),
    "delay": Kind("Answer this many seconds late", "delay"),
    "slow": Kind("Let the body trickle for so many seconds", "slow_body"),
    "revoke": Kind("Answer 401 and revoke the OAuth token", "revoke_token", True),
    "lag": Kind("Let lists lag by this many seconds", "lag"),
}


def fault(fields: Mapping[str, str]) -> Fault:
    """Return the fault that a form describes. Raises ValueError, which names what is wrong."""
    kind = KINDS.get(fields.get("kind", ""))
    if kind is None:
        raise ValueError("There is no such fault.")
    value = kind.value if kind.value is not None else _number(fields.get("value", ""), kind)
    times = fields.get("times", "").strip()
    if times and not (times.isdecimal() and times.isascii() and len(times) <= 9):
        raise ValueError("times must be a whole number, or empty for every request.")
    what: dict[str, Any] = {kind.field: value}
    operation, route = aim(fields.get("target", "").strip() or None)
    return Fault(
        **what,
        operation=operation,
        route=route,
        times=int(times) if times else None,
        probability=_percent(fields.get("percent", "").strip() or "100"),
    )


def _number(text: str, kind: Kind) -> int | float:
    try:
        return int(text) if kind.field == "status" else float(text)
    except ValueError:
        raise ValueError(f"{kind.title}: a number is needed.") from None


def _percent(text: str) -> float:
    try:
        return float(text) / 100
    except ValueError:
        raise ValueError("percent must be a number.") from None
