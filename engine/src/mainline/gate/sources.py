"""Collect the evidence: candidate from the workspace, released versions from storage, everything on the same rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mainline.contract import Array
from mainline.data import dataset, predictions
from mainline.data.moments import is_timed
from mainline.data.profile import stability_from, stability_index
from mainline.data.storage import read_columns, read_json
from mainline.declared.gate import Policy
from mainline.declared.params import Evaluation
from mainline.gate import acceptance, footprint, history, holdout, looks, production, replay, workspace
from mainline.gate.evidence import Evidence
from mainline.gate.experiments import read_experiments, read_worth
from mainline.gate.footprint import Cost
from mainline.gate.holdout import Holdout, NotComparableError, OtherMeaningError
from mainline.gate.production import Released
from mainline.gate.workspace import PACKAGE
from mainline.model import baselines, metrics
from mainline.model.baselines import Baseline
from mainline.model.metrics import Scorer
from mainline.package.predictor import Predictor
from mainline.periods import SIDES
from mainline.registry import runs
from mainline.registry import tags as registry
from mainline.registry.runs import Run
from mainline.remote.store import StorageError
from mainline.repository import lock
from mainline.repository.lock import LockError


def versions(count: int, environment: str) -> list[registry.Version]:
    """List the versions whose packages are needed: what an environment has, and the newest ones, each once."""
    current = registry.assigned(environment)
    newest = registry.newest(count)
    return [*([current] if current else []), *(version for version in newest if version != current)]


def gather(policy: Policy, environment: str, evaluation: Evaluation, scratch: Path) -> Evidence:
    """Load, predict and measure.

    Args:
        policy: how many older versions to look at.
        environment: whose version is production.
        evaluation: the metric to compare by, and from how many rows on a segment is gated.
        scratch: the folder with the packages of released versions, as `production.fetch` filled it.

    Raises:
        MainlineError: when there is no candidate at all.
    """
    candidate = Predictor.load(PACKAGE, measured=True)
    rows = holdout.read(candidate)
    predicted = candidate.predict_columns(rows.request)
    measured = metrics.of_package(candidate.manifest, evaluation)
    baseline = _baseline(candidate, rows, measured)
    current = registry.assigned(environment)
    released, obstacle = _released(current, scratch)
    other: Array | None = baseline.predicted
    if current is not None:
        other, obstacle = predict(released, rows, candidate, obstacle)
    older, unavailable = _older(policy.slow_decay.versions, rows, candidate, released, scratch)
    own = None if released is None or other is None else metrics.of_package(released.predictor.manifest, evaluation)
    stale, strangers = workspace.compare_with_lock()
    look = looks.count()
    return Evidence(
        task=candidate.manifest["task"],
        scorer=measured,
        holdout=rows,
        candidate=candidate,
        predicted=predicted,
        kept=_kept(candidate),
        predicted_served=_predicted_served(candidate, rows),
        baseline=baseline.predicted,
        rule=baseline.name,
        production=released,
        unfetched=current if released is None else None,
        other=other,
        obstacle=obstacle,
        moved=_moved(released, rows, other),
        lock=stale,
        strangers=strangers,
        older={name: predicted for name, (_, predicted) in older.items()},
        other_scorer=own,
        older_scorers={name: metrics.of_package(one.manifest, evaluation) for name, (one, _) in older.items()},
        unavailable=tuple(unavailable),
        costs=_costs(released),
        skew=_skew(candidate, released),
        support=workspace.support(),
        quarantined=workspace.quarantined(),
        identified=workspace.identified(),
        refusals=acceptance.refusals(PACKAGE),
        worth=read_worth(candidate.manifest["name"], measured.primary.name),
        experiments=read_experiments(candidate.manifest["name"], current.commit if current else ""),
        runs=_runs(None),
        production_runs=_runs(current) if current else {},
        slice_min_rows=evaluation.slice_min_rows,
        look=look,
        widening=look if policy.looks == "widen" else 1,
    )


def _kept(candidate: Predictor) -> Array:
    """Return what the pipeline predicted when it measured the candidate."""
    names = tuple(candidate.manifest.get("classes", ()))
    return predictions.from_columns(read_columns(PACKAGE / replay.PREDICTIONS, predictions.named(names)), names)


def _predicted_served(candidate: Predictor, rows: Holdout) -> Array | None:
    """Return what the served model predicts on the n rows; None if it is the measured one."""
    return Predictor.load(PACKAGE).predict_columns(rows.request) if "refit" in candidate.manifest else None


def _baseline(candidate: Predictor, rows: Holdout, measured: Scorer) -> Baseline:
    raw = baselines.repeat(candidate.manifest["model"]["baseline"], len(rows.label))
    constant = np.asarray(candidate.scoring.respond(raw, rows.request), np.float64)
    known = (rows.request, candidate.compute(rows.request))
    return baselines.hardest(candidate.scoring, measured, rows.label, constant, known, rows.weight)


def _released(version: registry.Version | None, scratch: Path) -> tuple[Released | None, str]:
    if version is None:
        return None, ""
    try:
        return production.load(version, scratch), ""
    except StorageError as error:
        return None, str(error)


def predict(released: Released | None, rows: Holdout, candidate: Predictor, obstacle: str) -> tuple[Array | None, str]:
    """Let a released version predict the n rows; None with the reason where it cannot, or where it is not to be had."""
    if released is None:
        return None, obstacle
    try:
        return holdout.predict(released.predictor, rows, candidate), ""
    except OtherMeaningError as error:
        reason = (
            f"{error}. If it is another model, give it a name of its own: artifacts in dvc.yaml; engine/docs/release.md"
        )
    except NotComparableError as error:
        reason = str(error)
    except Exception as error:  # a released package runs code of its own, on rows that it was not made for
        reason = f"its code failed with {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None, f"{released.version.name} cannot predict the candidate's holdout: {reason}."


def _moved(released: Released | None, rows: Holdout, predicted: Array | None) -> tuple[int, int]:
    """Count the rows that production predicts otherwise than it did, and the rows that it was measured on."""
    if released is None or predicted is None:
        return 0, 0
    return replay.differing(released.predictor, released.folder, rows, predicted)


def _older(
    count: int, rows: Holdout, candidate: Predictor, released: Released | None, scratch: Path
) -> tuple[dict[str, tuple[Predictor, Array]], list[str]]:
    """Let the last versions predict the rows, each with its package; production is one of them, and fetched already.

    A version that predicts something else is passed over: nothing can decay from it.
    """
    predictions: dict[str, tuple[Predictor, Array]] = {}
    unavailable = []
    for version in registry.newest(count):
        known = released is not None and released.version == version
        found, _ = (released, "") if known else _released(version, scratch)
        if found is not None and not holdout.means_the_same(found.predictor, candidate):
            continue
        predicted, _ = predict(found, rows, candidate, "")
        if found is None or predicted is None:
            unavailable.append(version.name)
        else:
            predictions[version.name] = (found.predictor, predicted)
    return predictions, unavailable


def _costs(released: Released | None) -> tuple[Cost, Cost | None] | None:
    measured = footprint.measure(PACKAGE, *([released.folder] if released else []))
    return None if measured is None else (measured[0], measured[1] if released else None)


def _skew(candidate: Predictor, released: Released | None) -> Mapping[str, float] | None:
    """Compare the holdout's features with those of production's training rows, as far as they are known.

    With time the rows are read; without, they are of another snapshot, and production's package has their profile.
    """
    if released is None:
        return None
    names = [*candidate.manifest["model"]["numeric"], *candidate.manifest["model"]["categorical"]]
    if not is_timed(candidate.features):
        return _skew_from_profile(released, names)
    window = candidate.manifest["window"]
    here = {period for periods in window.values() for period in periods}
    before = [period for period in released.predictor.manifest["window"]["train"] if period in here]
    if not before:
        return None
    old, new = (dataset.read(dataset.FOLDER, periods, [], names).features for periods in (before, window["test"]))
    return {name: stability_index(old[name], new[name]) for name in names}


def _skew_from_profile(released: Released, names: Sequence[str]) -> Mapping[str, float] | None:
    counted = read_json(released.folder / "profile.json").get("bins", {})  # a package of data with time has none
    known = [name for name in names if name in counted]
    if not known:
        return None
    new = dataset.read(dataset.FOLDER, SIDES.test, [], known).features
    return {name: stability_from(counted[name], new[name]) for name in known}


def _runs(version: registry.Version | None) -> Mapping[str, Run]:
    """Return the kept record of each stage of a version's lock, or of the workspace's; {} where there is none.

    Raises:
        LockError: when the workspace's lock is damaged or holds a conflict.
    """
    if version is None:
        table, locked = (path.read_text(encoding="utf-8") if path.exists() else "" for path in (runs.TABLE, lock.LOCK))
        return runs.of_lock(table, locked) if locked else {}
    try:
        return runs.of_lock(history.show(version.commit, str(runs.TABLE)), history.show(version.commit, str(lock.LOCK)))
    except LockError:
        return {}
