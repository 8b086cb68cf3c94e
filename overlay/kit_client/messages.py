"""What an error says of a response: the messages of the service, found in linear time, the body and URLs, in few words."""

from __future__ import annotations

from typing import Any, TypeAlias, Union

import httpx
import msgspec

from kit_api.errors import printable

Json: TypeAlias = Union[str, float, bool, None, "list[Json]", "dict[str, Json]"]

MOST_MESSAGES = 10
"""The most messages of the service that `str(error)` has; `.errors` has all."""
LONGEST_TEXT = 1_000
"""The most characters of the service's messages in `str(error)`."""
LONGEST_FIELD = 100
"""The most characters of a field's name before a message: the name is repeated for each message of the field."""


def summary(messages: list[str]) -> str:
    """Put messages in one line, and say how many more there are."""
    parts: list[str] = []
    room = LONGEST_TEXT
    for message in messages[:MOST_MESSAGES]:
        if room <= 0:
            break
        parts.append(printable(message, room))
        room -= len(parts[-1])
    more = len(messages) - len(parts)
    return "; ".join(parts) + (f"; and {more:,} more" if more else "")


def read_messages(content: bytes) -> list[str]:
    """Read the messages of a body: `{"errors": [...]}`, Rails' `{"errors": {field: [...]}}`, `message`, and OAuth's own."""
    try:
        body: dict[str, Json] = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    # OAuth's shape (RFC 6749, section 5.2) comes from the token request.
    names = ("errors", "error", "error_description", "message")
    # What is left to read, the next one last: a value, and the field that it is about.
    left: list[tuple[str, Json]] = [("", body.get(name)) for name in reversed(names)]
    messages: list[str] = []
    while left:
        field, item = left.pop()
        if isinstance(item, str):
            messages.append(f"{field}: {item}" if field else item)
        elif isinstance(item, list):
            # Sequences have been seen to answer with lists of lists.
            left.extend((field, inner) for inner in reversed(item))
        elif isinstance(item, dict):
            left.extend(
                (field if name in names else f"{field}.{name}".strip(".")[:LONGEST_FIELD], inner)
                for name, inner in reversed(item.items())
            )
    return messages


def what_came(response: httpx.Response) -> str:
    """Tell a body in a few words: short plain text as it is, anything else by its type and size."""
    content = response.content
    if not content:
        return "an empty body"
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0].strip()
    # Not as the charset says: Python has codecs that raise, or that take their time.
    text = content.decode("utf-8", "replace").strip() if len(content) <= 80 else ""
    if kind == "text/plain" and text.isprintable() and text:
        return text
    return f"{len(content)} bytes of {printable(kind, 100)}"


def place(url: httpx.URL) -> str:
    """Tell a URL without what may be private in it: user, password and query."""
    path = url.raw_path.partition(b"?")[0]
    return printable(f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}")


def redirect(response: httpx.Response) -> str | None:
    """Say where an answer leads; None if it leads nowhere."""
    if not response.has_redirect_location:
        return None
    try:
        url = response.request.url.join(response.headers["Location"])
    except (httpx.InvalidURL, ValueError):
        return "redirects to something that is no URL"
    return f"redirects to {place(url)}, which is not followed"
