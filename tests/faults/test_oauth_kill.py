"""A process that is killed while it refreshes: the store holds the old tokens or the new ones, and others go on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kit_client import FileTokenStore
from kit_mock import KitMock
from tests.oauth_app import authorized, kill_tokens


def test_a_kill_at_any_line_of_a_refresh_leaves_the_old_pair_or_the_new_one(tmp_path: Path) -> None:
    with KitMock() as mock:
        store = FileTokenStore(tmp_path / "tokens.json")
        authorized(mock, store, served=True)
        kill_tokens(mock, store, "clock")
        program = Path(__file__).with_name("oauth_killer.py")
        run = subprocess.run(
            [sys.executable, str(program), str(store.path), mock.url], capture_output=True, text=True, timeout=300
        )
        assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert set(report["found"]) == {"old", "new"}
    assert report["left"] == []
    # It was killed in each of the steps: under the lock, before and after the request, and while it wrote the file.
    for step in ("Records.locked", "Grant._refresh", "Grant._post", "Records.store_unsaved", "FileTokenStore._replace"):
        assert report["killed"][step] > 1, report["killed"]
