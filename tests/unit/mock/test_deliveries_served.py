"""Deliveries of `kit-mock serve`, as a user runs it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.unit.mock.receiver import Receiver, listening
from tests.unit.mock.test_cli import HEADERS, served


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """An account whose tags' members are told, each to a path of its own."""
    return tmp_path / "seed.json"


def write(seed: Path, *targets: str) -> str:
    found: dict[str, Any] = {
        "tags": [{"id": 31, "name": "Newsletter"}],
        "subscribers": [{"id": 1, "email_address": "ada@example.com"}],
        "webhooks": [{"event": "subscriber.tag_add", "tag": 31, "target_url": target} for target in targets],
    }
    seed.write_bytes(msgspec.json.encode(found))
    return str(seed)


def tag(url: str) -> None:
    assert httpx.post(f"{url}/v4/tags/31/subscribers/1", headers=HEADERS).status_code == 201


def test_a_webhook_is_called(seed: Path, receiver: Receiver) -> None:
    with served("--seed", write(seed, f"http://localhost:{receiver.port}/tagged")) as (_, url):
        tag(url)
        receiver.expect(1)
    assert receiver.received[0].body["subscriber"]["email_address"] == "ada@example.com"


def test_hosts_are_allowed_one_by_one(seed: Path, receiver: Receiver) -> None:
    # Addresses of this machine that aren't plainly so, and so stand for others.
    targets = [f"http://{host}:{receiver.port}/{host}" for host in ("127.1", "127.0.1", "2130706433")]
    allowed = ("--allow-deliveries", "127.0.1", "--allow-deliveries", "2130706433")
    with served("--seed", write(seed, *targets), *allowed) as (_, url):
        tag(url)
        receiver.expect(2)
    assert sorted(receiver.paths) == ["/127.0.1", "/2130706433"]


def test_a_signal_ends_it_while_a_target_is_slow(seed: Path, receiver: Receiver) -> None:
    receiver.hold()
    with served("--seed", write(seed, receiver.url)) as (process, url):
        tag(url)
        receiver.expect(1)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=4)  # less than the target is given
        assert (process.returncode, err) == (0, "")


def test_a_killed_one_sends_it_when_it_is_back(seed: Path, tmp_path: Path, receiver: Receiver) -> None:
    receiver.hold()
    db = ("--db", str(tmp_path / "kit.db"))
    with served("--seed", write(seed, receiver.url), *db) as (process, url):
        tag(url)
        receiver.expect(1)
        process.kill()
    receiver.released.set()
    with served(*db):
        receiver.expect(2)
    assert receiver.received[0].body == receiver.received[1].body
