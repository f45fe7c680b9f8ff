"""From evidence and checks to the findings: what changed, by how much, and from what it was made."""

import csv
import hashlib
import io
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mainline.contract import Array
from mainline.gate import checks
from mainline.gate.evidence import Evidence
from mainline.gate.findings import (
    Change,
    Check,
    Comparison,
    Findings,
    Metric,
    Model,
    Plot,
    Point,
    Series,
    Skew,
    Slice,
    Verdict,
    Worth,
)
from mainline.gate.policy import Policy
from mainline.gate.statistics import Difference, conclude
from mainline.model import metrics
from mainline.package.predictor import Predictor
from mainline.registry import tags as registry

LOCK, PARAMS, LEARNING = "dvc.lock", "params.yaml", "metrics/plots/learning.csv"
WORTH, STALENESS = Path("metrics/worth.csv"), Path("metrics/staleness.csv")
SHAPING = ("data", "split", "seed", "preprocessing", "model")
MAX_TEXT = 600


def describe(evidence: Evidence, policy: Policy, found: list[Check]) -> Findings:
    """Assemble the document."""
    verdict = checks.overall(found)
    comparison = _comparison(evidence, policy)
    version = evidence.production.version if evidence.production else evidence.unfetched
    before, after = _params(version), yaml.safe_load(Path(PARAMS).read_text(encoding="utf-8"))
    return Findings(
        format=1,
        verdict=verdict,
        headline=headline(verdict, comparison, found),
        task=evidence.task,
        candidate=_model(evidence.candidate, "candidate", _git("rev-parse", "HEAD").strip() or None, evidence, 0),
        production=_production(evidence),
        comparison=comparison,
        metrics=list(_metrics(evidence)),
        checks=found,
        slices=list(_slices(evidence, policy)) if evidence.other is not None and evidence.finite else [],
        parameters=_changes(_flat(before, SHAPING), _flat(after, SHAPING)) if version else [],
        features_added=sorted(set(after["features"]) - set(before.get("features", []))) if version else [],
        features_removed=sorted(set(before.get("features", [])) - set(after["features"])) if version else [],
        code=_code(version),
        data=_data(evidence),
        skew=[Skew(column=name, index=index) for name, index in sorted((evidence.skew or {}).items())],
        plots=list(_plots(evidence, version)),
        worth=list(_worth()),
        lineage=_lineage(evidence),
        timings=[],
    )


def headline(verdict: Verdict, comparison: Comparison, found: list[Check]) -> str:
    """Say in one sentence what a manager needs to know."""
    named = {v: [check.name for check in found if check.verdict == v] for v in ("fail", "cannot tell", "warn")}
    if comparison.identical:
        size = f"The model predicts exactly what {comparison.other} does"
    elif comparison.difference is None:
        size = f"The model could not be compared with {comparison.other}"
    else:
        word = "better" if comparison.difference < 0 else "worse"
        size = f"The model is {abs(comparison.difference):.1%} {word} than {comparison.other} in {comparison.metric}"
        size += {"cannot tell": ", which may be chance", "no worse": ", within what is allowed"}.get(
            comparison.conclusion, ""
        )
    end = {
        "pass": "it may be released.",
        "warn": f"a person should look at: {', '.join(named['warn'])}.",
        "fail": f"it must not be released: {', '.join(named['fail'])}.",
        "cannot tell": f"it cannot be released: {', '.join(named['cannot tell'])} could not be told.",
    }[verdict]
    return f"{size}; {end}"[:MAX_TEXT]


def _comparison(evidence: Evidence, policy: Policy) -> Comparison:
    nothing = Difference(float("nan"), float("nan"), float("nan"), 0)
    found = nothing if evidence.other is None else evidence.difference(evidence.other, policy.confidence)
    return Comparison(
        metric=evidence.primary,
        unit=evidence.candidate.manifest["response"]["unit"],
        other=evidence.name_of_other,
        conclusion=conclude(found, policy.margin),
        difference=_number(found.estimate),
        low=_number(found.low),
        high=_number(found.high),
        margin=policy.margin,
        confidence=policy.confidence,
        rows=len(evidence.holdout.label),
        days=evidence.holdout.days,
        identical=evidence.other is not None and bool(np.array_equal(evidence.predicted, evidence.other)),
    )


def _metrics(evidence: Evidence) -> Iterator[Metric]:
    candidate, baseline = evidence.measure(evidence.predicted), evidence.measure(evidence.baseline)
    other = baseline if evidence.other is None else evidence.measure(evidence.other)
    unit = evidence.candidate.manifest["response"]["unit"]
    for name, value in candidate.items():
        if np.isfinite([value, other[name], baseline[name]]).all():
            yield Metric(name=name, unit=unit, candidate=value, other=other[name], baseline=baseline[name])


def _slices(evidence: Evidence, policy: Policy) -> Iterator[Slice]:
    assert evidence.other is not None
    for column, values in evidence.holdout.slices.items():
        for value in np.unique(values):
            rows = values == value
            found = evidence.difference(evidence.other, policy.confidence, rows)
            candidate, other = (
                _segment(evidence, predicted, rows) for predicted in (evidence.predicted, evidence.other)
            )
            yield Slice(
                column=column,
                value=str(value)[:120],
                rows=int(rows.sum()),
                thin=int(rows.sum()) < evidence.slice_min_rows,
                candidate=candidate,
                other=other,
                difference=candidate / max(other, 1e-12) - 1,
                low=_number(found.low),
                high=_number(found.high),
                bias=float((evidence.predicted - evidence.holdout.label)[rows].mean()),
            )


def _segment(evidence: Evidence, predicted: Array, rows: Array) -> float:
    return metrics.measure(evidence.holdout.label[rows], predicted[rows], evidence.task)[evidence.primary]


def _model(predictor: Predictor, version: str, commit: str | None, evidence: Evidence, which: int) -> Model:
    manifest = predictor.manifest
    window = manifest["window"]
    cost = evidence.costs[which] if evidence.costs else None
    return Model(
        version=version,
        digest=manifest["digest"],
        commit=commit,
        type=manifest["model"]["type"],
        train=f"{window['train'][0]} to {window['train'][-1]}",
        test=", ".join(window["test"]),
        size_bytes=cost.size_bytes if cost else 0,
    )


def _production(evidence: Evidence) -> Model | None:
    if evidence.production is None:
        return None
    version = evidence.production.version
    return _model(evidence.production.predictor, version.name, version.commit, evidence, 1)


def _params(version: registry.Version | None) -> dict[str, Any]:
    return dict(yaml.safe_load(_git("show", f"{version.commit}:{PARAMS}")) or {}) if version else {}


def _flat(params: Mapping[str, Any], sections: tuple[str, ...]) -> dict[str, str]:
    def walk(value: Any, key: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, Mapping):
            for name, item in value.items():
                yield from walk(item, f"{key}.{name}")
        else:
            yield key, str(value)[:MAX_TEXT]

    return dict(pair for section in sections if section in params for pair in walk(params[section], section))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    keys = sorted(before.keys() | after.keys())
    return [
        Change(key=key[:120], before=before.get(key, ""), after=after.get(key, ""))
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _code(version: registry.Version | None) -> list[str]:
    """List the changed files that the pipeline runs."""
    if version is None:
        return []
    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    run = {path for stage in stages.values() for path in stage["deps"] if path.startswith(("src/", "requirements/"))}
    changed = _git("diff", "--name-only", version.commit).splitlines()
    return sorted(path[:120] for path in changed if path in run)


def _data(evidence: Evidence) -> list[Change]:
    new = evidence.candidate.manifest["window"]
    old = evidence.production.predictor.manifest["window"] if evidence.production else {}
    return _changes(
        *({f"{name} months": ", ".join(months) for name, months in window.items()} for window in (old, new))
    )


def _plots(evidence: Evidence, version: registry.Version | None) -> Iterator[Plot]:
    curves = {"candidate": Path(LEARNING).read_text(encoding="utf-8") if Path(LEARNING).exists() else ""}
    if version:
        curves["production"] = _git("show", f"{version.commit}:{LEARNING}")
    series = [
        Series(name=f"{name}, {rows}", points=points)
        for name, text in curves.items()
        for rows, points in _curve(text).items()
    ]
    if series:
        yield Plot(name="learning", x="iteration", y=evidence.primary, series=series)
    yield from _staleness()
    if not evidence.finite:
        return
    named = {"candidate": evidence.predicted}
    if evidence.other is not None:
        named["baseline" if evidence.first_release else "production"] = evidence.other
    for kind, x, y in (("residuals", "error", "rows"), ("calibration", "predicted", "actual")):
        lines = []
        for name, predicted in named.items():
            table = (
                metrics.residuals(evidence.holdout.label, predicted)
                if kind == "residuals"
                else metrics.calibration(evidence.holdout.label, predicted)
            )
            lines.append(Series(name=name, points=[Point(x=float(row[x]), y=float(row[y])) for row in table]))
        yield Plot(name=kind, x=x, y=y, series=lines)  # type: ignore[arg-type]


def _worth() -> Iterator[Worth]:
    """Take what `make explain` measured, where it was run."""
    for row in _rows(WORTH):
        yield Worth(
            feature=row["feature"][:120],
            loss=float(row["loss"]),
            low=float(row["low"]),
            high=float(row["high"]),
            microseconds=float(row["microseconds"]),
        )


def _staleness() -> Iterator[Plot]:
    points = [Point(x=float(row["age_months"]), y=float(row["relative"])) for row in _rows(STALENESS)]
    if points:
        line = Series(name="candidate", points=points)
        yield Plot(name="staleness", x="age in months", y="relative loss", series=[line])


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _curve(text: str) -> dict[str, list[Point]]:
    curve: dict[str, list[Point]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        curve.setdefault(row["rows"], []).append(Point(x=float(row["iteration"]), y=float(row["metric"])))
    return {name: points[:: max(1, len(points) // 100)] for name, points in curve.items()}


def _lineage(evidence: Evidence) -> list[Change]:
    """Name what both models were made from; before is production."""
    old = evidence.production.predictor.manifest if evidence.production else None
    version = evidence.production.version if evidence.production else None
    after = {
        "commit": _git("rev-parse", "HEAD").strip(),
        "dvc.lock (sha256)": hashlib.sha256(Path(LOCK).read_bytes()).hexdigest(),
        **_made_from(evidence.candidate.manifest),
    }
    before: dict[str, str] = {}
    if old and version:
        lock = _git("show", f"{version.commit}:{LOCK}").encode()
        before = {"commit": version.commit, "dvc.lock (sha256)": hashlib.sha256(lock).hexdigest(), **_made_from(old)}
    return [Change(key=key, before=before.get(key, ""), after=value) for key, value in after.items()]


def _made_from(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {"package": manifest["digest"], **{name[:120]: str(value) for name, value in manifest["made_from"].items()}}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _git(*arguments: str) -> str:
    """Run git and return what it says; '' where it has no answer."""
    command = ["git", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
