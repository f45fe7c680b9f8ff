"""The gate's verdict about a candidate, against the version that was in production then; by the gate's own checks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mainline.contract import Array
from mainline.data import dataset
from mainline.declared.gate import Policy
from mainline.declared.params import Evaluation
from mainline.gate import holdout, verdict
from mainline.gate.evidence import Evidence
from mainline.gate.production import Released
from mainline.model import baselines, metrics
from mainline.package.predictor import Predictor
from mainline.registry.tags import Version

LEFT_OUT = frozenset(
    ("lock", "package", "served", "same production", "predict time", "package size", "memory", "training time",
     "feature cost", "skew", "support", "quarantine", "personal values", "schema")
)  # fmt: skip
"""Checks of a workspace, of costs on this machine and of batches, which a replayed month does not have."""


class Judged(NamedTuple):
    """A verdict, why, and the relative difference of the metric to production's with its interval."""

    verdict: str
    reasons: list[str]
    estimate: float
    low: float
    high: float
    rows: int
    days: int


def judge(candidate: Path, versions: Mapping[str, Path], policy: Policy, evaluation: Evaluation) -> Judged:
    """Judge a candidate on its own test rows.

    Args:
        candidate: its package.
        versions: the packages of the versions so far by name, the one in production last; empty before the first.
        policy: the declared gate.
        evaluation: the declared metrics.
    """
    model = Predictor.load(candidate, measured=True)
    rows = holdout.read(model, dataset.FOLDER)
    released = [Released(Version(name, ""), Predictor.load(path, measured=True), path)
                for name, path in list(versions.items())[-policy.slow_decay.versions:]]  # fmt: skip
    older = {one.version.name: holdout.predict(one.predictor, rows, model) for one in released}
    production = released[-1] if released else None
    scorer = metrics.of_package(model.manifest, evaluation)
    predicted = model.predict_columns(rows.request)
    raw = baselines.repeat(model.manifest["model"]["baseline"], len(rows.label))
    constant = np.asarray(model.scoring.respond(raw, rows.request), np.float64)
    known = (rows.request, model.compute(rows.request))
    baseline = baselines.hardest(model.scoring, scorer, rows.label, constant, known, rows.weight)
    scorers = {one.version.name: metrics.of_package(one.predictor.manifest, evaluation) for one in released}
    other: Array = older[production.version.name] if production else baseline.predicted
    evidence = Evidence(
        task=model.manifest["task"],
        scorer=scorer,
        holdout=rows,
        candidate=model,
        predicted=predicted,
        predicted_served=_served(candidate, model, rows.request),
        kept=predicted,
        baseline=baseline.predicted,
        rule=baseline.name,
        production=production,
        unfetched=None,
        other=other,
        obstacle="",
        lock="",
        older=older,
        other_scorer=scorers[production.version.name] if production else None,
        older_scorers=scorers,
        slice_min_rows=evaluation.slice_min_rows,
    )
    checks = verdict.run(evidence, policy, LEFT_OUT)
    found = evidence.difference(other, policy.confidence)
    said = [f"{check.name}: {check.observed}" for check in checks if check.verdict != "pass"]
    shown = (found.estimate, found.low, found.high)
    return Judged(verdict.overall(checks), said, *shown, len(rows.label), rows.clusters)


def _served(candidate: Path, model: Predictor, request: Mapping[str, Any]) -> Array | None:
    return Predictor.load(candidate).predict_columns(request) if "refit" in model.manifest else None
