"""`kit-mock coverage` measures: every status of every operation, provoked by requests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from kit_mock import cli
from kit_mock.endpoints import handlers
from kit_mock.protocol.document import default_path, load
from kit_mock.protocol.reference_view import MARK
from kit_mock.status_coverage import measure
from kit_mock.status_coverage.recipe import Recipe
from kit_mock.status_coverage.recipes import TABLE, recipes
from kit_mock.status_coverage.response_fields import NEVER_SENT, ResponseFields

OPERATIONS = load().operations


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_status_is_answered(operation_id: str) -> None:
    covered = measure.measure(OPERATIONS[operation_id])
    assert covered.others == {}
    assert covered.seen == set(OPERATIONS[operation_id].responses)
    assert "BUT" not in covered.line


def test_what_the_document_adds_to_the_reference_is_marked() -> None:
    for found in OPERATIONS.values():
        assert found.beyond_reference <= found.responses.keys(), found.id
        assert {"429", "5XX"} <= found.beyond_reference, found.id


def test_every_recipe_is_for_something_that_the_document_has() -> None:
    assert TABLE.keys() == OPERATIONS.keys()
    for operation_id, own in TABLE.items():
        operation = OPERATIONS[operation_id]
        assert own.keys() <= operation.responses.keys(), operation_id
        assert recipes(operation).keys() == operation.responses.keys(), operation_id


def test_a_field_that_is_never_sent_is_told_with_the_reason() -> None:
    fields = ResponseFields(load().raw)
    (line, *others) = fields.lines()
    assert line == "never sent: Account.created_at (BUT nothing says why)"
    assert len(others) == len(fields.optional())
    assert all(field in fields.optional() for field in NEVER_SENT)


def test_the_command_measures_everything() -> None:
    command = [sys.executable, "-m", "kit_mock", "coverage"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (result.returncode, result.stderr) == (0, "")
    *lines, never_sent, fields, added, last = result.stdout.splitlines()
    assert never_sent.startswith("never sent: SubscriberTag.added_at (")
    assert "BUT" not in never_sent
    seen_fields, all_fields = (int(number) for number in re.findall(r"\d+", fields))
    assert seen_fields == all_fields - len(NEVER_SENT)
    statuses = {each.id: each.responses.keys() for each in OPERATIONS.values()}
    more = sum(len(each.beyond_reference) for each in OPERATIONS.values())
    documented = sum(map(len, statuses.values())) - more
    assert (
        last == f"{len(OPERATIONS)} of {len(OPERATIONS)} operations, {documented} of {documented} documented statuses"
    )
    assert added == f"{more} of {more} more that the document adds"
    assert [line.split()[0] for line in lines] == list(OPERATIONS)
    (tags,) = (line for line in lines if line.startswith("create_tag "))
    assert " ".join(tags.split()) == "create_tag POST /v4/tags 201 401 422 and 200 400 415 429 5XX"


SMALL = {"get_account": ("/v4/account", "get"), "update_tag": ("/v4/tags/{id}", "put")}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A document with two operations, whatever others their paths have."""
    document = json.loads(default_path().read_bytes())
    paths = {}
    for path, method in SMALL.values():
        item = document["paths"][path]
        paths[path] = {name: value for name, value in item.items() if name in (method, "parameters")}
    found = tmp_path / "small.json"
    found.write_text(json.dumps({**document, "paths": paths}))
    return found


def last_line(*, operations: int = 2, statuses: int = 0, more: int = 0) -> str:
    """The sums for the small document: so many complete operations, without `statuses`, and `more` than it has."""
    documented = sum(len(OPERATIONS[id_].responses.keys() - OPERATIONS[id_].beyond_reference) for id_ in SMALL)
    seen = documented - statuses
    return f"{operations} of 2 operations, {seen} of {documented + more} documented statuses"


def _coverage(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[str]]:
    status = cli.main(["coverage", *map(str, arguments)])
    return status, capsys.readouterr().out.splitlines()


def test_another_document(capsys: pytest.CaptureFixture[str], small: Path) -> None:
    status, lines = _coverage(capsys, "--document", small)
    assert (status, lines[-1]) == (0, last_line())


def test_a_status_that_is_not_answered_is_told(
    capsys: pytest.CaptureFixture[str], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**TABLE["update_tag"], "422": Recipe("PUT /v4/tags/1", {"name": "Letters"})}
    monkeypatch.setitem(TABLE, "update_tag", wrong)
    status, lines = _coverage(capsys, "--document", small)
    assert (status, lines[-1]) == (1, last_line(operations=1, statuses=1))
    assert lines[1].endswith(" BUT NOT 422 (answered 200)")


def test_what_another_operation_answers_does_not_count(
    capsys: pytest.CaptureFixture[str], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLE, "get_account", {"200": Recipe("PUT /v4/tags/1", {"name": "Letters"})})
    status, lines = _coverage(capsys, "--document", small)
    assert (status, lines[-1]) == (1, last_line(operations=1, statuses=2))
    assert "BUT NOT 200 (no answer of it)" in lines[0]


def test_a_status_without_a_recipe_is_told(capsys: pytest.CaptureFixture[str], small: Path) -> None:
    document = json.loads(small.read_bytes())
    responses = document["paths"]["/v4/account"]["get"]["responses"]
    responses["418"] = responses["401"]
    small.write_text(json.dumps(document))
    status, lines = _coverage(capsys, "--document", small)
    assert (status, lines[-1]) == (1, last_line(operations=1, more=1))
    assert lines[0].endswith("BUT NOT 418 (no answer of it)")


@pytest.mark.parametrize("added", [["418"], None])
def test_an_operation_is_complete_if_all_its_statuses_are_answered(
    capsys: pytest.CaptureFixture[str], small: Path, added: list[str] | None
) -> None:
    document = json.loads(small.read_bytes())
    operation = document["paths"]["/v4/account"]["get"]
    if added is None:
        # All of it is beyond the reference, and there are no recipes for it.
        operation |= {"operationId": "get_coffee", MARK: True}
    else:
        operation["responses"] |= {status: {**operation["responses"]["401"], MARK: True} for status in added}
    small.write_text(json.dumps(document))
    status, lines = _coverage(capsys, "--document", small)
    assert status == 1
    assert "BUT NOT" in lines[0]
    assert lines[-1].startswith("1 of 2 operations, ")


def test_an_operation_that_is_not_implemented_is_told(
    capsys: pytest.CaptureFixture[str], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "_implementations", {})
    status, lines = _coverage(capsys, "--document", small)
    assert status == 1
    assert "BUT NOT 200 (answered 501)" in lines[0]
    assert lines[-1].startswith("0 of 2 operations, ")


def test_a_fault_of_the_mock_is_no_5xx(
    capsys: pytest.CaptureFixture[str], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(call: Any) -> Any:
        raise ZeroDivisionError(call.operation_id)

    found = handlers.implementation("get_account")
    assert found is not None
    recipe = Recipe("GET /v4/account")
    answer = recipe.answer("get_account", small)
    assert answer is not None
    assert answer.status_code == 200
    monkeypatch.setitem(handlers._implementations, "get_account", attrs.evolve(found, handle=broken))
    answer = recipe.answer("get_account", small)
    assert answer is not None
    assert answer.status_code == 500
    monkeypatch.setitem(TABLE, "get_account", {"200": recipe, "5XX": recipe})
    status, lines = _coverage(capsys, "--document", small)
    assert status == 1
    assert "BUT NOT 200 (answered 500) BUT NOT 5XX (answered 500)" in lines[0]


def test_how_says_what_to_send(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = _coverage(capsys, "--how", "delete_custom_field")
    assert status == 0
    assert lines == [
        "delete_custom_field: DELETE /v4/custom_fields/{id} (the behaviour is current where none is named)",
        "  204  DELETE /v4/custom_fields/1",
        "  401  DELETE /v4/custom_fields/1 without a credential",
        "  404  DELETE /v4/custom_fields/999999999",
        "  422  DELETE /v4/custom_fields/2 (a field that the seed has as `locked`)",
        "  429  GET /v4/account, then DELETE /v4/custom_fields/1 to KitMock(rate_limit=1)",
        '  5XX  mock.fail_next("delete_custom_field", status=503), then DELETE /v4/custom_fields/1',
    ]
    status, lines = _coverage(capsys, "--how", "bulk_create_tags")
    assert status == 0
    assert all(len(line) < 400 for line in lines)
    status, lines = _coverage(capsys, "--how", "create_broadcast")
    assert '  403  POST /v4/broadcasts {"subject":"Hello"} to KitMock(can_broadcast=False)' in lines


def test_how_names_the_behaviour_that_has_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    _, lines = _coverage(capsys, "--how", "create_tag")
    taken = 'POST /v4/tags {"name":"Newsletter"}'
    assert f"  200  {taken} to KitMock(behaviour='current') (a taken name)" in lines
    assert f"  422  {taken} to KitMock(behaviour='reference') (a taken name)" in lines


def test_how_of_no_operation_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["coverage", "--how", "make_tea"]) == 2
    assert capsys.readouterr() == ("", "kit-mock: the document has no operation make_tea\n")
    assert cli.main(["coverage", "--how", "create_tags"]) == 2
    assert capsys.readouterr().err == "kit-mock: the document has no operation create_tags: did you mean create_tag?\n"
