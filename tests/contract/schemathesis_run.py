"""Runs the command of schemathesis against a server, and reads its report."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from tests.contract.caller import CredentialName, Server
from tests.contract.document import Document

ROOT = Path(__file__).parents[2]
_KEY_SCHEME = "apiKey"
_FINISHED = "ScenarioFinished"
_NONE = "none"


@attrs.frozen
class Exchange:
    """A request of a run, what it was made by, and the status that came."""

    phase: str
    operation: str
    """Its method and the path of the document, such as `GET /v4/tags`."""
    method: str
    target: str
    """The path and the query."""
    body: bytes = attrs.field(repr=False)
    link: str | None
    """The link of the document that the request follows."""
    status: int | None


@attrs.frozen
class Run:
    """A run that has ended: whether all checks passed, and what it printed."""

    passed: bool
    output: str = attrs.field(repr=False)
    report: Path

    def exchanges(self) -> Iterator[Exchange]:
        """Yield the requests in their order, without those that check authentication and other methods."""
        with self.report.open(encoding="utf-8") as lines:
            for line in lines:
                scenario = json.loads(line).get(_FINISHED)
                if scenario is not None:
                    yield from _exchanges(scenario["phase"], scenario["recorder"])

    @property
    def failures(self) -> str:
        """The failures, each with its request as a command line of curl."""
        begin = max(self.output.find("= ERRORS ="), 0) or max(self.output.find("= FAILURES ="), 0)
        return self.output[begin:].replace("[Filtered]", "$KIT_CREDENTIAL")


def _exchanges(phase: str, recorder: dict[str, Any]) -> Iterator[Exchange]:
    interactions = recorder.get("interactions", {})
    for id_, case in recorder.get("cases", {}).items():
        if id_ not in interactions:
            continue
        request, response = interactions[id_]["request"], interactions[id_].get("response")
        url = urlsplit(request["uri"])
        yield Exchange(
            phase=phase,
            operation=f"{case['value']['method']} {case['value']['path']}",
            method=request["method"],
            target=f"{url.path}?{url.query}" if url.query else url.path,
            body=base64.b64decode((request.get("body") or {}).get("$base64", "")),
            link=(case.get("transition") or {}).get("id"),
            status=response["status_code"] if response else None,
        )


def run(
    server: Server,
    document: Document,
    credential: CredentialName,
    folder: Path,
    *,
    seed: int,
    phases: str = "examples,coverage,fuzzing,stateful",
    examples: int | None = None,
    operations: Collection[str] = (),
) -> Run:
    """Run schemathesis with the project's configuration; only `operations`, if there are any.

    Operations that take both credentials get the one of the kind `credential`.
    """
    described = folder / f"openapi-{credential}.json"
    described.write_text(json.dumps(_with(document.raw, credential)), encoding="utf-8")
    report = folder / f"{credential}-{seed}.ndjson"
    command = [str(Path(sys.executable).with_name("st")), "--no-color", "run", str(described), "--url", server.url]
    if operations and not _are_linked(document, operations):
        # It is an error for schemathesis if no chain can be made.
        phases = phases.removesuffix(",stateful")
    command += ["--phases", phases, "--seed", str(seed), "--report", "ndjson", "--report-ndjson-path", str(report)]
    command += ["--warnings", "off"]
    command += [f"--max-examples={examples}"] if examples else []
    command += [f"--include-operation-id={id_}" for id_ in operations]
    if not server.strict:
        # A server that casts, as Kit's does, takes values of another type.
        command += ["--exclude-checks", "negative_data_rejection,bulk_failures"]
    if server.read_only and server.control is None:
        # An account of Kit's takes 120 requests a minute with a key.
        command += ["--rate-limit", "100/m"]
    credentials = {"KIT_API_KEY": server.api_key or _NONE, "KIT_ACCESS_TOKEN": server.access_token or _NONE}
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **credentials}, capture_output=True, text=True, check=False
    )
    return Run(ended.returncode == 0, ended.stdout + ended.stderr, report)


def _are_linked(document: Document, operations: Collection[str]) -> bool:
    """Whether an answer of one of the operations has a link to one of them."""
    for item in document.raw["paths"].values():
        for raw in item.values():
            if isinstance(raw, dict) and raw.get("operationId") in operations:
                answers = (document.resolve(each) for each in raw["responses"].values())
                links = (document.resolve(link) for each in answers for link in each.get("links", {}).values())
                if any(link.get("operationId") in operations for link in links):
                    return True
    return False


def _with(document: dict[str, Any], credential: CredentialName) -> dict[str, Any]:
    """Return the document with one kind of credential for each operation: the other one, if it doesn't take this."""
    if credential == "key":
        return document  # It is the first that is documented, and the first is what schemathesis takes.
    paths = {
        path: {method: _without_key(operation) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _without_key(operation: dict[str, Any]) -> dict[str, Any]:
    return {**operation, "security": [way for way in operation["security"] if _KEY_SCHEME not in way]}
