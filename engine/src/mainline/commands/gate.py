"""`gate`: hold the candidate in the workspace against production, and write what was found."""

import os
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path

from mainline import progress
from mainline.declared import environments, params
from mainline.declared import gate as declared_gate
from mainline.declared.environments import Environment
from mainline.declared.gate import Policy
from mainline.errors import MainlineError
from mainline.gate import decisions, gather, judge, production
from mainline.gate.findings import Check, Findings, Verdict, read
from mainline.registry import clone, tags
from mainline.release import reference
from mainline.report.escape import clean

FINDINGS = Path("metrics/report/gate.json")
WIDTH, INDENT = 100, 8
WIDEST = 34
"""Characters of a column, at most; a longer text moves the next one on."""

MARKS: dict[Verdict, tuple[str, str]] = {
    "pass": ("pass", "32"),
    "warn": ("WARN", "1;33"),
    "cannot tell": ("????", "1;35"),
    "fail": ("FAIL", "1;31"),
}
"""What stands before a check, and its colour (ANSI); the last weighs most."""


class GateError(MainlineError):
    """The candidate may not be released; the message says why."""


def gate(environment: str | None = None) -> str:
    """Check the candidate, write `metrics/report/gate.json`, print the checks and return the conclusion.

    Without an environment the candidate is held against the version of each, as `promote` will; what refuses it first
    is what is written. The findings of an earlier run are removed first, so that a gate that cannot run leaves no
    verdict.

    Raises:
        GateError: when the candidate fails, or when something could not be told.
    """
    FINDINGS.unlink(missing_ok=True)
    limits = declared_gate.load(params.load().gate)
    registry = tags.read()
    clone.check(registry)
    for line in registry.skipped:
        progress.say(clean(line))
    declared = environments.load_all()
    if environment is not None:
        return _hold(environment, limits, declared)
    for line in reference.tell(declared):
        progress.say(line)
    return [_hold(name, limits, declared) for name in reference.environments(declared)][-1]


def _hold(environment: str, limits: Policy, declared: Mapping[str, Environment]) -> str:
    required = environment in declared and declared[environment].requires_signature
    with tempfile.TemporaryDirectory(prefix="mainline-gate-") as scratch:
        packages = Path(scratch)
        production.fetch(gather.versions(limits.slow_decay.versions, environment), packages, required)
        judge.run(environment, packages, FINDINGS)
    findings = read(FINDINGS.read_bytes())
    print(render(findings, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ), flush=True)
    if findings.verdict in ("fail", "cannot tell"):
        raise GateError(f"{clean(findings.headline)} {clean(decisions.next_step(findings.checks))}")
    return clean(findings.headline)


def render(findings: Findings, colour: bool = False) -> str:
    """Write a row per check for a terminal; what did not pass comes last, with its reason, next to the conclusion."""
    rows = [("check", "observed"), *((clean(check.name), clean(check.observed)) for check in findings.checks)]
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*rows, strict=True)]
    passed = [line for check in findings.checks if check.verdict == "pass" for line in _row(check, widths, colour)]
    others = sorted(
        (check for check in findings.checks if check.verdict != "pass"), key=lambda c: list(MARKS).index(c.verdict)
    )
    urgent = [line for check in others for line in _row(check, widths, colour)]
    lines = ["", f"{' ' * INDENT}{_columns('check', 'observed', 'limit', widths)}", *passed, "", *urgent]
    end = f"All of it is in {FINDINGS}; `make report` makes a page of it."
    return "\n".join([*lines, *([""] if urgent else []), end, ""])


def _row(check: Check, widths: list[int], colour: bool) -> list[str]:
    """Write the lines of a check: wrapped, and with its reason unless it passed."""
    mark, code = MARKS[check.verdict]
    found = _columns(clean(check.name), clean(check.observed), clean(check.limit), widths)
    first, *more = textwrap.wrap(found, WIDTH - INDENT, subsequent_indent="  ") or [""]
    reason = [] if check.verdict == "pass" else textwrap.wrap(clean(check.reason), WIDTH - INDENT)
    shown = f"\033[{code}m{mark}\033[0m" if colour else mark
    return [f"  {shown}  {first}", *(" " * INDENT + line for line in [*more, *reason])]


def _columns(name: str, observed: str, limit: str, widths: list[int]) -> str:
    return f"{name:<{widths[0]}}  {observed:<{widths[1]}}  {limit}"
