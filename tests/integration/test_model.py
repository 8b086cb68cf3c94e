"""Sequences of requests through the client to a mock in this process: the account is what a model of Kit's rules says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from kit_mock import Clock, KitMock
from tests.contract.caller import Server
from tests.contract.document import BehaviourName, Document
from tests.contract.model.driver import Driver
from tests.contract.model.machine import explore, size, sweep, unchecked
from tests.contract.model.rules import Rule
from tests.contract.model.setting import Setting
from tests.contract.receiver import Receiver

ACCOUNT = Path(__file__).parents[1] / "contract" / "account.yaml"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SEED = 2


@pytest.fixture(autouse=True)
def exchanges() -> None:
    """Leave out the second validator: it takes minutes for thousands of exchanges, and other tests send their kinds."""


class MockClock:
    """The clock of a mock, which stands still."""

    def __init__(self, mock: KitMock) -> None:
        self._mock = mock

    def now(self) -> datetime:
        """Return the time."""
        return self._mock.clock.now()

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self._mock.advance(seconds=seconds)


@pytest.fixture(params=["current", "reference"])
def behaviour(request: pytest.FixtureRequest) -> BehaviourName:
    found: BehaviourName = request.param
    return found


@pytest.fixture
def setting(behaviour: BehaviourName, is_async: bool) -> Iterator[Setting]:
    mock = KitMock(seed=ACCOUNT, behaviour=behaviour, strict=True, auto_approve=True, clock=Clock(NOW))
    server = Server(
        "http://kit.test",
        behaviour,
        api_key=mock.api_key,
        access_token=mock.access_token,
        client_id="contract_app",
        client_secret="contract_secret",
        redirect_uri="https://app.example.com/callback",
        account=yaml.safe_load(ACCOUNT.read_text(encoding="utf-8")),
    )
    driver = Driver(
        server,
        Document(behaviour),
        is_async=is_async,
        transport=mock.transport,
        async_transport=mock.async_transport,
    )
    with mock, Receiver() as receiver:
        yield Setting(driver, "model", receiver=receiver, clock=MockClock(mock))
    driver.close()


@pytest.mark.parametrize("is_async", [pytest.param(True, id="AsyncKit")])
def test_each_rule_holds(setting: Setting) -> None:
    sweep(setting)
    assert setting.driver.drift() == []
    assert unchecked(setting) == [], "rules that nothing was held against"


@pytest.mark.parametrize("is_async", [pytest.param(False, id="Kit")])
def test_rules_hold_in_any_order(setting: Setting) -> None:
    examples, steps = size(setting)
    explore(setting, number=SEED, examples=examples, steps=steps, shrinks=False)
    assert setting.driver.drift() == []
    assert {Rule.LISTED, Rule.KEPT, Rule.NOTHING_ELSE, Rule.REFUSED} <= setting.held.keys()
