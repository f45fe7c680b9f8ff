"""A declared search over hyperparameters, on the validation rows: scikit-learn draws, the pipeline's `fit` fits.

Random search (Bergstra and Bengio 2012) without repetition. Trial 0 is what `params.yaml` declares for the
model, and every other trial is compared with it on the same rows. Finished trials are in `metrics/tuning.csv`
as soon as they are finished; the same search goes on where it was stopped.
"""

import csv
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special
from sklearn.model_selection import ParameterGrid, ParameterSampler

from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.data.storage import tidy, write_csv
from mainline.declared import tune
from mainline.declared.params import Params
from mainline.declared.tune import MOST, Search
from mainline.errors import MainlineError, ParamsError, nearest
from mainline.experiments import trial_code, variant
from mainline.experiments.judgement import judge
from mainline.gate.statistics import Difference
from mainline.gate.tables import TUNING, named
from mainline.model import estimator
from mainline.model.metric import Metric
from usecase import features, interface

TABLE = TUNING
LOCK = Path("requirements/pipeline.txt")
Hyperparameters = dict[str, Any]


class NoRowsError(MainlineError):
    """The prepared rows that trials are of are not here."""


@dataclass(frozen=True)
class Trial:
    """A finished trial: the primary metric, and its relative difference to trial 0 with an interval.

    NaN where the estimator refused the combination or predicted no number.
    """

    number: int
    metric: float
    difference: float
    low: float
    high: float
    seconds: float

    @property
    def refused(self) -> bool:
        """Whether there is no metric."""
        return not np.isfinite(self.metric)


Compute = Callable[[Callable[[int], Trial], Sequence[int]], Iterable[Trial]]


def load(params: Params) -> Search:
    """Return the section `tune`, held to the model: every hyperparameter exists and takes every value, by itself.

    Raises:
        ParamsError: naming the place and the nearest known name.
    """
    declared = tune.load(params.tune)
    known = estimator.names(_estimator(params), interface.TASK)
    for name, values in declared.space.items():
        if name not in known:
            remedy = (
                f"declare what `./mainline tune` may try of this model, or leave out `tune`; {nearest(name, known)}"
            )
            raise ParamsError(f"tune.space.{name}", f"is not a parameter of {params.model.type}", remedy)
        for value in values:
            _check_value(params, name, value)
    return declared


def defaults(params: Params) -> Hyperparameters:
    """Return every hyperparameter of the declared model, those that are not declared with the library's value."""
    return dict(_estimator(params).get_params())


def plan(params: Params, declared: Search) -> list[Hyperparameters]:
    """List the trials: what is declared first, then combinations in seeded order, none of them twice."""
    known = defaults(params)
    own = {name: known.get(name) for name in declared.space}
    space = {name: list(dict.fromkeys(values)) for name, values in declared.space.items()}
    count = min(len(ParameterGrid(space)), MOST)
    drawn = list(ParameterSampler(space, n_iter=count, random_state=params.seed))
    # The sampler draws a set at random; where that is most of the grid, it leaves it in the grid's order.
    shuffled = (drawn[index] for index in np.random.default_rng(params.seed).permutation(count))
    others = ({name: one[name] for name in space} for one in shuffled)
    return [own, *islice((one for one in others if one != own), declared.trials - 1)]


def changed(params: Params, hyperparameters: Mapping[str, Any]) -> Params:
    """Return the parameters with some hyperparameters of the model replaced."""
    merged = {**params.model.params, **hyperparameters}
    return params.model_copy(update={"model": params.model.model_copy(update={"params": merged})})


def key(params: Params, declared: Search) -> str:
    """Return a hash of what a trial's result depends on: parameters, metric, space, data, code and libraries.

    The number of trials is not part of it.

    Raises:
        NoRowsError: when the prepared rows are not here.
    """
    shaping = params.model_dump(
        mode="json", by_alias=True, include={"split", "seed", "features", "preprocessing", "model"}
    )
    compared = params.evaluation.model_dump(mode="json", include={"metric", "threshold", "costs"})
    if params.evaluation.costs:
        del compared["costs"]["unit"]  # in which unit mistakes are told changes no trial
    space = {name: list(values) for name, values in declared.space.items()}
    confidence = params.gate.get("confidence")
    text = json.dumps([shaping, compared, space, confidence], sort_keys=True)
    digest = hashlib.sha256(text.encode())
    parts = (*params.parts.train, *params.parts.validation)
    for path in map(variant.part_file, parts):
        if not path.is_file():
            raise NoRowsError(f"{path} is not here. Run `make repro` or `./mainline pull` first.")
        digest.update(f"{path}:{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    for path in (*trial_code.files(params.model.type), LOCK):
        if path.is_file():
            digest.update(f"{path}:{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def run(
    params: Params, trials: Sequence[Hyperparameters], search: str, rows: tuple[Prepared, Prepared], confidence: float,
    table: Path = TABLE, compute: Compute = map,
) -> Iterator[Trial]:  # fmt: skip
    """Yield each trial when it is finished and in the table, those from before first.

    Args:
        params: the declared parameters.
        trials: from `plan`.
        search: from `key`; rows of another search are replaced.
        rows: to fit on, and to judge by.
        confidence: of the intervals.
        table: where finished trials are kept.
        compute: calls a function with each number, and yields what it returns, in any order.
    """
    finished = read(table, search, len(trials))
    yield from finished.values()
    waiting = [number for number in range(len(trials)) if number not in finished]
    if not waiting:
        return
    # Trials are compared row by row, so a search that goes on needs the declared model's predictions again.
    own, seconds = _judge(params, rows)
    if own is None:
        raise ParamsError("model.params", "the declared model predicts no number", "search from one that does")
    for trial in compute(partial(_attempt, params, trials, rows, (own, seconds), confidence), waiting):
        finished[trial.number] = trial
        _write(finished, trials, search, table)
        yield trial


def read(table: Path, search: str, count: int) -> dict[int, Trial]:
    """Read the finished ones of the first `count` trials of a search, by number; none if the table is another's.

    Raises:
        MainlineError: when the table is not as it was written.
    """
    if not table.is_file():
        return {}
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("search") == search]
        found = [Trial(int(row["trial"]), *(_float(row[name]) for name in _MEASURED)) for row in rows]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise MainlineError(f"{table} is damaged. Remove it, or restore it with `git checkout {table}`.") from error
    return {trial.number: trial for trial in sorted(found, key=lambda trial: trial.number) if trial.number < count}


def ranked(trials: Sequence[Trial], metric: Metric) -> list[Trial]:
    """Return the trials that were not refused, the best by the primary metric first; of equals, the first."""
    judged = (trial for trial in trials if not trial.refused)
    return sorted(judged, key=lambda trial: (metric.lack(trial.metric), trial.number))


def widen(trial: Trial, others: int, days: int, confidence: float) -> Difference:
    """Widen a trial's interval for having been picked as the best of several (Bonferroni).

    Each of the others had its own chance to look good, so the error that is allowed is shared among them: the
    distance of each bound grows by the ratio of Student's quantiles with days - 1 degrees of freedom.
    """
    tail = (1 - confidence) / 2
    factor = float(special.stdtrit(days - 1, tail / max(others, 1)) / special.stdtrit(days - 1, tail))
    low, high = (trial.difference + factor * (bound - trial.difference) for bound in (trial.low, trial.high))
    return Difference(trial.difference, low, high, days)


_MEASURED = ("metric", "difference", "low", "high", "seconds")


def _attempt(
    params: Params,
    trials: Sequence[Hyperparameters],
    rows: tuple[Prepared, Prepared],
    declared: tuple[Array, float],
    confidence: float,
    number: int,
) -> Trial:
    """Fit and judge one trial; of the declared model the predictions, and the seconds that they took, are known."""
    found, seconds = declared if number == 0 else _judge_or_refuse(changed(params, trials[number]), rows)
    return _trial(params, number, found, declared[0], rows[1], seconds, confidence)


def _judge(params: Params, rows: tuple[Prepared, Prepared]) -> tuple[Array | None, float]:
    """Return the predictions of n validation rows, None if a prediction is not a number, and the seconds it took."""
    started = time.monotonic()
    found = variant.predict(variant.fit(params, rows[0]), rows[1], params)
    return found if np.isfinite(found).all() else None, time.monotonic() - started


def _judge_or_refuse(params: Params, rows: tuple[Prepared, Prepared]) -> tuple[Array | None, float]:
    """Return the same; None also where values that are possible alone are refused together."""
    try:
        return _judge(params, rows)
    except ParamsError:
        return None, 0.0


def _trial(
    params: Params, number: int, predicted: Array | None, own: Array, rows: Prepared, seconds: float, confidence: float
) -> Trial:
    """Build the trial as it will be read from the table."""
    if predicted is None:
        nan = float("nan")
        return Trial(number, nan, nan, nan, nan, round(seconds, 1))
    value, found = judge(params.evaluation, rows, predicted, own, variant.clusters(rows), confidence)
    measured = (value, found.estimate, found.low, found.high, round(seconds, 1))
    return Trial(number, *(float("nan") if value is None else value for value in tidy(measured)))


def _write(finished: Mapping[int, Trial], trials: Sequence[Hyperparameters], search: str, table: Path) -> None:
    """Replace the table by one with all finished trials; a killed process leaves the old one whole."""
    rows = [
        {"trial": number, **trials[number], **{name: getattr(trial, name) for name in _MEASURED}, "search": search}
        for number, trial in sorted(finished.items())
    ]
    write_csv(named(interface.NAME, rows), table)


def _estimator(params: Params) -> Any:
    numeric = [name for name in params.features if name in features.NUMERIC]
    categorical = [name for name in params.features if name in features.CATEGORICAL]
    return estimator.build(params.model, params.preprocessing, numeric, categorical, interface.TASK, params.seed)[-1]


def _check_value(params: Params, name: str, value: Any) -> None:
    try:
        estimator.check(changed(params, {name: value}).model, interface.TASK, params.seed)
    except ParamsError as error:
        raise ParamsError(f"tune.space.{name}", f"holds {value!r}", f"its library says: {error.found}") from error


def _float(text: str) -> float:
    return float(text) if text else float("nan")
