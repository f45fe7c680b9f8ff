"""The margin of earned limits, from what candidates reached on the days after their windows."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from mainline.backtest import advice, margin
from mainline.backtest.lessons import History
from mainline.backtest.margin import Rate
from tests.mainline.backtest.samples import work
from tests.project import FLIGHTS

EVERY, DECLARED = 90, 1.25


def series(*peaks: float, days: int = 100) -> Any:
    """Return what a candidate reached on some days: 0.5, and a peak every ten days."""
    found = np.full(days, 0.5)
    found[5 : 5 + 10 * len(peaks) : 10] = peaks
    return found


def test_the_margin_allows_as_many_episodes_as_are_declared() -> None:
    """200 days allow two of the five peaks, so the limit is the third: 1.2 of what was earned."""
    found = margin.of_reach([series(1.6, 1.1, 1.2), series(1.4, 1.05)], EVERY, DECLARED)
    assert (found.candidates, found.days, found.episodes) == (2, 200, 5)
    assert found.margin == pytest.approx(DECLARED * 1.2)


def test_the_end_of_one_candidate_is_not_the_begin_of_the_next() -> None:
    """Two candidates beyond their limits on the last and on the first day are two episodes."""
    first, second = series(), series()
    first[-1] = second[0] = 1.5
    assert margin.of_reach([first, second], EVERY, DECLARED).episodes == 2


def test_days_without_earned_limits_do_not_count() -> None:
    """A candidate whose window was too short reaches nothing, and says nothing of the rate."""
    found = margin.of_reach([np.zeros(300), series(1.6)], EVERY, DECLARED)
    assert (found.candidates, found.days, found.margin) == (1, 100, None)


def test_every_candidate_is_watched_on_all_days_after_its_window() -> None:
    """Whether it served then or not: 4 candidates, and 4, 3, 2 and 1 periods."""
    history = cast("History", SimpleNamespace(work=work(), plan=work().plan))
    assert len(margin.pairs(history)) == 10
    found = margin.measure(history)
    assert (found.candidates, found.days) == (4, 123 + 92 + 62 + 31)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the two files that declare."""
    for name in ("params.yaml", "deploy/production.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((FLIGHTS / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def advised(rate: Rate) -> advice.Advice:
    """Return what is advised of a history with too few candidates for a policy."""
    return advice.advise(cast("History", SimpleNamespace(plan=work().plan, outcomes=[])), rate)


RATE = Rate(candidates=2, days=200, episodes=5, allowed=2.2, declared=DECLARED, margin=1.496)


def test_another_margin_is_a_change_of_params(files: Path) -> None:
    """As `make tune` shows it, rounded so that it is enough; written, the file has it."""
    found = advised(RATE)
    assert "-  margin: 1.15 " in found.diff
    assert "+  margin: 1.5 " in found.diff
    assert "2 candidates with earned limits, on 200 days after them, passed their limits 5 times" in found.reasons[1]
    found.write()
    assert "  margin: 1.5 " in (files / "params.yaml").read_text()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"margin": 1.27}, "So monitor.margin 1.25 stays."),
        ({"margin": None, "days": 60}, "120 are needed to say anything of monitor.margin"),
        ({"margin": None, "days": 0, "candidates": 0}, "No candidate has earned limits"),
    ],
)
@pytest.mark.usefixtures("files")
def test_what_says_nothing_of_the_rate_changes_nothing(asked: dict[str, Any], said: str) -> None:
    """A margin that is near the declared one, or too few days to tell."""
    found = advised(dataclasses.replace(RATE, **asked))
    assert said in found.reasons[1]
    assert found.diff == ""


@pytest.mark.usefixtures("files")
def test_no_margin_below_one_is_advised() -> None:
    """What a window earned is the least; an alarm below it would be one that the window itself had."""
    found = advised(dataclasses.replace(RATE, margin=0.8, episodes=0))
    assert "+  margin: 1 " in found.diff or "+  margin: 1.0 " in found.diff
    assert "the least that can be declared" in found.reasons[1]
