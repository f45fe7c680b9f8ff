"""Tables and paragraphs, as wide as a terminal or a page allows."""

import textwrap
from collections.abc import Collection, Sequence

from mainline import display

Cells = Sequence[str]


class Layout:
    """Columns as wide as their widest cell; text in `left` is flush left, everything else right."""

    def __init__(
        self,
        header: Cells,
        rows: Sequence[Cells],
        left: Collection[int] = (0,),
        indent: str = "  ",
        spare: Sequence[int] = (),
    ) -> None:
        """Measure the columns.

        Args:
            header: a title per column; line breaks stack its words, so that a long name takes little width.
            rows: every row that will be printed, or ones as wide.
            left: the columns that are flush left.
            indent: what each line begins with.
            spare: the columns that a narrow terminal does without, the first one first.
        """
        stacked = [title.split("\n") for title in header]
        height = max(len(words) for words in stacked)
        self._titles = [[""] * (height - len(words)) + words for words in stacked]
        self._rows = [list(row) for row in rows]
        self._left, self._indent = left, indent
        self._widths = [
            max(map(len, [*words, *(row[index] for row in self._rows)])) for index, words in enumerate(self._titles)
        ]
        self._kept = list(range(len(self._widths)))
        for index in spare:
            if self._width() > display.columns():
                self._kept.remove(index)

    def _width(self) -> int:
        """Return the columns that a full row takes."""
        return len(self._indent) + sum(self._widths[index] + 2 for index in self._kept) - 2

    def header(self) -> str:
        """Write the titles."""
        return "\n".join(self.line(words) for words in zip(*self._titles, strict=True))

    def line(self, cells: Cells) -> str:
        """Write one row."""
        padded = [
            cell.ljust(width) if index in self._left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, self._widths, strict=True))
            if index in self._kept
        ]
        return (self._indent + "  ".join(padded)).rstrip()

    def render(self) -> str:
        """Write the titles and every row."""
        return "\n".join([self.header(), *map(self.line, self._rows)])


def wrap(text: str, indent: str = "") -> str:
    """Break a paragraph into lines."""
    return textwrap.fill(text, display.page(), initial_indent=indent, subsequent_indent=indent)


def percent(share: float) -> str:
    """Write a relative difference, such as +1.25 %; a dash where it is unknown."""
    return f"{share:+.2%}".replace("%", " %") if share == share else "-"


def interval(low: float, high: float) -> str:
    """Write an interval of relative differences, such as -0.50 to +1.25 %; a dash where it is unknown."""
    return f"{100 * low:+.2f} to {percent(high)}" if low == low and high == high else "-"


def number(value: float, digits: int = 5) -> str:
    """Write a number with so many significant digits; a dash where it is unknown."""
    return f"{value:.{digits}g}" if value == value else "-"
