"""Exports that stop midway, and go on: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from kit_cli.formats import Csv, Jsonl
from kit_client import Kit
from kit_mock import KitMock

from .conftest import Cli

PEOPLE = 95
PAGE = 10


@pytest.fixture
def run(mock: KitMock, offline: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Runs the command in an empty folder, with pages of ten."""
    monkeypatch.setenv("KIT_ACCESS_TOKEN", mock.access_token)
    monkeypatch.setenv("KIT_BASE_URL", mock.url)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kit_cli.sources.LARGEST_PAGE", PAGE)
    mock.custom_fields.add(label="Company")
    for number in range(PEOPLE):
        mock.subscribers.add(
            email_address=f"p{number}@example.com", created_at=f"2026-01-{number % 28 + 1:02}T00:00:00Z"
        )
    return offline


@pytest.fixture
def after_pages(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Does something once, when so many pages have become rows."""

    def arrange(pages: int, act: Callable[[], object]) -> None:
        left = [pages]
        for kind in (Csv, Jsonl):
            encode = kind.encode

            def counted(self: Any, items: Any, encode: Callable[[Any, Any], bytes] = encode) -> bytes:
                left[0] -= 1
                if left[0] == 0:
                    act()
                return encode(self, items)

            monkeypatch.setattr(kind, "encode", counted)

    return arrange


def interrupt() -> None:
    raise KeyboardInterrupt


def ids(name: str) -> list[int]:
    if name.endswith(".parquet"):
        return [row["id"] for row in pyarrow.parquet.read_table(name).to_pylist()]
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    if name.endswith(".jsonl"):
        return [json.loads(line)["id"] for line in lines]
    assert lines[0].startswith("id,")
    return [int(line.split(",")[0]) for line in lines[1:]]


def left() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


WAYS = [("p.csv",), ("p.jsonl",), ("p.parquet",), ("p.csv", "--parallel", "3")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pages", [1, 5, 10])
@pytest.mark.parametrize("how", ["ctrl-c", "refused"])
def test_an_export_goes_on_where_it_stopped(
    mock: KitMock,
    run: Cli,
    after_pages: Callable[[int, Callable[[], object]], None],
    way: tuple[str, ...],
    pages: int,
    how: str,
) -> None:
    name = way[0]
    refuse = lambda: mock.faults.add(operation="list_subscribers", status=403)  # noqa: E731
    after_pages(pages, interrupt if how == "ctrl-c" else refuse)
    first = run("export", "subscribers", "--out", *way)
    if first.status == 0:
        # The last page was asked for before it could be refused.
        assert (how, pages) == ("refused", 10)
        return
    assert first.status == (130 if how == "ctrl-c" else 1)
    assert name not in left()
    mock.faults.clear()
    mock.forget_requests()
    second = run("export", "subscribers", "--out", *way, "--resume", "--json")
    assert (second.status, second.data["rows"], left()) == (0, PEOPLE, [name])
    assert len(ids(name)) == PEOPLE
    assert set(ids(name)) == set(range(1, PEOPLE + 1))
    if "--parallel" not in way:
        assert ids(name) == sorted(ids(name), reverse=True)
        asked = sum(request.operation_id == "list_subscribers" for request in mock.requests)
        # The page that was being asked for when it stopped may count for the second run.
        assert asked <= 13 - pages


@pytest.fixture
def interrupted(run: Cli, after_pages: Callable[[int, Callable[[], object]], None]) -> Cli:
    """Runs the command where an export to p.csv was interrupted after three pages."""
    after_pages(4, interrupt)
    status, _, err = run("export", "subscribers", "--out", "p.csv")
    assert (status, err) == (130, "30 rows are kept: the same command with --resume goes on\nkit-client: stopped\n")
    assert left() == ["p.csv.part", "p.csv.part.json"]
    return run


def test_an_interrupted_export_is_not_begun_anew_unless_that_is_said(interrupted: Cli) -> None:
    status, _, err = interrupted("export", "subscribers", "--out", "p.csv")
    assert (status, left()) == (2, ["p.csv.part", "p.csv.part.json"])
    assert "an export to p.csv was interrupted: --resume goes on with it, --force begins anew" in err
    assert interrupted("export", "subscribers", "--out", "p.csv", "--force").status == 0
    assert (left(), len(ids("p.csv"))) == (["p.csv"], PEOPLE)


@pytest.mark.parametrize(
    "other", [("--status", "all"), ("--safe-for-excel",), ("--parallel", "2"), ("--format", "jsonl")]
)
def test_another_export_does_not_go_on_with_it(interrupted: Cli, other: tuple[str, ...]) -> None:
    status, _, err = interrupted("export", "subscribers", "--out", "p.csv", "--resume", *other)
    assert (status, left()) == (2, ["p.csv.part", "p.csv.part.json"])
    assert "the export to p.csv that was interrupted was another one" in err


@pytest.fixture
def elsewhere() -> Iterator[KitMock]:
    """A service where the credentials are those of another account."""
    with KitMock(seed={"id": 7}) as mock:
        yield mock


def test_another_account_does_not_go_on_with_it(
    interrupted: Cli, elsewhere: KitMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_BASE_URL", elsewhere.url)
    status, _, err = interrupted("export", "subscribers", "--out", "p.csv", "--resume")
    assert (status, "was another one" in err) == (2, True)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"export": {}}'])
def test_a_place_that_can_not_be_read_is_told(interrupted: Cli, content: bytes) -> None:
    Path("p.csv.part.json").write_bytes(content)
    status, _, err = interrupted("export", "subscribers", "--out", "p.csv", "--resume")
    assert (status, "p.csv.part.json can't be read" in err) == (1, True)


def test_a_file_that_lost_rows_is_told(interrupted: Cli) -> None:
    Path("p.csv.part").write_bytes(b"id")
    status, _, err = interrupted("export", "subscribers", "--out", "p.csv", "--resume")
    assert (status, "p.csv.part is shorter than it was" in err) == (1, True)


def test_a_place_without_its_file_is_of_no_use(interrupted: Cli) -> None:
    Path("p.csv.part").unlink()
    assert interrupted("export", "subscribers", "--out", "p.csv").status == 0
    assert (left(), ids("p.csv")) == (["p.csv"], list(range(PEOPLE, 0, -1)))


def test_rows_behind_the_place_are_dropped(interrupted: Cli) -> None:
    with Path("p.csv.part").open("ab") as file:
        file.write(b"99,half of a ro")
    assert interrupted("export", "subscribers", "--out", "p.csv", "--resume").status == 0
    assert ids("p.csv") == list(range(PEOPLE, 0, -1))


def test_columns_stay_those_of_the_beginning(mock: KitMock, interrupted: Cli) -> None:
    mock.custom_fields.add(label="New")
    outcome = interrupted("export", "subscribers", "--out", "p.csv", "--resume", "--json")
    assert Path("p.csv").read_text(encoding="utf-8").splitlines()[0].endswith(",created_at,fields.company")
    # No subscriber has a value for it.
    assert outcome.data["keys_without_column"] == []


def test_values_without_a_column_are_told(
    mock: KitMock, run: Cli, after_pages: Callable[[int, Callable[[], object]], None]
) -> None:
    def fill_in() -> None:
        mock.custom_fields.add(label="New")
        with Kit(mock.api_key, base_url=mock.url) as kit:
            kit.subscribers.update(1, email_address="p0@example.com", fields={"new": "x"})

    after_pages(2, fill_in)
    err = run("export", "subscribers", "--out", "p.csv").err
    assert "came meanwhile, and has no column: fields.new; export again, or as JSON Lines\n" in err


def test_a_resumed_export_reports_what_it_found_before(
    mock: KitMock, run: Cli, after_pages: Callable[[int, Callable[[], object]], None]
) -> None:
    mock.subscribers.add(email_address="first@example.com", first_name="=1+1")
    mock.subscribers.add(email_address="other@example.com", first_name="@x", fields={"company": "=2"})

    def change_and_interrupt() -> None:
        mock.custom_fields.add(label="New")
        with Kit(mock.api_key, base_url=mock.url) as kit:
            # On the third page: the second one may have been asked for.
            kit.subscribers.update(PEOPLE - 22, fields={"new": "x"})
            kit.subscribers.update(PEOPLE - 23, first_name="-a")
        after_pages(4, interrupt)

    after_pages(1, change_and_interrupt)
    assert run("export", "subscribers", "--out", "p.csv").status == 130
    first = json.loads(Path("p.csv.part.json").read_bytes())
    assert (first["formulas"], first["without_column"]) == (4, ["fields.new"])
    data = run("export", "subscribers", "--out", "p.csv", "--resume", "--json").data
    assert (data["cells_like_formulas"], data["keys_without_column"]) == (4, ["fields.new"])


def test_nothing_is_left_of_an_export_that_did_not_begin(mock: KitMock, run: Cli) -> None:
    mock.fail_next("list_subscribers", status=403)
    assert run("export", "subscribers", "--out", "p.csv").status == 1
    assert left() == []


def test_resuming_begins_where_nothing_was_interrupted(run: Cli) -> None:
    assert run("export", "subscribers", "--out", "p.csv", "--resume").status == 0
    assert (left(), len(ids("p.csv"))) == (["p.csv"], PEOPLE)


def test_two_at_a_time_do_not_write_one_file(
    run: Cli, after_pages: Callable[[int, Callable[[], object]], None]
) -> None:
    outcomes = []
    after_pages(3, lambda: outcomes.append(run("export", "subscribers", "--out", "p.csv", "--force")))
    assert run("export", "subscribers", "--out", "p.csv").status == 0
    assert [outcome.status for outcome in outcomes] == [1]
    assert "another process is writing p.csv" in outcomes[0].err
    assert (left(), len(ids("p.csv"))) == (["p.csv"], PEOPLE)


def test_what_a_killed_conversion_left_is_written_over(run: Cli) -> None:
    Path("p.parquet.part.converted").write_bytes(b"x" * 1_000_000)
    assert run("export", "subscribers", "--out", "p.parquet").status == 0
    assert (left(), len(ids("p.parquet"))) == (["p.parquet"], PEOPLE)
