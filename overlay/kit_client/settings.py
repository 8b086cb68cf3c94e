"""Arguments of a client, checked when it is made: a mistake shows before the first call, and in words.

No message has a value that may hold a password, such as the URL of a proxy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import httpx

from kit_api.client import BASE_URL

from .errors import ConfigurationError
from .options import check_function, check_type, kind_of

if TYPE_CHECKING:
    import ssl


def environment(name: str) -> str | None:
    """Read a variable of the environment, without spaces and line breaks around it; None if it is blank."""
    return os.environ.get(name, "").strip() or None


def httpx_arguments(scheme: str, *, proxy: Any, verify: Any, http2: Any, limits: Any) -> dict[str, Any]:
    """Check how connections are to be made, and return that as arguments of `httpx.Client`.

    Args:
        scheme: The scheme of the base URL: certificates matter to https only.
        proxy, verify, http2, limits: Arguments of `Kit`.

    Raises:
        ConfigurationError: They can't be used, or the proxies or certificates of the environment can't.
    """
    check_type("http2", http2, bool, "True or False", ConfigurationError)
    if http2 and not _is_installed("h2"):
        raise ConfigurationError("http2: needs the package h2, which isn't installed: pip install 'httpx[http2]'")
    check_type("limits", limits, httpx.Limits | None, "an httpx.Limits", ConfigurationError)
    arguments: dict[str, Any] = {"http2": http2, "verify": _checked_verify(verify, scheme)}
    if proxy is None:
        _check_proxies_of_environment()
    else:
        arguments["proxy"] = _checked_proxy("proxy", proxy)
    if limits is not None:
        arguments["limits"] = limits
    return arguments


def check_own(
    transport: object, http_client: object, settings: Mapping[str, object], owner: str, *, is_async: bool
) -> None:
    """Raise ConfigurationError if a caller's own transport or httpx client can't be used, or not with other settings.

    Args:
        transport: The transport, if one was given.
        http_client: The httpx client, if one was given.
        settings: The arguments for what a transport and a client have of their own.
        owner: The class of the client, for messages.
        is_async: Whether the client is asynchronous.
    """
    own = {"http_client": http_client, "transport": transport}
    usual = {"transport": None, "http_client": None, "proxy": None, "verify": True, "http2": False, "limits": None}
    given = [name for name, value in {**own, **settings}.items() if value is not usual[name]]
    if transport is not None:
        method = "handle_async_request" if is_async else "handle_request"
        if isinstance(transport, type) or not callable(getattr(transport, method, None)):
            kind = "httpx.AsyncBaseTransport" if is_async else "httpx.BaseTransport"
            raise ConfigurationError(f"transport: {owner} needs an {kind}, got {kind_of(transport)}")
    if http_client is not None:
        needed = httpx.AsyncClient if is_async else httpx.Client
        if not isinstance(http_client, needed):
            raise ConfigurationError(
                f"http_client: {owner} needs an httpx.{needed.__name__}, got {kind_of(http_client)}"
            )
        if http_client.is_closed:
            raise ConfigurationError("http_client: it is closed")
    if len(given) > 1:
        raise ConfigurationError(
            f"{given[0]} and {' and '.join(given[1:])}: give {given[0]} alone, with its own settings for the rest"
        )


def checked_hooks(
    event_hooks: Mapping[str, Iterable[Callable[..., Any]]] | None, *, is_async: bool
) -> dict[str, list[Callable[..., Any]]]:
    """Check event hooks of a caller, and copy them. Raises ConfigurationError."""
    try:
        given: dict[str, list[Callable[..., Any]]]
        given = {event: list(functions) for event, functions in (event_hooks or {}).items()}
    except (AttributeError, TypeError):
        given = {"": []}
    if not given.keys() <= {"request", "response"}:
        raise ConfigurationError('event_hooks: expected {"request": [functions], "response": [functions]} or a part')
    for event, functions in given.items():
        for function in functions:
            if is_async:
                check_type(f"event_hooks: {event}", function, Callable, "an async function", ConfigurationError)
            else:
                check_function(f"event_hooks: {event}", function, ConfigurationError)
    return {"request": [], "response": [], **given}


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
            raise ConfigurationError(f"headers: the value of {name.decode()} has a line break or spaces around it")
    return checked


def checked_base_url(base_url: str | None) -> str:
    """Choose the base URL: the argument, else KIT_BASE_URL, else the document's. A `/v4` at its end is dropped.

    Raises:
        ConfigurationError: It is no URL, or has more than a place in it.
    """
    name = "base_url"
    if base_url is None:
        name, base_url = "KIT_BASE_URL", environment("KIT_BASE_URL") or BASE_URL
    check_type(name, base_url, str, "an http or https URL", ConfigurationError)
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
    expected = "True, False, an ssl.SSLContext or the path of a CA file"
    check_type("verify", verify, str | os.PathLike, expected, ConfigurationError)
    path = Path(verify)
    if not os.fspath(verify) or not path.exists():
        raise ConfigurationError(f"verify: there is no file or folder {os.fspath(verify)!r}")
    try:
        is_folder = path.is_dir()
        return ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)
    except (OSError, ValueError):
        raise ConfigurationError(f"verify: no certificates can be read from {str(path)!r}") from None


def _check_certificates_of_environment() -> None:
    """Check that what httpx loads certificates from exists. To load them takes too long to be done here."""
    if file := os.environ.get("SSL_CERT_FILE"):
        if not Path(file).is_file():
            raise ConfigurationError(f"SSL_CERT_FILE: there is no file {file!r}")
    elif (folder := os.environ.get("SSL_CERT_DIR")) and not any(map(os.path.isdir, folder.split(os.pathsep))):
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


def _is_installed(package: str) -> bool:
    from importlib.util import find_spec  # What few need costs the import of this package nothing.

    return find_spec(package) is not None
