"""`gate`: hold the candidate in the workspace against production, and write what was found."""

import tempfile
from pathlib import Path

from mainline import params
from mainline.errors import MainlineError
from mainline.gate import policy, verdict
from mainline.gate.describe import describe
from mainline.gate.findings import Check, Findings, write
from mainline.gate.gather import gather

FINDINGS = Path("metrics/report/gate.json")
MARKS = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "cannot tell": "????"}


class GateError(MainlineError):
    """The candidate may not be released; the message is the whole result."""


def gate(environment: str = "production") -> str:
    """Check the candidate, write `metrics/report/gate.json` and return the result as a table.

    Raises:
        GateError: when the candidate fails, or when something could not be told.
    """
    declared = params.load()
    limits = policy.load(declared.gate)
    with tempfile.TemporaryDirectory(prefix="mainline-gate-") as scratch:
        evidence = gather(limits, environment, declared.evaluation.slice_min_rows, Path(scratch))
        found = verdict.run(evidence, limits)
        findings = describe(evidence, limits, found)
    write(findings, FINDINGS)
    text = render(findings)
    if findings.verdict in ("fail", "cannot tell"):
        raise GateError(text)
    return text


def render(findings: Findings) -> str:
    """Write the findings for a terminal: the sentence, then a line per check."""
    width = max(len(check.name) for check in findings.checks)
    return "\n".join(
        ["", findings.headline, "", *[_line(check, width) for check in findings.checks], "", str(FINDINGS)]
    )


def _line(check: Check, width: int) -> str:
    said = f"  {MARKS[check.verdict]}  {check.name:<{width}}  {check.observed} (limit: {check.limit})"
    return said if check.verdict == "pass" else f"{said}\n        {check.reason}"
