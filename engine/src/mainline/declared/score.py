"""`score.yaml`, which may be left out: how long evidence counts, what a change must have, what people did by hand."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from mainline.declared import reading
from mainline.declared.reading import Section
from mainline.documents import LINE, Hex

FILE = Path("score.yaml")


class ByHand(Section):
    """A test that a person did: which, at which commit, and what was seen."""

    test: str = Field(pattern=r"^(Data|Model|Infra|Monitor) [1-7]$")
    commit: Hex
    what: Annotated[str, Field(max_length=300, pattern=LINE)]


class Scoring(Section):
    """The whole file."""

    evidence_days: int = Field(default=90, ge=1, le=3650)
    at_least: float | None = Field(default=None, ge=0, le=7, strict=False)
    by_hand: tuple[ByHand, ...] = Field(default=(), strict=False)


def load(file: Path = FILE) -> Scoring:
    """Read what is declared; the defaults where there is no file.

    Raises:
        ParamsError: on the first thing wrong.
    """
    return reading.load(file, Scoring) if file.exists() else Scoring()
