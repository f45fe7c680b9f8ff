"""The history as one HTML file, with the picture in it: nothing to load, nothing that runs."""

import re
from collections.abc import Iterator

from mainline.backtest import summary
from mainline.backtest.parts import Part
from mainline.report import page
from mainline.report.escape import hypertext

_PERIOD = re.compile(r"\d{4}-[\dW-]+")
_STYLE = """
main { max-width: 1100px } .timeline { width: 100%; height: auto } td, th { vertical-align: top; padding-right: 14px }
td.figure { white-space: nowrap; text-align: right } th.figure { text-align: right }
td.whole { white-space: nowrap } td { overflow-wrap: normal }
"""


def render(parts: tuple[Part, ...], title: str, lead: str, picture: str) -> str:
    """Return the page: the title, the picture, and each part in a section of its own."""
    header = (
        f'<header>\n<p class="verdict">Backtest</p>\n<h1>{hypertext(title)}</h1>\n<p>{hypertext(lead)}</p>\n</header>'
    )
    sections = "\n".join(f"<section>\n{''.join(_of(part))}\n</section>" for part in parts)
    return page.frame(
        title, f'{header}\n<section>\n<div class="scroll">{picture}</div>\n</section>\n{sections}', _STYLE
    )


def _of(part: Part) -> Iterator[str]:
    yield f"<h2>{hypertext(part.title)}</h2>\n"
    yield from (f"<p>{hypertext(sentence)}</p>\n" for sentence in part.sentences)
    for header, rows in part.tables:
        kinds = ["" if place in summary.words(rows) else ' class="figure"' for place in range(len(header))]
        head = "".join(
            f'<th scope="col"{kind}>{hypertext(title)}</th>' for kind, title in zip(kinds, header, strict=True)
        )
        lines = (zip(kinds, row, strict=True) for row in rows)
        body = "\n".join(f"<tr>{''.join(_cell(kind, text) for kind, text in line)}</tr>" for line in lines)
        yield (
            f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n'
        )
    if part.code:
        yield f"<pre><code>{page.hypertext_lines(part.code.splitlines())}</code></pre>\n"


def _cell(kind: str, text: str) -> str:
    """Write a cell; a day or a period stays on one line."""
    kind = ' class="whole"' if not kind and _PERIOD.fullmatch(text) else kind
    return f"<td{kind}>{hypertext(text)}</td>"
