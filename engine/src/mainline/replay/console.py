"""A replay for a terminal."""

import textwrap

from mainline import display
from mainline.replay import section
from mainline.replay.finding import Replay
from mainline.report.blocks import Block, Code, Fold, Inline, Line, Names, Paragraph, Prose, Strong, Table
from mainline.text import clean, clip, few, table

_WIDEST = 40
_FIELDS = 4
"""Fields of a request that a line has room for."""


def render(found: Replay) -> str:
    """Write the section of the report as lines and tables."""
    lines = ["", section.TITLE, ""]
    for block in section.describe(found).blocks:
        lines += [*_block(block), ""]
    return "\n".join(lines)


def _block(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return textwrap.wrap(_line(block.line), display.page()) or [""]
    if isinstance(block, Fold):
        return [block.summary, *(line for part in block.blocks for line in _block(part))]
    if isinstance(block, Table):
        cells = [[clip(_line(one).replace("\N{NO-BREAK SPACE}", " "), _WIDEST) for one in row] for row in block.rows]
        return [clip(line, display.page()).rstrip() for line in table(block.head, cells, sorted(block.numeric))]
    return []


def _line(line: Line) -> str:
    return "".join(_inline(part) for part in line)


def _inline(part: Inline) -> str:
    match part:
        case str():
            return part
        case Code(text) | Prose(text):
            return clean(text)
        case Names(texts):
            return few([clean(text) for text in texts], _FIELDS)
        case Strong(line):
            return _line(line)
    return ""
