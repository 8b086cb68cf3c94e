"""What is made of an answer of the token service."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_client import MemoryTokenStore, OAuth
from tests.oauth_app import tokens_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


class Rotating(httpx.BaseTransport):
    """A service that takes each refresh token once, and whose answers have these fields too."""

    def __init__(self, **fields: Any) -> None:
        self._fields, self.count = fields, 1

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        if form["refresh_token"] != [f"R{self.count}"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.count += 1
        pair = {"access_token": f"A{self.count}", "refresh_token": f"R{self.count}"}
        return httpx.Response(200, content=msgspec.json.encode({**pair, **self._fields}))


def rotating(**fields: Any) -> tuple[OAuth, MemoryTokenStore]:
    store = MemoryTokenStore()
    store.save("default", '{"tokens": {"access_token": "A1", "refresh_token": "R1"}}')
    return OAuth(client_id="a", store=store, transport=Rotating(**fields)), store


@given(expires_in=JSON, scope=JSON)
def test_no_field_beside_the_tokens_costs_them(expires_in: object, scope: object) -> None:
    oauth, store = rotating(expires_in=expires_in, scope=scope)
    for number in (2, 3):
        oauth.refresh()
        assert tokens_in(store)["refresh_token"] == f"R{number}"


@pytest.mark.parametrize("value", ["never", "", "true", True, [], {}, -5, 0, "-1", 1e300, "inf"])
def test_a_lifetime_that_is_none_is_ignored_with_a_warning(value: object, caplog: pytest.LogCaptureFixture) -> None:
    oauth, store = rotating(expires_in=value, scope="public")
    oauth.refresh()
    tokens = tokens_in(store)
    assert (tokens["expires_in"], tokens["expires_at"], tokens["scope"]) == (None, None, "public")
    assert "the answer's expires_in can't be used and is ignored" in caplog.text


@pytest.mark.parametrize("value", [3600, "3600", 3600.0])
def test_a_lifetime_may_be_a_number_or_its_text(value: object) -> None:
    oauth, store = rotating(expires_in=value)
    oauth.refresh()
    assert tokens_in(store)["expires_in"] == 3600.0
