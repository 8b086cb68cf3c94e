"""The account agrees with a model of Kit's rules after each of a sequence of requests through the client."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from tests.contract.caller import Server
from tests.contract.conftest import chosen_operations
from tests.contract.document import Document
from tests.contract.model.driver import Driver
from tests.contract.model.machine import OPERATIONS, explore, size, sweep, unchecked
from tests.contract.model.setting import Setting
from tests.contract.receiver import Receiver

pytestmark = [pytest.mark.writes, pytest.mark.operations(*OPERATIONS)]


class ControlledClock:
    """The clock of a mock that stands still, moved by its control plane."""

    def __init__(self, control: str) -> None:
        self._http = httpx.Client(base_url=control)
        self._now = self._asked(self._http.get("clock"))

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Advance the clock by seconds."""
        self._now = self._asked(self._http.post("clock/advance", json={"seconds": seconds}))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _asked(self, response: httpx.Response) -> datetime:
        return datetime.fromisoformat(response.json()["now"])


@pytest.fixture
def setting(
    usual_server: Server, request: pytest.FixtureRequest, pytestconfig: pytest.Config, is_async: bool
) -> Iterator[Setting]:
    chosen = chosen_operations(pytestconfig)
    driver = Driver(usual_server, Document(usual_server.behaviour), is_async=is_async)
    clock = ControlledClock(usual_server.control) if usual_server.control else None
    with Receiver() as receiver:
        if not usual_server.is_on_this_machine:
            print("\nwebhooks and callbacks are left out: the server may not reach this machine")
        made = Setting(
            driver,
            # The mock is a new one in each run, and its requests are the same in each; elsewhere, earlier runs left names.
            f"model-{'a' if is_async else 's'}" if usual_server.control else f"model-{secrets.token_hex(4)}",
            receiver=receiver if usual_server.is_on_this_machine else None,
            clock=clock,
            chosen=None if chosen is None else frozenset(chosen),
            lag=pytestconfig.getoption("list_lag", 0.0),
        )
        yield made
    if made.left and not usual_server.control:
        print(f"\nleft in the account, since the API can't delete it: {made.left} things with {made.prefix!r}")
    if clock is not None:
        clock.close()
    driver.close()


@pytest.mark.parametrize("is_async", [pytest.param(False, id="Kit")])
def test_each_rule_holds(setting: Setting) -> None:
    """Each action in each of its ways leaves the account as the model has it. (reference, seen, later docs, client, chosen)"""
    sweep(setting)
    assert setting.driver.drift() == []
    if setting.driver.server.control and setting.chosen is None:
        assert unchecked(setting) == [], "rules that nothing was held against"


@pytest.mark.deep
@pytest.mark.parametrize("is_async", [pytest.param(True, id="AsyncKit")])
def test_rules_hold_in_any_order(setting: Setting, pytestconfig: pytest.Config) -> None:
    """Actions in an order that is drawn leave the account as the model has it. (reference, seen, later docs, client, chosen)"""
    given: int | None = pytestconfig.getoption("model_examples", None)
    examples, steps = size(setting)
    explore(
        setting,
        number=pytestconfig.getoption("model_seed", 1),
        examples=given or examples,
        steps=steps,
        shrinks=given is not None,
    )
    assert setting.driver.drift() == []
