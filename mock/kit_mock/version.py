"""The version of the distribution, read from its metadata."""

from __future__ import annotations

from functools import cache

DISTRIBUTION = "kit-client"
UNKNOWN = "unknown"


@cache
def version() -> str:
    """Return the version of kit-client that is installed, or "unknown" where its metadata is missing.

    Bundlers such as PyInstaller leave metadata out, and the mock works without it.
    """
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed  # Takes time to import, and few programs ask for the version.

    try:
        return installed(DISTRIBUTION)
    except PackageNotFoundError:
        return UNKNOWN
