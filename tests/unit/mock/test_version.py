"""One version for both packages, that of the distribution."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import kit_client
import kit_mock
from kit_mock import version

SOURCES = Path(kit_mock.__file__).parent


def test_both_packages_have_the_version_of_the_distribution() -> None:
    assert kit_mock.__version__ == kit_client.__version__ == metadata.version("kit-client")


def test_the_mock_states_no_version_of_its_own() -> None:
    for source in SOURCES.rglob("*.py"):
        assert not re.search(r"__version__\s*=", source.read_text(encoding="utf-8")), source


def test_the_mock_works_where_the_metadata_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "DISTRIBUTION", "kit-client-that-is-not-installed")
    version.version.cache_clear()
    try:
        assert kit_mock.__version__ == version.UNKNOWN
    finally:
        version.version.cache_clear()


def test_the_version_is_not_read_until_it_is_asked_for() -> None:
    code = "import kit_mock.cli, kit_mock.mock, kit_mock.version as v; print(v.version.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "0\n"
