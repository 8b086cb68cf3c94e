"""`kit-client whoami`."""

from __future__ import annotations

import argparse

from kit_api.errors import printable
from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.status import OK


def add_to(commands: Commands) -> None:
    """Declare the command."""
    commands.add("whoami", "say whose account it is", run)


def run(options: argparse.Namespace, context: Context) -> int:
    """Say whose account it is, by `GET /v4/account`, and by which credentials."""
    del options
    with context.kit() as kit:
        found = kit.account.get()
    account, user, how = found.account, found.user, context.credentials.describe()
    if context.output.as_json:
        context.output.result({**found.to_dict(), "credentials": how})
        return OK
    context.output.say(f"{printable(str(account.name), 100)} <{printable(str(user.email), 200)}>")
    context.output.say(f"account {account.id}, plan {printable(str(account.plan_type), 100)}, {how}")
    return OK
