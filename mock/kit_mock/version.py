"""The version of kit-mock, which is that of the distribution it comes with."""

from __future__ import annotations

__version__ = "0.1.0"
