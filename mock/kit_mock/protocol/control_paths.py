"""The paths of the control plane, and the limit of its bodies, for modules below it."""

from __future__ import annotations

PREFIX = "/_mock"

MAX_BODY_BYTES = 1024 * 1024
"""The largest body of a request of the control plane."""


def is_control(path: str) -> bool:
    """Return whether a path belongs to the control plane: those under the prefix, and `/`, which leads there."""
    return path == PREFIX or path.startswith(f"{PREFIX}/") or path == "/"
