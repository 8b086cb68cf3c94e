"""What tests of deliveries share: a subscriber whose bounces webhooks are told of."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from kit_mock import Delivery, KitMock
from tests.unit.mock.receiver import SOON


def seed(*targets: str) -> dict[str, Any]:
    webhooks = [{"event": "subscriber_bounce", "target_url": target} for target in targets]
    return {"subscribers": [{"email_address": "ada@example.com"}], "webhooks": webhooks}


def bounce(mock: KitMock) -> None:
    mock.fire("subscriber_bounce", subscriber_id=1)


def only(mock: KitMock) -> Delivery:
    (found,) = mock.deliver()
    return found


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "kit-mock deliveries"]


def eventually(holds: Callable[[], bool], seconds: float = SOON) -> None:
    """For what happens in another thread and nothing else tells of."""
    tick = threading.Event()
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        tick.wait(0.01)


def unused_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
