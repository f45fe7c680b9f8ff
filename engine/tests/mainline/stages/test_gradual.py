"""A fit by period: what memory holds, what comes of it, and which estimators are refused."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xgboost

from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.parts import Parts
from mainline.errors import ParamsError, UseCaseError
from mainline.model import export, frames, runtime
from mainline.model.boosting import page_space, xgboost_rounds
from mainline.model.rounds import Batch
from mainline.stages import fitting
from tests.mainline.stages.gradual import (
    CATEGORICAL,
    HGB,
    LGBM,
    MLP,
    NUMERIC,
    PERIODS,
    REQUEST,
    ROWS,
    SGD,
    XGB,
    count_less,
    declare,
    draw,
    error,
    exported,
    fitted,
    in_memory,
    predict,
    settle,
    write,
)  # fmt: skip
from tests.project import FLIGHTS, LIMIT, ROOT

RIDGE = "sklearn.linear_model.Ridge"


@pytest.fixture(autouse=True)
def _periods(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder with four prepared periods."""
    settle(monkeypatch, tmp_path)


def test_memory_holds_one_period_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than one part is asked for at once."""
    asked: list[int] = []
    original = dataset.read

    def read(folder: Path, parts: Sequence[str], *rest: Any) -> Prepared:
        asked.append(len(parts))
        return original(folder, parts, *rest)

    monkeypatch.setattr(dataset, "read", read)
    fitted(declare(SGD, {"by": "period"}))
    assert set(asked) == {1}


@pytest.mark.parametrize("type_", [SGD, MLP])
def test_what_takes_batches_learns_and_is_exported_to_the_same_bytes_again(type_: str) -> None:
    """A constant's error is 5.4; `exported` holds ONNX to scikit-learn."""
    declared = declare(type_, {"by": "period", "passes": 20})
    assert error(fitted(declared)) < 2.5
    assert exported(declared) == exported(declared)


def test_another_pass_fits_closer() -> None:
    """Passes are made."""
    once, often = (fitted(declare(SGD, {"by": "period", "passes": count})) for count in (1, 5))
    assert error(often) < error(once)


def test_rows_in_memory_are_parted_as_they_were_read() -> None:
    """What `try` and `tune` fit is what train fits."""
    declared = declare(SGD, {"by": "period"})
    assert np.array_equal(predict(fitting.fit(declared, in_memory(declared))), predict(fitted(declared)))


@pytest.mark.parametrize("categorical", ["one-hot", "ordinal"])
def test_preprocessing_is_what_all_rows_together_give(categorical: str) -> None:
    """Categories that one period alone has are known, medians are equal, and scales up to last bits."""
    ridge = declare(RIDGE, {}, categorical)
    whole, streamed = fitting.fit(ridge, in_memory(ridge)), fitted(declare(SGD, {"by": "period"}, categorical))
    table = frames.table(draw(2).features, NUMERIC, CATEGORICAL)
    medians = [pipe[0].named_transformers_["numeric"][0].statistics_ for pipe in (whole, streamed)]
    assert np.array_equal(*medians)
    assert whole[:-1].transform(table) == pytest.approx(streamed[:-1].transform(table), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("type_", [HGB, LGBM, RIDGE])
def test_what_takes_no_batches_is_refused(type_: str) -> None:
    """The line names estimators that take them."""
    with pytest.raises(ParamsError, match=r"model\.fit\.by: \w+ needs all rows at once.*SGDRegressor"):
        fitted(declare(type_, {"by": "period"}))


def test_a_hyperparameter_that_batches_overrule_is_refused() -> None:
    """`max_iter` would be declared, and mean nothing."""
    with pytest.raises(ParamsError, match=r"max_iter: counts for nothing.*passes"):
        fitted(declare(SGD, {"by": "period"}, max_iter=9))


@pytest.mark.parametrize("options", [{}, {"subsample": 0.7, "colsample_bytree": 0.6, "max_bin": 16}])
def test_xgboost_gives_the_bytes_of_its_own_fit_in_memory(options: Mapping[str, Any]) -> None:
    """Pages on the disk change nothing."""
    at_once, by_period = (declare(XGB, fit, n_estimators=20, **options) for fit in ({}, {"by": "period"}))
    assert exported(at_once) == exported(by_period)


def test_pages_of_xgboost_are_removed_also_those_of_a_killed_process() -> None:
    """No process has the number of the folder that lies there."""
    Path(".dvc/tmp/pages-999999999-x").mkdir(parents=True)
    fitted(declare(XGB, {"by": "period"}, n_estimators=2))
    assert not [*Path(".dvc/tmp").glob("pages-*")]


FULL = """\
import resource
import pytest
from mainline.errors import MainlineError
from tests.mainline.stages import gradual
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
with pytest.MonkeyPatch.context() as patch:
    gradual.install(patch)
    try:
        gradual.fitted(gradual.declare(gradual.XGB, {"by": "period"}, n_estimators=2))
    except MainlineError as error:
        print("said", error)
"""


def test_a_full_disk_is_one_line_before_xgboost_ends_the_process() -> None:
    """Its own error comes from a thread in which nobody can catch it, and the process aborts."""
    Path(".dvc/tmp").mkdir(parents=True)
    search = os.pathsep.join(map(str, (ROOT / "engine/src", FLIGHTS / "src", ROOT / "engine")))
    ended = subprocess.run(
        [sys.executable, "-c", FULL], env=os.environ | {"PYTHONPATH": search}, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(
        r"said fitting by period writes pages of 1 MB into (?:/.*/)?\.dvc/tmp, and there is no room for them \(File "
        r"too large\)\. Make room; or leave out model\.fit\.by, if memory holds all rows\.",
        ended.stdout.strip().splitlines()[-1],
    )
    assert not [*Path(".dvc/tmp").iterdir()]


@pytest.mark.parametrize("max_bin", [16, 256, 300, 70_000])
@pytest.mark.parametrize("missing", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("rows", [20, 2_000])
def test_as_much_room_is_asked_for_as_the_pages_take(max_bin: int, missing: float, rows: int, tmp_path: Path) -> None:
    """Never less, and at most twelve times as much where nine of ten are missing; a megabyte is to spare."""
    random = np.random.default_rng(0)
    batches = []
    for _ in range(4):
        matrix = random.normal(size=(rows, 5))
        matrix[random.random(matrix.shape) < missing] = np.nan
        batches.append(Batch(matrix, random.normal(size=rows), None))
    kept = xgboost_rounds.Learner(
        xgboost.XGBRegressor(max_bin=max_bin), 0, lambda: batches, None, tmp_path
    )  # fmt: skip
    taken = sum(file.stat().st_size for file in tmp_path.glob("fit*"))
    asked = page_space.needed([batch.matrix.shape for batch in batches], max_bin) - (1 << 20)
    assert kept.rounds
    assert 0 < taken <= asked <= 12 * taken


@pytest.mark.parametrize(
    ("type_", "hyperparameters"),
    [("sklearn.linear_model.SGDClassifier", {"loss": "log_loss"}), ("xgboost.XGBClassifier", {"n_estimators": 5})],
)
@pytest.mark.parametrize("count", [2, 3])
def test_a_period_may_lack_a_class(
    type_: str, hyperparameters: Any, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first period has one class alone, and the model tells all apart."""
    task: Any = "classification" if count == 2 else "multiclass"
    interface = SimpleNamespace(TASK=task, CLASSES=tuple("abc"[:count]), REQUEST=REQUEST)
    monkeypatch.setattr(fitting, "interface", interface)
    monkeypatch.setattr(fitting, "scoring", SimpleNamespace(fit_target=lambda label, _: label))
    for number, period in enumerate(PERIODS):
        rows = draw(number)
        label = np.where(rows.features["distance"] > 0, count - 1, number % count) if number else np.zeros(ROWS, int)
        write(period, Prepared(rows.request, rows.features, label))
    pipeline = fitted(declare(type_, {"by": "period"}, **hyperparameters))
    content, found = export.export(pipeline, type_, task, NUMERIC, CATEGORICAL, draw(9).features, 1e-3)
    assert found.format == "onnx"
    predicted = runtime.load(content, found.describe()).predict(draw(9).features)
    assert predicted.shape == ((ROWS,) if count == 2 else (ROWS, 3))


@pytest.mark.parametrize(("type_", "options"), [(SGD, {}), (MLP, {}), (XGB, {"n_estimators": 5})])
def test_a_period_whose_rows_all_weigh_nothing_has_no_say(
    type_: str, options: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other labels there move nothing; only in batches, since estimators divide by the sum of a batch's weights."""
    count_less(1e6, monkeypatch)
    found = []
    for label in (1e6, 1e9):
        rows = draw(1)
        write(PERIODS[1], Prepared(rows.request, rows.features, np.full(ROWS, label)))
        found.append(predict(fitted(declare(type_, {"by": "period"}, **options))))
    assert np.isfinite(found[0]).all()
    assert np.array_equal(found[0], found[1])


def test_rows_of_which_none_counts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line counts the rows of all periods."""
    count_less(-1e6, monkeypatch)
    with pytest.raises(UseCaseError, match=f"weight returns 0 for each of {len(PERIODS) * ROWS:,} rows"):
        fitted(declare(SGD, {"by": "period"}))


def test_parts_offer_what_rows_in_memory_do() -> None:
    """Length, label, rows by their places, and the newest part by itself."""
    whole = in_memory(declare(SGD, {}))
    parts = Parts(dataset.FOLDER, PERIODS, ["dep_delay"], [*NUMERIC, *CATEGORICAL])
    places = np.array([0, 5, ROWS, 3 * ROWS + 1])
    assert len(parts) == len(whole)
    assert np.array_equal(parts.label, whole.label)
    assert np.array_equal(parts.take(places).features["carrier"], whole.take(places).features["carrier"])
    assert [len(side) for side in parts.apart(1)] == [len(side) for side in whole.apart(1)] == [3 * ROWS, ROWS]
