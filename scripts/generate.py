"""Generate the package ``kit_api`` from the document: ``python scripts/generate.py [--output DIR] [--document FILE]``."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from check_document import problems
from document import DOCUMENT, ROOT, absent_with, load, operations, read_back
from names import hidden_names, unusable_ids, unusable_names
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from views import FUNCTIONS, request_only, sent_models

TEMPLATES = ROOT / "openapi" / "templates"
OUTPUT = ROOT / "generated" / "kit_api"

# Templates of our own, that the generator doesn't know by name: the file that each one makes.
EXTRA = {
    "codec.py.jinja": "codec.py",
    "dicts.py.jinja": "models/dicts.py",
    "encoding.py.jinja": "encoding.py",
    "recipients.py.jinja": "recipients.py",
    "schemas.py.jinja": "schemas.py",
}


def generate(output: Path, source: Path = DOCUMENT) -> list[str]:
    """Write the package of a document to ``output``; return what went wrong, a line each, and then leave what is there alone."""
    if output.exists() and any(output.iterdir()) and not (output / "openapi.json").is_file():
        return [f"{output} holds something else than a generated package; name another folder"]
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / output.name
        try:
            found = build(fresh, source)
        except ValueError as error:
            return [str(error)]
        if not found:
            shutil.rmtree(output, ignore_errors=True)
            shutil.copytree(fresh, output)
    return found


def parse(document: dict[str, Any], output: Path) -> tuple[Config, GeneratorData | GeneratorError]:
    """Return the generator's settings for a folder, and the document as the generator reads it."""
    config = Config.from_sources(
        ConfigFile.load_from_path(ROOT / "generator_config.yaml"),
        MetaType.NONE,
        document_source=DOCUMENT,
        file_encoding="utf-8",
        overwrite=False,
        output_path=output,
    )
    return config, GeneratorData.from_dict(document, config=config)


def build(output: Path, source: Path) -> list[str]:
    """Write the package to a folder that doesn't exist yet. Return what went wrong, a line each."""
    document = load(source)
    if found := problems(document) or list(unusable_ids(document)):
        return found
    config, data = parse(document, output)
    if isinstance(data, GeneratorError):
        return [line(data)]
    if found := list(unusable_names(data)):
        return found
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.globals.update(
        FUNCTIONS,
        operations=operations(document),
        absent_with={
            name: absent_with(document, schema)
            for name, schema in document.get("components", {}).get("schemas", {}).items()
        },
        request_only=request_only(data.endpoint_collections_by_tag.values()),
        sent_models=sent_models(data.endpoint_collections_by_tag.values()),
        read_back=read_back(document),
        servers=[server["url"] for server in document["servers"]],
    )
    # The formatter runs over the whole package last, so what is ours must be there before it.
    hooks, config.post_hooks = config.post_hooks, []
    with contextlib.redirect_stdout(io.StringIO()):
        errors = list(project.build())
    for template, name in EXTRA.items():
        text = project.env.get_template(template).render()
        (output / name).write_text(text, encoding="utf-8")
    (output / "py.typed").write_text("", encoding="utf-8")
    (output / "openapi.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    # Ahead of ruff, which takes out imports that an argument hides.
    if found := [line(error) for error in errors] or list(hidden_names(output)):
        return found
    config.post_hooks = hooks
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    project.errors.clear()
    project._run_post_hooks()
    shutil.rmtree(output / ".ruff_cache", ignore_errors=True)
    return [line(error) for error in project.errors]


def line(error: GeneratorError) -> str:
    """Return what an error of the generator says, in one line."""
    return " ".join(f"{error.header or ''} {error.detail or ''}".split())


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate the package kit_api from a document.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the folder to write (default: %(default)s)")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="the document (default: %(default)s)")
    options = parser.parse_args()
    output = options.output.resolve()
    found = generate(output, options.document)
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    if found:
        return 1
    print(f"wrote {sum(1 for path in output.rglob('*.py'))} modules to {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
