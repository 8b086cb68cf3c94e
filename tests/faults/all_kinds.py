"""Faults of all kinds by chance, the same in each run."""

from __future__ import annotations

from kit_mock import Fault, KitMock

ALL_KINDS = (
    Fault(reset="before"),
    Fault(reset="after"),
    Fault(cut_body=True),
    Fault(status=200, body="", effect=True),
    Fault(status=200, html=True),
    Fault(html=True),
    Fault(html=True, effect=True),
    Fault(status=500),
    Fault(status=500, effect=True),
    Fault(status=503, retry_after=0),
    Fault(status=520),
    Fault(status=524, effect=True),
    Fault(status=429),
    Fault(status=429, retry_after=0),
    Fault(slow_body=0.03),
    Fault(delay=0.03),
    Fault(delay=60),
)
"""Of each kind one. The last one is too slow for any client."""


def arm(mock: KitMock, share: float, seed: int, kinds: tuple[Fault, ...] = ALL_KINDS) -> None:
    """Let a share of all requests fail, in all these ways alike.

    The mock asks one fault after the other: each gets its part of what those before it leave.
    """
    for number, fault in enumerate(kinds):
        part = share / len(kinds)
        mock.faults.add(fault, probability=part / (1 - number * part), seed=seed + number)
