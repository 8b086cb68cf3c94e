"""The server under test, and the command-line options of a run.

Without `--base-url`, it is the mock, started as a command of its own, once for each behaviour.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from tests.contract.caller import Caller, ContractError, CredentialName, Server
from tests.contract.coverage import Coverage
from tests.contract.document import BehaviourName, Document
from tests.contract.model.rules import GRADES
from tests.contract.reporting import BROKEN, CoverageReport, print_broken_rules
from tests.contract.world import World

_SEED = Path(__file__).with_name("account.yaml")
EXAMPLES = Path(__file__).with_name("examples.yaml")
NOW = "2026-03-02T09:30:00Z"
_BEHAVIOURS: tuple[BehaviourName, ...] = ("current", "reference")
_DEEP = (("current", "token"), ("reference", "key"))
_SHORT_WINDOW = 4.0
"""Seconds: enough for all that a token may send, on a machine that has other things to do."""
_KEY, _TOKEN = "contract_key", "contract_token"
_REPORT = pytest.StashKey[CoverageReport]()
_documents = {name: Document(name) for name in _BEHAVIOURS}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract", "the server to hold against Kit's contract; credentials come by environment")
    group.addoption("--base-url", help="URL of the server; without it, the mock is started and used")
    group.addoption(
        "--behaviour", choices=_BEHAVIOURS, help="which service it is like: today's, or that of the reference"
    )
    group.addoption("--read-only", action="store_true", help="send GET requests alone")
    group.addoption("--operations", help="ids of operations, separated by commas: leave out tests of others alone")
    group.addoption(
        "--grades",
        help=f"leave out tests of a rule with another grade; of {', '.join(GRADES)}, separated by commas",
    )
    group.addoption("--no-casts", action="store_true", help="values of other types must be refused, not cast")
    group.addoption(
        "--rate-limits",
        metavar="KEY,TOKEN",
        type=_rate_limits,
        help="requests that a key and a token may send in a window: Kit's are 120,600. Without it, limits aren't tried",
    )
    group.addoption(
        "--rate-window", metavar="SECONDS", type=float, default=60.0, help="the window of --rate-limits (60)"
    )
    group.addoption("--timeout", metavar="SECONDS", type=float, default=30.0, help="how long an answer may take (30)")
    group.addoption("--schemathesis-seed", type=int, default=1, help="what schemathesis draws its requests from (1)")
    group.addoption("--schemathesis-examples", type=int, help="how many requests it draws for each operation")
    group.addoption("--model-seed", type=int, default=1, help="what sequences of requests are drawn from (1)")
    group.addoption(
        "--model-examples", type=int, help="how many sequences of requests to draw; one that fails is then shortened"
    )
    group.addoption(
        "--list-lag", type=float, default=0.0, metavar="SECONDS", help="how long lists may lag behind writes (0)"
    )
    group.addoption("--account", type=Path, help="YAML file with what the account holds, such as the mock's seed")


def _rate_limits(text: str) -> dict[CredentialName, int]:
    key, _, token = text.partition(",")
    if not key.isdecimal() or not token.isdecimal() or not int(key) or not int(token):
        raise argparse.ArgumentTypeError("expected two numbers such as 120,600")
    return {"key": int(key), "token": int(token)}


def _option(config: pytest.Config, name: str) -> Any:
    # When all tests are run, this file is read too late to add options.
    return config.getoption(name, None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "operations(*ids): the operations that a test is about; without it, all")
    config.addinivalue_line("markers", "writes: changes the account, so that a run that may only read leaves it out")
    config.addinivalue_line("markers", "behaviour(name): a rule that only one behaviour has")
    for option, known in (("operations", _documents["current"].operations), ("grades", GRADES)):
        if unknown := sorted((_names(config, option) or set()).difference(known)):
            raise pytest.UsageError(f"--{option}: there is no {', '.join(unknown)}")
    config.stash[_REPORT] = CoverageReport(_documents, chosen_operations(config), has_goals=_is_whole(config))
    config.pluginmanager.register(config.stash[_REPORT])


def coverage_of(config: pytest.Config, behaviour: BehaviourName) -> Coverage:
    """Return the coverage of the document by this run."""
    return config.stash[_REPORT].of(behaviour)


def chosen_operations(config: pytest.Config) -> set[str] | None:
    """Return the operations that a run is narrowed to; None for all."""
    return _names(config, "operations")


def _is_whole(config: pytest.Config) -> bool:
    """Return whether the whole suite is run on the mock."""
    narrowing = (
        "base_url",
        "operations",
        "grades",
        "read_only",
        "keyword",
        "markexpr",
        "deselect",
        "lf",
        "collectonly",
        "maxfail",
    )
    folder = Path(__file__).parent
    everything = {Path(argument).resolve() for argument in config.args} == {folder}
    return everything and not any(_option(config, name) for name in narrowing)


def _names(config: pytest.Config, option: str) -> set[str] | None:
    """Return the names that an option lists, or None without it."""
    text: str | None = _option(config, option)
    return {part.strip() for part in text.split(",") if part.strip()} if text else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = _option(metafunc.config, "behaviour")
    names = [chosen or "current"] if _option(metafunc.config, "base_url") else [chosen] if chosen else _BEHAVIOURS
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", names, indirect=True, scope="session")
    if "usual_server" in metafunc.fixturenames:
        metafunc.parametrize("usual_server", names, indirect=True, scope="module")
    for fixture in {"own_server", "limited_server"}.intersection(metafunc.fixturenames):
        metafunc.parametrize(fixture, names, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        # `make test` tries each behaviour with one credential.
        parameters = _parameters(item)
        if (parameters.get("own_server"), parameters.get("credential")) in _DEEP:
            item.add_marker(pytest.mark.deep)
    dropped = [item for item in items if not _is_wanted(item, config)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def grades_of(docstring: str | None) -> set[str]:
    """Return the grades of a test's rules, which stand in brackets at the end of the first line of its docstring."""
    noted = re.search(r"\(([^()]*)\)$", (docstring or "").partition("\n")[0])
    return {grade for grade in GRADES if noted and re.search(rf"\b{grade}\b", noted.group(1))}


def _is_wanted(item: pytest.Item, config: pytest.Config) -> bool:
    if _option(config, "read_only") and item.get_closest_marker("writes"):
        return False
    grades = _names(config, "grades")
    if grades is not None and not grades_of(getattr(item, "obj", None).__doc__) <= grades:
        return False
    chosen = _names(config, "operations")
    about = {name for mark in item.iter_markers("operations") for name in mark.args}
    wanted = about if chosen is None else about & chosen
    # The reference doesn't have all operations.
    if about and wanted.isdisjoint(_documents[_behaviour(item) or "current"].operations):
        return False
    behaviours = {mark.args[0] for mark in item.iter_markers("behaviour")}
    return not behaviours or _parameters(item).get("server") in behaviours


def _behaviour(item: pytest.Item) -> BehaviourName | None:
    """Return the behaviour of the server that a test is about."""
    parameters = _parameters(item)
    names = (parameters.get(name) for name in ("server", "usual_server", "own_server", "limited_server"))
    return next((name for name in names if name is not None), None)


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return getattr(item, "callspec").params if hasattr(item, "callspec") else {}  # noqa: B009


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, ContractError):
        # What the server did is all there is to say: the suite's own frames are of no use.
        rule = getattr(item, "obj", None)
        title = (rule.__doc__ or "").strip().partition("\n")[0] if rule else ""
        notes = getattr(call.excinfo.value, "__notes__", ())
        report.longrepr = "\n".join(text for text in (title, str(call.excinfo.value), *notes) if text)
        report.user_properties.append((BROKEN, call.excinfo.value.rule))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    print_broken_rules(terminalreporter)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    given: str | None = _option(request.config, "base_url")
    if given is None:
        with started_mock(request.param) as made:
            yield made
    else:
        yield _given(request.config, given, request.param)


@pytest.fixture
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server under test, or for the mock a new one in which the document's examples succeed."""
    yield from _own(request, EXAMPLES)


@pytest.fixture(scope="module")
def usual_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server under test, or for the mock a new one for each module, with the usual account."""
    yield from _own(request, _SEED)


def _own(request: pytest.FixtureRequest, seed: Path) -> Iterator[Server]:
    given: str | None = _option(request.config, "base_url")
    if given is None:
        with started_mock(request.param, seed, f"--now={NOW}") as made:
            yield made
    else:
        yield _given(request.config, given, request.param)


@pytest.fixture
def limited_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server under test with its rate limit, or for the mock a new one with a short window."""
    given: str | None = _option(request.config, "base_url")
    if given is None:
        limits: dict[CredentialName, int] = {"key": 120, "token": 600 if request.param == "current" else 120}
        window = ["--rate-limit=kit", f"--rate-window={_SHORT_WINDOW}"]
        with started_mock(request.param, _SEED, *window) as made:
            yield attrs.evolve(made, rate_limits=limits, rate_window=_SHORT_WINDOW)
    else:
        yield _given(request.config, given, request.param)


def _given(config: pytest.Config, url: str, behaviour: BehaviourName) -> Server:
    account: Path | None = _option(config, "account")
    return Server(
        url=url.rstrip("/").removesuffix("/v4"),
        behaviour=behaviour,
        api_key=_environment("KIT_API_KEY"),
        access_token=_environment("KIT_ACCESS_TOKEN"),
        client_id=_environment("KIT_CLIENT_ID"),
        client_secret=_environment("KIT_CLIENT_SECRET"),
        redirect_uri=_environment("KIT_REDIRECT_URI"),
        read_only=bool(_option(config, "read_only")),
        strict=bool(_option(config, "no_casts")),
        rate_limits=_option(config, "rate_limits"),
        rate_window=_option(config, "rate_window"),
        timeout=_option(config, "timeout"),
        account=yaml.safe_load(account.read_text(encoding="utf-8")) if account else None,
    )


def _environment(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


@contextmanager
def started_mock(behaviour: BehaviourName, seed: Path = _SEED, *more: str) -> Iterator[Server]:
    """Run the mock as a command of its own, with the account of a seed and more arguments."""
    command = shutil.which("kit-mock", path=str(Path(sys.executable).parent)) or "kit-mock"
    arguments = ["--strict", "--rate-limit=off", "--auto-approve", f"--behaviour={behaviour}", f"--seed={seed}", *more]
    with subprocess.Popen(
        [command, "serve", *arguments, f"--api-key={_KEY}", f"--access-token={_TOKEN}"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watch = threading.Timer(600, process.kill)
        watch.start()
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, "kit-mock didn't start"
            yield Server(
                url=found.group(),
                behaviour=behaviour,
                api_key=_KEY,
                access_token=_TOKEN,
                client_id="contract_app",
                client_secret="contract_secret",
                redirect_uri="https://app.example.com/callback",
                strict=True,
                account=yaml.safe_load(seed.read_text(encoding="utf-8")),
                control=f"{found.group()}/_mock",
            )
        finally:
            watch.cancel()
            process.terminate()


@pytest.fixture(scope="session")
def document(server: Server) -> Document:
    return _documents[server.behaviour]


@pytest.fixture(scope="session")
def caller(server: Server, document: Document, request: pytest.FixtureRequest) -> Iterator[Caller]:
    made = Caller(server, document, coverage_of(request.config, server.behaviour).saw)
    yield made
    made.close()


@pytest.fixture(scope="session")
def world(caller: Caller, server: Server) -> Iterator[World]:
    # The mock is a new one in each run, and its requests are the same in each; elsewhere, earlier runs left names.
    made = World(caller, "contract" if server.control else f"contract-{secrets.token_hex(4)}")
    yield made
    left = made.clean_up()
    if left and not server.control:
        print(f"\nleft in the account, since the API can't delete it: {len(left)} things, such as {left[0]}")


def operations(kind: Any = None) -> list[Any]:
    """Return a parameter of pytest for each operation that `kind` holds for, marked with its id."""
    return [
        pytest.param(each.id, id=each.id, marks=pytest.mark.operations(each.id))
        for each in _documents["current"].operations.values()
        if kind is None or kind(each)
    ]
