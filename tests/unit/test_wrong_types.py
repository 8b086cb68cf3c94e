"""Arguments of a wrong type are refused by their name, whichever they are."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_client import (
    AsyncKit,
    ConfigurationError,
    Kit,
    KitError,
    RateLimiter,
    RedisRateLimiter,
    RetryPolicy,
    SQLiteRateLimiter,
    webhooks,
)
from kit_client.options import kind_of
from kit_mock import KitMock

from .service import ACCOUNT, Service


class Odd:
    """Is of no type that anything takes."""


async def coroutine(*_: object) -> float:
    return 0.0


URL = "https://a.example/x"
SECRET = "s" * 40
# What is called, and the arguments that it needs beside the one that is wrong.
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Kit": (Kit, {"api_key": "key"}),
    "AsyncKit": (AsyncKit, {"api_key": "key"}),
    "with_options": (Kit("key").with_options, {}),
    "request": (Service(httpx.Response(200, json=ACCOUNT)).kit().request, {"method": "GET", "path": "/v4/account"}),
    "RetryPolicy": (RetryPolicy, {}),
    "RateLimiter": (RateLimiter, {}),
    "SQLiteRateLimiter": (SQLiteRateLimiter, {"path": os.devnull}),
    "RedisRateLimiter": (RedisRateLimiter, {"url": "redis://localhost"}),
    "with_secret": (webhooks.with_secret, {"url": URL, "secret": SECRET}),
    "is_authentic": (webhooks.is_authentic, {"url_or_query": URL, "secret": SECRET}),
}
PARAMETERS = [
    (call, parameter)
    for call, (function, _) in CALLS.items()
    for parameter in inspect.signature(function).parameters
    # It is refused by the place in it that is wrong.
    if (call, parameter) != ("request", "json")
]


def call(name: str, parameter: str, value: object) -> object:
    function, needed = CALLS[name]
    if parameter in ("access_token", "auth"):
        needed = {}
    return function(**{**needed, parameter: value})


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_an_object_of_no_use_is_refused_by_the_name_of_the_argument(name: str, parameter: str) -> None:
    with pytest.raises((TypeError, ValueError, ConfigurationError), match=rf"^{parameter}\b|^secret\b|^url\b"):
        call(name, parameter, Odd())


@pytest.mark.parametrize("value", [5, -1, 1.5, "x", b"k", [], {}, True, Odd, coroutine], ids=kind_of)
@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_any_value_is_taken_or_refused_in_words(
    name: str, parameter: str, value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        call(name, parameter, value)
    except (TypeError, ValueError, KitError) as error:
        assert parameter in str(error) or "can't be used" in str(error)  # noqa: PT017  # a value may be good


HOOKS: list[Any] = [5, "x", {"reqest": [print]}, {"request": print}, {"request": [5]}, {"response": "x"}, {5: [print]}]


@pytest.mark.parametrize("hooks", HOOKS)
@pytest.mark.parametrize("kind", [Kit, AsyncKit])
def test_event_hooks_that_would_never_be_called_are_refused(kind: type[Any], hooks: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^event_hooks"):
        kind("key", event_hooks=hooks)


ASYNC = [coroutine, functools.partial(coroutine, 1)]


@pytest.mark.parametrize("function", ASYNC, ids=["function", "partial"])
def test_an_async_function_that_nobody_would_await_is_refused(function: Any, tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: Kit("key", event_hooks={"request": [function]}),
        lambda: Kit("key", on_drift=function),
        lambda: RetryPolicy(random=function),
        lambda: RateLimiter(on_wait=function),
        lambda: SQLiteRateLimiter(tmp_path / "limits", on_wait=function),
    ]
    for refused in calls:
        with pytest.raises((TypeError, ConfigurationError), match="expected a function that isn't async"):
            refused()
    AsyncKit("key", event_hooks={"request": [function]})


def test_the_users_folder_can_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    SQLiteRateLimiter("~/limits.sqlite3").close()
    assert (tmp_path / "limits.sqlite3").is_file()
    with KitMock() as mock, Kit(access_token=mock.access_token, transport=mock.transport) as kit:
        rows = [{"email_address": "ada@example.com"}]
        assert kit.bulk.import_subscribers(rows, checkpoint="~/import.checkpoint").report().imported == 1
    assert (tmp_path / "import.checkpoint").is_file()


@pytest.mark.parametrize("path", ["", "a\0b", "~nobody-of-that-name/limits", b"limits"])
def test_a_path_that_cannot_be_one_is_refused_by_its_name(path: Any) -> None:
    with pytest.raises(ValueError, match=r"^path: expected that of a file"):
        SQLiteRateLimiter(path)
