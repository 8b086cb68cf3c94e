"""Runs a suite against lies, several at once, each with a process for the server and one for the suite."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal, Self

import attrs

from tests.mutants import suites
from tests.mutants.lie import Lie, Teller
from tests.mutants.limits import LIMITED, Limit
from tests.mutants.serving import listen, serve, url_of
from tests.mutants.suites import STAGES, Stage, SuiteName
from tests.mutants.truth import Truth

Verdict = Literal["caught", "caught by time limit", "survived", "error"]

_ENDING_SECONDS = 5.0
_context = multiprocessing.get_context("fork")


@attrs.frozen
class Result:
    """What became of a lie.

    Args:
        told: how many answers of the server were lies, in the last run.
        stage: the stage that decided.
        by: the first test that failed, and what it said.
    """

    lie: Lie
    verdict: Verdict
    by: str
    detail: str
    told: int
    seconds: float
    stage: Stage


@attrs.define
class _Trial:
    """One run of a suite against one server."""

    lie: Lie
    stage: Stage
    folder: Path
    server: BaseProcess
    suite: BaseProcess
    started: float
    deadline: float

    @property
    def log(self) -> Path:
        """The output of the suite."""
        return self.folder / "log"

    def stop(self) -> None:
        """End both processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.suite.pid or 0, signal.SIGKILL)  # With what it has begun, such as a command.
        self.server.terminate()
        for process in (self.suite, self.server):
            process.join(_ENDING_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()


class Runner:
    """Runs a suite against lies. Use it as a context manager: leaving it ends all processes.

    Args:
        suite: which suite.
        jobs: how many lies are tried at once.
        limit: seconds that a narrowed run may take.
        whole_limit: seconds that a run of the whole suite may take; 0 tries nothing with it.
    """

    def __init__(self, suite: SuiteName, *, jobs: int, limit: float, whole_limit: float) -> None:
        self._suite: SuiteName = suite
        self._jobs = jobs
        self._limit, self._whole_limit = limit, whole_limit
        self._running: list[_Trial] = []
        self._folders = contextlib.ExitStack()

    def __enter__(self) -> Self:
        suites.warm_up(self._suite)
        return self

    def __exit__(self, *_: object) -> None:
        for trial in self._running:
            trial.stop()
        self._running.clear()
        self._folders.close()

    def check(self, lies: Iterable[Lie]) -> str | None:
        """Run the suite without a lie, for each behaviour, app and limit that lies are about. Returns what failed.

        It is the whole suite, but for a server that limits requests, for which it is narrowed as it is for the lies.
        """
        for behaviour, client, limited in sorted({(lie.behaviour, lie.client, lie.limited) for lie in lies}):
            start = Limit().start if limited else _honest
            honest = Lie("the truth", "", LIMITED, "", start, behaviour, client, limited)
            result = self._awaited(self._begin(honest, STAGES[self._suite][0] if limited else "whole"))
            if result.verdict != "survived":
                return f"{behaviour}, {client} app: {result.verdict} by {result.by}\n{result.detail}"
        return None

    def run(self, lies: Iterable[Lie], progress: Callable[[Result, int], None]) -> Iterator[Result]:
        """Yield what became of each lie, as it is known. A survivor of a narrowed run is tried with the whole suite."""
        stages = [stage for stage in STAGES[self._suite] if stage != "whole" or self._whole_limit]
        waiting = deque((lie, stages[0]) for lie in lies)
        total = len(waiting)
        while waiting or self._running:
            while waiting and len(self._running) < self._jobs:
                self._running.append(self._begin(*waiting.popleft()))
            for trial in self._ended():
                result = self._judged(trial)
                further = [] if result.lie.limited else stages[stages.index(trial.stage) + 1 :]
                if result.verdict == "survived" and further:
                    waiting.append((result.lie, further[0]))
                else:
                    progress(result, total)
                    yield result

    def _awaited(self, trial: _Trial) -> Result:
        self._running.append(trial)
        while trial in self._running:
            for ended in self._ended():
                return self._judged(ended)
        raise AssertionError("a trial ended unseen")

    def _begin(self, lie: Lie, stage: Stage) -> _Trial:
        folder = Path(self._folders.enter_context(tempfile.TemporaryDirectory(prefix="kit-mutants-")))
        with listen() as listener:
            run = suites.Run(
                url=url_of(listener),
                stage=stage,
                operations=lie.operations,
                behaviour=lie.behaviour,
                client=lie.client,
                limited=lie.limited,
                log=folder / "log",
            )
            server = _context.Process(target=_serve, args=(listener, lie, folder / "report"), daemon=True)
            server.start()
        target = suites.run_contract if self._suite == "contract" else suites.run_schemathesis
        suite = _context.Process(target=_run, args=(target, run))
        suite.start()
        now = time.monotonic()
        limit = self._limit if stage != "whole" else self._whole_limit or 4 * self._limit
        return _Trial(lie, stage, folder, server, suite, now, now + limit)

    def _ended(self) -> list[_Trial]:
        """Wait until a suite has ended or has run for too long, and return all such trials."""
        now = time.monotonic()
        first = min(trial.deadline for trial in self._running)
        wait([trial.suite.sentinel for trial in self._running], max(first - now, 0))
        now = time.monotonic()
        ended = [trial for trial in self._running if not trial.suite.is_alive() or trial.deadline <= now]
        self._running = [trial for trial in self._running if trial not in ended]
        return ended

    def _judged(self, trial: _Trial) -> Result:
        is_late = trial.suite.is_alive()
        trial.stop()
        told, failed = _reported(trial.folder / "report")
        by, _, detail = _read(suites.first_failure(trial.log)).partition("\n")
        verdict: Verdict
        if failed:
            verdict, by, detail = "error", "", failed
        elif is_late:
            verdict = "caught by time limit"
        elif trial.suite.exitcode == 0:
            verdict = "survived"
        elif trial.suite.exitcode == 1 and by:
            verdict = "caught"
        else:
            verdict, detail = "error", detail or _read(trial.log)[-1500:]
        return Result(trial.lie, verdict, by, detail, told, time.monotonic() - trial.started, trial.stage)


def _honest(truth: Truth) -> Teller:
    return truth.ask


def _serve(listener: socket.socket, lie: Lie, report: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Whoever began the run ends the server.
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    serve(listener, lie, report)


def _run(target: Callable[[suites.Run], None], run: suites.Run) -> None:
    os.setsid()  # It ends with all that it begins, and Ctrl-C is for whoever began it.
    target(run)


def _reported(path: Path) -> tuple[int, str]:
    text = _read(path)
    if not text:
        return 0, ""
    report = json.loads(text)
    return int(report["told"]), str(report["failed"])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
