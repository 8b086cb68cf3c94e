"""Shows the rules as text or JSON."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from kit_mock.protocol.document import load
from kit_mock.protocol.errors import KitMockError
from kit_mock.protocol.suggestions import did_you_mean
from kit_mock.rules.behaviours import DEFAULT
from kit_mock.rules.catalogue import RULES, TOPICS, differences, including, naming
from kit_mock.rules.groups import SUBJECTS
from kit_mock.rules.rule import GRADES, Grade, Rule

_NARROWEST = 40
_WIDTH = 100
"""Columns of the output outside a terminal."""


def rules_of(name: str | None, grade: Grade | None, document: Path | None, *, json: bool) -> str:
    """Return the rules of an operation or a subject with a grade. None stands for all.

    Raises KitMockError for an operation that the document does not have.
    """
    heading, sections = _sections(name, document)
    wanted = {title: [rule for rule in rules if grade in (None, *rule.grades)] for title, rules in sections.items()}
    if json:
        return as_json([rule for rules in wanted.values() for rule in rules])
    return "\n".join(lines(wanted, _width(), heading))


def behaviours() -> str:
    """Return the differences of reference and service: first those that the behaviour switches, then the others."""
    return "\n".join(lines(_behaviours(), _width()))


def _width() -> int:
    return max(_NARROWEST, shutil.get_terminal_size((_WIDTH, 24)).columns)


def _sections(name: str | None, document: Path | None) -> tuple[str | None, Mapping[str, Sequence[Rule]]]:
    """Return a heading, and the rules of an operation or a subject, or all for None, by the titles of their sections."""
    if name is None:
        return None, TOPICS
    if name in SUBJECTS:
        return None, {f"Rules of {name}": list(naming(name))}
    operations = load(document).operations
    if name not in operations:
        raise KitMockError(f"the document has no operation {name}{did_you_mean(name, (*operations, *SUBJECTS))}")
    operation = operations[name]
    return f"{name}: {operation.method} {operation.path}", {
        "Rules that name it": list(naming(name)),
        "Rules of groups that it belongs to, the smallest group first": including(operation, operations.values()),
    }


def _behaviours() -> Mapping[str, Sequence[Rule]]:
    return {
        f"Switched by the behaviour, by default {DEFAULT.name}": [rule for rule in differences() if rule.switches],
        "The same under both behaviours, though reference and service differ": [
            rule for rule in differences() if not rule.switches
        ],
    }


def lines(sections: Mapping[str, Sequence[Rule]], width: int, heading: str | None = None) -> Iterator[str]:
    """Return rules as lines of text of at most `width` columns, with the grades explained at the end."""
    if heading is not None:
        yield from _paragraph(heading, width)
    for title, rules in sections.items():
        if rules:
            yield from _paragraph(title, width)
        for rule in rules:
            yield from _described(rule, width)
    yield from _counted([rule for rules in sections.values() for rule in rules], width)


def _paragraph(text: str, width: int) -> list[str]:
    return [*textwrap.wrap(text, width), ""]


def _described(rule: Rule, width: int) -> Iterator[str]:
    heading = f"{rule.id} ({', '.join(rule.grades)}): {', '.join(rule.about).replace('`', '')}"
    yield from _wrapped(heading, width, "  ", "      ")
    yield from _wrapped(rule.says, width, "    ", "    ")
    for name, text in _details(rule):
        yield from _wrapped(f"{name:11}{text}", width, "      ", " " * 17)
    yield ""


def _details(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.reference is not None:
        yield "reference", rule.reference
        yield "service", rule.service_does if rule.service_does != rule.says else "as above"
    elif rule.service is not None:
        yield "service", rule.service
    if rule.document is not None:
        yield "document", rule.document
    if rule.switches:
        reference = "as the reference says" if rule.reference else "no such rule"
        yield "behaviour", f"current: as above; reference: {reference}"
    elif rule.reference is not None:
        yield "behaviour", "as above under both"


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _counted(rules: Sequence[Rule], width: int) -> Iterator[str]:
    if not rules:
        yield "no rules"
        return
    counts = Counter(rule.grade for rule in rules)
    grades = ", ".join(f"{counts[grade]} {grade}" for grade in GRADES if counts[grade])
    yield from textwrap.wrap(f"{len(rules)} rule{'' if len(rules) == 1 else 's'}: {grades}", width)
    for grade in (grade for grade in GRADES if any(grade in rule.grades for rule in rules)):
        yield from _wrapped(f"{grade:11}{GRADES[grade]}", width, "  ", " " * 13)


def as_json(rules: Sequence[Rule] = RULES) -> str:
    """Return rules as JSON: `grades` with their meaning, and `rules`."""
    topics = {rule.id: title for title, members in TOPICS.items() for rule in members}
    found = {"grades": GRADES, "rules": [_as_dict(rule, topics[rule.id]) for rule in rules]}
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def _as_dict(rule: Rule, topic: str) -> dict[str, Any]:
    """Return a rule as a dict for JSON, without what it lacks."""
    shown: dict[str, Any] = {
        "id": rule.id,
        "topic": topic,
        "operations": rule.about,
        "grade": rule.grade,
        "also": rule.also,
        "rule": rule.says,
        "reference": rule.reference,
        "service": rule.service_does if rule.is_difference else rule.service,
        "document": rule.document,
    }
    if rule.switches:
        of_reference: tuple[str | None, Grade] = (rule.under("reference"), rule.reference_grade)
        shown["behaviours"] = {
            "current": {"rule": rule.says, "grade": rule.grade},
            "reference": dict(zip(("rule", "grade"), of_reference, strict=True)) if of_reference[0] else None,
        }
    return {name: value for name, value in shown.items() if value not in (None, ())}
