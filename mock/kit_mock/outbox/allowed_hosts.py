"""Which hosts the mock may send to: loopback, and those that the user allows.

Only what is plainly loopback counts: the name `localhost`, 127.0.0.0/8, ::1, and the former written as IPv6. Short,
decimal, octal and hexadecimal forms of an address, and names that merely resolve to one, are other hosts. URLs are
parsed by the library that sends, so that both agree on the host.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator as Validator

LARGEST_PORT = 65535

_URI = Validator({"type": "string", "format": "uri"}, validate_formats=True)
_PORTS = {"http": 80, "https": 443}
_CACHED = 1024
"""The longest URL that is cached, in characters."""
_HOST = re.compile(r"[a-z0-9._:-]+", re.ASCII)


def is_web_url(value: Any) -> bool:
    """Tell whether a value is an absolute URL with http or https, a host, and a possible port, if any."""
    return isinstance(value, str) and _URI.is_valid(value) and _parsed(value) is not None


def receiver(url: str) -> str:
    """Return the scheme, host and port of a URL, or "" if it is no http or https URL."""
    return (_receiver if len(url) <= _CACHED else _receiver.__wrapped__)(url)


@lru_cache(maxsize=256)
def _receiver(url: str) -> str:
    parsed = _parsed(url)
    return "" if parsed is None else f"{parsed.scheme}://{_host(parsed)}:{parsed.port or _PORTS[parsed.scheme]}"


def problem(url: str, allowed: Collection[str]) -> str | None:
    """Return why a URL may not be sent to, with what would allow it, or None. `allowed` comes from `hosts`."""
    parsed = _parsed(url)
    if parsed is None:
        return "not sent: this is no http or https URL"
    host = _host(parsed)
    if is_loopback(host) or host in allowed:
        return None
    return (
        f"not sent: {host} is not on this machine; allow it with KitMock(allow_deliveries=[{host!r}])"
        f" or `kit-mock serve --allow-deliveries {host}`"
    )


def hosts(names: Iterable[str], argument: str = "allow_deliveries") -> frozenset[str]:
    """Return names and addresses of hosts in the form that `problem` compares.

    Raises ValueError for what isn't a host alone, such as a URL or a host with a port, and for a text instead of a list;
    that message names the `argument`.
    """
    if isinstance(names, str):
        raise ValueError(f"{argument} must be a list of hosts, not a text")
    return frozenset(_allowed(name) for name in names)


def _allowed(name: str) -> str:
    bare = name.strip().removeprefix("[").removesuffix("]")
    try:
        parsed = httpx.URL(f"http://[{bare}]/" if ":" in bare else f"http://{bare}/")
    except (httpx.InvalidURL, ValueError):
        parsed = None
    if parsed is None or not _HOST.fullmatch(_host(parsed)) or str(parsed.copy_with(host="x")) != "http://x/":
        raise ValueError(f"{name!r} is not the name or address of a host, such as app.example.com")
    return _host(parsed)


def _parsed(url: str) -> httpx.URL | None:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None
    # A socket takes a larger one for another port.
    is_port = parsed.port is None or 1 <= parsed.port <= LARGEST_PORT
    return parsed if parsed.scheme in _PORTS and parsed.raw_host and is_port else None


def _host(url: httpx.URL) -> str:
    """Return the host in the form that it is connected by: in ASCII and lower case."""
    return url.raw_host.decode("ascii").lower()


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address, without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether a host, in ASCII and lower case, is plainly this machine."""
    if not is_address(host):
        return host == "localhost"
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        return (address.ipv4_mapped or address).is_loopback
    return address.is_loopback
