"""Every benchmark, one after the other: nine minutes, one of them to make two accounts of a million subscribers."""

from __future__ import annotations

import argparse
import platform
import signal
import sys
from types import FrameType

from . import (
    decoding,
    export,
    first_call,
    import_,
    mock_beside_prism,
    mock_in_process,
    mock_large,
    per_request,
    rate_limit,
)

# They make a large account.
LARGE = {"mock_large": mock_large.run, "export": export.run, "import": import_.run}
BENCHMARKS = {
    "decoding": decoding.run,
    "first_call": first_call.run,
    "per_request": per_request.run,
    "rate_limit": rate_limit.run,
    "mock_in_process": mock_in_process.run,
    "mock_beside_prism": mock_beside_prism.run,
    **LARGE,
}
# Only if it is named: it takes 26 minutes.
LONG = {"rate_limit_long": rate_limit.run_long}
SMALLER = 20_000
_INTERRUPTED = 130


def main() -> int:
    """Run all, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"which: {', '.join((*BENCHMARKS, *LONG))}; without any, all but the last",
    )
    parser.add_argument(
        "--no-million", action="store_true", help=f"make the large accounts ones of {SMALLER:,}, which takes a second"
    )
    options = parser.parse_args()
    names = options.names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS) - set(LONG):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, _end)  # As Ctrl-C: the servers must not stay behind.
    print(
        f"{platform.python_implementation()} {platform.python_version()}; medians, each contender in turn", flush=True
    )
    try:
        for name in names:
            if name in LARGE and options.no_million:
                LARGE[name](SMALLER)
            else:
                (BENCHMARKS | LONG)[name]()
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
