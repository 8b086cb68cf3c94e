"""Write ``openapi/rules.json`` and ``openapi/DEVIATIONS.md`` from the rules of the mock: ``python scripts/list_rules.py``."""

from __future__ import annotations

from pathlib import Path

from document import ROOT
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kit_mock.rules.catalogue import RULES, TOPICS
from kit_mock.rules.report import as_json
from kit_mock.rules.rule import GRADES, Rule

FOLDER = ROOT / "openapi"
TEMPLATE = "DEVIATIONS.md.jinja"
GAINED = "today_fields"
"""The switch of what the service gained since the reference."""


def cell(text: str) -> str:
    """Return text as it may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|")


def operations(rule: Rule) -> str:
    """Return what a rule is about, ids as code."""
    ids = {each for each in rule.operations if isinstance(each, str)}
    return ", ".join(f"`{each}`" if each in ids else each for each in rule.about)


def grades(rule: Rule) -> str:
    """Return how a rule is known, as DEVIATIONS.md shows it."""
    return ", ".join(rule.grades)


def service(rule: Rule) -> str:
    """Return what the service does and how that is known, or what was chosen."""
    done = rule.service_does.rstrip(".")
    return f"{done}. Chosen: {rule.says}" if rule.grade == "chosen" else f"{done} ({grades(rule)})"


def says(rule: Rule) -> str:
    """Return what a rule says, with what is known of the service beside it."""
    return rule.says if rule.service is None else f"{rule.says} At Kit: {rule.service}"


def deviations() -> str:
    """Return the text of ``openapi/DEVIATIONS.md``."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(cell=cell, operations=operations, grades=grades, says=says, service=service)
    differences = {title: [rule for rule in rules if rule.is_difference] for title, rules in TOPICS.items()}
    documented = [rule for rule in RULES if rule.document is not None and not rule.is_difference]
    return environment.get_template(TEMPLATE).render(
        meanings=GRADES,
        differences={title: rules for title, rules in differences.items() if rules},
        values=[rule for rule in documented if GAINED not in rule.switches],
        gained=[rule for rule in documented if GAINED in rule.switches],
    )


def files() -> dict[Path, str]:
    """Return the files that the rules give, with their texts."""
    return {FOLDER / "rules.json": as_json() + "\n", FOLDER / "DEVIATIONS.md": deviations()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8", newline="\n")
