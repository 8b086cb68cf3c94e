"""Rules for single values that several resources share."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

from jsonschema_rs import Draft202012Validator as Validator

from kit_mock.protocol.errors import unprocessable
from kit_mock.protocol.validation_messages import human

EMAIL_INVALID = "Email address is invalid"

# The format of JSON Schema, which responses are validated by too, less what no mail service takes.
_EMAIL_FORMAT = Validator({"type": "string", "format": "email"}, validate_formats=True)
_EMAIL_SHAPE = re.compile(r'[^@\s"]+@[^@\s\[\]]+\.[^@\s.\[\]]+')
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def email_address(value: Any) -> str | None:
    """The address without white space around it, or None if the value isn't an address."""
    if not isinstance(value, str):
        return None
    value = value.strip()
    try:
        return value if _EMAIL_SHAPE.fullmatch(value) and _EMAIL_FORMAT.is_valid(value) else None
    except UnicodeEncodeError:  # Half of a surrogate pair.
        return None


def text_problem(value: Any, name: str) -> str | None:
    """What is wrong with a text that must be there, in a sentence, or None."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return f"{human(name)} can't be blank"
    return None if isinstance(value, str) else f"{human(name)} must be a string"


def required_text(value: Any, name: str) -> str:
    """The text without white space around it. Raises Refusal 422 if it is blank or no text at all."""
    if problem := text_problem(value, name):
        raise unprocessable(problem)
    text: str = value.strip()
    return text


def day(text: str) -> date | None:
    """A date as `YYYY-MM-DD` and nothing else, or None."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def moment(text: str, name: str, *, up: bool = False) -> int:
    """A date filter in whole seconds since 1970, rounded down or up: a day stands for its midnight in UTC, a time needs
    a zone.

    Raises Refusal 422.
    """
    try:
        if _DAY.fullmatch(text) or _MOMENT.fullmatch(text):
            found = datetime.fromisoformat(text)
            seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
            return math.ceil(seconds) if up else math.floor(seconds)
    except (ValueError, OverflowError):
        pass  # A thirteenth month; said below.
    raise unprocessable(f"{human(name)} is incorrectly formatted. Use YYYY-MM-DD.")
