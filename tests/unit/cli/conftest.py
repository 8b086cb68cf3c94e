"""The command in this process, with a served mock and no login."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kit_cli.cli import main
from kit_mock import KitMock


class Outcome(NamedTuple):
    """What came of a command."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


Cli = Callable[..., Outcome]


class Input(io.TextIOWrapper):
    """Standard input with this in it, of a pipe or of somebody at a terminal."""

    def __init__(self, content: bytes, *, at_terminal: bool) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self._at_terminal = at_terminal

    def isatty(self) -> bool:
        return self._at_terminal


@pytest.fixture
def pipe_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts something into standard input."""
    return lambda content: monkeypatch.setattr("sys.stdin", Input(content, at_terminal=False))


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets somebody type at a terminal."""
    return lambda text: monkeypatch.setattr("sys.stdin", Input(text.encode(), at_terminal=True))


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


@pytest.fixture
def no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("KIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def offline(no_credentials: None, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs the command without any credentials."""

    def run(*arguments: str) -> Outcome:
        return Outcome(main(arguments), *capsys.readouterr())

    return run


@pytest.fixture
def cli(mock: KitMock, offline: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the command with the mock's key in the environment."""
    monkeypatch.setenv("KIT_API_KEY", mock.api_key)
    monkeypatch.setenv("KIT_BASE_URL", mock.url)
    return offline
