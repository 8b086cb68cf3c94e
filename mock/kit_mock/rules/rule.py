"""The class of the mock's rules, and the grades that say how a rule is known."""

from __future__ import annotations

from typing import Any, Literal, get_args

import attrs

from kit_mock.rules.groups import Group

Grade = Literal["reference", "seen", "later docs", "client", "chosen"]

GRADES: dict[Grade, str] = {
    "reference": "Kit's reference of 2024",
    "seen": "recorded answers of the live service, or live test suites",
    "later docs": "Kit's newer documentation",
    "client": "a client in production relies on it",
    "chosen": "nobody has shown what the service does, so the mock's answer was chosen",
}
"""How it is known what the service does."""


def _as_tuple(value: str | Group | tuple[str | Group, ...]) -> tuple[str | Group, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_grade(_: object, field: attrs.Attribute[Any], value: str) -> None:
    if value not in get_args(Grade):
        raise ValueError(f"{field.name} must be one of {', '.join(get_args(Grade))}, not {value!r}")


@attrs.frozen
class Rule:
    """A rule of the mock.

    A rule with `reference` is a difference between the service and Kit's reference.
    """

    id: str
    """A name that no other rule has, in snake_case."""
    grade: Grade = attrs.field(validator=_is_grade)
    """How it is known what the service does."""
    operations: tuple[str | Group, ...] = attrs.field(converter=_as_tuple)
    """The operations that the rule is about: ids of the document, or groups."""
    says: str
    """What the mock does, in one sentence; where behaviours differ, what it does under `current`."""
    also: tuple[Grade, ...] = attrs.field(default=(), kw_only=True)
    """Further grades that the rule has."""
    reference: str | None = attrs.field(default=None, kw_only=True)
    """What the reference says instead. With `switches`, it is what the mock does under `reference`, in one sentence."""
    reference_grade: Grade = attrs.field(default="reference", validator=_is_grade, kw_only=True)
    """How the rule under the behaviour `reference` is known."""
    service: str | None = attrs.field(default=None, kw_only=True)
    """What the service does, if the mock does something else."""
    document: str | None = attrs.field(default=None, kw_only=True)
    """How openapi.yaml describes it, if the reference says otherwise or nothing."""
    switches: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """The attributes of `Behaviour` that turn the rule on. Without `reference`, the behaviour `reference` lacks the rule."""

    @property
    def grades(self) -> tuple[Grade, ...]:
        """All grades of the rule."""
        return (self.grade, *self.also)

    @property
    def about(self) -> list[str]:
        """The ids of operations and the names of groups that the rule is about."""
        return [each.name if isinstance(each, Group) else each for each in self.operations]

    @property
    def is_difference(self) -> bool:
        """Whether the service does something else than the reference says."""
        return self.reference is not None

    @property
    def service_does(self) -> str:
        """What the service does, as far as it is known."""
        return self.service or ("unknown" if self.grade == "chosen" else self.says)

    def under(self, behaviour: Literal["current", "reference"]) -> str | None:
        """Return what the mock does under a behaviour, or None if it has no such rule there."""
        return self.reference if self.switches and behaviour == "reference" else self.says
