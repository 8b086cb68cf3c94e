"""`kit-client call`: any operation, by names and values that are typed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_cli.calling import read_arguments
from kit_cli.casting import cast_text, expected
from kit_cli.document import operations
from kit_cli.status import MisuseError
from kit_mock import KitMock
from tests.unit.service import ACCOUNT

from .conftest import Cli

DOCUMENT = json.loads((files("kit_api") / "openapi.json").read_bytes())
ALL = operations()


def account(email: str = "ada@example.com") -> dict[str, Any]:
    return {**ACCOUNT, "user": {"email": email}}


def in_document() -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def test_every_operation_but_pages_for_browsers_can_be_called() -> None:
    expected_names = {name for name, (_, _, each) in in_document().items() if any(s < "300" for s in each["responses"])}
    assert set(ALL) == expected_names
    assert set(in_document()) - set(ALL) == {"authorize"}


@pytest.mark.parametrize("name", ALL)
def test_the_generated_function_takes_what_is_read(name: str) -> None:
    operation = ALL[name]
    parameters = set(inspect.signature(operation.module().sync_detailed).parameters) - {"client"}
    named = {each.name for each in operation.arguments.values() if each.place != "body"}
    assert parameters == named | ({"body"} if operation.has_body else set())
    generated = operation.module().OPERATION
    assert (generated.method, generated.path, generated.name) == (operation.method, operation.path, name)


@pytest.mark.parametrize("name", ALL)
def test_no_field_of_a_body_is_called_as_a_parameter(name: str) -> None:
    operation = ALL[name]
    body = operation.in_place("body")
    content = in_document()[name][2].get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = DOCUMENT["components"]["schemas"][media["schema"]["$ref"].rpartition("/")[2]]
        wanted = set(schema.get("properties", {}))
        assert wanted <= {each.name for each in body}


@given(st.sampled_from([(name, each) for name in ALL for each in ALL[name].arguments.values()]), st.text())
def test_whatever_is_typed_is_a_value_or_a_mistake_in_words(found: tuple[str, Any], text: str) -> None:
    _, argument = found
    mistakes = []
    try:
        cast_text(argument.name, text, argument.schema)
    except MisuseError as error:
        mistakes.append(str(error))
    assert all(each.startswith(f"{argument.name}: expected ") and each.isprintable() for each in mistakes)


@pytest.mark.parametrize("name", ALL)
def test_what_each_argument_takes_is_said(name: str) -> None:
    for argument in ALL[name].arguments.values():
        assert "None" not in expected(argument.schema)


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "-7", -7),
        ({"type": ["integer", "null"]}, "12", 12),
        ({"type": "number"}, "1.50", "1.50"),
        ({"type": "boolean"}, "TRUE", True),
        ({"type": "boolean"}, "false", False),
        ({"type": "string"}, "12", "12"),
        ({"type": "string"}, "", ""),
        ({"type": "array", "items": {"type": "integer"}}, "1, 2,3", [1, 2, 3]),
        ({"type": "array", "items": {"type": "string"}}, "", []),
        (
            {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]},
            "2026-03-02",
            None,
        ),
        ({"type": "string", "format": "date-time"}, "2026-03-02T09:30:00+02:00", None),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "5", 5),
        ({}, "anything", "anything"),
    ],
)
def test_a_text_becomes_what_the_document_says(schema: dict[str, Any], text: str, value: Any) -> None:
    made = cast_text("x", text, schema)
    assert (str(made) if value is None or isinstance(value, str) else made) == (
        text.replace("T", " ") if value is None else value
    )


@pytest.mark.parametrize(
    ("schema", "text", "wanted"),
    [
        ({"type": "integer"}, "1.0", "a whole number"),
        ({"type": "integer"}, "٣", "a whole number"),
        ({"type": "integer"}, "1e3", "a whole number"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "10", "a whole number from 1 to 9"),
        ({"type": "integer", "minimum": 1}, "9" * 5000, "a whole number from 1"),
        ({"type": "number"}, "nan", "a number"),
        ({"type": "number"}, "Infinity", "a number"),
        ({"type": "boolean"}, "yes", "true or false"),
        ({"type": "string", "enum": ["a", "b"]}, "c", "one of a, b"),
        ({"type": "string", "format": "date"}, "20260302", "a day"),
        ({"type": "string", "format": "date"}, "2026-02-30", "a day"),
        ({"type": "string", "format": "date-time"}, "2026-03-02T09:30:00", "a moment with a time zone"),
        ({"type": "array", "items": {"type": "integer"}}, "1,,2", "a whole number"),
        ({"type": "array", "items": {"type": "object"}}, "1", "JSON, as in x:='[{…}]'"),
        ({"type": "object"}, "1", "JSON, as in x:='{…}'"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_by_name(schema: dict[str, Any], text: str, wanted: str) -> None:
    with pytest.raises(MisuseError, match=r"^x: expected ") as caught:
        cast_text("x", text, schema)
    assert wanted in str(caught.value)


def test_an_answer_is_written_as_it_came(cli: Cli, mock: KitMock) -> None:
    assert cli("call", "create_tag", "name=Mathematicians").data["tag"]["name"] == "Mathematicians"
    status, out, err = cli("call", "list_tags", "per_page=1", "include_total_count=true")
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    assert json.loads(out)["pagination"]["total_count"] == 1
    assert mock.requests[-1].path == "/v4/tags"


def test_the_name_may_have_hyphens(cli: Cli) -> None:
    assert cli("call", "get-account").data["account"]["id"] == 1


def test_fields_of_objects_and_json_are_sent(cli: Cli, mock: KitMock) -> None:
    mock.custom_fields.add(label="Last name")
    made = cli(
        "call", "create_subscriber", "email_address=ada@example.com", "fields.last_name=Lovelace", "first_name:=null"
    )
    assert made.data["subscriber"]["fields"] == {"last_name": "Lovelace"}
    id_ = made.data["subscriber"]["id"]
    changed = cli("call", f"id={id_}", "update_subscriber", 'fields:={"last_name": "King"}')
    assert changed.status == 2  # the operation comes first
    changed = cli(
        "call", "update_subscriber", f"id={id_}", 'fields:={"last_name": "King"}', "email_address=a@example.com"
    )
    assert changed.data["subscriber"]["fields"] == {"last_name": "King"}


def test_objects_within_objects_are_sent(cli: Cli, mock: KitMock) -> None:
    mock.tags.add(name="Mathematicians")
    made = cli(
        "call", "create_webhook", "target_url=https://a.example/", "event.name=subscriber.tag_add", "event.tag_id=1"
    )
    assert made.data["webhook"]["event"] == {"name": "tag_add", "tag_id": 1}


def test_a_list_that_is_given_twice_goes_on_and_goes_before_that_of_the_body() -> None:
    operation = ALL["bulk_tag_subscribers"]
    body = '{"taggings": [{"tag_id": 1, "subscriber_id": 1}], "callback_url": "https://a.example"}'
    taggings = [f'taggings:=[{{"tag_id": {number}, "subscriber_id": 1}}]' for number in (2, 3)]
    made = read_arguments(operation, taggings, body)["body"]
    assert [each["tag_id"] for each in made["taggings"]] == [2, 3]
    assert made["callback_url"] == "https://a.example"


def test_fields_of_an_object_are_added_to_those_of_the_body() -> None:
    body = '{"email_address": "a@example.com", "fields": {"a": "1", "b": "1"}}'
    made = read_arguments(ALL["create_subscriber"], ["fields.b=2", "fields.c=2"], body)["body"]
    assert made["fields"] == {"a": "1", "b": "2", "c": "2"}


def test_a_body_comes_from_a_file_and_fields_go_before_it(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(b'\xef\xbb\xbf{"subject": "From the file", "description": "d"}')
    made = cli("call", "create_broadcast", "--body", f"@{file}", "subject=Mine").data["broadcast"]
    assert (made["subject"], made["description"]) == ("Mine", "d")


def test_a_body_comes_from_standard_input(cli: Cli, pipe_in: Callable[[bytes], None]) -> None:
    pipe_in('{"name": "Gepäck"}'.encode())
    assert cli("call", "create_tag", "--body", "@-").data["tag"]["name"] == "Gepäck"


def test_a_value_comes_from_a_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "post.html").write_text("<p>Dear reader</p>")
    made = cli("call", "create_broadcast", f"content=@{tmp_path / 'post.html'}").data
    assert made["broadcast"]["content"] == "<p>Dear reader</p>"


def test_all_pages_come_one_item_a_line(cli: Cli, mock: KitMock) -> None:
    for number in range(5):
        mock.tags.add(name=f"tag {number}")
    status, out, err = cli("call", "list_tags", "--all", "per_page=2")
    assert (status, err) == (0, "")
    assert [json.loads(line)["name"] for line in out.splitlines()] == [f"tag {number}" for number in (4, 3, 2, 1, 0)]
    assert len(cli("call", "--all", "list_tags", "--limit", "3", "per_page=2").out.splitlines()) == 3


@pytest.mark.parametrize("as_json", [True, False])
def test_a_list_that_breaks_off_says_where_to_go_on(cli: Cli, mock: KitMock, as_json: bool) -> None:
    for number in range(5):
        mock.tags.add(name=f"tag {number}")
    first = cli("call", "list_tags", "per_page=2").data
    cursor = first["pagination"]["end_cursor"]
    mock.fail_next("list_tags", status=200, body=first)
    mock.fail_next("list_tags", status=403)
    status, out, err = cli("call", "list_tags", "--all", "per_page=2", *(["--json", "-q"] if as_json else []))
    assert (status, len(out.splitlines())) == (1, 2)
    if as_json:
        assert json.loads(err)["cursor"] == cursor
    else:
        assert err.startswith(f"To go on from there, give this as after or, backwards, before: {cursor}\n")
    assert len(cli("call", "list_tags", "--all", f"after={cursor}").out.splitlines()) == 3


@pytest.mark.parametrize(("option", "is_told"), [("--json", False), ("--quiet", False), (None, True)])
def test_warnings_of_the_client_are_not_for_programs(
    cli: Cli, mock: KitMock, caplog: pytest.LogCaptureFixture, option: str | None, is_told: bool
) -> None:
    # Another field each time, as each is told once in a process.
    mock.fail_next("get_account", status=200, body={**account(), f"new_{option}": 1})
    assert cli("call", "get_account", *([option] if option else [])).status == 0
    assert bool(caplog.messages) is is_told


def test_nothing_is_written_for_an_answer_without_a_body(cli: Cli, mock: KitMock) -> None:
    subscriber = mock.subscribers.add(email_address="ada@example.com")
    assert cli("call", "unsubscribe_subscriber", f"id={subscriber['id']}") == (0, "", "")


def test_what_the_service_refuses_is_told(cli: Cli) -> None:
    status, out, err = cli("call", "get_subscriber", "id=99")
    assert (status, out) == (1, "")
    assert err.startswith("kit-client: get_subscriber: 404")
    status, out, err = cli("call", "create_tag", "name= ", "--json")
    told = json.loads(err)
    assert (status, told["type"], told["status_code"]) == (1, "UnprocessableEntityError", 422)
    assert (told["errors"], told["operation"], told["exit_status"]) == (["Name can't be blank"], "create_tag", 1)


def test_a_key_is_not_enough_for_some(cli: Cli) -> None:
    status, _, err = cli("call", "list_purchases")
    assert status == 1
    assert "takes OAuth only" in err
    assert err.endswith("`kit-client login` signs in\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["call"], "OPERATION: none given"),
        (["call", "list_subscriber"], "did you mean list_subscribers"),
        (["call", "subscriber"], "did you mean"),
        (["call", "zzz"], "`kit-client call --list` shows all"),
        (["call", "\x1b[31m"], "there is no '\\x1b[31m'"),
        (["call", "get_subscriber"], "id: missing"),
        (["call", "tag_subscriber", "id=1"], "tag_id: missing"),
        (["call", "create_subscriber"], "email_address: missing"),
        (["call", "get_subscriber", "1"], "'1': expected NAME=VALUE"),
        (["call", "get_subscriber", "id=one"], "id: expected a whole number from 1, got 'one'"),
        (["call", "list_tags", "perpage=3"], "did you mean per_page?"),
        (["call", "get_account", "id=1"], "it has none"),
        (["call", "list_tags", "=1"], "no such argument"),
        (["call", "list_tags", "per_page.x=1"], "per_page has no such field"),
        (["call", "list_tags", "per_page:=["], "per_page: expected JSON"),
        (["call", "create_webhook", "target_url=https://a.example", "event.nam=x"], "did you mean name?"),
        (["call", "create_webhook", "event=1", "event.name=x"], "event: expected JSON"),
        (["call", "create_webhook", "event:=1", "event.name=subscriber.tag_add"], "event was given as something else"),
        (["call", "create_webhook", 'event:={"nme": 1}', "target_url=https://a.example"], "unknown nme"),
        (["call", "list_subscribers", "created_after=yesterday"], "a day (2026-03-02) or a moment"),
        (["call", "list_subscribers", "status=lost"], "expected one of active"),
        (["call", "list_tags", "after=a", "before=b", "--all"], "after"),
        (["call", "create_tag", "name=a", "name=b"], "name: given twice"),
        (["call", "get_account", "--all"], "--all: get_account has no pages"),
        (["call", "list_tags", "--limit", "3"], "--limit: it is for --all"),
        (["call", "list_tags", "--all", "--limit", "0"], "'0' is not a number from 1"),
        (["call", "get_account", "--body", "{}"], "--body: get_account has no body"),
        (["call", "create_tag", "--body", "[]"], "--body: expected a JSON object"),
        (["call", "create_tag", "--body", "{"], "--body: expected JSON"),
    ],
)
def test_a_mistake_is_told_and_nothing_sent(cli: Cli, mock: KitMock, arguments: list[str], said: str) -> None:
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert not mock.requests


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_told(cli: Cli, tmp_path: Path, name: str) -> None:
    status, _, err = cli("call", "create_tag", "--body", f"@{tmp_path / name}")
    assert status == 1
    assert "can't be read" in err


def test_a_file_that_is_no_text_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    assert "isn't text in UTF-8" in cli("call", "create_tag", f"name=@{tmp_path / 'x'}").err


def test_the_list_and_the_help_need_no_credentials(offline: Cli) -> None:
    shown = offline("call", "--list")
    assert shown.status == 0
    assert {line.split("\t")[0] for line in shown.out.splitlines()[1:]} == set(ALL)
    data = offline("call", "--list", "--json").data
    assert {each["operation"]: each["path"] for each in data} == {name: each.path for name, each in ALL.items()}
    for name, operation in ALL.items():
        status, out, _ = offline("call", name, "--help")
        assert status == 0
        assert all(f"\n  {argument}  (" in out for argument in operation.arguments)
    assert offline("call", "--help").out.startswith("usage: kit-client call")
    assert offline("call", "list_tags", "--help", "--json").data["method"] == "GET"


def test_text_of_the_service_cannot_steer_a_terminal(cli: Cli, mock: KitMock) -> None:
    hostile = "\x1b[2J\x9b31m\u202e\u2066\x7f\u200b\u2028"
    mock.fail_next("get_account", status=200, body=account(email=hostile))
    out = cli("call", "get_account").out
    assert out.rstrip("\n").isprintable()
    assert json.loads(out)["user"]["email"] == hostile
    mock.fail_next("get_account", status=422, body={"errors": [hostile]})
    assert cli("call", "get_account").err.rstrip("\n").isprintable()
    mock.fail_next("get_account", status=422, body={"errors": [hostile]})
    err = cli("call", "get_account", "--json").err.rstrip("\n")
    assert err.isprintable()
    assert json.loads(err)["errors"] == [hostile]


def test_text_that_is_typed_cannot_either(offline: Cli) -> None:
    for arguments in (["broadcast", "\x1b[2J.md"], ["call", "x\udc80"], ["call", "get_account", "\x1b=1"]):
        assert offline(*arguments).err.rstrip("\n").isprintable()
        assert json.loads(offline(*arguments, "--json").err)["exit_status"] in (1, 2)


def test_letters_of_all_kinds_stay_letters(cli: Cli, mock: KitMock) -> None:
    name = "Grüße \U0001f469\u200d\U0001f680 \U000e0041\xa0x"
    mock.tags.add(name=name)
    out = cli("call", "list_tags").out
    assert json.loads(out)["tags"][0]["name"] == name
    assert "Grüße \U0001f469" in out


def test_digits_of_numbers_are_kept(cli: Cli, mock: KitMock) -> None:
    numbers = '"n":0.10000000000000000001,"big":123456789012345678901234567890'
    mock.fail_next("get_account", status=200, body=json.dumps(account())[:-1] + f", {numbers}}}")
    assert numbers in cli("call", "get_account").out
