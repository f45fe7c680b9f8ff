"""A year of flights, and a month of it that is spoiled: who refuses a retraining on it before the model is asked."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.data import dataset
from mainline.gate import workspace
from mainline.limits import composition
from tests import project
from tests.mainline.gate import samples
from usecase import features, interface

pytestmark = pytest.mark.slow

MONTHS = tuple(f"2013-{month:02d}" for month in range(1, 13))
WEATHER = ("temp", "humid", "wind_speed", "precip", "visib")
LABEL = f"label {interface.LABEL}"
Columns = dict[str, Any]


def lost(*names: str) -> Callable[[Columns], Columns]:
    """Lose every value of some features."""
    return lambda columns: {name: np.full_like(columns[name], np.nan) for name in names}


SPOILED: dict[str, tuple[Callable[[Columns], Columns], str]] = {
    "dep_delay in hours": (lambda columns: {"dep_delay": columns["dep_delay"] / 60}, "dep_delay in {} are not whole"),
    "label in hours": (lambda columns: {LABEL: columns[LABEL] / 60}, "label arr_delay in {} are not whole"),
    "labels shuffled": (lambda columns: {LABEL: np.random.default_rng(1).permutation(columns[LABEL])}, ""),
    "weather lost": (lost(*WEATHER), "in {} have no value"),
    "dest_gain lost": (lost("dest_gain"), "dest_gain in {} have no value"),
}
"""What is done to the newest month that is fitted, and what is said of it; labels in another order show to the gate."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has prepared the months of 2013."""
    copied = project.copy(tmp_path_factory.mktemp("year") / "project")
    copied.declare(data={"from": MONTHS[0], "through": MONTHS[-1]})
    copied.run("dvc", "repro", "prepare")
    return copied.path


@pytest.fixture(scope="module")
def year(root: Path) -> dict[str, Columns]:
    """The features and the label of each month."""
    return {month: read(root, month) for month in MONTHS}


def read(root: Path, month: str) -> Columns:
    """Read a month."""
    request = [field.name for field in interface.REQUEST]
    rows = dataset.read(root / dataset.FOLDER, [month], request, [*features.NUMERIC, *features.CATEGORICAL])
    return {**rows.features, LABEL: rows.label}


def noted(months: dict[str, Columns]) -> Any:
    """Hold months to those before them."""
    alone = {month: composition.sketch(columns) for month, columns in months.items()}
    return composition.note(alone, lambda month, name: months[month][name])


def judge(months: dict[str, Columns]) -> Any:
    """Ask the gate of a candidate that is as good as production and was fitted on these months."""
    return samples.check(replace(samples.equal(), support=noted(months)), samples.shipped(), "support")


def test_pipeline_writes_what_the_gate_reads(root: Path, year: dict[str, Columns], monkeypatch: Any) -> None:
    """What `prepare` notes of its months is what is noted here, and what the gate asks."""
    monkeypatch.chdir(root)
    found, here = workspace.support(), noted(year)
    assert found.keys() == here.keys() >= {"2013-04"}
    assert found["2013-04"]["outside"]["temp"] == pytest.approx(here["2013-04"]["outside"]["temp"], rel=1e-5)


def test_no_untouched_month_is_refused(year: dict[str, Columns]) -> None:
    """Whatever months a window begins and ends in, the shipped limits let it pass."""
    for first, last in combinations(range(len(MONTHS)), 2):
        found = judge({month: year[month] for month in MONTHS[first : last + 1]})
        assert found.verdict == "pass", (MONTHS[first], MONTHS[last], found.reason)


@pytest.mark.parametrize("month", ["2013-06", "2013-09"])
@pytest.mark.parametrize("fault", SPOILED)
def test_retraining_on_a_spoiled_month_is_refused(year: dict[str, Columns], month: str, fault: str) -> None:
    """The newest fitted month is spoiled, the two after it are not: the gate names it, unless only its labels moved."""
    change, said = SPOILED[fault]
    window = MONTHS[: MONTHS.index(month) + 3]
    found = judge({name: year[name] | (change(year[name]) if name == month else {}) for name in window})
    print(f"| {fault} | {month} | {found.verdict} | {found.reason} |")
    assert found.verdict == ("fail" if said else "pass")
    assert said.format(month) in found.reason
