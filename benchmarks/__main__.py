"""Every benchmark, one after the other."""

from __future__ import annotations

import platform

from . import decoding, first_call, per_request


def main() -> None:
    print(f"{platform.python_implementation()} {platform.python_version()}; medians, each contender in turn")
    for benchmark in (decoding, first_call, per_request):
        benchmark.run()


if __name__ == "__main__":
    main()
