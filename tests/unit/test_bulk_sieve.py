"""Duplicates among the rows of an import, found by little of each."""

from __future__ import annotations

from hashlib import blake2b

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit_client.bulk import sieve
from kit_client.bulk.rows import Person
from kit_client.bulk.sieve import Sieve


def firsts(addresses: list[str]) -> list[int | None]:
    """For each address in turn, the number of the first row with it if it came before."""
    found = Sieve()
    outcomes = (found.refuse(Person(index=index, row=None, address=each)) for index, each in enumerate(addresses, 1))
    return [None if outcome is None else outcome.duplicate_of for outcome in outcomes]


@given(st.lists(st.sampled_from("abcdefg").map(lambda name: f"{name}@example.com"), max_size=30))
def test_the_first_row_with_an_address_is_named(addresses: list[str]) -> None:
    expected = [
        None if (first := addresses.index(address)) == index else first + 1 for index, address in enumerate(addresses)
    ]
    assert (
        firsts([address.upper() if index % 2 else f" {address}" for index, address in enumerate(addresses)]) == expected
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1_000_000))
def test_what_lies_across_two_entries_is_no_address(monkeypatch: pytest.MonkeyPatch, start: int) -> None:
    # With so short a digest, and all in one bucket, most digests are also found where they don't begin an entry.
    for name, value in {"DIGEST": 1, "NUMBER": 3, "BUCKETS": 1}.items():
        monkeypatch.setattr(sieve, name, value)
    addresses = [f"{number}@example.com" for number in range(start, start + 300)]
    digests = [blake2b(address.encode(), digest_size=1).digest() for address in addresses]
    expected = [
        None if (first := digests.index(digest)) == index else first + 1 for index, digest in enumerate(digests)
    ]
    assert firsts(addresses) == expected
