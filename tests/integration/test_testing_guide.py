"""The guide to testing with the mock: what it shows is a project whose tests pass, and whose routes exist."""

from __future__ import annotations

import argparse
import configparser
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from kit_mock import KitMock
from kit_mock.adapters import request_line
from kit_mock.commands import serve
from kit_mock.commands.settings import variable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing-with-the-mock.md").read_text(encoding="utf-8")
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


def test_the_settings_of_pytest_are_ones_that_there_are(pytestconfig: pytest.Config) -> None:
    shown = configparser.ConfigParser()
    shown.read_string(block("ini"))
    for name in shown["pytest"]:
        assert pytestconfig.getini(name) in (False, []), "known, and not set here"


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_log_looks_as_shown(kit_mock: KitMock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, request_line.LOGGER.name)
    headers = {"X-Kit-Api-Key": kit_mock.api_key}
    shown = block("text").splitlines()
    with httpx.Client(base_url=kit_mock.url) as client:
        for line in shown:
            method, path, status, *_ = line.split()
            given = {} if status == "401" else headers
            client.request(
                method, path.replace("***", "hush"), headers=given, json={"name": "A"} if method == "POST" else None
            )
    logged = [record.getMessage() for record in caplog.records if record.name == request_line.LOGGER.name]

    def timeless(lines: list[str]) -> list[str]:
        return [re.sub(r"\d+\.\d ms", "", line) for line in lines]

    assert timeless(logged) == timeless(shown)


def test_the_settings_of_the_containers_and_the_flags_are_ones_that_there_are() -> None:
    services = yaml.safe_load(block("yaml"))["services"]
    environment = services["kit-mock"]["environment"]
    parser = argparse.ArgumentParser()
    options = argparse.Namespace()
    serve.add_options(parser).complete(options, environment)  # It ends the program if there is a value that is none.
    flags = set(re.findall(r"--[a-z-]+", parser.format_help()))
    assert environment.keys() <= set(map(variable, flags))
    assert set(re.findall(r"`(?:kit-mock serve )?(--[a-z-]+)", PAGE)) <= flags
    assert (options.rate_limit, options.allow_host) == ("off", ["kit-mock"])
    assert services["tests"]["environment"]["KIT_BASE_URL"] == f"http://{options.allow_host[0]}:{serve.PORT}"
    assert (ROOT / services["kit-mock"]["build"]["dockerfile"]).is_file()
