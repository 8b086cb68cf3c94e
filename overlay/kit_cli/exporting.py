"""What `kit-client export` is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .formats import ENDINGS
from .listings import Listing, listings, read_filter
from .new_file import check_distinct, part_of
from .status import MisuseError


@dataclass(frozen=True)
class Export:
    """What is exported, and how."""

    listing: Listing
    owner: str | None
    """The name or id of what the items belong to."""
    filters: Mapping[str, Any]
    path: Path | None
    """The file; None for standard output."""
    format: str
    for_excel: bool
    parallel: int
    resume: bool
    force: bool

    @property
    def delimiter(self) -> str:
        """What stands between the cells of CSV."""
        return "\t" if self.path is not None and self.path.suffix.lower() == ".tsv" else ","

    @property
    def can_resume(self) -> bool:
        """Whether it goes to a file, and not to a pipe or a device."""
        return self.path is not None and (self.path.is_file() or not self.path.exists())


def chosen(options: argparse.Namespace) -> Export:
    """Return what the options ask for.

    Raises:
        MisuseError: They contradict each other, or have a value that can't be.
    """
    listing, owner = _listing(options)
    every = {name for each in listings() for name in each.filters}
    given = {name: value for name in sorted(every) if (value := getattr(options, name)) is not None}
    for name in given:
        if name not in listing.filters:
            known = ", ".join(f"--{each.replace('_', '-')}" for each in listing.filters) or "nothing"
            raise MisuseError(f"--{name.replace('_', '-')} is not for {listing.name}, which can be filtered by {known}")
    path = None if options.out == "-" else Path(options.out)
    by_ending = ENDINGS.get("" if path is None else path.suffix.lower(), "csv")
    made = options.format or ("jsonl" if path is None and options.json else by_ending)
    export = Export(
        listing=listing,
        owner=owner,
        filters={name: read_filter(listing, name, value) for name, value in given.items()},
        path=path,
        format=made,
        for_excel=options.safe_for_excel,
        parallel=options.parallel,
        resume=options.resume,
        force=options.force,
    )
    if export.for_excel and made != "csv":
        raise MisuseError(f"--safe-for-excel is for CSV, and the format is {made}")
    if export.parallel > 1 and listing.what != "subscribers":
        raise MisuseError("--parallel is for subscribers: other lists are short")
    if export.resume and not export.can_resume:
        raise MisuseError("--resume needs a file to go on with: give --out FILE")
    if path is not None:
        check_distinct({"--store": options.store, "--out": path, "the unfinished file of --out": part_of(path)})
    return export


def _listing(options: argparse.Namespace) -> tuple[Listing, str | None]:
    owners = {each.owner for each in listings() if each.owner is not None}
    given = [(owner, text) for owner in sorted(owners) if (text := getattr(options, owner)) is not None]
    if len(given) > 1:
        raise MisuseError(f"{' and '.join(f'--{owner}' for owner, _ in given)} exclude each other")
    owner, text = given[0] if given else (None, None)
    for each in listings():
        if (each.what, each.owner) == (options.what, owner):
            return each, text
    raise MisuseError(
        f"--{owner} is not for {options.what}"
        if owner
        else f"{options.what} needs one of {', '.join(f'--{each.owner}' for each in listings() if each.what == options.what)}"
    )
