"""Faults that are injected on purpose: `Fault`, which `kit_mock` exports too."""

from __future__ import annotations

from kit_mock.service.faults.fault import Fault

__all__ = ["Fault"]
