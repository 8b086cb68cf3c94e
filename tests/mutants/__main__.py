"""The command `python -m tests.mutants`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants import report
from tests.mutants.activity import BEYOND_A_TOUR, is_active
from tests.mutants.catalogue import KINDS, all_lies, chosen
from tests.mutants.lie import Lie
from tests.mutants.running import Result, Runner

_SURVIVORS, _UNUSABLE, _INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns 0 if enough was caught, 1 if not, 2 if it can't run, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        lies = chosen(kinds=options.kind, names=options.lie, sample=options.sample, seed=options.seed)
    except ValueError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return _UNUSABLE
    if options.list:
        _list(lies, options.kind or options.lie)
        return 0
    if options.active:
        return _active(lies)
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # Both stop it in the same way.
    results: list[Result] = []
    began = time.monotonic()
    try:
        with Runner(
            options.against,
            jobs=options.jobs,
            limit=options.time_limit,
            whole_limit=0 if options.narrowed else options.time_limit * 4,
        ) as runner:
            if not options.no_check and (problem := runner.check(lies)) is not None:
                print(f"mutants: the suite fails without a lie: {problem}", file=sys.stderr)
                return _UNUSABLE
            for result in runner.run(lies, lambda result, total: _progress(result, len(results) + 1, total)):
                results.append(result)
    except KeyboardInterrupt:
        print("\nmutants: stopped", file=sys.stderr)
        return _INTERRUPTED
    finally:
        if results:
            _end(options, lies, results, time.monotonic() - began)
    caught = sum(each.verdict.startswith("caught") for each in results)
    return 0 if caught * 100 >= options.at_least * len(results) else _SURVIVORS


def _end(options: argparse.Namespace, lies: Sequence[Lie], results: Sequence[Result], seconds: float) -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
    order = {lie.name: number for number, lie in enumerate(lies)}
    ordered = sorted(results, key=lambda each: order[each.lie.name])
    print(*report.lines(ordered, verbose=options.verbose), sep="\n")
    print(f"{len(results)} of {len(lies)} lies against {options.against} in {seconds:.0f} s")
    if options.json is not None:
        report.write(ordered, options.json)


def _progress(result: Result, number: int, total: int) -> None:
    line = f"{number}/{total} {result.verdict}: {result.lie.name}"
    if sys.stderr.isatty():
        print(f"\r\033[K{line[:118]}", end="", file=sys.stderr, flush=True)
    elif number % 50 == 0 or not result.verdict.startswith("caught"):
        print(line, file=sys.stderr, flush=True)


def _active(lies: Sequence[Lie]) -> int:
    """Print the lies that change no answer in a tour of their operations, and return the exit status."""
    toured = [lie for lie in lies if lie.kind not in BEYOND_A_TOUR]
    found = 0
    for number, lie in enumerate(toured, 1):
        if not is_active(lie):
            found += 1
            print(f"changes nothing: {lie.name}", flush=True)
        if number % 100 == 0:
            print(f"{number}/{len(toured)}", file=sys.stderr, flush=True)
    print(f"{len(toured) - found} of {len(toured)} lies change an answer")
    return _SURVIVORS if found else 0


def _list(lies: Sequence[Lie], is_narrowed: bool) -> None:
    if is_narrowed:
        for lie in lies:
            print(f"{lie.name}\n    {lie.says} [{', '.join(lie.operations)}]")
        return
    counts = Counter(lie.kind for lie in lies)
    for kind in KINDS:
        print(f"{counts[kind]:6} {kind}")
    print(f"{len(lies):6} in all")
    hidden = [lie for lie in all_lies() if lie.unseen]
    print(f"{len(hidden):6} that nobody can see:")
    for lie in hidden:
        print(f"       {lie.name}: {lie.unseen}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description="Hold the contract suite against a mock that lies in one place at a time, and count what it catches.",
    )
    parser.add_argument("--kind", action="append", default=[], help="kind of lies to try; can be given several times")
    parser.add_argument(
        "--lie", action="append", default=[], metavar="NAME", help="text in the names of lies to try; several times"
    )
    parser.add_argument("--list", action="store_true", help="list the kinds, or the lies of --kind or --lie, and end")
    parser.add_argument(
        "--active", action="store_true", help="say which lies change no answer in a tour of their operations, and end"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="try about so many lies, of each kind at least one")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="which sample (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="lies that are tried at once (default: %(default)s)"
    )
    parser.add_argument(
        "--against", choices=["contract", "schemathesis"], default="contract", help="suite (default: %(default)s)"
    )
    parser.add_argument(
        "--time-limit", type=float, default=60.0, metavar="SECONDS",
        help="time for a run that is narrowed to a lie's operations; the whole suite has four times that"
        " (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--at-least", type=float, default=97.0, metavar="PERCENT",
        help="share that must be caught for exit status 0 (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--narrowed", action="store_true", help="don't try survivors with the whole suite")
    parser.add_argument("--no-check", action="store_true", help="don't run the suite without a lie first")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file for all results")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the first test that caught each lie")
    return parser


if __name__ == "__main__":
    sys.exit(main())
