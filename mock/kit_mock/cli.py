"""The command `kit-mock`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kit_mock import coverage
from kit_mock.document import load
from kit_mock.mock import ACCESS_TOKEN, API_KEY, KitMock
from kit_mock.problems import KitMockError
from kit_mock.version import __version__

_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 2 with one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "coverage":
            print(*coverage.report(load(options.document)), sep="\n")
        else:
            _serve(options)
    except KitMockError as error:
        print(f"kit-mock: {error}", file=sys.stderr)
        return _UNUSABLE
    except KeyboardInterrupt:
        pass  # Ctrl-C before the server took over: ending is what was asked for.
    return 0


def _serve(options: argparse.Namespace) -> None:
    from kit_mock.server import listen, serve, url_of  # Only here: the other commands need no server.

    with (
        listen(options.host, options.port) as listener,
        KitMock(
            api_key=options.api_key,
            access_token=options.access_token,
            db=options.db,
            document=options.document,
        ) as mock,
    ):
        serve(mock.asgi, listener, lambda: print(f"kit-mock listening on {url_of(listener)}", flush=True))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kit-mock", description="A stateful mock of Kit's API v4.")
    parser.add_argument("--version", action="version", version=f"kit-mock {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve", help="serve the mock until Ctrl-C", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--port", type=_port, default=0, help="port to listen on; 0 takes a free one")
    serve.add_argument(
        "--db", type=Path, metavar="FILE", help="file to keep the state in; without it, state is in memory"
    )
    serve.add_argument("--api-key", type=_secret, default=API_KEY, metavar="KEY", help="the API key that is accepted")
    serve.add_argument(
        "--access-token", type=_secret, default=ACCESS_TOKEN, metavar="TOKEN", help="the access token that is accepted"
    )
    covered = commands.add_parser("coverage", help="list which operations are implemented")
    for command in (serve, covered):
        command.add_argument(
            "--document", type=Path, metavar="FILE", help="OpenAPI document in JSON, instead of kit_api's own"
        )
    return parser


def _secret(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it must not be empty")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)
