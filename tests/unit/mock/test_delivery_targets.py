"""Which targets deliveries go to: this machine's, and those of hosts that are allowed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kit_mock import Clock, KitMock
from kit_mock.cli import main
from tests.unit.mock.conftest import START
from tests.unit.mock.delivering import bounce, only, seed, unused_port, workers
from tests.unit.mock.receiver import Receiver, listening


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "LocalHost", "[::1]", "[::ffff:127.0.0.1]"])
def test_loopback_is_called(host: str) -> None:
    with KitMock(clock=Clock(START), seed=seed(f"http://{host}:{unused_port()}/")) as mock:
        bounce(mock)
        found = only(mock)
        assert (found.state, found.attempts) == ("waiting", 1)


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("https://app.example.com/kit", "app.example.com"),
        ("http://127.0.0.1.evil.example/", "127.0.0.1.evil.example"),
        ("http://localhost.evil.example/", "localhost.evil.example"),
        ("http://evil.example/?127.0.0.1", "evil.example"),
        ("http://evil.example#@127.0.0.1/", "evil.example"),
        ("http://localhost./", "localhost."),
        ("http://2130706433/", "2130706433"),
        ("http://127.1/", "127.1"),
        ("http://0x7f.0.0.1/", "0x7f.0.0.1"),
        ("http://0.0.0.0/", "0.0.0.0"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("http://[::]/", "::"),
        ("http://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1"),
        ("http://[::127.0.0.1]/", "::127.0.0.1"),
    ],
)
def test_other_hosts_are_not_called(monkeypatch: pytest.MonkeyPatch, target: str, host: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with KitMock(clock=Clock(START), seed=seed(target)) as mock:
        (queued,) = mock.fire("subscriber_bounce", subscriber_id=1)
        assert (queued.state, queued.attempts, queued.status, queued.next_at) == ("failed", 0, None, None)
        assert queued.problem is not None
        assert queued.problem.startswith(f"not sent: {host} is not on this machine; ")
        assert f"--allow-deliveries {host}" in queued.problem
        assert only(mock) == queued
        assert workers() == []


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name of a host leads to this machine."""
    resolve = socket.getaddrinfo

    def local(_host: object, *arguments: Any, **more: Any) -> Any:
        return resolve("127.0.0.1", *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", local)


@pytest.mark.usefixtures("named")
def test_a_host_that_is_allowed(receiver: Receiver) -> None:
    hosts = ("hooks.example", "xn--bcher-kva.example", "sub.hooks.example")
    targets = [f"http://{host}:{receiver.port}/" for host in hosts]
    with KitMock(clock=Clock(START), seed=seed(*targets), allow_deliveries=["Hooks.Example", "bücher.example"]) as mock:
        bounce(mock)
        assert [found.state for found in mock.deliver()] == ["delivered", "delivered", "failed"]
    assert {each.headers["host"] for each in receiver.received} == {f"{host}:{receiver.port}" for host in hosts[:2]}


@pytest.mark.usefixtures("named")
def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with KitMock(
        clock=Clock(START), seed=seed(f"http://hooks.example:{receiver.port}/"), allow_deliveries=["hooks.example"]
    ) as mock:
        bounce(mock)
        assert only(mock).state == "delivered"


BAD_HOSTS = [
    "",
    " ",
    "http://app.example.com",
    "app.example.com:80",
    "app.example.com/x",
    "user@app",
    "a b",
    "[::1]:80",
]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_what_is_no_host_cannot_be_allowed(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="is not the name or address of a host"):
        KitMock(allow_deliveries=[host])
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--allow-deliveries", host])
    assert ended.value.code == 2
    assert "is not the name or address of a host" in capsys.readouterr().err


def test_a_text_is_no_list_of_hosts() -> None:
    with pytest.raises(TypeError, match="allow_deliveries must be a list"):
        KitMock(allow_deliveries="app.example.com")


@pytest.mark.usefixtures("named")
def test_what_is_no_longer_allowed_after_a_restart_is_not_sent(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers.append(500)
    target = f"http://hooks.example:{receiver.port}/"
    with KitMock(
        clock=Clock(START), db=tmp_path / "kit.db", seed=seed(target), allow_deliveries=["hooks.example"]
    ) as mock:
        bounce(mock)
        assert only(mock).state == "waiting"
    with KitMock(clock=Clock(START + timedelta(hours=1)), db=tmp_path / "kit.db") as mock:
        found = only(mock)
    assert (found.state, found.attempts) == ("failed", 1)
    assert found.problem is not None
    assert found.problem.startswith("not sent: hooks.example ")
    assert len(receiver.received) == 1
