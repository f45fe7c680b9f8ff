"""The plots of the findings: how the fit went, how errors lie, and how quality ages."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from mainline.contract import Array
from mainline.gate import history
from mainline.gate.evidence import Evidence
from mainline.gate.experiments import read_staleness
from mainline.gate.findings import Plot, Point, Series
from mainline.model import diagnostics
from mainline.registry.tags import Version

LEARNING = "metrics/plots/learning.csv"
POINTS, LINES = 100, 6
"""Points of a learning curve, and lines of a plot, at most."""


def draw(evidence: Evidence, version: Version | None) -> list[Plot]:
    """Return every plot that there is something for."""
    aged = read_staleness(evidence.candidate.manifest["name"], evidence.scorer.primary.name)
    found = [*_learning(evidence, version), *aged]
    if not evidence.finite:
        return found
    predictions = {"candidate": evidence.predicted}
    if evidence.other is not None:
        predictions["baseline" if evidence.first_release else "production"] = evidence.other
    if evidence.predicted.ndim > 1:
        return [*found, _calibration_by_class(evidence)]
    residuals = [_residuals(name, evidence.holdout.label, predicted) for name, predicted in predictions.items()]
    calibration = [_calibration(name, evidence, evidence.holdout.label, each) for name, each in predictions.items()]
    return [
        *found,
        Plot(name="residuals", x="error", y="rows", series=residuals),
        Plot(name="calibration", x="predicted", y="actual", series=calibration),
    ]


def _learning(evidence: Evidence, version: Version | None) -> Iterator[Plot]:
    curves = {"candidate": Path(LEARNING).read_text(encoding="utf-8") if Path(LEARNING).exists() else ""}
    if version:
        curves["production"] = history.show(version.commit, LEARNING)
    series = [
        Series(name=f"{name}, {rows}", points=points)
        for name, text in curves.items()
        for rows, points in _curve(text).items()
    ]
    if series:
        yield Plot(name="learning", x="iteration", y=evidence.scorer.primary.name, series=series[:LINES])


def _curve(text: str) -> dict[str, list[Point]]:
    curve: dict[str, list[Point]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        curve.setdefault(row["rows"], []).append(Point(x=float(row["iteration"]), y=float(row["metric"])))
    return {name: points[:: math.ceil(len(points) / POINTS)] for name, points in curve.items()}


def _residuals(name: str, label: Array, predicted: Array) -> Series:
    rows = diagnostics.residuals(label, predicted)
    return Series(name=name, points=[Point(x=float(row["error"]), y=float(row["rows"])) for row in rows])


def _calibration_by_class(evidence: Evidence) -> Plot:
    """Draw the candidate's calibration for each class, of more than fit a plot for those with the most rows."""
    names, label = evidence.candidate.manifest["classes"], evidence.holdout.label
    common = sorted(range(len(names)), key=lambda code: (-int((label == code).sum()), code))[:LINES]
    series = [
        _calibration(str(names[code])[:120], evidence, (label == code).astype(float), evidence.predicted[:, code])
        for code in sorted(common)
    ]
    return Plot(name="calibration", x="probability of the class", y="share of its rows", series=series)


def _calibration(name: str, evidence: Evidence, label: Array, predicted: Array) -> Series:
    rows = diagnostics.calibration(label, predicted, weight=evidence.holdout.weight)
    return Series(name=name, points=[Point(x=float(row["predicted"]), y=float(row["actual"])) for row in rows])
