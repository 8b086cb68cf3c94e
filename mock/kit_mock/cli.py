"""The command `kit-mock`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from kit_mock import behaviours, coverage
from kit_mock.document import load
from kit_mock.limits import RateLimit
from kit_mock.mock import ACCESS_TOKEN, API_KEY, KitMock
from kit_mock.problems import KitMockError
from kit_mock.version import __version__

_UNUSABLE = 2
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 2 with one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "coverage":
            print(*coverage.report(load(options.document)), sep="\n")
        elif options.command == "behaviours":
            print(*behaviours.report(), sep="\n")
        elif options.command == "seed":
            return _seed(options)
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
            seed=options.seed,
            document=options.document,
            rate_limit=options.rate_limit,
            behaviour=options.behaviour,
            auto_approve=options.auto_approve,
        ) as mock,
    ):
        serve(mock.asgi, listener, lambda: print(f"kit-mock listening on {url_of(listener)}", flush=True))


def _seed(options: argparse.Namespace) -> int:
    from kit_mock import seeds_large  # Only here: the other commands need none of it.

    try:
        seeds_large.make(options.db, options.subscribers, seeds_large.Progress(sys.stderr))
    except KeyboardInterrupt:
        print(f"kit-mock: stopped, and {options.db} was not made", file=sys.stderr)
        return _INTERRUPTED
    return 0


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
    serve.add_argument(
        "--seed", type=Path, metavar="FILE", help="YAML or JSON with what a new database holds from the start"
    )
    serve.add_argument("--api-key", type=_secret, default=API_KEY, metavar="KEY", help="the API key that is accepted")
    serve.add_argument(
        "--access-token", type=_secret, default=ACCESS_TOKEN, metavar="TOKEN", help="the access token that is accepted"
    )
    serve.add_argument(
        "--rate-limit",
        type=_rate_limit,
        default="kit",
        metavar="N|off",
        help="requests in any 60 seconds for each credential, or off; kit is Kit's own, 120 with a key",
    )
    serve.add_argument(
        "--behaviour",
        choices=list(behaviours.BEHAVIOURS),
        default="reference",
        help="whether to behave as Kit's reference says or as the service does today; see `kit-mock behaviours`",
    )
    serve.add_argument("--auto-approve", action="store_true", help="let OAuth redirect at once, without asking")
    commands.add_parser("behaviours", help="list where Kit's reference and the service of today differ")
    seed = commands.add_parser("seed", help="make a file with a large account, for `serve --db`")
    seed.add_argument("--subscribers", type=_count, required=True, metavar="N", help="how many subscribers it has")
    seed.add_argument("--db", type=Path, required=True, metavar="FILE", help="the file, which must not exist yet")
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


def _rate_limit(text: str) -> RateLimit:
    match text:
        case "kit" | "off":
            return text
        case _ if re.fullmatch(r"[1-9][0-9]{0,8}", text):
            return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 1 nor off")


def _count(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text[:12]) <= 100_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000000")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)
