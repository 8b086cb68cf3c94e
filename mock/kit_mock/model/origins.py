"""Attribution and location of subscribers, and the UTM parameters of referrers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

UTM = ("source", "medium", "campaign", "term", "content")
ATTRIBUTION = (
    "referrer",
    *(f"utm_{name}" for name in UTM),
    *("source_type", "source_name", "source_mechanism", "source_mechanism_id"),
)
LOCATION = ("city", "state", "country", "latitude", "longitude", "timezone")


def utm_parameters(referrer: str | None) -> dict[str, str | None]:
    """Return the UTM parameters of a URL by their short names, None for missing ones."""
    try:
        given = parse_qs(urlsplit(referrer or "").query)
    except ValueError:  # Not a URL, such as `http://[`.
        given = {}
    return {name: given.get(f"utm_{name}", [None])[0] for name in UTM}


def of_form(name: str, referrer: str | None) -> str:
    """Return the attribution of a subscriber who came through a form, as JSON."""
    utm = {f"utm_{short}": value for short, value in utm_parameters(referrer).items()}
    return msgspec.json.encode({"referrer": referrer, **utm, "source_type": "form", "source_name": name}).decode()


def attribution(stored: str | None) -> dict[str, Any]:
    """Represent a stored attribution, with null for missing fields."""
    return _complete(ATTRIBUTION, stored)


def location(stored: str | None) -> dict[str, Any]:
    """Represent a stored location, with null for missing fields."""
    return _complete(LOCATION, stored)


def _complete(names: tuple[str, ...], stored: str | None) -> dict[str, Any]:
    return dict.fromkeys(names) | (msgspec.json.decode(stored) if stored else {})
