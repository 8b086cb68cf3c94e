"""The command `kit-client`: sign in at a terminal, see as whom, and sign out."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from kit_api.errors import printable
from kit_client import APIConnectionError, Kit, KitError, TokenStoreError, __version__

from .credentials import Credentials, default_path
from .login import sign_in

FAILED = 1
INTERRUPTED = 130

# The advice at the end of some errors.
_FOR_PROGRAMS = re.compile("[;:] (authorize again|open authorization_url).*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status: 0, 1 for what failed, 2 for a mistake in how it was called."""
    options = _parser().parse_args(arguments)
    credentials = Credentials(options.store, options.account)
    try:
        if options.command == "login":
            _login(options, credentials)
        elif options.command == "logout":
            _logout(options, credentials)
        else:
            _whoami(credentials)
    except KitError as error:
        is_for_login = not isinstance(error, APIConnectionError | TokenStoreError) and options.command != "login"
        advice = "; `kit-client login` signs in" if is_for_login else ""
        print(f"kit-client: {_FOR_PROGRAMS.sub('', str(error))}{advice}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("kit-client: stopped", file=sys.stderr)
        return INTERRUPTED
    return 0


def _login(options: argparse.Namespace, credentials: Credentials) -> None:
    if options.api_key:
        key = _ask_for_key()
        with Kit(api_key=key, base_url=options.base_url) as kit:
            kit.account.get()
        credentials.keep_key(key, options.base_url)
    else:
        app = partial(credentials.app, options.client_id, options.base_url)
        sign_in(app, options.port, options.timeout, open_browser=not options.no_browser)
        credentials.keep_app(options.client_id, options.base_url)
    _whoami(credentials)


def _logout(options: argparse.Namespace, credentials: Credentials) -> None:
    if not options.local:
        credentials.revoke()
    credentials.forget()
    print("Signed out")


def _whoami(credentials: Credentials) -> None:
    with credentials.kit() as kit:
        found = kit.account.get()
    account, user = found.account, found.user
    name = printable(str(account.name), 100)
    print(f"{name} <{printable(str(user.email), 200)}>")
    print(f"account {account.id}, plan {printable(str(account.plan_type), 100)}, {credentials.describe()}")


def _ask_for_key() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from getpass import getpass

    return getpass("API key (it isn't shown): ").strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kit-client", description="Sign in to Kit, for programs on this machine.")
    parser.add_argument("--version", action="version", version=f"kit-client {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, does: str, more: str = "") -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}. {more}".rstrip())
        made.add_argument(
            "--account", default="default", metavar="NAME", help="a name for the account, if you have several"
        )
        made.add_argument(
            "--store",
            type=Path,
            default=default_path(),
            metavar="FILE",
            help="where credentials are kept, readable for you alone (default: %(default)s)",
        )
        return made

    login = command(
        "login",
        "sign in by a browser, or with an API key",
        "An app with a secret takes it from KIT_CLIENT_SECRET, then and later.",
    )
    how = login.add_mutually_exclusive_group(required=True)
    how.add_argument("--client-id", metavar="ID", help="the id of your app, as in Kit's developer settings")
    how.add_argument("--api-key", action="store_true", help="ask for an API key instead, or read one from a pipe")
    login.add_argument("--base-url", metavar="URL", help="where the service is, such as a mock's (default: Kit's)")
    login.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="N",
        help="the port of this machine that the browser comes back to, at http://127.0.0.1:N/callback: one that is"
        " registered for the app (default: any)",
    )
    login.add_argument("--no-browser", action="store_true", help="show the URL, and open no browser")
    login.add_argument(
        "--timeout", type=_seconds, default=300.0, metavar="S", help="how long to wait, in seconds (default: 300)"
    )
    logout = command("logout", "revoke the tokens and forget the credentials")
    logout.add_argument("--local", action="store_true", help="forget them, and tell the service nothing")
    command("whoami", "say whose account it is")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 100_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1")
    return float(text)
