"""The main job, against a mock in the same process: check, import, tag, update, fail, export."""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from kit_client import Kit, KitError, UnprocessableEntityError
from kit_mock import KitMock

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = ROOT / "scripts" / "people.csv"
EXPORT = ROOT / "build" / "exported.csv"
COLUMNS = ("first_name", "email_address", "company", "plan")
# Which column is which custom field.
FIELDS = {"company": "Company"}


def read(people: Path) -> list[dict[str, str]]:
    """The rows of a CSV. Raises ValueError if a column is missing, or there are no rows."""
    with people.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{people}: column {', '.join(missing)} missing")
        rows = list(reader)
    if not rows:
        raise ValueError(f"{people}: nobody in it")
    return rows


def run(kit: Kit, people: list[dict[str, str]], export: Path, console: Console) -> Iterator[tuple[str, str]]:
    """Each step's name and outcome, as it is done."""
    account = kit.account.get()
    yield "Checked the account", f"{account.account.name} <{account.account.primary_email_address}>"

    imported = kit.bulk.import_subscribers(people, fields=FIELDS, create_missing=True)
    yield "Estimated the import", f"at most {imported.estimate().requests} requests"
    ids = {
        person["email_address"]: outcome.subscriber.id
        for person, outcome in track(imported, "Importing", len(people), console=console, transient=True)
        if outcome.subscriber
    }
    yield "Imported people", f"{len(ids)} of {len(people)}, {imported.so_far.failed} failed"

    paying = [person for person in people if person["plan"] == "pro" and person["email_address"] in ids]
    kit.bulk.import_subscribers(paying, tags=["Pro plan"], create_missing=True).report()
    tag = next(tag for tag in kit.tags.list() if tag.name == "Pro plan")
    tagged = kit.tags.list_subscribers(tag.id).total_count()
    yield "Tagged those on the pro plan", f"{tagged} with {tag.name!r}"

    someone = max(
        (person for person in people if person["email_address"] in ids), key=lambda person: person["company"] > ""
    )
    field = next(iter(kit.custom_fields.list()))
    renamed = kit.custom_fields.update(field.id, label="Organisation")
    changed = kit.subscribers.get(ids[someone["email_address"]])
    yield "Updated a custom field", f"now {renamed.key!r}; {changed.email_address}: {changed.fields[renamed.key]!r}"

    try:
        kit.tags.create(name=" ")
    except UnprocessableEntityError as error:
        yield "Provoked a 422", str(error)

    export.parent.mkdir(parents=True, exist_ok=True)
    pages = rows = 0
    with export.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "email_address", "first_name", "state", "created_at"])
        for page in kit.subscribers.list(status="active", sort_order="asc", per_page=150).pages():
            pages += 1
            rows += len(page.items)
            writer.writerows(
                [person.id, person.email_address, person.first_name, person.state, person.created_at.isoformat()]
                for person in page.items
            )
    shown = export.relative_to(ROOT) if export.is_relative_to(ROOT) else export
    yield "Walked all pages of the active, to CSV", f"{rows} people on {pages} pages, in {shown}"


def main() -> int:
    parser = argparse.ArgumentParser(description="The main job of the client, against the mock in the same process.")
    parser.add_argument("--people", type=Path, default=PEOPLE, help="the CSV to import (default: %(default)s)")
    parser.add_argument("--export", type=Path, default=EXPORT, help="the CSV to write (default: %(default)s)")
    options = parser.parse_args()
    console = Console()
    start = time.perf_counter()
    table = Table("Step", "Outcome", title="kit-client, on an account that exists in this process only")
    status = 0
    try:
        people = read(options.people)
        with KitMock() as mock, Kit(access_token=mock.access_token, transport=mock.transport) as kit:
            for step, outcome in run(kit, people, options.export, console):
                table.add_row(step, outcome)
    except (OSError, ValueError, KitError) as error:
        table.add_row("[red]Failed[/red]", str(error))
        status = 1
    except KeyboardInterrupt:
        table.add_row("Stopped", "by Ctrl-C")
        status = 130
    console.print(table)
    console.print(f"{'Stopped' if status else 'Done'} after {time.perf_counter() - start:.1f} s.")
    return status


if __name__ == "__main__":
    sys.exit(main())
