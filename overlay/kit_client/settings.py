"""Arguments of a client, checked when it is made: a mistake shows before the first call, and in words.

No message has a value that may hold a password, such as the URL of a proxy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import httpx
from msgspec import Struct

from kit_api.client import BASE_URL

from .errors import ConfigurationError

if TYPE_CHECKING:
    import ssl


def environment(name: str) -> str | None:
    """Read a variable of the environment, without spaces and line breaks around it; None if it is blank."""
    return os.environ.get(name, "").strip() or None


class ConnectionSettings(Struct, kw_only=True, frozen=True, eq=False):
    """How connections are made, if the client makes them itself."""

    proxy: str | httpx.URL | httpx.Proxy | None
    verify: bool | str | os.PathLike[str] | ssl.SSLContext
    http2: bool
    limits: httpx.Limits | None

    def given(self) -> list[str]:
        """The names of the arguments that differ from what holds without them."""
        usual = {"proxy": None, "verify": True, "http2": False, "limits": None}
        return [name for name, value in usual.items() if getattr(self, name) is not value]

    def httpx_arguments(self, scheme: str) -> dict[str, Any]:
        """Check the settings, and return them as arguments of `httpx.Client`.

        Args:
            scheme: The scheme of the base URL: certificates matter to https only.

        Raises:
            ConfigurationError: They can't be used, or the proxies or certificates of the environment can't.
        """
        if not isinstance(self.http2, bool):
            raise ConfigurationError(f"http2: expected True or False, got {_kind(self.http2)}")
        if self.http2 and not _is_installed("h2"):
            raise ConfigurationError("http2: needs the package h2, which isn't installed: pip install 'httpx[http2]'")
        if self.limits is not None and not isinstance(self.limits, httpx.Limits):
            raise ConfigurationError(f"limits: expected an httpx.Limits, got {_kind(self.limits)}")
        arguments: dict[str, Any] = {"http2": self.http2, "verify": _checked_verify(self.verify, scheme)}
        if self.proxy is None:
            _check_proxies_of_environment()
        else:
            arguments["proxy"] = _checked_proxy("proxy", self.proxy)
        if self.limits is not None:
            arguments["limits"] = self.limits
        return arguments


def check_own(
    transport: object, http_client: object, settings: ConnectionSettings, owner: str, *, is_async: bool
) -> None:
    """Raise ConfigurationError if a caller's own transport or httpx client can't be used, or not with other settings.

    Args:
        transport: The transport, if one was given.
        http_client: The httpx client, if one was given.
        settings: The settings that a transport and a client have of their own.
        owner: The class of the client, for messages.
        is_async: Whether the client is asynchronous.
    """
    given = settings.given()
    if transport is not None:
        given = ["transport", *given]
        method = "handle_async_request" if is_async else "handle_request"
        if isinstance(transport, type) or not callable(getattr(transport, method, None)):
            kind = "httpx.AsyncBaseTransport" if is_async else "httpx.BaseTransport"
            raise ConfigurationError(f"transport: {owner} needs an {kind}, got {_kind(transport)}")
    if http_client is not None:
        given = ["http_client", *given]
        needed = httpx.AsyncClient if is_async else httpx.Client
        if not isinstance(http_client, needed):
            raise ConfigurationError(f"http_client: {owner} needs an httpx.{needed.__name__}, got {_kind(http_client)}")
        if http_client.is_closed:
            raise ConfigurationError("http_client: it is closed")
    if len(given) > 1:
        raise ConfigurationError(
            f"{given[0]} and {' and '.join(given[1:])}: give {given[0]} alone, with its own settings for the rest"
        )


def checked_headers(headers: Mapping[str, str] | None) -> httpx.Headers:
    """Check headers of a caller. Raises ConfigurationError, without the value, which may be secret."""
    try:
        checked = httpx.Headers(headers)
    except (TypeError, ValueError, AttributeError):
        raise ConfigurationError("headers: expected a mapping of names to ASCII text") from None
    for name, value in checked.raw:
        if not name or any(byte in name for byte in b" \t\r\n:\0") or not name.isascii():
            raise ConfigurationError(f"headers: {name!r} is no name of a header")
        if any(byte in value for byte in b"\r\n\0") or value != value.strip():
            raise ConfigurationError(
                f"headers: the value of {name.decode('ascii')} has a line break, or spaces around it"
            )
    return checked


def checked_base_url(base_url: str | None) -> str:
    """Choose the base URL: the argument, else KIT_BASE_URL, else the document's. A `/v4` at its end is dropped.

    Raises:
        ConfigurationError: It is no URL, or has more than a place in it.
    """
    name = "base_url"
    if base_url is None:
        name, base_url = "KIT_BASE_URL", environment("KIT_BASE_URL") or BASE_URL
    if not isinstance(base_url, str):
        raise ConfigurationError(f"{name}: expected an http or https URL, got {_kind(base_url)}")
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError) as error:
        # Without the part that it quotes: of https://user:password the password is an invalid port.
        raise ConfigurationError(f"{name}: expected an http or https URL: {str(error).partition(':')[0]}") from None
    if url.userinfo or url.query or url.fragment or "@" in base_url:
        # Not shown: it may hold a password.
        raise ConfigurationError(f"{name}: expected no user, query or fragment in it")
    impossible = not url.host or any(mark in url.host for mark in "% ") or not 0 < (url.port or 443) < 65536
    if url.scheme not in ("http", "https") or impossible:
        raise ConfigurationError(f"{name}: expected an http or https URL, got {base_url!r}")
    # Each operation's path begins with it.
    return base_url.rstrip("/").removesuffix("/v4").rstrip("/")


@contextlib.contextmanager
def connection_problems() -> Generator[None, None, None]:
    """Turn what httpx raises when it makes connections' settings into ConfigurationError.

    Some settings are too slow to check when the client is made: the certificates of the environment, and NO_PROXY.
    """
    try:
        yield
    except (ImportError, OSError, ValueError, TypeError, httpx.InvalidURL) as error:
        text = f" {error}" if isinstance(error, OSError) else ""
        raise ConfigurationError(
            "the certificates or proxies of the arguments or of the environment (SSL_CERT_FILE, HTTPS_PROXY, NO_PROXY"
            f" and the like) can't be used: {type(error).__name__}{text}"
        ) from None


def _checked_verify(verify: bool | str | os.PathLike[str] | ssl.SSLContext, scheme: str) -> bool | ssl.SSLContext:
    if isinstance(verify, bool):
        if verify and scheme == "https":
            _check_certificates_of_environment()
        return verify
    import ssl

    if isinstance(verify, ssl.SSLContext):
        return verify
    if not isinstance(verify, str | os.PathLike):
        raise ConfigurationError(
            f"verify: expected True, False, an ssl.SSLContext or the path of a CA file, got {_kind(verify)}"
        )
    path = Path(verify)
    if not os.fspath(verify) or not path.exists():
        raise ConfigurationError(f"verify: there is no file or folder {os.fspath(verify)!r}")
    try:
        if path.is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        raise ConfigurationError(f"verify: no certificates can be read from {str(path)!r}") from None


def _check_certificates_of_environment() -> None:
    """Check that what httpx loads certificates from exists. To load them takes too long to be done here."""
    if file := os.environ.get("SSL_CERT_FILE"):
        if not Path(file).is_file():
            raise ConfigurationError(f"SSL_CERT_FILE: there is no file {file!r}")
    elif (folder := os.environ.get("SSL_CERT_DIR")) and not any(
        Path(part).is_dir() for part in folder.split(os.pathsep)
    ):
        raise ConfigurationError(f"SSL_CERT_DIR: there is no folder {folder!r}")


def _check_proxies_of_environment() -> None:
    """Check the proxies that httpx reads: it makes a transport for each, whether a request needs it or not."""
    proxies = getproxies()
    for scheme in ("http", "https", "all"):
        if proxy := proxies.get(scheme):
            name = f"{scheme}_proxy" if f"{scheme}_proxy" in os.environ else f"{scheme.upper()}_PROXY"
            _checked_proxy(name, proxy if "://" in proxy else f"http://{proxy}")
    # httpx has no client at all with these, and says no more than "Invalid port".
    if any(host.strip().startswith("[") for host in proxies.get("no", "").split(",")):
        raise ConfigurationError("NO_PROXY: expected IPv6 addresses without brackets, such as ::1")


def _checked_proxy(name: str, proxy: Any) -> httpx.Proxy:
    try:
        checked = proxy if isinstance(proxy, httpx.Proxy) else httpx.Proxy(proxy)
    except (httpx.InvalidURL, ValueError, TypeError):
        checked = None
    if checked is None or not checked.url.host or not 0 < (checked.url.port or 80) < 65536:
        raise ConfigurationError(f"{name}: expected a URL such as http://proxy.example:8080, or one with socks5://")
    if checked.url.scheme.startswith("socks") and not _is_installed("socksio"):
        raise ConfigurationError(
            f"{name}: a SOCKS proxy needs the package socksio, which isn't installed: pip install 'httpx[socks]'"
        )
    return checked


def _kind(value: object) -> str:
    """Tell a value by its type."""
    kind = value if isinstance(value, type) else type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"the class {name}" if isinstance(value, type) else name


def _is_installed(package: str) -> bool:
    from importlib.util import find_spec  # What few need costs the import of this package nothing.

    return find_spec(package) is not None
