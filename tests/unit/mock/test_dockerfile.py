"""The Dockerfile of the mock, read line by line: there may be no Docker here, so its commands are run without one."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from kit_mock import KitMock
from kit_mock.commands.settings import PREFIX, variable
from tests.unit.mock.delivering import unused_port
from tests.unit.mock.serving import serving

ROOT = Path(__file__).parents[3]
FILE = ROOT / "mock" / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """Each instruction with what stands behind it, in their order."""
    text = "\n".join(line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, which its FROM begins."""
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def of(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for each, rest in stage if each == name]


def environment() -> dict[str, str]:
    """The variables that the image sets, in an environment that has little else."""
    (line,) = of(stages()[-1], "ENV")
    image = dict(pair.split("=", 1) for pair in shlex.split(line))
    return {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", **image}


def test_it_names_no_registry_and_runs_as_a_user_without_rights() -> None:
    build, run = stages()
    assert {rest.split()[0] for stage in (build, run) for rest in of(stage, "FROM")} == {"python:3.13-slim"}
    assert not re.search(r"://|index-url|\.(com|org|io|net)\b", FILE.read_text(encoding="utf-8"))
    (user,) = of(run, "USER")
    assert int(user) > 0
    names = [name for name, _ in run]
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT"), (
        "it installs as root, and runs as a user"
    )
    assert f"install -d -o {user} {of(run, 'WORKDIR')[0]}" in of(run, "RUN")[0]


def test_the_wheel_is_made_of_what_is_copied(tmp_path: Path) -> None:
    build, run = stages()
    for line in of(build, "COPY"):
        *sources, target = line.split()
        for source in sources:
            found = ROOT / source
            if found.is_dir():
                shutil.copytree(found, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, tmp_path / target)
    (command,) = map(json.loads, of(build, "RUN"))
    program, verb, *options, source = ["wheels" if each == "/wheels" else each for each in command]
    assert (program, verb, source) == ("pip", "wheel", ".")
    # The build's own requirements are installed already, as no network is needed here.
    subprocess.run(
        [sys.executable, "-m", program, verb, "-q", "--no-build-isolation", *options, source],
        cwd=tmp_path,
        check=True,
        timeout=120,
    )
    # As the shell of the other stage finds it.
    pattern = re.search(r"\$\(ls (\S+)\)\[mock\]", of(run, "RUN")[0])
    assert pattern
    (wheel,) = (tmp_path / "wheels").glob(Path(pattern[1]).name)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"kit_mock/__main__.py", "kit_mock/control/templates/page.html", "kit_api/openapi.json"} <= names


def health(port: int) -> int:
    """The exit status of the health check, of a container that listens on that port."""
    (line,) = of(stages()[-1], "HEALTHCHECK")
    program, *arguments = json.loads(line.partition("CMD ")[2])
    assert program == "python"
    settings = {**environment(), "KIT_MOCK_PORT": str(port)}
    return subprocess.run([sys.executable, *arguments], env=settings, stderr=subprocess.DEVNULL, timeout=30).returncode


def test_it_serves_on_every_address_and_is_healthy_while_it_does(tmp_path: Path) -> None:
    run = stages()[-1]
    (entry,), (default,) = map(json.loads, of(run, "ENTRYPOINT")), map(json.loads, of(run, "CMD"))
    assert (entry, default) == (["kit-mock"], ["serve"])
    port = unused_port()
    assert health(port) != 0
    assert {name for name in environment() if name.startswith(PREFIX)} == {variable("--host"), variable("--port")}
    assert environment()["KIT_MOCK_PORT"] in of(run, "EXPOSE")
    settings = {**environment(), "KIT_MOCK_PORT": str(port), "KIT_MOCK_DB": "kit.sqlite3"}
    with serving(environment=settings, cwd=tmp_path) as served:
        assert served.rows(5)["address"] == "every one of this machine"
        assert health(port) == 0
    assert (tmp_path / "kit.sqlite3").is_file()
    with KitMock(control=False) as mock:
        assert health(int(mock.url.rpartition(":")[2])) != 0, "it needs the control plane"


def test_what_its_comment_says_to_run_names_this_file() -> None:
    assert f"docker build -f {FILE.relative_to(ROOT)} " in FILE.read_text(encoding="utf-8")
