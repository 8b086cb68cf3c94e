"""The suites that lies are tried on. Each runs in a process that is forked after the imports."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from tests.mutants.lie import ClientName
from tests.mutants.limits import KEY_LIMIT, TOKEN_LIMIT, WINDOW
from tests.mutants.oauth_flow import CLIENTS, REDIRECT
from tests.mutants.truth import ACCOUNT, KEY, TOKEN

SuiteName = Literal["contract", "schemathesis"]
ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "generated" / "kit_api" / "openapi.json"

Stage = Literal["rules", "generated", "whole"]
STAGES: Mapping[SuiteName, tuple[Stage, ...]] = {
    "contract": ("rules", "generated", "whole"),
    "schemathesis": ("generated", "whole"),
}
"""How a lie is tried, the quickest first: with the tests of its operations that hold rules, with what is generated for
them, and with the suite as a whole. A lie that is caught is not tried further."""

_GENERATED = "tests/contract/test_schemathesis.py"
_PASSED, _FAILED, _NOTHING_RUN = 0, 1, 5
_USAGE = 2


@attrs.frozen
class Run:
    """What a suite is to be run with."""

    url: str
    stage: Stage
    operations: tuple[str, ...]
    """Those to narrow the suite to, unless the stage is the whole."""
    behaviour: str
    client: ClientName
    limited: bool
    """Whether the server limits requests, and the suite is told how."""
    log: Path
    """Where the output goes."""


def environment(client: ClientName) -> Mapping[str, str]:
    """Return the environment that tells a suite the credentials."""
    id_, secret = CLIENTS[client]
    return {
        "KIT_API_KEY": KEY,
        "KIT_ACCESS_TOKEN": TOKEN,
        "KIT_CLIENT_ID": id_,
        "KIT_CLIENT_SECRET": secret or "",
        "KIT_REDIRECT_URI": REDIRECT,
    }


def warm_up(suite: SuiteName) -> None:
    """Import what a run needs, so that forked processes find it there: for the contract suite, by collecting it."""
    import uvicorn.loops.auto
    import uvicorn.protocols.http.auto  # noqa: F401

    if suite == "schemathesis":
        import schemathesis.cli  # noqa: F401
    else:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(ROOT):
            pytest.main([*_arguments("http://127.0.0.1:9", "current"), "--collect-only", "tests/contract"])
    gc.collect()
    gc.freeze()  # What stays untouched is shared with the processes that are forked.


def _arguments(url: str, behaviour: str) -> list[str]:
    return [
        *(
            "-x",
            "--no-header",
            "--tb=native",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "no:unraisableexception",
        ),
        # Nothing is rewritten, as most of a short run would go by with that.
        *("--assert=plain", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
        *("--base-url", url, "--account", str(ACCOUNT), "--no-casts", "--behaviour", behaviour),
    ]


class _FirstFailure:
    """A pytest plugin that writes the first failure of a run into a file at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the id of a test that failed; `setup` and `teardown` are told apart."""
        if report.failed and not self._seen:
            self._seen = True
            text = "\n".join(line for line in str(report.longrepr).splitlines() if line.strip())[-600:]
            when = "" if report.when == "call" else f" ({report.when})"
            self._path.write_text(f"{report.nodeid}{when}\n{text}", encoding="utf-8")


def run_contract(run: Run) -> None:
    """Run the contract suite and end the process with its exit status."""
    arguments = _arguments(run.url, run.behaviour)
    if run.limited:
        arguments += ["--rate-limits", f"{KEY_LIMIT},{TOKEN_LIMIT}", "--rate-window", str(WINDOW)]
    match run.stage:
        case "rules":
            arguments += ["tests/contract", f"--ignore={_GENERATED}"]
        case "generated":
            arguments += [_GENERATED]
        case "whole":
            arguments += ["tests/contract"]
    if run.stage != "whole":
        arguments += ["--operations", ",".join(run.operations)]
    with _prepared(run):
        status = pytest.main(arguments, plugins=[_FirstFailure(first_failure(run.log))])
    os._exit(_PASSED if status == _NOTHING_RUN else int(status))


def run_schemathesis(run: Run) -> None:
    """Run schemathesis' own command and end the process with its exit status."""
    import schemathesis.cli

    config = ROOT / "schemathesis.toml"
    arguments = ["--config-file", str(config)] if config.exists() else []
    arguments += ["run", str(DOCUMENT), "--url", run.url, "--no-color", "--max-failures", "1"]
    if not config.exists():
        arguments += ["--header", f"Authorization: Bearer {TOKEN}"]
    for operation in run.operations if run.stage != "whole" else ():
        arguments += ["--include-operation-id", operation]
    with _prepared(run):
        command: Any = schemathesis.cli.schemathesis
        try:
            command.main(arguments, prog_name="st", standalone_mode=True)
            status: object = 0
        except SystemExit as end:
            status = end.code
        sys.stdout.flush()
    code = status if isinstance(status, int) else _USAGE
    if code == _FAILED:
        first_failure(run.log).write_text(_summary(run.log), encoding="utf-8")
    os._exit(code)


def _summary(log: Path) -> str:
    """Return the operation and the check of the first failure that schemathesis printed."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    title = next((line.strip("_ ") for line in lines if line.startswith("___")), "")
    check = next((line for line in lines if line.startswith("- ")), "")
    return f"{title} {check}".strip()


def first_failure(log: Path) -> Path:
    """Return the file that a run writes its first failure into."""
    return log.with_suffix(".failure")


@contextlib.contextmanager
def _prepared(run: Run) -> Iterator[None]:
    """Set the directory, the environment and the output of the process."""
    os.chdir(ROOT)
    os.environ.update(environment(run.client))
    with run.log.open("w", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        yield
        sys.stdout.flush()
