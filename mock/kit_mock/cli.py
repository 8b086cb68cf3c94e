"""The command `kit-mock`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from kit_mock.mock import ACCESS_TOKEN, API_KEY, BULK_QUEUE_BYTES, KitMock
from kit_mock.model import result_order
from kit_mock.outbox.allowed_hosts import hosts
from kit_mock.protocol.errors import KitMockError
from kit_mock.rules import behaviours
from kit_mock.service.rate_limit import WINDOW, RateLimit
from kit_mock.state.clock import Clock
from kit_mock.version import version

_GAPS = 1
_UNUSABLE = 2
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 2 with one line on standard error; 1 for gaps in `coverage`."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "coverage":
            return _coverage(options)
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
    except BrokenPipeError:
        # Whoever reads has seen enough, such as `head`. Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _serve(options: argparse.Namespace) -> None:
    from kit_mock.adapters.server import listen, serve, url_of  # Only here: the other commands need no server.

    with (
        listen(options.host, options.port) as listener,
        KitMock(
            api_key=options.api_key,
            access_token=options.access_token,
            db=options.db,
            seed=options.seed,
            clock=options.now,
            document=options.document,
            rate_limit=options.rate_limit,
            rate_window=options.rate_window,
            behaviour=options.behaviour,
            strict=options.strict,
            auto_approve=options.auto_approve,
            subscriber_limit=options.subscriber_limit,
            bulk_queue_bytes=options.bulk_queue_bytes,
            bulk_order=options.bulk_order,
            allow_deliveries=options.allow_deliveries,
            control=not options.no_control,
        ) as mock,
    ):
        mock.asgi.host = options.host
        # The URL comes last: scripts cut it off there.
        ready = f"kit-mock (behaviour: {options.behaviour}) listening on {url_of(listener)}"
        serve(mock.asgi, listener, lambda: print(ready, flush=True))


def _coverage(options: argparse.Namespace) -> int:
    # Only here: the other commands need none of it.
    from kit_mock.protocol.document import load
    from kit_mock.status_coverage import measure
    from kit_mock.status_coverage.response_fields import ResponseFields

    if options.how is not None:
        print(*measure.how(options.how, options.document), sep="\n")
        return 0
    covered, fields = measure.Tally(), ResponseFields(load(options.document).raw)
    for line in covered.lines(measure.measure_all(options.document, fields), fields):
        print(line, flush=True)
    return 0 if covered.is_complete else _GAPS


def _seed(options: argparse.Namespace) -> int:
    from kit_mock.seeds import large  # Only here: the other commands need none of it.

    try:
        large.make(options.db, options.subscribers, large.Progress(sys.stderr))
    except KeyboardInterrupt:
        print(f"kit-mock: stopped, and {options.db} was not made", file=sys.stderr)
        return _INTERRUPTED
    return 0


class _Version(argparse.Action):
    """argparse's own action of this kind needs the version whatever is asked for, and reading it takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"kit-mock {version()}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kit-mock", description="A stateful mock of Kit's API v4.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, does: str, more: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}. {more}".rstrip())

    serve = command(
        "serve",
        "serve the mock until Ctrl-C",
        "A line with its behaviour and its URL says when it is ready. A page to look at it is under /_mock/.",
    )
    default = "(default: %(default)s)"
    serve.add_argument("--host", default="127.0.0.1", help=f"address to listen on {default}")
    serve.add_argument("--port", type=_port, default=0, help=f"port to listen on; 0 takes a free one {default}")
    serve.add_argument(
        "--db", type=Path, metavar="FILE", help="file to keep the state in; without it, state is in memory"
    )
    serve.add_argument(
        "--seed", type=Path, metavar="FILE", help="YAML or JSON with what a new database holds from the start"
    )
    serve.add_argument(
        "--api-key", type=_secret, default=API_KEY, metavar="KEY", help=f"the API key that is accepted {default}"
    )
    serve.add_argument(
        "--access-token",
        type=_secret,
        default=ACCESS_TOKEN,
        metavar="TOKEN",
        help=f"the access token that is accepted {default}",
    )
    serve.add_argument(
        "--rate-limit",
        type=_rate_limit,
        default="kit",
        metavar="N|kit|off",
        help=f"requests in any --rate-window for each credential, or off; kit is Kit's own, 120 with a key {default}",
    )
    serve.add_argument(
        "--rate-window",
        type=_seconds,
        default=WINDOW,
        metavar="SECONDS",
        help=f"the seconds that --rate-limit is about {default}",
    )
    serve.add_argument(
        "--behaviour",
        choices=list(behaviours.BEHAVIOURS),
        default=behaviours.DEFAULT.name,
        help=f"do as the service does today or as Kit's reference of 2024 says; see `kit-mock behaviours` {default}",
    )
    serve.add_argument(
        "--strict",
        action="store_true",
        help="refuse what the document's types don't allow, such as 1 for a boolean or a form for JSON, instead of casting"
        " it as the service does",
    )
    serve.add_argument(
        "--subscriber-limit",
        type=_amount,
        metavar="N",
        help="how many active subscribers the first account may have: bulk requests for more get 403",
    )
    serve.add_argument(
        "--bulk-queue-bytes",
        type=_amount,
        default=BULK_QUEUE_BYTES,
        metavar="N",
        help=f"how much of an app's bulk requests for an account may wait: more gets 413 {default}",
    )
    serve.add_argument(
        "--bulk-order",
        choices=result_order.BULK_ORDERS,
        default="request",
        help=f"order of the results of bulk operations, of which Kit promises none {default}",
    )
    serve.add_argument(
        "--now",
        type=_clock,
        metavar="MOMENT",
        help="an ISO 8601 moment, such as 2026-03-02T09:30:00Z: it stays now until /_mock/clock is told another;"
        " without it, time goes by",
    )
    serve.add_argument("--auto-approve", action="store_true", help="let OAuth redirect at once, without asking")
    serve.add_argument("--no-control", action="store_true", help="serve nothing under /_mock/")
    serve.add_argument(
        "--allow-deliveries",
        type=_host,
        action="append",
        default=[],
        metavar="HOST",
        help="a host beside this machine that webhooks and callbacks may go to; can be given several times",
    )
    command("behaviours", "list where Kit's reference and the service of today differ")
    seed = command("seed", "make a file with a large account, for `serve --db`")
    seed.add_argument("--subscribers", type=_count, required=True, metavar="N", help="how many subscribers it has")
    seed.add_argument("--db", type=Path, required=True, metavar="FILE", help="the file, which must not exist yet")
    covered = command(
        "coverage",
        "provoke every status and every optional response field of every operation, and count",
        f"Ends with status {_GAPS} if one is never answered.",
    )
    covered.add_argument("--how", metavar="OPERATION", help="say how to get each status of an operation instead")
    for each in (serve, covered):
        each.add_argument(
            "--document", type=Path, metavar="FILE", help="OpenAPI document in JSON, instead of kit_api's own"
        )
    return parser


def _secret(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it must not be empty")
    return text


def _host(text: str) -> str:
    try:
        hosts([text])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _clock(text: str) -> Clock:
    try:
        return Clock(datetime.fromisoformat(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 8601 moment with a time zone") from None


def _rate_limit(text: str) -> RateLimit:
    match text:
        case "kit" | "off":
            return text
        case _ if re.fullmatch(r"[1-9][0-9]{0,8}", text):
            return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 1 nor off")


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or not float(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return float(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 9 or not 1 <= int(text) <= 100_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000000")
    return int(text)


def _amount(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)
