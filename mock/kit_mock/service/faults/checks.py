"""What faults must be like, so that each can happen and means something."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from kit_mock.service.faults.fault import Fault

_ROUTE = re.compile(r"(?:(?P<method>[A-Z]+|\*) )?(?P<path>/\S*)")
_LONGEST = 86_400.0
_BODILESS = (204, 205, 304)
_SIDES = ("before", "after")
_DEEPEST = 50


def check(fault: Fault) -> None:
    """Raises ValueError, which names the argument, for a fault that makes no sense."""
    _values(fault)
    _together(fault)


def route(text: str) -> tuple[str | None, str]:
    """The method and the path of a route; None is any method. Raises ValueError for what is no route."""
    match = _ROUTE.fullmatch(text)
    if match is None:
        raise ValueError(f"route must be a method and a path, such as 'GET /v4/tags*', not {text!r}")
    method = match["method"]
    return (None if method == "*" else method), match["path"].rstrip("/") or "/"


def _values(fault: Fault) -> None:
    for name in ("operation", "route", "media_type"):
        value = getattr(fault, name)
        if value is not None and (not isinstance(value, str) or not value.isascii() or not value.isprintable()):
            raise ValueError(f"{name} must be a text in ASCII, not {value!r}")
    if fault.route is not None:
        route(fault.route)
    for name in ("html", "effect", "cut_body", "revoke_token"):
        if not isinstance(getattr(fault, name), bool):
            raise ValueError(f"{name} must be true or false, not {getattr(fault, name)!r}")
    if fault.times is not None and (not _is_integer(fault.times) or fault.times < 1):
        raise ValueError(f"times must be a number from 1, not {fault.times!r}")
    if not _is_integer(fault.seed):
        raise ValueError(f"seed must be an integer, not {fault.seed!r}")
    if not _is_number(fault.probability) or not 0 < fault.probability <= 1:
        raise ValueError(f"probability must be above 0 and at most 1, not {fault.probability!r}")
    for name in ("delay", "slow_body", "lag"):
        value = getattr(fault, name)
        if not _is_number(value) or not 0 <= value <= _LONGEST:
            raise ValueError(f"{name} must be a number of seconds, from 0 to a day, not {value!r}")
    if fault.retry_after is not None and (not _is_integer(fault.retry_after) or not 0 <= fault.retry_after <= _LONGEST):
        raise ValueError(f"retry_after must be a whole number of seconds, from 0 to a day, not {fault.retry_after!r}")
    if fault.status is not None and (not _is_integer(fault.status) or not 200 <= fault.status <= 599):
        raise ValueError(f"status must be from 200 to 599, not {fault.status!r}")
    if fault.reset not in (None, *_SIDES):
        raise ValueError(f"reset must be 'before' or 'after' the effect, not {fault.reset!r}")


def _together(fault: Fault) -> None:
    if fault.operation is not None and fault.route is not None:
        raise ValueError("only one of operation and route can be given")
    if fault.answers + (fault.reset is not None) + fault.revoke_token > 1:
        raise ValueError("status, body and html are one answer: it can't go with reset or revoke_token, nor these two")
    has_body = fault.body is not None or fault.html
    if fault.status is not None and fault.status < 400 and not has_body:
        raise ValueError(f"status {fault.status} is no error, and so needs a body")
    if fault.status in _BODILESS and has_body:
        raise ValueError(f"status {fault.status} has no body")
    if fault.media_type is not None and fault.body is None:
        raise ValueError("media_type is that of a body, which isn't given")
    if fault.retry_after is not None and not fault.answers:
        raise ValueError("retry_after goes with status, body or html")
    if fault.body is not None and not isinstance(fault.body, str | dict | list):
        raise ValueError("body must be a text, or an object or list for JSON")
    _can_be_sent(fault.body)
    if fault.html and not isinstance(fault.body, str | None):
        raise ValueError("the body of a page in html must be a text")
    if fault.effect and not fault.answers:
        raise ValueError("effect goes with status, body or html; for a reset it is reset='after'")
    if (fault.cut_body or fault.slow_body) and fault.reset:
        raise ValueError("a reset leaves no body to be cut or slow")
    if fault.cut_body and fault.slow_body:
        raise ValueError("only one of cut_body and slow_body can be given")
    if fault.lag and (fault.answers or fault.reset == "before" or fault.revoke_token):
        raise ValueError("lag needs a list to be shown, and this fault comes before it")
    if not fault.name:
        raise ValueError("nothing goes wrong: give a status, body, html, reset, cut_body, delay, slow_body, lag, …")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _can_be_sent(body: object) -> None:
    level = [body]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    if level:
        raise ValueError(f"body is nested more than {_DEEPEST} levels deep")
    try:
        msgspec.json.encode(body)
    except (TypeError, ValueError) as error:
        raise ValueError(f"body can't be written as JSON: {error}") from None
