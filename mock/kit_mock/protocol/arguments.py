"""Checks the types of the arguments of public functions by their annotations."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

_P = ParamSpec("_P")
_R = TypeVar("_R")

_WORDS: dict[Any, str] = {
    NoneType: "None",
    Iterable: "a list",
    Mapping: "a dict",
    bool: "True or False",
    bytes: "bytes",
    float: "a number",
    int: "a whole number",
    os.PathLike: "a path",
    str: "a text",
}


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function check the types of its arguments before it does anything.

    It then raises TypeError, which names the argument and says what was expected, but not what was given: that may be a
    secret. What is annotated as an Iterable may be any but a text, and reaches the function as a tuple.
    """
    parameters = inspect.signature(function).parameters.values()
    names = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    keywords = {each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    hints = functools.cache(lambda: get_type_hints(function))

    @functools.wraps(function)
    def checking(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        known = hints()

        def read(name: str, value: Any) -> Any:
            return _read(name, value, known.get(name, Any))

        # Python itself refuses what is too many, unknown or missing.
        more: Any = (*map(read, names, args), *args[len(names) :])
        named: Any = {name: read(name, value) if name in keywords else value for name, value in kwargs.items()}
        return function(*more, **named)

    return checking


def _read(name: str, value: Any, hint: Any) -> Any:
    """Return an argument, an Iterable as a tuple. Raises TypeError if it isn't of its type."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kind = next((kind for kind in kinds if _fits(value, kind)), None)
    if kind is None:
        words = dict.fromkeys(_said(kind) for kind in kinds)
        raise TypeError(f"{name} must be {' or '.join(words)}, not {type(value).__name__}")
    if get_origin(kind) is Iterable:
        (inner,) = get_args(kind)
        return tuple(_read(f"{name}[{number}]", each, inner) for number, each in enumerate(value))
    return value


def _fits(value: Any, kind: Any) -> bool:
    """Return whether a value is of a type. Which texts a Literal has is for the function itself to say."""
    origin = get_origin(kind) or kind
    if origin is Literal:
        return isinstance(value, tuple({type(choice) for choice in get_args(kind)}))
    if origin in (int, float):
        return isinstance(value, int | origin) and not isinstance(value, bool)
    if origin is Iterable:
        return isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return origin is Any or isinstance(value, origin)


def _said(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    origin = get_origin(kind) or kind
    article = "an" if origin.__name__[0] in "AEIOU" else "a"
    return _WORDS.get(origin, f"{article} {origin.__name__}")
