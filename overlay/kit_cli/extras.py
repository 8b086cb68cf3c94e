"""Packages that come with the extra `cli` only."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .status import CommandError


def needed(module: str, what_for: str) -> Any:
    """Import a module of the extra `cli`.

    Raises:
        CommandError: It isn't installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise CommandError(f'{what_for} needs a package that isn\'t installed: pip install "kit-client[cli]"') from None
