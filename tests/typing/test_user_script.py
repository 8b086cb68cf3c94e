"""What a user's editor and type checker see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from kit_client import AsyncKit, Kit
from kit_mock import KitMock

from . import user_script

ROOT = Path(__file__).parents[2]
SCRIPT = Path(user_script.__file__)


def mypy(script: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", f"--cache-dir={cache}", str(script)]
    path = os.pathsep.join(str(ROOT / folder) for folder in ("generated", "overlay", "mock"))
    environment = {**os.environ, "MYPYPATH": path}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cache, timeout=180)


def test_a_users_script_passes_strict_type_checking(tmp_path: Path) -> None:
    assert not re.search(r"\bassert |\bcast\(|type: ignore", SCRIPT.read_text(encoding="utf-8"))
    run = mypy(SCRIPT, tmp_path)
    assert run.returncode == 0, run.stdout


def test_a_users_mistakes_are_found(tmp_path: Path) -> None:
    script = tmp_path / "mistakes.py"
    mistakes = {
        'kit.subscribers.list(status="actve")': "arg-type",
        "kit.tags.create(nam='x')": "call-arg",
        "kit.subscribers.get('1')": "arg-type",
        "kit.subscribers.get(1).email": "attr-defined",
        "kit.subscribers.create(email_address='a@example.com', state='paused')": "arg-type",
        "paginate(list_tags, client=kit, status='active')": "call-arg",
        "[tag.email_address for tag in kit.tags.list()]": "attr-defined",
    }
    head = "from kit_api.api.tags import list_tags\nfrom kit_client import Kit, paginate\nkit = Kit()\n"
    script.write_text(head + "\n".join(mistakes) + "\n", encoding="utf-8")
    found = mypy(script, tmp_path).stdout
    for line, (mistake, code) in enumerate(mistakes.items(), 4):
        assert re.search(rf":{line}: error: .*\[{code}\]", found), (mistake, found)


def test_the_script_runs() -> None:
    with KitMock() as mock:
        token = mock.access_token
        user_script.main(
            Kit(access_token=token, transport=mock.transport),
            AsyncKit(access_token=token, transport=mock.async_transport),
        )
