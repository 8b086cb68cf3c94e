"""The lines that `kit-mock serve` prints when it is ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kit_mock.mock import KitMock
from kit_mock.protocol.url_passwords import MASK
from kit_mock.service.authentication import ACCESS_TOKEN, API_KEY


def ready(mock: KitMock, url: str, *, db: Path | None, seed: Path | None, control: bool, notes: dict[str, str]) -> str:
    """Return the lines. The first one ends with the URL, so that scripts can cut it off. Only default credentials are shown."""
    rows = {
        **({"page": f"{url}/_mock/"} if control else {}),
        "API key": ", ".join(_credentials(mock, "API key", mock.api_key, API_KEY)),
        "access token": ", ".join(_credentials(mock, "access token", mock.access_token, ACCESS_TOKEN)),
        "state": "in memory" if db is None else f"in {db}",
        **({} if seed is None else {"seed": str(seed)}),
        **notes,
    }
    width = max(map(len, rows))
    first = f"kit-mock (behaviour: {mock.behaviour}) listening on {url}"
    return "\n".join([first, *(f"  {name:{width}}  {text}" for name, text in rows.items())])


def _credentials(mock: KitMock, kind: str, own: str, known: str) -> Iterator[str]:
    """Yield the credentials of a kind that don't expire: the mock's own, then those of a seed, masked."""
    yield own if own == known else MASK
    for _ in range(sum(each.credential.startswith(f"{kind} ") for each in mock.quota) - 1):
        yield MASK
