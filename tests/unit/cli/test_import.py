"""`kit-client import`: what is read, said, sent and reported, with a served mock."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit_cli.import_run import ImportRun
from kit_cli.part import Part
from kit_mock import KitMock

from .conftest import Cli

PEOPLE = """\
E-mail;Vorname;Company;Notes
 ada@example.com ;Ada;"Analytical; Engines";x

nobody;Bob;;
ADA@example.com;A;;
grace@example.com;"Gr"ace";;
dora@example.com;Dora;;;;too many
carl@example.com;Carl
"""


@pytest.fixture
def people(mock: KitMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file of people, in a folder that is the current one, and an OAuth token of the mock in the environment."""
    monkeypatch.setenv("KIT_ACCESS_TOKEN", mock.access_token)
    monkeypatch.setenv("KIT_BASE_URL", mock.url)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    return path


@pytest.fixture
def run(no_credentials: None, people: Path, offline: Cli) -> Cli:
    """Runs the command with that token."""
    return offline


def added(mock: KitMock) -> dict[str, Any]:
    return {row["email_address"]: row for row in mock.subscribers.all()}


def writes(mock: KitMock) -> list[str | None]:
    return [request.operation_id for request in mock.requests if request.method != "GET"]


def test_good_rows_go_in_and_bad_ones_are_reported_with_their_lines(mock: KitMock, run: Cli) -> None:
    mock.custom_fields.add(label="Company")
    mock.tags.add(name="VIP")
    form = str(mock.forms.add(name="Signup")["id"])
    status, out, err = run("import", "people.csv", "--tag", "vip", "--form", form)
    assert (status, out) == (3, "2 rows imported; 1 duplicate left out; 3 failed\n")
    assert added(mock).keys() == {"ada@example.com", "carl@example.com"}
    ada = added(mock)["ada@example.com"]
    assert (ada["first_name"], ada["fields"]) == ("Ada", {"company": "Analytical; Engines"})
    for members in (("--tag", "VIP"), ("--form", form)):
        assert run("export", "subscribers", *members, "--quiet").out.count("@example.com") == 2
    with Path("people.failures.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert {row["line"]: row["reasons"] for row in rows} == {
        "4": "email_address: expected an address, got str 'nobody'",
        "5": "line 2 has the same address",
        "6": "a quote isn't closed, or stands in the middle of a cell",
        "7": "has 6 cells, where the first row has 4",
    }
    assert [row["Vorname"] for row in rows if row["line"] == "4"] == ["Bob"]
    for line in (4, 5, 6, 7):
        assert f"  line {line}: " in err
    assert "  Vorname -> first_name\n  Company -> fields.company\n  not imported: Notes;" in err
    assert "all of these rows are in people.failures.csv" in err


def test_what_failed_can_be_mended_and_imported(mock: KitMock, run: Cli) -> None:
    run("import", "people.csv")
    failures = Path("people.failures.csv")
    failures.write_text(failures.read_text(encoding="utf-8").replace("nobody", "bob@example.com"), encoding="utf-8")
    status, out, _ = run("import", "people.failures.csv", "--failures", "rest.csv")
    assert (status, out) == (3, "2 rows imported; 2 failed\n")
    assert added(mock)["bob@example.com"]["first_name"] == "Bob"
    assert Path("rest.csv").exists()


def test_a_dry_run_writes_nothing_anywhere(mock: KitMock, run: Cli) -> None:
    status, out, err = run("import", "people.csv", "--dry-run", "--tag", "new", "--create-missing")
    assert (status, out) == (3, "2 rows can be imported; 1 duplicate left out; 3 failed\n")
    assert "to be created: tag 'new'" in err
    assert "  line 4: email_address: expected an address" in err
    assert (writes(mock), added(mock), list(Path().glob("*.failures.csv"))) == ([], {}, [])
    assert run("import", "people.csv", "--dry-run", "--failures", "f.csv").status == 3
    assert Path("f.csv").exists()


def test_tags_and_fields_that_do_not_exist_are_created_on_request_only(mock: KitMock, run: Cli) -> None:
    mock.tags.add(name="Customers")
    asked = ("import", "people.csv", "--tag", "Custmers", "--map", "Notes=Remark")
    status, _, err = run(*asked)
    assert status == 1
    assert "there is no tag 'Custmers'; did you mean 'Customers'?; there is no custom field 'Remark'" in err
    assert "--create-missing creates what isn't there" in err
    assert writes(mock) == []
    assert run(*asked, "--create-missing").status == 3
    assert [row["label"] for row in mock.custom_fields.all()] == ["Remark"]
    assert {row["name"] for row in mock.tags.all()} == {"Customers", "Custmers"}
    assert added(mock)["ada@example.com"]["fields"] == {"remark": "x"}


def test_a_form_that_does_not_exist_is_told_before_anything_is_sent(mock: KitMock, run: Cli) -> None:
    mock.forms.add(name="Signup\x1b[2J")
    status, _, err = run("import", "people.csv", "--form", "77")
    assert (status, writes(mock)) == (1, [])
    assert "there is no form 77; there are 1 (Signup\\x1b[2J)" in err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.csv"], 1, "none.csv can't be read: No such file or directory"),
        (["."], 1, "can't be read"),
        (["people.csv", "--map", "Foo"], 2, "'Foo' is not of the form COLUMN=FIELD"),
        (["people.csv", "--map", "Nme=first_name"], 2, "there is no column 'Nme'"),
        (["people.csv", "--map", "Notes=a", "--map", "Notes=b"], 2, "column 'Notes' is given twice"),
        (["people.csv", "--form", "x"], 2, "'x' is not the id of a form"),
        (["people.csv", "--tag", " "], 2, "the name of a tag is blank"),
        (["people.csv", "--encoding", "klingon"], 2, "'klingon' is not an encoding that is known"),
        (["people.csv", "--encoding", "base64"], 2, "'base64' is not an encoding that is known"),
        (["people.csv", "--encoding", "idna"], 1, "the file can't be read as idna: "),
        (["people.csv", "--encoding", "utf-16"], 1, "the file can't be read as utf-16: "),
        (["people.csv", "--delimiter", "ab"], 2, "'ab' is not one sign"),
        (["people.csv", "--failures", "people.csv"], 2, "people.csv is there already; --force replaces it"),
        (["people.csv", "--failures", "./people.csv", "--force"], 2, "FILE and --failures are the same file"),
        (["people.csv", "--failures", "other.csv", "--force"], 2, "FILE and --failures are the same file: other.csv"),
        (["people.csv", "--checkpoint", "people.csv"], 2, "FILE and --checkpoint are the same file: people.csv"),
        (["people.csv", "--failures", "k", "--checkpoint", "./k"], 2, "--checkpoint and --failures are the same file"),
        (["people.csv", "--failures", "k", "--checkpoint", "k.part"], 2, "and the unfinished file of --failures are"),
        (["people.csv", "--failures", "k", "--store", "k"], 2, "--store and --failures are the same file"),
        (["f.csv.part", "--failures", "f.csv"], 2, "FILE and the unfinished file of --failures are the same file"),
        (["notes.txt", "--checkpoint", "people.csv"], 1, "checkpoint people.csv: it can't be used"),
        (["people.csv", "--failures", "no/where.csv"], 1, "no/where.csv can't be written: there is no such folder"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(
    mock: KitMock, run: Cli, arguments: list[str], status: int, said: str
) -> None:
    Path("other.csv").hardlink_to("people.csv")
    for copy in ("f.csv.part", "notes.txt"):
        Path(copy).write_text(PEOPLE, encoding="utf-8")
    files = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    outcome = run("import", *arguments)
    assert (outcome.status, outcome.out) == (status, "")
    assert said in outcome.err
    assert "bulk_create_subscribers" not in writes(mock)
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == files


def test_a_key_is_told_to_need_a_fallback_which_goes_one_by_one(
    mock: KitMock, run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIT_ACCESS_TOKEN")
    monkeypatch.setenv("KIT_API_KEY", mock.api_key)
    status, _, err = run("import", "people.csv")
    assert (status, writes(mock)) == (1, [])
    assert "an import needs OAuth" in err
    assert "--fallback single" in err
    assert run("import", "people.csv", "--fallback", "single").status == 3
    assert writes(mock) == ["create_subscriber"] * 2


def test_a_program_gets_all_of_it_as_json(mock: KitMock, run: Cli) -> None:
    outcome = run("import", "people.csv", "--json")
    data = outcome.data
    assert outcome.status == 3
    assert (data["rows"], data["imported"], data["duplicates"], data["failed"]) == (6, 2, 1, 3)
    assert (data["failures"], data["not_imported"]) == ("people.failures.csv", ["Company", "Notes"])
    assert data["columns"] == {"E-mail": "email_address", "Vorname": "first_name"}
    assert {failure["line"] for failure in data["first_failures"]} == {4, 5, 6, 7}
    assert data["estimate"]["requests"] >= data["requests"] == 1


def test_standard_input_is_read(mock: KitMock, run: Cli, pipe_in: Callable[[bytes], None]) -> None:
    pipe_in("email\tfirst name\r\nzoe@example.com\tZoë\r\n".encode("utf-16"))
    assert run("import", "-") == (
        0,
        "1 row imported\n",
        (
            "standard input: 1 row, utf-16, tabs\n  email -> email_address\n  first name -> first_name\n"
            "about 1 request, less than a minute\n"
        ),
    )
    assert added(mock)["zoe@example.com"]["first_name"] == "Zoë"


@pytest.mark.parametrize(("answer", "status", "sent"), [("y\n", 3, 1), ("\n", 1, 0), ("no\n", 1, 0), ("", 1, 0)])
def test_somebody_at_a_terminal_is_asked_first(
    mock: KitMock,
    run: Cli,
    type_in: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    status: int,
    sent: int,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    type_in(answer)
    outcome = run("import", "people.csv")
    assert (outcome.status, len(writes(mock))) == (status, sent)
    assert "Import 6 rows? [y/N]" in outcome.err


def test_somebody_who_said_yes_is_not_asked(
    mock: KitMock, run: Cli, type_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    type_in("")
    assert run("import", "people.csv", "--yes", "--quiet") == (
        3,
        "2 rows imported; 1 duplicate left out; 3 failed\n",
        "",
    )


def test_the_estimate_says_how_long_it_takes(run: Cli) -> None:
    rows = "".join(f"p{number}@example.com\n" for number in range(3_000))
    Path("many.csv").write_text(f"email\n{rows}", encoding="utf-8")
    err = run("import", "many.csv", "--dry-run").err
    assert "many.csv: 3,000 rows, utf-8, commas\n" in err
    assert "about 30 requests, less than a minute\n" in err


def test_all_rows_that_fail_are_a_failure(mock: KitMock, run: Cli) -> None:
    Path("bad.csv").write_text("email\nx\ny\n", encoding="utf-8")
    assert run("import", "bad.csv")[:2] == (1, "0 rows imported; 2 failed\n")
    assert writes(mock) == []


def test_a_header_alone_is_no_failure(mock: KitMock, run: Cli) -> None:
    Path("none.csv").write_text("email\n", encoding="utf-8")
    assert run("import", "none.csv")[:2] == (0, "0 rows imported\n")


def test_what_the_service_refuses_is_reported_with_its_line(mock: KitMock, run: Cli) -> None:
    Path("p.csv").write_text("email\nada@example.com\n\nada@exam ple.com\n", encoding="utf-8")
    status, out, err = run("import", "p.csv")
    assert (status, out) == (3, "1 row imported; 1 failed\n")
    assert "  line 4: Email address is invalid\n" in err


def test_an_import_that_fails_says_how_far_it_came(mock: KitMock, run: Cli) -> None:
    mock.fail_next("bulk_create_subscribers", status=401)
    status, out, err = run("import", "people.csv")
    assert (status, out) == (1, "")
    assert "of 4 rows are done\n" in err
    assert "the same command begins anew, which does no harm" in err
    assert not Path("people.failures.csv").exists()


def test_a_second_file_of_failures_has_another_name(run: Cli) -> None:
    assert run("import", "people.csv").status == 3
    before = Path("people.failures.csv").read_bytes()
    assert "people.failures-2.csv" in run("import", "people.csv").err
    assert Path("people.failures.csv").read_bytes() == before


def test_two_imports_at_a_time_write_two_files_of_failures(run: Cli) -> None:
    other = Part(Path("people.failures.csv"))
    other.path.write_bytes(b"what another process writes")
    status, _, err = run("import", "people.csv", "--failures", "people.failures.csv")
    assert (status, "another process is writing people.failures.csv" in err) == (1, True)
    assert "all of these rows are in people.failures-2.csv" in run("import", "people.csv").err
    assert other.path.read_bytes() == b"what another process writes"
    other.release()


def test_what_a_killed_import_left_of_its_failures_is_replaced(run: Cli) -> None:
    Path("people.failures.csv.part").write_bytes(b"x" * 10_000)
    Path("people.failures.csv.part.lock").touch()
    assert "all of these rows are in people.failures.csv" in run("import", "people.csv").err
    assert b"xx" not in Path("people.failures.csv").read_bytes()
    assert [path.name for path in Path().glob("*.failures*")] == ["people.failures.csv"]


def files() -> set[str]:
    return {path.name for path in Path().iterdir() if path.is_file()}


def test_an_import_that_could_not_report_does_not_begin(mock: KitMock, run: Cli) -> None:
    # A folder, as no permission keeps an administrator from writing.
    Path("people.failures.csv.part").mkdir()
    status, out, err = run("import", "people.csv", "--tag", "new", "--create-missing")
    assert (status, out, writes(mock)) == (1, "", [])
    assert "people.failures.csv can't be written: Is a directory; --failures FILE.csv is another place" in err
    assert run("import", "people.csv", "--dry-run").status == 3
    Path("f.csv.part").mkdir()
    for dry in ((), ("--dry-run",)):
        assert run("import", "people.csv", "--failures", "f.csv", *dry).status == 1
    assert run("import", "people.csv", "--failures", "g.csv").status == 3
    assert files() == {"people.csv", "g.csv"}


def test_nothing_is_left_where_no_row_fails(mock: KitMock, run: Cli) -> None:
    Path("good.csv").write_text("email\nada@example.com\n", encoding="utf-8")
    Path("old.csv").write_text("old", encoding="utf-8")
    for more in ((), ("--failures", "new.csv"), ("--failures", "old.csv", "--force"), ("--dry-run",)):
        assert run("import", "good.csv", *more)[:2] == (
            0,
            f"1 row {'can be ' if '--dry-run' in more else ''}imported\n",
        )
    assert files() == {"people.csv", "good.csv", "old.csv"}
    assert Path("old.csv").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("checkpoint", ["./people.failures.csv", "{}/people.failures.csv", "people.failures.csv.part"])
def test_the_file_of_failures_is_not_called_as_the_checkpoint(run: Cli, tmp_path: Path, checkpoint: str) -> None:
    err = run("import", "people.csv", "--checkpoint", checkpoint.format(tmp_path)).err
    assert "all of these rows are in people.failures-2.csv" in err


def test_rows_that_failed_are_not_lost_where_their_name_is_taken_meanwhile(
    mock: KitMock, run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent(run: ImportRun, *arguments: Any) -> Any:
        Path("people.failures.csv").write_text("mine", encoding="utf-8")
        return send(run, *arguments)

    send = ImportRun._send
    monkeypatch.setattr(ImportRun, "_send", sent)
    status, out, err = run("import", "people.csv")
    assert (status, out) == (1, "2 rows imported; 1 duplicate left out; 3 failed\n")
    assert "people.failures.csv is there already" in err
    assert "people.failures.csv.part\n" in err
    assert Path("people.failures.csv").read_text(encoding="utf-8") == "mine"
    assert "nobody" in Path("people.failures.csv.part").read_text(encoding="utf-8")


def test_failures_can_go_to_a_device(run: Cli) -> None:
    assert run("import", "people.csv", "--failures", os.devnull, "--force").status == 3
    assert not list(Path(os.devnull).parent.glob("*.part"))


def test_a_file_of_excel_gets_failures_that_excel_reads(run: Cli) -> None:
    Path("excel.csv").write_bytes("Email;Name\r\nzoë;Zoë\r\n".encode("cp1252"))
    run("import", "excel.csv")
    assert Path("excel.failures.csv").read_bytes().startswith("\ufeffline;reasons;Email;Name\n2;".encode())


def test_the_checkpoint_knows_the_import_also_where_its_first_run_created_tag_and_field(
    mock: KitMock, run: Cli
) -> None:
    asked = (
        "import",
        "people.csv",
        "--tag",
        "New",
        "--map",
        "Notes=Remark",
        "--create-missing",
        "--checkpoint",
        "c.db",
    )
    first = run(*asked, "--json").data
    assert (first["imported"], first["resumed"]) == (2, 0)
    mock.forget_requests()
    again = run(*asked, "--json", "--failures", "f.csv").data
    assert (again["imported"], again["resumed"]) == (2, 2)
    assert writes(mock) == []


def test_messages_hold_no_escape_codes_of_the_file(run: Cli) -> None:
    Path("p.csv").write_text("email,\x1b[31mx\na\x1b[2J,1\n", encoding="utf-8")
    outcome = run("import", "p.csv")
    assert outcome.status == 1
    assert "\x1b" not in outcome.out + outcome.err


def test_the_report_is_json_even_with_odd_characters(run: Cli) -> None:
    Path("p.csv").write_text("email,\u202ex\na\u202e,1\n", encoding="utf-8")
    outcome = run("import", "p.csv", "--json")
    assert "\u202e" not in outcome.out
    assert json.loads(outcome.out)["not_imported"] == ["\u202ex"]
