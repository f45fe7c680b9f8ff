"""How much of a report fits a comment on GitHub: what is shortened, and what is left out first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

LIMIT = 65_536
"""Characters that a comment on GitHub may have."""

ROOM = LIMIT - 1_536
"""What the report may use of it; who posts the comment adds marks of their own."""

LEFT_OUT_FIRST = (
    "timings", "worth of features", "skew of features", "experiments", "passed checks", "ranking of classes",
    "all slices", "plots", "score",
    "lineage", "plots and features", "lineage and timings", "how to reproduce", "what changed", "classes", "slices",
)  # fmt: skip
"""Parts in the order in which they are left out. Verdict, metrics and checks that did not pass are not among them."""


@dataclass(frozen=True)
class Room:
    """How much is shown: characters of a text and of a cell, rows of a table, names in a list, parts left out."""

    text: int = 600
    cell: int = 48
    rows: int = 500
    names: int = 30
    left_out: tuple[str, ...] = ()


def rooms() -> Iterator[Room]:
    """Yield how much to show, from everything to the least: shorter tables first, then fewer parts, then words."""
    room = Room()
    yield room
    for rows in (100, 30):
        yield (room := replace(room, rows=rows, names=rows // 3))
    for name in LEFT_OUT_FIRST:
        yield (room := replace(room, left_out=(*room.left_out, name)))
    for text in (300, 150, 90, 60):
        yield (room := replace(room, text=text, cell=min(room.cell, text // 2)))


def length(text: str) -> int:
    """Count characters as JavaScript does, which is never less than GitHub's count."""
    return len(text.encode("utf-16-le")) // 2
