"""Patterns of declared texts cost next to no memory: each process holds them all, whatever it uses."""

import re
from typing import Any

import pytest

from mainline.declared import reading
from mainline.declared.service import Shared
from mainline.declared.streams import Stream
from mainline.errors import ParamsError
from tests.project import ROOT

SOURCES = ROOT / "engine" / "src" / "mainline"
WIDE = re.compile(r"(\[\^[^]]*\]|\[[^]]*\\[wWdDsS][^]]*\]|\\[wWdDsS]|[^\\]\.)\{(\d*,)?\d{2,}\}")
"""A set of characters of any script, counted: pydantic's patterns take 0.05 to 0.1 MiB for each time."""


def find(text: str) -> list[str]:
    """Return the lines with a pattern that counts such a set."""
    return [line.strip() for line in text.splitlines() if "pattern=" in line and WIDE.search(line)]


def test_no_pattern_counts_characters_of_any_script() -> None:
    """The length stands beside the pattern (`max_length`); in it, it took 25 MiB of a server's 120."""
    assert [line for path in SOURCES.rglob("*.py") for line in find(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("pattern", "is_found"),
    [(r"^[\w.-]{1,64}$", True), (r"^\w{200}$", True), (r"^[^<>]{0,20}$", True), (r"^[\w.-]+$", False),
     (r"^[0-9a-f]{64}$", False), (r"^\d{4}-\d{2}$", False)],
)  # fmt: skip
def test_such_a_pattern_is_found(pattern: str, is_found: bool) -> None:
    """A set of any script that is counted up to ten and more; sets of ASCII, and small counts, cost little."""
    assert bool(find(f'    name: str = Field(pattern=r"{pattern}")')) == is_found


@pytest.mark.parametrize(
    ("model", "key", "longest"), [(Shared, "name", 64), (Stream, "requests", 200), (Stream, "group", 200)]
)
def test_a_name_is_as_long_as_before(model: Any, key: str, longest: int) -> None:
    """So many letters of any script, and no more; none is not enough, and a line's end is not a letter."""
    given = {"url": "redis://127.0.0.1"}
    assert getattr(reading.check_section(model, {**given, key: "é" * longest}), key) == "é" * longest
    for name, said in [("é" * (longest + 1), f"at most {longest}"), ("", "match pattern"), ("a\n", "match pattern")]:
        with pytest.raises(ParamsError, match=said):
            reading.check_section(model, {**given, key: name})
