"""What to say when SQLite can't use a file: its own texts can be riddles, such as "not an error"."""

from __future__ import annotations

import apsw

from kit_mock.protocol.errors import UnwritableError, shown

_REASONS: dict[type[apsw.Error], str] = {
    apsw.FullError: "the database or the disk is full",
    apsw.ReadOnlyError: "the database, or the folder in which it keeps files beside it, may not be written",
    apsw.PermissionsError: "the database may not be used",
    apsw.CantOpenError: "the file can't be opened or made: its folder must exist, and both may be read and written",
    apsw.IOError: "the file system failed, or a quota is used up",
}
UNUSABLE = tuple(_REASONS)
"""Errors of the file system, whatever was to be read or written."""


def reason(error: Exception) -> str:
    """Return why SQLite could not do something, in one line."""
    return next((text for kind, text in _REASONS.items() if isinstance(error, kind)), shown(str(error)))


def unwritable(error: apsw.Error) -> UnwritableError:
    """Return the error for something that one of `UNUSABLE` kept from being written."""
    return UnwritableError(f"cannot write: {reason(error)}")
