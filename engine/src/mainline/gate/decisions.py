"""A person's decision about one candidate: checks that are accepted although they did not pass, in a reviewed file.

`accepted.yaml` is in git like everything that is declared. It names the candidate by its package's digest, so what was
accepted ends with that candidate and holds for nothing else.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from mainline import files
from mainline.declared import reading
from mainline.declared.reading import Section
from mainline.documents import LINE
from mainline.errors import MainlineError, nearest
from mainline.gate.findings import Accepted, Check

FILE = Path("accepted.yaml")
NEVER = ("lock", "finite predictions", "package", "served")
"""Checks that nobody may accept: without them there is no such model, or no server takes it."""

HEAD = f"""\
# What a person accepts of one candidate although the gate does not pass it; engine/docs/gate.md explains it.
# `./mainline accept` writes this file, a review decides about it. It ends with the candidate that `digest` names.
# Never accepted: {", ".join(NEVER)}.
"""

Text = Annotated[str, Field(max_length=300, pattern=LINE)]
"""One line: it stands in a tag's message, whose lines mean something."""


class Decision(Section):
    """Checks of one candidate that somebody accepts, and why."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    checks: tuple[Text, ...] = Field(strict=False, min_length=1)
    reason: Text
    by: Annotated[str, Field(max_length=100, pattern=LINE)]


class _File(Section):
    accepted: tuple[Decision, ...] = Field(strict=False)


def load(digest: str, file: Path = FILE) -> list[Decision]:
    """Return what is accepted of the candidate with this digest; what was of others has ended.

    Raises:
        ParamsError: when the file is not as `write` makes it.
    """
    if not file.exists():
        return []
    return [decision for decision in reading.load(file, _File).accepted if decision.digest == digest]


def check(raw: object) -> Decision:
    """Check a decision that is to be written.

    Raises:
        ParamsError: naming what does not fit.
    """
    return reading.check_section(Decision, raw, "accepted", FILE.name)


def apply(checks: Sequence[Check], decisions: Iterable[Decision]) -> tuple[list[Check], list[Accepted]]:
    """Turn what was accepted into warnings that say so; return the checks, and what was accepted with its verdict.

    Raises:
        MainlineError: when a decision names a check that there is not, or one that nobody may accept.
    """
    decided = {name: decision for decision in decisions for name in decision.checks}
    refuse(decided, checks)
    kept, accepted = [], []
    for check in checks:
        decision = decided.get(check.name)
        if decision is None or check.verdict == "pass":
            kept.append(check)
            continue
        said = f"Accepted by {decision.by} ({check.verdict}): {decision.reason} | {check.reason}"
        kept.append(check.model_copy(update={"verdict": "warn", "reason": said[:600]}))
        accepted.append(Accepted(check=check.name, verdict=check.verdict, by=decision.by, reason=decision.reason))
    return kept, accepted


def refuse(names: Iterable[str], checks: Sequence[Check]) -> None:
    """Refuse names of checks that there are not, and of those that nobody may accept.

    Raises:
        MainlineError: naming the first.
    """
    known = [check.name for check in checks]
    for name in names:
        if name in NEVER:
            raise MainlineError(
                f"nobody may accept '{name}': without it the candidate cannot be trusted. Correct what it reports."
            )
        if name not in known:
            raise MainlineError(f"'{name[:60]}' is not a check of the gate; {nearest(name, known)}")


def next_step(checks: Sequence[Check]) -> str:
    """Say what to do about everything that stops a candidate: accept it, or mend what nobody may accept; or ''."""
    stopping = [check for check in checks if check.verdict in ("fail", "cannot tell")]
    for check in stopping:
        if check.name in NEVER:
            return f"Nobody may accept '{check.name}'. {check.reason}"
    if not stopping:
        return ""
    named = f"./mainline accept {' '.join(_quoted(check.name) for check in stopping)} --reason '...'"
    return f"If it is right all the same, a person may accept it: `{named}`; engine/docs/gate.md."


def refuse_passed(names: Iterable[str], checks: Sequence[Check]) -> None:
    """Refuse names of checks that pass: a decision about one would show nobody what was decided.

    Raises:
        MainlineError: naming the first, and those that do not pass.
    """
    others = [check.name for check in checks if check.verdict != "pass" and check.name not in NEVER]
    for name in names:
        if name not in others:
            named = f"the gate names: {', '.join(others)}" if others else "every other check passes too"
            raise MainlineError(f"'{name}' passes, so there is nothing to accept about it; {named}.")


def write(decision: Decision, file: Path = FILE) -> None:
    """Add a decision to those about the same candidate; what was decided about others is in git's history."""
    kept = [each for each in load(decision.digest, file) if not set(each.checks) <= set(decision.checks)]
    plain = [{**each.model_dump(), "checks": list(each.checks)} for each in (*kept, decision)]
    content = yaml.safe_dump({"accepted": plain}, sort_keys=False, allow_unicode=True, width=100)
    files.replace(file, HEAD + content)


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name
