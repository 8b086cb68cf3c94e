"""The stock generator's output for our document, to show that each fault is there before it is mended."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def run_stock(document: dict[str, Any], folder: Path, name: str) -> Path:
    """Generate with no configuration and no templates of ours."""
    source = folder / f"{name}.yaml"
    source.write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none"]
    command += ["--path", str(source), "--output-path", str(folder / name)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / name


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "openapi" / "openapi.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def stock_folder(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stock")
    run_stock(document, folder, "stock_kit")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def stock(stock_folder: Path) -> Callable[[str], ModuleType]:
    """Import a module of the stock package: `stock("api.tags.list_tags")`."""
    return lambda name: importlib.import_module(f"stock_kit.{name}" if name else "stock_kit")
