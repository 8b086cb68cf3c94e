"""Seeds from the command line: `kit-mock serve --seed` and `kit-mock seed`."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import KitMock
from tests.unit.mock.conftest import client
from tests.unit.mock.test_cli import COMMAND, one_line, run, served


def test_serve_with_a_seed(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("api_keys: [mine]\nforms: [{id: 42, name: Sign up}]\n")
    with served("--seed", str(seed)) as (_, url):
        response = httpx.get(f"{url}/v4/forms", headers={"X-Kit-Api-Key": "mine"})
        assert [found["id"] for found in response.json()["forms"]] == [42]


def test_a_bad_seed_is_one_line_and_status_2(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("forms:\n  - name: Sign up\n    status: gone\n")
    line = one_line(run("serve", "--seed", str(seed)))
    assert line == f"kit-mock: {seed}, line 3: forms[0].status must be one of active, archived, trashed\n"
    assert "No such file" in one_line(run("serve", "--seed", str(tmp_path / "none.yaml")))


def test_a_database_is_seeded_only_once(tmp_path: Path) -> None:
    seed, db = tmp_path / "seed.json", tmp_path / "mock.db"
    seed.write_text('{"tags": [{"name": "A"}]}')
    KitMock(db=db).close()
    assert "a seed is for a new one" in one_line(run("serve", "--seed", str(seed), "--db", str(db)))


def test_a_large_account(tmp_path: Path) -> None:
    db = tmp_path / "large.db"
    result = run("seed", "--subscribers", "25000", "--db", str(db))
    assert (result.returncode, result.stdout) == (0, "")
    *steps, last = result.stderr.splitlines()
    assert steps == ["20,000 of 25,000 subscribers", "25,000 of 25,000 subscribers"]
    assert last.startswith(f"{db}: ")
    assert [path.name for path in tmp_path.iterdir()] == ["large.db"]
    with KitMock(db=db) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:

        def total(path: str, **params: Any) -> int:
            query = {"include_total_count": "true", "per_page": 1000, **params}
            response = kit.get(path, params=query)
            assert response.status_code == 200, response.text
            found: int = response.json()["pagination"]["total_count"]
            return found

        assert total("/v4/subscribers", status="all") == 25_000
        by_state = {
            state: total("/v4/subscribers", status=state)
            for state in ("active", "cancelled", "inactive", "bounced", "complained")
        }
        assert sum(by_state.values()) == 25_000
        assert by_state["active"] > 20_000
        assert min(by_state.values()) > 100
        for path in ("tags", "forms", "sequences"):
            assert total(f"/v4/{path}/2/subscribers") > 500
        (newest,) = kit.get("/v4/subscribers", params={"per_page": 1, "status": "all"}).json()["subscribers"]
        assert newest["id"] == 25_000
        assert (
            kit.post("/v4/subscribers", json={"email_address": "new@example.com"}).json()["subscriber"]["id"] == 25_001
        )
        assert kit.get("/v4/account/growth_stats").json()["stats"]["new_subscribers"] > 1000


def test_an_existing_file_is_not_touched(tmp_path: Path) -> None:
    db = tmp_path / "large.db"
    db.write_text("precious")
    assert "exists already" in one_line(run("seed", "--subscribers", "10", "--db", str(db)))
    assert db.read_text() == "precious"
    assert "No such file" in one_line(run("seed", "--subscribers", "10", "--db", str(tmp_path / "none" / "large.db")))


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    db = tmp_path / "large.db"
    command = [*COMMAND, "seed", "--subscribers", "50000000", "--db", str(db)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".large.db.*/large.db-wal")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == f"kit-mock: stopped, and {db} was not made\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--subscribers", "5"],
        ["--db", "x"],
        *(["--subscribers", n, "--db", "x"] for n in ("0", "-1", "many", "1e6")),
    ],
)
def test_wrong_use_is_told(arguments: list[str]) -> None:
    result = run("seed", *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("kit-mock: ")
    assert result.stderr.endswith("; see kit-mock seed --help\n")
    assert result.stderr.count("\n") == 1
