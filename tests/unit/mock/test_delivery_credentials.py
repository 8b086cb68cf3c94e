"""Targets with a user and a password in their URL: they are sent as HTTP Basic has it, and shown to nobody."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from kit_mock.outbox.deliveries import Outgoing
from kit_mock.protocol.url_passwords import masked, masked_in
from tests.unit.mock.conftest import START, client
from tests.unit.mock.delivering import bounce, only, seed, unused_port
from tests.unit.mock.receiver import Receiver, listening


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


def basic(receiver: Receiver) -> str:
    (received,) = receiver.received
    scheme, _, encoded = received.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    return base64.b64decode(encoded).decode()


@pytest.mark.parametrize(
    ("userinfo", "sent"),
    [
        ("ada:hush", "ada:hush"),
        ("ada", "ada:"),
        (":hush", ":hush"),
        ("ada:", "ada:"),
        ("a%40b:p%3Aq%2Fr%40", "a@b:p:q/r@"),
        ("z%C3%B6e:p%C3%A4ss", "z\u00f6e:p\u00e4ss"),
        ("evil.example", "evil.example:"),
    ],
)
def test_they_are_sent_as_basic_authentication(receiver: Receiver, userinfo: str, sent: str) -> None:
    with KitMock(clock=Clock(START), seed=seed(f"http://{userinfo}@127.0.0.1:{receiver.port}/kit?a=1")) as mock:
        bounce(mock)
        assert only(mock).state == "delivered"
    assert basic(receiver) == sent
    assert receiver.paths == ["/kit?a=1"]
    assert receiver.received[0].headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_callback_of_a_bulk_job_gets_them_too(receiver: Receiver) -> None:
    with KitMock(clock=Clock(START)) as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as http:
        tags = [{"name": f"Tag {number}"} for number in range(101)]
        callback = f"http://ada:hush@127.0.0.1:{receiver.port}/done"
        assert http.post("/v4/bulk/tags", json={"tags": tags, "callback_url": callback}).status_code == 202
        assert "hush" not in http.get("/_mock/").text
        mock.advance(seconds=2)
        assert only(mock).target_url == f"http://ada:***@127.0.0.1:{receiver.port}/done"
        assert "hush" not in http.get("/_mock/requests").text
    assert basic(receiver) == "ada:hush"


def test_a_target_without_them_gets_none(receiver: Receiver) -> None:
    with KitMock(clock=Clock(START), seed=seed(receiver.url)) as mock:
        bounce(mock)
        only(mock)
    assert "authorization" not in receiver.received[0].headers


def test_they_make_no_host_of_a_user() -> None:
    with KitMock(clock=Clock(START), seed=seed("http://127.0.0.1:80@evil.example/")) as mock:
        bounce(mock)
        found = only(mock)
    assert (found.state, found.attempts) == ("failed", 0)
    assert found.problem is not None
    assert found.problem.startswith("not sent: evil.example is not on this machine; ")


def test_the_password_is_nowhere_to_be_read(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answers.extend([(302, "http://127.0.0.1/elsewhere"), 500])
    gone = f"http://ada:hush@127.0.0.1:{unused_port()}/gone"
    refused = "https://ada:hush@app.example.com/refused"
    here = f"http://ada:hush@127.0.0.1:{receiver.port}/here"
    with (
        KitMock(clock=Clock(START), seed={"subscribers": [{"email_address": "ada@example.com"}]}) as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http,
    ):
        for number, target in enumerate((gone, refused, here), 1):
            made = http.post(
                "/v4/webhooks", json={"target_url": target, "event": {"name": "subscriber.subscriber_bounce"}}
            )
            # The API itself gives back what it was given.
            assert made.json()["webhook"] == {**made.json()["webhook"], "id": number, "target_url": target}
        assert http.get("/v4/webhooks").json()["webhooks"][0]["target_url"] == here
        told = [repr(mock.fire("subscriber_bounce", subscriber_id=1))]
        for _ in range(2):
            told.append(repr(mock.deliver()))
            mock.advance(minutes=1)
        told += [http.get(f"/_mock/{path}").text for path in ("", "?delivery=1", "requests", "deliveries", "state")]
        told.append(http.get("/_mock/deliveries", params={"url": "ada:***@"}).text)
        told += [str(attrs.asdict(each)) for each in mock.requests]
        told += [str(attrs.asdict(each)) for each in mock.deliveries]
        told += [each.problem or "" for each in mock.deliveries]
        told.append(caplog.text)
        assert http.get("/_mock/deliveries", params={"url": "hush"}).json()["deliveries"] == []
    assert len(receiver.received) == 2
    assert "ada:***@app.example.com/refused" in "".join(told)
    assert [text for text in told if "hush" in text] == []


def test_it_is_kept_for_attempts_of_a_later_run(receiver: Receiver, tmp_path: Path) -> None:
    target = f"http://ada:hush@127.0.0.1:{receiver.port}/"
    receiver.answers.append(500)
    with KitMock(clock=Clock(START), db=tmp_path / "kit.db", seed=seed(target)) as mock:
        bounce(mock)
        assert only(mock).state == "waiting"
        kept = mock.snapshot()
    receiver.received.clear()
    with KitMock(clock=Clock(START)) as mock:
        mock.restore(kept)
        mock.advance(minutes=1)
        assert only(mock).state == "delivered"
    assert basic(receiver) == "ada:hush"


def test_it_is_sent_again_with_them(receiver: Receiver) -> None:
    with KitMock(clock=Clock(START), seed=seed(f"http://ada:hush@127.0.0.1:{receiver.port}/")) as mock:
        bounce(mock)
        first = only(mock)
        receiver.received.clear()
        again = mock.resend(first.id)
        assert again.target_url == first.target_url
        assert "hush" not in repr(again)
        mock.deliver()
    assert basic(receiver) == "ada:hush"


def test_what_is_to_be_sent_shows_no_password() -> None:
    assert "hush" not in repr(Outgoing(1, "https://ada:hush@app.example.com/", "{}", 0))


SECRETS = st.text(min_size=1, max_size=12).map(lambda text: f"hush{text}hush")


def escaped(text: str) -> str:
    """JSON with every character as an escape."""
    return '"' + "".join(f"\\u{ord(each):04X}" for each in text) + '"'


@given(SECRETS, st.sampled_from(["", "ada", "a.b-c"]), st.sampled_from(["", "/", "/a?b=c@d#e", ":80/x:y@z"]))
def test_a_password_is_masked_in_whatever_way_a_body_has_it(secret: str, user: str, rest: str) -> None:
    url = f"https://{user}:{quote(secret, safe='')}@app.example.com{rest}"
    assert masked(url) == f"https://{user}:***@app.example.com{rest}"
    bodies = [
        json.dumps({"target_url": url, "to": "grace@example.com"}),
        json.dumps({"target_url": url}).replace("/", "\\/"),
        f'{{"target_url": {escaped(url)}}}',
        urlencode({"a": "x@y", "target_url": url, "b": "c@d"}),
        urlencode({"target_url": url}).lower(),
        urlencode({"target_url": url}, safe=":/@"),
    ]
    for body in bodies:
        told = masked_in(body.encode()).decode()
        assert "***" in told
        for shown in ("hush", escaped("hush")[1:-1]):
            assert shown not in told, body
    cut = bodies[0].partition("@")[0]
    assert "hush" not in masked_in(cut.encode(), is_cut=True).decode()


@given(st.text(alphabet='ab:/@?#%40 \\"2f3') | st.text())
def test_what_has_no_password_stays_as_it_is(text: str) -> None:
    told = masked_in(text.encode("utf-8", "surrogatepass"))
    if "***" not in text:
        assert (b"***" in told) <= ("@" in text or "%40" in text)
    if not (":" in text and "/" in text) and "%" not in text:
        assert told == text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com:8080/a@b",
        "https://ada@app.example.com/",
        "mailto:ada@example.com",
        "https://app.example.com/?to=ada@example.com&at=10:30",
        "",
    ],
)
def test_what_merely_looks_similar_is_no_password(url: str) -> None:
    assert masked(url) == url


@pytest.mark.parametrize("piece", [b"://a:", b":", b"@x", b"%3a%2f%2f", b":/", b"a", b"\\u003a\\u002f", b"@//a:"])
def test_no_body_makes_masking_slow(piece: bytes) -> None:
    def seconds(size: int) -> float:
        text = b"://a:" + piece * (size // len(piece))
        began = time.process_time()
        for _ in range(5):
            masked_in(text, is_cut=True)
        return time.process_time() - began

    seconds(1000)
    # Four times the text takes four times as long, not sixteen; and a little more for a machine that is busy.
    assert seconds(64_000) < 10 * seconds(16_000) + 0.05


def test_in_the_records_of_a_form_they_are_masked(receiver: Receiver) -> None:
    with KitMock(clock=Clock(START)) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        form = {"target_url": "https://ada:hush@app.example.com/", "event[name]": "subscriber.subscriber_bounce"}
        assert http.post("/v4/webhooks", data=form).status_code == 201
        cut = json.dumps({"x": "y" * (16 * 1024 - 40), "target_url": "https://ada:hush-hush@app.example.com/"})
        http.post("/v4/webhooks", content=cut, headers={"Content-Type": "application/json"})
        for request in mock.requests:
            assert "hush" not in request.request_body + request.response_body
