"""`kit-mock serve` as a process whose output is read line by line."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SECONDS = 30


class Served:
    """A server whose output is read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self._out, self._err = process.stdout, process.stderr
        self.first = self._out.readline()
        self.url = self.first.split()[-1]

    def rows(self, count: int) -> dict[str, str]:
        """So many of the lines after the first, by what stands in front of them."""
        found = (re.fullmatch(r"  (.+?)  +(.+)\n", self._out.readline()) for _ in range(count))
        return {match[1]: match[2] for match in found if match is not None}

    def rest(self) -> tuple[str, str]:
        """End it, and return what it has printed and logged beside that."""
        self.process.terminate()
        out, err = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0
        return out, err


@contextmanager
def serving(*arguments: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> Iterator[Served]:
    command = [sys.executable, "-m", "kit_mock", "serve", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=cwd
    ) as process:
        try:
            yield Served(process)
        finally:
            process.kill()
