"""The bytes of a CSV file as lines of text, whatever program wrote them."""

from __future__ import annotations

import codecs
import contextlib
import io
import shutil
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import BinaryIO, cast

from kit_api.errors import printable

from .status import CommandError

LONGEST = 1_000_000
"""Characters of one row. A quote that is left open would else take in the rest of the file."""

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_KINDS = (
    (b"PK\x03\x04", "a workbook or another zip file; save it as CSV first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as CSV first"),
    (b"\x1f\x8b", "compressed by gzip; unpack it first"),
    (b"%PDF", "a PDF file"),
)
_CHUNK = 1 << 20
_MIXED = "kit_client.cp1252"


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_MIXED, _as_cp1252)


def open_bytes(path: Path | None) -> BinaryIO:
    """Open a file to be read several times; None is standard input, which is copied to a temporary file.

    Raises:
        CommandError: The file can't be read, or is of a kind that holds no text.
    """
    name = "standard input" if path is None else printable(str(path), 1000)
    try:
        file = _copied(sys.stdin.buffer) if path is None else path.open("rb")
        if not file.seekable():
            # Such as a named pipe, or what a shell puts in the place of `<(...)`.
            with file as pipe:
                file = _copied(pipe)
        start = file.read(8)
        file.seek(0)
    except OSError as error:
        raise CommandError(f"{name} can't be read: {error.strerror}") from None
    for magic, kind in _OTHER_KINDS:
        if start.startswith(magic):
            file.close()
            raise CommandError(f"{name} is {kind}")
    return file


def _copied(source: BinaryIO) -> BinaryIO:
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # the caller closes it
    shutil.copyfileobj(source, copy)
    copy.seek(0)
    return copy


def encoding_of(file: BinaryIO) -> str:
    """Return the encoding of a file: by its byte-order mark, else UTF-8 if it is that, else Windows-1252.

    A file that has some of both counts as what it has more of. All of the file is read, unless it has a mark.
    """
    file.seek(0)
    chunk = file.read(4096)
    for mark, name in _MARKS:
        if chunk.startswith(mark):
            return name
    # UTF-16 without a mark: every other byte of what is nearly all ASCII is zero.
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = chunk[first::2]
        if half.count(0) > 0.6 * len(half) and chunk[1 - first :: 2].count(0) < 0.2 * len(half):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    while chunk:
        if not chunk.isascii() or decoder.getstate()[0]:
            text = decoder.decode(chunk)
            unreadable = text.count("\ufffd") - chunk.count(b"\xef\xbf\xbd")
            bad += unreadable
            good += len(text) - len(text.encode("ascii", "ignore")) - unreadable
        chunk = file.read(_CHUNK)
    return "utf-8" if bad <= good else "cp1252"


class Lines:
    """The lines of a file, of which some can be handed back. An iterator.

    Args:
        file: The file, read from its beginning.
        encoding: Its encoding. Bytes that aren't UTF-8 in a file of UTF-8 are taken for Windows-1252.
    """

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        file.seek(0)
        errors = _MIXED if encoding in ("utf-8", "utf-8-sig") else "replace"
        self._text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline=None)
        self._number = 0
        self._pending: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []
        """Number and text of each line since `begin`."""
        self._size = 0

    def begin(self) -> None:
        """Forget the lines that were taken: a new row begins."""
        self.taken.clear()
        self._size = 0

    def give_back(self) -> None:
        """Hand back all that was taken but its first line."""
        self._pending.extendleft(reversed(self.taken[1:]))

    def detach(self) -> None:
        """Leave the file open for others, if it is."""
        with contextlib.suppress(ValueError):
            self._text.detach()

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        """Return the next line.

        Raises:
            CommandError: The file isn't text of its encoding.
            OverflowError: The row has become too long.
        """
        if self._pending:
            number, line = self._pending.popleft()
        else:
            line = self._read()
            if not line:
                raise StopIteration
            self._number = number = self._number + 1
            rest = line
            while len(rest) == LONGEST and not rest.endswith("\n"):
                rest = self._read()
        self.taken.append((number, line))
        self._size += len(line)
        if self._size >= LONGEST:
            raise OverflowError
        return line

    def _read(self) -> str:
        try:
            return self._text.readline(LONGEST)
        except UnicodeError as error:
            # Such as UTF-16 without a mark. Most encodings have a character for what can't be read.
            raise CommandError(f"the file can't be read as {self._text.encoding}: {printable(str(error))}") from None
