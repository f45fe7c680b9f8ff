"""Text from data, parameters or branch names, made harmless in Markdown and HTML.

GitHub looks for mentions, issues, commits, emoji and links after it has rendered Markdown and decoded entities, so
neither backslashes nor entities keep `@team` or `#1` from becoming a link; they stop at code elements. And nothing
inside a code span is Markdown, HTML or math. So a text from outside is a code span, and what could end the span, its
table cell or its line is replaced by a look-alike: no choice of fences, nothing that depends on the parser.

Sentences would be unreadable that way. In `prose`, words of plain English letters and numbers stay as they are,
since no rule of GitHub's applies to them, and everything else is a code span.
"""

import html
import re
from functools import lru_cache

from mainline.report.figures import UNKNOWN
from mainline.text import clean

_LOOK_ALIKE = str.maketrans({"`": "'", "|": "\N{BROKEN BAR}"})
_PIECE = re.compile(r"`([^`]+)`([,.;:]?)(?!\S)|(\S+)")
_NUMBER = r"[+-]?\d{1,3}(,?\d{3})*(\.\d+)?[%x]?"
_LETTERS = "[A-Za-zµÀ-ÖØ-öø-ɏ]+"
_PLAIN = re.compile(rf"\(?({_LETTERS}(-{_LETTERS})*('s)?|{_NUMBER})\)?[.,;:?!]?\)?|[+-]")
_QUOTED = re.compile("`([^`]+)`")
_COMMIT = re.compile(r"[0-9a-f]{7,}", flags=re.IGNORECASE)


def clip(text: str, length: int) -> str:
    """Shorten a text to so many characters, the last of them an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def code(text: str, length: int = 600) -> str:
    """Return Markdown that shows a text from outside, verbatim but for look-alikes; a dash if there is none."""
    return _span(clip(clean(text), length))


def _span(line: str) -> str:
    return f"`{line.translate(_LOOK_ALIKE)}`" if line.strip() else UNKNOWN


@lru_cache(maxsize=1024)  # a report that is too long is rendered again, with less in it
def prose(text: str, length: int = 600) -> str:
    """Return Markdown that reads a text from outside as a sentence: plain words plain, the rest as code."""
    return " ".join(_word(found) for found in _PIECE.finditer(clip(clean(text), length))) or UNKNOWN


def _word(found: re.Match[str]) -> str:
    quoted, after, word = found.groups()
    if quoted is not None:
        return f"{_span(quoted)}{after}"
    if _is_plain(word):
        return word
    core = word.rstrip(",.;:") or word
    return f"{_span(core)}{word[len(core) :]}"


def hypertext(text: str) -> str:
    """Return HTML, for an element or a quoted attribute, that shows a text from outside."""
    return html.escape(clean(text))


def hypertext_prose(text: str) -> str:
    """Return HTML that shows a sentence from outside; what stands in backquotes is code."""
    return _QUOTED.sub(r"<code>\1</code>", hypertext(text))


def label(text: str, length: int = 40) -> str:
    """Return a text from outside for the inside of a quoted Mermaid string: letters, digits and a few marks."""
    return " ".join(re.sub(r"[^A-Za-z0-9(),.]+", " ", text).split())[:length].strip() or "value"


def _is_plain(word: str) -> bool:
    return _PLAIN.fullmatch(word) is not None and _COMMIT.search(word) is None
