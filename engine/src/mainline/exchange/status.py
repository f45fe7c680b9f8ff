"""The status document of a follower, held to its form by everybody who reads it: the command, the page, the metrics."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
Time = Annotated[float, Field(ge=0, le=253_402_300_799, allow_inf_nan=False)]
"""Seconds since 1970, to the end of the year 9999."""
Words = Annotated[str, Field(min_length=1, pattern=r"\S")]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Ref(_Part):
    version: str
    digest: str


class _Route(_Ref):
    weight: Number
    mirror: Number


class _Step(_Part):
    text: str
    state: Literal["done", "now", "next"]


class _Finding(_Part):
    metric: str
    verdict: Literal["pass", "fail", "inconclusive"]
    estimate: Number | None
    low: float | None
    high: float | None
    limit: Number
    samples: int


class _Rollout(_Part):
    strategy: str
    policy: str
    step: int
    entered: Time
    steps: list[_Step]
    said: str
    findings: list[_Finding]


class _Entry(_Part):
    time: Time
    what: Words
    version: str
    detail: str


class _Quarantine(_Part):
    digest: str
    reason: str


class _Source(_Part):
    url: str = ""
    commit: str = ""
    looked: Time = 0.0
    problem: str = ""
    events: str = ""


class _Document(_Part):
    environment: str
    time: Time
    phase: str
    stable: _Ref | None
    revision: int
    served: int | None
    routes: list[_Route]
    rollout: _Rollout | None
    quarantined: list[_Quarantine]
    history: list[_Entry]
    source: _Source = _Source()


def parse(content: bytes) -> dict[str, Any]:
    """Read a document.

    Raises:
        ValueError: when it is another one; the message has several lines.
    """
    _Document.model_validate_json(content)
    return dict(orjson.loads(content))
