"""How an app is authorized: the way to the consent page and back, tokens for a code, and the end of it."""

from __future__ import annotations

import base64
import hashlib
import pickle
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from kit_client import (
    APIConnectionError,
    AsyncKit,
    Clock,
    ConfigurationError,
    FileTokenStore,
    Kit,
    KitError,
    MemoryTokenStore,
    OAuth,
    OAuthError,
)
from kit_mock import KitMock
from tests.oauth_app import (
    CLIENT_SECRET,
    REDIRECT_URI,
    authorized,
    consent,
    make_oauth,
    refreshes,
    tokens_in,
)

PUBLIC: dict[str, Any] = {"client_id": "kit_test_client", "client_secret": None}


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


class Recording(httpx.BaseTransport):
    """Keeps the token requests that pass through."""

    def __init__(self, mock: KitMock) -> None:
        self.forms: list[dict[str, str]] = []
        self.requests: list[httpx.Request] = []
        self._mock = mock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.forms.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
        response: httpx.Response = self._mock.transport.handle_request(request)
        return response


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_the_way_to_the_page_and_back(mock: KitMock) -> None:
    recording, store = Recording(mock), MemoryTokenStore()
    oauth = make_oauth(mock, store, transport=recording)
    url = oauth.authorization_url()
    asked = parameters(url)
    assert url.startswith("https://app.convertkit.com/oauth/authorize?")
    assert asked["redirect_uri"] == REDIRECT_URI
    assert asked["code_challenge_method"] == "S256"
    assert recording.requests == []
    oauth.exchange(consent(mock, url))
    (form,) = recording.forms
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert 43 <= len(form["code_verifier"]) <= 128
    assert form["client_secret"] == CLIENT_SECRET
    assert str(recording.requests[0].url) == "https://api.convertkit.com/oauth/token"
    assert recording.requests[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in recording.requests[0].headers
    assert tokens_in(store).keys() >= {"access_token", "refresh_token", "expires_at"}
    with Kit(auth=oauth, transport=mock.transport) as kit:
        assert kit.account.get().account.id == 1
        assert list(kit.purchases.list()) == []


def test_an_app_without_a_secret_sends_none(mock: KitMock) -> None:
    recording = Recording(mock)
    oauth = make_oauth(mock, transport=recording, **PUBLIC)
    oauth.exchange(consent(mock, oauth.authorization_url()))
    oauth.refresh()
    oauth.revoke()
    assert [form.get("client_secret") for form in recording.forms] == [None] * 3
    assert [form["client_id"] for form in recording.forms] == ["kit_test_client"] * 3


async def test_everything_can_be_awaited(mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = make_oauth(mock, store)
    await oauth.aexchange(consent(mock, await oauth.aauthorization_url()))
    before = tokens_in(store)
    await oauth.arefresh()
    assert tokens_in(store)["refresh_token"] != before["refresh_token"]
    async with AsyncKit(auth=oauth, transport=mock.async_transport) as kit:
        assert (await kit.account.get()).account.id == 1
    await oauth.arevoke()
    assert store.load("default") is None


def test_another_worker_can_finish_what_one_has_begun(mock: KitMock, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    callback = consent(mock, make_oauth(mock, FileTokenStore(path)).authorization_url())
    make_oauth(mock, FileTokenStore(path)).exchange(callback)
    with Kit(auth=make_oauth(mock, FileTokenStore(path)), transport=mock.transport) as kit:
        assert kit.account.get().account.id == 1


def test_two_tabs_may_be_on_their_way_at_once(mock: KitMock) -> None:
    oauth = make_oauth(mock)
    first, second = oauth.authorization_url(), oauth.authorization_url()
    oauth.exchange(consent(mock, first))
    oauth.exchange(consent(mock, second))


def test_path_and_query_of_the_callback_are_enough(mock: KitMock) -> None:
    oauth = make_oauth(mock)
    callback = urlsplit(consent(mock, oauth.authorization_url()))
    oauth.exchange(f"{callback.path}?{callback.query}")


@pytest.mark.parametrize("state", ["&state=", "&state=x", "", "&state=%00%ff", "&state=é"])
def test_a_state_that_nobody_has_given_is_refused_and_nothing_is_sent(mock: KitMock, state: str) -> None:
    store = MemoryTokenStore()
    oauth = make_oauth(mock, store)
    callback = consent(mock, oauth.authorization_url())
    mock.forget_requests()
    forged = f"{REDIRECT_URI}?code={parameters(callback)['code']}{state}"
    with pytest.raises(OAuthError, match="the state in callback_url is of no authorization"):
        oauth.exchange(forged)
    assert refreshes(mock) == []
    # The authorization that was begun is still good.
    oauth.exchange(callback)


def test_a_state_works_once(mock: KitMock) -> None:
    oauth = make_oauth(mock)
    callback = consent(mock, oauth.authorization_url())
    oauth.exchange(callback)
    with pytest.raises(OAuthError, match="one that is finished or too old"):
        oauth.exchange(callback)


def test_a_state_is_of_one_account(mock: KitMock) -> None:
    store = MemoryTokenStore()
    callback = consent(mock, make_oauth(mock, store, account="ada").authorization_url())
    with pytest.raises(OAuthError, match="for this account"):
        make_oauth(mock, store, account="grace").exchange(callback)
    make_oauth(mock, store, account="ada").exchange(callback)


class Moved(Clock):
    """A clock that is wrong by so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def time(self) -> float:
        return super().time() + self.seconds


@pytest.mark.parametrize(("seconds", "is_good"), [(-300, True), (300, True), (7200, False)])
def test_a_state_is_good_for_an_hour_give_or_take_a_wrong_clock(
    mock: KitMock, tmp_path: Path, seconds: float, is_good: bool
) -> None:
    path = tmp_path / "tokens.json"
    callback = consent(mock, make_oauth(mock, FileTokenStore(path)).authorization_url())
    later = make_oauth(mock, FileTokenStore(path), clock=Moved(seconds))
    if is_good:
        later.exchange(callback)
    else:
        with pytest.raises(OAuthError, match="too old"):
            later.exchange(callback)


@pytest.mark.parametrize(
    ("error", "said"),
    [("access_denied", "the owner of the account said no"), ("server_error", "server_error"), ("x%0Ay", r"x\\ny")],
)
def test_an_error_that_the_page_leads_back_with_is_told(mock: KitMock, error: str, said: str) -> None:
    oauth = make_oauth(mock)
    state = parameters(oauth.authorization_url())["state"]
    with pytest.raises(OAuthError, match=said) as caught:
        oauth.exchange(f"{REDIRECT_URI}?error={error}&state={state}")
    assert caught.value.error == error.replace("%0A", "\n")
    assert refreshes(mock) == []


def test_a_callback_without_a_code_is_refused(mock: KitMock) -> None:
    oauth = make_oauth(mock)
    state = parameters(oauth.authorization_url())["state"]
    with pytest.raises(OAuthError, match="neither a code nor an error"):
        oauth.exchange(f"{REDIRECT_URI}?state={state}")


@pytest.mark.parametrize("url", ["http://[", "http://[x]/?state=a", f"{REDIRECT_URI}?{'&'.join(['a=b'] * 5000)}"])
def test_a_callback_that_is_no_url_is_refused(mock: KitMock, url: str) -> None:
    with pytest.raises(OAuthError, match=r"callback_url is no URL|the state in callback_url"):
        make_oauth(mock).exchange(url)


def test_a_code_that_has_expired_is_told_and_costs_no_tokens(mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    before = tokens_in(store)
    callback = consent(mock, oauth.authorization_url())
    mock.advance(minutes=11)
    with pytest.raises(OAuthError, match=r"invalid_grant: The code has expired; .*authorize again") as caught:
        oauth.exchange(callback)
    assert (caught.value.error, caught.value.status_code) == ("invalid_grant", 400)
    assert tokens_in(store) == before


@pytest.mark.parametrize("fault", [{"reset": "before"}, {"status": 503}])
def test_an_exchange_that_found_no_service_can_be_tried_again(mock: KitMock, fault: dict[str, Any]) -> None:
    oauth = make_oauth(mock)
    callback = consent(mock, oauth.authorization_url())
    mock.fail_next("POST /oauth/token", **fault)
    with pytest.raises(KitError):
        oauth.exchange(callback)
    oauth.exchange(callback)


def test_a_code_is_never_sent_twice_on_its_own(mock: KitMock) -> None:
    oauth = make_oauth(mock)
    callback = consent(mock, oauth.authorization_url())
    mock.forget_requests()
    mock.fail_next("POST /oauth/token", reset="after")
    with pytest.raises(APIConnectionError):
        oauth.exchange(callback)
    assert len(refreshes(mock)) == 1


def test_a_wrong_secret_is_told(mock: KitMock) -> None:
    oauth = make_oauth(mock, client_secret="wrong")
    with pytest.raises(OAuthError, match=r"invalid_client: .*; check client_id and client_secret"):
        oauth.exchange(consent(mock, oauth.authorization_url()))


def test_an_account_that_nobody_has_authorized_is_told(mock: KitMock) -> None:
    with (
        Kit(auth=make_oauth(mock, account="ada"), transport=mock.transport) as kit,
        pytest.raises(OAuthError, match="nobody has authorized the account 'ada'; open authorization_url") as caught,
    ):
        kit.account.get()
    assert caught.value.operation == "get_account"
    assert mock.requests == ()


def test_many_accounts_live_in_one_store(mock: KitMock, tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "tokens.json")
    for account in ("ada", "grace", "joan/…é"):
        authorized(mock, store, account=account)
    ada = make_oauth(mock, store, account="ada")
    tokens = {account: tokens_in(store, account) for account in ("ada", "grace", "joan/…é")}
    assert len({each["access_token"] for each in tokens.values()}) == 3
    ada.refresh()
    assert tokens_in(store, "ada") != tokens["ada"]
    assert tokens_in(store, "grace") == tokens["grace"]
    ada.revoke()
    assert store.load("ada") is None
    with Kit(auth=make_oauth(mock, store, account="grace"), transport=mock.transport) as kit:
        kit.account.get()


def test_revoked_tokens_work_no_longer_and_are_gone(mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    access_token = tokens_in(store)["access_token"]
    with Kit(auth=oauth, transport=mock.transport) as kit:
        kit.account.get()
        oauth.revoke()
        with pytest.raises(OAuthError, match="nobody has authorized"):
            kit.account.get()
    with Kit(access_token=access_token, transport=mock.transport) as kit, pytest.raises(KitError, match="invalid"):
        kit.account.get()
    oauth.revoke()  # There is nothing left to revoke.


def test_tokens_stay_when_nobody_answers_that_they_are_revoked(mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    before = store.load("default")
    mock.fail_next("POST /oauth/revoke", status=400, body={"error": "invalid_request"})
    with pytest.raises(OAuthError, match="OAuth revoke: 400 invalid_request"):
        oauth.revoke()
    assert store.load("default") == before


class Awaited(MemoryTokenStore):
    """A store one of whose methods is async, as those of an async library would be."""

    def __init__(self, name: str) -> None:
        super().__init__()

        async def method(*_: object) -> None: ...

        setattr(self, name, method)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"client_id": ""}, "client_id: expected a non-empty string of printable ASCII"),
        *(
            ({name: text}, f"{name}: expected a non-empty string of printable ASCII")
            for name in ("client_id", "client_secret")
            for text in (" ", "a\n", "é", "\ud800", 5, b"a")
        ),
        ({"account": "a\ud800"}, "account: expected a non-empty string, without half surrogates"),
        ({"account": 5}, "account: expected a non-empty string"),
        ({"clock": time}, "clock: expected a kit_client.Clock, got module"),
        ({"clock": Clock}, "clock: expected a kit_client.Clock, got type"),
        *(
            ({"store": Awaited(name)}, "store: expected methods that aren't async")
            for name in ("load", "save", "delete")
        ),
        *(
            ({"redirect_uri": uri}, "redirect_uri: expected a URL without a fragment, such as https://")
            for uri in (
                "localhost:8000/callback",
                "app.example.com:443/cb",
                "javascript:alert(1)",
                "mailto:a",
                "x:",
                ":/",
                "/cb",
            )
        ),
        ({"account": ""}, "account: expected a non-empty string"),
        ({"store": "tokens.json"}, "store: expected a TokenStore"),
        ({"store": MemoryTokenStore}, "store: expected a TokenStore"),
        ({"token_url": "http://kit.example/oauth/token"}, "token_url: expected an https URL; http is for this machine"),
        ({"authorize_url": "ftp://127.0.0.1/x"}, "authorize_url: expected an https URL; http"),
        ({"revoke_url": "https://user:pw@kit.example/"}, "revoke_url: expected an https URL without user"),
        ({"token_url": "http://127.0.0.1.example/"}, "token_url: expected an https URL; http"),
        ({"token_url": 5}, "token_url: expected an https URL"),
        ({"redirect_uri": "http://app.example/callback"}, "redirect_uri: expected an https URL; http"),
        ({"redirect_uri": "callback"}, "redirect_uri: expected a URL"),
        ({"redirect_uri": "https://app.example/#x"}, "redirect_uri: expected a URL without a fragment, such as"),
        ({"transport": "x"}, "transport: expected an httpx.BaseTransport"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"client_id": "a", "redirect_uri": REDIRECT_URI, "store": MemoryTokenStore()}
    with pytest.raises(ConfigurationError, match=f"^{message}") as caught:
        OAuth(**{**arguments, **changes})
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/t", "http://localhost/t", "http://[::1]:4010/t", "https://a.b/t"])
def test_http_is_for_this_machine(url: str) -> None:
    OAuth(client_id="a", store=MemoryTokenStore(), token_url=url, redirect_uri="com.example.app:/callback")


@pytest.mark.parametrize("uri", ["com.example.app:/callback", "myapp://callback", "https://a.example/?b=c"])
def test_a_redirect_uri_may_have_a_scheme_of_the_apps_own(mock: KitMock, uri: str) -> None:
    assert parameters(make_oauth(mock, redirect_uri=uri).authorization_url())["redirect_uri"] == uri


def test_a_redirect_uri_is_needed_for_the_page_alone(mock: KitMock) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    worker = make_oauth(mock, store, redirect_uri=None)
    with pytest.raises(ConfigurationError, match="redirect_uri: none given"):
        worker.authorization_url()
    worker.refresh()


def test_a_client_whose_requests_can_be_read_on_their_way_gets_no_token(mock: KitMock) -> None:
    with pytest.raises(ConfigurationError, match="base_url: expected an https URL; http is for this machine"):
        Kit(auth=make_oauth(mock), base_url="http://kit.example")


def test_it_is_not_pickled(mock: KitMock) -> None:
    for each in (make_oauth(mock), MemoryTokenStore()):
        with pytest.raises(TypeError, match=r"pickled|share tokens"):
            pickle.dumps(each)


def test_tokens_expire_by_the_clock_of_this_machine_whatever_that_of_the_service(mock: KitMock) -> None:
    mock.clock.set(datetime.now(UTC) - timedelta(days=1000))
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    with Kit(auth=oauth, transport=mock.transport) as kit:
        kit.account.get()
        kit.account.get()
    assert refreshes(mock) == []
