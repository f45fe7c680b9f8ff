"""`src/usecase/card.yaml`: what people alone can say of a model. What is left empty is a gap, and shown as one.

The stage `package` alone reads it, so another contact makes another package and fits nothing again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from mainline.declared import reading
from mainline.declared.reading import Section

FILE = Path("src/usecase/card.yaml")
_Line = Annotated[str, Field(min_length=1, max_length=600, pattern=r"^[^\x00-\x1f\x7f\x85\u2028\u2029]+$")]
_Lines = Annotated[tuple[_Line, ...], Field(strict=False)]


class Consideration(Section):
    """A risk of using the model for those whom it concerns, and what is done about it."""

    risk: _Line
    mitigation: _Line | None = None


class Group(Section):
    """People whom the model may serve worse than others, how, and what is done about it."""

    group: _Line
    harm: _Line | None = None
    mitigation: _Line | None = None


class Card(Section):
    """The whole file; None where nobody has said anything yet, and an empty list where there is nothing to say."""

    owner: _Line | None = None
    contact: _Line | None = None
    license: _Line | None = None
    intended_use: _Lines | None = None
    users: _Lines | None = None
    out_of_scope: _Lines | None = None
    caveats: _Lines | None = None
    data: _Lines | None = None
    design: _Lines | None = None
    oversight: _Lines | None = None
    considerations: Annotated[tuple[Consideration, ...], Field(strict=False)] | None = None
    fairness: Annotated[tuple[Group, ...], Field(strict=False)] | None = None


ASKED = {
    "owner": "who answers for the model",
    "contact": "where to write about it",
    "license": "on which terms it may be used (an SPDX name)",
    "intended_use": "what it is for",
    "users": "who uses its answers",
    "out_of_scope": "what it must not be used for",
    "caveats": "what to know before trusting an answer",
    "data": "how its data was collected, on which legal basis, and whom it stands for",
    "design": "why this design and these metrics were chosen",
    "oversight": "who looks at its answers, and who can stop it",
    "considerations": "which risks it has for people, and what is done about them",
    "fairness": "whom it may serve worse than others, and what is done about it",
}
"""What each key asks, in the order of the file."""


def load(file: Path = FILE) -> Card:
    """Read what is declared; a card of gaps where there is no file.

    Raises:
        ParamsError: on the first thing wrong.
    """
    return reading.load(file, Card) if file.is_file() else Card()


def gaps(card: Card) -> Iterator[str]:
    """Name the keys that nobody has filled."""
    yield from (name for name in ASKED if getattr(card, name) is None)


def gap(name: str) -> str:
    """Return the mark that stands in every document where a part of the card is missing."""
    return f"**Gap:** nobody has declared {ASKED[name]} (`{name}` in `{FILE}`)."


def lines(card: Card, name: str) -> list[str]:
    """Write one part of the card as a list in Markdown; a gap is marked."""
    value = getattr(card, name)
    title = name.replace("_", " ").capitalize()
    if value is None:
        return [f"- {title}: {gap(name)}"]
    if isinstance(value, str):
        return [f"- {title}: {value}"]
    return [f"- {title}: {_tell(one)}" for one in value] or [f"- {title}: none"]


def _tell(one: str | Section) -> str:
    """Say an entry of a list in one line."""
    if isinstance(one, str):
        return one
    return "; ".join(f"{key}: {value or 'not declared'}" for key, value in one.model_dump().items())
