"""What servers said happened to deployments: `events.jsonl` on the branch `deployments/<environment>`, a line each.

Lines come from whoever may push to the branch. One that does not fit is counted and left out; it stops nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from mainline.documents import Hex, Text
from mainline.registry import artifact, origin
from mainline.registry.tags import Assigned
from mainline.repository.git import blob

FILE = "events.jsonl"
MAX_LINE = 4_000  # bytes


class Event(BaseModel):
    """The outcome of a version in an environment; keys that a newer server adds are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    time: AwareDatetime
    event: Literal["served", "aborted", "rolled back"]
    version: Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+$")]
    digest: Hex
    reason: Text = ""
    policy: Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$")] = ""
    """The hash of the policy that the rollout was under, as far as it was under one."""
    assignment: Annotated[int, Field(ge=0, le=999_999_999)] = 0
    """The number of the environment's newest assignment that the server knew of; 0 if it did not say."""

    @property
    def when(self) -> int:
        """Its time in seconds since 1970."""
        return int(self.time.timestamp())


@dataclass(frozen=True)
class Events:
    """Events, oldest first, and how many lines did not fit; `found` is whether there is such a file at all."""

    events: tuple[Event, ...]
    bad_lines: int
    found: bool


def read(environment: str, repository: Path = Path()) -> Events:
    """Read an environment's events from the branch here and from the one on `origin`; what both have counts once."""
    branch = f"{origin.HEADS}{artifact.branch('deployments', environment, repository)}"
    places = (branch, origin.tracking(origin.remote(repository) or "origin", branch))
    contents = [blob(f"{place}:{FILE}", repository) for place in places]
    lines = dict.fromkeys(line.strip() for content in contents if content for line in content.splitlines())
    events, bad = [], 0
    for line in filter(None, lines):
        try:
            events.append(parse(line))
        except ValueError:
            bad += 1
    ordered = tuple(sorted(events, key=lambda event: event.when))
    return Events(ordered, bad, any(content is not None for content in contents))


def standing_abort(about: Sequence[Event], assigned: Sequence[Assigned]) -> Event | None:
    """Return the newest abort of a version that still counts; None if there is none.

    Any server's abort counts for all of them, whatever another one served, unless the version was assigned once more
    after it, or was served later under another policy. The number that an abort names decides which assignments were
    after it, since the server's clock may be wrong. One without a number goes by its time; it counts, too, if that is
    before every assignment.

    Args:
        about: the version's events, oldest first.
        assigned: the version's assignments.
    """
    for place, event in reversed([*enumerate(about)]):
        if event.event != "aborted":
            continue
        later = (other for other in about[place + 1 :] if other.event == "served" and other.policy)
        if not _is_again(event, assigned) and not (
            event.policy and any(other.policy != event.policy for other in later)
        ):
            return event
    return None


def _is_again(abort: Event, assigned: Sequence[Assigned]) -> bool:
    """Whether a version was assigned once more after an abort of it."""
    if abort.assignment:
        return any(item.number > abort.assignment for item in assigned)
    return any(item.when <= abort.when for item in assigned) and any(item.when > abort.when for item in assigned)


def parse(line: bytes) -> Event:
    """Read one line.

    Raises:
        ValueError: when it does not fit.
    """
    if len(line) > MAX_LINE:
        raise ValueError(f"the line has {len(line):,} bytes, allowed are {MAX_LINE:,}")
    try:
        return Event.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(f"the line does not fit: {error.errors(include_input=False)[0]['type']}") from error
