"""What a run of the model is about: the server, and what may be done with it."""

from __future__ import annotations

import itertools
import time
from datetime import datetime
from typing import Protocol

import attrs

from tests.contract.document import BehaviourName
from tests.contract.model.driver import Driver
from tests.contract.model.rules import Rule
from tests.contract.receiver import Receiver


class Clock(Protocol):
    """The time of a server that can be told."""

    def now(self) -> datetime:
        """Return the time."""

    def advance(self, seconds: float) -> None:
        """Move it on."""


@attrs.define
class Setting:
    """What the machines of a run share.

    Args:
        driver: Sends the requests.
        prefix: What names and addresses begin with.
        receiver: Where webhooks and callbacks go, if the server may reach this machine.
        clock: The server's time, if that can be told.
        chosen: The operations that the run is narrowed to; None for all.
        lag: Seconds by which lists may lag behind writes: as long is waited before they are read.
    """

    driver: Driver
    prefix: str
    receiver: Receiver | None = None
    clock: Clock | None = None
    chosen: frozenset[str] | None = None
    lag: float = 0.0
    held: dict[Rule, int] = attrs.field(factory=dict)
    """How often each rule was checked and found to hold."""
    owners: dict[str, list[int]] = attrs.field(factory=dict)
    """Forms and sequences that the account has, by kind: the API can't make any."""
    left: int = 0
    """How many things stay in the account, since the API can't delete them."""
    jobs: int = 0
    """How many jobs were begun: without the server's clock each takes seconds."""
    numbers: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1))

    def settle(self) -> None:
        """Wait until lists show what was written."""
        remaining = self.driver.last_write + self.lag - time.monotonic()
        if remaining > 0:
            time.sleep(remaining)

    @property
    def behaviour(self) -> BehaviourName:
        """The behaviour that the server is held against."""
        return self.driver.server.behaviour

    @property
    def is_disposable(self) -> bool:
        """Whether nobody gets what the account sends and publishes."""
        return self.driver.server.account is not None
