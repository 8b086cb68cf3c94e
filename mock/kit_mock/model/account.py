"""The account that something happens to, and when."""

from __future__ import annotations

from typing import Self

import attrs

from kit_mock.rules.behaviours import Behaviour
from kit_mock.state.store import Store


@attrs.frozen
class Account:
    """An account at one moment. Every function of the model takes one first, whoever asks for it.

    A request has its own credentials' account and the present; a seed, `add` and a bulk job have theirs.
    """

    store: Store
    id: int
    now: int
    """The moment, in seconds since 1970: what is made is dated so."""
    behaviour: Behaviour
    """Whether the service of today or Kit's reference is followed."""
    is_quiet: bool = False
    """Whether no webhook is told of what happens, as while a seed or `add` fills an account."""

    @classmethod
    def of(cls, store: Store, id_: int, now: int) -> Self:
        """Return an account that follows the behaviour of its mock."""
        return cls(store, id_, now, store.settings.behaviour)

    def at(self, moment: int) -> Self:
        """Return the account at another moment."""
        return attrs.evolve(self, now=moment)
