"""Fail when ``openapi/openapi.yaml`` is not a valid OpenAPI 3.1 document: ``python scripts/check_document.py``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

DOCUMENT = Path(__file__).resolve().parent.parent / "openapi" / "openapi.yaml"


def problems(path: Path) -> list[str]:
    """What is wrong with the document, one line each, with the place in it."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        f"#/{'/'.join(str(part).replace('~', '~0').replace('/', '~1') for part in error.absolute_path)}: {error.message}"
        for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Validate the document as OpenAPI 3.1.")
    parser.add_argument("document", nargs="?", type=Path, default=DOCUMENT, help="default: %(default)s")
    found = problems(parser.parse_args().document)
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
