"""`kit-client logout`."""

from __future__ import annotations

import argparse

from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.status import OK


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add("logout", "revoke the tokens and forget the credentials", run)
    parser.add_argument(
        "--local", action="store_true", help="forget the credentials without revoking the tokens at the service"
    )


def run(options: argparse.Namespace, context: Context) -> int:
    """Revoke the tokens, and forget the credentials.

    They stay if the service can't be told.
    """
    if not options.local:
        context.credentials.revoke()
    context.credentials.forget()
    if context.output.as_json:
        context.output.result({"signed_in": False})
    else:
        context.output.say("Signed out")
    return OK
