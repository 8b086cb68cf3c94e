"""`kit-client login`."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.files import read_line
from kit_cli.status import OK, PARTLY, CommandError
from kit_cli.telling import details, told

from . import whoami

_NOT_REVOKED = "the tokens of the login before may still be valid"


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add(
        "login",
        "sign in with a browser, or with an API key",
        run,
        "If the app has a client secret, set KIT_CLIENT_SECRET to it for this command and all later ones.",
    )
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--client-id", metavar="ID", help="the client id of your app, from Kit's developer settings")
    how.add_argument(
        "--api-key", action="store_true", help="ask for an API key, or read it from a pipe, instead of using a browser"
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="N",
        help="the port of the redirect URI http://127.0.0.1:N/callback, which must be registered for the app (default:"
        " any free port)",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the URL instead of opening a browser")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=300.0,
        metavar="S",
        help="how long to wait for the browser, in seconds (default: 300)",
    )


def run(options: argparse.Namespace, context: Context) -> int:
    """Sign in, keep the credentials, revoke the tokens of a login that these replace, and say whose account it is."""
    from kit_client import Kit, KitError

    credentials = context.credentials
    replaced, problems = None, list[tuple[str, KitError]]()
    try:
        replaced = credentials.replaced(options.client_id, options.base_url)
    except KitError as error:
        # It may be replaced all the same: it could be mended in no other way.
        problems.append((_NOT_REVOKED, error))
    if options.api_key:
        key = _ask_for_key()
        with Kit(api_key=key, base_url=options.base_url) as kit:
            kit.account.get()
        credentials.keep_key(key, options.base_url)
    else:
        from kit_cli.browser import sign_in

        app = partial(credentials.app, options.client_id, options.base_url)
        sign_in(app, options.port, options.timeout, open_browser=not options.no_browser)
        credentials.keep_app(options.client_id, options.base_url)
    # At once: whatever ends the command later, nobody else has these tokens any more.
    try:
        if replaced is not None:
            replaced.revoke()
    except KitError as error:
        problems.append((_NOT_REVOKED, error))
    try:
        whoami.run(options, context)
    except KitError as error:
        problems.append(("whose account it is could not be read", error))
    for what, problem in problems:
        text = f"signed in, but {what}: {told(problem, is_signing_in=True)}"
        context.output.error(text, **details(problem), exit_status=PARTLY)
    return PARTLY if problems else OK


def _ask_for_key() -> str:
    """Return what was typed or piped. Raises CommandError if that is nothing."""
    from getpass import getpass

    try:
        key = getpass("API key (it isn't shown): ") if sys.stdin.isatty() else read_line()
    except EOFError:
        key = ""
    if not key.strip():
        raise CommandError("no API key was given")
    return key.strip()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 100_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1")
    return float(text)
