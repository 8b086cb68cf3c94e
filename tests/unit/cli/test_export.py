"""`kit-client export`: which lists there are, what their files hold, and when files appear."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from kit_cli.listings import listings
from kit_cli.new_file import NewFile
from kit_mock import KitMock

from .conftest import Cli

DOCUMENT = json.loads((files("kit_api") / "openapi.json").read_bytes())


@pytest.fixture
def run(mock: KitMock, offline: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Runs the command in an empty folder, with an OAuth token of the mock."""
    monkeypatch.setenv("KIT_ACCESS_TOKEN", mock.access_token)
    monkeypatch.setenv("KIT_BASE_URL", mock.url)
    monkeypatch.chdir(tmp_path)
    return offline


@pytest.fixture
def people(mock: KitMock) -> list[dict[str, Any]]:
    """Subscribers with custom fields, newest first."""
    mock.custom_fields.add(label="Company")
    mock.custom_fields.add(label="Plan")
    names = ["Ada", 'Zoë; "x", y', None, "=1+1", "two\nlines"]
    return [
        mock.subscribers.add(email_address=f"p{number}@example.com", first_name=name, fields={"company": f"C{number}"})
        for number, name in enumerate(names)
    ][::-1]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def left() -> list[str]:
    """What is in the current folder."""
    return sorted(path.name for path in Path().iterdir())


def test_every_list_of_the_document_can_be_exported() -> None:
    paged = {
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for name, operation in item.items()
        if name == "get"
        and any(
            each.get("$ref", "").endswith("/After") or each.get("name") == "after"
            for each in operation.get("parameters", [])
        )
    }
    assert len(listings()) == len(paged) > 10


@pytest.mark.parametrize("what", sorted({each.what for each in listings() if each.owner is None}))
def test_each_list_has_a_header_when_it_is_empty(run: Cli, what: str) -> None:
    status, out, _ = run("export", what)
    assert status == 0
    # A new account has templates.
    assert bool(rows(out)) == (what == "email_templates")
    assert "id" in out.splitlines()[0].split(",")


def test_subscribers_become_rows_with_a_column_for_each_custom_field(run: Cli, people: list[dict[str, Any]]) -> None:
    status, out, err = run("export", "subscribers")
    assert out.splitlines()[0] == "id,first_name,email_address,state,created_at,fields.company,fields.plan"
    found = rows(out)
    assert [row["id"] for row in found] == [str(person["id"]) for person in people]
    assert [row["first_name"] or None for row in found] == [person["first_name"] for person in people]
    assert [row["created_at"] for row in found] == [person["created_at"] for person in people]
    assert {row["fields.plan"] for row in found} == {""}
    assert (status, err.splitlines()[0]) == (0, "subscribers: 5 rows in standard output")


def test_what_is_asked_for_has_its_columns(run: Cli, people: list[dict[str, Any]]) -> None:
    header = run("export", "subscribers", "--include", "location,tags").out.splitlines()[0]
    assert "location.city,location.state" in header
    assert header.endswith(",tags")
    assert "attribution" not in header
    assert run("export", "subscribers", "--slim").out.splitlines()[0] == "id,first_name,email_address,state,created_at"


def test_json_lines_are_what_the_service_sent(run: Cli, people: list[dict[str, Any]]) -> None:
    out = run("export", "subscribers", "--format", "jsonl").out
    # A list tells less than what is added.
    sent = [
        {name: value for name, value in person.items() if name not in ("canceled_at", "location")} for person in people
    ]
    assert [json.loads(line) for line in out.splitlines()] == sent


def test_for_programs_standard_output_is_json_lines_and_nothing_else(run: Cli, people: list[dict[str, Any]]) -> None:
    status, out, _ = run("export", "subscribers", "--json")
    assert (status, [json.loads(line)["id"] for line in out.splitlines()]) == (0, [person["id"] for person in people])
    assert run("export", "subscribers", "--json", "--format", "csv").out.startswith("id,")


def test_parquet_has_types(run: Cli, people: list[dict[str, Any]]) -> None:
    assert run("export", "subscribers", "--out", "p.parquet").status == 0
    table = pyarrow.parquet.read_table("p.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert (types["id"], types["created_at"], types["fields.company"]) == ("int64", "timestamp[us, tz=UTC]", "string")
    found = table.to_pylist()
    assert [row["first_name"] for row in found] == [person["first_name"] for person in people]
    assert found[0]["created_at"] == datetime.fromisoformat(people[0]["created_at"]).astimezone(UTC)
    assert left() == ["p.parquet"]


def test_parquet_tells_of_a_value_that_does_not_fit(mock: KitMock, run: Cli) -> None:
    mock.faults.add(
        operation="list_tags",
        status=200,
        body={
            "tags": [{"id": "one", "name": "VIP", "created_at": "2026-01-01T00:00:00Z"}],
            "pagination": {
                "has_next_page": False,
                "has_previous_page": False,
                "start_cursor": None,
                "end_cursor": None,
                "per_page": 1,
            },
        },
    )
    status, _, err = run("export", "tags", "--out", "t.parquet")
    assert (status, "column id holds a value of another type than int64" in err) == (1, True)
    assert left() == []
    assert rows(run("export", "tags").out) == [{"id": "one", "name": "VIP", "created_at": "2026-01-01T00:00:00Z"}]


def test_without_pyarrow_parquet_says_what_to_install(run: Cli, monkeypatch: pytest.MonkeyPatch, mock: KitMock) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    status, _, err = run("export", "tags", "--out", "t.parquet")
    assert (status, left(), mock.requests) == (1, [], ())
    assert 'pip install "kit-client[parquet]"' in err


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.jsonl", "p.ndjson", "p.txt", "P.CSV"])
def test_the_format_is_known_by_the_ending(run: Cli, people: list[dict[str, Any]], name: str) -> None:
    data = run("export", "subscribers", "--out", name, "--json").data
    assert (data["rows"], data["out"], left()) == (5, name, [name])
    start = Path(name).read_text(encoding="utf-8").splitlines()[0]
    assert data["format"] == ("jsonl" if start[0] == "{" else "csv")
    assert ("\t" in start) == (name == "p.tsv")


def test_a_spreadsheet_can_be_kept_from_running_names(run: Cli, people: list[dict[str, Any]]) -> None:
    plain = run("export", "subscribers")
    assert "=1+1" in [row["first_name"] for row in rows(plain.out)]
    assert "1 cell begins like a formula" in plain.err
    run("export", "subscribers", "--out", "p.csv", "--safe-for-excel")
    text = Path("p.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbfid,")
    assert "'=1+1" in [row["first_name"] for row in rows(text.decode("utf-8-sig"))]


def test_what_is_exported_can_be_imported(
    run: Cli, people: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("export", "subscribers", "--out", "p.csv", "--safe-for-excel")
    with KitMock() as other:
        other.custom_fields.add(label="Company")
        other.custom_fields.add(label="Plan")
        monkeypatch.setenv("KIT_BASE_URL", other.url)
        assert run("import", "p.csv").status == 0
        found = {row["email_address"]: (row["first_name"], row["fields"]["company"]) for row in other.subscribers.all()}
    assert found == {person["email_address"]: (person["first_name"], person["fields"]["company"]) for person in people}


def test_members_of_a_tag_by_its_name_or_its_id(mock: KitMock, run: Cli, people: list[dict[str, Any]]) -> None:
    tag = mock.tags.add(name="2024")
    mock.subscribers.add(email_address="member@example.com", tags=["2024"])
    for name in ("2024", str(tag["id"])):
        found = rows(run("export", "subscribers", "--tag", name).out)
        assert [row["email_address"] for row in found] == ["member@example.com"]
        assert found[0]["tagged_at"]
    assert [row["name"] for row in rows(run("export", "tags", "--subscriber", str(people[0]["id"] + 1)).out)] == [
        "2024"
    ]


def test_several_pages_at_a_time_give_the_same_rows(run: Cli, people: list[dict[str, Any]]) -> None:
    one, several = (run("export", "subscribers", "--parallel", count).out.splitlines() for count in ("1", "4"))
    assert sorted(one) == sorted(several)


def test_the_moment_to_go_on_from_is_told(mock: KitMock, run: Cli, people: list[dict[str, Any]]) -> None:
    data = run("export", "subscribers", "--out", "p.csv", "--json").data
    started, since = (datetime.fromisoformat(data[name]) for name in ("started_at", "next_updated_after"))
    assert 300 < (started - since).total_seconds() < 600
    assert rows(run("export", "subscribers", "--updated-after", data["next_updated_after"]).out)
    assert "next_updated_after" not in run("export", "tags", "--out", "t.csv", "--json").data


def test_filters_are_sent_as_the_operation_takes_them(mock: KitMock, run: Cli) -> None:
    run(
        "export",
        "subscribers",
        "--status",
        "all",
        "--created-after",
        "2026-01-31",
        "--updated-before",
        "2026-02-01T00:00:00+02:00",
    )
    query = next(request.query for request in mock.requests if request.operation_id == "list_subscribers")
    assert {name: query[name] for name in ("status", "created_after", "updated_before")} == {
        "status": "all",
        "created_after": "2026-01-31",
        "updated_before": "2026-02-01T00:00:00+02:00",
    }
    assert query["include_total_count"] is True


def test_the_total_is_asked_for_once(mock: KitMock, run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_cli.sources.LARGEST_PAGE", 2)
    for number in range(5):
        mock.subscribers.add(email_address=f"p{number}@example.com")
    run("export", "subscribers", "--out", "p.csv")
    asked = [
        request.query.get("include_total_count")
        for request in mock.requests
        if request.operation_id == "list_subscribers"
    ]
    assert asked == [True, None, None]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "invalid choice"),
        (["tags", "--status", "all"], "--status is not for tags, which can be filtered by --include"),
        (["webhooks", "--slim"], "--slim is not for webhooks, which can be filtered by nothing"),
        (["subscribers", "--status", "draft"], "--status: expected active, all,"),
        (
            ["subscribers", "--include", "tags,x"],
            "--include: expected attribution, canceled_at, location, tags for subscribers, got 'x'",
        ),
        (["subscribers", "--updated-after", ""], "--updated-after: expected a value, got an empty one"),
        (["subscribers", "--updated-after", "yesterday"], "expected a day such as 2026-01-31 or a moment"),
        (
            ["subscribers", "--updated-after", "2026-01-01T00:00"],
            "expected a moment with a time zone, such as 2026-01-01T00:00:00Z",
        ),
        (["subscribers", "--tag", "1", "--form", "1"], "--form and --tag exclude each other"),
        (["forms", "--tag", "1"], "--tag is not for forms"),
        (["tags", "--subscriber", "ada"], "--subscriber: expected an id, got 'ada'"),
        (["tags", "--parallel", "2"], "--parallel is for subscribers"),
        (["subscribers", "--parallel", "2", "--sort-field", "id"], "--parallel: "),
        (["subscribers", "--parallel", "0"], "'0' is not a number from 1 to 64"),
        (["subscribers", "--resume"], "--resume needs a file to go on with"),
        (["subscribers", "--safe-for-excel", "--format", "jsonl"], "--safe-for-excel is for CSV"),
    ],
)
def test_mistakes_are_told_before_anything_is_read(mock: KitMock, run: Cli, arguments: list[str], said: str) -> None:
    outcome = run("export", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert not any((request.operation_id or "").startswith("list_subscribers") for request in mock.requests)


def test_a_tag_that_does_not_exist_is_told(mock: KitMock, run: Cli) -> None:
    mock.tags.add(name="Customers")
    status, _, err = run("export", "subscribers", "--tag", "custmers", "--out", "p.csv")
    assert (status, left()) == (1, [])
    assert "there is no tag 'custmers'; did you mean 'Customers'?" in err


def test_a_file_that_exists_is_replaced_only_by_force(run: Cli, people: list[dict[str, Any]]) -> None:
    path = Path("p.csv")
    path.write_text("mine", encoding="utf-8")
    path.chmod(0o640)
    status, _, err = run("export", "subscribers", "--out", "p.csv")
    assert (status, path.read_text(encoding="utf-8")) == (2, "mine")
    assert "p.csv is there already; --force replaces it" in err
    assert run("export", "subscribers", "--out", "p.csv", "--force").status == 0
    assert len(rows(path.read_text(encoding="utf-8"))) == 5
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_file_that_a_link_leads_to_is_replaced(run: Cli, people: list[dict[str, Any]]) -> None:
    Path("real.csv").write_text("old", encoding="utf-8")
    Path("p.csv").symlink_to("real.csv")
    run("export", "subscribers", "--out", "p.csv", "--force")
    assert Path("p.csv").is_symlink()
    assert len(rows(Path("real.csv").read_text(encoding="utf-8"))) == 5


@pytest.mark.parametrize(
    ("place", "said"),
    [("no/where.csv", "there is no such folder"), ("/proc/x.csv", "can't be written"), (".", "Is a directory")],
)
def test_a_place_that_can_not_be_written_is_told_in_one_line(run: Cli, place: str, said: str) -> None:
    status, _, err = run("export", "tags", "--out", place)
    assert (status, err.count("\n")) == (1, 1)
    assert said in err


@pytest.mark.parametrize(
    "arguments", [("--out", "p.csv"), ("--out", "p.parquet"), ("--out", "p.csv", "--parallel", "2")]
)
def test_a_full_disk_is_told_in_one_line(
    run: Cli, people: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    def full(file: NewFile, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    # As the file's own write would.
    monkeypatch.setattr(NewFile, "write", lambda file, data: _told(file, lambda: full(file, data)))
    status, _, err = run("export", "subscribers", *arguments)
    assert (status, left()) == (1, [])
    assert err == f"kit-client: {arguments[1]} can't be written: No space left on device\n"


def _told(file: NewFile, write: Callable[[], int]) -> int:
    from kit_cli.new_file import told

    with told(file.path):
        return write()


def test_a_device_is_written_to_as_it_is(run: Cli, people: list[dict[str, Any]]) -> None:
    assert run("export", "subscribers", "--out", os.devnull).status == 0
    status, _, err = run("export", "subscribers", "--out", "/dev/full")
    assert (status, err) == (1, "kit-client: /dev/full can't be written: No space left on device\n")
