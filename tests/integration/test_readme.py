"""What the README shows, run in order against one mock account."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit_client import Kit
from kit_mock import KitMock

from .rerouting import reroute

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Where the README's links may lead beside the project itself.
ELSEWHERE = ("https://kit.com",)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[KitMock]:
    """The mock in the place of the network, so that the code runs as it stands."""
    mock = KitMock(api_key="kit_0123456789", access_token="kit_oauth_0123456789")

    reroute(monkeypatch, sync=mock.transport, asynchronous=mock.async_transport)
    with mock:
        yield mock


def test_the_python_runs(
    network: KitMock, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = []
    for language, code in BLOCKS:
        if language == "python":
            exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
            shown.append(capsys.readouterr().out)
    ten_lines, asynchronous, oauth, lists, long_lists, errors, connections, modules, mock = shown
    assert ten_lines == "1 ada@example.com {}\n"
    assert asynchronous == "1 Mathematicians\n"
    assert oauth.startswith("https://app.convertkit.com/oauth/authorize?client_id=my-app&")
    assert lists == "2 1 1\n['Mathematicians']\n"
    assert long_lists == "9\nnobody email_address: expected an address, got str 'nobody'\n252 252\n"
    assert errors.startswith('422 ["Name can\'t be blank"] ')
    assert errors.endswith("get_subscriber 1\n")
    assert connections == ""
    assert modules.startswith("201 253 b'{")
    assert modules.endswith("\ngrace@example.com\nada@example.com\n")
    assert mock == "['Email address is invalid']\n"


def test_the_first_program_can_be_run_again(network: KitMock, capsys: pytest.CaptureFixture[str]) -> None:
    first = next(code for language, code in BLOCKS if language == "python")
    for _ in range(3):
        exec(compile(first, "README.md", "exec"), {"__name__": "__main__"})
        assert capsys.readouterr().out == "1 ada@example.com {}\n"
    with Kit(api_key=network.api_key, transport=network.transport) as kit:
        assert (len(list(kit.subscribers.list())), len(list(kit.tags.list()))) == (1, 1)


def test_it_opens_with_the_installation() -> None:
    assert BLOCKS[0] == ("sh", f"pip install {PROJECT['name']}\n")


def test_each_extra_is_one_that_exists_and_each_for_users_is_named() -> None:
    named = set(re.findall(rf"{PROJECT['name']}\[([\w,-]+)\]", README))
    assert named == set(PROJECT["optional-dependencies"]) - {"dev"}


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


def links(text: str) -> list[str]:
    """The targets of all links and images, those in definitions (`[name]: target`) too."""
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)


def test_the_links_lead_into_the_project_wherever_the_page_is_shown() -> None:
    home = PROJECT["urls"]["Homepage"]
    assert all(url == home or url.startswith(f"{home}/") for url in PROJECT["urls"].values())
    inside = [link for link in links(README) if link not in ELSEWHERE]
    assert len(inside) > 5
    for link in inside:
        assert link.startswith(f"{home}/"), f"{link} isn't under {home}; a package index shows this page too"
        assert (ROOT / link.removeprefix(f"{home}/").partition("#")[0]).is_file(), link


def test_each_link_by_name_is_defined_and_each_definition_used() -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", README, flags=re.DOTALL)
    used = set(re.findall(r"\]\[([^\]]+)\]", prose))
    assert used == set(re.findall(r"^\[([^\]]+)\]:", prose, re.MULTILINE))


def test_every_guide_is_linked() -> None:
    for guide in (ROOT / "docs").glob("*.md"):
        assert f"{PROJECT['urls']['Documentation']}/{guide.name}" in links(README)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_links_of_guides_lead_somewhere(page: Path) -> None:
    for target in links(page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target.partition("#")[0]).exists(), target
