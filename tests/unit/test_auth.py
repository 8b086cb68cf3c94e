"""Credentials: where they come from, where they go, and where they never appear."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Any

import httpx
import pytest

from kit_api.api.account import get_account
from kit_api.api.oauth import create_token
from kit_api.models import TokenRequest
from kit_client import (
    ApiKeyAuth,
    AuthenticationError,
    BadRequestError,
    BearerAuth,
    ConfigurationError,
    Kit,
    KitError,
    OAuthRequiredError,
    ServerError,
)

from .service import ACCOUNT, Service, tag_page

OK = httpx.Response(200, json=ACCOUNT)
KEY = "kit_0123456789abcdef"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KIT_API_KEY", "KIT_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def header_sent(service: Service, name: str) -> str | None:
    value: str | None = service.requests[0].headers.get(name)
    return value


def test_a_key_and_a_token_go_into_their_headers() -> None:
    service = Service(OK)
    service.kit(api_key=KEY).account.get()
    assert header_sent(service, "X-Kit-Api-Key") == KEY
    assert header_sent(service, "Authorization") is None
    service = Service(OK)
    service.kit(access_token="token").account.get()
    assert header_sent(service, "Authorization") == "Bearer token"
    assert header_sent(service, "X-Kit-Api-Key") is None


def test_raw_generated_calls_have_them_too() -> None:
    service = Service(OK)
    get_account.sync(client=service.kit(api_key=KEY))
    assert header_sent(service, "X-Kit-Api-Key") == KEY


def test_the_environment_is_used_where_nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_API_KEY", KEY)
    service = Service(OK)
    Kit(transport=httpx.MockTransport(service)).account.get()
    assert header_sent(service, "X-Kit-Api-Key") == KEY
    service = Service(OK)
    Kit(access_token="given", transport=httpx.MockTransport(service)).account.get()
    assert header_sent(service, "Authorization") == "Bearer given"
    monkeypatch.delenv("KIT_API_KEY")
    monkeypatch.setenv("KIT_ACCESS_TOKEN", "from-environment")
    service = Service(OK)
    Kit(transport=httpx.MockTransport(service)).account.get()
    assert header_sent(service, "Authorization") == "Bearer from-environment"


def test_none_or_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"api_key: none given.*KIT_API_KEY"):
        Kit()
    with pytest.raises(ConfigurationError, match="api_key and access_token: give one of them only"):
        Kit("a", access_token="b")
    monkeypatch.setenv("KIT_API_KEY", "a")
    monkeypatch.setenv("KIT_ACCESS_TOKEN", "b")
    with pytest.raises(ConfigurationError, match="KIT_API_KEY and KIT_ACCESS_TOKEN: give one of them only"):
        Kit()


@pytest.mark.parametrize("secret", ["", " ", "with space", "new\nline", "clé", "tab\t"])
@pytest.mark.parametrize("argument", ["api_key", "access_token"])
def test_what_cannot_be_a_secret_is_refused_without_showing_it(argument: str, secret: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{argument}: expected a non-empty string") as caught:
        Kit(**{argument: secret})  # type: ignore[arg-type]  # either is a str
    assert not secret.strip() or secret not in str(caught.value)


def test_an_oauth_only_operation_is_not_sent_with_a_key() -> None:
    service = Service(tag_page([], None, False))
    kit = service.kit(api_key=KEY)
    with pytest.raises(OAuthRequiredError, match="list_purchases: takes OAuth only") as caught:
        list(kit.purchases.list())
    assert caught.value.operation == "list_purchases"
    with pytest.raises(OAuthRequiredError):
        kit.tags.bulk_create(tags=[{"name": "a"}])
    assert service.requests == []


def test_operations_without_credentials_get_none() -> None:
    service = Service(httpx.Response(400, json={"error": "invalid_grant", "error_description": "The code is used"}))
    with pytest.raises(KitError, match="invalid_grant; The code is used"):
        service.kit().oauth.create_token(client_id="a", grant_type="authorization_code")
    assert header_sent(service, "Authorization") is None


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/v4/account",
        "http://api.convertkit.com/v4/account",
        "https://api.convertkit.com:444/v4/account",
    ],
)
def test_another_origin_gets_none(url: str) -> None:
    service = Service(OK)
    service.kit().get_httpx_client().get(url)
    assert header_sent(service, "Authorization") is None


def test_tokens_and_secrets_are_not_shown() -> None:
    tokens = {
        "access_token": KEY,
        "refresh_token": KEY,
        "token_type": "Bearer",
        "expires_in": 172800,
        "scope": "public",
        "created_at": 1700000000,
    }
    kit = Service(httpx.Response(200, json=tokens)).kit()
    answer = create_token.sync_detailed(client=kit, body={"client_id": "a", "grant_type": "refresh_token"})
    assert answer.parsed.access_token == answer.parsed.refresh_token == KEY
    assert KEY not in repr(answer)
    request = TokenRequest(
        client_id="a",
        grant_type="authorization_code",
        client_secret=KEY,
        code=KEY,
        code_verifier=KEY,
        refresh_token=KEY,
    )
    assert KEY not in repr(request)
    service = Service(httpx.Response(400, json={"error": "invalid_grant"}))
    with pytest.raises(KitError, match="invalid_grant") as caught:
        create_token.sync(client=service.kit(), body=request)
    assert KEY.encode() in service.requests[0].content
    assert KEY not in shown(caught.value)
    assert isinstance(caught.value, BadRequestError)
    assert caught.value.response.request.content == b""


def test_redirects_are_not_followed() -> None:
    service = Service(httpx.Response(302, headers={"Location": "https://elsewhere.test/"}), OK)
    with pytest.raises(KitError):
        service.kit().account.get()
    assert len(service.requests) == 1


def shown(error: BaseException) -> str:
    found = [repr(error), str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    response = getattr(error, "response", None)
    if response is not None:
        found += [repr(response), repr(response.request), repr(response.request.headers), repr(response.headers)]
    return "\n".join(found)


@pytest.mark.parametrize("credentials", [{"api_key": KEY}, {"access_token": KEY}])
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"errors": ["The access token is invalid"]}),
        httpx.Response(500, html="<p>oops</p>"),
        httpx.Response(200, content=b""),
        httpx.ReadError("gone"),
    ],
)
def test_a_secret_is_in_no_error_log_or_repr(
    credentials: dict[str, Any], answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kit = Service(answer).kit(max_retries=1, **credentials)
    with caplog.at_level(logging.DEBUG), pytest.raises(KitError) as caught:
        kit.account.get()
    assert KEY not in shown(caught.value)
    assert KEY not in caplog.text
    assert caplog.records
    assert KEY not in repr(kit) + repr(vars(kit))
    assert KEY.encode() not in pickle.dumps(caught.value)


def test_auth_objects_hide_what_they_hold() -> None:
    origin = httpx.URL("https://kit.test")
    for auth in (ApiKeyAuth(KEY, origin, "api_key"), BearerAuth(KEY, origin, "access_token")):
        assert KEY not in f"{auth!r} {vars(auth)}"
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(auth)


def test_a_traceback_keeps_no_local_variables_of_the_library_and_all_of_others() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        sent = request.headers["X-Kit-Api-Key"]  # What httpcore has in its frames, down to the bytes.
        raise httpx.WriteError(f"{len(sent)} bytes")

    def fail() -> None:
        mine = "kept"
        raise ValueError(mine)

    with Kit(KEY, transport=httpx.MockTransport(answer), max_retries=0) as kit:
        try:
            fail()
        except ValueError as outer:
            with pytest.raises(KitError) as caught:
                kit.account.get()
            theirs = outer.__traceback__
    cause = caught.value.__cause__
    assert cause is not None
    for error in (caught.value, cause):
        stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        assert KEY not in str([line.locals for line in stack if line.filename != __file__ or line.name == "answer"])
    assert theirs is not None
    assert theirs.tb_next is not None
    assert theirs.tb_next.tb_frame.f_locals == {"mine": "kept"}


def test_an_auth_of_ones_own() -> None:
    service = Service(OK)
    service.kit(auth=httpx.BasicAuth("a", "b")).account.get()
    assert (header_sent(service, "Authorization") or "").startswith("Basic ")


def test_401_is_an_authentication_error() -> None:
    with pytest.raises(AuthenticationError, match="The access token expired") as caught:
        Service(httpx.Response(401, json={"errors": ["The access token expired"]})).kit().account.get()
    assert caught.value.errors == ["The access token expired"]
    assert not isinstance(caught.value, ServerError)
