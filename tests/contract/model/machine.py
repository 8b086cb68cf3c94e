"""All actions in one machine, and the two ways in which it is run."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.caller import ContractError
from tests.contract.model.actions_account import Colors, Steady
from tests.contract.model.actions_broadcasts import Broadcasts
from tests.contract.model.actions_bulk_changes import BulkChanges
from tests.contract.model.actions_grants import Grants
from tests.contract.model.actions_hooks import Hooks
from tests.contract.model.actions_purchases import Purchases
from tests.contract.model.base import ACTIONS
from tests.contract.model.rules import Rule
from tests.contract.model.setting import Setting


class Everything(Hooks, Steady, BulkChanges, Purchases, Broadcasts, Grants, Colors):
    """The machine with every action."""


_EXAMPLES, _STEPS = 4, 20
OPERATIONS = tuple(sorted({name for each in ACTIONS.values() for name in each.operations}))
"""The operations that actions are about."""


def machine(setting: Setting) -> type[Everything]:
    """Return the machine for a run."""
    return type("Account", (Everything,), {"setting": setting})


def sweep(setting: Setting) -> None:
    """Do each action in each of its ways once, with checks in between, in an order that doesn't change."""
    made = machine(setting)()
    done: list[str] = []
    try:
        # What reads comes last, when there is something to read.
        for found in sorted(ACTIONS.values(), key=lambda each: each.is_read):
            if made.may(found):
                for number, how in enumerate(found.how):
                    done.append(f"{found.name}(how={how!r}, pick={number})")
                    getattr(made, found.name)(how=how, pick=number)
                    made.is_as_the_model_says()
        done.append("check_everything()")
        made.check_everything()
    except ContractError as error:
        error.add_note("what the account was asked before: " + ", ".join(done[-6:]))
        raise
    finally:
        made.clean_up()


def explore(setting: Setting, *, number: int, examples: int, steps: int, shrinks: bool) -> None:
    """Do actions in an order that hypothesis draws."""
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    run_state_machine_as_test(
        seed(number)(machine(setting)),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=phases,
            deadline=None,
            database=None,
            derandomize=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def size(setting: Setting) -> tuple[int, int]:
    """Return how many sequences to draw, and of how many actions: fewer for a run that is narrowed."""
    made = machine(setting)()
    ways = sum(len(each.how) for each in ACTIONS.values() if made.may(each))
    return (_EXAMPLES, _STEPS) if setting.chosen is None else (1 + _EXAMPLES // 2, min(_STEPS, 2 * ways))


def unchecked(setting: Setting) -> list[str]:
    """Return the rules of the behaviour that a run hasn't checked."""
    return [each.name for each in Rule if each.applies(setting.behaviour) and each not in setting.held]
