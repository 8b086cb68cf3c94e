"""What docs/errors.md shows, run; and its list of classes, beside what the package exports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kit_client
from kit_client import APIStatusError, KitError

GUIDE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for code in CODE:
        exec(compile(code, "errors.md", "exec"), {"__name__": "__main__"})
        shown.append(capsys.readouterr().out)
    assert shown == [
        "create_subscriber 422 ['Email address is invalid'] 1\n",
        "True\n",
        "110 requests of 100 calls\ncreator\n",
        "ResponseTooLargeError list_tags\n",
    ]


def test_every_class_but_those_of_one_status_is_listed() -> None:
    exported = [getattr(kit_client, name) for name in kit_client.__all__]
    errors = {kind for kind in exported if isinstance(kind, type) and issubclass(kind, KitError)}
    general = {kind.__name__ for kind in errors if APIStatusError not in kind.__bases__}
    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", GUIDE, re.MULTILINE))))
    assert listed == general
