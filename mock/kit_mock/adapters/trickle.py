"""Cuts slow bodies into pieces, with the same wait before each."""

from __future__ import annotations

from collections.abc import Iterator

STEPS = 10


def pieces(body: bytes) -> Iterator[bytes]:
    """Yield the body in ten pieces. If it has fewer bytes, the first pieces are empty."""
    for step in range(STEPS):
        yield body[len(body) * step // STEPS : len(body) * (step + 1) // STEPS]
