"""Packages that come with an extra only."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .status import CommandError


def needed(module: str, what_for: str, extra: str = "cli") -> Any:
    """Import a module of an extra.

    Raises:
        CommandError: It isn't installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise CommandError(
            f'{what_for} needs a package that isn\'t installed: pip install "kit-client[{extra}]"'
        ) from None
