"""Ctrl-C at any point of a call: no slot of the rate limit is lost, and no lock stays held."""

from __future__ import annotations

import contextlib
import gc
import sys
from types import FrameType
from typing import Any, Self

import httpx
import pytest

from kit_client import KitError, RateLimiter

from .service import ACCOUNT, Service

# Where Python looks for signals: when a function of Python begins, and when any function has returned.
POINTS = ("call", "return", "c_return")


class Interrupt:
    """Raises KeyboardInterrupt at one of the points of a call, counted from 1.

    Args:
        point: At which one.
    """

    def __init__(self, point: int) -> None:
        self.left = point

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event in POINTS and "/kit_client/" in frame.f_code.co_filename:
            self.left -= 1
            if not self.left:
                sys.setprofile(None)
                raise KeyboardInterrupt

    def __enter__(self) -> Self:
        sys.setprofile(self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


# Of interrupts in generators that are closed, which Python drops.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("answer", [httpx.Response(200, json=ACCOUNT), httpx.ReadError("gone")], ids=["ok", "error"])
def test_an_interrupt_at_any_point_loses_no_slot(answer: Any) -> None:
    limiter = RateLimiter(limit=3, window=60)
    service = Service(answer)
    kit = service.kit(rate_limiter=limiter, max_retries=0)
    assert kit.rate_limiter is not None
    point, left = 0, 0
    while not left:
        point += 1
        interrupt = Interrupt(point)
        # The error of the call, or what an interrupt became on its way.
        with contextlib.suppress(KeyboardInterrupt, KitError, RuntimeError), interrupt:
            kit.account.get()
        left = interrupt.left
        gc.collect(0)
        # Slots without a holder cool from when they are missed.
        for _ in range(2):
            service.clock.now += 100
            state = kit.rate_limiter.state()
        assert (state.free, state.lent, state.waiting) == (3, 0, 0), f"point {point}"
    assert point > 100
