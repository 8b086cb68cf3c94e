"""Timing in turns, so that a machine whose speed drifts is as slow for one as for the other."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping


def medians(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int,
    inner: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Seconds for one call of each: the median of `rounds`, each the mean of `inner` calls."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for function in contenders.values():
        function()
    for _ in range(rounds):
        for name, function in contenders.items():
            start = clock()
            for _ in range(inner):
                function()
            times[name].append((clock() - start) / inner)
    return {name: statistics.median(values) for name, values in times.items()}


def table(title: str, times: Mapping[str, float], base: str) -> None:
    """Print each time, and what multiple of `base` it is."""
    print(f"\n{title}")
    for name, seconds in times.items():
        print(f"  {name:<28} {seconds * 1e3:9.3f} ms   {seconds / times[base]:6.2f} x {base}")


def goal(what: str, reached: bool) -> None:
    print(f"  {'reached' if reached else 'MISSED'}: {what}")


def progress(text: str) -> None:
    """What is being done, on standard error: on one line that changes, or on lines where that is no terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K… {text}\r", end="", file=sys.stderr, flush=True)
    else:
        print(f"… {text}", file=sys.stderr, flush=True)
