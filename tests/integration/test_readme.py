"""What the README shows, run in order against one mock account."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import KitMock

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[KitMock]:
    """The mock in the place of the network, so that the code runs as it stands."""
    mock = KitMock(api_key="kit_0123456789")

    def sync_transport(**arguments: Any) -> httpx.BaseTransport:
        return mock.transport

    def async_transport(**arguments: Any) -> httpx.AsyncBaseTransport:
        return mock.async_transport

    monkeypatch.setattr("kit_client.client.NetworkTransport", sync_transport)
    monkeypatch.setattr("kit_client.client.AsyncNetworkTransport", async_transport)
    with mock:
        yield mock


def test_the_python_runs(network: KitMock, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for language, code in BLOCKS:
        if language == "python":
            exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
            shown.append(capsys.readouterr().out)
    ten_lines, asynchronous, lists, errors, connections, modules, mock = shown
    assert ten_lines == "1 ada@example.com {}\n"
    assert asynchronous == "1 Mathematicians\n"
    assert lists == "2 1 1\n['Mathematicians']\n"
    assert errors.startswith('422 ["Name can\'t be blank"] ')
    assert errors.endswith("get_subscriber 1\n")
    assert connections == ""
    assert modules.startswith("201 3 b'{")
    assert modules.endswith("joan@example.com\ngrace@example.com\nada@example.com\n")
    assert mock == "['Email address is invalid']\n"


def test_the_commands_exist() -> None:
    targets = {
        words[1]
        for language, code in BLOCKS
        if language == "sh"
        for words in (line.split() for line in code.splitlines())
        if words and words[0] == "make"
    }
    assert {"demo", "test", "generate", "check", "bench"} <= targets
    for target in targets:
        plan = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert plan.returncode == 0, plan.stderr


def test_the_paths_lead_somewhere() -> None:
    for path in re.findall(r"`((?:openapi|overlay|mock|generated)/[\w./]*)`", README):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_the_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
