"""Where a rollout stands: `status.json`, which the follower writes, and the command, the page and the metrics read."""

import json
from pathlib import Path
from typing import Annotated, Literal, NotRequired, cast

import orjson
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from mainline import files

Number = Annotated[float, Field(allow_inf_nan=False)]
Time = Annotated[float, Field(ge=0, le=253_402_300_799, allow_inf_nan=False)]
"""Seconds since 1970, to the end of the year 9999."""
Words = Annotated[str, Field(min_length=1, pattern=r"\S")]
Verdict = Literal["pass", "fail", "inconclusive"]


class Ref(TypedDict):
    """A version and the digest of its package."""

    version: str
    digest: str


class Route(Ref):
    """What a version answers: percent of the requests, and percent that it answers too, unseen."""

    weight: Number
    mirror: Number


class Step(TypedDict):
    """A step of the policy, and whether the rollout has passed it."""

    text: str
    state: Literal["done", "now", "next"]


class Finding(TypedDict):
    """The result of one metric for the candidate."""

    metric: str
    verdict: Verdict
    estimate: Number | None
    low: float | None
    high: float | None
    limit: Number
    samples: int
    said: NotRequired[str]


class Rollout(TypedDict):
    """A rollout under way; `step` counts from 0."""

    strategy: str
    policy: str
    step: int
    entered: Time
    live: NotRequired[float | None]
    steps: list[Step]
    measured: NotRequired[int]
    failures: NotRequired[int]
    said: str
    verdict: NotRequired[Verdict | None]
    findings: list[Finding]


class Outcome(TypedDict):
    """What came of the answers of an experiment, under way or over; the difference is candidate less stable.

    `points` has outcomes, estimate, low and high at each point of the way; `left_out` counts by reason what moved
    nothing.
    """

    name: str
    unit: str
    better: Literal["higher", "lower"]
    limit: Number
    candidate: str
    stable: str
    verdict: Verdict
    said: str
    left_out: dict[str, int]
    points: list[Annotated[list[Number], Field(min_length=4, max_length=4)]]


class Entry(TypedDict):
    """A line of the history."""

    time: Time
    what: Words
    version: str
    detail: str


class Quarantine(TypedDict):
    """A package that is not tried again under a policy."""

    digest: str
    policy: NotRequired[str]
    reason: str
    time: NotRequired[float]


class Source(TypedDict, total=False):
    """The follower's view of git: its last reading, the time of it, and the problem, if any.

    `unreleased` says, after the word main, which model of main no run gave to the environment; '' if it has main's.
    """

    url: str
    commit: str
    looked: Time
    wanted: str | None
    problem: str
    unreleased: str
    events: str
    interval: float


class Server(TypedDict):
    """One of the servers that have one rollout; `silent`: it says nothing, so it is left out."""

    name: str
    revision: int
    silent: bool
    problem: str


class Together(TypedDict):
    """The rollout of all servers: what this one is called, which one decides, and in which term."""

    name: str
    leader: str
    term: int
    servers: list[Server]


class Status(TypedDict):
    """The document. `served` is the revision that the server says, None if it says nothing; times are Unix time."""

    environment: str
    time: Time
    phase: str
    stable: Ref | None
    candidate: NotRequired[Ref | None]
    revision: int
    served: int | None
    routes: list[Route]
    rollout: Rollout | None
    outcome: NotRequired[Outcome | None]
    quarantined: list[Quarantine]
    window: NotRequired[list[Ref]]
    history: list[Entry]
    waiting_events: NotRequired[int]
    source: NotRequired[Source]
    together: NotRequired[Together]


_STATUS = TypeAdapter(Status)


def write(path: Path, document: Status) -> None:
    """Replace the file; after this it survives a kill and a loss of power."""
    files.replace(path, json.dumps(document), durable=True)


def parse(content: bytes) -> Status:
    """Return the document, with what a follower of another version may have added.

    Raises:
        ValueError: when it is another one; the message has several lines.
    """
    _STATUS.validate_json(content, strict=True)
    return cast("Status", orjson.loads(content))
