"""`kit-client broadcast`: a Markdown file as a broadcast."""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING

from kit_api.errors import printable
from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.status import OK, CommandError

if TYPE_CHECKING:
    from kit_cli.broadcasts import Broadcast
    from kit_client import Kit

_MORE = """\
It is a draft unless a time to send it is given.

The file may begin with fields between two lines of ---: tags, and fields of the API's broadcasts such as subject,
preview_text, send_at, public, description and email_template_id. Options override the fields.
"""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add("broadcast", "create a broadcast from a Markdown file", run, _MORE)
    parser.add_argument("file", metavar="FILE.md", help="the text, in Markdown; - for standard input")
    parser.add_argument("--subject", metavar="TEXT", help="its subject line")
    parser.add_argument("--preview-text", metavar="TEXT", help="what inboxes show beside the subject")
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--send-at",
        metavar="MOMENT",
        help="when to send it: '2026-12-01 09:00' in the account's time zone, 2026-12-01T09:00Z, or now",
    )
    when.add_argument("--draft", action="store_true", help="save a draft, even if the file has a send_at or is public")
    parser.add_argument(
        "--public",
        action=argparse.BooleanOptionalAction,
        help="whether it is also published as a post on the web (default: no)",
    )
    parser.add_argument(
        "--tag",
        action="append",
        metavar="NAME",
        help="send it to subscribers with this tag; can be repeated, for any of the tags (default: everybody)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show its HTML or, with --json, what would be sent")
    parser.add_argument("--yes", "-y", action="store_true", help="send or publish it without asking")


def run(options: argparse.Namespace, context: Context) -> int:
    """Create a broadcast, by `POST /v4/broadcasts`. It is sent once and never again, as each would be another broadcast."""
    from kit_cli.broadcasts import Account, compose
    from kit_cli.files import read_text
    from kit_cli.markdown import read_markdown

    document = read_markdown(read_text(options.file), options.file)
    for url in document.relative_urls:
        context.output.note(
            f"kit-client: {printable(repr(url), 100)} leads nowhere from an inbox: it needs https:// before it"
        )
    with contextlib.ExitStack() as stack:
        # Made where it is needed: a dry run mostly needs no credentials.
        account = Account(lambda: stack.enter_context(context.kit()))
        broadcast = compose(document, options, account)
        if options.dry_run:
            if context.output.as_json:
                context.output.result(broadcast.body)
            else:
                context.output.verbatim(document.html.rstrip("\n"))
            return OK
        if broadcast.reaches_people and not options.yes:
            context.output.confirm(broadcast.question())
        _create(context, account.kit, broadcast)
    return OK


def _create(context: Context, kit: Kit, broadcast: Broadcast) -> None:
    from kit_client import KitError

    try:
        made = kit.broadcasts.create(**broadcast.body)
    except KitError as error:
        if not error.may_have_taken_effect:
            raise
        raise CommandError(
            f"{error}. The service may have made it all the same: see `kit-client call list_broadcasts`"
        ) from None
    if context.output.as_json:
        context.output.result(made.to_dict())
        return
    subject = printable(repr(made.subject), 100)
    if made.send_at is None:
        state = "published on the web" if made.public else "saved as a draft"
    else:
        state = f"to be sent at {printable(str(made.send_at), 40)}"
    context.output.say(f"Broadcast {made.id}, {subject}: {'being sent' if broadcast.is_at_once else state}")
