"""Rules of single values that several resources share: addresses and required texts."""

from __future__ import annotations

import re
from typing import Any

from jsonschema_rs import Draft202012Validator as Validator

from kit_mock.protocol.errors import unprocessable
from kit_mock.protocol.validation_messages import human

EMAIL_INVALID = "Email address is invalid"

# The format of JSON Schema, by which responses are validated too. The shape excludes addresses that mail services refuse.
_EMAIL_FORMAT = Validator({"type": "string", "format": "email"}, validate_formats=True)
_EMAIL_SHAPE = re.compile(r'[^@\s"]+@[^@\s\[\]]+\.[^@\s.\[\]]+')


def email_address(value: Any) -> str | None:
    """Return an email address without surrounding white space, or None if the value isn't one."""
    if not isinstance(value, str):
        return None
    value = value.strip()
    try:
        return value if _EMAIL_SHAPE.fullmatch(value) and _EMAIL_FORMAT.is_valid(value) else None
    except UnicodeEncodeError:  # Half of a surrogate pair.
        return None


def whole_number(value: Any) -> int | None:
    """Return the whole number that a value is, or None. As in JSON Schema, 5.0 is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
        return None
    return int(value)


def is_blank(value: Any) -> bool:
    """Return whether a value is None or a text of white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def text_problem(value: Any, name: str) -> str | None:
    """Return what is wrong with a required text, as a sentence, or None."""
    if is_blank(value):
        return f"{human(name)} can't be blank"
    return None if isinstance(value, str) else f"{human(name)} must be a string"


def required_text(value: Any, name: str) -> str:
    """Return a text without surrounding white space. Raises Refusal 422 if it is blank or no text."""
    if problem := text_problem(value, name):
        raise unprocessable(problem)
    text: str = value.strip()
    return text
