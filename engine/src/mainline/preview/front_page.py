"""The front page: a file of HTML without a script that lists each branch, where it is served, and why it is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from mainline.report import page as pages
from mainline.report.escape import clip, hypertext

_NAME, _REASON, _DIGITS = 120, 400, 12


@dataclass(frozen=True)
class Line:
    """One branch as people are shown it."""

    branch: str
    commit: str
    digest: str
    address: str
    """Where it answers; '' if it is not served."""
    state: str


def render(lines: Sequence[Line], repository: str, said: str) -> str:
    """Return the page; every text but `said` may be a stranger's."""
    titles = "".join(f'<th scope="col">{title}</th>' for title in ("Branch", "Commit", "Package", "Address", "State"))
    rows = "".join(f"<tr>{_row(line)}</tr>" for line in lines) or '<tr><td colspan="5">No branch matches.</td></tr>'
    body = (
        f"<h1>Previews</h1>\n<p>Branches of <bdi>{hypertext(repository)}</bdi>. {hypertext(said)}</p>\n"
        f'<div class="scroll" tabindex="0" role="region" aria-label="Branches"><table>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )
    return pages.frame("Previews", body, STYLE)


def _row(line: Line) -> str:
    cells = [
        f"<bdi>{hypertext(clip(line.branch, _NAME))}</bdi>", _code(line.commit), _code(line.digest),
        f'<a href="{hypertext(line.address)}/readyz">{hypertext(line.address)}</a>' if line.address else "",
        f"<bdi>{hypertext(clip(line.state, _REASON))}</bdi>",
    ]  # fmt: skip
    return "".join(f"<td>{cell}</td>" for cell in cells)


def _code(text: str) -> str:
    return f"<code>{hypertext(text[:_DIGITS])}</code>" if text else ""


STYLE = """
main { max-width: 1100px } td { overflow-wrap: anywhere; vertical-align: top } th, td { text-align: left }
td:nth-child(2), td:nth-child(3), td:nth-child(4) { white-space: nowrap }
.scroll { overflow-x: auto } td:first-child, td:last-child { min-width: 11rem }
"""
