"""What came of the answers of an experiment: `outcomes.json`, which the server writes and the follower reads.

An experiment is one step of a rollout in which two versions answer clients. Values are counted less `origin`,
which is near their mean, so that large ones with a small spread lose no digits; a difference of two versions does not
depend on it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mainline import files

Count = Annotated[int, Field(ge=0, le=2**53)]
Number = Annotated[float, Field(ge=-1e80, le=1e80, allow_inf_nan=False)]
"""More than any sum of outcomes, and little enough for its square to be finite."""
NAME = r"^[A-Za-z0-9._-]{1,120}$"
"""How an experiment may be called: it names a file."""
MOST = 1e12
"""The largest value of an outcome, either way."""


class Tally(TypedDict):
    """The outcomes of one version, by unit: one request, or one client that keeps its version.

    Of the units' sums s and numbers n: how many units, the sums of n, s, s s, s n and n n.
    """

    units: Count
    number: Count
    sum: Number
    squares: Number
    products: Number
    counts: Count


def _check(tally: Tally) -> Tally:
    if not tally["units"] <= tally["number"] <= tally["counts"]:
        raise ValueError("there are more units than outcomes")
    return tally


Tallies = dict[str, Annotated[Tally, AfterValidator(_check)]]


class Outcomes(TypedDict):
    """The document. `trace` has the tallies by version each time that there were a few percent more outcomes.

    `left_out` counts what does not move the experiment, by reason.
    """

    experiment: Annotated[str, Field(pattern=NAME)]
    origin: Number
    versions: Tallies
    left_out: dict[str, Count]
    trace: list[Tallies]


_OUTCOMES = TypeAdapter(Outcomes)


def empty() -> Tally:
    """Return the tally of a version without outcomes."""
    return {"units": 0, "number": 0, "sum": 0.0, "squares": 0.0, "products": 0.0, "counts": 0}


def reasons(left_out: Mapping[str, int]) -> str:
    """Say how many outcomes count for nothing, by reason, such as `3 late, 1,200 unknown`; '' if all of them count."""
    return ", ".join(f"{number:,} {why}" for why, number in sorted(left_out.items()) if number)


def write(path: Path, document: Outcomes) -> None:
    """Replace the file."""
    files.replace(path, json.dumps(document))


def read(path: Path) -> Outcomes | None:
    """Return the document; None if there is none, or it is another one."""
    try:
        return _OUTCOMES.validate_json(path.read_bytes(), strict=True)
    except (OSError, ValidationError):
        return None
