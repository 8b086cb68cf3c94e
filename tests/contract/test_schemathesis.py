"""What schemathesis finds: requests of its own making, valid and invalid ones, and chains of them along the links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.caller import ContractError, CredentialName, Server
from tests.contract.conftest import EXAMPLES, NOW, started_mock
from tests.contract.document import Document, Operation
from tests.contract.schemathesis_run import Exchange, Run, run

_SINGLE = "examples,coverage,fuzzing"
_CHAINS = 2
"""How many stateful runs there are. Each ends early, once the server's state makes a draw come out differently."""


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
    seed, examples = _drawn(request.config)
    runs = [
        run(own_server, document, credential, tmp_path, phases=phases, seed=number, examples=examples, operations=limits)
        for phases, number in [(_SINGLE, seed), *(("stateful", seed + number) for number in range(_CHAINS))]
    ]
    for each in runs:
        if not each.passed:
            raise ContractError(each.failures)
    if own_server.control is not None:
        _assert_that_it_reached_everything(runs, chosen)


def _can_be_called(operation: Operation, server: Server, wanted: str | None) -> bool:
    if wanted and operation.id not in {name.strip() for name in wanted.split(",")}:
        return False
    if server.read_only and not operation.is_read:
        return False
    return operation.is_open or server.access_token is not None or operation.takes_key


def _drawn(config: pytest.Config) -> tuple[int, int | None]:
    """Return the seed of a run, and the number of examples if it isn't that of the configuration."""
    return config.getoption("schemathesis_seed", 1), config.getoption("schemathesis_examples", None)


def _assert_that_it_reached_everything(runs: list[Run], operations: list[Operation]) -> None:
    sent = [exchange for each in runs for exchange in each.exchanges()]
    succeeded = {each.operation for each in sent if each.status is not None and each.status < 400}
    chained = {each.operation for each in sent if each.phase == "stateful"}
    for operation in operations:
        label = f"{operation.method} {operation.path}"
        assert label in succeeded, f"{operation.id} never succeeded"
    assert len(chained) > len(operations) * 0.8, "too few operations were reached along links"


def test_the_same_seed_sends_the_same_requests(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Two runs on two mocks send the same requests, but for codes and tokens, which nobody can foretell."""
    if request.config.getoption("base_url", None):
        pytest.skip("it is about this suite, and takes two mocks")
    sent = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        with started_mock("current", EXAMPLES, f"--now={NOW}") as server:
            ended = run(server, Document("current"), "key", folder, phases="examples,fuzzing,stateful", seed=1, examples=3)
        sent.append([_comparable(each) for each in ended.exchanges()])
    assert len(sent[0]) > 500
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
