"""From the first import to the answer of the first call, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from .timing import goal, medians, table

# Both import httpx and get the same canned account; a process prints how long that took.
PREAMBLE = """
import time
start = time.perf_counter()
import httpx
BODY = (b'{"user": {"email": "a@example.com"}, "account": {"id": 1, "name": "A", "plan_type": "creator",'
        b' "primary_email_address": "a@example.com", "created_at": "2023-02-17T11:43:55Z"}}')
class Canned(httpx.BaseTransport):
    def handle_request(self, request):
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=BODY)
"""
HTTPX = """
import json
client = httpx.Client(base_url="http://kit.test", transport=Canned(), headers={"X-Kit-Api-Key": "key"})
assert json.loads(client.get("/v4/account").content)["account"]["id"] == 1
"""
KIT = """
from kit_client import Kit
assert Kit("key", base_url="http://kit.test", transport=Canned()).account.get().account.id == 1
"""


def run() -> None:
    measured: dict[str, list[float]] = {"bare httpx": [], "kit_client": []}

    with tempfile.TemporaryDirectory() as folder:
        # Compiled before it is measured, as whatever is installed is.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def once(name: str, code: str) -> None:
            script = f"{PREAMBLE}{code}\nprint(time.perf_counter() - start)"
            command = [sys.executable, "-c", script]
            found = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
            measured[name].append(float(found.stdout))

        medians({"bare httpx": lambda: once("bare httpx", HTTPX), "kit_client": lambda: once("kit_client", KIT)}, 25, 1)
    times = {name: sorted(values)[len(values) // 2] for name, values in measured.items()}
    table("Import to first call", times, "bare httpx")
    goal("ready within 1.5 times bare httpx", times["kit_client"] <= 1.5 * times["bare httpx"])
