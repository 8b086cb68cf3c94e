"""Deliveries: how webhooks' targets are called, again and again if need be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from kit_mock import Clock, Delivery, KitMock, __version__
from tests.unit.mock.conftest import START, client
from tests.unit.mock.delivering import bounce, eventually, only, seed, unused_port, workers
from tests.unit.mock.receiver import SOON, Receiver, listening

MINUTE = 60
DELAYS = [MINUTE, 5 * MINUTE, 30 * MINUTE, 120 * MINUTE, 360 * MINUTE]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def mock(receiver: Receiver) -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=seed(f"{receiver.url}/events")) as mock:
        yield mock


def test_a_delivery(mock: KitMock, receiver: Receiver) -> None:
    (queued,) = mock.fire("subscriber_bounce", subscriber_id=1)
    assert (queued.state, queued.attempts, queued.next_at, queued.delivered_at) == ("waiting", 0, START, None)
    found = only(mock)
    (received,) = receiver.received
    assert received.path == "/events"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"] == f"kit-mock/{__version__}"
    assert received.body["subscriber"]["state"] == "bounced"
    assert found == Delivery(
        id=1,
        account_id=1,
        event="subscriber_bounce",
        webhook_id=1,
        target_url=f"{receiver.url}/events",
        payload=received.body,
        created_at=START,
        attempts=1,
        state="delivered",
        status=200,
        problem=None,
        next_at=None,
        delivered_at=START,
    )
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        found.state = "failed"  # type: ignore[misc]


def test_a_thread_that_could_not_start_is_started_by_the_next_who_waits(
    mock: KitMock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="new thread"):
        patch.setattr(threading.Thread, "start", refuse)
        mock.fire("subscriber_bounce", subscriber_id=1)
    assert only(mock).state == "delivered"
    assert len(receiver.received) == 1


def test_it_is_sent_without_being_asked(mock: KitMock, receiver: Receiver) -> None:
    bounce(mock)
    receiver.expect(1)


def test_any_2xx_will_do(mock: KitMock, receiver: Receiver) -> None:
    receiver.answers.append(204)
    bounce(mock)
    found = only(mock)
    assert (found.state, found.status) == ("delivered", 204)


def test_it_is_tried_again_later_and_later_and_then_given_up(mock: KitMock, receiver: Receiver) -> None:
    receiver.answers.extend([500, 404, 429, 503, 300, 500])
    bounce(mock)
    now = START
    for attempts, delay in enumerate(DELAYS, 1):
        found = only(mock)
        assert (found.state, found.attempts) == ("waiting", attempts)
        assert found.problem is not None
        assert found.problem.startswith(f"answered {found.status}")
        assert found.next_at == now + timedelta(seconds=delay)
        mock.advance(seconds=delay - 1)
        assert only(mock) == found
        now = mock.advance(seconds=1)
    found = only(mock)
    assert (found.state, found.attempts, found.status, found.next_at) == ("failed", 6, 500, None)
    mock.advance(days=30)
    assert only(mock) == found
    assert len(receiver.received) == 6


def test_what_is_sent_again_has_attempts_of_its_own(mock: KitMock, receiver: Receiver) -> None:
    receiver.answers.extend([500, 503])
    bounce(mock)
    first = only(mock)
    mock.advance(seconds=10)
    resent = mock.resend(first.id)
    assert attrs.evolve(first, id=2, attempts=0, status=None, problem=None, created_at=resent.created_at) == (
        attrs.evolve(resent, next_at=first.next_at)
    )
    waiting, again = mock.deliver()
    assert waiting == first, "the first still waits for its own next attempt"
    assert (again.attempts, again.status, again.next_at) == (1, 503, START + timedelta(seconds=10 + MINUTE))
    mock.advance(seconds=50)
    assert [(each.state, each.attempts) for each in mock.deliver()] == [("delivered", 2), ("waiting", 1)]
    mock.advance(seconds=10)
    assert [(each.state, each.attempts) for each in mock.deliver()] == [("delivered", 2), ("delivered", 2)]
    assert len({str(each.body) for each in receiver.received}) == 1


def test_what_may_not_be_called_is_not_sent_again_either() -> None:
    with KitMock(seed=seed("https://app.example.com/hook")) as mock:
        bounce(mock)
        resent = mock.resend(1)
        assert (resent.id, resent.state, resent.attempts) == (2, "failed", 0)
        assert resent.problem == mock.deliveries[0].problem


def test_only_a_delivery_that_there_is_can_be_sent_again(mock: KitMock) -> None:
    with pytest.raises(LookupError, match="there is no delivery 7"):
        mock.resend(7)


def test_a_later_attempt_can_succeed(mock: KitMock, receiver: Receiver) -> None:
    receiver.answers.append(500)
    bounce(mock)
    assert only(mock).state == "waiting"
    now = mock.advance(minutes=3)
    found = only(mock)
    assert (found.state, found.attempts, found.status, found.problem) == ("delivered", 2, 200, None)
    assert (found.created_at, found.delivered_at) == (START, now)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(mock: KitMock, receiver: Receiver, status: int) -> None:
    receiver.answers.append((status, f"{receiver.url}/elsewhere"))
    bounce(mock)
    found = only(mock)
    assert (found.state, found.status) == ("waiting", status)
    assert found.problem == f"answered {status}, and redirects are not followed"
    assert receiver.paths == ["/events"]


def test_cookies_go_nowhere() -> None:
    with listening() as one, listening() as other:
        one.cookie = "session=hush; Path=/"
        with KitMock(clock=Clock(START), seed=seed(one.url, other.url)) as mock:
            for _ in range(2):
                bounce(mock)
                mock.deliver()
        assert [len(each.received) for each in (one, other)] == [2, 2]
        assert all("cookie" not in call.headers for each in (one, other) for call in each.received)


def test_nobody_there() -> None:
    with KitMock(clock=Clock(START), seed=seed(f"http://127.0.0.1:{unused_port()}/")) as mock:
        bounce(mock)
        found = only(mock)
        assert (found.state, found.attempts, found.status) == ("waiting", 1, None)
        assert found.problem is not None
        assert found.problem.startswith("the connection failed: ")


def test_no_answer_in_time(monkeypatch: pytest.MonkeyPatch, mock: KitMock, receiver: Receiver) -> None:
    monkeypatch.setattr("kit_mock.outbox.sender.TIMEOUT", 0.2)
    receiver.hold()
    bounce(mock)
    found = only(mock)
    assert (found.state, found.status) == ("waiting", None)
    assert found.problem == "not answered within 0.2 seconds"


@contextmanager
def speaking(*parts: bytes, every: float = 0) -> Iterator[str]:
    """A server for one call, which says these parts and then hangs up. Yields its URL."""
    gone = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            for part in parts:
                connection.sendall(part)
                gone.wait(every)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        gone.set()
        thread.join(SOON)


def test_an_answer_that_comes_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_mock.outbox.sender.TIMEOUT", 0.3)
    with (
        speaking(*[b"H"] * 400, every=0.05) as target,
        KitMock(clock=Clock(START), seed=seed(target)) as mock,
    ):
        bounce(mock)
        assert only(mock).problem == "not answered within 0.3 seconds"


def test_an_answer_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_mock.outbox.sender.TIMEOUT", 0.3)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    with (
        speaking(head, *[b"x"] * 400, every=0.05) as target,
        KitMock(clock=Clock(START), seed=seed(target)) as mock,
    ):
        bounce(mock)
        assert only(mock).state == "delivered"


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 2", b""])
def test_an_answer_that_is_no_http(answer: bytes) -> None:
    with speaking(answer) as target, KitMock(clock=Clock(START), seed=seed(target)) as mock:
        bounce(mock)
        found = only(mock)
    assert (found.state, found.status) == ("waiting", None)
    assert found.problem is not None
    assert found.problem.startswith("the connection failed: ")


def test_what_waits_is_taken_up_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers.append(500)
    with KitMock(clock=Clock(START), db=tmp_path / "kit.db", seed=seed(f"{receiver.url}/events")) as mock:
        bounce(mock)
        assert only(mock).state == "waiting"
    with KitMock(clock=Clock(START + timedelta(hours=1)), db=tmp_path / "kit.db") as mock:
        receiver.expect(2)
        found = only(mock)
        assert (found.state, found.attempts) == ("delivered", 2)
    with KitMock(clock=Clock(START + timedelta(hours=2)), db=tmp_path / "kit.db") as mock:
        assert only(mock) == found
        assert workers() == []


def test_the_last_thousand_are_listed_and_all_that_wait_are_sent(receiver: Receiver) -> None:
    receiver.answers.append(500)
    targets = {"subscriber_complain": f"{receiver.url}/waits", "subscriber_bounce": "http://elsewhere.example/"}
    webhooks = [{"event": event, "target_url": target} for event, target in targets.items()]
    with KitMock(clock=Clock(START), seed={**seed(), "webhooks": webhooks}) as mock:
        mock.fire("subscriber_complain", subscriber_id=1)
        mock.deliver()
        for _ in range(1100):
            bounce(mock)
        assert [each.id for each in mock.deliveries] == [*range(102, 1102)]
        with httpx.Client(transport=mock.transport, base_url="https://kit.test") as control:
            assert control.post("/_mock/deliveries/flush").json() == {"done": True, "waiting": 1}
            mock.advance(hours=1)
            assert control.post("/_mock/deliveries/flush").json() == {"done": True, "waiting": 0}
        assert receiver.paths == ["/waits", "/waits"]


def test_what_waits_for_a_deleted_webhook_is_given_up(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    receiver.answers.append(500)
    bounce(mock)
    assert only(mock).state == "waiting"
    assert kit.delete("/v4/webhooks/1").status_code == 204
    found = only(mock)
    assert (found.state, found.attempts, found.problem) == ("failed", 1, "given up: the webhook was deleted")
    mock.advance(hours=1)
    assert only(mock) == found
    assert len(receiver.received) == 1


def test_requests_do_not_wait_for_a_slow_target(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    receiver.hold()
    bounce(mock)
    receiver.expect(1)
    started = time.monotonic()
    assert kit.get("/v4/subscribers").status_code == 200
    assert kit.post("/v4/tags", json={"name": "New"}).status_code == 201
    assert mock.deliveries[0].state == "waiting"
    mock.advance(seconds=1)
    assert time.monotonic() - started < 2
    receiver.released.set()
    assert only(mock).state == "delivered"


def test_a_webhook_deleted_meanwhile_stays_so(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    receiver.hold()
    bounce(mock)
    receiver.expect(1)
    kit.delete("/v4/webhooks/1")
    receiver.released.set()
    assert only(mock).problem == "given up: the webhook was deleted"


def test_a_target_may_call_the_mock(mock: KitMock, receiver: Receiver) -> None:
    """As integrations do when they are told of something."""
    statuses = []
    answer = receiver.answer

    def call_back(call: Any) -> None:
        with client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
            statuses.append(kit.post("/v4/subscribers/1/unsubscribe").status_code)
        answer(call)

    receiver.answer = call_back  # type: ignore[method-assign]
    bounce(mock)
    assert only(mock).state == "delivered"
    assert statuses == [204]


def test_waiting_for_deliveries_has_an_end(mock: KitMock, receiver: Receiver) -> None:
    receiver.hold()
    bounce(mock)
    with pytest.raises(TimeoutError, match=r"within 0\.1 seconds"):
        mock.deliver(timeout=0.1)
    receiver.released.set()
    assert only(mock).state == "delivered"


def test_closing_does_not_wait_for_a_slow_target(tmp_path: Path, receiver: Receiver) -> None:
    with KitMock(clock=Clock(START), db=tmp_path / "kit.db", seed=seed(receiver.url)) as mock:
        receiver.hold()
        bounce(mock)
        receiver.expect(1)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert workers() == []
    receiver.released.set()
    with KitMock(clock=Clock(START), db=tmp_path / "kit.db") as mock:
        found = only(mock)
        assert (found.state, found.attempts) == ("delivered", 1)


@pytest.mark.parametrize("how", ["reset", "restore"])
def test_what_was_being_sent_is_no_part_of_another_state(mock: KitMock, receiver: Receiver, how: str) -> None:
    snapshot = mock.snapshot()
    receiver.hold()
    bounce(mock)
    receiver.expect(1)
    mock.reset() if how == "reset" else mock.restore(snapshot)
    assert mock.deliver() == ()
    receiver.released.set()
    bounce(mock)
    found = only(mock)
    assert (found.id, found.state, found.attempts) == (1, "delivered", 1)
    assert len(receiver.received) == 2


def test_a_snapshot_keeps_what_waits(mock: KitMock, receiver: Receiver) -> None:
    receiver.answers.append(500)
    bounce(mock)
    waiting = only(mock)
    snapshot = mock.snapshot()
    mock.reset()
    mock.restore(snapshot)
    assert only(mock) == waiting
    mock.advance(hours=1)
    assert only(mock).state == "delivered"


def test_there_is_a_thread_only_while_something_waits(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    kit.post("/v4/subscribers", json={"email_address": "bob@example.com"})
    mock.advance(hours=1)
    mock.deliver()
    assert workers() == []
    receiver.answers.append(500)
    bounce(mock)
    assert only(mock).state == "waiting"
    assert len(workers()) == 1
    mock.advance(hours=1)
    assert only(mock).state == "delivered"
    eventually(lambda: workers() == [])
    bounce(mock)
    assert [each.state for each in mock.deliver()] == ["delivered"] * 2
    bounce(mock)
    mock.close()
    assert workers() == []
    mock.close()


def test_a_fault_of_the_mock_is_one_more_failed_attempt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, mock: KitMock
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as broken:
        broken.setattr("kit_mock.outbox.sender.Poster.post", fail)
        bounce(mock)
        found = only(mock)
    assert (found.state, found.attempts, found.problem) == ("waiting", 1, "a fault in the mock: RuntimeError")
    assert "fault in the mock while it sent delivery 1" in caplog.text
    mock.advance(hours=1)
    assert only(mock).state == "delivered"


def test_several_threads(mock: KitMock, receiver: Receiver) -> None:
    def work() -> None:
        for _ in range(10):
            bounce(mock)
            mock.deliver(timeout=SOON)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert [(each.state, each.attempts) for each in mock.deliver()] == [("delivered", 1)] * 40
    assert len(receiver.received) == 40


def test_with_a_real_clock_it_wakes_by_itself(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    """For a job that is due after 2 seconds, and for a second attempt at its callback."""
    monkeypatch.setattr("kit_mock.outbox.deliveries.DELAYS", (1,))
    receiver.answers.append(500)
    items = [{"email_address": f"new{number}@example.com"} for number in range(101)]
    with KitMock() as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as oauth:
        body = {"subscribers": items, "callback_url": f"{receiver.url}/done"}
        assert oauth.post("/v4/bulk/subscribers", json=body).status_code == 202
        eventually(lambda: bool(mock.deliveries) and mock.deliveries[0].state == "delivered")
    assert receiver.paths == ["/done", "/done"]
