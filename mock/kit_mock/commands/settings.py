"""Options that an environment variable can set too, named for the flag."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from kit_mock.commands import output
from kit_mock.protocol.errors import shown
from kit_mock.protocol.suggestions import did_you_mean

PREFIX = "KIT_MOCK_"
RULE = (
    f"Each option also has an environment variable, named after its flag: {PREFIX}RATE_LIMIT for --rate-limit. A flag"
    " overrides its variable. In a variable, separate the values of an option that can be given several times by commas,"
    " and write true or false for an option without a value."
)
"""The description of the variables in the help of a command."""

_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def variable(flag: str) -> str:
    """Return the name of the environment variable for a flag."""
    return PREFIX + flag.removeprefix("--").replace("-", "_").upper()


@attrs.frozen
class _Option:
    flag: str
    dest: str
    default: Any
    read: Callable[[str], Any]
    """Reads the text of a variable. Raises ArgumentTypeError."""


class Settings:
    """The options of one command, in the order of its help."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser
        self._options: list[_Option] = []

    def value(
        self,
        flag: str,
        about: str,
        *,
        type: Callable[[str], Any] = str,  # noqa: A002  (what argparse calls it)
        default: Any = None,
        choices: Iterable[str] | None = None,
        metavar: str | None = None,
    ) -> None:
        """Add an option that has one value."""
        known = None if choices is None else list(choices)
        shown = about if default is None else f"{about} (default: {default})"
        self._add(
            flag, default, lambda text: _one(text, type, known), help=shown, type=type, choices=known, metavar=metavar
        )

    def values(self, flag: str, about: str, *, type: Callable[[str], Any], metavar: str) -> None:  # noqa: A002  # as argparse calls it
        """Add an option that can be given several times."""
        shown = f"{about}; can be given several times"
        self._add(flag, [], lambda text: _several(text, type), action="append", help=shown, type=type, metavar=metavar)

    def switch(self, flag: str, about: str) -> None:
        """Add an option without a value."""
        self._add(flag, False, _switch, action="store_true", help=about)

    def _add(self, flag: str, default: Any, read: Callable[[str], Any], **arguments: Any) -> None:
        # No default for argparse, so that `complete` can tell which options no flag has set.
        action = self._parser.add_argument(flag, default=argparse.SUPPRESS, **arguments)
        self._options.append(_Option(flag, action.dest, default, read))

    def complete(self, given: argparse.Namespace, environment: Mapping[str, str]) -> None:
        """Set the options that no flag has set, from the environment or else to their defaults.

        A blank variable counts as none. One whose name is close to that of another brings a line on standard error. Ends the
        program if one can't be used, as argparse does for a flag.
        """
        self._tell_misspelt(environment)
        for option in self._options:
            if option.dest in given:
                continue
            value, name = option.default, variable(option.flag)
            text = environment.get(name, "").strip()
            # Kubernetes sets KIT_MOCK_PORT=tcp://… in each pod beside a service with the name `kit-mock`.
            if text and not text.startswith("tcp://"):
                try:
                    value = option.read(text)
                except argparse.ArgumentTypeError as error:
                    self._parser.error(f"environment variable {name}: {error}")
            setattr(given, option.dest, value)

    def _tell_misspelt(self, environment: Mapping[str, str]) -> None:
        # Only close ones: Kubernetes sets many more, such as KIT_MOCK_SERVICE_HOST.
        known = [variable(option.flag).removeprefix(PREFIX) for option in self._options]
        for name in environment:
            end = name.removeprefix(PREFIX)
            if end not in (name, *known) and (hint := did_you_mean(end, known)):
                output.tell(f"{shown(name)} sets nothing{hint.replace('mean ', f'mean {PREFIX}')}")


def _one(text: str, type: Callable[[str], Any], choices: list[str] | None) -> Any:  # noqa: A002  # as argparse calls it
    value = type(text)
    if choices is not None and value not in choices:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(choices)}")
    return value


def _several(text: str, type: Callable[[str], Any]) -> list[Any]:  # noqa: A002  # as argparse calls it
    return [type(part.strip()) for part in text.split(",") if part.strip()]


def _switch(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return _WORDS[text.lower()]
