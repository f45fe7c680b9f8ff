"""What the servers of an environment tell each other: the leader's record, and a report of each server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mainline.exchange.server_report import Versions
from mainline.rollout import state
from mainline.rollout.records import Moment, State


@dataclass(frozen=True)
class Report:
    """One server: what it serves and counts.

    `revision` is that of the routes that it serves (0: none), `restarts` how often it started anew since it took them,
    `ready` are the packages that it has, by digest. `recent` was counted since it took the routes, `whole` since its
    models were loaded. `beat` tells a report from one of the same content, `process` one follower from another.
    """

    revision: int = 0
    restarts: int = 0
    ready: tuple[str, ...] = ()
    problem: str = ""
    recent: Versions = field(default_factory=dict)
    whole: Versions = field(default_factory=dict)
    beat: int = 0
    process: str = ""


@dataclass(frozen=True)
class Server:
    """What all are told of one server; `silent` says that it is left out, since it says nothing."""

    name: str
    revision: int
    silent: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Record:
    """What the leader decided.

    `term` grows with each election, `beat` with each renewal. `lease` is for how many seconds the leader may decide
    without another renewal, `time` what its clock said, `mark` what tells one content of git from another.
    """

    term: int
    leader: str
    beat: int
    lease: float
    time: Moment
    mark: str
    state: Mapping[str, Any]
    servers: tuple[Server, ...] = ()

    @property
    def decided(self) -> State:
        """The rollout's state.

        Raises:
            ValueError: when a newer version of the program wrote another kind of it.
        """
        return state.parse(dict(self.state))

    def lease_within(self, most: float) -> float:
        """Return the lease in seconds, as far as it is believed: nobody may declare more than so many seconds."""
        return self.lease if 0 < self.lease <= most else most  # NaN is neither


REPORT, RECORD = TypeAdapter(Report), TypeAdapter(Record)


def parse_report(content: bytes) -> Report | None:
    """Read a server's report; None if it is another document."""
    try:
        return REPORT.validate_json(content, strict=True)
    except ValidationError:
        return None


def parse_record(content: bytes) -> Record | None:
    """Read the leader's record; None if it is another document, or its state is of a newer format."""
    try:
        record = RECORD.validate_json(content, strict=True)
        state.parse(dict(record.state))
    except ValueError:  # also that of the library
        return None
    return record
