"""Prepares a database file before it is opened: checks that it is a file, and who may read it."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path

from kit_mock.protocol.errors import KitMockError

_OTHERS = 0o077
_log = logging.getLogger("kit_mock")


def prepare(path: Path) -> None:
    """Make the file, for its owner alone, if there is none. SQLite gives the files beside it the same mode.

    The mode of an existing file isn't changed, since it may be shared on purpose, but a warning says so if others may use it.

    Raises KitMockError for something else than a file, such as a pipe, on which opening could wait for ever, for a file or
    folder that may not be written, and for the name that SQLite takes as no file.
    """
    if str(path) == ":memory:":
        raise _unusable(path, "that is no file: without one, the state is in memory")
    with contextlib.suppress(OSError, ValueError):  # SQLite reports what is wrong with the path.
        os.close(os.open(os.path.realpath(path), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        return
    try:
        # Not opened: closing it would give up the locks that another mock of this process has on it.
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode):
        raise _unusable(path, "it isn't a regular file")
    # SQLite would notice later, and give other reasons.
    if not os.access(path, os.R_OK | os.W_OK):
        raise _unusable(path, "it may not be read and written")
    if not os.access(Path(os.path.realpath(path)).parent, os.W_OK | os.X_OK):
        raise _unusable(path, "its folder may not be written")
    if os.name == "posix" and mode & _OTHERS:
        _log.warning("others may use the database %s, mode %04o: `chmod 600` it if they shouldn't", path, mode & 0o777)


def _unusable(path: Path, reason: str) -> KitMockError:
    return KitMockError(f"cannot open the database {str(path)!r}: {reason}")
