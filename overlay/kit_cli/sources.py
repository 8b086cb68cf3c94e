"""Where the items of an export come from: one page after the other, or several at a time."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeAlias

from kit_api.errors import printable
from kit_api.types import Page, Response
from kit_client import Kit
from kit_client.walk import LARGEST_PAGE

from .exporting import Export
from .listings import with_names
from .naming import did_you_mean, find_id
from .status import CommandError, MisuseError

RawPage: TypeAlias = Page[dict[str, Any]]


class Source(Protocol):
    """A list that is read page by page."""

    @property
    def cursor(self) -> str | None:
        """Where to go on after the pages before the one that was handed over last; None for the beginning."""
        ...

    @property
    def total(self) -> int | None:
        """How many items the list holds, once that is known."""
        ...

    def pages(self) -> Generator[RawPage, None, None]:
        """Yield the pages."""
        ...


class _OneByOne:
    """A list in the service's order."""

    def __init__(self, kit: Kit, export: Export, owner: int | None, after: str | None) -> None:
        # Counting costs the service time, and who goes on has asked before.
        paging = {"per_page": LARGEST_PAGE, "include_total_count": after is None, "after": after}
        self._pager = export.listing.open(kit, owner, {**export.filters, **paging}).raw()
        self.cursor, self.total = after, None

    cursor: str | None
    total: int | None

    def pages(self) -> Generator[RawPage, None, None]:
        for page in self._pager.pages():
            self.total = page.total_count or self.total
            yield page
            self.cursor = page.pagination.end_cursor


def source_of(kit: Kit, export: Export, owner: int | None, after: str | None) -> Source:
    """Return the list of an export.

    Args:
        kit: The client.
        export: What is exported.
        owner: The id of what the items belong to.
        after: The cursor of a source of the same export, to go on there.

    Raises:
        MisuseError: A filter is not for lists that are read several pages at a time.
    """
    if export.parallel == 1:
        return _OneByOne(kit, export, owner, after)
    arguments: dict[str, Any] = {
        **export.filters,
        "parallel": export.parallel,
        "per_page": LARGEST_PAGE,
        "after": after,
    }
    if owner is not None:
        arguments[f"{export.listing.owner}_id"] = owner
    try:
        found: Source = kit.bulk.export_subscribers(raw=True, **arguments)
    except (TypeError, ValueError) as error:
        raise MisuseError(f"--parallel: {printable(str(error), 500)}") from None
    return found


def owner_id(kit: Kit, kind: str, text: str) -> int:
    """Return the id of a tag, form or sequence by its name or id; of anything without a name, by its id.

    Raises:
        CommandError: There is none.
        MisuseError: It can be told by its id only, and this is none.
    """
    every = with_names(kind)
    if every is None:
        if not (text.isascii() and text.isdecimal() and int(text) > 0):
            raise MisuseError(f"--{kind}: expected an id, got {printable(repr(text))}")
        return int(text)
    arguments = {"status": "all"} if "status" in every.filters else {}
    names = {item["id"]: str(item["name"]) for item in every.open(kit, None, arguments).raw()}
    found = find_id(text, names)
    if found is None:
        raise CommandError(f"there is no {kind} {printable(repr(text))}{did_you_mean(text, names.values())}")
    return found


def moment_of(response: Response[Any]) -> str:
    """Return when an answer was sent, by the service's clock if it says so."""
    try:
        sent = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        sent = datetime.now(UTC)
    return sent.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
