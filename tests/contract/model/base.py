"""What all actions of the model share: how they are declared and sent, and how the account is held against the model."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.contract.caller import Answer, ContractError
from tests.contract.model.account import KINDS, LISTS, READ_ALONE, Account, Kind, Listed, Row, difference
from tests.contract.model.rules import Rule
from tests.contract.model.setting import Setting
from tests.contract.world import World, everything

NOBODY = 2**40
"""An id that nothing has."""
_LARGEST_PAGE = 1000
_LEAST = 3
_IN_PAGES = 3
"""Each third check of a list goes through it in two pages, the others get it whole."""
_PICKS = 6

Place = tuple[str, int | None]
"""A list operation and what the list belongs to."""


@attrs.frozen
class Action:
    """An action of the machine: its name, the operations that it is about, and the ways in which it is done."""

    name: str
    operations: tuple[str, ...]
    how: tuple[str, ...]

    @property
    def is_read(self) -> bool:
        """Whether it only reads."""
        return self.operations[0].startswith(("list_", "get_"))


ACTIONS: dict[str, Action] = {}
M = TypeVar("M", bound="Machine")
Act = Callable[[M, str, int], None]


def action(*operations: str, how: Sequence[str] = ("",)) -> Callable[[Act[M]], Act[M]]:
    """Declare an action. It is done if the run may call its operations, in one of the ways `how`, with a number to pick by."""

    def declared(function: Act[M]) -> Act[M]:
        made = Action(function.__name__, operations, tuple(how))
        ACTIONS[made.name] = made

        @functools.wraps(function)
        def act(self: M, how: str, pick: int) -> None:
            self.begin(made)
            function(self, how, pick)

        # Sampled, as hypothesis takes some of the integers that it draws from the source of the tests.
        ruled = rule(how=st.sampled_from(made.how), pick=st.sampled_from(range(_PICKS)))(act)
        return cast("Act[M]", precondition(lambda self: self.may(made))(ruled))

    return declared


class Machine(RuleBasedStateMachine):
    """Does something, and holds what the account then shows against the model."""

    setting: ClassVar[Setting]

    def __init__(self) -> None:
        super().__init__()
        self.driver = self.setting.driver
        self.world = World(self.driver, f"{self.setting.prefix}-{next(self.setting.numbers)}")
        self.account = Account()
        self._to_check: set[Place] = set()
        self._ids_to_check: set[tuple[Kind, int]] = set()
        self._was_refused = False
        self._is_sound = True
        self._turn = itertools.cycle(KINDS)
        self._checks = itertools.count()

    @property
    def is_current(self) -> bool:
        """Whether the server is like today's service."""
        return self.setting.behaviour == "current"

    def may(self, found: Action) -> bool:
        """Whether the run may call the operations of an action, and is narrowed to one of them if it is narrowed."""
        chosen, known = self.setting.chosen, self.driver.document.operations
        return all(name in known and self.driver.can_call(known[name]) for name in found.operations) and (
            chosen is None or not chosen.isdisjoint(found.operations)
        )

    def begin(self, found: Action) -> None:
        """Note that an action begins. What may be written then has a time of its own, if the clock can be moved."""
        self._is_sound = False
        self._was_refused = False
        if self.setting.clock is not None and not found.is_read:
            self.setting.clock.advance(1)

    # -------------------- Requests

    def hold(self, found: Rule, answer: Answer, holds: bool, came: str | None = None) -> None:
        """Raise ContractError unless a rule holds. Else, count it."""
        if not holds:
            raise answer.broken(found.text, came)
        self.setting.held[found] = self.setting.held.get(found, 0) + 1

    def call(
        self,
        operation: str,
        path: Mapping[str, object] | None = None,
        *,
        body: object = None,
        query: Mapping[str, object] | None = None,
        expect: int,
        by: Rule,
    ) -> Answer:
        """Send a request that a rule has a status for."""
        answer = self.driver.call(operation, path, query=query, body=body)
        self.hold(by, answer, answer.status == expect, None if answer.status == expect else _told(answer, expect))
        self._was_refused = expect >= 400
        return answer

    def show(self, found: Rule, answer: Answer, expected: Mapping[str, Any], came: Row | None) -> None:
        """Raise ContractError unless a row is as a rule has it."""
        problem = difference(expected, came)
        self.hold(found, answer, problem is None, problem)

    def new(self, kind: Kind, answer: Answer, row: Row) -> int:
        """Keep a thing that a request has made. Returns its id."""
        known = {*self.account.rows[kind], *self.account.deleted[kind]}
        self.hold(Rule.NEW_ID, answer, row["id"] not in known, f"the id {row['id']}, which is known")
        self.account.add(kind, row)
        self.touch(kind, row["id"])
        return int(row["id"])

    def now(self) -> datetime | None:
        """Return the server's time, if that is known."""
        return self.setting.clock.now() if self.setting.clock is not None else None

    # -------------------- What there is

    def pick(self, kind: Kind, number: int) -> Row:
        """Return one of the things of a kind, made if there are too few."""
        while len(self.account.rows[kind]) < _LEAST:
            self.make(kind)
        ids = self.account.ids(kind)
        return self.account.rows[kind][ids[number % len(ids)]]

    def make(self, kind: Kind) -> None:
        """Make a thing of a kind that actions can be about."""
        raise NotImplementedError(kind)

    def other(self, kind: Kind, row: Row) -> Row:
        """Return another thing of a kind."""
        return next(self.account.rows[kind][id_] for id_ in self.account.ids(kind) if id_ != row["id"])

    # -------------------- The account against the model

    def touch(self, kind: Kind, *ids: int) -> None:
        """Have the list of a kind checked after the action, and these things by themselves."""
        self._to_check.add((f"list_{kind}s", None))
        self._ids_to_check |= {(kind, id_) for id_ in ids if id_ in self.account.rows[kind]}

    def touch_members(self, owner: str, id_: int, subscriber: int) -> None:
        """Have the list of a tag, form or sequence checked after the action, and the tags of a subscriber."""
        self._to_check.add((f"list_{owner}_subscribers", id_))
        if owner == "tag":
            self.touch_tags_of(subscriber)
        self._ids_to_check.add(("subscriber", subscriber))

    def touch_tags_of(self, subscriber: int) -> None:
        """Have the tags of a subscriber checked after the action."""
        self._to_check.add(("list_subscriber_tags", subscriber))

    @invariant()
    def is_as_the_model_says(self) -> None:
        """Hold the account against the model after an action."""
        self.check()
        self._is_sound = True

    def check(self) -> None:
        """Check what the last action was about and, in turn, things of another kind."""
        places, ids = self._to_check, self._ids_to_check
        self._to_check, self._ids_to_check = set(), set()
        by = Rule.REFUSED if self._was_refused else Rule.LISTED
        for operation, owner in sorted(places, key=str):
            self._check_list(by, operation, owner)
        for kind, id_ in sorted(ids):
            self._check_one(kind, id_)
        other = f"list_{next(self._turn)}s"
        if (other, None) not in places and self.owners(LISTS[other]):
            self._check_list(Rule.NOTHING_ELSE, other, None)

    def teardown(self) -> None:
        """Check everything, unless a check has failed, and delete what can be deleted."""
        try:
            if self._is_sound:
                self.check_everything()
        finally:
            self.clean_up()

    def clean_up(self) -> None:
        """Delete what can be deleted."""
        deletable: tuple[Kind, ...] = ("webhook", "broadcast", "custom_field")
        for kind in deletable:
            for id_ in self.account.ids(kind):
                # What came before is what has to be told.
                with contextlib.suppress(ContractError):
                    self.driver.call(f"delete_{kind}", {"id": id_})
        self.setting.left += sum(len(self.account.rows[kind]) for kind in KINDS if kind not in deletable)

    def check_everything(self) -> None:
        """Check every list, and each thing by itself."""
        for listed in LISTS.values():
            for owner in self.owners(listed):
                self._check_list(Rule.LISTED, listed.operation, owner)
        for kind in READ_ALONE:
            for id_ in self.account.ids(kind):
                self._check_one(kind, id_)

    def owners(self, listed: Listed) -> list[int | None]:
        """Return what lists of an operation belong to, as far as the run has put something in; None for the account."""
        if listed.owner is None:
            return [None] if self.account.rows[listed.kind] or self.account.deleted[listed.kind] else []
        if listed.owner == "subscriber":
            return [*self.account.ids("subscriber")[:_PICKS]]
        return [id_ for owner, id_ in self.account.members if owner == listed.owner]

    def path(self, listed: Listed, owner: int | None) -> dict[str, object]:
        """Return the path of a list."""
        return {} if listed.owner is None else {f"{listed.owner}_id": owner}

    def _check_list(self, by: Rule, operation: str, owner: int | None) -> None:
        listed = LISTS[operation]
        if not self.driver.can_call(self.driver.document.operations[operation]):
            return
        self.setting.settle()
        query: dict[str, object] = everything(self.driver.document, operation)
        ours = self.account.listing(listed, owner, query)
        path = self.path(listed, owner)
        if by is not Rule.NOTHING_ELSE and next(self._checks) % _IN_PAGES == 0:
            sent = query | {"per_page": max(1, (len(ours) + 1) // 2)}
            pages = self.driver.pages(operation, path, sent, self.is_past(listed.kind))
        else:
            pages = [self.driver.call(operation, path, query=query | {"per_page": _LARGEST_PAGE}, expect=200)]
        rows = [row for page in pages for row in items(page)]
        self.compare(by, pages[-1], listed.kind, ours, rows)
        ids = [row["id"] for row in rows]
        self.hold(Rule.NEWEST_FIRST, pages[-1], ids == sorted(set(ids), reverse=True), f"the ids {ids[:20]}")

    def is_past(self, kind: Kind) -> Callable[[Answer], bool]:
        """Return whether a page ends behind all that the run has made: the rest of the list is other people's."""
        first = min({*self.account.rows[kind], *self.account.deleted[kind]}, default=0)
        return lambda answer: any(row["id"] < first for row in items(answer))

    def compare(self, by: Rule, answer: Answer, kind: Kind, expected: list[Row], rows: Sequence[Row]) -> None:
        """Raise ContractError unless rows have what the model has, in its order, and nothing else that the run made."""
        ours = [row for row in rows if self.is_ours(kind, row)]
        ids = [row["id"] for row in expected]
        shown = [row["id"] for row in ours]
        self.hold(by, answer, shown == ids, f"the {kind}s {shown} instead of {ids}")
        for wanted, row in zip(expected, ours, strict=True):
            problem = difference(wanted, row)
            self.hold(by, answer, problem is None, f"{kind} {row['id']} with {problem}")

    def is_ours(self, kind: Kind, row: Row) -> bool:
        """Whether the run has made a row, also if it doesn't know of it."""
        if row["id"] in self.account.rows[kind] or row["id"] in self.account.deleted[kind]:
            return True
        texts = [row.get(name) for name in ("name", "label", "email_address", "subject", "transaction_id")]
        beginnings = tuple(f"{self.world.prefix}{sign}" for sign in " -")
        return any(isinstance(text, str) and text.lower().startswith(beginnings) for text in texts)

    def _check_one(self, kind: Kind, id_: int) -> None:
        if kind in READ_ALONE and id_ in self.account.rows[kind]:
            answer = self.driver.call(f"get_{kind}", {"id": id_})
            self.hold(Rule.KEPT, answer, answer.status == 200)
            self.show(Rule.KEPT, answer, self.account.shown(kind, id_), answer.json[kind])


def items(answer: Answer) -> list[Row]:
    """Return the rows of a page."""
    return next(rows for name, rows in answer.json.items() if name != "pagination")


def _told(answer: Answer, expect: int) -> str:
    text = answer.content[:300].decode("utf-8", "replace")
    return f"{answer.status} instead of {expect} {text}"
