"""Settings of connections and the environment: used as httpx uses them, and refused at construction, in words."""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import httpcore
import httpx
import pytest

from kit_client import AsyncKit, ConfigurationError, Kit, KitError

from .service import ACCOUNT, Service

OK = httpx.Response(200, json=ACCOUNT)
KEY = "kit_0123456789abcdef"
PASSWORD = "p4ssw0rd"
TRANSPORT = httpx.MockTransport(lambda request: OK)
BAD: Any = object()


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["KIT_API_KEY", "KIT_ACCESS_TOKEN", "KIT_BASE_URL", "SSL_CERT_FILE", "SSL_CERT_DIR"]
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        names += [name, name.upper()]
    for name in names:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=[Kit, AsyncKit])
def kind(request: pytest.FixtureRequest) -> type[Any]:
    made: type[Any] = request.param
    return made


# -------------------- the environment

BLANK = ["", " ", "\n", "\t\r\n"]


@pytest.mark.parametrize("around", ["{}", "{}\n", "{}\r\n", " {} ", "\n{}"])
def test_spaces_around_a_value_of_the_environment_are_no_part_of_it(
    around: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_BASE_URL", around.format("http://127.0.0.1:4010/v4"))
    for name, header, value in (
        ("KIT_API_KEY", "X-Kit-Api-Key", KEY),
        ("KIT_ACCESS_TOKEN", "Authorization", f"Bearer {KEY}"),
    ):
        service = Service(OK)
        monkeypatch.setenv(name, around.format(KEY))
        Kit(transport=httpx.MockTransport(service)).account.get()
        assert service.requests[0].headers[header] == value
        assert str(service.requests[0].url) == "http://127.0.0.1:4010/v4/account"
        monkeypatch.delenv(name)


@pytest.mark.parametrize("blank", BLANK)
def test_a_blank_variable_is_none(blank: str, monkeypatch: pytest.MonkeyPatch, kind: type[Any]) -> None:
    for name in ("KIT_API_KEY", "KIT_ACCESS_TOKEN", "KIT_BASE_URL"):
        monkeypatch.setenv(name, blank)
    with pytest.raises(ConfigurationError, match=r"none given"):
        kind()
    monkeypatch.setenv("KIT_API_KEY", KEY)
    assert repr(kind()) == f"{kind.__name__}(base_url='https://api.convertkit.com')"


@pytest.mark.parametrize("name", ["KIT_API_KEY", "KIT_ACCESS_TOKEN"])
@pytest.mark.parametrize("value", ["a b", "a\nb", "clé", "a\x1bb", "\udcff"])
def test_an_error_about_a_credential_of_the_environment_names_the_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, kind: type[Any]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"^{name}: expected") as caught:
        kind()
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "api.kit.com",
        "ftp://api.kit.com",
        "http://",
        "http://h:abc",
        "http://[::1",
        "http://a b",
        "http://h:99999",
        "\udcff",
    ],
)
def test_an_error_about_a_url_names_where_it_came_from(
    url: str, monkeypatch: pytest.MonkeyPatch, kind: type[Any]
) -> None:
    with pytest.raises(ConfigurationError, match=r"^base_url: expected an http or https URL"):
        kind("key", base_url=url)
    monkeypatch.setenv("KIT_BASE_URL", url)
    with pytest.raises(ConfigurationError, match=r"^KIT_BASE_URL: expected an http or https URL"):
        kind("key")


@pytest.mark.parametrize(
    "url",
    [
        f"https://me:{PASSWORD}@h",
        f"https://h?{PASSWORD}",
        f"https://h#{PASSWORD}",
        f"https://me:{PASSWORD}",
        f"https://me:{PASSWORD}@[",
    ],
)
def test_no_error_about_a_url_shows_what_may_be_a_password(
    url: str, monkeypatch: pytest.MonkeyPatch, kind: type[Any]
) -> None:
    monkeypatch.setenv("KIT_BASE_URL", url)
    with pytest.raises(ConfigurationError, match=r"^KIT_BASE_URL") as caught:
        kind("key")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("end", ["", "/", "/v4", "/v4/", "//"])
@pytest.mark.parametrize("start", ["https://api.kit.com", "http://127.0.0.1:4010/prefix", "http://[::1]:4010"])
def test_a_base_url_may_end_in_the_version(start: str, end: str) -> None:
    service = Service(OK)
    service.kit(base_url=start + end).account.get()
    assert str(service.requests[0].url) == f"{start}/v4/account"


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_BASE_URL", "not a URL")
    assert "api.kit.com" in repr(Kit("key", base_url="https://api.kit.com"))
    monkeypatch.setenv("KIT_API_KEY", "not a key")
    Kit("key", base_url="https://api.kit.com")


# -------------------- proxies, as httpx itself has them


class Routed(Exception):
    """A request came to a pool of connections."""


@contextlib.contextmanager
def routes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note what each request goes through, and let none of them leave."""
    seen: list[str] = []

    def note(pool: Any, request: Any) -> None:
        proxy = getattr(pool, "_proxy_url", None)
        seen.append("direct" if proxy is None else bytes(proxy).decode())
        raise Routed

    async def anote(pool: Any, request: Any) -> None:
        note(pool, request)

    with monkeypatch.context() as patch:
        patch.setattr(httpcore.ConnectionPool, "handle_request", note)
        patch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", anote)
        yield seen


URLS = [
    "http://[::1]:4010",
    "http://127.0.0.1:4010",
    "http://127.0.0.2",
    "http://localhost:4010",
    "https://api.convertkit.com",
    "https://convertkit.com",
    "http://api.kit.test:8080",
]
NO_PROXY = [
    None,
    "",
    "*",
    "::1",
    "http://[::1]",
    "127.0.0.1",
    "127.0.0.1:4010",
    "127.0.0.1:9",
    "127.0.0.0/8",
    "localhost",
    "localhost,::1,127.0.0.1",
    "convertkit.com",
    ".convertkit.com",
    "*.convertkit.com",
    "api.kit.test:8080",
    "https://api.convertkit.com",
    " convertkit.com , ::1 ",
    "kit.test",
]
PROXIES = [
    {"HTTPS_PROXY": "http://secure.test:1", "HTTP_PROXY": "http://plain.test:1"},
    {"ALL_PROXY": "http://all.test:1"},
    {"https_proxy": "secure.test:1", "ALL_PROXY": "all.test:2"},
    {},
]


@pytest.mark.parametrize("no_proxy", NO_PROXY)
@pytest.mark.parametrize("proxies", PROXIES)
def test_the_proxies_of_the_environment_are_those_of_httpx(
    proxies: dict[str, str], no_proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**proxies, "NO_PROXY": no_proxy}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    with routes(monkeypatch) as seen, httpx.Client(verify=False) as plain:
        for url in URLS:
            with contextlib.suppress(Routed):
                plain.get(url)
            with contextlib.suppress(KitError):
                Kit("key", base_url=url, verify=False, max_retries=0).account.get()
    assert len(seen) == 2 * len(URLS)
    assert seen[::2] == seen[1::2]


@pytest.mark.anyio
async def test_the_proxies_of_the_environment_are_those_of_httpx_async(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://all.test:1")
    monkeypatch.setenv("NO_PROXY", "::1")
    with routes(monkeypatch) as seen:
        for url in ("http://[::1]:4010", "http://127.0.0.1"):
            async with AsyncKit("key", base_url=url) as kit:
                with contextlib.suppress(KitError):
                    await kit.account.get()
    assert seen == ["direct", "http://all.test:1/"]


@pytest.mark.parametrize("no_proxy", ["[::1]", "localhost, [::1]:4010", "[fe80::1]"])
def test_what_httpx_cannot_read_in_no_proxy_is_refused_by_its_name(
    no_proxy: str, monkeypatch: pytest.MonkeyPatch, kind: type[Any]
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with pytest.raises(ConfigurationError, match=r"NO_PROXY: expected IPv6 addresses without brackets"):
        kind("key")


@pytest.mark.parametrize("no_proxy", ["::1/128", "fe80::/10", "host:port"])
def test_what_httpx_cannot_read_at_the_first_call_is_refused_then(
    no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    kit = Kit("key", verify=False, base_url="http://127.0.0.1", max_retries=0)
    try:
        httpx.Client(verify=False).close()
    except httpx.InvalidURL:
        with pytest.raises(ConfigurationError, match="NO_PROXY"):
            kit.account.get()
        return
    with routes(monkeypatch) as seen, contextlib.suppress(KitError):
        kit.account.get()
    assert seen == ["direct"]


def test_a_proxy_of_the_arguments_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://all.test:1")
    monkeypatch.setenv("NO_PROXY", "*")
    for proxy in ("http://mine.test:2", httpx.URL("http://mine.test:2"), httpx.Proxy("http://mine.test:2")):
        with routes(monkeypatch) as seen, contextlib.suppress(KitError):
            Kit("key", base_url="http://127.0.0.1", proxy=proxy).account.get()
        assert seen == ["http://mine.test:2/"]


@pytest.mark.parametrize(
    "proxy",
    ["", "http://", "mine.test:2", f"ftp://me:{PASSWORD}@h", f"http://me:{PASSWORD}@h:999999", "\ud800", 5, BAD],
)
def test_a_proxy_that_is_none_is_refused(proxy: Any, kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"^proxy: expected a URL such as http://") as caught:
        kind("key", proxy=proxy)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"])
def test_a_proxy_of_the_environment_that_is_none_is_refused_by_its_name(
    name: str, kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"ftp://me:{PASSWORD}@h")
    with pytest.raises(ConfigurationError, match=f"^{name}: expected a URL") as caught:
        kind("key")
    assert PASSWORD not in str(caught.value)
    kind("key", transport=TRANSPORT)


def without(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a package weren't installed."""
    monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_without_its_package(scheme: str, kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    without("socksio", monkeypatch)
    proxy = f"{scheme}://me:{PASSWORD}@proxy.test:1080"
    with pytest.raises(ConfigurationError, match=r"^proxy: .* socksio.*httpx\[socks\]") as caught:
        kind("key", proxy=proxy)
    assert PASSWORD not in str(caught.value)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ConfigurationError, match=r"^ALL_PROXY: .* socksio"):
        kind("key")


def test_http2_without_its_package(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    without("h2", monkeypatch)
    with pytest.raises(ConfigurationError, match=r"^http2: needs the package h2.*httpx\[http2\]"):
        kind("key", http2=True)


# -------------------- certificates


def test_a_ca_file_that_does_not_exist(kind: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path / "missing.pem", str(tmp_path / "missing.pem"), ""):
        with pytest.raises(ConfigurationError, match=r"^verify: there is no file or folder"):
            kind("key", verify=path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_FILE: there is no file '.*missing\.pem'"):
        kind("key")
    kind("key", base_url="http://127.0.0.1:4010")
    kind("key", verify=False)
    kind("key", transport=TRANSPORT)
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_DIR: there is no folder"):
        kind("key")
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'missing'}{os.pathsep}{tmp_path}")
    kind("key")


def test_a_ca_file_without_certificates(kind: type[Any], tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    for content in (b"", b"not PEM", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"^verify: no certificates can be read from"):
            kind("key", verify=file)


def test_certificates_of_the_environment_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("not PEM")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE"):
        Kit("key").account.get()


@pytest.mark.parametrize("as_path", [str, Path])
def test_the_certificates_of_a_file_are_those_that_are_trusted(as_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts = [ssl.create_default_context(), as_path(certifi.where()), True, False]
    used: list[ssl.SSLContext] = []

    def note(pool: Any, request: Any) -> None:
        used.append(pool._ssl_context)
        raise Routed

    monkeypatch.setattr(httpcore.ConnectionPool, "handle_request", note)
    for verify in contexts:
        with contextlib.suppress(KitError):
            Kit("key", verify=verify, max_retries=0).account.get()
    assert used[0] is contexts[0]
    assert [context.verify_mode for context in used] == [ssl.CERT_REQUIRED] * 3 + [ssl.CERT_NONE]
    assert used[1].cert_store_stats()["x509_ca"] > 0


# -------------------- what is no setting at all


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"verify": 5}, "verify: expected True, False, an ssl.SSLContext or the path of a CA file, got int"),
        ({"verify": None}, "verify: expected .* got NoneType"),
        ({"http2": "yes"}, "http2: expected True or False, got str"),
        ({"limits": 5}, "limits: expected an httpx.Limits, got int"),
        ({"base_url": 5}, "base_url: expected an http or https URL, got int"),
        ({"transport": BAD}, "transport: .* needs an httpx.*BaseTransport, got object"),
        ({"transport": "https://proxy"}, "transport: .* needs an httpx.*BaseTransport, got str"),
        ({"transport": httpx.MockTransport}, "transport: .* got the class httpx.MockTransport"),
        ({"http_client": BAD}, "http_client: .* needs an httpx.*Client, got object"),
        ({"http_client": httpx.Client}, "http_client: .* got the class httpx.Client"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "headers: the value of X-A has a line break"),
        ({"headers": {"X A": PASSWORD}}, "headers: b'X A' is no name of a header"),
        ({"headers": {"": PASSWORD}}, "headers: b'' is no name of a header"),
        ({"headers": {"X-A": "é"}}, "headers: expected a mapping of names to ASCII text"),
        ({"headers": {"X-A": 5}}, "headers: expected a mapping of names to ASCII text"),
        ({"headers": 5}, "headers: expected a mapping of names to ASCII text"),
    ],
)
def test_what_is_no_setting_is_refused_in_words(arguments: dict[str, Any], says: str, kind: type[Any]) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        kind("key", **arguments)
    assert PASSWORD not in str(caught.value)


def test_what_is_no_auth_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"auth: expected an httpx\.Auth, got str"):
        Kit(auth="secret")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^api_key: expected"):
        Kit(5)  # type: ignore[arg-type]


def test_what_is_for_the_other_client_is_refused() -> None:
    wrong: Any = httpx.AsyncHTTPTransport()
    with pytest.raises(
        ConfigurationError, match=r"transport: Kit needs an httpx\.BaseTransport, got httpx\.AsyncHTTPTransport"
    ):
        Kit("key", transport=wrong)
    wrong = httpx.HTTPTransport()
    with pytest.raises(ConfigurationError, match=r"transport: AsyncKit needs an httpx\.AsyncBaseTransport"):
        AsyncKit("key", transport=wrong)
    wrong = httpx.AsyncClient()
    with pytest.raises(ConfigurationError, match=r"http_client: Kit needs an httpx\.Client, got httpx\.AsyncClient"):
        Kit("key", http_client=wrong)
    wrong = httpx.Client()
    with pytest.raises(
        ConfigurationError, match=r"http_client: AsyncKit needs an httpx\.AsyncClient, got httpx\.Client"
    ):
        AsyncKit("key", http_client=wrong)
    wrong.close()
    with pytest.raises(ConfigurationError, match=r"http_client: it is closed"):
        Kit("key", http_client=wrong)


OWN: list[dict[str, Any]] = [{"transport": TRANSPORT}, {"http_client": httpx.Client(transport=TRANSPORT)}]
MORE: list[dict[str, Any]] = [
    {"proxy": "http://proxy.test:1"},
    {"verify": False},
    {"http2": True},
    {"limits": httpx.Limits()},
]


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("own", OWN)
def test_settings_beside_a_transport_or_client_that_has_its_own_are_refused(
    own: dict[str, Any], more: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{next(iter(own))} and {next(iter(more))}: give"):
        Kit("key", **own, **more)


def test_a_transport_beside_a_client_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^http_client and transport: give http_client alone"):
        Kit("key", **OWN[0], **OWN[1])


@pytest.mark.parametrize("limit", [1, 7])
def test_limits_reach_the_pool(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    def note(pool: Any, request: Any) -> None:
        found.append(pool._max_connections)
        raise Routed

    monkeypatch.setattr(httpcore.ConnectionPool, "handle_request", note)
    with contextlib.suppress(KitError):
        Kit("key", limits=httpx.Limits(max_connections=limit), base_url="http://127.0.0.1").account.get()
    assert found == [limit]


def test_construction_loads_no_certificates(monkeypatch: pytest.MonkeyPatch, kind: type[Any]) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("slow: tens of milliseconds")

    monkeypatch.setattr(ssl, "create_default_context", refuse)
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)
    kind("key")
    kind("key", proxy="http://proxy.test:1", limits=httpx.Limits())
