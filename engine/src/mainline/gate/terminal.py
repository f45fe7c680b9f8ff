"""The gate's findings, for a terminal."""

import textwrap
from collections.abc import Sequence

from mainline import display
from mainline.documents import Verdict
from mainline.gate import decisions, next_steps
from mainline.gate.findings import FILE, Check, Findings
from mainline.gate.next_steps import Step
from mainline.text import clean

INDENT = 8
WIDEST = 34
"""Characters of a column, at most; a longer text moves the next one on."""
NARROW = 16
"""With fewer columns left for the limits, those of what passed are left out."""

MARKS: dict[Verdict, tuple[str, str]] = {
    "pass": ("pass", "32"),
    "warn": ("WARN", "1;33"),
    "cannot tell": ("????", "1;35"),
    "fail": ("FAIL", "1;31"),
}
"""What stands before a check, and its colour (ANSI); the last weighs most."""


def render(findings: Findings, colour: bool = False, is_committed: bool = True) -> str:
    """Write a row per check for a terminal; what did not pass comes last, with its reason, next to the conclusion."""
    end = f"All of it is in {FILE}; `make report` makes a page of it."
    return "\n".join(
        [*table(findings.checks, colour), *_next(findings, is_committed), *textwrap.wrap(end, display.page()), ""]
    )


def _next(findings: Findings, is_committed: bool) -> list[str]:
    """Write what to do next; how to accept, or that nobody may, stands in the line with which the command ends."""
    last = decisions.next_step(findings.checks)
    steps = [
        step
        for step in next_steps.of(findings)
        if step.text != last and not step.command.startswith("./mainline accept")
    ]
    if not is_committed and findings.verdict in ("pass", "warn"):
        steps.insert(-1, Step("Commit it first: a pull request has what is committed.", "git add --all && git commit"))
    said = [" ".join([clean(step.text), *([f"`{step.command}`"] if step.command else [])]) for step in steps]
    return [line for text in said for line in textwrap.wrap(text, display.page())] + ([""] if said else [])


def table(checks: Sequence[Check], colour: bool = False) -> list[str]:
    """Return the lines of a table of checks, those that passed first, and an empty one at its end."""
    rows = [("check", "observed"), *((clean(check.name), clean(check.observed)) for check in checks)]
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*rows, strict=True)]
    passed = [line for check in checks if check.verdict == "pass" for line in _row(check, widths, colour)]
    others = sorted((check for check in checks if check.verdict != "pass"), key=lambda c: list(MARKS).index(c.verdict))
    urgent = [line for check in others for line in _row(check, widths, colour)]
    title = _columns("check", "observed", "limit" if _room(widths) else "", widths)
    lines = ["", f"{' ' * INDENT}{title}".rstrip(), *passed, "", *urgent]
    return [*lines, *([""] if urgent else [])]


def _row(check: Check, widths: list[int], colour: bool) -> list[str]:
    """Write the lines of a check: wrapped, and with its reason unless it passed."""
    mark, code = MARKS[check.verdict]
    width, limit = display.page() - INDENT, clean(check.limit)
    is_beside = _room(widths) > 0 and len(_columns(clean(check.name), clean(check.observed), "", widths)) < width
    found = _columns(clean(check.name), clean(check.observed), limit if is_beside else "", widths).rstrip()
    indent = " " * (sum(widths) + 4 if is_beside else widths[0] + 2 if widths[0] < width / 2 else 2)
    first, *more = textwrap.wrap(found, width, subsequent_indent=indent) or [""]
    reason = [] if check.verdict == "pass" else textwrap.wrap(clean(check.reason), width)
    if not is_beside and (reason or _room(widths)):
        reason = [*textwrap.wrap(f"Limit: {limit}", width), *reason]
    shown = f"\033[{code}m{mark}\033[0m" if colour else mark
    return [f"  {shown}  {first}", *(" " * INDENT + line for line in [*more, *reason])]


def _room(widths: list[int]) -> int:
    """Return the columns that are left for a limit; 0 if they are too few for one."""
    left = display.page() - INDENT - sum(widths) - 4
    return left if left >= NARROW else 0


def _columns(name: str, observed: str, limit: str, widths: list[int]) -> str:
    return f"{name:<{widths[0]}}  {observed:<{widths[1]}}  {limit}"
