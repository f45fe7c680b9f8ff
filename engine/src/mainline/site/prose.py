"""Markdown as HTML: guides of the repository, and cards that somebody published, which are not to be trusted."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mainline.text import UNSEEN

Target = Callable[[str], str]
"""From where a link or a picture leads in the document to where it leads on the page; '' if nowhere."""
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Prose:
    """A document: its HTML, its title, and each of its parts by name of its heading, with the words in it."""

    html: str
    title: str
    parts: Sequence[tuple[str, str, str]]
    """Name in the page, heading, words."""


def render(text: str, link: Target, picture: Target, below: int = 0) -> Prose:
    """Render a document; HTML in it is shown as text, comments are not, and what leads nowhere is shown as its words.

    Args:
        text: Markdown.
        link: where links lead.
        picture: where pictures are.
        below: by how many levels headings are lowered, for a document that is a part of a page.
    """
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(_visible(text))
    _show(tokens)
    names: set[str] = set()
    parts: list[tuple[str, str, list[str]]] = [("", "", [])]
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            words = _words(tokens[place + 1])
            name = _unique(slug(words), names)
            token.attrSet("id", name)
            parts.append((name, words, []))
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + below, 6)}"
        if token.type == "table_open":
            token.attrSet("tabindex", "0")
        if token.type == "inline":
            parts[-1][2].append(_words(token))
            _lead(token.children or [], link, picture)
        elif token.type in ("fence", "code_block"):
            parts[-1][2].append(token.content)
    title = next((words for _, words, _ in parts if words), "")
    html = parser.renderer.render(tokens, parser.options, {})
    html = html.replace("<table", '<div class="scroll"><table').replace("</table>", "</table></div>")
    return Prose(html, title, [(name, words, " ".join(content)) for name, words, content in parts])


def slug(heading: str) -> str:
    """Return the name that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _unique(name: str, names: set[str]) -> str:
    found, again = name, 0
    while found in names or not found:
        again += 1
        found = f"{name}-{again}"
    names.add(found)
    return found


def _words(token: Token) -> str:
    parts = (child.content if child.type in ("text", "code_inline", "image") else " " for child in token.children or [])
    return " ".join("".join(parts).split())


def _show(tokens: Sequence[Token]) -> None:
    """Turn HTML into text, which is escaped; a comment, whole, into nothing."""
    for token in tokens:
        if token.type in ("html_block", "html_inline"):
            token.content = _COMMENT.sub("", token.content)
            token.type = "text"
        _show(token.children or [])


def _lead(children: Sequence[Token], link: Target, picture: Target) -> None:
    """Turn links and pictures to their targets; what has none becomes its words."""
    opened: list[bool] = []
    for token in children:
        if token.type == "link_open":
            target = link(str(token.attrGet("href") or ""))
            opened.append(bool(target))
            _turn(token, "href", target)
        elif token.type == "link_close" and opened and not opened.pop():
            _turn(token, "", "")
        elif token.type == "image":
            target = picture(str(token.attrGet("src") or ""))
            if target:
                token.attrSet("src", target)
            else:
                token.type, token.tag, token.nesting, token.content = "text", "", 0, _words(token) or token.content


def _turn(token: Token, name: str, target: str) -> None:
    token.attrs = {name: target} if target else {}
    if not target:
        token.tag = "span"


def _visible(text: str) -> str:
    """Show characters that hide or reorder others as what they are."""
    return "".join(UNSEEN if unicodedata.category(one)[0] == "C" and one not in "\n\t" else one for one in text)
