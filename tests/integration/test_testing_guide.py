"""The guide to testing with the mock: what it shows is a project whose tests pass, and whose routes exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from kit_mock import KitMock

PAGE = (Path(__file__).parents[2] / "docs" / "testing-with-the-mock.md").read_text(encoding="utf-8")
FILES: dict[str, str] = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))
# pytest's own settings, as strict as can be; and the back end that tests with anyio ask for.
INI = "[pytest]\nfilterwarnings = error\naddopts = -q --strict-markers --strict-config -p no:cacheprovider\npythonpath = .\n"
CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"


def test_the_tests_pass(tmp_path: Path) -> None:
    assert len(FILES) == PAGE.count("```python\n"), "each block is a file with a name"
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    (tmp_path / "pytest.ini").write_text(INI)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:hypothesispytest"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    tests = sum(len(re.findall(r"^(?:async )?def test_", code, re.MULTILINE)) for code in FILES.values())
    assert f"{tests + 1} passed" in finished.stdout, "one of them is parametrized"


WEBHOOK = {"event": "subscriber_bounce", "target_url": "https://app.example.com/hook"}


@pytest.mark.kit_mock(seed={"subscribers": [{"email_address": "ada@example.com"}], "webhooks": [WEBHOOK]})
def test_the_routes_exist(kit_mock: KitMock) -> None:
    routes = re.findall(r"`(GET|POST|PUT|DELETE) (/_mock/[^`?]*)", PAGE)
    assert len(routes) >= 12
    unknown = "/_mock/none"
    with httpx.Client(transport=kit_mock.transport, base_url="http://127.0.0.1") as client:
        assert client.get(unknown).status_code == 404
        for method, path in (("POST", "/_mock/snapshots"), *routes):
            kit_mock.fire("subscriber_bounce", subscriber_id=1)  # A delivery, also after a reset.
            # An empty body may well be refused; what matters is that there is somebody to refuse it.
            response = client.request(method, path, json=None if method in ("GET", "DELETE") else {})
            assert response.status_code not in (404, 405, 500, 501), (method, path, response.text)
