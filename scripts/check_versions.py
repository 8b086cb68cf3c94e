"""Check the lowest and the newest allowed versions of all dependencies: ``python scripts/check_versions.py``.

For each Python, and each end of the ranges in pyproject.toml, the package is installed with the extras `mock` and `redis`
into an environment of its own, and the client does its main job on the mock there. It needs a network, for uv to resolve
and install.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.13")
# By what pyproject.toml itself names: the lowest versions of everything below it are for those packages to get right.
RESOLUTIONS = ("lowest-direct", "highest")
UV = str(Path(sys.executable).with_name("uv"))

SMOKE = """
import asyncio, datetime, json, pathlib, urllib.error, urllib.request
from urllib.parse import urlsplit
from kit_client import AsyncKit, FileTokenStore, Kit, NotFoundError, OAuth, RedisTokenStore
from kit_mock import Clock, KitMock

pathlib.Path("seed.yaml").write_text("timezone: Europe/Paris\\ntags: [{name: Newsletter}]\\n")
with KitMock(seed="seed.yaml", clock=Clock(datetime.datetime(2023, 2, 17, tzinfo=datetime.timezone.utc))) as mock:
    with Kit(mock.api_key, transport=mock.transport) as kit:
        ada = kit.subscribers.create(email_address="ada@example.com", first_name="Ada")
        kit.tags.tag_subscriber_by_email(1, email_address=ada.email_address)
        assert [one.id for one in kit.tags.list_subscribers(1)] == [ada.id]
        assert json.loads(kit.account.get().account.to_json())["timezone"]["utc_offset"] == "+01:00"
        assert kit.custom_fields.create(label="Straße").key == "strasse"
        try:
            kit.subscribers.get(99)
            raise SystemExit("no error for a subscriber who isn't there")
        except NotFoundError:
            pass

    mock.auto_approve = True
    redirect_uri, store = "https://app.example.com/oauth/callback", FileTokenStore("tokens/tokens.json")
    oauth = OAuth(client_id="kit_test_client", redirect_uri=redirect_uri, store=store, transport=mock.transport)
    page = urlsplit(oauth.authorization_url())
    consent = urllib.request.Request(f"{mock.url}{page.path}?{page.query}")
    no_redirects = type("NoRedirects", (urllib.request.HTTPRedirectHandler,), {"redirect_request": lambda *_: None})
    try:
        urllib.request.build_opener(no_redirects).open(consent, timeout=10)
    except urllib.error.HTTPError as redirect:
        oauth.exchange(redirect.headers["Location"])
    mock.advance(days=3)
    with Kit(auth=oauth, transport=mock.transport) as kit:
        assert [one.name for one in kit.tags.list()] == ["Newsletter"]
    RedisTokenStore("redis://127.0.0.1:1").lock("a")

    async def count() -> int:
        async with AsyncKit(mock.api_key, base_url=mock.url) as kit:
            return len([one async for one in kit.subscribers.list()])

    assert asyncio.run(count()) == 1
    assert b"<title>" in urllib.request.urlopen(f"{mock.url}/_mock/", timeout=10).read()
"""


def python_of(version: str) -> str | None:
    """Return the interpreter of a version, or None if this machine has none."""
    found = subprocess.run(
        ["bash", str(ROOT / "scripts" / "find_python.sh"), version], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else None


def run(*command: str, folder: Path) -> str | None:
    """Run a command; return its last lines if it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])


def problem(wheel: Path, version: str, python: str, resolution: str, folder: Path) -> str | None:
    """Return what fails with these versions, or None if all works."""
    environment = folder / "environment"
    inside = str(environment / "bin" / "python")
    versions = str(folder / "versions.txt")
    resolve = (UV, "pip", "compile", "--quiet", "--no-header", "--python-version", version, "--resolution", resolution)
    install = (UV, "pip", "install", "--quiet", "--python", inside, "--no-deps")
    return (
        run(
            *resolve,
            "--extra",
            "mock",
            "--extra",
            "redis",
            "--output-file",
            versions,
            str(ROOT / "pyproject.toml"),
            folder=folder,
        )
        or run(UV, "venv", "--quiet", "--python", python, str(environment), folder=folder)
        or run(*install, "--requirements", versions, str(wheel), folder=folder)
        or run(inside, "-W", "error::DeprecationWarning:kit_client", "-c", SMOKE, folder=folder)
    )


def failures(wheel: Path) -> Iterator[str]:
    """Check every combination, with a line for each, and yield what fails."""
    for version in PYTHONS:
        python = python_of(version)
        if python is None:
            print(f"Python {version}: skipped, since this machine has none", flush=True)
            continue
        for resolution in RESOLUTIONS:
            start = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                found = problem(wheel, version, python, resolution, Path(folder))
            outcome = "works" if found is None else "FAILS"
            print(f"Python {version}, {resolution}: {outcome} ({time.monotonic() - start:.0f} s)", flush=True)
            if found is not None:
                yield f"Python {version}, {resolution}:\n{found}"


def main() -> int:
    argparse.ArgumentParser(
        description="Check the lowest and the newest allowed versions of all dependencies."
    ).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder)
        if (broken := run(*build, str(ROOT), folder=ROOT)) is not None:
            found = [f"the wheel can't be built:\n{broken}"]
        else:
            found = list(failures(next(Path(folder).glob("*.whl"))))
    for each in found:
        print(f"error: {each}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
