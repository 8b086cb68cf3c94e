"""What the stock generator gets wrong, shown on its own output, and what ours does instead."""

from __future__ import annotations

import copy
import datetime
import gc
import importlib
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

import kit_api
from kit_api.api.account import get_account
from kit_api.api.broadcasts import create_broadcast
from kit_api.api.subscribers import create_subscriber, get_subscriber, list_subscribers
from kit_api.client import AuthenticatedClient
from kit_api.codec import decode
from kit_api.errors import UnexpectedResponse
from kit_api.models import Subscriber, SubscriberPage

from .conftest import ROOT, run_stock

Stock = Callable[[str], ModuleType]

GENERATED = Path(kit_api.__file__).parent
SUBSCRIBER: dict[str, Any] = {
    "id": 1,
    "first_name": "Ada",
    "email_address": "ada@example.com",
    "state": "active",
    "created_at": "2024-02-29T12:30:00Z",
    "fields": {"last_name": None},
}


def page(subscribers: list[dict[str, Any]]) -> dict[str, Any]:
    cursors = {"has_previous_page": False, "has_next_page": False, "start_cursor": None, "end_cursor": None}
    return {"subscribers": subscribers, "pagination": {**cursors, "per_page": 500}}


def answering(status: int, body: Any, sent: list[httpx.Request] | None = None) -> httpx.Client:
    def respond(request: httpx.Request) -> httpx.Response:
        if sent is not None:
            sent.append(request)
        return httpx.Response(status, json=body)

    return httpx.Client(base_url="http://kit.test", transport=httpx.MockTransport(respond))


def ours(status: int, body: Any, sent: list[httpx.Request] | None = None) -> AuthenticatedClient:
    return AuthenticatedClient("secret", "http://kit.test").set_httpx_client(answering(status, body, sent))


def theirs(stock: Stock, status: int, body: Any, sent: list[httpx.Request] | None = None) -> Any:
    return (
        stock("").AuthenticatedClient("http://kit.test", token="secret").set_httpx_client(answering(status, body, sent))
    )


@pytest.mark.parametrize("status", [520, 522, 527])
def test_any_status_works(stock: Stock, status: int) -> None:
    with pytest.raises(ValueError, match="not a valid HTTPStatus"):
        stock("api.account.get_account").sync_detailed(client=theirs(stock, status, {}))

    with pytest.raises(UnexpectedResponse) as caught:
        get_account.sync_detailed(client=ours(status, {}))
    assert caught.value.status_code == status


@pytest.mark.parametrize("status", [418, 429, 500])
def test_an_error_without_a_model_raises(stock: Stock, status: int) -> None:
    assert not hasattr(stock("api.account.get_account").sync(client=theirs(stock, status, {})), "account")

    with pytest.raises(UnexpectedResponse):
        get_account.sync(client=ours(status, {}))


def test_a_documented_error_raises(stock: Stock) -> None:
    body = {"errors": ["The access token is invalid"]}
    assert type(stock("api.account.get_account").sync(client=theirs(stock, 401, body))).__name__ == "ErrorResponse"

    with pytest.raises(UnexpectedResponse):
        get_account.sync(client=ours(401, body))


def test_return_types_name_success_only(stock: Stock) -> None:
    assert "ErrorResponse" in str(stock("api.account.get_account").sync.__annotations__["return"])

    assert get_account.sync.__annotations__["return"] == "AccountResponse"


@pytest.mark.parametrize(
    ("change", "spot", "kept"),
    [
        pytest.param({"state": "dormant"}, "state", "dormant", id="unknown enum value"),
        pytest.param({"created_at": None}, "created_at", None, id="surprise null"),
        pytest.param({"created_at": ...}, "created_at", kit_api.types.UNSET, id="missing key"),
    ],
)
def test_one_deviant_item_does_not_lose_the_page(
    stock: Stock, caplog: pytest.LogCaptureFixture, change: dict[str, Any], spot: str, kept: Any
) -> None:
    deviant = {key: value for key, value in {**SUBSCRIBER, **change}.items() if value is not ...}
    body = page([{**SUBSCRIBER, "id": i} for i in range(2, 1000)] + [deviant, {**deviant, "id": 1000}])
    with pytest.raises((ValueError, KeyError, TypeError)):
        stock("api.subscribers.list_subscribers").sync(client=theirs(stock, 200, body))

    importlib.import_module("kit_api.codec")._reported.clear()
    with caplog.at_level(logging.WARNING, "kit_api"):
        found = list_subscribers.sync(client=ours(200, body)).subscribers
    assert len(found) == 1000
    assert getattr(found[998], spot) == getattr(found[999], spot) == kept
    assert isinstance(found[0], Subscriber)
    assert isinstance(found[998], Subscriber)
    (record,) = caplog.records
    assert f"list_subscribers.subscribers[].{spot}" in record.message


def test_plain_strings_and_dicts_are_accepted(stock: Stock) -> None:
    with pytest.raises(AttributeError):
        stock("api.subscribers.list_subscribers").sync(client=theirs(stock, 200, page([])), status="active")
    with pytest.raises(AttributeError):
        stock("api.subscribers.create_subscriber").sync(
            client=theirs(stock, 200, {"subscriber": SUBSCRIBER}), body={"email_address": "ada@example.com"}
        )

    sent: list[httpx.Request] = []
    list_subscribers.sync(client=ours(200, page([]), sent), status="active")
    create_subscriber.sync(
        client=ours(200, {"subscriber": SUBSCRIBER}, sent), body={"email_address": "ada@example.com"}
    )
    assert sent[0].url.params["status"] == "active"
    assert json.loads(sent[1].content) == {"email_address": "ada@example.com"}


def modules_after_import(package: str, paths: list[Path]) -> list[str]:
    code = f"""
import {package}.api.account.get_account, sys
print(*[name for name in sys.modules if name.split(".")[0] == "{package}"])
"""
    environment = {"PYTHONPATH": ":".join(map(str, paths))}
    run = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return run.stdout.split()


ACCOUNT_MODELS = ("account", "account_response", "account_timezone", "plan", "sending_address", "user")


def test_importing_an_operation_imports_its_own_models_only(stock_folder: Path) -> None:
    theirs, ours = (
        modules_after_import("stock_kit", [stock_folder]),
        modules_after_import("kit_api", [GENERATED.parent]),
    )
    assert len([name for name in theirs if ".models." in name]) > 50

    own = {f"kit_api.models.{name}" for name in ACCOUNT_MODELS}
    assert {name for name in ours if ".models." in name} == own
    # The package, client, codec, encoding, recipients, errors, types, api, its tag, the module, and models.
    assert len(set(ours) - own) <= 11


def python_calls(function: Callable[[], object]) -> int:
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    # Callbacks and finalizers of a garbage collection would be counted too.
    gc.disable()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


def test_decoding_does_not_run_python_for_each_item(stock: Stock) -> None:
    small, large = (page([{**SUBSCRIBER, "id": i + 1} for i in range(count)]) for count in (1, 500))
    from_dict = stock("models.subscriber_page").SubscriberPage.from_dict
    assert python_calls(lambda: from_dict(large)) > python_calls(lambda: from_dict(small)) + 500

    contents = [json.dumps(body).encode() for body in (small, large)]
    decode(SubscriberPage, contents[0], "list_subscribers")
    calls = [python_calls(partial(decode, SubscriberPage, content, "list_subscribers")) for content in contents]
    assert calls[1] == calls[0]


def test_defaults_are_left_to_the_service(stock: Stock) -> None:
    sent: list[httpx.Request] = []
    stock("api.subscribers.list_subscribers").sync(client=theirs(stock, 200, page([]), sent))
    list_subscribers.sync(client=ours(200, page([]), sent))
    assert "per_page" in sent[0].url.params

    assert sent[1].url.query == b""


def test_a_datetime_without_a_zone_is_refused(stock: Stock) -> None:
    naive = datetime.datetime(2024, 2, 29, 12, 30)
    model = stock("models").CreateBroadcastRequest(subject="Hello", send_at=naive)
    assert model.to_dict()["send_at"] == "2024-02-29T12:30:00"

    sent: list[httpx.Request] = []
    with pytest.raises(ValueError, match=r"body\.send_at: expected a datetime with a time zone"):
        create_broadcast.sync(client=ours(201, {}, sent), body={"subject": "Hello", "send_at": naive})
    with pytest.raises(ValueError, match="created_after: expected a datetime with a time zone"):
        list_subscribers.sync(client=ours(200, {}, sent), created_after=naive)
    assert sent == []


def test_a_body_has_one_media_type(document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = copy.deepcopy(document)
    content = two["paths"]["/v4/tags"]["post"]["requestBody"]["content"]
    content["application/x-www-form-urlencoded"] = content["application/json"]
    run_stock(two, tmp_path, "two_media_types")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(NameError, match="Unset"):
        importlib.import_module("two_media_types.api.tags.create_tag")
    source = (tmp_path / "two_media_types" / "api" / "tags" / "create_tag.py").read_text(encoding="utf-8")
    assert source.count("if isinstance(body, NewTag):") == 2, "so that one body is sent twice"

    bodies = [
        operation["requestBody"]["content"]
        for item in document["paths"].values()
        for operation in item.values()
        if "requestBody" in operation
    ]
    assert bodies
    assert {len(body) for body in bodies} == {1}


def mypy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file=",
        "--strict",
        f"--cache-dir={folder / 'cache'}",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_error_schema_does_not_break_mypy(document: dict[str, Any], tmp_path: Path) -> None:
    text = (
        json.dumps(document).replace("schemas/ErrorResponse", "schemas/Errors").replace('"ErrorResponse":', '"Errors":')
    )
    run_stock(json.loads(text), tmp_path, "named_errors")
    broken = mypy(tmp_path, "named_errors/models/errors.py", "named_errors/api/tags/create_tag.py")
    assert broken.returncode == 1, broken.stdout

    assert "ErrorResponse" in document["components"]["schemas"]
    fine = mypy(ROOT / "generated", f"--cache-dir={tmp_path / 'cache'}", "-m", "kit_api.api.tags.create_tag")
    assert fine.returncode == 0, fine.stdout


def test_there_is_a_timeout_and_the_token_is_not_shown(stock: Stock) -> None:
    stock_client = stock("").AuthenticatedClient("http://kit.test", token="secret")
    assert stock_client.get_httpx_client().timeout == httpx.Timeout(None)
    assert "secret" in repr(stock_client)

    client = AuthenticatedClient("secret", "http://kit.test")
    timeout = client.get_httpx_client().timeout
    assert None not in timeout.as_dict().values()
    assert "secret" not in repr(client)


def test_there_are_resource_classes(stock: Stock) -> None:
    assert not [value for value in vars(stock("api.subscribers")).values() if isinstance(value, type)]

    package = importlib.import_module("kit_api.api.subscribers")
    assert get_subscriber.sync.__doc__
    assert package.SubscribersResource.get.__doc__.startswith(get_subscriber.sync.__doc__.splitlines()[0])
    assert package.AsyncSubscribersResource.get
