"""The stored state of a rollout, and its observations of git and the server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, PlainValidator

from mainline.declared import rollout
from mainline.declared.rollout import Policy
from mainline.exchange.routes import VERSION
from mainline.exchange.server_report import Counters

Verdict = Literal["pass", "fail", "inconclusive"]
Kind = Literal["served", "aborted", "rolled back"]
Moment = Annotated[float, Field(ge=-(2**35), le=2**35)]
"""Seconds since 1970 that are a date; a clock that was set back may have moved the times of a rollout before 1970."""


def _begun_with(raw: Mapping[str, Any]) -> Policy:
    return rollout.read(raw, "the policy that this rollout began with")


KeptPolicy = Annotated[Policy, PlainValidator(_begun_with), PlainSerializer(attrgetter("raw"))]
"""A policy that is written down as the section that it was read from."""


@dataclass(frozen=True)
class Ref:
    """A version and the digest of its package."""

    version: Annotated[str, Field(pattern=VERSION)]
    digest: str


@dataclass(frozen=True)
class Quarantine:
    """A key that failed: it is not tried again until a later assignment than the one of that number; 0: unknown."""

    digest: str
    policy: str
    reason: str
    time: Moment
    assignment: int = 0


@dataclass(frozen=True)
class Event:
    """A report to others: an event of the deployment, or a request for a revert to `version`."""

    id: int
    time: Moment
    kind: Literal["served", "aborted", "rolled back", "revert"]
    version: str
    digest: str
    reason: str = ""
    policy: str = ""
    model: str = ""
    """Whose version it is: the name of its artifact; '' in what was written before names were kept."""
    assignment: int = 0
    """The number of the newest assignment that was known then; 0 in what was written before numbers were kept."""


@dataclass(frozen=True)
class Entry:
    """A line of the history."""

    time: Moment
    what: str
    version: str
    detail: str = ""


@dataclass(frozen=True)
class Progress:
    """A rollout under way.

    `entered` is when the step began, `live` when the server served it (None until then); `process` is the server that
    did. `measured` and `failures` count this step's measurements, `baseline` holds the server's counters at `live`.
    """

    candidate: Ref
    policy: KeptPolicy
    hash: str
    step: int
    entered: Moment
    weight: int = 0
    mirror: int = 0
    live: Moment | None = None
    process: str = ""
    restarts: int = 0
    measured: int = 0
    failures: int = 0
    last: Moment = 0.0
    verdict: Verdict | None = None
    reason: str = ""
    baseline: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = ""
    """What the outcomes said last."""


@dataclass(frozen=True)
class State:
    """Everything that is remembered of the model that is called `model`.

    `window` are versions that were fully promoted before, newest first. `assignment` is the number of the environment's
    newest assignment that was seen: it says what an event is about on whatever clock.
    """

    model: str = ""
    assignment: int = 0
    stable: Ref | None = None
    progress: Progress | None = None
    quarantined: tuple[Quarantine, ...] = ()
    window: tuple[Ref, ...] = ()
    revision: int = 0
    events: int = 0
    outbox: tuple[Event, ...] = ()
    history: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Live:
    """The server's report: its process, the revision of the routes that it serves, and its counters.

    `recent` is counted since these routes were served, if several servers say it together; None if one speaks.
    """

    process: str
    revision: int
    counters: Mapping[str, Counters] = field(default_factory=dict)
    recent: Mapping[str, Counters] | None = None


@dataclass(frozen=True)
class Finding:
    """The result of one metric."""

    metric: str
    verdict: Verdict
    estimate: float | None
    low: float | None
    high: float | None
    limit: float
    samples: int
    said: str


@dataclass(frozen=True)
class Measurement:
    """The result of the present step's analysis; `outcome` says what came of the answers, if that is compared."""

    verdict: Verdict
    reason: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Beginning:
    """The start of a follower without a state: what the events in git say of the environment.

    `stable` is the version to serve at once (None: not one is known), `ready` whether its package is at hand and
    sound, `known` whether other servers served it before.
    """

    stable: Ref | None
    quarantined: tuple[Quarantine, ...] = ()
    window: tuple[Ref, ...] = ()
    known: bool = False
    ready: bool = False


@dataclass(frozen=True)
class Seen:
    """The world at one moment.

    `wanted` is what git assigns (None: not known, or nothing); `verified` whether its package is at hand and sound;
    `policy` the policy on main (None: not known, or wrong); `golden` what the golden requests say, where asked.
    `withdrawn` says why git no longer lets a version come to serve, although it can be read: '' while it does.
    `model` is the name of the model that main has now: '' if that is not known.
    `assignment` is the number of the environment's newest assignment: 0 if that is not known.
    `unfit` says why servers that roll out together cannot go on with the candidate: '' while they can.
    """

    now: float
    wanted: Ref | None = None
    verified: bool = False
    policy: Policy | None = None
    live: Live | None = None
    measurement: Measurement | None = None
    golden: Measurement | None = None
    approved: frozenset[tuple[str, str, int]] = frozenset()
    beginning: Beginning | None = None
    withdrawn: str = ""
    model: str = ""
    unfit: str = ""
    assignment: int = 0
