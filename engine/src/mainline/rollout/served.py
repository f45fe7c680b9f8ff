"""What the server says, read as what it is: numbers that a comparison can be made of, or nothing."""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from mainline.rollout.records import Live

_Count = Annotated[int, Field(ge=0, le=2**53)]
_Bin = Annotated[str, Field(pattern=r"^-?[0-9]{1,6}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Pairs(_Strict):
    number: _Count
    sum: float
    squares: float

    @model_validator(mode="after")
    def _leave_out(self) -> "_Pairs":
        """Say nothing of differences so large that their sum overflowed: no interval can be made of them."""
        if not (isfinite(self.sum) and isfinite(self.squares)):
            self.number, self.sum, self.squares = 0, 0.0, 0.0
        return self


class _Counters(_Strict):
    """What was counted of one version; see `mainline.serving.served`."""

    instance: str
    requests: _Count
    failed: _Count
    invalid: _Count
    mirrored: _Count
    seconds: dict[str, _Count]
    predictions: dict[_Bin, _Count]
    pairs: _Pairs

    @model_validator(mode="after")
    def _check(self) -> "_Counters":
        if self.failed + self.invalid > self.requests:
            raise ValueError("more requests failed than there were")
        return self


class _Served(_Strict):
    process: Annotated[str, Field(min_length=1)]
    revision: int
    versions: dict[str, _Counters]


_COUNTERS = TypeAdapter(dict[str, _Counters])


def parse(content: bytes) -> Live | None:
    """Read what a server wrote; None if it is not what `mainline.serving.served` writes."""
    try:
        found = _Served.model_validate_json(content)
    except ValidationError:
        return None
    versions = {name: counters.model_dump() for name, counters in found.versions.items()}
    return Live(found.process, found.revision, versions)


def are_counters(found: Any) -> bool:
    """Whether a value holds counters by version, such as those that a step began with."""
    try:
        _COUNTERS.validate_python(found)
    except ValidationError:
        return False
    return True


def grew(counted: Mapping[str, Any]) -> bool:
    """Whether what was counted in a period can be: no number is below zero, and no more failed than there were."""
    parts = [counted["seconds"], counted["predictions"], {"number": counted["pairs"]["number"]}]
    counts = [counted["requests"], *(number for part in parts for number in part.values())]
    wrong = counted["requests"] - counted["failed"] - counted["invalid"]
    return min(*counts, counted["failed"], counted["invalid"], wrong) >= 0
