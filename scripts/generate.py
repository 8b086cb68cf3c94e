"""Generate the package ``kit_api`` from the document: ``python scripts/generate.py [--output DIR]``."""

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

from document import DOCUMENT, ROOT, absent_with, load, operations, read_back
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


def generate(output: Path) -> list[str]:
    """Write the package to ``output``; return what went wrong, a line each, and then leave what is there alone."""
    if output.exists() and any(output.iterdir()) and not (output / "openapi.json").is_file():
        return [f"{output} holds something else than a generated package; name another folder"]
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / output.name
        problems = build(fresh)
        if not problems:
            shutil.rmtree(output, ignore_errors=True)
            shutil.copytree(fresh, output)
    return problems


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


def build(output: Path) -> list[str]:
    """Write the package to a folder that doesn't exist yet."""
    document = load()
    config, data = parse(document, output)
    if isinstance(data, GeneratorError):
        return [f"{data.header} {data.detail}"]
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.globals.update(
        FUNCTIONS,
        operations=operations(document),
        absent_with={name: absent_with(document, schema) for name, schema in document["components"]["schemas"].items()},
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
    config.post_hooks = hooks
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    project.errors.clear()
    project._run_post_hooks()
    shutil.rmtree(output / ".ruff_cache", ignore_errors=True)
    errors += project.errors
    return [f"{error.header or ''} {error.detail or ''}".strip() for error in errors]


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate the package kit_api from openapi/openapi.yaml.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the folder to write (default: %(default)s)")
    output = parser.parse_args().output.resolve()
    problems = generate(output)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        return 1
    print(f"wrote {sum(1 for path in output.rglob('*.py'))} modules to {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
