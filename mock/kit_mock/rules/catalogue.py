"""All rules of the mock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs

from kit_mock.protocol.operation import Operation
from kit_mock.rules.behaviours import Behaviour
from kit_mock.rules.groups import Group
from kit_mock.rules.rule import Rule
from kit_mock.rules.topics import (
    account,
    authentication,
    broadcasts,
    bulk,
    lists,
    members,
    names,
    purchases,
    requests,
    seeds,
    subscribers,
    webhooks,
)

TOPICS: Mapping[str, tuple[Rule, ...]] = {
    authentication.TITLE: authentication.RULES,
    requests.TITLE: requests.RULES,
    lists.TITLE: lists.RULES,
    subscribers.TITLE: subscribers.RULES,
    members.TITLE: members.RULES,
    names.TITLE: names.RULES,
    bulk.TITLE: bulk.RULES,
    broadcasts.TITLE: broadcasts.RULES,
    purchases.TITLE: purchases.RULES,
    webhooks.TITLE: webhooks.RULES,
    account.TITLE: account.RULES,
    seeds.TITLE: seeds.RULES,
}
"""The rules of each topic, by its title."""

RULES: tuple[Rule, ...] = tuple(rule for rules in TOPICS.values() for rule in rules)

SWITCHES: tuple[str, ...] = tuple(field.name for field in attrs.fields(Behaviour) if field.name != "name")
"""The attributes of `Behaviour` that rules depend on."""


def naming(name: str) -> Iterator[Rule]:
    """Return the rules that name an operation, or a subject such as deliveries."""
    return (rule for rule in RULES if name in rule.about)


def including(operation: Operation, operations: Collection[Operation]) -> list[Rule]:
    """Return the rules of the groups that an operation belongs to, without the rules that name it.

    The rules of the smallest group of the `operations` come first.
    """
    sizes: dict[str, int] = {}
    for rule in RULES:
        groups = [each for each in rule.operations if isinstance(each, Group) and each.has(operation)]
        if groups and operation.id not in rule.about:
            sizes[rule.id] = min(sum(map(group.has, operations)) for group in groups)
    return sorted((rule for rule in RULES if rule.id in sizes), key=lambda rule: sizes[rule.id])


def differences() -> Iterator[Rule]:
    """Return the rules in which service and reference differ."""
    return (rule for rule in RULES if rule.is_difference)
