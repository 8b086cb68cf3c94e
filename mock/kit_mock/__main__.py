"""The command `kit-mock`, also as `python -m kit_mock`."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Run the command; without the packages of its extra, say so and end with status 2."""
    try:
        from kit_mock.cli import main as run
    except ModuleNotFoundError as error:
        argparse.ArgumentParser().exit(2, f"kit-mock: {error.name} isn't installed: pip install 'kit-client[mock]'\n")
    return run()


if __name__ == "__main__":
    sys.exit(main())
