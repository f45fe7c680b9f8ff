"""What GitHub would make of a comment, as far as a CommonMark parser with tables can tell."""

import re
from itertools import chain

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

OURS = re.compile(r"<details( open)?>|</details>|<summary>[A-Za-z0-9 ,()]+</summary>")
BLOCKS = {"heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"}
SPANS = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}

# GitHub's own rules (mentions, issues, commits, emoji, footnotes, math, autolinks) need one of these, or a long hash.
PLAIN = re.compile(
    "[A-Za-zÀ-ÖØ-öø-ɏ0-9 .,;:()%+'?!/\u00a0\N{MINUS SIGN}\N{EN DASH}≥≤µ…'-]*"
    "(?:[✅❌❔🟢🔴🔵🟠🟣🟤⚪]|\N{WARNING SIGN}\ufe0f)?"
)
HASH = re.compile(r"[0-9a-f]{7,}", flags=re.IGNORECASE)
NUMBER = r"-?\d{1,10}(\.\d+)?"
MERMAID = re.compile(
    r'%%\{init: \{"xyChart": \{"width": 640, "height": 300\}, "themeVariables": \{"xyChart": '
    r'\{"backgroundColor": "transparent", "plotColorPalette": "#[0-9a-f]{6}(, #[0-9a-f]{6})*"\}\}\}\}%%\n'
    rf'xychart-beta\n([xy]-axis "[A-Za-z0-9(),. ]+" {NUMBER} --> {NUMBER}\n){{2}}'
    rf"((line|bar) \[{NUMBER}(, {NUMBER})*\]\n)+"
)


def tokens(text: str) -> list[Token]:
    """Parse a comment into blocks and the spans inside them."""
    blocks = PARSER.parse(text)
    return list(chain.from_iterable([block, *(block.children or [])] for block in blocks))


def headings(text: str) -> list[str]:
    """Return the titles of the sections."""
    return re.findall(r"^#### (.*)$", text, flags=re.MULTILINE)


def strange(text: str) -> list[str]:
    """Return everything in a comment that is not one of our own constructs; text from outside only ever is code."""
    return [f"{token.type}: {token.content[:100]!r}" for token in tokens(text) if not _is_ours(token)]


def _is_ours(token: Token) -> bool:
    kind = token.type.removesuffix("_open").removesuffix("_close")
    if token.type == "text":
        return all(
            PLAIN.fullmatch(part) for part in re.split(r"(?<=[✅❌❔🟢🔴🔵🟠🟣🟤⚪\ufe0f])", token.content)
        ) and not (HASH.search(token.content))
    if token.type == "html_block":
        return all(OURS.fullmatch(line) for line in token.content.strip().splitlines())
    if token.type == "html_inline":
        return token.content == "<br>"
    if token.type == "fence":
        bash = r"(git|make) [a-z0-9 /BRANCH-]+\n" * 4
        return bool((MERMAID if token.info == "mermaid" else re.compile(bash)).fullmatch(token.content))
    return token.type in SPANS | {"inline", "hr"} or kind in BLOCKS
