"""The history played: rows, candidates, their answers, and every policy lived; then what is to be learned from it."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mainline import files
from mainline.backtest import advice, budget, cache, html, margin, policies, summary, timetable
from mainline.backtest.alarms import Alarms
from mainline.backtest.lessons import EACH, NEVER, History
from mainline.backtest.parts import Shown
from mainline.backtest.timeline import Timeline
from mainline.backtest.timetable import Plan
from mainline.backtest.work import Work
from mainline.errors import ParamsError
from mainline.experiments.layout import wrap
from mainline.periods import told
from mainline.text import count

MOST = 16
"""Steps that may run at a time."""
FOLDER = Path("metrics/report")
"""Not in git: the folder of what anybody can make again."""
PAGE, PICTURE = FOLDER / "backtest.html", FOLDER / "backtest.svg"


@dataclass(frozen=True)
class Asked:
    """What is played: the lived periods (None as `timetable.make` has it), whose declarations, how many at a time.

    `write` puts the advice into the files, `record` names a document that gets the figures.
    """

    first: str | None
    last: str | None
    environment: str
    several: int
    write: bool = False
    record: Path | None = None


def play(asked: Asked) -> str:
    """Play a history, or go on with it, and return what it showed.

    Raises:
        ParamsError: when it cannot be played as asked.
        MainlineError: with the line of a step that failed.
    """
    if not 1 <= asked.several <= MOST:
        raise ParamsError("--processes", f"is {asked.several}", f"name 1 to {MOST}", "backtest")
    planned = timetable.make(asked.first, asked.last, asked.environment)
    started = time.monotonic()
    with cache.held() as folder:
        print(f"{told(planned.lived)} are lived, with data from {planned.known[0]} on. Ctrl-C stops, the same command")
        print("goes on; what did not change is taken from .mainline/backtest.", flush=True)
        shown = _show(_live(planned, folder, asked.several))
        lead = _lead(planned, shown.history.work, time.monotonic() - started)
        picture = Timeline(shown.history, shown.each).draw()
        title = f"{told(planned.lived)}, as it would have been lived"
        files.replace(PICTURE, picture)
        files.replace(PAGE, html.render(shown.parts, title, lead, picture))
        if asked.record:
            summary.record(summary.markdown(shown.parts, lead), asked.record)
        if asked.write:
            shown.advice.write()
    written = ["", "Written."] if asked.write and shown.advice.diff else []
    return "\n".join(["", wrap(lead), summary.terminal(shown.parts), *written, "", str(PAGE), str(PICTURE)])


def _live(planned: Plan, folder: Path, several: int) -> History:
    work = Work(planned, folder, several)
    work.candidates()
    answers = dict(zip(planned.candidates, work.each(work.answers, planned.candidates), strict=True))
    lives: Sequence[tuple[str, bool]] = [*((name, True) for name in policies.POLICIES), (EACH, False)]
    return History(work, answers, work.each(lambda one: policies.live(work, *one), lives))


def _show(history: History) -> Shown:
    each, never = (Alarms(history, history.lived[name]) for name in (EACH, NEVER))
    history.work.each(lambda pair: history.work.watched(*pair), margin.pairs(history))
    advised = advice.advise(history, margin.measure(history))
    return Shown(history, each, never, tuple(budget.measure(history)), advised)


def _lead(planned: Plan, work: Work, seconds: float) -> str:
    """Say what was played, and what it cost this time."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    spent = sum(one.ru_utime + one.ru_stime for one in used)
    return (
        f"{told(planned.lived)} were lived with data from {planned.known[0]} on: "
        f"{count(len(planned.candidates), 'model')}, {len(policies.POLICIES) + 1} lives. "
        f"{count(work.done, 'step')} ran, all others were there; {spent:.0f} s of processor time, {seconds:.0f} s by "
        "the clock."
    )
