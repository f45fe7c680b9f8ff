"""Python as a person would lay it out: names and values as literals, calls and tuples within the width of a line."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from mainline.text import width

TEMPLATES = Path(__file__).parent / "templates"
WIDTH = 120
_STEP = 4


def literal(value: Any) -> str:
    """Write a text, a number, or a tuple of them."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.1f}"
    return repr(value)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill a template; what is empty leaves no more than two empty lines behind."""
    text = Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(values)
    return re.sub(r"\n{4,}", "\n\n\n", text)


def call(head: str, arguments: Sequence[str], indent: int = 0, tail: str = ",") -> str:
    """Write a call in one line, with its arguments in a line of their own, or with a line for each."""
    space, inner = " " * indent, " " * (indent + _STEP)
    whole = f"{space}{head}({', '.join(arguments)}){tail}"
    if width(whole) <= WIDTH:
        return whole
    together = f"{inner}{', '.join(arguments)}"
    if width(together) <= WIDTH:
        return "\n".join([marked(f"{space}{head}("), together, f"{space}){tail}"])
    lines = [f"{space}{head}(", *(f"{inner}{argument}," for argument in arguments), f"{space}){tail}"]
    return "\n".join(map(marked, lines))


def names(head: str, values: Sequence[str]) -> str:
    """Write a tuple of names in one line, or packed into several."""
    whole = f"{head} = {literal(tuple(values))}"
    if width(whole) <= WIDTH:
        return whole
    return "\n".join([f"{head} = (", *packed([literal(value) for value in values], _STEP), ")  # fmt: skip"])


def reasons(head: str, given: Mapping[str, str]) -> str:
    """Write a mapping of names to reasons, a line for each."""
    lines = [marked(f"    {literal(name)}: {literal(reason)},") for name, reason in given.items()]
    return "\n".join([f"{head} = {{", *lines, "}"])


def packed(words: Sequence[str], indent: int) -> list[str]:
    """Fill lines with words, each followed by a comma."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word},".strip()
        if lines[-1] and indent + width(longer) > WIDTH:
            lines.append(f"{word},")
        else:
            lines[-1] = longer
    return [marked(f"{' ' * indent}{line}") for line in lines]


def marked(line: str) -> str:
    """Let the linter pass a line that cannot be shorter; it passes one of a single word by itself."""
    return line if width(line) <= WIDTH or len(line.split()) == 1 else f"{line}  # noqa: E501"


def plain(text: str, most: int = 40) -> str:
    """Return a text for prose: letters, digits, spaces and a few signs, and not too long."""
    kept = "".join(letter if letter.isalnum() or letter in " _-.,/%²³€$" else " " for letter in text)
    words = " ".join(kept.split()) or "the label"
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def slug(text: str, default: str) -> str:
    """Return small letters, digits and hyphens of a text, as a tag of git can have."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower())[:40].strip("-")
    return words if re.match(r"[a-z]", words) else default


def _quoted(text: str) -> str:
    """Write a text in double quotes, or in single ones if it then needs fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    letters = [_escaped(letter) if letter not in (quote, "\\") else f"\\{letter}" for letter in text]
    return f"{quote}{''.join(letters)}{quote}"


def _escaped(letter: str) -> str:
    """Write what cannot be seen, or is easily taken for another sign, by its number."""
    if letter.isascii():
        return letter if letter.isprintable() else repr(letter)[1:-1]
    is_sign = unicodedata.category(letter)[0] in "PCZ" or unicodedata.category(letter) == "Sm"
    number = ord(letter)
    return (f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}") if is_sign else letter
