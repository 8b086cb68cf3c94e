"""What docs/oauth.md shows, run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kit_client import KitError, OAuth, OAuthError, TokenStoreError
from kit_mock import KitMock
from tests.oauth_app import authorized, kill_tokens, refreshes

GUIDE = (Path(__file__).parents[2] / "docs" / "oauth.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kit_client.Clock.wait", lambda *_: None)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "oauth.md", "exec"), names)
    return names


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for code in CODE:
        run(code)
        shown.append(capsys.readouterr().out)
    assert shown == ["", "1\n1\n", "", "1 [200, 200, 200]\n"]


def test_the_store_of_ones_own_works(tmp_path: Path) -> None:
    (code,) = (code for code in CODE if "class Rows" in code)
    store = run(code)["Rows"](str(tmp_path / "app.sqlite3"))
    with KitMock() as mock:
        oauth = authorized(mock, store)
        kill_tokens(mock, store, "clock")
        oauth.refresh()
        assert refreshes(mock) == [200]
        oauth.revoke()
    assert store.load("default") is None


def test_what_it_says_of_names_is_so() -> None:
    for name in re.findall(r"`(a(?:authorization_url|exchange|refresh|revoke))`", GUIDE):
        assert callable(getattr(OAuth, name))
    assert issubclass(TokenStoreError, OAuthError)
    assert issubclass(OAuthError, KitError)
