"""Actions on forms, sequences, segments and templates, which the API can't create, and on the account's colors."""

from __future__ import annotations

from tests.contract.caller import Answer
from tests.contract.model.account import Row
from tests.contract.model.actions_lists import LARGEST_PAGE, Lists, ids_of, never
from tests.contract.model.base import Machine, action, items
from tests.contract.model.queries import Query
from tests.contract.model.rules import Rule
from tests.contract.world import everything


class Steady(Lists):
    """Reads the lists of what stays, whatever the machine does."""

    def __init__(self) -> None:
        super().__init__()
        self._steady: dict[str, list[Row]] = {}

    @action("list_forms", how=("whole", "by status", "by type", "with counts"))
    def list_forms(self, how: str, pick: int) -> None:
        """List the forms."""
        query = everything(self.driver.document, "list_forms")
        whole = self.stays("list_forms", pick=pick)
        match how:
            case "by status":
                statuses = ("active", "archived", "trashed")
                parts = [self._forms({"status": status}) for status in statuses]
                ids = sorted(row["id"] for rows, _ in parts for row in rows)
                answer = parts[0][1]
                self.hold(Rule.FORM_STATUS, answer, ids == sorted(row["id"] for row in whole), f"the forms {ids}")
                archived = [row["id"] for row in whole if row["archived"]]
                self.hold(Rule.FORM_STATUS, answer, ids_of(parts[1][0]) == archived, f"archived {ids_of(parts[1][0])}")
                rows, answer = self._forms({})
                self.hold(Rule.FORM_STATUS, answer, rows == parts[0][0], f"by default {ids_of(rows)}")
            case "by type":
                for type_ in ("embed", "hosted"):
                    rows, answer = self._forms(query | {"type": type_})
                    wanted = [row for row in whole if row["type"] == type_]
                    self.hold(Rule.FORM_TYPE, answer, rows == wanted, f"the forms {ids_of(rows)}")
            case "with counts" if self.is_current and self.has("form"):
                self._check_counts(query, pick)
            case _:
                pass

    def _check_counts(self, query: Query, pick: int) -> None:
        """Hold that a form counts who was put in."""
        counts = []
        for _ in range(2):
            rows, answer = self._forms(query | {"include": ["subscriber_count"]})
            counts.append({row["id"]: row.get("subscriber_count", -1) for row in rows})
            ours = {id_: self.account.active_in("form", id_) for id_ in counts[0]}
            counts[-1] = {id_: count - ours[id_] for id_, count in counts[-1].items()}
            self.put("form", "id", pick)
        shown = f"the counts {counts[1]} beside ours, which were {counts[0]}"
        self.hold(Rule.INCLUDE_COUNT, answer, counts[0] == counts[1] and min(counts[1].values()) >= 0, shown)

    def _forms(self, query: Query) -> tuple[list[Row], Answer]:
        answer = self.driver.call("list_forms", query=query, expect=200)
        return items(answer), answer

    @action("list_sequences", how=("whole", "with somebody new"))
    def list_sequences(self, how: str, pick: int) -> None:
        """List the sequences, before and after somebody is put into one."""
        self.stays("list_sequences", pick=pick)
        if how == "with somebody new" and self.has("sequence"):
            self.put("sequence", "id", pick)
            self.stays("list_sequences")

    @action("list_segments")
    def list_segments(self, how: str, pick: int) -> None:
        """List the segments."""
        self.stays("list_segments", pick=pick)

    @action("list_email_templates")
    def list_email_templates(self, how: str, pick: int) -> None:
        """List the email templates."""
        self.stays("list_email_templates", pick=pick)

    def stays(self, operation: str, pick: int | None = None) -> list[Row]:
        """Hold that a list is as it was when the machine first read it, and by `pick` in pages. Returns its rows."""
        query = everything(self.driver.document, operation) | {"per_page": LARGEST_PAGE}
        answer = self.driver.call(operation, query=query, expect=200)
        rows = [self._without_ours(row) for row in items(answer)] if operation == "list_sequences" else items(answer)
        before = self._steady.setdefault(operation, rows)
        self.hold(Rule.STEADY, answer, rows == before, f"the rows {ids_of(rows)} instead of {ids_of(before)}")
        if pick is not None:
            self.in_pages(operation, {}, everything(self.driver.document, operation), answer, pick, never)
        return rows

    def _without_ours(self, sequence: Row) -> Row:
        """Return a sequence as it would be shown without the subscribers that the machine has put in."""
        ours = self.account.active_in("sequence", sequence["id"])
        return sequence | {name: sequence[name] - ours for name in ("subscriber_count",) if name in sequence}

    def check_everything(self) -> None:
        """Check everything, and what stays."""
        super().check_everything()
        for operation in self._steady:
            self.stays(operation)


class Colors(Machine):
    """Changes the colors of the account, where nobody sees them."""

    @action("update_account_colors", "list_account_colors", how=("none", "one", "five"))
    def put_colors(self, how: str, pick: int) -> None:
        """Put other colors."""
        if not self.setting.is_disposable:
            return
        colors = [f"#00{pick}0f{number}" for number in range({"none": 0, "one": 1, "five": 5}[how])]
        answer = self.call("update_account_colors", body={"colors": colors}, expect=200, by=Rule.COLORS)
        self.hold(Rule.COLORS, answer, answer.json["colors"] == colors, str(answer.json["colors"]))
        answer = self.driver.call("list_account_colors", expect=200)
        self.hold(Rule.COLORS, answer, answer.json["colors"] == colors, str(answer.json["colors"]))
