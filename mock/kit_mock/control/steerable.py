"""The part of `KitMock` that the control plane uses."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from kit_mock.outbox.deliveries import Delivery
from kit_mock.rules.behaviours import BehaviourName
from kit_mock.service.faults.active import Faults
from kit_mock.service.rate_limit import Quota
from kit_mock.service.request_log import RecordedRequest
from kit_mock.state.clock import Clock


class Steerable(Protocol):
    """The interface of a mock for the control plane. `KitMock` says what each method does."""

    api_key: str
    access_token: str
    behaviour: BehaviourName
    clock: Clock
    faults: Faults

    @property
    def requests(self) -> tuple[RecordedRequest, ...]: ...
    @property
    def quota(self) -> tuple[Quota, ...]: ...
    @property
    def rate_window(self) -> float: ...
    @property
    def deliveries(self) -> tuple[Delivery, ...]: ...

    def forget_requests(self) -> None: ...
    def snapshot(self) -> bytes: ...
    def restore(self, snapshot: bytes) -> None: ...
    def reset(self) -> None: ...
    def deliver(self) -> tuple[Delivery, ...]: ...
    def resend(self, delivery_id: int) -> Delivery: ...
    def fire(
        self, /, event: str, *, subscriber_id: int | None = None, **subject: int | str
    ) -> tuple[Delivery, ...]: ...
    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime: ...
