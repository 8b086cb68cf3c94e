"""Reading an account through every operation that only reads, and comparing the answers with the document."""

from __future__ import annotations

import datetime
import email.utils
import time
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from kit_api.types import Drift, Response
from kit_client import (
    APIConnectionError,
    AuthenticationError,
    Kit,
    KitError,
    OAuthRequiredError,
    PermissionDeniedError,
)

from .document import Described, operations

# Enough to meet most shapes of an item, and small.
_PER_PAGE = 25
# What Drift says of keys that it doesn't know. They are kept, and nothing breaks of them.
_NEW = "not in the document"


class _WithId(Struct):
    """An item of a list, of which the id matters."""

    id: int


Verdict = Literal["ok", "new fields", "differs", "not allowed", "failed", "not tried"]


class Finding(Struct):
    """What came of one operation."""

    operation: str
    route: str
    verdict: Verdict
    status_code: int | None = None
    milliseconds: int | None = None
    differences: list[str] = []
    remark: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether programs that use the operation may break."""
        return self.verdict in ("differs", "failed")


class Checkup:
    """Reads through a client. Nothing is changed: only GET is sent.

    Attributes:
        readable: The operations that are read.
        clock_skew: Seconds that the service's clock is ahead of this machine's, as its last answer says; None if none said.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        gets = [each for each in operations().values() if each.method == "GET"]
        # Those with an id in their path need one from a list.
        self.readable = sorted(gets, key=lambda each: "{" in each.path)
        self.clock_skew: float | None = None
        self._ids: dict[str, int] = {}
        self._read_paths: set[str] = set()

    def findings(self) -> Iterator[Finding]:
        """Yield what came of each operation, in the order of `readable`.

        If the service can't be reached or refuses the credentials at the first one, the rest isn't tried.
        """
        trouble: str | None = None
        for number, operation in enumerate(self.readable):
            if trouble is not None:
                yield self._finding(operation, "not tried", remark=trouble)
                continue
            try:
                yield self._read(operation)
            except (APIConnectionError, AuthenticationError) as error:
                yield self._finding(operation, "failed", error)
                if number == 0:
                    trouble = "as the first one failed"
            except PermissionDeniedError as error:
                # An answer that the document has, such as where a plan doesn't include something.
                yield self._finding(operation, "not allowed", error)
            except OAuthRequiredError:
                yield self._finding(operation, "not tried", remark="takes OAuth only")
            except KitError as error:
                yield self._finding(operation, "failed", error)

    def _read(self, operation: Described) -> Finding:
        arguments: dict[str, Any] = {"per_page": _PER_PAGE} if "per_page" in operation.arguments else {}
        for argument in operation.in_place("path"):
            collection = operation.path.partition("/{")[0]
            if collection not in self._ids:
                return self._finding(operation, "not tried", remark=self._without_id(collection))
            arguments[argument.name] = self._ids[collection]
        began = time.monotonic()
        response: Response[Any] = operation.module().sync_detailed(client=self._kit, **arguments)
        took = time.monotonic() - began
        self._note_clock(response)
        self._note_id(operation.path, response.content)
        mine = [drift for drift in self._kit.drift if drift.operation == operation.name]
        verdict: Verdict = "ok"
        if mine:
            verdict = "new fields" if all(drift.problem == _NEW for drift in mine) else "differs"
        made = self._finding(operation, verdict)
        made.status_code, made.milliseconds = response.status_code, round(took * 1000)
        made.differences = [_told(drift) for drift in mine]
        return made

    def _without_id(self, collection: str) -> str:
        return f"{collection} {'is empty' if collection in self._read_paths else 'could not be read'}"

    def _finding(
        self, operation: Described, verdict: Verdict, error: KitError | None = None, remark: str | None = None
    ) -> Finding:
        return Finding(
            operation.name,
            f"{operation.method} {operation.path}",
            verdict,
            status_code=getattr(error, "status_code", None),
            remark=remark if error is None else str(error),
        )

    def _note_clock(self, response: Response[Any]) -> None:
        try:
            moment = email.utils.parsedate_to_datetime(response.headers["Date"])
        except (KeyError, TypeError, ValueError):
            return
        now = datetime.datetime.now(datetime.UTC)
        # The header has whole seconds.
        self.clock_skew = round((moment.astimezone(datetime.UTC) - now).total_seconds() + 0.5, 1)

    def _note_id(self, path: str, content: bytes) -> None:
        """Remember the first item of a list, for the operations that read one."""
        self._read_paths.add(path)
        try:
            parts = msgspec.json.decode(content, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeError):
            return
        for part in parts.values():
            try:
                self._ids[path] = msgspec.convert(part, list[_WithId])[0].id
            except (msgspec.ValidationError, IndexError):
                continue


def _told(drift: Drift) -> str:
    return f"{drift.path or 'the body'}: {drift.came} came ({drift.problem})"
