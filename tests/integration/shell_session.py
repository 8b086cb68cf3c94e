"""Sessions in a shell that the documentation shows: they run as they stand but for the ports."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

END = "---- end of a block"


def check_session(page: str, folder: Path, *ports: str) -> None:
    """Run the blocks of a page in one shell, and compare what they print with what the page shows.

    Args:
        page: Markdown. A block of `text` after one of `sh` is what that one prints, errors included; an ellipsis in it is
            anything.
        folder: Where it runs.
        ports: The ports in the page, which become others.
    """
    for shown, port in zip(ports, _free_ports(len(ports)), strict=True):
        page = page.replace(shown, str(port))
    blocks = re.findall(r"```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", page, re.DOTALL)
    commands = f"\necho '{END}'\n".join(code for code, _ in blocks)
    # The servers it starts are ended with it, however it ends.
    script = f"set -eu -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n{commands}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    printed = done.stdout.split(f"{END}\n")
    assert done.returncode == 0, done.stdout
    assert len(printed) == len(blocks)
    for (code, shown), output in zip(blocks, printed, strict=True):
        assert re.fullmatch(_pattern(shown.strip()), output.strip(), re.DOTALL), f"{code}\nprinted\n{output}"


def _free_ports(count: int) -> list[int]:
    # All are open at once, so that no two are the same.
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _pattern(shown: str) -> str:
    """The text as a regular expression, in which an ellipsis is anything."""
    return ".*".join(re.escape(part) for part in shown.split("…"))
