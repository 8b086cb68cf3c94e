"""Each kind of lie changes answers, and the runner tells caught lies from others."""

from __future__ import annotations

import pytest

from tests.contract.document import Document
from tests.mutants.activity import BEYOND_A_TOUR, is_active
from tests.mutants.catalogue import KINDS, all_lies, chosen
from tests.mutants.lie import Lie

_LEAST = 1000


def _sampled() -> list[Lie]:
    return [lie for kind in KINDS if kind not in BEYOND_A_TOUR for lie in chosen(kinds=[kind], sample=1, seed=1)]


@pytest.mark.parametrize("lie", _sampled(), ids=lambda lie: lie.name)
def test_a_lie_changes_what_is_answered(lie: Lie) -> None:
    assert is_active(lie)


def test_there_are_many_lies_and_each_kind_has_some() -> None:
    lies = chosen()
    assert len(lies) >= _LEAST
    assert {lie.kind for lie in lies} == set(KINDS)


def test_every_operation_is_lied_about() -> None:
    assert {name for lie in all_lies() for name in lie.operations} == set(Document().operations)


def test_a_lie_says_what_the_server_does_in_one_sentence() -> None:
    for lie in all_lies():
        assert lie.says.endswith(".")
        assert "\n" not in lie.says


def test_a_sample_has_every_kind_and_is_the_same_for_a_seed() -> None:
    first, second = (chosen(sample=100, seed=3) for _ in range(2))
    assert [lie.name for lie in first] == [lie.name for lie in second]
    assert {lie.kind for lie in first} == set(KINDS)


def test_a_choice_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no kind 'nonsense'"):
        chosen(kinds=["nonsense"])
    with pytest.raises(ValueError, match="no lie has 'nonsense' in its name"):
        chosen(names=["nonsense"])
