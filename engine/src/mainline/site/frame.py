"""The frame that all pages of the site share: its style, its links to the others, and the parts of a page."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from mainline.report import page as pages
from mainline.report.escape import hypertext

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
"""Pictures of the site's own, and nothing else that is loaded or runs."""
STYLE = """
main { max-width: 1020px }
a { color: var(--link); text-underline-offset: 2px } a:focus-visible { outline: 2px solid; outline-offset: 2px }
:root { --link: #0b5cad } @media (prefers-color-scheme: dark) { :root { --link: #79b8ff } }
.site { max-width: 1020px; margin: 0 auto 16px; display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline }
.site strong { margin-right: 8px } .site a { padding: 4px 0 } .site a[aria-current] { color: inherit; font-weight: 600 }
.skip { position: absolute; left: -9999px } .skip:focus { left: 8px; top: 8px; background: var(--card); padding: 8px }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 16px; margin-top: 16px }
.cards section { margin: 0; border-left: 4px solid var(--mark, var(--rule)) }
.cards h2 { font-size: 15px; color: var(--soft) } .large { font-size: 26px; font-weight: 650; margin: 0 }
.prose img { max-width: 100%; height: auto; background: #fff; border-radius: 6px } .prose h1 { margin-top: 0 }
.prose h2 { margin-top: 28px } .prose h3 { margin: 20px 0 8px; font-size: 16px }
.prose td code, .prose th code { white-space: normal }
.prose li { margin: 4px 0 }
.picture { display: block; width: 100%; height: auto } .picture text { fill: var(--soft); font-size: 12px }
.picture .grid { stroke: var(--rule) } .picture .whisker { stroke: #2f81f7; stroke-width: 1.5; opacity: .7 }
.picture .dot { fill: #2f81f7; border-radius: 0 } .picture .old { fill: var(--card); stroke: #2f81f7 }
.picture .base { fill: none; stroke: var(--soft); stroke-dasharray: 5 4 }
.picture .course { fill: none; stroke: #2f81f7 }
.picture .inside { fill: #fff; font-weight: 600 } .picture .row { fill: var(--ink); font-size: 13px }
.scroll[tabindex] table, .prose .scroll table { overflow-wrap: break-word } /* it scrolls instead */
.scroll code { overflow-wrap: anywhere }
.tries th, .nowrap { white-space: nowrap } td.text { min-width: 11rem }
li > a:only-child { display: inline-block; padding: 2px 0 }
.words th:first-child, .words td { width: auto } .plot { max-width: 640px }
.foot { max-width: 1020px; margin: 20px auto 0; color: var(--soft); font-size: 14px }
.wide { direction: rtl } .wide .picture { direction: ltr } /* what is newest, on the right, is seen first */
@media (max-width: 860px) { .picture { min-width: 840px } .cards { gap: 10px } }
"""
PARTS = {
    "Overview": "index.html", "Versions": "versions.html", "Metrics": "metrics.html",
    "Experiments": "experiments.html", "Environments": "environments.html", "Delivery": "delivery.html",
    "Score": "score.html", "Guides": "guides.html", "Search": "search.html",
}  # fmt: skip
"""What stands above each page."""


def up(path: str) -> str:
    """Return what leads from a page to the root of the site: '' or `../` for each folder."""
    return "../" * (len(PurePosixPath(path).parts) - 1)


def link(text: str, path: str) -> str:
    """Return a link; the path is ours, the text is anybody's."""
    return f'<a href="{hypertext(path)}"><bdi>{hypertext(text)}</bdi></a>'


def frame(path: str, title: str, body: str, project: str, part: str = "", policy: str = POLICY) -> str:
    """Return a whole page.

    Args:
        path: where it is in the site, by which its links lead to the others.
        title: what the browser calls it; anybody's text.
        body: HTML of ours.
        project: the model's name.
        part: which of `PARTS` it belongs to.
        policy: what it may load and run.
    """
    root = up(path)
    links = "".join(
        f'<a href="{root}{target}"{_current(name == part, target == path)}>{name}</a>' for name, target in PARTS.items()
    )
    above = (
        '<a class="skip" href="#content">Skip to the content</a>\n'
        f'<nav class="site" aria-label="Site"><strong><bdi>{hypertext(project)}</bdi></strong>{links}</nav>\n'
    )
    whole = pages.frame(f"{title} · {project}", body, STYLE, above, policy)
    return whole.replace("<main>", '<main id="content">', 1)


def section(title: str, *content: str) -> str:
    """Return a titled part of a page; all of it is ours."""
    return f"<section>\n<h2>{title}</h2>\n{''.join(content)}\n</section>"


def table(titles: Sequence[str], rows: str, label: str, numbers: Sequence[int] = ()) -> str:
    """Return a table in a box of its own, which scrolls on a narrow screen.

    Args:
        titles: of the columns.
        rows: HTML of ours.
        label: what the box is called; anybody's text.
        numbers: which columns have numbers.
    """
    header = "".join(
        f'<th scope="col"{_number(place in numbers)}>{title}</th>' for place, title in enumerate(titles)
    )  # fmt: skip
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{hypertext(label)}"><table>\n'
        f"<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def wide(picture: str, label: str) -> str:
    """Return a picture in a box of its own, which scrolls on a narrow screen; '' without a picture."""
    if not picture:
        return ""
    return f'<div class="scroll wide" tabindex="0" role="region" aria-label="{hypertext(label)}">{picture}</div>'


def head(title: str, lead: str, label: str, style: str = "unknown") -> str:
    """Return the head of a page: a label, its title, and a line."""
    return (
        f'<header class="{style}">\n<p class="verdict">{label}</p>\n<h1>{title}</h1>\n<p>{lead}</p>\n</header>\n'
    )  # fmt: skip


def _number(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _current(is_part: bool, is_page: bool) -> str:
    return ' aria-current="page"' if is_page else ' aria-current="true"' if is_part else ""
