"""A declared search over hyperparameters and families, on the validation rows: the pipeline's `fit` fits.

Trial 0 is what `params.yaml` declares for the model, and every other trial is compared with it on the same rows.
Finished trials are in `metrics/tuning.csv` as soon as they are finished; the same search goes on where it was stopped.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import special

from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.data.storage import tidy
from mainline.declared.params import Params
from mainline.declared.tune import EarlyStopping, Search
from mainline.errors import MainlineError, ParamsError
from mainline.experiments import trial_code, variant
from mainline.experiments import trials as kept
from mainline.experiments.candidates import Planned
from mainline.experiments.judgement import judge
from mainline.experiments.trials import TABLE, Trial
from mainline.gate.statistics import Difference
from mainline.model.metric import Metric

LOCK = Path("requirements/pipeline.txt")


class NoRowsError(MainlineError):
    """The prepared rows that trials are of are not here."""


Compute = Callable[[Callable[[int], Trial], Sequence[int]], Iterable[Trial]]


def key(params: Params, declared: Search) -> str:
    """Return a hash of what a trial's result depends on: parameters, metric, candidates, data, code and libraries.

    The number of trials is not part of it, nor is the time that they may take.

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
    more = declared.model_dump(mode="json", include={"candidates", "early_stopping"}, exclude_unset=True)
    text = json.dumps([shaping, compared, space, confidence, *([more] if more else [])], sort_keys=True)
    digest = hashlib.sha256(text.encode())
    parts = (*params.parts.train, *params.parts.validation)
    for path in map(variant.part_file, parts):
        if not path.is_file():
            raise NoRowsError(f"{path} is not here. Run `make repro` or `./mainline pull` first.")
        digest.update(f"{path}:{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    types = (params.model.type, *(one.model.type for one in declared.candidates.values()))
    for path in (*dict.fromkeys(file for type_ in types for file in trial_code.files(type_)), LOCK):
        if path.is_file():
            digest.update(f"{path}:{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def run(
    params: Params, trials: Sequence[Planned], search: str, rows: tuple[Prepared, Prepared], confidence: float,
    table: Path = TABLE, compute: Compute = map, early: EarlyStopping | None = None,
) -> Iterator[Trial]:  # fmt: skip
    """Yield each trial when it is finished and in the table, those from before first.

    Args:
        params: the declared parameters.
        trials: from `candidates.plan`.
        search: from `key`; rows of another search are replaced.
        rows: to fit on, and to judge by.
        confidence: of the intervals.
        table: where finished trials are kept.
        compute: calls a function with each number, and yields what it returns, in any order.
        early: when a trial is hopeless; None if all are fitted on all rows.
    """
    finished = kept.read(table, search, len(trials))
    yield from finished.values()
    waiting = [number for number in range(len(trials)) if number not in finished]
    if not waiting:
        return
    # Trials are compared row by row, so a search that goes on needs the declared model's predictions again.
    ground = _ground(params, rows, 1.0)
    if ground is None:
        raise ParamsError("model.params", "the declared model predicts no number", "search from one that does")
    few = _ground(params, (_some(rows[0], early.share, params.seed), rows[1]), early.share) if early else None
    margin = early.margin if early else 0.0
    for trial in compute(partial(_attempt, trials, ground, few, margin, confidence), waiting):
        finished[trial.number] = trial
        kept.write(finished, trials, search, table, bool(early))
        yield trial


def ranked(trials: Sequence[Trial], metric: Metric) -> list[Trial]:
    """Return the trials that have a metric of all rows, the best by the primary metric first; of equals, the first."""
    judged = (trial for trial in trials if not trial.refused and not trial.stopped)
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


class _Ground(NamedTuple):
    """What trials are compared with: the declared model, fitted on a share of the training rows."""

    rows: tuple[Prepared, Prepared]
    """To fit on, and to judge by."""
    own: Array
    """The declared model's predictions of the n rows to judge by."""
    seconds: float
    share: float


def _ground(params: Params, rows: tuple[Prepared, Prepared], share: float) -> _Ground | None:
    """Fit the declared model; None if it predicts no number, or refuses so few rows."""
    own, seconds = _judge(params, rows) if share == 1 else _judge_or_refuse(params, rows)
    return None if own is None else _Ground(rows, own, seconds, share)


def _some(rows: Prepared, share: float, seed: int) -> Prepared:
    """Return a share of the rows, drawn at random, in their order."""
    count = max(round(share * len(rows)), 1)
    return rows.take(np.sort(np.random.default_rng(seed).choice(len(rows), count, replace=False)))


def _attempt(
    trials: Sequence[Planned], ground: _Ground, few: _Ground | None, margin: float, confidence: float, number: int
) -> Trial:
    """Fit and judge one trial, on few rows first; of the declared model the predictions are known."""
    planned = trials[number]
    if number == 0:
        return _trial(planned.params, number, ground.own, ground, ground.seconds, confidence)
    before = 0.0
    if few:
        found, before = _judge_or_refuse(planned.params, few.rows)
        trial = _trial(planned.params, number, found, few, before, confidence)
        if trial.low > margin:
            return trial
    found, seconds = _judge_or_refuse(planned.params, ground.rows)
    return _trial(planned.params, number, found, ground, before + seconds, confidence)


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
    params: Params, number: int, predicted: Array | None, ground: _Ground, seconds: float, confidence: float
) -> Trial:
    """Build the trial as it will be read from the table."""
    if predicted is None:
        nan = float("nan")
        return Trial(number, nan, nan, nan, nan, round(seconds, 1))
    rows = ground.rows[1]
    value, found = judge(params.evaluation, rows, predicted, ground.own, variant.clusters(rows), confidence)
    measured = (value, found.estimate, found.low, found.high, round(seconds, 1))
    numbers = (float("nan") if value is None else value for value in tidy(measured))
    return replace(Trial(number, *numbers), share=ground.share)
