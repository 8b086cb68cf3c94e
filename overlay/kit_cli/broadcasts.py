"""A broadcast made of a Markdown file and options."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from msgspec import Struct

from kit_api.errors import printable
from kit_client import Kit

from .casting import cast_text
from .document import operations
from .markdown import Document
from .moments import NOW, moment
from .status import CommandError, MisuseError

# Made of the file's text and of the tags.
_MADE = ("content", "subscriber_filter")
_MOMENTS = ("send_at", "published_at")
_TAGS = "tags"
# The fields that bring a broadcast to people.
_REACHING = ("send_at", "public")


class Broadcast(Struct, frozen=True, kw_only=True):
    """A broadcast that is to be created."""

    body: dict[str, Any]
    """The body of `create_broadcast`."""
    tags: list[str]
    """Whom it goes to: those with any of these. Everybody, if there are none."""
    is_at_once: bool
    """Whether it goes out now."""

    @property
    def reaches_people(self) -> bool:
        """Whether it is more than a draft that nobody sees."""
        return any(self.body.get(name) for name in _REACHING)

    def question(self) -> str:
        """Return what to ask before it is created."""
        subject = printable(repr(self.body["subject"]), 100)
        whom = f"those tagged {printable(', '.join(self.tags), 200)}" if self.tags else "every subscriber"
        send_at: datetime.datetime | None = self.body.get("send_at")
        if send_at is None:
            return f"Publish {subject} on the web, and send it to nobody?"
        when = "now" if self.is_at_once else f"at {send_at:%Y-%m-%d %H:%M %Z}"
        in_utc = (
            "" if self.is_at_once or not send_at.utcoffset() else f" ({send_at.astimezone(datetime.UTC):%H:%M} UTC)"
        )
        also = " and publish it on the web" if self.body.get("public") else ""
        return f"Send {subject} to {whom} {when}{in_utc}{also}?"


class Account:
    """The account that a broadcast is for. It is asked only what is needed.

    Args:
        make: Makes the client; called at the first use.
    """

    def __init__(self, make: Callable[[], Kit]) -> None:
        self._make = make

    @cached_property
    def kit(self) -> Kit:
        """The client."""
        return self._make()

    @cached_property
    def timezone(self) -> str:
        """The name of its time zone, by `GET /v4/account`."""
        zone: Any = self.kit.account.get().account.timezone
        return str(getattr(zone, "name", "UTC"))

    def tag_ids(self, names: Iterable[str]) -> list[int]:
        """Return the ids of tags, by `GET /v4/tags`. Names match without case, as the service has it.

        Raises:
            CommandError: There is no such tag.
        """
        known = {tag.name.casefold(): tag for tag in self.kit.tags.list()}
        ids: list[int] = []
        for name in names:
            tag = known.get(name.strip().casefold())
            if tag is None:
                alike = get_close_matches(name.casefold(), known, n=3)
                also = "; did you mean " + " or ".join(printable(known[each].name, 80) for each in alike) + "?"
                raise CommandError(f"--tag: the account has no tag {printable(repr(name), 80)}{also if alike else ''}")
            ids.append(tag.id)
        return list(dict.fromkeys(ids))


def compose(document: Document, options: argparse.Namespace, account: Account) -> Broadcast:
    """Make a broadcast of a file and the options that go before its fields.

    Args:
        document: The file.
        options: `file`, `subject`, `preview_text`, `public`, `send_at`, `draft` and `tag`; None where not given.
        account: The account it is for.

    Raises:
        MisuseError: A field is unknown, missing, or not what the document says; or an option contradicts another one.
        CommandError: The account has no such tag.
    """
    known = operations()["create_broadcast"].arguments
    names = [name for name in known if name not in _MADE]
    unknown = [name for name in document.fields if name not in names and name != _TAGS]
    if unknown:
        shown = ", ".join(printable(name, 80) for name in unknown)
        raise MisuseError(f"{options.file}: unknown {shown}; the top of a file has {', '.join((*names, _TAGS))}")
    given = {name: getattr(options, name, None) for name in names}
    texts: dict[str, Any] = {name: document.fields.get(name) for name in names}
    texts |= {name: value for name, value in given.items() if value is not None}
    if options.draft:
        if options.public:
            raise MisuseError("--public: not allowed with --draft, which nobody sees")
        texts |= dict.fromkeys(_REACHING)
    # Said outright, as nobody has shown what the service makes of a broadcast that doesn't say.
    body: dict[str, Any] = {"public": False, "content": document.html}
    for name, value in texts.items():
        if value in (None, ""):
            continue
        if name in _MOMENTS:
            body[name] = moment(name, _text(name, value), lambda: account.timezone)
        else:
            body[name] = value if isinstance(value, bool) else cast_text(name, _text(name, value), known[name].schema)
    if not str(body.get("subject", "")).strip():
        raise MisuseError(f"subject: missing; give --subject, or a line subject: at the top of {options.file}")
    if not document.html.strip():
        raise MisuseError(f"{options.file}: it holds no text to send")
    is_at_once = str(texts["send_at"] or "").strip().lower() == NOW
    _check_future(body.get("send_at"), is_at_once=is_at_once)
    tags = options.tag or _tags(document)
    if tags:
        body["subscriber_filter"] = [{"any": [{"type": "tag", "ids": account.tag_ids(tags)}]}]
    return Broadcast(body=body, tags=tags, is_at_once=is_at_once)


def _tags(document: Document) -> list[str]:
    value = document.fields.get(_TAGS, [])
    if isinstance(value, str):
        return [value] if value else []
    return value


def _text(name: str, value: str | list[str]) -> str:
    if isinstance(value, list):
        raise MisuseError(f"{name}: expected one value, got a list")
    return value


def _check_future(send_at: datetime.datetime | None, *, is_at_once: bool) -> None:
    if send_at is not None and not is_at_once and send_at <= datetime.datetime.now(datetime.UTC):
        raise MisuseError(
            f"send_at: {send_at.isoformat()} is over, and it would be sent at once: give a later moment, or {NOW}"
        )
