"""What takes a secret and refuses an argument leaves the secret in no local variable of its traceback."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

import kit_client
from kit_client import (
    AsyncKit,
    ConfigurationError,
    FileTokenStore,
    Kit,
    KitError,
    MemoryTokenStore,
    OAuth,
    RedisTokenStore,
    TokenStore,
    webhooks,
)

SECRET = "s3cret-that-nobody-may-see"
BAD = object()

# Arguments that may be secrets or have them in them.
SECRETS: dict[str, Any] = {
    "api_key": SECRET,
    "access_token": SECRET,
    "secret": SECRET,
    "client_secret": SECRET,
    "callback_url": f"https://app.example/?code={SECRET}",
    "url": f"redis://u:{SECRET}@127.0.0.1:1",
    "proxy": f"http://u:{SECRET}@127.0.0.1:1",
    "base_url": f"https://api.kit.example/{SECRET}",
    "headers": {"X-Token": SECRET},
    "extra_headers": {"X-Token": SECRET},
}
# Those that spoil them.
SPOILT: dict[str, Any] = {
    **{name: f"{value}\n\ud800" for name, value in SECRETS.items() if isinstance(value, str)},
    "url": f"redis://u:{SECRET}@127.0.0.1:port",
    "proxy": f"http://u:{SECRET}@:99999",
    "base_url": f"https://u:{SECRET}@api.kit.example",
    "headers": {"Authorization": f"Bearer {SECRET}\n"},
    "extra_headers": {"Authorization": f"Bearer {SECRET}"},
}
# What else is needed.
NEEDED: dict[str, Any] = {
    "client_id": "a",
    "store": MemoryTokenStore(),
    "origin": httpx.URL("https://api.kit.example"),
    "name": "secret",
    "method": "GET",
    "path": "/v4/account",
    "url_or_query": "a=b",
    "client": Kit("key", transport=httpx.MockTransport(lambda _: httpx.Response(500))),
}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The classes and functions of the package, and the methods that take credentials of a call."""
    for module in (kit_client, webhooks):
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isfunction(function) or (inspect.isclass(function) and "__init__" in inherited(function)):
                yield f"{module.__name__}.{name}", function
    kit, async_kit = NEEDED["client"], AsyncKit("key")
    oauth = OAuth(client_id="a", redirect_uri="https://app.example/", store=MemoryTokenStore())
    for method in (kit.with_options, kit.request, async_kit.request, oauth.exchange, oauth.aexchange):
        yield method.__qualname__, method


def inherited(kind: type) -> set[str]:
    return {name for base in kind.__mro__[:-1] if base.__module__.startswith("kit_client") for name in vars(base)}


def cases() -> Iterator[Any]:
    for name, function in public():
        parameters = inspect.signature(function).parameters
        every = {**SECRETS, **NEEDED}
        needed = {each.name: every.get(each.name) for each in parameters.values() if each.default is each.empty}
        for secret in parameters.keys() & SECRETS.keys():
            yield pytest.param(function, {**needed, secret: SPOILT[secret]}, id=f"{name} {secret} spoilt")
            for other in [*parameters.keys() - {secret}, "no_such_argument"]:
                arguments = {**needed, secret: SECRETS[secret], other: BAD}
                yield pytest.param(function, arguments, id=f"{name} {secret} with a bad {other}")


CASES = sorted(cases(), key=lambda case: str(case.id))


def linked(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def leaks(error: BaseException) -> list[str]:
    """The local variables of the package's and of libraries' functions that show the secret."""
    return [
        f"{frame.f_code.co_qualname}: {name}"
        for each in linked(error)
        for frame, _ in traceback.walk_tb(each.__traceback__)
        if frame.f_code.co_filename != __file__
        for name, value in frame.f_locals.items()
        if SECRET in f"{value!r} {getattr(value, '__dict__', '')}"
    ]


def refused(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Exception | None:
    """Call a function, and return what it raises, if anything."""
    try:
        made = function(**arguments)
        if inspect.iscoroutine(made):
            asyncio.run(made)
    except Exception as error:  # noqa: BLE001  # whichever it is
        return error
    return None


@pytest.mark.parametrize(("function", "arguments"), CASES)
def test_no_argument_that_is_refused_shows_a_secret(function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    error = refused(function, arguments)
    if error is not None:
        assert leaks(error) == []
        assert SECRET not in str(error)


def test_every_kind_of_secret_is_among_the_cases() -> None:
    names = {str(case.id).partition(" ")[0].rpartition(".")[2] for case in CASES}
    assert names >= {"Kit", "AsyncKit", "OAuth", "ApiKeyAuth", "BearerAuth", "RedisTokenStore", "RedisRateLimiter"}
    assert names >= {"with_options", "request", "exchange", "aexchange", "with_secret", "is_authentic"}


@pytest.mark.parametrize(
    ("function", "arguments"),
    [case for case in CASES if str(case.id).endswith("spoilt") and "webhooks" not in str(case.id)],
)
def test_a_secret_that_cannot_be_one_is_refused(function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    assert isinstance(refused(function, arguments), KitError | ValueError)


def test_a_password_that_redis_refuses_is_in_no_frame(redis_url: str) -> None:
    store = RedisTokenStore(redis_url.replace("redis://", f"redis://u:{SECRET}@"))

    def lock() -> None:
        with store.lock("a"):
            pass

    uses: list[Callable[[], object]] = [lambda: store.load("a"), lambda: store.delete("a"), lock]
    for use in uses:
        with pytest.raises(KitError) as caught:
            use()
        assert leaks(caught.value) == []


def test_what_a_store_could_not_save_is_in_no_frame(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    stores: list[TokenStore] = [RedisTokenStore("redis://127.0.0.1:1"), FileTokenStore(tmp_path / "folder")]
    for store in stores:
        with pytest.raises(KitError) as caught:
            store.save("a", f'{{"tokens": "{SECRET}"}}')
        assert leaks(caught.value) == []


def test_the_frames_of_an_error_that_the_caller_handles_stay() -> None:
    def fail() -> None:
        mine = "kept"
        raise ValueError(mine)

    try:
        fail()
    except ValueError as outer:
        with pytest.raises(ConfigurationError):
            Kit("a b")
        last = list(traceback.walk_tb(outer.__traceback__))[-1][0]
        assert last.f_locals == {"mine": "kept"}
