"""The types of options: each function reads a text, or raises ArgumentTypeError."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import datetime

from kit_mock.adapters import cors
from kit_mock.outbox.allowed_hosts import LARGEST_PORT, hosts
from kit_mock.service.authentication import credential_problem
from kit_mock.service.rate_limit import RateLimit
from kit_mock.state.clock import Clock


def secret(text: str) -> str:
    """Return a text that a request can have as its credential."""
    if problem := credential_problem(text):
        raise ArgumentTypeError(f"it {problem}")
    return text


def host(text: str) -> str:
    """Return the name or the address of a host."""
    try:
        hosts([text])
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


def origin(text: str) -> str:
    """Return the origin of web pages, or `*`."""
    try:
        return cors.origin(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def clock(text: str) -> Clock:
    """Return a clock that stands still at an ISO 8601 moment."""
    try:
        return Clock(datetime.fromisoformat(text))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not an ISO 8601 moment with a time zone") from None
    except OverflowError as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None


def rate_limit(text: str) -> RateLimit:
    """Return a number of requests, `kit` or `off`."""
    match text:
        case "kit" | "off":
            return text
        case _ if re.fullmatch(r"[1-9][0-9]{0,8}", text):
            return int(text)
    raise ArgumentTypeError(f"{text!r} is neither a number from 1 nor off")


def seconds(text: str) -> float:
    """Return a number of seconds above 0."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or not float(text):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return float(text)


def count(text: str) -> int:
    """Return a number from 1 to a hundred million."""
    if not text.isdecimal() or not text.isascii() or len(text) > 9 or not 1 <= int(text) <= 100_000_000:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to 100000000")
    return int(text)


def amount(text: str) -> int:
    """Return a whole number from 0."""
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ArgumentTypeError(f"{text!r} is not a number from 0")
    return int(text)


def port(text: str) -> int:
    """Return the number of a port; 0 is any free one."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > LARGEST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port from 0 to {LARGEST_PORT}")
    return int(text)
