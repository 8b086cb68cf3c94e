"""The session with curl that the documentation shows, run as it stands but for the ports."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mock-with-curl.md").read_text(encoding="utf-8")
END = "---- end of a block"


def free_ports(count: int) -> list[int]:
    # All are open at once, so that no two are the same.
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def pattern(shown: str) -> str:
    """The text as a regular expression, in which an ellipsis is anything."""
    return ".*".join(re.escape(part) for part in shown.split("…"))


def test_the_session_goes_as_shown(tmp_path: Path) -> None:
    page = PAGE
    for shown, port in zip(("4010", "4011"), free_ports(2), strict=True):
        page = page.replace(shown, str(port))
    blocks = re.findall(r"```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", page, re.DOTALL)
    commands = f"\necho '{END}'\n".join(code for code, _ in blocks)
    # The servers it starts are ended with it, however it ends.
    script = f"set -eu -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n{commands}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    printed = done.stdout.split(f"{END}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(printed) == len(blocks)
    for (code, shown), output in zip(blocks, printed, strict=True):
        assert re.fullmatch(pattern(shown.strip()), output.strip(), re.DOTALL), f"{code}\nprinted\n{output}"
