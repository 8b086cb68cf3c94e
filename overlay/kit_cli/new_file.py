"""Files that get their name once they are complete, and standard output."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import BinaryIO

from kit_api.errors import printable

from .status import CommandError, MisuseError


@contextlib.contextmanager
def told(path: Path | None) -> Generator[None, None, None]:
    """Turn what goes wrong with a file into an error in one line."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{shown(path)} can't be written: {error.strerror or error}") from None


def shown(path: Path | None) -> str:
    """Return what a file is called in messages; None is standard output."""
    return "standard output" if path is None else printable(str(path), 1000)


class NewFile:
    """A file that is written under another name beside its own, which it gets by `finish`.

    A device or a pipe is written to as it is, and so is standard output.

    Args:
        path: The name; None for standard output.
        force: Whether an existing file may be replaced.
        part: The other name; a new one if it isn't given. What is there already stays.

    Raises:
        MisuseError: There is such a file.
        CommandError: It can't be written.
    """

    def __init__(self, path: Path | None, *, force: bool = False, part: Path | None = None) -> None:
        self.path = path
        self._final = self._part = None
        with told(path):
            if path is None:
                self._file: BinaryIO = sys.stdout.buffer
            elif path.exists() and not path.is_file():
                self._file = path.open("wb")
            else:
                check_free(path, force=force)
                # The file that a symbolic link leads to is replaced, and not the link.
                self._final = real(path)
                self._part = part or self._final.with_name(f"{self._final.name}.{secrets.token_hex(4)}.part")
                self._part.touch()
                self._file = self._part.open("r+b")
        self._force = force

    def write(self, data: bytes) -> int:
        """Write to the end."""
        with told(self.path):
            return self._file.write(data)

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        with told(self.path):
            self._file.flush()

    def save(self) -> int:
        """Have what was written on the disk, and return the size."""
        with told(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._file.tell()

    def cut(self, size: int) -> None:
        """Go on behind the first `size` bytes, and drop the rest."""
        with told(self.path):
            if os.fstat(self._file.fileno()).st_size < size:
                raise CommandError(f"{shown(self._part)} is shorter than it was")
            self._file.truncate(size)
            self._file.seek(size)

    def finish(self) -> None:
        """Give the file its name."""
        if self._part is None or self._final is None:
            self.flush()
            self.close()
            return
        self.save()
        with told(self.path):
            self._file.close()
            check_free(self._final, force=self._force)
            if self._final.exists():
                shutil.copymode(self._final, self._part)
            self._part.replace(self._final)

    def discard(self) -> None:
        """Remove what was written."""
        self.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave what was written under the other name."""
        if self.path is not None:
            # What can't be written any more was told of before.
            with contextlib.suppress(OSError):
                self._file.close()


def check_free(path: Path, *, force: bool) -> None:
    """Look whether a file can be made.

    Raises:
        MisuseError: There is one, which may not be replaced.
        CommandError: There is no such folder.
    """
    if path.exists() and not force:
        raise MisuseError(f"{shown(path)} is there already; --force replaces it")
    if not path.parent.is_dir():
        raise CommandError(f"{shown(path)} can't be written: there is no such folder")


def check_distinct(named: Mapping[str, Path | None]) -> None:
    """Look whether files that a command uses are different ones. Devices and pipes may be used twice.

    Args:
        named: The files, by what people call them; None where one isn't given.

    Raises:
        MisuseError: Two of them are one.
    """
    seen: dict[object, str] = {}
    for name, path in named.items():
        if path is None or (path.exists() and not path.is_file()):
            continue
        # By its number, as a file can have several names.
        file = (path.stat().st_dev, path.stat().st_ino) if path.exists() else real(path)
        if seen.setdefault(file, name) != name:
            raise MisuseError(f"{seen[file]} and {name} are the same file: {shown(path)}")


def part_of(path: Path) -> Path:
    """Return the name `FILE.part` that a file has while it is written."""
    final = real(path)
    return final.with_name(f"{final.name}.part")


def real(path: Path) -> Path:
    """Return the file that a link leads to. A link that leads to itself is left to whoever opens it."""
    return Path(os.path.realpath(path))
