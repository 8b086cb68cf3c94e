"""`kit-client doctor`: whether everything works, and where the service differs from the document."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.status import FAILED, OK

# More would make tokens seem valid that have expired, or the other way round.
_SKEW_SECONDS = 60.0


def add_to(commands: Commands) -> None:
    """Declare the command."""
    commands.add(
        "doctor",
        "check every operation that reads, and say what is wrong",
        run,
        "It sends about 25 GET requests, which change nothing. It fails if an operation fails, if a response\n"
        "contradicts the document, or if this machine's clock is wrong. It shows fields that the document doesn't have.",
    )


def run(options: argparse.Namespace, context: Context) -> int:
    """Read through every operation, and say what is wrong."""
    del options
    from kit_cli.checkup import Checkup, Finding

    findings: list[Finding] = []
    with context.kit(max_retries=1, timeout=20.0, deadline=60.0) as kit, context.output.without_warnings():
        checkup = Checkup(kit)
        facts = _facts(context, kit)
        with context.output.progress("Reading", len(checkup.readable)) as update:
            for number, finding in enumerate(checkup.findings(), 1):
                findings.append(finding)
                update(number, None)
    facts["clock_skew_seconds"] = checkup.clock_skew
    is_late = checkup.clock_skew is not None and abs(checkup.clock_skew) > _SKEW_SECONDS
    is_ok = not is_late and not any(finding.is_wrong for finding in findings)
    if context.output.as_json:
        context.output.result({"ok": is_ok, **facts, "operations": findings})
    else:
        _show(context, facts, findings, is_late=is_late, is_ok=is_ok)
    return OK if is_ok else FAILED


def _facts(context: Context, kit: Any) -> dict[str, Any]:
    import httpx
    import msgspec

    from kit_cli.document import raw_document
    from kit_client import __version__

    limiter = kit.rate_limiter
    return {
        "versions": {
            "kit-client": __version__,
            "document": raw_document()["info"]["version"],
            "python": ".".join(map(str, sys.version_info[:3])),
            "httpx": httpx.__version__,
            "msgspec": msgspec.__version__,
        },
        "base_url": context.credentials.base_url(),
        "credentials": context.credentials.describe(),
        "rate_limit": None if limiter is None else {"limit": limiter.state().limit, "window": limiter.state().window},
    }


def _show(context: Context, facts: dict[str, Any], findings: list[Any], *, is_late: bool, is_ok: bool) -> None:
    output = context.output
    output.say(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    output.say(f"{facts['base_url']}, {facts['credentials']}")
    if facts["rate_limit"] is not None:
        output.say(f"at most {facts['rate_limit']['limit']} requests in {facts['rate_limit']['window']:g} seconds")
    skew = facts["clock_skew_seconds"]
    if skew is not None:
        gap = (
            f"is {abs(skew):g} seconds {'behind' if skew > 0 else 'ahead of'} the service's: set it" if is_late else ""
        )
        output.say(f"this machine's clock {gap or 'is right'}")
    output.say("")
    rows = [(each.operation, each.verdict, each.status_code, each.milliseconds, each.remark) for each in findings]
    output.table(("operation", "verdict", "status", "ms", "remark"), rows)
    differences = [(each.operation, difference) for each in findings for difference in each.differences]
    if differences:
        output.say("")
        output.table(("operation", "differs from the document"), differences)
    output.say("")
    bad = [each.operation for each in findings if each.is_wrong]
    output.say("All is well" if is_ok else f"Something is wrong: {', '.join(bad) or 'the clock'}")
