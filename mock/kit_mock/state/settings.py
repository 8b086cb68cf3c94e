"""The settings of a mock that its state and its endpoints need."""

from __future__ import annotations

from typing import Literal

import attrs

from kit_mock.rules.behaviours import DEFAULT, Behaviour

BulkOrder = Literal["request", "scrambled"]


@attrs.define(kw_only=True)
class Settings:
    """The arguments of a mock that more than one layer needs."""

    behaviour: Behaviour = DEFAULT
    """Whether it follows the service of today or Kit's reference."""
    auto_approve: bool = False
    """Whether OAuth redirects with a code at once, without a consent page."""
    bulk_order: BulkOrder = "request"
    """The order of the results of bulk operations."""
    bulk_queue_bytes: int = 0
    """Bytes of bulk requests of one app for one account that may wait."""
    delivery_hosts: frozenset[str] = frozenset()
    """Hosts beside loopback that deliveries may go to."""
