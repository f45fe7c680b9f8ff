"""The guides: each Markdown document of the repository as a page, and what it shows beside it."""

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from mainline.report.escape import hypertext, hypertext_prose
from mainline.repository import blobs
from mainline.site.frame import frame, head, link, section
from mainline.site.output import Entry, Page, stored
from mainline.site.prose import Prose, render
from mainline.site.record import Record

FOLDER = "guides"
_SIGNS = str.maketrans("/-", "-~")
_OUTSIDE = re.compile(r"https?://", re.IGNORECASE)
_WORDS = 1500
"""Letters of a part's text that search looks into."""


def pages(record: Record) -> Iterator[Page]:
    """Yield a page for each guide, the list of them, and the pictures that they show."""
    texts = dict(zip(record.guides, blobs.read(record.guides.values()), strict=True))
    guides = {path: (text or b"").decode("utf-8", errors="replace") for path, text in texts.items()}
    for path, text in guides.items():
        yield _guide(path, text, record)
    for path, content in record.pictures.items():
        yield stored(picture(path), content)
    titles = {path: _title(path, text) for path, text in guides.items()}
    yield Page("guides.html", [titles, record.artifact], lambda: _list(titles, record.artifact))


def _guide(path: str, text: str, record: Record) -> Page:
    about = [text, record.address, list(record.guides), list(record.pictures), record.artifact]
    found = lru_cache(lambda: _render(path, text, record))
    return Page(place(path), about, lambda: _page(path, found(), record), lambda: _entries(path, found()))


def _title(path: str, text: str) -> str:
    """Return the first heading; the path if there is none."""
    found = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return found[1].replace("`", "") if found else path


def place(path: str) -> str:
    """Return where a guide's page is: `guides/engine-docs-gate.html`."""
    return f"{FOLDER}/{_name(PurePosixPath(path).with_suffix('').as_posix())}.html"


def picture(path: str) -> str:
    """Return where a picture of the guides is."""
    return f"{FOLDER}/{_name(path)}"


def _name(path: str) -> str:
    """Name a file after a path, and no other path: `/` becomes `-`, and `-` becomes `~`.

    A path that has other characters has `+` for each of them, and begins with its hash.
    """
    plain = re.sub(r"[^A-Za-z0-9._/-]", "+", path)
    name = plain.translate(_SIGNS)
    return name if plain == path else f"{hashlib.sha256(path.encode()).hexdigest()[:12]}+{name}"


def _render(path: str, text: str, record: Record) -> Prose:
    address, guides, pictures = record.address, record.guides, record.pictures
    folder = posixpath.dirname(path)

    def lead(target: str) -> str:
        if _OUTSIDE.match(target):
            return target
        file, mark, part = target.partition("#")
        if not file:
            return target
        found = posixpath.normpath(posixpath.join(folder, file))
        if found in guides:
            return posixpath.basename(place(found)) + mark + part
        if ":" in target or found.startswith(("..", "/")) or not address:
            return ""
        return f"{address}/blob/HEAD/{found}"

    def show(target: str) -> str:
        found = posixpath.normpath(posixpath.join(folder, target))
        return posixpath.basename(picture(found)) if found in pictures else ""

    return render(text, lead, show)


def _page(path: str, found: Prose, record: Record) -> str:
    where = link(path, f"{record.address}/blob/HEAD/{path}") if record.address else f"<code>{hypertext(path)}</code>"
    body = f'<section class="prose">\n{found.html}\n<p class="soft">{where}</p></section>'
    return frame(place(path), found.title or path, body, record.artifact, "Guides")


def _entries(path: str, found: Prose) -> list[Entry]:
    title = found.title or path
    whole = [Entry(title, place(path), "guide", path)]
    return whole + [
        Entry(f"{title}: {words}", f"{place(path)}#{name}", "guide", text[:_WORDS])
        for name, words, text in found.parts
        if name and words != title
    ]


def _list(titles: Mapping[str, str], project: str) -> str:
    items = "".join(
        f"<li>{link(title, place(path))}</li>" for path, title in sorted(titles.items(), key=lambda it: it[1])
    )
    lead = hypertext_prose("As they are on the default branch.")
    listed = section("All guides", f"<ul>{items}</ul>" if items else "<p>There is none.</p>")
    return frame("guides.html", "Guides", head("Guides", lead, "Documentation") + listed, project, "Guides")
