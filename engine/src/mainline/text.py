"""How commands write tables, times and other people's words for a terminal."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

UNKNOWN = "-"
UNSEEN = "\N{REPLACEMENT CHARACTER}"
"""Stands for each character that cannot be seen or that reorders its neighbours (Boucher and Anderson 2021)."""

# Unicode's Default_Ignorable_Code_Point as far as it is not a control or format character, and two blanks.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_MARKS = re.compile("([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2})[^\\w\\s]+")


def table(title: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Set rows under their titles, columns as wide as their content; those in `right` end flush."""
    widths = [max(map(width, column)) for column in zip(title, *rows, strict=True)]
    lines = []
    for row in [title, *rows]:
        cells = [_pad(cell, wide, place in right) for place, (cell, wide) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return lines


def clean(text: str) -> str:
    """Return one line without characters that hide, reorder or stack."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(UNSEEN if unicodedata.category(character)[0] == "C" else character for character in line)
    return _MARKS.sub(r"\1", _BLANK.sub(UNSEEN, line))


def clip(words: str | None, columns: int) -> str:
    """Fit somebody's words into so many columns of a terminal; what is not printable is shown as `�`."""
    safe = "".join(letter if letter.isprintable() else "\ufffd" for letter in words or UNKNOWN)
    if width(safe) <= columns:
        return safe
    kept = ""
    for letter in safe:
        if width(kept + letter) > columns - 1:
            break
        kept += letter
    return f"{kept}…"


def utc(seconds: float) -> str:
    """Write seconds since 1970 as a time in UTC, to the second: `2026-01-31T09:30:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def minute(seconds: float) -> str:
    """Write seconds since 1970 as a time in UTC, to the minute: `2026-01-31 09:30`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def span(seconds: float) -> str:
    """Write a length of time in the unit that a person would choose: `40 s`, `12 min`, `3.5 h`, `9.2 days`."""
    for limit, unit, size in ((90, "s", 1), (5400, "min", 60), (129_600, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.{0 if size < 3600 else 1}f} {unit}"
    return f"{seconds / 86_400:.1f} days"


def plural(noun: str) -> str:
    """Name several of a thing: rows, groups of rows, classes, entities, different requests."""
    head, of, rest = noun.partition(" of ")
    if head.endswith("y") and head[-2:-1] not in "aeiou":
        head = f"{head[:-1]}ie"
    return f"{head}{'es' if head.endswith('s') else 's'}{of}{rest}"


def count(number_of: int, noun: str) -> str:
    """Show a number of things: 1 row, 27,010 rows."""
    return f"{number_of:,} {noun if number_of == 1 else plural(noun)}"


def few(items: Sequence[str], most: int = 5) -> str:
    """Name the first of a list, and count the others: `a, b and 3 more`."""
    shown = ", ".join(items[:most])
    return f"{shown} and {len(items) - most:,} more" if len(items) > most else shown


def _pad(cell: str, columns: int, right: bool) -> str:
    space = " " * (columns - width(cell))
    return space + cell if right else cell + space


def width(words: str) -> int:
    """Count the columns that a terminal needs: two for a wide letter, none for an accent by itself."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return len(words) + wide - sum(unicodedata.combining(letter) > 0 for letter in words)
