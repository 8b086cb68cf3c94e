"""Reads files that a user names."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def read(path: Path, most: int) -> bytes:
    """Return the content of a regular file of at most `most` bytes.

    Raises OSError if it can't be read, is larger, or is something else, such as a pipe: reading that may never end.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "it isn't a regular file")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except ValueError as error:  # A path with a NUL, or half of a surrogate pair.
        raise OSError(errno.EINVAL, str(error)) from None
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes")
    return content
