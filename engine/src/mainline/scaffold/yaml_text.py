"""YAML as DVC writes it: a text, a line with its comment, and the title of a section."""

import json
from collections.abc import Sequence
from typing import Any

import yaml

COMMENT = 26
"""Where comments begin."""


def scalar(text: str) -> str:
    """Write a text as YAML, in quotes where it needs some, as DVC writes them."""
    shown = yaml.safe_dump([text], allow_unicode=True, width=10_000, default_flow_style=True).strip()[1:-1]
    if shown[:1] != '"' and text.isprintable():
        return shown
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else yaml.safe_dump(text, default_style='"', width=10_000).strip()


def line(key: str, value: Any, comment: str) -> str:
    """Write a key of a section with its value."""
    if isinstance(value, float) and value:
        value = f"{value:.0f}" if value.is_integer() else f"{value:.12f}".rstrip("0")
    start = f"  {key}: {value}"
    return f"{start:<{COMMENT}} # {comment}"


def title(key: str, comment: str) -> str:
    """Write the key of a section."""
    return f"{key + ':':<{COMMENT}} # {comment}"


def values(name: str, several: Sequence[float | str]) -> list[str]:
    """Write a list as DVC writes it, so that `dvc exp run -S` changes no other line."""
    return [f"    {name}:", *(f"    - {value}" for value in several)]
