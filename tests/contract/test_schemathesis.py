"""What schemathesis finds: requests of its own making, valid and invalid ones, and chains of them along the links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.caller import ContractError, CredentialName, Server
from tests.contract.conftest import EXAMPLES, NOW, coverage_of, started_mock
from tests.contract.coverage import Sent
from tests.contract.document import Document, Operation
from tests.contract.schemathesis_run import Exchange, Run, run

_SOME = (
    "authorize",
    "create_token",
    "create_tag",
    "list_tags",
    "tag_subscriber",
)
"""Enough for chains, and quick."""


@pytest.mark.parametrize("credential", ["key", "token"])
def test_answers_are_as_documented(
    own_server: Server, credential: CredentialName, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each answer to a generated request has a documented status and shape, and bad requests are refused. (reference)"""
    if {"key": own_server.api_key, "token": own_server.access_token}[credential] is None:
        pytest.skip(f"no {credential} to call with")
    document = Document(own_server.behaviour)
    wanted = request.config.getoption("operations", None)
    chosen = [each for each in document.operations.values() if _can_be_called(each, own_server, wanted)]
    limits = [each.id for each in chosen] if len(chosen) < len(document.operations) else []
    seed: int = request.config.getoption("schemathesis_seed", 1)
    examples: int | None = request.config.getoption("schemathesis_examples", None)
    ended = run(own_server, document, credential, tmp_path, seed=seed, examples=examples, operations=limits)
    coverage = coverage_of(request.config, own_server.behaviour)
    by_label = {f"{each.method} {each.path}": each for each in chosen}
    for each in ended.exchanges():
        operation = by_label.get(each.operation)
        if operation is not None and each.method == operation.method:
            coverage.saw(Sent(operation, each.status, each.target, each.body))
    if not ended.passed:
        raise ContractError(ended.failures)
    if own_server.control is not None:
        _assert_that_it_reached(chosen, ended)


def _can_be_called(operation: Operation, server: Server, wanted: str | None) -> bool:
    if wanted and operation.id not in {name.strip() for name in wanted.split(",")}:
        return False
    if server.read_only and not operation.is_read:
        return False
    return operation.is_open or server.access_token is not None or operation.takes_key


def _assert_that_it_reached(operations: list[Operation], ended: Run) -> None:
    """Hold that each operation has succeeded, which a server of its own, and the document's examples, make sure of."""
    succeeded = {each.operation for each in ended.exchanges() if each.status is not None and each.status < 400}
    missed = [each.id for each in operations if f"{each.method} {each.path}" not in succeeded]
    assert not missed, f"never a success: {', '.join(missed)}"


@pytest.mark.deep
def test_the_same_seed_sends_the_same_requests(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Two runs on two mocks send the same requests, but for codes and tokens, which nobody can foretell."""
    if request.config.getoption("base_url", None):
        pytest.skip("it is about this suite, and takes two mocks")
    sent = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        with started_mock("current", EXAMPLES, f"--now={NOW}") as server:
            ended = run(server, Document("current"), "key", folder, seed=1, operations=_SOME)
        sent.append([_comparable(each) for each in ended.exchanges()])
    assert len(sent[0]) > 300
    assert sent[0] == sent[1]


def _comparable(exchange: Exchange) -> tuple[str, str, str, bytes, int | None]:
    secret = re.compile(rb"\b(code|refresh_token)=[^&]*")
    return (
        exchange.phase,
        exchange.method,
        exchange.target,
        secret.sub(rb"\1=", exchange.body),
        exchange.status,
    )
