"""The report of a run by kinds of lies: what caught each, and which survived."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.mutants.catalogue import KINDS
from tests.mutants.running import Result


def lines(results: Sequence[Result], *, verbose: bool) -> Iterator[str]:
    """Yield the report as lines of text."""
    if verbose:
        yield from (
            f"{each.lie.name}\n    {each.verdict} by {each.by}" for each in results if each.verdict != "survived"
        )
        yield ""
    yield f"{'kind':30} {'lies':>6} {'caught':>7} {'survived':>9} {'caught':>8}"
    for kind in KINDS:
        of_kind = [each for each in results if each.lie.kind == kind]
        if of_kind:
            yield _row(kind, of_kind)
    yield _row("all", results)
    verdicts = Counter(each.verdict for each in results)
    yield f"caught by time limit: {verdicts['caught by time limit']}; errors: {verdicts['error']}"
    for each in results:
        if each.verdict == "survived":
            seen = f"the suite got {each.told} answers that were lies" if each.told else "the suite never met it"
            yield f"survived: {each.lie.name}\n    {each.lie.says} ({seen})"
        elif each.verdict == "error":
            yield f"error: {each.lie.name}\n    {each.by} {each.detail}"


def _row(name: str, results: Iterable[Result]) -> str:
    verdicts = Counter(each.verdict for each in results)
    caught = verdicts["caught"] + verdicts["caught by time limit"]
    total = verdicts.total()
    return f"{name:30} {total:6} {caught:7} {verdicts['survived']:9} {100 * caught / max(total, 1):7.1f} %"


def write(results: Iterable[Result], path: Path) -> None:
    """Write every result into a file of JSON."""
    found = [
        {
            "name": each.lie.name,
            "kind": each.lie.kind,
            "operations": each.lie.operations,
            "says": each.lie.says,
            "verdict": each.verdict,
            "by": each.by,
            "detail": each.detail,
            "told": each.told,
            "seconds": round(each.seconds, 2),
            "stage": each.stage,
        }
        for each in results
    ]
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
