"""Search without a server: a page that lists everything by kind, and a small script that narrows the list.

Without the script the page is whole, and a browser's own search looks through it.
"""

import base64
import hashlib
from collections.abc import Sequence
from itertools import groupby

from mainline.report.escape import hypertext
from mainline.site.frame import POLICY, frame, head, link, section
from mainline.site.output import Entry, Page

PATH = "search.html"
TITLES = {
    "version": "Versions", "report": "Reports of the gate", "environment": "Environments", "guide": "Guides",
    "page": "Pages",
}  # fmt: skip
SCRIPT = """
const field = document.getElementById("words"), told = document.getElementById("told");
const items = [...document.querySelectorAll("li[data-words]")];
document.getElementById("form").hidden = false;
function narrow() {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const item of items) {
    item.hidden = !words.every(word => item.dataset.words.includes(word));
    shown += !item.hidden;
  }
  for (const part of document.querySelectorAll("section")) part.hidden = !part.querySelector("li:not([hidden])");
  told.textContent = words.length ? shown + " of " + items.length : "";
}
field.addEventListener("input", narrow);
field.value = decodeURIComponent(location.hash.slice(1));
narrow();
"""
"""It reads the page and changes what is shown; it loads nothing and sends nothing."""
_HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
_FORM = (
    '<form id="form" hidden role="search"><label for="words">Words</label> '
    '<input id="words" type="search" autocomplete="off"> <span id="told" role="status"></span></form>'
)


def of(entries: Sequence[Entry], project: str) -> Page:
    """Return the page of what search finds."""
    return Page(PATH, [[vars(entry) for entry in entries], project], lambda: _write(entries, project))


def _write(entries: Sequence[Entry], project: str) -> str:
    order = list(TITLES)
    ranked = sorted(entries, key=lambda entry: order.index(entry.kind))  # within a kind the order is that of the pages
    lists = "\n".join(
        section(TITLES[kind], f"<ul>{''.join(map(_item, found))}</ul>")
        for kind, found in groupby(ranked, key=lambda entry: entry.kind)
    )
    lead = "Everything that has a page. Type to narrow the list, or use the search of your browser."
    top = head("Find a version, a guide or an environment", lead, "Search").replace("</header>", f"{_FORM}</header>")
    body = f"{top}{lists}<script>{SCRIPT}</script>"
    return frame(PATH, "Search", body, project, "Search", f"{POLICY}; script-src 'sha256-{_HASH}'")


def _item(entry: Entry) -> str:
    words = " ".join(f"{entry.title} {entry.words}".lower().split())
    return f'<li data-words="{hypertext(words)}">{link(entry.title, entry.path)}</li>'
