"""Who may call: every operation with each kind of credential, and with none."""

from __future__ import annotations

import base64

import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.conftest import operations
from tests.contract.document import Operation
from tests.contract.world import Request, World

_INVALID = "The access token is invalid"
_OAUTH_ONLY = "OAuth authentication required"
_WRONG = "kit_wrong_0123456789abcdef"


def _protected(operation: Operation) -> bool:
    return not operation.is_open


def _strangers(caller: Caller) -> dict[str, dict[str, str]]:
    """Return headers that open no account, by a description of each."""
    server = caller.server
    found = {
        "none": {},
        "an empty key": {"X-Kit-Api-Key": ""},
        "a wrong key": {"X-Kit-Api-Key": _WRONG},
        "a wrong token": {"Authorization": f"Bearer {_WRONG}"},
        "an empty token": {"Authorization": "Bearer"},
    }
    if server.api_key:
        basic = base64.b64encode(f"{server.api_key}:".encode()).decode()
        found |= {
            "a key as a token": {"Authorization": f"Bearer {server.api_key}"},
            "a key by Basic": {"Authorization": f"Basic {basic}"},
            "a key cut short": {"X-Kit-Api-Key": server.api_key[:-1]},
        }
    if server.access_token:
        found |= {
            "a token as a key": {"X-Kit-Api-Key": server.access_token},
            "a token without its scheme": {"Authorization": server.access_token},
            "a token cut short": {"Authorization": f"Bearer {server.access_token[:-1]}"},
        }
    return found


def _somewhere(operation: Operation) -> Request:
    """Return a path for a request whose credential is checked before everything else."""
    return Request(dict.fromkeys(operation.in_path, 1))


def _refused(answer: Answer, message: str) -> None:
    if answer.status != 401 or answer.errors != [message]:
        raise answer.broken(f"401 with the message {message!r}")


@pytest.mark.parametrize("operation_id", operations(_protected))
def test_strangers_are_refused(caller: Caller, operation_id: str) -> None:
    """Each protected operation answers 401 to a request without a valid credential. (reference; header: client)"""
    operation = caller.document.operations[operation_id]
    for what, headers in _strangers(caller).items():
        answer = caller.call(operation_id, _somewhere(operation).path, headers=headers, anonymous=True)
        if answer.status != 401 or answer.errors != [_INVALID]:
            raise answer.broken(f"401 with the message {_INVALID!r} for {what}")
        told = answer.headers.get("WWW-Authenticate", "")
        if "Authorization" in headers and 'error="invalid_token"' not in told:
            raise answer.broken(f"a header WWW-Authenticate with invalid_token for {what}", told or "none")


@pytest.mark.parametrize("operation_id", operations(lambda each: _protected(each) and not each.takes_key))
def test_a_key_is_not_enough_where_oauth_is_needed(caller: Caller, operation_id: str) -> None:
    """Each operation that takes OAuth alone answers 401 to an API key, and says why. (seen)"""
    if not caller.server.api_key:
        pytest.skip("no API key was given")
    operation = caller.document.operations[operation_id]
    _refused(
        caller.call(operation_id, _somewhere(operation).path, headers=caller.headers("key"), anonymous=True),
        _OAUTH_ONLY,
    )


@pytest.mark.parametrize("operation_id", operations(_protected))
def test_each_credential_that_is_documented_is_taken(caller: Caller, world: World, operation_id: str) -> None:
    """Each operation succeeds with every kind of credential that the document lists for it. (reference)"""
    operation = caller.document.operations[operation_id]
    for credential in ("key", "token"):
        if credential == "key" and not (operation.takes_key and caller.server.api_key):
            continue
        if credential == "token" and not caller.server.access_token:
            continue
        request = world.usual(operation_id)
        answer = caller.call(
            operation_id,
            request.path,
            query=request.query,
            body=request.body,
            headers=caller.headers("key" if credential == "key" else "token"),
            anonymous=True,
        )
        if answer.status not in operation.succeeds_with:
            raise answer.broken(f"success with {'an API key' if credential == 'key' else 'an access token'}")


@pytest.mark.parametrize("operation_id", operations(_protected))
def test_the_scheme_of_a_token_has_no_case(caller: Caller, operation_id: str) -> None:
    """The scheme `Bearer` matches in any case, by RFC 9110. (chosen)"""
    if not caller.server.access_token:
        pytest.skip("no access token was given")
    operation = caller.document.operations[operation_id]
    headers = {"Authorization": f"bearer {caller.server.access_token}"}
    answer = caller.call(operation_id, dict.fromkeys(operation.in_path, 2**62), headers=headers, anonymous=True)
    if answer.status == 401:
        raise answer.broken("no 401, as the token is valid")


@pytest.mark.operations("authorize", "create_token")
def test_open_operations_need_no_credential(caller: Caller) -> None:
    """The two operations of OAuth answer without a credential, never with the 401 of the API. (reference)"""
    for operation_id in ("authorize", "create_token"):
        answer = caller.call(operation_id)
        if answer.status != 400:
            raise answer.broken("400 for a request without parameters")
