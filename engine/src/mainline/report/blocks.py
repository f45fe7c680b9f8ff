"""What a report is made of, before it is Markdown or HTML.

A `str` is ours; text from outside is only ever in `Code`, `Names` or `Prose`, so that a renderer cannot forget to
escape it.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mainline.documents import Verdict
from mainline.gate.findings import Check, Plot


@dataclass(frozen=True)
class Code:
    """A name or a value from outside."""

    text: str


@dataclass(frozen=True)
class Names:
    """Several of them; a short report shows the first."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Prose:
    """A sentence from outside."""

    text: str


@dataclass(frozen=True)
class Strong:
    """What matters in a line."""

    line: "Line"


Side: TypeAlias = Literal["better", "worse", "neither"]


@dataclass(frozen=True)
class Mark:
    """The sign for a difference that is surely better or worse."""

    side: Side


@dataclass(frozen=True)
class Difference:
    """A relative difference where less is better, marked if its whole interval lies on one side of zero."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def side(self) -> Side:
        """Which side of zero the interval lies on."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return "neither"
        return "better" if self.high < 0 else "worse"


@dataclass(frozen=True)
class Interval:
    """The bounds of a relative difference; `span` is the end of the scale that rows of a table share."""

    value: float | None
    low: float | None
    high: float | None
    span: float


Inline: TypeAlias = str | Code | Names | Prose | Strong | Mark | Difference | Interval
Line: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    """One paragraph."""

    line: Line


@dataclass(frozen=True)
class Bullets:
    """A list."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """A table of at most five columns, so that it fits a phone; `numeric` columns are right-aligned."""

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Matrix:
    """Counts of one name (a row) against another (a column); each row's cells are shaded by their share of it."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class CheckList:
    """Checks of the gate, each with observed, limit and reason."""

    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Item:
    """An entry of a list: its verdict, the word that stands for it, a title, and lines, of which the first matters."""

    verdict: Verdict
    state: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Items:
    """Such entries."""

    items: tuple[Item, ...]


@dataclass(frozen=True)
class Chart:
    """A small plot; `marks` are lines across it, each with its x and a label, and `marked` says what they show."""

    plot: Plot
    marks: tuple[tuple[float, str], ...] = ()
    marked: str = ""


@dataclass(frozen=True)
class Commands:
    """Lines to type; ours, and commits."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Fold:
    """A part that opens on a click. `name` says what it is, for the sentence that says it was left out."""

    name: str
    summary: str
    blocks: tuple["Block", ...]
    is_open: bool = False


Block: TypeAlias = Paragraph | Bullets | Table | Matrix | CheckList | Items | Chart | Commands | Fold


@dataclass(frozen=True)
class Section:
    """A titled part."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report. `label` stands above the headline; '' is the word for the verdict."""

    verdict: Verdict
    headline: str
    lead: Line
    sections: tuple[Section, ...]
    label: str = ""
