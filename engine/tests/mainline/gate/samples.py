"""Evidence as the gate gathers it, made up: a candidate as good as production, and what may be wrong with one."""

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import yaml

from mainline.contract import Field
from mainline.declared import gate
from mainline.declared.gate import Policy
from mainline.gate import verdict
from mainline.gate.evidence import Evidence
from mainline.gate.findings import Check, Worth
from mainline.gate.footprint import Cost
from mainline.gate.holdout import Holdout
from mainline.gate.production import Released
from mainline.model.metrics import scorer
from mainline.registry.runs import Run
from mainline.registry.tags import Version
from tests.project import FLIGHTS

DAYS, PER_DAY = 30, 100
ROWS = DAYS * PER_DAY
RELEASED = Version("v1.0.0", "c" * 40)


def shipped() -> Policy:
    """The policy as it ships, with one fairness rule."""
    declared = yaml.safe_load((FLIGHTS / "params.yaml").read_text())["gate"]
    return gate.load(declared | {"fairness": [{"slice": "carrier", "max_ratio": 1.5}]})


def equal() -> Evidence:
    """A candidate as good as production: the same errors on 3,000 rows of 30 days, in two segments."""
    random = np.random.default_rng(0)
    label = random.normal(size=ROWS) * 30
    error = random.normal(size=ROWS) * 10
    holdout = Holdout(
        request={"x": label},
        label=label,
        cluster=np.repeat(np.arange(DAYS), PER_DAY),
        slices={"carrier": np.where(np.arange(ROWS) % 2 == 0, "AA", "UA")},
    )
    package = predictor()
    return Evidence(
        task="regression",
        scorer=scorer("regression"),
        holdout=holdout,
        candidate=package,
        predicted=label + error,
        kept=label + error,
        baseline=label + 2 * error,
        production=Released(RELEASED, package, Path("package")),
        unfetched=None,
        other=label + error,
        obstacle="",
        lock="",
        older={"v0.9.0": label + error},
        costs=(Cost(5.0, 1000, 100.0), Cost(5.0, 1000, 100.0)),
        skew={"temp": 0.9, "seats": 0.1},
        quarantined=(1, 10_000),
        refusals={"staging": "", "production": ""},
        runs={"train": run(8.0)},
        production_runs={"train": run(8.0)},
        worth=(worth("temp", 0.1, 3.0), worth("seats", -0.1, 0.4)),
        slice_min_rows=500,
    )


def check(evidence: Evidence, policy: Policy, name: str) -> Check:
    """Run every check, and return one of them."""
    (found,) = (check for check in verdict.run(evidence, policy) if check.name == name)
    return found


def predictor(*fields: Field, **response: str) -> Any:
    """Stand for a loaded package with these request fields, as far as the checks look at one."""
    request = fields or (Field("x", "number", "a number", 1.0, minimum=0, maximum=10),)
    manifest = {
        "response": {"name": "delay", "unit": "minutes", "description": "a delay", **response},
        "name": "delays",
        "task": "regression",
        "digest": "d" * 64,
        "model": {"type": "Ridge", "numeric": ["temp", "seats"], "categorical": []},
        "window": {"train": ["2013-01", "2013-02"], "validation": ["2013-03"], "test": ["2013-04"]},
        "made_from": {},
        "request": [asdict(field) for field in request],
    }
    return SimpleNamespace(request=request, manifest=manifest, tolerance=0.0)


def run(cpu_seconds: float, machine: str = "Linux x86_64, 2 cores") -> Run:
    """The record of a fit."""
    return Run("train", "d302f1d63aaa", "2013-10-01T00:00:00Z", cpu_seconds + 1, cpu_seconds, 552, "somebody", machine)


def worth(feature: str, low: float, microseconds: float) -> Worth:
    """What `./mainline explain` measured of a feature."""
    return Worth(feature=feature, loss=low + 0.1, low=low, high=low + 0.2, microseconds=microseconds)


def another(evidence: Evidence) -> Evidence:
    """Another model that is as good: its predictions differ by chance."""
    noise = np.random.default_rng(1).normal(size=ROWS) * 0.5
    return replace(evidence, predicted=evidence.predicted + noise, kept=evidence.kept + noise)


def worse(evidence: Evidence, factor: float) -> Evidence:
    """Make every error larger by a factor."""
    error = evidence.predicted - evidence.holdout.label
    return replace(evidence, predicted=evidence.holdout.label + factor * error)


def worse_in_one_segment(evidence: Evidence) -> Evidence:
    """Make the errors of one segment three times as large, and the others smaller."""
    factor = np.where(evidence.holdout.slices["carrier"] == "AA", 3.0, 0.2)
    error = evidence.predicted - evidence.holdout.label
    return replace(evidence, predicted=evidence.holdout.label + factor * error)


def nan(evidence: Evidence) -> Evidence:
    """Have the candidate predict one value that is not a number."""
    predicted = evidence.predicted.copy()
    predicted[7] = np.nan
    return replace(evidence, predicted=predicted)


def short(evidence: Evidence) -> Evidence:
    """Keep five days."""
    rows = slice(0, 5 * PER_DAY)
    h = evidence.holdout
    assert evidence.other is not None
    holdout = Holdout(
        {"x": h.request["x"][rows]}, h.label[rows], h.cluster[rows], {"carrier": h.slices["carrier"][rows]}
    )
    return replace(
        evidence, holdout=holdout, predicted=evidence.predicted[rows], baseline=evidence.baseline[rows],
        kept=evidence.kept[rows], other=evidence.other[rows], older={},
    )  # fmt: skip


def released(evidence: Evidence, *fields: Field, **response: str) -> Evidence:
    """Put another package into production."""
    return replace(evidence, production=Released(RELEASED, predictor(*fields, **response), Path("package")))
