"""The errors of requests (`Refusal`) and of the mock's own set-up (`KitMockError`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from kit_mock.protocol.messages import Reply

MOST_ERRORS = 100
"""The most messages of an answer."""

_LONGEST = 200


class KitMockError(Exception):
    """The mock can't start or continue, such as because of its database, seed or port. The message is one line."""


class UnusedFaultWarning(UserWarning):
    """A test set a fault for a number of requests, and no request met it before the test ended."""


class UnwritableError(KitMockError):
    """A database that can't be written, for example because the disk is full. Nothing was changed, and reads still work."""

    def refusal(self) -> Refusal:
        """Return a 507 with the text of this error."""
        return Refusal(507, (f"Insufficient Storage: kit-mock {self}",))


@attrs.define(eq=False)
class Refusal(Exception):
    """An error that ends a request with a status and Kit's error body, and undoes what the request has done so far.

    `errors` are the messages of `{"errors": [...]}`, `headers` further headers of the response.
    """

    status: int
    errors: tuple[str, ...]
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def __str__(self) -> str:
        return f"{self.status}: {'; '.join(self.errors)}"

    def reply(self) -> Reply:
        """Return the reply with this status, Kit's error body and these headers."""
        return Reply(self.status, {"errors": list(self.errors)}, self.headers)


def not_found() -> Refusal:
    """Return a 404 as Kit words it, for an id or a path that doesn't exist."""
    return Refusal(404, ("Not Found",))


def method_not_allowed(methods: Iterable[str]) -> Refusal:
    """Return a 405 that lists the methods which a path takes, with HEAD where there is GET."""
    methods = set(methods)
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    return Refusal(405, (f"Method Not Allowed: this path takes {allowed}",), {"Allow": allowed})


def first_different(messages: Iterable[str]) -> list[str]:
    """Return the first 100 different messages. An iterator isn't read further."""
    found: dict[str, None] = {}
    for message in messages:
        found[message] = None
        if len(found) == MOST_ERRORS:
            break
    return list(found)


def unprocessable(*errors: str) -> Refusal:
    """Return a 422 with one message for each problem: the first 100 different ones."""
    return Refusal(422, tuple(first_different(errors)))


def shown(text: str) -> str:
    """Return what a user gave as it can stand in an error: in one line, and not too long."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
