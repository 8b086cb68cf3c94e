"""Imports: what is sent at what time, in threads or in tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Generic, TypeVar

from .outcomes import Estimate, Outcome, Report

R = TypeVar("R")


class BaseImport(Generic[R]):
    """What imports in threads and in tasks share."""

    @property
    def so_far(self) -> Report:
        """The numbers so far, which go on counting; also of an import that was interrupted."""
        raise NotImplementedError

    def estimate(self) -> Estimate:
        """Return how many requests and how much time the import takes at most. Sends and reads nothing.

        Raises:
            ValueError: How many rows there are isn't known: give `count`.
        """
        raise NotImplementedError


class Import(BaseImport[R]):
    """An import that is run by iterating over it, once: it yields each row with its outcome, in no certain order.

    Raises:
        ValueError: `rows` has no column for the address or one that `fields` names, or the account has no such tag, form
            or custom field.
        ConfigurationError: The checkpoint is of another import, in use, or can't be written.
        KitError: A request failed for a reason that holds for all rows, such as that the credentials are refused.
    """

    def __iter__(self) -> Iterator[tuple[R, Outcome]]:
        raise NotImplementedError

    def report(self) -> Report:
        """Run the import to its end, and return the numbers and failures. Raises what iterating raises."""
        raise NotImplementedError

    def check(self) -> Report:
        """Read all rows, and return which of them would not be sent, and why. Sends nothing.

        Raises:
            ValueError: As iterating; tags, forms and custom fields are not looked up.
        """
        raise NotImplementedError


class AsyncImport(BaseImport[R]):
    """An import that is run by `async for`, once, as `Import` by `for`."""

    def __aiter__(self) -> AsyncIterator[tuple[R, Outcome]]:
        raise NotImplementedError

    async def report(self) -> Report:
        """Run the import to its end, and return the numbers and failures."""
        raise NotImplementedError

    async def check(self) -> Report:
        """Read all rows, and return which of them would not be sent, and why."""
        raise NotImplementedError
