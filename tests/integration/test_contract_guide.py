"""The commands of docs/contract.md, run against a mock that is served, and against one that keeps nothing."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.contract.conftest import started_mock

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
SHOWN = "http://127.0.0.1:4010"
_FILE = "tests/contract/test_account.py"
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]
OF_A_PART = [line for line in COMMANDS if "OPERATIONS=" in line or "--operations" in line]


def run(command: str, url: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the guide as it stands, on another URL and on one file of the suite."""
    words = shlex.split(command.replace(SHOWN, url))
    if words[0] == "make":
        # What make would run, without what sets up the environment.
        shown = subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        words = shlex.split(next(line for line in shown.stdout.replace("\\\n", "").splitlines() if " pytest " in line))
    words = [sys.executable, *(_FILE if word == "tests/contract" else word for word in words[1:])]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "KIT_"))},
        "KIT_API_KEY": "contract_key",
        "KIT_ACCESS_TOKEN": "contract_token",
    }
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", OF_A_PART)
def test_a_part_of_the_suite_passes_on_the_mock(command: str) -> None:
    with started_mock("reference" if "BEHAVIOUR=reference" in command else "current") as server:
        ended = run(command, server.url)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    assert re.search(r"\d+ passed", ended.stdout)
    assert "how much of the document was tried" in ended.stdout


def test_all_commands_are_known() -> None:
    rest = [line for line in COMMANDS if line not in OF_A_PART]
    assert [re.sub(r" +#.*", "", line) for line in rest] == [
        "make contract",
        f"make contract BASE_URL={SHOWN}",
        "KIT_API_KEY=… make contract BASE_URL=https://api.kit.com READ_ONLY=1",
        f"KIT_API_KEY=… KIT_ACCESS_TOKEN=… .venv/bin/st run generated/kit_api/openapi.json --url {SHOWN}",
    ]


class _Forgetful(BaseHTTPRequestHandler):
    """Answers each request with one and the same tag."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b'{"tag": {"id": 31, "name": "Newsletter", "created_at": "2026-03-02T09:30:00Z"}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Request-Id", "1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def forgetful_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forgetful) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_failure_says_what_the_guide_shows() -> None:
    with forgetful_server() as url:
        ended = run(f"python -m pytest tests/contract/test_names.py --base-url {SHOWN} --operations create_tag", url)
    assert ended.returncode == 1
    assert "create_tag: POST /v4/tags\n  documented: 201, for something new\n  came:       200 {" in ended.stdout
    assert f'curl -i -X POST {url}/v4/tags -H "X-Kit-Api-Key: $KIT_API_KEY"' in ended.stdout
    assert "kit_test_key" not in ended.stdout
    assert re.search(r"what the server broke, .*\n.*\d+  create_tag: ", ended.stdout)


def test_a_server_that_is_not_there_is_told_in_words() -> None:
    ended = run(
        f"python -m pytest tests/contract/test_names.py -x --base-url {SHOWN} --operations create_tag",
        "http://127.0.0.1:9",
    )
    assert ended.returncode == 1
    assert "documented: an answer\n  came:       " in ended.stdout
