"""The other name of a file while it is written."""

from __future__ import annotations

import contextlib
from pathlib import Path

from filelock import FileLock, Timeout

from .new_file import part_of, shown, told
from .status import CommandError


class PartInUseError(CommandError):
    """Another process writes the file."""


class Part:
    """The name `FILE.part`, for one process at a time. A process that is killed leaves what it wrote to the next one.

    Args:
        path: The name of the file when it is complete.

    Raises:
        PartInUseError: Another process has it.
        CommandError: It can't be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = part_of(path)
        self._lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=0)
        with told(path):
            # Before the lock, which doesn't tell a folder that can't be written to from another process.
            self.is_begun = self.path.exists()
            """Whether an earlier process left it."""
            self.path.touch()
            try:
                self._lock.acquire()
            except Timeout:
                raise PartInUseError(f"another process is writing {shown(path)}") from None

    def release(self) -> None:
        # While it is held, so that nobody else's is removed. Windows keeps a file that is open.
        with contextlib.suppress(OSError):
            Path(self._lock.lock_file).unlink()
        self._lock.release()
