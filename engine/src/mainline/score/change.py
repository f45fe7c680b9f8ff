"""What a change does to the score: its own evidence held to that of the commit that it began from.

Evidence of tests, gate, servers and monitoring lies on the machine that it ran on, so no other commit has any here.
Compared is what git keeps at both commits: tables, metrics, declarations, workflows. The whole score is of this commit
and this machine. The document may come from a pull request of a fork, so all of it is bounded.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from mainline.documents import Hex, Part
from mainline.errors import MainlineError
from mainline.score.rubric import band

FILE = Path("metrics/report/score.json")
"""Where the score of a change is kept for the report."""
FORMAT: Literal[1] = 1
MAX_BYTES = 100_000
TESTS = 28

TestName = Annotated[str, Field(pattern=r"^(Data|Model|Infra|Monitor) [1-7]$")]
Reason = Annotated[str, Field(max_length=300)]
Points = Annotated[float, Field(ge=0, le=1, multiple_of=0.5)]
Sum = Annotated[float, Field(ge=0, le=7, multiple_of=0.5)]


class ChangeError(MainlineError):
    """There is no commit to compare with, or a document is not what `score` writes of this one."""


class Moved(Part):
    """A test whose points are others by this change; `before` is None if only a run could have told them."""

    test: TestName
    before: Points | None
    after: Points
    why: Reason


class Sums(Part):
    """The points of the four sections."""

    data: Sum
    model: Sum
    infra: Sum
    monitor: Sum


class Change(Part):
    """The score of `commit`, and what is another one than at `base`."""

    format: Literal[1]
    commit: Hex
    base: Hex
    sums: Sums
    moved: Annotated[list[Moved], Field(max_length=TESTS)]
    not_compared: Annotated[list[TestName], Field(max_length=TESTS)]

    @property
    def points(self) -> float:
        """The score: the smallest sum."""
        return min(self.sums.model_dump().values())

    @property
    def band(self) -> str:
        """What the paper says of it."""
        return band(self.points)


def read(content: bytes) -> Change:
    """Return a document, checked.

    Raises:
        ChangeError: when it is not what `score` writes; nothing of it is repeated.
    """
    if len(content) > MAX_BYTES:
        raise ChangeError(f"the score is larger than {MAX_BYTES:,} bytes.")
    try:
        return Change.model_validate_json(content)
    except ValidationError as error:
        raise ChangeError(f"the score is not what `./mainline score` writes: {error.error_count()} faults.") from error
