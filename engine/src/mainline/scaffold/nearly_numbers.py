"""Texts that nearly are numbers: what stands beside these, and which of it is taken for missing."""

import re
from dataclasses import dataclass
from shlex import quote

from mainline.text import clip, count, few

PLACEHOLDERS = ("?", "-", "--", ".", "n/a", "unknown", "na", "none", "missing", "*", "-nan")
"""What else may stand for a missing number; in text it may as well be a value, and nobody but a person knows."""
FEW_OTHERS = 3
"""Texts among numbers, such as a total's name, of which each may stand for a missing one."""
IN_FILE = "leave such rows out, in the file"
"""What is done about a row, such as a total's, that does not say which one it is."""
_STRAY = 0.02
"""Share of other cells in a column of numbers up to which these are faults, and not values."""
_MIXED = 0.1
"""Share of numbers from which a column of text may be two things in one."""
_SHOWN = 30
_ERROR = re.compile(r"#(N/?[A-Z]!?|[¡¿]?[^\W\d_]+(/0)?[!?])")
"""A spreadsheet's errors in any language, such as #N/A, #NV, #DIV/0!, #BEZUG!, #NOM? and #¡VALOR!."""


@dataclass(frozen=True)
class NearlyNumbers:
    """A column of text of which some cells are numbers."""

    numbers: int
    """Cells that are numbers."""
    others: dict[str, int]
    """Texts for which the column was taken as text, each with its number of cells, the commonest first."""

    @property
    def share(self) -> float:
        """The share of the numbers."""
        return self.numbers / (self.numbers + sum(self.others.values()))

    @property
    def stray(self) -> tuple[str, ...]:
        """A few of the texts, if these are so rare that they are faults."""
        return tuple(sorted(self.others))[:3] if sum(self.others.values()) <= _STRAY * self.numbers else ()

    @property
    def is_mixed(self) -> bool:
        """Whether there are so many numbers that the texts may be no values."""
        return self.share >= _MIXED


def is_error(text: str) -> bool:
    """Say whether a cell is an error of a spreadsheet."""
    return bool(_ERROR.fullmatch(text))


def may_be_missing(text: str) -> bool:
    """Say whether a cell may stand for a missing number."""
    return text in PLACEHOLDERS or is_error(text)


def option(name: str, nearly: NearlyNumbers) -> str:
    """Return what has to be said of a column for it to be read as numbers."""
    if len(nearly.others) > FEW_OTHERS:
        return "numbers or empty cells, in the file"
    return " ".join(f"--missing {quote(name)} {quote(text)}" for text in nearly.others)


def summarise(name: str, nearly: NearlyNumbers, line: int = 0, *, private: bool = False) -> str:
    """Say in a few words what stands among numbers.

    Args:
        name: of the column.
        nearly: what is known of it.
        line: that of a single text; 0 if it is not known, or there are more.
        private: whether no value may be shown.
    """
    shown = [
        f"{'a text' if private else repr(clip(text, _SHOWN))} ({f'line {line}' if line else count(rows, 'row')})"
        for text, rows in nearly.others.items()
    ]
    return f"'{name}' is text: {count(nearly.numbers, 'number')} beside {few(shown, FEW_OTHERS)}"
