"""Which rows of an import are not sent: those that can't be, and those whose address came before. No I/O."""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b

from .outcomes import Outcome
from .rows import Person, same

DIGEST, NUMBER = 16, 6
"""Bytes of an address's digest, of which two are the same among a billion with a chance of 1 in 10^20; and of a row's number."""
BUCKETS = 1 << 14
"""With more of them few rows take more memory; with fewer, each of millions of rows takes more time."""


class Sieve:
    """Finds the rows that are not to be sent.

    It keeps 30 bytes for each of a million addresses, a fifth of what a dict takes. The entries of a bucket, all of one
    length, are one byte string, which is searched as a whole.
    """

    def __init__(self) -> None:
        self._buckets: defaultdict[int, bytearray] = defaultdict(bytearray)

    def refuse(self, person: Person) -> Outcome | None:
        """Return the outcome of a row that is not to be sent."""
        if person.problem is not None:
            return Outcome(index=person.index, errors=(person.problem,))
        first = self._first(person)
        if first == person.index:
            return None
        error = f"row {first} has the same address; this row was not sent"
        return Outcome(index=person.index, errors=(error,), duplicate_of=first)

    def _first(self, person: Person) -> int:
        """Return the number of the first row with this address, which may be the person's own row."""
        digest = blake2b(same(person.address).encode(), digest_size=DIGEST).digest()
        bucket = self._buckets[int.from_bytes(digest) % BUCKETS]
        start = bucket.find(digest)
        while start >= 0:
            if start % (DIGEST + NUMBER) == 0:
                return int.from_bytes(bucket[start + DIGEST : start + DIGEST + NUMBER])
            # It is a part of one entry and of the next.
            start = bucket.find(digest, start + 1)
        bucket += digest + person.index.to_bytes(NUMBER)
        return person.index
