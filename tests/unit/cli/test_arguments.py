"""Command lines that the parser refuses."""

from __future__ import annotations

import json

import pytest

from .conftest import Cli


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND; `kit-client --help` tells more"),
        (["--json"], "the following arguments are required: COMMAND; `kit-client --help` tells more"),
        (["nonsense"], "argument COMMAND: invalid choice: 'nonsense'"),
        (["import"], "the following arguments are required: FILE; `kit-client import --help` tells more"),
        (["import", "a.csv", "--form", "x"], "argument --form: 'x' is not the id of a form"),
        (["webhooks", "remove"], "the following arguments are required: ID; `kit-client webhooks remove --help`"),
        (["webhooks", "nonsense"], "argument ACTION: invalid choice: 'nonsense'"),
        (["export", "nonsense"], "argument WHAT: invalid choice: 'nonsense'"),
        (["export", "tags", "--nonsense"], "unrecognized arguments: --nonsense; `kit-client export --help` tells more"),
        (["login", "--api-key", "--client-id", "x"], "argument --client-id: not allowed with argument --api-key"),
        (["call", "list_tags", "--limit", "0"], "argument --limit: '0' is not a number from 1"),
    ],
)
def test_a_mistake_is_told_in_one_line_or_as_json(offline: Cli, arguments: list[str], said: str) -> None:
    status, out, err = offline(*arguments, "--json")
    assert (status, out) == (2, "")
    error = json.loads(err)
    assert said in error["error"]
    assert error["exit_status"] == 2
    told = offline(*(each for each in arguments if each != "--json"))
    assert told == (2, "", f"kit-client: {error['error']}\n")
    assert told.err.count("\n") == 1


def test_behind_two_hyphens_nothing_is_an_option(offline: Cli) -> None:
    status, _, err = offline("call", "--", "list_tag", "--json")
    assert (status, err.partition(":")[0]) == (2, "kit-client")
