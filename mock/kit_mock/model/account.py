"""An account at a moment: the first argument of the model's functions."""

from __future__ import annotations

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from kit_mock.rules.behaviours import Behaviour
from kit_mock.state.store import Store


class Account(Struct, frozen=True):
    """An account at one moment.

    A request acts on the account of its credentials, now. A seed or a bulk job can act at an earlier moment.
    """

    store: Store
    id: int
    now: int
    """Seconds since 1970: the date of what is created or changed."""
    behaviour: Behaviour
    """Whether to follow the service of today or Kit's reference."""
    is_quiet: bool = False
    """Whether events reach no webhook, as while a seed or `add` fills an account."""

    @classmethod
    def of(cls, store: Store, id_: int, now: int) -> Self:
        """Return an account with the behaviour that the mock is set to."""
        return cls(store, id_, now, store.settings.behaviour)

    def at(self, moment: int) -> Self:
        """Return the account at another moment."""
        return replace(self, now=moment)
