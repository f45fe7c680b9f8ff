"""The declared search: what is tried, what is kept, what is concluded."""

import pickle
import re
from collections import Counter
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.data.dataset import Prepared
from mainline.declared.compute import Compute
from mainline.declared.params import Costs, Evaluation, Model, Params
from mainline.errors import MainlineError, ParamsError
from mainline.experiments import candidates, search, trial_code, trials, tuning, variant
from mainline.experiments.search import NoRowsError
from mainline.experiments.trials import Trial
from mainline.gate.statistics import compare
from mainline.model.metrics import scorer
from tests.mainline.experiments.planted_use_case import CLASSIFIER, MONTHS, declare, draw, draw_classes, install, write
from tests.project import FLIGHTS, ROOT

RMSE = scorer("regression").primary

pytestmark = pytest.mark.usefixtures("use_case")


@pytest.fixture
def rows() -> tuple[Prepared, Prepared]:
    """Rows to fit on and to judge by."""
    return draw(), draw(seed=6, start=20)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often each combination of hyperparameters is fitted."""
    counted: Counter[str] = Counter()
    fit = variant.fit

    def count(params: Params, fitted_on: Prepared) -> Any:
        counted[str(sorted(params.model.params.items()))] += 1
        return fit(params, fitted_on)

    monkeypatch.setattr(variant, "fit", count)
    return counted


def with_tune(**section: Any) -> Params:
    """Return the parameters with another section `tune`."""
    params = declare()
    return params.model_copy(update={"tune": {**params.tune, **section}})


def run(table: Path, rows: tuple[Prepared, Prepared], key: str = "k", count: int = 4) -> list[Trial]:
    """Run a search to its end."""
    params = with_tune(trials=count)
    return list(search.run(params, candidates.plan(params, candidates.load(params)), key, rows, 0.95, table))


def without_seconds(table: Path) -> list[str]:
    """Return the table's lines without the time that a trial took."""
    return [re.sub(r",[\d.]+(,\w+)$", r"\1", line) for line in table.read_text().splitlines()]


def test_declared_hyperparameters_are_trial_0() -> None:
    """The first trial is what params.yaml declares, and where it declares nothing, the estimator's default."""
    params = declare(learning_rate=0.07)
    assert candidates.plan(params, candidates.load(params))[0].tried == {"learning_rate": 0.07, "max_leaf_nodes": 31}


def test_nothing_is_tried_twice() -> None:
    """More trials than combinations try each combination once, the declared one included."""
    params = with_tune(trials=50, space={"learning_rate": [0.1, 0.3, 0.3], "max_leaf_nodes": [4, 31]})
    tried = [tuple(trial.tried.values()) for trial in candidates.plan(params, candidates.load(params))]
    assert sorted(tried) == [(0.1, 4), (0.1, 31), (0.3, 4), (0.3, 31)]


def test_more_trials_add_to_those_before() -> None:
    """A larger number of trials begins with the same trials, in an order that is not the grid's."""
    space = {"learning_rate": [0.01 * step for step in range(1, 30)], "max_leaf_nodes": [4, 8, 31]}
    few, many = (with_tune(trials=trials, space=space) for trials in (5, 60))
    planned = candidates.plan(many, candidates.load(many))
    assert [one.tried for one in planned[:5]] == [one.tried for one in candidates.plan(few, candidates.load(few))]
    assert [trial.tried["learning_rate"] for trial in planned[1:]] != sorted(
        trial.tried["learning_rate"] for trial in planned[1:]
    )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"space": {"lerning_rate": [0.1]}}, r"tune\.space\.lerning_rate: is not .*; did you mean 'learning_rate'\?"),
        ({"space": {"alpha": [1.0]}}, r"tune\.space\.alpha: .*; declare what `\./mainline tune` .* known: "),
        ({"space": {"n_jobs": [1, 2]}}, r"tune\.space\.n_jobs: does not belong to the model; leave it out"),
        ({"space": {"trees__n_jobs": [2]}}, r"tune\.space\.trees__n_jobs: does not belong to the model; leave it out"),
        ({"space": {"learning_rate": ["1e-3"]}}, r"tune\.space\.learning_rate: holds '1e-3'; .* float"),
        ({"space": {"learning_rate": []}}, r"tune\.space\.learning_rate: is \[\] \(list\); .* at least 1 item"),
        ({"space": {}}, r"tune\.space: is \{\} \(dict\); .* at least 1 item"),
        ({"trails": 3}, r"tune\.trails: is not a known key; did you mean 'trials'\?"),
        ({"trials": 1}, r"tune\.trials: is 1 \(int\); .* greater than or equal to 2"),
    ],
)  # fmt: skip
def test_wrong_declaration_is_refused(section: dict[str, Any], said: str) -> None:
    """What cannot be searched is refused before anything is fitted, naming the place and the nearest name."""
    with pytest.raises(ParamsError, match=rf"^params.yaml: {said}") as raised:
        candidates.load(with_tune(**section))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("type_", "space", "said"),
    [
        ("xgboost.XGBRegressor", {"max_depht": [3]}, r"tune\.space\.max_depht: is not .*; did you mean 'max_depth'\?"),
        ("xgboost.XGBRegressor", {"max_depth": [3, -1]}, r"tune\.space\.max_depth: holds -1; .* greater equal to 0"),
        ("lightgbm.LGBMRegressor", {"num_leaves": [1]}, r"tune\.space\.num_leaves: holds 1; .*\(num_leaves\) > \(1\)"),
    ],
)
def test_a_library_that_checks_while_it_fits_is_asked(type_: str, space: dict[str, Any], said: str) -> None:
    """Names and values of XGBoost and LightGBM are refused as early; what only the library knows may be searched."""
    model = Model(type=type_, params={})
    with pytest.raises(ParamsError, match=rf"^params.yaml: {said}"):
        candidates.load(with_tune(space=space).model_copy(update={"model": model}))
    assert candidates.load(with_tune(space={"max_bin": [63, 255]}).model_copy(update={"model": model})).space


def test_better_hyperparameters_are_found(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """Where the declared learning rate is far too small, a larger one wins, and its whole interval is below zero."""
    params = declare(learning_rate=0.001)
    planned = candidates.plan(params, candidates.load(params))
    finished = list(search.run(params, planned, "k", rows, 0.95, tmp_path / "t.csv"))
    best = search.ranked(finished, variant.primary(params))[0]
    assert planned[best.number].tried["learning_rate"] > 0.001
    assert best.difference == pytest.approx(best.metric / finished[0].metric - 1, abs=1e-5)
    assert search.widen(best, len(finished) - 1, 20, 0.95).high < 0


def test_stopped_search_goes_on_where_it_was(
    tmp_path: Path, rows: tuple[Prepared, Prepared], fits: Counter[str]
) -> None:
    """Stopped and run again, no finished trial but the declared one is fitted twice; the table is the same."""
    params = declare()
    planned = candidates.plan(params, candidates.load(params))
    running = search.run(params, planned, "k", rows, 0.95, tmp_path / "stopped.csv")
    assert [next(running).number, next(running).number] == [0, 1]
    assert isinstance(running, Generator)
    running.close()
    assert [trial.number for trial in run(tmp_path / "stopped.csv", rows)] == [0, 1, 2, 3]
    assert sorted(fits.values()) == [1, 1, 1, 2]
    run(tmp_path / "whole.csv", rows)
    assert without_seconds(tmp_path / "stopped.csv") == without_seconds(tmp_path / "whole.csv")


@pytest.mark.parametrize("number", [1, 3])
def test_trials_side_by_side_find_the_same(number: int, tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """However many processes fit trials, the table is the one of a search in this one, but for the seconds."""
    params = declare()
    planned = candidates.plan(params, candidates.load(params))
    several = partial(tuning.side_by_side, Compute(processes=number), None)
    finished = [*search.run(params, planned, "k", rows, 0.95, tmp_path / "several.csv", several)]
    assert sorted(trial.number for trial in finished) == [0, 1, 2, 3]
    run(tmp_path / "one.csv", rows)
    assert without_seconds(tmp_path / "several.csv") == without_seconds(tmp_path / "one.csv")


def test_rows_that_travel_have_all_columns(rows: tuple[Prepared, Prepared]) -> None:
    """Columns that are read when they are first asked for are read before rows are sent to other machines."""
    part = rows[0].take(slice(None))
    sent = pickle.loads(pickle.dumps(tuning._whole(part)))  # noqa: S301 - of this test
    assert [*sent.request] == [*part.request]
    assert all((sent.request[name] == part.request[name]).all() for name in part.request)


def test_finished_search_fits_nothing(tmp_path: Path, rows: tuple[Prepared, Prepared], fits: Counter[str]) -> None:
    """A search that is complete is read from its table, to the last digit."""
    before = run(tmp_path / "t.csv", rows)
    fits.clear()
    assert run(tmp_path / "t.csv", rows) == before
    assert not fits


def test_more_trials_are_added_to_a_finished_search(
    tmp_path: Path, rows: tuple[Prepared, Prepared], fits: Counter[str]
) -> None:
    """Declaring two trials more fits these two, and the declared model to compare them with."""
    run(tmp_path / "t.csv", rows)
    fits.clear()
    assert len(run(tmp_path / "t.csv", rows, count=6)) == 6
    assert fits.total() == 3


def test_other_inputs_start_anew(tmp_path: Path, rows: tuple[Prepared, Prepared], fits: Counter[str]) -> None:
    """The table of another search is replaced."""
    run(tmp_path / "t.csv", rows, key="k")
    fits.clear()
    run(tmp_path / "t.csv", rows, key="other")
    assert fits.total() == 4
    assert all(line.endswith(",other") for line in (tmp_path / "t.csv").read_text().splitlines()[1:])


def test_key_follows_the_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another space, seed, model, metric, data or code is another search; another number of trials is the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trial_code, "files", lambda _: [Path("code.py")])
    (tmp_path / "code.py").write_text("one")
    write(tmp_path, MONTHS[:5])

    def key(params: Params) -> str:
        return search.key(params, candidates.load(params))

    first = key(declare())
    assert key(with_tune(trials=9)) == first
    others = [
        key(with_tune(space={"learning_rate": [0.1]})), key(declare(max_iter=5)),
        key(declare().model_copy(update={"seed": 1})),
        key(declare().model_copy(update={"evaluation": Evaluation(slice_min_rows=500, metric="mae")})),
    ]  # fmt: skip
    (tmp_path / "code.py").write_text("two")
    others.append(key(declare()))
    (tmp_path / "data/features" / f"{MONTHS[0]}.parquet").write_bytes(b"other")
    others.append(key(declare()))
    assert len({first, *others}) == 7
    (tmp_path / "data/features" / f"{MONTHS[0]}.parquet").unlink()
    with pytest.raises(NoRowsError, match=rf"{MONTHS[0]}.parquet is not here\. Run `make repro`"):
        key(declare())


def test_what_shows_or_writes_makes_no_other_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fits, predicts and judges counts, and so does the use case; what draws progress or asks git does not."""
    (tmp_path / "engine").symlink_to(ROOT / "engine")
    (tmp_path / "src").symlink_to(FLIGHTS / "src")
    monkeypatch.chdir(tmp_path)
    files = trial_code.files("sklearn.linear_model.Ridge")
    counted = {path.as_posix().removeprefix("engine/src/mainline/") for path in files}
    assert {"experiments/search.py", "stages/fitting.py", "model/estimator.py", "gate/statistics.py"} <= counted
    assert "src/usecase/scoring.py" in counted
    assert not [name for name in counted if name.startswith(("progress", "repository/", "files", "stages/harness"))]
    assert all((trial_code.SEARCH.parents[1] / name).exists() for name in trial_code.SILENT)


def test_an_own_model_makes_another_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file counts, and what that imports of the use case."""
    (tmp_path / "src/usecase").mkdir(parents=True)
    (tmp_path / "src/usecase/models.py").write_text("from usecase import lines\n")
    (tmp_path / "src/usecase/lines.py").write_text("")
    (tmp_path / "engine").symlink_to(ROOT / "engine")
    monkeypatch.chdir(tmp_path)
    others = {*trial_code.files("sklearn.linear_model.Ridge")}
    more = {path.as_posix() for path in {*trial_code.files("usecase.models.Bounded")} - others}
    assert more == {"src/usecase/lines.py", "src/usecase/models.py"}


def test_refused_combination_does_not_end_the_search(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """Values that are possible alone but not together are kept as refused, and the rest is tried."""
    params = declare("sklearn.linear_model.QuantileRegressor", solver="highs", alpha=0.0)
    tune = {"trials": 4, "space": {"solver": ["highs", "interior-point"], "alpha": [0.0, 0.1]}}
    params = params.model_copy(update={"tune": tune})
    planned = candidates.plan(params, candidates.load(params))
    few = tuple(
        Prepared(
            {k: v[:200] for k, v in one.request.items()}, {k: v[:200] for k, v in one.features.items()}, one.label[:200]
        )
        for one in rows
    )
    finished = list(search.run(params, planned, "k", few, 0.95, tmp_path / "t.csv"))  # type: ignore[arg-type]
    assert {trial.tried["solver"] for trial, done in zip(planned, finished, strict=True) if done.refused} == {
        "interior-point"
    }
    assert len(search.ranked(finished, variant.primary(params))) == len(finished) - 2
    assert trials.read(tmp_path / "t.csv", "k", 4).keys() == {0, 1, 2, 3}


def test_a_hyperparameter_named_as_a_column_keeps_its_own(tmp_path: Path) -> None:
    """Neighbors have a `metric` as the table has: both are written, and the trial is read back as it was."""
    planned = [candidates.Planned("declared", {"metric": "manhattan"}, declare("sklearn.linear_model.Ridge"))]
    trial = Trial(0, 14.2, 0.0, 0.0, 0.0, 1.5)
    trials.write({0: trial}, planned, "k", tmp_path / "t.csv", with_share=False)
    assert trials.read(tmp_path / "t.csv", "k", 1) == {0: trial}
    assert "manhattan,14.2" in (tmp_path / "t.csv").read_text()
    assert "params.metric,metric" in (tmp_path / "t.csv").read_text()


def test_damaged_table_is_named(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """A table that somebody broke is not overwritten in silence."""
    run(tmp_path / "t.csv", rows, count=2)
    table = tmp_path / "t.csv"
    table.write_text(table.read_text().replace("\nplanted,0,", "\nplanted,zero,"))
    with pytest.raises(MainlineError, match=r"t\.csv is damaged\. Remove it"):
        run(table, rows, count=2)


def test_best_of_many_equals_is_rarely_called_better() -> None:
    """Of searches among equally good models at most 5 % call the best better; without the widening many do."""
    random = np.random.default_rng(3)
    day = np.repeat(np.arange(30), 20)
    wide, plain = [], []
    for _ in range(40):
        shared = random.normal(size=len(day)) * np.exp(0.3 * random.normal(size=30))[day]
        own = [shared + 0.3 * random.normal(size=len(day)) for _ in range(9)]
        found = [compare(RMSE, np.zeros(len(day)), one, own[0], day, 0.95) for one in own[1:]]
        best = min(found, key=lambda one: one.estimate)
        trial = Trial(1, 1.0, best.estimate, best.low, best.high, 0.0)
        wide.append(search.widen(trial, 8, 30, 0.95).high < 0)
        plain.append(best.high < 0)
    assert np.mean(wide) <= 0.05 < np.mean(plain)


def test_each_trial_is_judged_at_a_threshold_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mistakes have costs, a trial and the declared model cost what they cost at the best threshold of each."""
    install(monkeypatch, "classification", ("low", "high"))
    monkeypatch.chdir(tmp_path)
    rows = draw_classes(2), draw_classes(2, seed=6, start=20)
    evaluation = Evaluation(slice_min_rows=500, metric="cost", costs=Costs(false_positive=1, false_negative=9))
    params = declare(CLASSIFIER, learning_rate=0.01).model_copy(update={"evaluation": evaluation})
    planned = candidates.plan(params, candidates.load(params))
    finished = list(search.run(params, planned, "k", rows, 0.95, tmp_path / "t.csv"))
    least = [least_cost(trial.params, rows, 9) for trial in planned]
    assert [trial.metric for trial in finished] == pytest.approx(least, rel=1e-4)
    assert [trial.difference for trial in finished] == pytest.approx([cost / least[0] - 1 for cost in least], abs=1e-4)


def least_cost(params: Params, rows: tuple[Prepared, Prepared], missed: float) -> float:
    """Return the least mean cost of a fitted model over all thresholds, where a false positive costs 1."""
    predicted = variant.predict(variant.fit(params, rows[0]), rows[1], params)
    positive = rows[1].label == 1
    found = ((predicted >= cut) for cut in [*np.unique(predicted), 1.1])
    return float(min((says & ~positive).mean() + missed * (positive & ~says).mean() for says in found))


def test_three_classes_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three classes trials are compared by the log loss of all of them, and a far better one is found."""
    install(monkeypatch, "multiclass", ("low", "middle", "high"))
    monkeypatch.chdir(tmp_path)
    rows = draw_classes(3), draw_classes(3, seed=6, start=20)
    params = declare(CLASSIFIER, learning_rate=0.001)
    planned = candidates.plan(params, candidates.load(params))
    finished = list(search.run(params, planned, "k", rows, 0.95, tmp_path / "t.csv"))
    best = search.ranked(finished, variant.primary(params))[0]
    assert best.number > 0
    assert search.widen(best, len(finished) - 1, 20, 0.95).high < 0
    predicted = variant.predict(variant.fit(planned[best.number].params, rows[0]), rows[1], params)
    right = predicted[np.arange(len(predicted)), rows[1].label.astype(int)]
    assert best.metric == pytest.approx(-np.log(right).mean(), rel=1e-4)
