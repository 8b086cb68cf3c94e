"""The wheel, in an environment with nothing else in it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from kit_mock.protocol.document import load

ROOT = Path(__file__).parents[2]

USE = """
import kit_api, kit_client
from importlib.metadata import requires, version
from kit_client import Kit, KitError
import httpx
assert version("kit-client") == kit_client.__version__
answer = httpx.Response(201, json={"tag": {"id": 1, "name": "a", "created_at": "2024-01-01T00:00:00Z"}})
with Kit("key", transport=httpx.MockTransport(lambda request: answer)) as kit:
    print(kit.tags.create(name="a").created_at.isoformat())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=120)
    (made,) = folder.glob("kit_client-*.whl")
    return made


def test_it_holds_the_packages_typed_and_the_document(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for package in ("kit_api", "kit_cli", "kit_client", "kit_mock"):
        assert {f"{package}/__init__.py", f"{package}/py.typed"} <= names
    assert "kit_api/openapi.json" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.split("/")[0] in ("tests", "scripts", "benchmarks", "openapi")]


def test_its_metadata_says_where_to_find_out_more(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    urls = dict(url.split(", ", 1) for url in metadata.get_all("Project-URL", []))
    assert urls == project["urls"]
    assert {"Homepage", "Documentation", "Changelog"} <= urls.keys()
    assert set(metadata["Keywords"].split(",")) >= {"kit", "convertkit", "mock"}
    assert {"cli", "mock", "redis"} <= set(metadata.get_all("Provides-Extra", []))
    assert metadata.get_payload(decode=True) == (ROOT / "README.md").read_bytes()


def test_it_installs_and_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    # The pip of this environment installs into the other one, which takes half the time of a pip of its own.
    venv.create(tmp_path / "venv", with_pip=False)
    folder = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(folder / "python")]
    install = [*pip, "install", "-q", "--no-compile"]
    subprocess.run([*install, str(wheel)], check=True, timeout=300)
    listed = subprocess.run(
        [*pip, "list", "--format=freeze"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.lower()
    for package in ("pydantic", "uvicorn", "jsonschema", "openapi-python-client", "schemathesis"):
        assert package not in listed, "a dependency of the mock or of development"
    used = subprocess.run([str(folder / "python"), "-I", "-c", USE], check=True, capture_output=True, text=True)
    assert used.stdout.strip() == "2024-01-01T00:00:00+00:00"

    version = subprocess.run([str(folder / "kit-client"), "--version"], capture_output=True, text=True, timeout=60)
    assert version.stdout.startswith("kit-client ")

    # Without its extra, the mock's command says what is missing.
    bare = subprocess.run([str(folder / "kit-mock"), "serve"], capture_output=True, text=True, timeout=60)
    assert bare.returncode == 2
    assert "kit-client[mock]" in bare.stderr
    assert "Traceback" not in bare.stderr
    subprocess.run([*install, f"{wheel}[mock]"], check=True, timeout=300)
    coverage = subprocess.run([str(folder / "kit-mock"), "coverage"], check=True, capture_output=True, text=True)
    last = coverage.stdout.splitlines()[-1]
    operations = load().operations
    statuses = sum(len(each.responses.keys() - each.beyond_reference) for each in operations.values())
    assert last == f"{len(operations)} of {len(operations)} operations, {statuses} of {statuses} documented statuses"
