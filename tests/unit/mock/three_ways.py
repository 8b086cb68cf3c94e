"""The same thing made by a request, by `add` and by a seed, in three mocks that are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.rules.behaviours import BehaviourName
from tests.unit.mock.conftest import START, client

Look = Callable[[httpx.Client], Any]
"""Returns what the API shows of it."""


def by_request(
    seed: Mapping[str, Any],
    path: str,
    body: Any,
    look: Look,
    *,
    behaviour: BehaviourName = "current",
    at: datetime = START,
) -> Any:
    """Return what the API shows at START of what a request made at another moment, or None if it was refused."""
    with KitMock(clock=Clock(at), seed=seed, behaviour=behaviour) as mock:
        headers = {"Authorization": f"Bearer {mock.access_token}"}
        with client(mock, **headers) as kit:
            response = kit.post(path, json=body)
            assert response.status_code in {201, 422}, response.text
            mock.clock.set(START)
            return look(kit) if response.status_code == 201 else None


def by_add(
    seed: Mapping[str, Any], name: str, item: Mapping[str, Any], look: Look, *, behaviour: BehaviourName = "current"
) -> Any:
    """Return what the API shows of what `add` made, or None if it was refused."""
    with KitMock(clock=Clock(START), seed=seed, behaviour=behaviour) as mock:
        try:
            shown = getattr(mock, name).add(**item)
        except KitMockError:
            assert getattr(mock, name).all() == []
            return None
        assert getattr(mock, name).all() == [shown]
        with client(mock, Authorization=f"Bearer {mock.access_token}") as kit:
            return look(kit)


def by_seed(
    seed: Mapping[str, Any], name: str, item: Mapping[str, Any], look: Look, *, behaviour: BehaviourName = "current"
) -> Any:
    """Return what the API shows of what a seed made, or None if it was refused."""
    try:
        mock = KitMock(clock=Clock(START), seed={**seed, name: [item]}, behaviour=behaviour)
    except KitMockError:
        return None
    with mock, client(mock, Authorization=f"Bearer {mock.access_token}") as kit:
        return look(kit)
