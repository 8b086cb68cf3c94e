"""The command `kit-client` as a process, in pipes or at a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

# What runs the command; a test may put something before it.
MODULE = ("-m", "kit_cli")


def environment(**more: str) -> dict[str, str]:
    """Return the environment without what concerns Kit, and with some variables more."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KIT_")}
    return {**inherited, **more}


def command(*arguments: str, program: tuple[str, ...] = MODULE, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(**more),
    )


def run(*arguments: str, given: str = "", program: tuple[str, ...] = MODULE, **more: str) -> tuple[int, str, str]:
    with command(*arguments, program=program, **more) as process:
        try:
            out, err = process.communicate(given, timeout=60)
        finally:
            process.kill()
    assert "Traceback" not in err
    return process.returncode, out, err


def at_terminal(*arguments: str, typed: str = "", program: tuple[str, ...] = MODULE, **more: str) -> tuple[int, str]:
    """Run the command at a terminal of 120 columns.

    Args:
        arguments: Those of the command.
        typed: What somebody types.
        program: What runs it.
        more: Variables of the environment.

    Returns:
        The exit status, and all that the terminal was sent.
    """
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=environment(**{"TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1", **more}),
        start_new_session=True,
    )
    os.close(inner)
    os.write(outer, typed.encode())
    shown, deadline = b"", time.monotonic() + 60
    try:
        while time.monotonic() < deadline and select.select([outer], [], [], 60)[0]:
            try:
                part = os.read(outer, 65536)
            except OSError:  # Linux says so where the other end is closed
                break
            if not part:
                break
            shown += part
        status = process.wait(max(deadline - time.monotonic(), 0.1))
    finally:
        process.kill()
        process.wait()
        os.close(outer)
    screen = shown.decode("utf-8", "replace")
    assert "Traceback" not in screen
    return status, screen
