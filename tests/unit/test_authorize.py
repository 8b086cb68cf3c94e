"""The page that asks for access is a URL to open, and nothing is sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from kit_api import Client
from kit_api.api.oauth import authorize

from .service import ACCOUNT, Service

ARGUMENTS: dict[str, Any] = {
    "client_id": "app id&x=1",
    "response_type": "code",
    "redirect_uri": "https://app.test/back?a=1&b=é#top",
    "state": "a b+c%20",
    "code_challenge": "x_-y",
    "code_challenge_method": "S256",
}


@pytest.mark.parametrize(
    ("base_url", "page"),
    [
        (None, "https://app.convertkit.com/oauth/authorize"),
        ("https://api.convertkit.com/v4/", "https://app.convertkit.com/oauth/authorize"),
        ("https://api.kit.com", "https://app.kit.com/oauth/authorize"),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010/oauth/authorize"),
        ("http://127.0.0.1:4010/prefix/v4", "http://127.0.0.1:4010/prefix/oauth/authorize"),
        ("http://[::1]:4010/", "http://[::1]:4010/oauth/authorize"),
    ],
)
def test_the_url_is_that_of_the_page_with_the_arguments_encoded(base_url: str | None, page: str) -> None:
    service = Service(httpx.Response(200, json=ACCOUNT))
    urls = {
        service.kit(base_url=base_url).oauth.authorize(**ARGUMENTS),
        service.async_kit(base_url=base_url).oauth.authorize(**ARGUMENTS),
        authorize.url(client=service.kit(base_url=base_url), **ARGUMENTS),
    }
    (url,) = urls
    assert isinstance(url, str)
    assert url.partition("?")[0] == page
    assert dict(parse_qsl(urlsplit(url).query, strict_parsing=True)) == ARGUMENTS
    assert url.isascii()
    assert service.requests == []


def test_what_is_not_given_is_not_in_the_url() -> None:
    url = authorize.url(
        client=Client(), client_id="a", response_type="code", redirect_uri="https://app.test", scope=None
    )
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "client_id": "a",
        "response_type": "code",
        "redirect_uri": "https://app.test",
    }


def test_there_is_nothing_to_request_it_with() -> None:
    assert not {"sync", "asyncio", "sync_detailed", "asyncio_detailed"} & set(vars(authorize))
