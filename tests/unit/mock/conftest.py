"""A mock whose clock stands still, and HTTP clients for it that check every answer for faults of the mock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock

START = datetime(2023, 2, 17, 11, 43, 55, tzinfo=UTC)

Create = Callable[..., dict[str, Any]]


def no_fault(response: httpx.Response) -> None:
    assert response.status_code != 500, response.read()


def client(mock: KitMock, **headers: str) -> httpx.Client:
    return httpx.Client(
        transport=mock.transport,
        base_url="https://kit.test",
        headers=headers,
        event_hooks={"response": [no_fault]},
    )


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START)) as mock:
        yield mock


@pytest.fixture
def kit(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls with the API key."""
    with client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        yield http


@pytest.fixture
def oauth(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls with the access token, as bulk operations ask for."""
    with client(mock, Authorization=f"Bearer {mock.access_token}") as http:
        yield http


@pytest.fixture
def subscriber(kit: httpx.Client) -> Create:
    """Creates a subscriber and returns what the API shows of them."""

    def create(email_address: str = "ada@example.com", **more: Any) -> dict[str, Any]:
        response = kit.post("/v4/subscribers", json={"email_address": email_address, **more})
        assert response.status_code in {200, 201, 202}, response.text
        found: dict[str, Any] = response.json()["subscriber"]
        return found

    return create


@pytest.fixture
def tag(kit: httpx.Client) -> Create:
    """Creates a tag and returns what the API shows of it."""

    def create(name: str = "Newsletter") -> dict[str, Any]:
        response = kit.post("/v4/tags", json={"name": name})
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()["tag"]
        return found

    return create


@pytest.fixture
def field(kit: httpx.Client) -> Create:
    """Creates a custom field and returns what the API shows of it."""

    def create(label: str) -> dict[str, Any]:
        response = kit.post("/v4/custom_fields", json={"label": label})
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()["custom_field"]
        return found

    return create
