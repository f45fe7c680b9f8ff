"""What the server says of the versions that it serves: `served.json`, replaced whole every moment.

Numbers only ever grow while a model stays loaded; `instance` tells one loading from the next.
"""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mainline import files

Count = Annotated[int, Field(ge=0, le=2**53)]
CLASS = "class "
"""How the bin of a class begins; its name follows."""
Bin = Annotated[str, Field(pattern=rf"(?s)^(-?[0-9]{{1,6}}|{CLASS}.*)$")]


class Pairs(TypedDict):
    """How far two versions' predictions for the same requests are apart: number, sum and sum of squares."""

    number: Count
    sum: float
    squares: float


def leave_out(pairs: Pairs) -> Pairs:
    """Say nothing of differences so large that their sum overflowed: no interval can be made of them."""
    finite = isfinite(pairs["sum"]) and isfinite(pairs["squares"])
    return pairs if finite else {"number": 0, "sum": 0.0, "squares": 0.0}


class Counters(TypedDict):
    """The counts of one version; `seconds` by their upper bound, `predictions` by their bin."""

    instance: str
    requests: Count
    failed: Count
    invalid: Count
    mirrored: Count
    seconds: dict[str, Count]
    predictions: dict[Bin, Count]
    pairs: Annotated[Pairs, AfterValidator(leave_out)]


def _check(counters: Counters) -> Counters:
    if counters["failed"] + counters["invalid"] > counters["requests"]:
        raise ValueError("more requests failed than there were")
    return counters


Versions = dict[str, Annotated[Counters, AfterValidator(_check)]]


class Served(TypedDict):
    """The document: which process serves which revision of the routes, and what it counted of each version."""

    process: Annotated[str, Field(min_length=1)]
    revision: int
    versions: Versions


_SERVED, _VERSIONS = TypeAdapter(Served), TypeAdapter(Versions)


def write(path: Path, document: Served) -> None:
    """Replace the file."""
    files.replace(path, json.dumps(document))


def parse(content: bytes) -> Served | None:
    """Return the document: numbers that a comparison can be made of; None if it is not one."""
    try:
        return _SERVED.validate_json(content, strict=True)
    except ValidationError:
        return None


def are_counters(found: Any) -> bool:
    """Whether a value holds counters by version, such as those that a step began with."""
    try:
        _VERSIONS.validate_python(found, strict=True)
    except ValidationError:
        return False
    return True


def grew(counted: Mapping[str, Any]) -> bool:
    """Whether what was counted in a period can be: no number is below zero, and no more failed than there were."""
    parts = [counted["seconds"], counted["predictions"], {"number": counted["pairs"]["number"]}]
    counts = [counted["requests"], *(number for part in parts for number in part.values())]
    wrong = counted["requests"] - counted["failed"] - counted["invalid"]
    return min(*counts, counted["failed"], counted["invalid"], wrong) >= 0
