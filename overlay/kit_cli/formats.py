"""The formats of exports: how items become bytes."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

import msgspec

from kit_api.errors import printable
from kit_client.tables import row

from .csv_writing import CsvWriter
from .extras import needed
from .formulas import guarded, is_formula
from .new_file import NewFile
from .status import CommandError

Item: TypeAlias = Mapping[str, Any]
Kind: TypeAlias = Literal["int", "float", "bool", "moment", "text", "json"]
Columns: TypeAlias = Mapping[str, Kind]

FORMATS = ("csv", "jsonl", "parquet")
ENDINGS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}

# Rows of Parquet that are made in one go, and form a row group.
_GROUP = 20_000
_encode = msgspec.json.Encoder()


class Encoder(Protocol):
    """Makes bytes of items."""

    start: bytes
    """What the file begins with."""

    def encode(self, items: Sequence[Item]) -> bytes:
        """Return the rows of these items."""
        ...


class Jsonl:
    """An object a line, as the service sent it."""

    start = b""

    def encode(self, items: Sequence[Item]) -> bytes:
        """Return the lines of these items."""
        return _encode.encode_lines(items)


class Csv:
    """A row each, with the same columns in all of them.

    Args:
        columns: The columns.
        for_excel: Whether a spreadsheet shall be kept from running cells as formulas, and told the encoding.
        delimiter: What stands between cells.
        formulas: How many cells of rows before may be run.
        without_column: The keys of rows before that had no column.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        for_excel: bool,
        delimiter: str = ",",
        formulas: int = 0,
        without_column: Iterable[str] = (),
    ) -> None:
        self._columns, self._names, self._for_excel = list(columns), frozenset(columns), for_excel
        self._writer = CsvWriter(delimiter)
        self.start = (codecs.BOM_UTF8 if for_excel else b"") + self._writer.rows([self._columns])
        self.without_column = set(without_column)
        """The keys that came and have no column, so that their values aren't in the file."""
        self.formulas = formulas
        """How many cells a spreadsheet may run as formulas."""

    def encode(self, items: Sequence[Item]) -> bytes:
        """Return the rows of these items."""
        return self._writer.rows(map(self._cells, items))

    def _cells(self, item: Item) -> list[str]:
        values = row(item, True)
        if not self._names.issuperset(values):
            self.without_column.update(
                name for name, value in values.items() if name not in self._names and value is not None
            )
        return [self._cell(values.get(name)) for name in self._columns]

    def _cell(self, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            return _encode.encode(value).decode()
        if is_formula(value):
            self.formulas += 1
            return guarded(value) if self._for_excel else value
        return value


def write_parquet(lines: BinaryIO, columns: Columns, target: NewFile) -> None:
    """Convert the lines of an export to Parquet, with flat memory.

    Raises:
        CommandError: pyarrow isn't installed, or a value doesn't fit the type of its column.
    """
    arrow = pyarrow()
    types = {
        "int": arrow.int64(),
        "float": arrow.float64(),
        "bool": arrow.bool_(),
        "moment": arrow.timestamp("us", tz="UTC"),
    }
    schema = arrow.schema([(name, types.get(kind, arrow.string())) for name, kind in columns.items()])
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with needed("pyarrow.parquet", "Parquet", "parquet").ParquetWriter(_Sink(target), schema) as writer:
        while items := [row(decode(line), True) for line in islice(lines, _GROUP)]:
            arrays = [
                _array(arrow, name, [_value(item.get(name), kind) for item in items], schema.field(name).type)
                for name, kind in columns.items()
            ]
            writer.write_table(arrow.table(arrays, schema=schema))


class _Sink(io.RawIOBase):
    """A new file as pyarrow takes it. It may be closed: the file is not."""

    def __init__(self, target: NewFile) -> None:
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._target.write(data)


def pyarrow() -> Any:
    """Import pyarrow. Raises CommandError if it isn't installed."""
    return needed("pyarrow", "Parquet", "parquet")


def _array(arrow: Any, name: str, values: list[Any], kind: Any) -> Any:
    try:
        return arrow.array(values, kind)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, OverflowError) as error:
        raise CommandError(
            f"column {printable(name)} holds a value of another type than {kind}, which JSON Lines can hold:"
            f" use --format jsonl ({printable(str(error))})"
        ) from None


def _value(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    if kind == "moment" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    if kind == "json" or (kind == "text" and not isinstance(value, str)):
        return _encode.encode(value).decode()
    return value
