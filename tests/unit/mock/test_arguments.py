"""Arguments of a wrong type: one check names each of them, and says what was expected."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.cli import main
from kit_mock.protocol.arguments import checked
from tests.unit.mock.conftest import START, client

Mock: Any = KitMock  # Without its types, of which some are wrong here.
NAMES = [name for name in inspect.signature(KitMock).parameters if name != "self"]
TEXTS = ("api_key", "access_token", "db", "seed", "document", "behaviour", "bulk_order", "rate_limit")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [object(), 2.5j, b"hush", {2.5j}, lambda: "hush"])
def test_every_argument_of_another_type_is_named(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{name}(\[0\])? must be .+, not \w+$") as caught:
        Mock(**{name: value})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TEXTS])
def test_a_text_is_nothing_else(name: str) -> None:
    for text in ("5", "False", "2023-02-17"):
        with pytest.raises(TypeError, match=f"^{name} must be .+, not str$"):
            Mock(**{name: text})


@pytest.mark.parametrize("name", ["subscriber_limit", "bulk_queue_bytes", "max_body_bytes", "rate_window"])
def test_true_is_no_number(name: str) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be a .*number.*, not bool$"):
        Mock(**{name: True})


@pytest.mark.parametrize("name", ["allow_deliveries", "allow_hosts", "cors"])
def test_each_item_of_a_list_is_checked_whatever_yields_them(name: str) -> None:
    items: list[Any] = ["https://app.example.com" if name == "cors" else "app.example.com", 5]
    for given in (items, tuple(items), iter(items)):
        with pytest.raises(TypeError, match=rf"^{name}.1. must be a text, not int$"):
            Mock(**{name: given})
    Mock(**{name: iter(items[:1])}).close()


@pytest.mark.parametrize(
    ("use", "problem"),
    [
        (lambda mock: Mock(clock=datetime.now(UTC)), "clock must be a Clock or None, not datetime"),
        (lambda mock: Mock(oauth_clients=["abc"]), "oauth_clients[0] must be an OAuthClient, not str"),
        (lambda mock: Mock(seed=[1]), "seed must be a text or a path or a dict or None, not list"),
        (lambda mock: type(mock.clock)("2024-01-01"), "start must be a datetime or None, not str"),
        (lambda mock: mock.clock.set("2024-01-01"), "moment must be a datetime, not str"),
        (lambda mock: setattr(mock.clock, "moved", 5), "moved must be a timedelta, not int"),
        (lambda mock: setattr(mock, "auto_approve", "no"), "auto_approve must be True or False, not str"),
        (lambda mock: mock.fail_next(5), "target must be a text or None, not int"),
        (lambda mock: mock.restore("x"), "snapshot must be bytes, not str"),
        (lambda mock: mock.restore(5), "snapshot must be bytes, not int"),
        (lambda mock: mock.resend("1"), "delivery_id must be a whole number, not str"),
        (lambda mock: mock.deliver("1"), "timeout must be a number, not str"),
        (lambda mock: mock.serve(port="4010"), "port must be a whole number, not str"),
        (lambda mock: mock.serve(4010), "host must be a text, not int"),
    ],
)
def test_other_functions_and_properties_check_theirs(mock: KitMock, use: Callable[[Any], object], problem: str) -> None:
    with pytest.raises(TypeError) as caught:
        use(mock)
    assert str(caught.value) == problem


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_what_no_port_has_is_refused(mock: KitMock, port: int) -> None:
    with pytest.raises(ValueError, match="port must be from 0 to 65535"):
        mock.serve(port=port)


@pytest.mark.parametrize("event", [5, None, [], {}])
def test_what_is_no_event_is_refused(mock: KitMock, event: Any) -> None:
    with pytest.raises(ValueError, match="event: there is no"):
        mock.fire(event)


@pytest.mark.parametrize("id_", ["x", 2**70, [], 0])
def test_what_is_no_account_is_refused(mock: KitMock, id_: Any) -> None:
    for use in (lambda: mock.tags.all(account_id=id_), lambda: mock.tags.add("A", account_id=id_)):
        with pytest.raises(Exception, match="isn't that of an account"):
            use()


@pytest.mark.parametrize(
    "secret", ["hush ", "\thush", "hu\nsh", "hush\x7f", " ", "", "hu\ud800sh", "húsh", "huключ", "hu€"]
)
def test_a_credential_that_no_request_can_have_is_refused(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("api_key", "access_token"):
        with pytest.raises(
            ValueError, match=f"^{name} (can't have (white space|characters beyond)|must not be empty)"
        ) as caught:
            Mock(**{name: secret})
        assert "hu" not in str(caught.value)
        with pytest.raises(SystemExit):
            main(["serve", f"--{name.replace('_', '-')}", secret])
        assert "hu" not in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("secret", ["hu\nsh", "hu\x7fsh"])
def test_a_seed_is_held_to_the_same(secret: str) -> None:
    for name in ("api_keys", "access_tokens"):
        with pytest.raises(KitMockError, match=rf"seed: {name}\[1\] can't have white space"):
            KitMock(seed={name: ["good", secret]})


@pytest.mark.parametrize("secret", ["a b", "a,b", "a:b/c==", "~!*'()"])
def test_a_credential_that_a_request_can_have_opens_the_account(secret: str) -> None:
    with KitMock(api_key=secret, access_token=f"{secret}2") as mock, client(mock) as http:
        for headers in ({"X-Kit-Api-Key": secret}, {"Authorization": f"Bearer {secret}2"}):
            assert http.get("/v4/account", headers=headers).status_code == 200
            assert httpx.get(f"{mock.url}/v4/account", headers=headers).status_code == 200


def test_the_types_that_are_documented_are_taken(tmp_path: Path) -> None:
    class Text(str):
        __slots__ = ()

    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"tags": [{"name": "A"}]}))
    for given in (seed, str(seed), Text(seed), {"tags": [{"name": "A"}]}):
        with KitMock(seed=given, clock=Clock(START), rate_limit=5, rate_window=1, subscriber_limit=0) as mock:
            assert len(mock.tags.all()) == 1
    assert inspect.signature(KitMock).parameters["strict"].default is False


def test_what_python_refuses_itself_stays_as_it_says_it() -> None:
    @checked
    def join(one: int, *, two: str = "") -> str:
        return f"{one}{two}"

    loose: Any = join
    assert join(1, two="2") == "12"
    for args, named in (((), {}), ((1, 2), {}), ((1,), {"three": 3})):
        with pytest.raises(TypeError, match=r"join\(\) "):
            loose(*args, **named)


@pytest.mark.parametrize("name", ["options", "return", "first"])
def test_a_name_that_only_looks_like_that_of_an_argument_is_python_s_to_refuse(mock: KitMock, name: str) -> None:
    @checked
    def gather(first: str = "", /, *rest: int, **options: int) -> tuple[object, ...]:
        return (first, rest, options)

    loose: Any = gather
    assert loose("a", 1, **{name: "any"}) == ("a", (1,), {name: "any"})
    for use in (Mock.fail_next, Mock.serve):
        with pytest.raises(TypeError, match=f"got an unexpected keyword argument '{name}'"):
            use(mock, **{name: 1})
