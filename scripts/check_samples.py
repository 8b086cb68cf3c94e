"""Check that the generated models keep what Kit's samples hold: ``python scripts/check_samples.py``.

Every sample answer of the reference, the same with each field that the service gained since, and every example of the
document's own schemas must decode without a difference from the document and encode to the same JSON. The first two are
checked where the reference is present.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi" / "openapi.yaml"
REFERENCE = ROOT.parent / "shared" / "docs"

Sample = tuple[str, Any, Any]
"""What it is, the model that it belongs to, and the JSON."""

_WORDS: dict[str, list[Any]] = {
    "integer": [7],
    "number": [2.5, 3],
    "boolean": [True, False],
    "string": ["text"],
    "date-time": ["2026-07-28T09:30:00Z", "2026-07-28T09:30:00.125Z"],
    "null": [None],
    "IANA name": ["Europe/Paris"],
    "list of monday..sunday": [["monday", "sunday"], []],
    "list of {type, ids}": [[{"type": "tag", "ids": [7]}]],
}
_UNTYPED: dict[str, Any] = {
    "friendly_name": "Paris",
    "utc_offset": "+01:00",
    "email_address": "ada@example.com",
    "status": "confirmed",
    "id": 7,
    "subscriber_limit": 500,
    "trial_lapse_date": None,
    "renews_at": "2026-07-28",
    "cancels_at": None,
}


def models(document: dict[str, Any]) -> dict[str, dict[int, Any]]:
    """Return the model of each success of each operation."""
    found = {}
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "operationId" in operation:
                module = f"kit_api.api.{operation['tags'][0]}.{operation['operationId']}"
                found[operation["operationId"]] = importlib.import_module(module).OPERATION.success
    return found


def own_examples(document: dict[str, Any]) -> Iterator[Sample]:
    """Yield the examples of the document's schemas."""
    package = importlib.import_module("kit_api.models")
    for name, schema in document["components"]["schemas"].items():
        for number, example in enumerate(schema.get("examples", ())):
            if isinstance(example, dict) and hasattr(getattr(package, name), "from_dict"):
                yield f"{name}, example {number + 1}", getattr(package, name), example


def reference_samples(document: dict[str, Any], folder: Path) -> Iterator[Sample]:
    """Yield the sample answers of the reference, and the same with each field that the service gained since."""
    known = models(document)
    ids = {
        (method.upper(), _nameless(path)): operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }
    samples: dict[str, dict[str, Any]] = {}
    for entry in json.loads((folder / "reference.json").read_text(encoding="utf-8")):
        operation_id = ids[entry["method"], _nameless(entry["path"])]
        for status, example in entry["examples"].items():
            model = known[operation_id].get(int(status))
            if isinstance(example, dict) and model is not None:
                samples.setdefault(operation_id, {})[status] = example
                yield f"{operation_id} {status}, sample", model, example
    today = json.loads((folder / "today.json").read_text(encoding="utf-8"))
    for addition in today["additions_to_known_operations"]:
        for operation_id in addition["operation"].split(", "):
            for path, described in addition.get("response", {}).items():
                for status, example in samples.get(operation_id, {}).items():
                    for value in _values(described, path.rpartition(".")[2].removesuffix("[]")):
                        changed = copy.deepcopy(example)
                        if _put(changed, path.split("."), value):
                            model = known[operation_id][int(status)]
                            yield f"{operation_id} {status}, {path} = {value!r:.40}", model, changed


def _nameless(template: str) -> str:
    return re.sub(r"\{\w+\}", "{}", template)


def _values(described: Any, name: str) -> Iterator[Any]:
    """Yield values of a type as the facts describe it, such as `string|null` or `{id, name}`."""
    if isinstance(described, str) and described in _WORDS and name not in _UNTYPED:
        yield from _WORDS[described]
    elif isinstance(described, dict):
        combinations = {key: list(_values(inner, key)) for key, inner in described.items()}
        for number in range(max(map(len, combinations.values()))):
            yield {key: values[number % len(values)] for key, values in combinations.items()}
    elif described.startswith("{"):
        yield {key: _of_name(key) for key in re.findall(r"(\w+)(?:[ |]\w+)*(?:, |\})", described)}
    elif re.fullmatch(r"[a-z]+(\|[a-z]+)+", described) and not set(described.split("|")) & _WORDS.keys():
        yield from described.split("|")
    elif described.endswith(", …"):
        yield described.removesuffix(", …")
    else:
        for word in described.split(", ")[0].split("|"):
            yield from [_of_name(name)] if word == "string" and name in _UNTYPED else _WORDS[word]


def _of_name(name: str) -> Any:
    return _UNTYPED.get(name, name.startswith(("is_", "on_")) or "text")


def _put(value: Any, steps: list[str], new: Any) -> bool:
    """Set a field at a path; whether there was a place for it."""
    name = steps[0].removesuffix("[]")
    if len(steps) == 1:
        value[name] = [new] if steps[0].endswith("[]") else new
        return True
    inner = value.get(name)
    places = inner if isinstance(inner, list) else [inner]
    # All of them, so no `any` over a generator, which would end at the first.
    placed = [_put(place, steps[1:], new) for place in places if isinstance(place, dict)]
    return any(placed)


def problems(samples: Iterator[Sample]) -> Iterator[str]:
    """Yield a line for each sample that differs from the document, or that does not come out as it went in."""
    from kit_api.codec import decode

    reports: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: reports.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("kit_api")
    logger.addHandler(handler)
    try:
        for what, model, sample in samples:
            reports.clear()
            made = decode(model, msgspec.json.encode(sample), what)
            yield from (f"{what}: {report}" for report in reports)
            if made.to_dict() != sample:
                yield f"{what}: came out as {made.to_dict()}"
    finally:
        logger.removeHandler(handler)


def main() -> int:
    parser = argparse.ArgumentParser(description="Check that the generated models keep what samples hold.")
    parser.add_argument("--reference", type=Path, default=REFERENCE, help="where it is present: %(default)s")
    reference = parser.parse_args().reference
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    samples = list(own_examples(document))
    if reference.is_dir():
        samples += reference_samples(document, reference)
    else:
        print(f"skipped: samples of the reference ({reference} not found)")
    found = list(problems(iter(samples)))
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    print(f"{len(samples)} samples, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
