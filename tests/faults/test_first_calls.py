"""Threads whose first calls coincide."""

from __future__ import annotations

import subprocess
import sys

# Each model is decoded for the first time by all threads at once. msgspec crashed the process, not only the call.
PROGRAM = """
import json, sys, threading
from kit_api import codec, models
from kit_api.encoding import model_fields
from kit_api.types import Model

names = (getattr(models, name) for name in models.__all__)
kinds = [kind for kind in names if isinstance(kind, type) and issubclass(kind, Model)]
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)

def work():
    for kind in kinds:
        body = json.dumps(dict.fromkeys(model_fields(kind), {})).encode()
        barrier.wait()
        try:
            codec.decode(kind, body, "any")
        except codec.msgspec.DecodeError:
            pass

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(kinds) > 50)
"""


def test_threads_may_decode_an_answer_of_a_kind_for_the_first_time_together() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "True\n"), run.stderr
