"""The session with curl that the documentation shows, run."""

from __future__ import annotations

from pathlib import Path

from .shell_session import check_session

PAGE = (Path(__file__).parents[2] / "docs" / "mock-with-curl.md").read_text(encoding="utf-8")


def test_the_session_goes_as_shown(tmp_path: Path) -> None:
    check_session(PAGE, tmp_path, "4010", "4011")
