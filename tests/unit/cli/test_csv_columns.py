"""What the columns of a file are to Kit: by their headers, by the account's custom fields, and by `--map`."""

from __future__ import annotations

import io

import pytest

from kit_cli.csv_columns import Columns, CustomField, columns_of, custom_fields, names_address
from kit_cli.csv_rows import Record, Table
from kit_cli.status import CommandError

COMPANY = CustomField("Company", "company", 1)
LAST_NAME = CustomField("Last name", "last_name", 2)


def columns(content: str, chosen: dict[str, str] | None = None, *known: CustomField) -> Columns:
    table = Table(io.BytesIO(content.encode()), None, None, lambda cell: names_address(cell) or cell in (chosen or {}))
    return columns_of(table, chosen or {}, known)


def targets(content: str, chosen: dict[str, str] | None = None, *known: CustomField) -> dict[str, str]:
    found = columns(content, chosen, *known)
    return {found.names[index]: str(target) for index, target in found.targets.items()}


@pytest.mark.parametrize(
    "header",
    [
        "Email",
        "E-mail",
        "email_address",
        "EMAIL ADDRESS",
        "e mail",
        "Mail",
        "E-Mail-Adresse",
        "Adresse e-mail",
        "E-mail 1 - Value",
    ],
)
def test_headers_that_mean_the_address(header: str) -> None:
    assert targets(f"{header},x\na@b.example,y\n") == {header: "email_address"}


@pytest.mark.parametrize("header", ["First Name", "first_name", "FNAME", "Given name", "Vorname", "Prénom"])
def test_headers_that_mean_the_first_name(header: str) -> None:
    assert targets(f"email,{header}\na@b.example,y\n") == {"email": "email_address", header: "first_name"}


@pytest.mark.parametrize("header", ["Name", "State", "Work email", "Last name", "Phone"])
def test_headers_that_may_mean_something_else_are_not_guessed(header: str) -> None:
    found = columns(f"email,{header}\na@b.example,y\n")
    assert (list(found.targets.values()), found.ignored) == (["email_address"], [header])


@pytest.mark.parametrize("header", ["Company", "COMPANY", "company", "fields.company", "com-pany"])
def test_headers_that_are_called_as_a_custom_field(header: str) -> None:
    assert targets(f"email,{header}\na@b.example,y\n", None, COMPANY, LAST_NAME)[header] == "fields.company"


def test_a_header_that_is_like_two_custom_fields_is_none_of_them() -> None:
    alike = custom_fields([(1, "last_name", "Last name"), (2, "lastname", "Lastname")])
    assert targets("email,Last name\na@b.example,y\n", None, *alike)["Last name"] == "fields.last_name"
    assert "last.name" not in targets("email,last.name\na@b.example,y\n", None, *alike)


def test_a_key_wins_over_the_label_of_another_field() -> None:
    known = custom_fields([(1, "a", "b"), (2, "b", "c")])
    found = columns("email,b\nx@y.example,z\n", None, *known)
    assert (str(found.targets[1]), found.fields) == ("fields.b", {"column 2": "c"})


def test_a_custom_field_that_is_called_as_an_attribute_is_told_from_it() -> None:
    known = custom_fields([(7, "state", "State")])
    found = columns("email,State\na@b.example,Texas\n", None, *known)
    assert found.fields == {"column 2": 7}
    assert found.values(Record(2, ["a@b.example", "Texas"])) == {"email_address": "a@b.example", "column 2": "Texas"}


def test_the_user_says_what_a_column_is() -> None:
    chosen = {"Contact": "email_address", "name": "first_name", "3": "company", "Plan": "Tariff", "Email": ""}
    content = "Contact,Name,,Plan,Email\na@b.example,Ada,ACME,gold,old@b.example\n"
    found = columns(content, chosen, COMPANY)
    assert {found.names[index]: str(target) for index, target in found.targets.items()} == {
        "Contact": "email_address",
        "Name": "first_name",
        "3": "fields.company",
        "Plan": "Tariff",
    }
    assert (found.ignored, [field.label for field in found.missing]) == (["Email"], ["Tariff"])
    assert found.fields == {"column 3": "Company", "column 4": "Tariff"}


def test_what_the_user_says_wins_over_what_would_be_guessed() -> None:
    content = "Email,E-mail\nold@b.example,new@b.example\n"
    assert targets(content, {"E-mail": "email_address"}) == {"E-mail": "email_address"}


@pytest.mark.parametrize("content", ["Ada,a@b.example,ACME\n", "\n\nAda;a@b.example;ACME\nGrace;g@b.example;\n"])
def test_without_a_header_columns_go_by_number(content: str) -> None:
    found = columns(content, {"1": "first_name"})
    assert (found.has_header, found.names, found.ignored) == (False, ["1", "2", "3"], ["3"])
    assert found.targets == {0: "first_name", 1: "email_address"}


@pytest.mark.parametrize(
    ("content", "chosen", "said"),
    [
        ("", {}, "the file is empty"),
        ("\n \n", {}, "the file is empty"),
        ("Emial,Name\n", {}, "no column is called as one of e-mail addresses; did you mean 'Emial'?"),
        ("Contact,Name\na@b.example,Ada\n", {}, "did you mean 'Contact'? Then add --map 'Contact=email_address'"),
        ("Foo,Bar\n1,2\n", {}, "no column is called as one of e-mail addresses (the columns are Foo, Bar)"),
        (
            "Email,Email\n",
            {},
            "columns 1 (Email) and 2 (Email) would both be email_address: choose one with --map 1=email_address",
        ),
        (
            "Email,Email\n",
            {"Email": "email_address"},
            "columns 1 and 2 are both called 'Email'; name one by its number",
        ),
        ("Email,Name\n", {"Nmae": "first_name"}, "there is no column 'Nmae'; did you mean 'Name'?"),
        ("Email,Name\n", {"3": "first_name"}, "there is no column '3'"),
        ("Email,A,B\n", {"A": "company", "B": "Company"}, "would both be fields.company"),
        ('Email,"Na', {}, "line 1, the header: a quote isn't closed"),
        ("Foo\x1b[2J,Bar\n", {}, "\\x1b[2J"),
    ],
)
def test_what_can_not_be_made_out_is_told(content: str, chosen: dict[str, str], said: str) -> None:
    with pytest.raises(CommandError) as error:
        columns(content, chosen, COMPANY)
    assert said in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["a@b.example", "Ada", "x"], None),
        (["a@b.example"], None),
        (["a@b.example", "Ada", "x", "", ""], None),
        (["a@b.example", "Ada", "x", "", "y"], "has 5 cells, where the first row has 3"),
        (["a@b.example", "Ada", "\0\ufffd"], None),
        (["a@b.example", "A\0da", "x"], "Name: has a character that can't be read"),
        (["a\ufffd@b.example", "Ada", "x"], "Email: has a character that can't be read"),
    ],
)
def test_rows_that_do_not_fit_the_header(cells: list[str], said: str | None) -> None:
    assert columns("Email,Name,Note\n", {"Name": "first_name"}).problem(Record(2, cells)) == said


@pytest.mark.parametrize(("cell", "value"), [("'=1+1", "=1+1"), ("'+49 30", "+49 30"), ("'Ada", "'Ada"), ("'", "'")])
def test_the_apostrophe_of_an_export_for_spreadsheets_is_taken_away(cell: str, value: str) -> None:
    found = columns("Email,First name\n")
    assert found.values(Record(2, ["a@b.example", cell]))["first_name"] == value
