"""The catalogue of rules: it fits the document and the behaviours, and `kit-mock rules` shows it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import kit_mock
from kit_mock.protocol.document import default_path, load
from kit_mock.rules import groups
from kit_mock.rules.catalogue import RULES, SWITCHES, TOPICS, including, naming
from kit_mock.rules.groups import SUBJECTS, Group, Subject
from kit_mock.rules.rule import GRADES, Rule

GROUPS = [each for each in vars(groups).values() if isinstance(each, Group) and not isinstance(each, Subject)]
OPERATIONS = load().operations
BY_ID = {rule.id: rule for rule in RULES}


def run(*arguments: str, columns: int | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    if columns is not None:
        environment["COLUMNS"] = str(columns)
    command = [sys.executable, "-m", "kit_mock", "rules", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def shown(*arguments: str, columns: int | None = None) -> str:
    """What the command prints, in one line."""
    result = run(*arguments, columns=columns)
    assert (result.returncode, result.stderr) == (0, "")
    return " ".join(result.stdout.split())


def ids(text: str) -> set[str]:
    """The ids of the rules that a text of the command has."""
    return {rule.id for rule in RULES if f" {rule.id} ({', '.join(rule.grades)}): " in text}


# -------------------- The catalogue


def test_no_two_rules_have_one_id() -> None:
    assert [id_ for id_, number in Counter(rule.id for rule in RULES).items() if number > 1] == []
    assert sum(map(len, TOPICS.values())) == len(RULES)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_rule_is_a_sentence_about_operations_that_there_are(topic: str) -> None:
    for rule in TOPICS[topic]:
        assert rule.id.isidentifier()
        assert rule.id == rule.id.lower()
        assert rule.says.endswith(".")
        assert "\n" not in rule.says
        assert rule.operations
        assert [each for each in rule.operations if isinstance(each, str) and each not in OPERATIONS] == []
        assert set(rule.grades) <= set(GRADES)
        assert len(set(rule.grades)) == len(rule.grades)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_difference_says_what_the_document_does_about_it(topic: str) -> None:
    for rule in TOPICS[topic]:
        assert rule.document is not None or not rule.is_difference
        assert rule.says not in (rule.service, rule.reference)
        assert set(rule.switches) <= set(SWITCHES)
        # What the mock does under `reference` is a rule too.
        assert not (rule.switches and rule.reference) or rule.reference.endswith(".")


def test_an_unknown_grade_is_refused() -> None:
    wrong: Any = "guessed"
    with pytest.raises(ValueError, match="grade must be one of reference, seen, later docs, client, chosen"):
        Rule("x", wrong, "create_tag", "It is so.")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_each_group_has_operations_and_a_rule(group: Group) -> None:
    assert any(map(group.has, OPERATIONS.values()))
    assert any(group.name in rule.about for rule in RULES)


@pytest.mark.parametrize(
    ("group", "member", "number"),
    [
        (groups.LISTS, "list_broadcasts", 14),
        (groups.TOKEN_ALONE, "bulk_create_custom_fields", 11),
        (groups.BULK, "bulk_create_custom_fields", 8),
        (groups.ADDING, "add_form_subscriber_by_email", 6),
        (groups.BROADCASTS, "list_broadcasts", 4),
        (groups.PURCHASES, "list_purchases", 3),
    ],
    ids=lambda value: value.name if isinstance(value, Group) else None,
)
def test_a_group_has_the_operations_of_its_name(group: Group, member: str, number: int) -> None:
    """The numbers are those of the reference and of today; a new operation may join."""
    found = [each.id for each in OPERATIONS.values() if group.has(each)]
    assert member in found
    assert len(found) >= number


def test_no_rule_is_both_named_and_of_a_group() -> None:
    for name, operation in OPERATIONS.items():
        named = {rule.id for rule in naming(name)}
        assert not named & {rule.id for rule in including(operation, OPERATIONS.values())}


# -------------------- The command


def test_the_command_lists_all_rules_by_topic() -> None:
    text = shown()
    assert ids(text) == set(BY_ID)
    for title, rules in TOPICS.items():
        assert f"{title} {rules[0].id} (" in text
    assert all(f"{grade} {meaning}" in text for grade, meaning in GRADES.items())
    assert f"{len(RULES)} rules: " in text


def test_an_operation_has_its_own_rules_and_those_of_its_groups() -> None:
    text = shown("create_tag")
    own, of_groups = text.split("Rules of groups that it belongs to, the smallest group first")
    assert own.startswith("create_tag: POST /v4/tags Rules that name it ")
    assert {"name_new", "name_exists"} <= ids(own)
    assert all("create_tag" in BY_ID[id_].about for id_ in ids(own))
    assert {"broken_json", "rate_limit_body", "refused"} <= ids(of_groups)
    assert not {"empty", "bulk_done", "name_changed", "oauth_only", "delivery_bodies"} & ids(text)


def test_the_smallest_group_comes_first() -> None:
    text = shown("tag_subscriber")
    assert text.index(" adding_by_id (") < text.index(" joined_first (") < text.index(" rate_limit_body (")


def test_a_difference_is_shown_from_all_sides() -> None:
    text = shown("create_tag")
    rule = BY_ID["name_exists"]
    assert rule.reference is not None
    assert (
        f"name_exists (seen): create_tag, create_custom_field {rule.says} reference {rule.reference} service {rule.service}"
        f" document {rule.document} behaviour current: as above; reference: as the reference says" in text
    )
    assert "behaviour as above under both" in shown("list_tags")
    assert "behaviour current: as above; reference: no such rule" in shown("bulk_delete_tags")


@pytest.mark.parametrize("grade", GRADES)
def test_rules_of_one_grade_can_be_asked_for(grade: str) -> None:
    assert ids(shown("--grade", grade)) == {rule.id for rule in RULES if grade in rule.grades}
    some = ids(shown("create_broadcast", "--grade", grade))
    assert some
    assert all(grade in BY_ID[id_].grades for id_ in some)


def test_a_part_without_rules_has_no_title() -> None:
    text = shown("--grade", "client")
    assert "Seeds" not in text
    assert "Lists" in text
    assert run("seeds", "--grade", "client").stdout == "no rules\n"
    assert run("tag_subscriber").stdout.startswith(
        "tag_subscriber: POST /v4/tags/{tag_id}/subscribers/{id}\n\nRules of groups"
    )


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_is_no_request_has_rules_too(subject: str) -> None:
    assert ids(shown(subject)) == {rule.id for rule in RULES if subject in rule.about}


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("tag_subscribr", ": did you mean tag_subscriber?"),
        ("delivery", ": did you mean deliveries?"),
        ("zzz", ""),
    ],
)
def test_an_unknown_operation_is_told_with_those_that_are_close(name: str, suggestion: str) -> None:
    result = run(name)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"kit-mock: the document has no operation {name}{suggestion}\n"


def test_an_unknown_grade_is_told() -> None:
    result = run("--grade", "guessed")
    assert (result.returncode, result.stdout) == (2, "")
    assert "invalid choice: 'guessed'" in result.stderr


@pytest.mark.parametrize("columns", [40, 72, 160])
def test_lines_are_as_wide_as_the_terminal(columns: int) -> None:
    lines = run("create_subscriber", columns=columns).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert columns - 15 < max(map(len, lines))


def test_a_terminal_that_is_too_narrow_to_read_gets_lines_of_40_columns() -> None:
    assert run("list_tags", columns=10).stdout == run("list_tags", columns=40).stdout


def test_json_has_the_same_rules() -> None:
    found = json.loads(run("create_tag", "--json", "--grade", "seen").stdout)
    assert found["grades"] == GRADES
    assert {row["id"] for row in found["rules"]} == ids(shown("create_tag", "--grade", "seen"))
    rows = {row["id"]: row for row in found["rules"]}
    rule = BY_ID["name_exists"]
    assert rows["name_exists"] == {
        "id": "name_exists",
        "topic": "Tags and custom fields",
        "operations": ["create_tag", "create_custom_field"],
        "grade": "seen",
        "rule": rule.says,
        "reference": rule.reference,
        "service": rule.service,
        "document": rule.document,
        "behaviours": {
            "current": {"rule": rule.says, "grade": "seen"},
            "reference": {"rule": rule.reference, "grade": "reference"},
        },
    }


def test_json_says_of_a_rule_of_today_that_the_reference_has_it_not() -> None:
    (row,) = (row for row in json.loads(run("--json").stdout)["rules"] if row["id"] == "bulk_deleted")
    assert row["behaviours"] == {"current": {"rule": row["rule"], "grade": "later docs"}, "reference": None}
    assert "reference" not in row


def test_a_new_operation_gets_the_rules_of_its_groups(tmp_path: Path) -> None:
    raw = json.loads(default_path().read_text(encoding="utf-8"))
    raw["paths"]["/v4/posts"] = {"get": {**raw["paths"]["/v4/tags"]["get"], "operationId": "list_posts"}}
    path = tmp_path / "document.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    text = shown("list_posts", "--document", str(path))
    assert text.startswith("list_posts: GET /v4/posts ")
    assert {"forward", "per_page_range", "rate_limit_body"} <= ids(text)


def test_help_says_what_can_be_asked() -> None:
    text = shown("--help")
    assert "usage: kit-mock rules" in text
    for word in ("--grade", "--json", "tag_subscriber", "deliveries"):
        assert word in text


# -------------------- One place


def test_no_other_module_says_what_was_chosen_where_the_api_says_nothing() -> None:
    folder = Path(kit_mock.__file__).parent
    others = [path for path in folder.rglob("*.py") if folder / "rules" not in path.parents]
    found = [
        str(path.relative_to(folder))
        for path in others
        if re.search(r"[Cc]hosen,?\s+(where|as)\s+the\s+API", path.read_text(encoding="utf-8"))
    ]
    assert len(others) > 100
    assert found == [], "a rule that was chosen stands in kit_mock.rules.topics, with that grade"
