"""`kit-client webhooks`: list, add and remove webhooks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from kit_api.errors import printable
from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.output import Output
from kit_cli.status import FAILED, OK, PARTLY, MisuseError

if TYPE_CHECKING:
    from kit_api.models import Webhook

_EVENTS = """\
NAME=VALUE is a parameter of the event, such as tag_id=31 for subscriber.tag_add. `kit-client call create_webhook --help`
lists all events and parameters. If the account has the same webhook already, no second one is added.
"""


def add_to(commands: Commands) -> None:
    """Declare the commands."""
    group = commands.group("webhooks", "list, add and remove webhooks")
    group.add(
        "list", "list the webhooks of the account", run_list, "Secrets in their URLs are masked, except with --json."
    )
    add = group.add("add", "add a webhook, which sends an event to a URL", run_add, _EVENTS)
    add.add_argument(
        "event", metavar="EVENT", help="the event, such as subscriber.subscriber_activate, or tag_add for short"
    )
    add.add_argument("url", metavar="URL", help="the URL that events are sent to by POST")
    add.add_argument("about", nargs="*", metavar="NAME=VALUE", help="a parameter of the event, such as tag_id=31")
    remove = group.add("remove", "remove webhooks", run_remove)
    remove.add_argument(
        "ids", nargs="+", type=_id, metavar="ID", help="the id of a webhook, as `kit-client webhooks list` shows it"
    )


def run_list(options: argparse.Namespace, context: Context) -> int:
    """List the webhooks, by `GET /v4/webhooks`."""
    del options
    from kit_client.webhooks import masked_url

    with context.kit() as kit:
        webhooks = list(kit.webhooks.list())
    if context.output.as_json:
        context.output.result([webhook.to_dict() for webhook in webhooks])
    else:
        rows = [(each.id, _event(each), masked_url(str(each.target_url))) for each in webhooks]
        context.output.table(("id", "event", "URL"), rows)
    return OK


def run_add(options: argparse.Namespace, context: Context) -> int:
    """Add a webhook unless there is the same one, by `GET` and `POST /v4/webhooks`."""
    from kit_cli.calling import read_arguments
    from kit_cli.document import operations
    from kit_client.webhooks import ensure, masked_url

    about = [f"event.{each}" for each in options.about]
    given = [f"event.name={_event_name(options.event)}", f"target_url={options.url}", *about]
    body = read_arguments(operations()["create_webhook"], given, None)["body"]
    with context.kit() as kit:
        try:
            webhook = ensure(kit, body["event"], body["target_url"])
        except (ValueError, TypeError) as error:
            raise MisuseError(printable(str(error), 500)) from None
    if context.output.as_json:
        context.output.result(webhook.to_dict())
    else:
        url = printable(masked_url(str(webhook.target_url)), 300)
        context.output.say(f"Webhook {webhook.id}: {printable(_event(webhook))} to {url}")
    return OK


def run_remove(options: argparse.Namespace, context: Context) -> int:
    """Remove webhooks, by `DELETE /v4/webhooks/{id}`. If one isn't there, the others are removed; other errors end it."""
    from kit_cli.telling import details, told
    from kit_client import KitError, NotFoundError

    waiting = list(dict.fromkeys(options.ids))
    removed: list[int] = []
    failed: list[int] = []
    with context.kit() as kit:
        try:
            while waiting:
                # Counted as failed until it is known that it didn't: Ctrl-C may come at any moment.
                failed.append(id_ := waiting.pop(0))
                try:
                    kit.webhooks.delete(id_)
                except KitError as error:
                    context.output.error(told(error), **details(error), id=id_)
                    if not isinstance(error, NotFoundError):
                        break
                else:
                    removed.append(failed.pop())
        finally:
            _tell_removed(context.output, {"removed": removed, "failed": failed, "not_tried": waiting})
    if not failed:
        return OK
    return PARTLY if removed else FAILED


def _tell_removed(output: Output, ids: dict[str, list[int]]) -> None:
    if output.as_json:
        output.result(ids)
        return
    parts = [f"{what.replace('_', ' ')} {', '.join(map(str, each))}" for what, each in ids.items() if each]
    output.say("; ".join(parts).capitalize())


def _event_name(typed: str) -> str:
    """Return the name of an event as requests have it. Raises MisuseError if there is none like it."""
    from difflib import get_close_matches

    from kit_cli.calling import schema_of
    from kit_cli.document import operations

    event = operations()["create_webhook"].arguments["event"]
    names: list[str] = schema_of(event, ["event", "name"])["enum"]
    short = {name.rpartition(".")[2]: name for name in names}
    known = {**short, **{name: name for name in names}}
    if typed in known:
        return known[typed]
    alike = list(dict.fromkeys(known[each] for each in get_close_matches(typed, known, n=3)))
    instead = f"did you mean {' or '.join(alike)}?" if alike else f"it may be {', '.join(names)}"
    raise MisuseError(f"EVENT: there is no {printable(repr(typed), 80)}; {instead}")


def _event(webhook: Webhook) -> str:
    event: Any = webhook.event
    parts: dict[str, Any] = event.to_dict() if hasattr(event, "to_dict") else {"name": event}
    about = [f"{name}={value}" for name, value in parts.items() if name != "name" and value is not None]
    return " ".join([str(parts.get("name")), *about])


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"{printable(repr(text), 80)} is not the id of a webhook")
    return int(text)
