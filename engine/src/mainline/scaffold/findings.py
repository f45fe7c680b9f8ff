"""What is found in a table: how sure that is, and which option says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mainline import display, text

Sure = Literal["sure", "likely", "unsure", "told"]


@dataclass(frozen=True)
class Finding:
    """One line of the plan."""

    about: str
    found: str
    sure: Sure = "sure"
    option: str = ""


@dataclass(frozen=True)
class Wishes:
    """What a person says; None or nothing where it is to be told from the table."""

    task: str | None = None
    positive: str | None = None
    key: str | None = None
    group: str | None = None
    time: str | None = None
    zone: str | None = None
    period: str | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    """Columns, each with a text that stands for a missing value in it."""
    loss: str | None = None
    """What a regression is fitted by."""

    def named(self) -> list[str]:
        """List the columns that are named."""
        names = [self.key, self.group, self.time, *self.keep, *self.drop]
        return [name for name in names if name and name != NONE]


NONE = "none"
"""The word for "there is none" where an option takes a column."""


def render(findings: Sequence[Finding]) -> list[str]:
    """Set findings as a table; long ones are cut, and a narrow terminal breaks rows at a blank."""
    rows = [(each.about, text.clip(each.found, 88), each.sure, each.option or "") for each in findings]
    return [display.fold(line) for line in text.table(("", "what I found", "how sure", "what changes it"), rows)]
