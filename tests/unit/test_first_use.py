"""The first use of each model by several threads at once, which crashed the interpreter."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import json, sys, threading
import kit_api.models as models
from kit_api.codec import convert, decode

sys.setswitchinterval(1e-6)
names = [name for name in dir(models) if isinstance(getattr(models, name), type)]
assert len(names) > 50

def use(start, model):
    body = {field: {} for field in getattr(model, "__struct_encode_fields__", ())}
    content = json.dumps(body).encode()
    start.wait()
    for use in (lambda: decode(model, content, "x", lambda drift: None), lambda: convert(model, body)):
        try:
            use()
        except Exception:
            pass

for name in names:
    start = threading.Barrier(4)
    threads = [threading.Thread(target=use, args=(start, getattr(models, name))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_use_a_model_first_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", CODE], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
