"""`kit-mock serve`: serves the mock on a socket until Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from pathlib import Path

from kit_mock.commands import banner, output, values
from kit_mock.commands.settings import RULE, Settings
from kit_mock.mock import BULK_QUEUE_BYTES, KitMock
from kit_mock.model import result_order
from kit_mock.rules import behaviours
from kit_mock.service.authentication import ACCESS_TOKEN, API_KEY
from kit_mock.service.rate_limit import WINDOW

PORT = 4010
"""The default port, used if it is free."""
ABOUT = (
    "When it is ready, it prints a line with its behaviour and URL, and lines with the credentials that it accepts. A web"
    f" page at /_mock/ shows and controls it. {RULE}"
)


def add_options(parser: argparse.ArgumentParser) -> Settings:
    """Add the options of the command, and return them."""
    settings = Settings(parser)
    _add_start(settings)
    _add_behaviour(settings)
    _add_surroundings(settings)
    return settings


def _add_start(settings: Settings) -> None:
    """Add the options of what the mock begins with: its address, its data and its credentials."""
    value = settings.value
    value("--host", "address to listen on", default="127.0.0.1")
    value(
        "--port",
        f"port to listen on; 0 for any free one (default: {PORT}, or a free one if that is taken)",
        type=values.port,
    )
    value("--db", "file to keep the state in; without it, state is in memory", type=Path, metavar="FILE")
    value("--seed", "YAML or JSON file with the initial data of a new database", type=Path, metavar="FILE")
    value("--api-key", "the API key that is accepted", type=values.secret, default=API_KEY, metavar="KEY")
    value(
        "--access-token", "the access token that is accepted", type=values.secret, default=ACCESS_TOKEN, metavar="TOKEN"
    )


def _add_behaviour(settings: Settings) -> None:
    """Add the options of how the service answers."""
    value = settings.value
    value(
        "--rate-limit",
        "requests per --rate-window for each credential; kit: Kit's own limit, 120 with a key; off: no limit",
        type=values.rate_limit,
        default="kit",
        metavar="N|kit|off",
    )
    value(
        "--rate-window",
        "length of the window of --rate-limit, in seconds",
        type=values.seconds,
        default=WINDOW,
        metavar="SECONDS",
    )
    value(
        "--behaviour",
        "behave like the service today (current) or like Kit's reference of 2024; see `kit-mock behaviours`",
        choices=behaviours.BEHAVIOURS,
        default=behaviours.DEFAULT.name,
    )
    settings.switch(
        "--strict",
        "refuse values that the document's types don't allow, such as 1 for a boolean or a form for JSON; the service casts"
        " them",
    )
    value(
        "--subscriber-limit",
        "the most active subscribers of the first account; bulk requests for more get 403",
        type=values.amount,
        metavar="N",
    )
    value(
        "--bulk-queue-bytes",
        "how many bytes of an app's bulk requests may wait for an account: more gets 413",
        type=values.amount,
        default=BULK_QUEUE_BYTES,
        metavar="N",
    )
    value(
        "--bulk-order",
        "order of the results of bulk operations; Kit promises none",
        choices=result_order.BULK_ORDERS,
        default="request",
    )


def _add_surroundings(settings: Settings) -> None:
    """Add the options of the clock, of the control plane, and of whom the mock talks to."""
    value, values_, switch = settings.value, settings.values, settings.switch
    value(
        "--now",
        "make the mock's clock stand still at this ISO 8601 moment, such as 2026-03-02T09:30:00Z, until /_mock/clock"
        " changes it (default: real time)",
        type=values.clock,
        metavar="MOMENT",
    )
    switch("--auto-approve", "make OAuth redirect with a code at once, without a consent page")
    switch("--log", "print a line on standard error for each request outside /_mock/, without secrets")
    switch("--no-control", "serve nothing under /_mock/")
    values_(
        "--allow-host",
        "a host name under which /_mock/ answers, besides addresses, localhost and --host, such as a container's name",
        type=values.host,
        metavar="NAME",
    )
    values_(
        "--allow-deliveries",
        "a host other than this machine that webhooks and callbacks may be sent to",
        type=values.host,
        metavar="HOST",
    )
    values_(
        "--cors",
        "the origin of web pages that may call the API and get OAuth tokens, such as http://localhost:3000, or * for any",
        type=values.origin,
        metavar="ORIGIN",
    )
    value("--document", "OpenAPI document in JSON, instead of kit_api's own", type=Path, metavar="FILE")


def run(options: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM. Raises KitMockError, for example if the port that was asked for is taken."""
    from kit_mock.adapters.server import serve, url_of  # Imported late: the other commands need no server.

    listener, notes = _listen(options.host, options.port)
    with (
        listener,
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
            allow_hosts=options.allow_host,
            cors=options.cors,
            control=not options.no_control,
        ) as mock,
    ):
        mock.asgi.host = options.host
        if options.log:
            _log_requests()
        ready = banner.ready(
            mock, url_of(listener), db=options.db, seed=options.seed, control=not options.no_control, notes=notes
        )
        serve(mock.asgi, listener, lambda: output.write(ready))


def _listen(host: str, port: int | None) -> tuple[socket.socket, dict[str, str]]:
    """Return the listening socket, and notes on it for the banner."""
    from kit_mock.adapters.server import PortTakenError, is_everywhere, listen

    notes = {}
    try:
        listener = listen(host, PORT if port is None else port)
    except PortTakenError:
        if port is not None:
            raise
        listener = listen(host, 0)
        notes["port"] = f"{PORT} is taken, so this is a free one"
    if is_everywhere(listener):
        notes["address"] = "every one of this machine"
    return listener, notes


def _log_requests() -> None:
    from kit_mock.adapters.request_line import LOGGER

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
