"""The history played: rows, candidates, their answers, and every policy lived; then what is to be learned from it."""

import time

from mainline.backtest import cache, policies, summary, timetable
from mainline.backtest.lessons import History
from mainline.backtest.work import Work
from mainline.errors import ParamsError
from mainline.periods import told

MOST = 16
"""Steps that may run at a time."""


def play(first: str | None, last: str | None, environment: str, several: int) -> str:
    """Play a history, or go on with it, and return what it showed.

    Args:
        first: the first period that is lived; None as `timetable.make` has it.
        last: the last one.
        environment: whose monitoring and retraining are declared.
        several: how many steps run at a time.

    Raises:
        ParamsError: when it cannot be played as asked.
        MainlineError: with the line of a step that failed.
    """
    if not 1 <= several <= MOST:
        raise ParamsError("--processes", f"is {several}", f"name 1 to {MOST}", "backtest")
    planned = timetable.make(first, last, environment)
    started = time.monotonic()
    with cache.held() as folder:
        print(f"{told(planned.lived)} are lived, with data from {planned.known[0]} on. Ctrl-C stops, the same command")
        print("goes on; what did not change is taken from .mainline/backtest.", flush=True)
        work = Work(planned, folder, several)
        work.candidates()
        answers = dict(zip(planned.candidates, work.each(work.answers, planned.candidates), strict=True))
        lives = [(name, True) for name in policies.POLICIES] + [("each period", False)]
        lived = work.each(lambda one: policies.live(work, *one), lives)
        history = History(work, answers, lived)
        return summary.write(history, time.monotonic() - started)
