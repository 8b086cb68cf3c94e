"""The differences between answers and the document that one client has met."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kit_api.codec import is_new
from kit_api.types import Drift

from .options import check_function

logger = logging.getLogger("kit_client")


class DriftLog:
    """Keeps each difference once for each place, and hands it on. It is safe to share between threads.

    Args:
        on_drift: Called with each new difference, in the thread of the call that met it.

    Raises:
        TypeError: `on_drift` can't be called, or has to be awaited.
    """

    def __init__(self, on_drift: Callable[[Drift], object] | None) -> None:
        if on_drift is not None:
            check_function("on_drift", on_drift)
        self._on_drift = on_drift
        self._seen: dict[str, Drift] = {}

    @property
    def seen(self) -> tuple[Drift, ...]:
        return tuple(self._seen.values())

    def add(self, drift: Drift) -> None:
        if is_new(drift, self._seen) and self._on_drift is not None:
            try:
                self._on_drift(drift)
            except Exception:
                logger.exception("on_drift failed for %s", drift.place)
