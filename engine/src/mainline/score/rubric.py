"""What a test of the rubric is, what it can find, and what would earn a point that is not there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mainline.documents import Verdict
from mainline.errors import MainlineError

if TYPE_CHECKING:
    from mainline.score.evidence import Evidence

Section = Literal["Data", "Model", "Infra", "Monitor"]
LABEL = "ML test score"
MOST = 7
BANDS = (
    (0, "a research project, not a production system"),
    (1, "serious holes are possible"),
    (2, "a first pass at productionisation"),
    (3, "reasonably tested"),
    (5, "strong testing and monitoring"),
    (MOST, "exceptional"),
)
"""What the paper says of a score up to a number."""


@dataclass(frozen=True, order=True)
class Step:
    """What would earn something; `effort` orders steps by what they cost a person.

    0 is a command of a minute, 1 of some minutes, 2 a command and a commit, 3 an edit, 4 a release, 5 production, and 6
    something to build.
    """

    effort: int
    text: str


@dataclass(frozen=True)
class Origin:
    """Where evidence was read, and the commit that it is of; `when` is that commit's date, in seconds since 1970.

    What servers and monitoring said has no commit, and the time that they said.
    """

    source: str
    commit: str
    when: int


@dataclass(frozen=True)
class Shown:
    """What a test found, and by which command. With `lacks`, half a point: what keeps it from a whole one."""

    said: str
    origin: Origin
    command: str
    lacks: Step | None = None

    @property
    def points(self) -> float:
        """A whole point if nothing is lacking."""
        return 0.5 if self.lacks else 1.0


class LackError(MainlineError):
    """There is no evidence, or it does not count; `step` would earn it."""

    def __init__(self, reason: str, step: Step) -> None:
        super().__init__(reason)
        self.step = step


@dataclass(frozen=True)
class Test:
    """One of the 28: its place, its words in the paper, and in short; `check` raises a MainlineError for no points."""

    __test__ = False  # pytest takes what is called Test for one of its own

    section: Section
    number: int
    title: str
    short: str
    check: "Callable[[Evidence], Shown]"

    @property
    def name(self) -> str:
        """Its name in `score.yaml`, such as Data 5."""
        return f"{self.section} {self.number}"


REPRO = Step(1, "`make repro`, and commit what it wrote")
TEST = Step(0, "`make test`")
GATE = Step(0, "`make gate`, on a clean commit")
ONE_ROW = Step(0, "`./mainline explain --golden 0`")
VERIFY = Step(1, "`./mainline verify`")
REHEARSAL = "./mainline rehearse"
REHEARSE = Step(1, f"`{REHEARSAL}`")
ADD = Step(1, f"`{REHEARSAL} --feature`")
EXPLAIN = Step(2, "`./mainline explain`, and commit its tables")
TUNE = Step(2, "`./mainline tune`, and commit its table")
DECLARE = Step(3, "declare in PERSONAL in src/usecase/interface.py what is personal, or {}")
FORGET = Step(0, "`./mainline forget KEY --dry-run`")
PROMOTE = Step(4, "`./mainline promote`, of a model with another feature")
FOLLOW = Step(5, "roll it out: `./mainline serve --follow`")
MONITOR = Step(5, "serve it, then `./mainline monitor`")


def band(points: float) -> str:
    """Return what the paper says of a score."""
    return next(said for most, said in BANDS if points <= most)


def verdict(points: float) -> Verdict:
    """Return how a score is shown: up to 1 as a failure, up to 3 as a warning."""
    return "fail" if points <= 1 else "warn" if points <= 3 else "pass"


def workflow(command: str) -> Step:
    """Return the step that lets a system run a command again and again."""
    return Step(3, f"let a workflow run `{command}`")
