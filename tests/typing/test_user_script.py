"""What a user's editor and type checker see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit_client import AsyncKit, Kit
from kit_mock import KitMock

from . import user_script

ROOT = Path(__file__).parents[2]
SCRIPT = Path(user_script.__file__)
MISTAKES = SCRIPT.with_name("mistakes.py")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy has read of the packages and their dependencies, which takes most of its time."""
    return tmp_path_factory.mktemp("mypy")


def mypy(script: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", f"--cache-dir={cache}", str(script)]
    path = os.pathsep.join(str(ROOT / folder) for folder in ("generated", "overlay", "mock"))
    environment = {**os.environ, "MYPYPATH": path}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cache, timeout=180)


def test_a_users_script_passes_strict_type_checking(cache: Path) -> None:
    assert not re.search(r"\bassert |\bcast\(|type: ignore", SCRIPT.read_text(encoding="utf-8"))
    run = mypy(SCRIPT, cache)
    assert run.returncode == 0, run.stdout


def test_a_users_script_passes_ty() -> None:
    folders = [
        argument for folder in ("generated", "overlay") for argument in ("--extra-search-path", str(ROOT / folder))
    ]
    command = [sys.executable, "-m", "ty", "check", "--python", sys.prefix, *folders, str(SCRIPT)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=180)
    assert run.returncode == 0, run.stdout


def test_the_guide_to_dicts_passes_strict_type_checking(cache: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "dicts-in-requests.md").read_text(encoding="utf-8")
    script = tmp_path / "guide.py"
    script.write_text("\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)), encoding="utf-8")
    run = mypy(script, cache)
    assert run.returncode == 0, run.stdout


def test_a_users_mistakes_are_found(cache: Path, tmp_path: Path) -> None:
    """`make check` has pyright find them: it refuses a comment that suppresses nothing."""
    ignore = re.compile(r"  # type: ignore\[([\w-]+)\].*")
    code = MISTAKES.read_text(encoding="utf-8")
    expected = [
        (number, found[1]) for number, line in enumerate(code.splitlines(), 1) if (found := ignore.search(line))
    ]
    script = tmp_path / "mistakes.py"
    script.write_text(ignore.sub("", code), encoding="utf-8")
    errors = re.findall(r":(\d+): error: .*\[([\w-]+)\]\n", mypy(script, cache).stdout)
    assert [(int(number), kind) for number, kind in errors] == expected
    assert len(expected) > 20


def test_the_settings_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KIT_API_KEY", "KIT_BASE_URL"):
        # So that what the script sets is taken back.
        monkeypatch.setenv(name, "")
    with KitMock() as mock:
        assert user_script.with_settings(mock.transport, mock.api_key)
    assert len(user_script.with_async_settings("key")) == 3
    assert user_script.refused_settings("key") == ["verify: there is no file or folder 'no-such-file.pem'"]


def test_an_app_gets_its_tokens_from_any_store(tmp_path: Path) -> None:
    urls = user_script.an_app(tmp_path / "tokens.json")
    assert urls.pop() == "nobody has authorized the account"
    assert [url.partition("?")[0] for url in urls] == ["https://app.convertkit.com/oauth/authorize"] * 3


def test_the_script_runs() -> None:
    with KitMock() as mock:
        token = mock.access_token
        user_script.main(
            Kit(access_token=token, transport=mock.transport),
            AsyncKit(access_token=token, transport=mock.async_transport),
        )
