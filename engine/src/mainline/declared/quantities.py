"""Quantities and texts as people write them in `deploy/<environment>.yaml`: a duration, a share, a name, an address."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

THRESHOLDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""The bounds of the service's latency histogram, in seconds."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(value: object) -> object:
    """Read `90`, `90s`, `5m`, `1h` or `2d` as seconds."""
    if isinstance(value, str):
        matched = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value)
        if not matched:
            raise ValueError("a duration is a number of seconds, or a text such as 90s, 5m, 1h or 2d")
        return float(matched[1]) * _UNITS[matched[2]]
    return value


def written(pattern: str, how: str) -> AfterValidator:
    """Return what refuses a text that a pattern does not match as a whole, and says how to write it."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(how)
        return value

    return AfterValidator(check)


def _bucket(value: float) -> float:
    if value not in THRESHOLDS:
        raise ValueError(f"latency is counted by these seconds: {', '.join(map(str, THRESHOLDS))}")
    return value


Seconds = Annotated[float, BeforeValidator(duration), Field(ge=0)]
Bound = Annotated[float, AfterValidator(_bucket)]
"""Seconds that the service counts latency by."""
Percent = Annotated[int, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=64)]
"""Letters and digits of any script. A length that is counted in the pattern (`{1,64}`) would take 3 MiB of memory."""
