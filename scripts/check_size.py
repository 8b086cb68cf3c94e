"""Check that the overlay stays thin: ``python scripts/check_size.py``.

`overlay/kit_client` and each folder in it may have as many lines of code as `pyproject.toml` says under
`[tool.kit-client.overlay-lines]`. Blank lines, comments and docstrings don't count.
"""

from __future__ import annotations

import ast
import sys
import tokenize
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OVERLAY = ROOT / "overlay" / "kit_client"
CORE = "core"
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def lines_of_code(path: Path) -> int:
    """Count the lines of a Python file that hold code."""
    with path.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in _NO_CODE]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(path.read_bytes())):
        # Docstrings, and the texts below attributes that stand for one.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def sizes() -> dict[str, dict[Path, int]]:
    """Count the lines of each file, by folder of the overlay; the files that are in none of its folders are `core`."""
    found: dict[str, dict[Path, int]] = {}
    for path in sorted(OVERLAY.rglob("*.py")):
        folders = path.relative_to(OVERLAY).parts[:-1]
        found.setdefault(folders[0] if folders else CORE, {})[path] = lines_of_code(path)
    return found


def main() -> int:
    """Compare the sizes with the budgets. Returns the exit status."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    budgets: dict[str, int] = settings["tool"]["kit-client"]["overlay-lines"]
    status = 0
    for folder, files in sizes().items():
        total, budget = sum(files.values()), budgets.get(folder, 0)
        if total <= budget:
            continue
        status = 1
        print(
            f"overlay/kit_client: {folder} has {total} lines of code, and may have {budget}. The largest:",
            file=sys.stderr,
        )
        for path, size in sorted(files.items(), key=lambda each: -each[1])[:5]:
            print(f"{size:6} {path.relative_to(ROOT)}", file=sys.stderr)
    if status:
        print("Delete some, or raise the budget in a commit of its own that says what for.", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
