"""The candidate's changes against production, and the origin of both."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mainline import periods
from mainline.gate import history
from mainline.gate.evidence import Evidence
from mainline.gate.findings import Change
from mainline.registry import changes
from mainline.registry.tags import Version

LOCK, PARAMS = "dvc.lock", "params.yaml"
NAME, TEXT, MOST, MOST_STAGES, MOST_FILES = 120, 600, 200, 50, 500
"""Characters of a name and of a text, and parameters, timings and files, that the findings hold at most."""


def read_params(version: Version | None) -> dict[str, Any]:
    """Read `params.yaml` of a version, or of the workspace; {} where the version has none."""
    text = history.show(version.commit, PARAMS) if version else Path(PARAMS).read_text(encoding="utf-8")
    return dict(yaml.safe_load(text) or {})


def compare_params(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """List the parameters that shape the model and differ, as a person reads them."""
    found = changes.parameters(before, after)
    return [Change(key=key[:NAME], before=_shown(old), after=_shown(new)) for key, old, new in found[:MOST]]


def compare_code(version: Version) -> list[str]:
    """List the files that differ between the stages of a version's lock and those of the workspace's."""
    found = changes.code(history.show(version.commit, LOCK), _lock())
    return [path[:NAME] for path in found[:MOST_FILES]]


def compare_windows(evidence: Evidence) -> list[Change]:
    """List what the windows of the two models differ in; before a first release, the candidate's."""
    new = evidence.candidate.manifest["window"]
    old = evidence.production.predictor.manifest["window"] if evidence.production else {}
    before, after = (
        {f"{name} {_unit(window)}"[:NAME]: _span(parts)[:TEXT] for name, parts in window.items()}
        for window in (old, new)
    )
    return _compare(before, after)


def compare_lineage(evidence: Evidence) -> list[Change]:
    """Name what both models were made from; before is production."""
    head = history.head() or ""
    after = _lineage(
        head if history.is_clean() else f"{head[:12]} + changes",
        _lock().encode(),
        evidence.candidate.manifest,
    )
    before: dict[str, str] = {}
    if evidence.production:
        commit = evidence.production.version.commit
        before = _lineage(commit, history.show(commit, LOCK).encode(), evidence.production.predictor.manifest)
    return [Change(key=key, before=before.get(key, ""), after=value) for key, value in after.items()]


def compare_timings(evidence: Evidence) -> list[Change]:
    """List how long each stage ran, and on what kind of machine; before is production."""
    before, after = (
        {stage: f"{run.seconds:,.1f} s"[:TEXT] for stage, run in runs.items()}
        | {"machine": ", ".join(sorted({run.machine for run in runs.values()}))[:TEXT]}
        for runs in (evidence.production_runs, evidence.runs)
    )
    stages = [stage for stage in {**after, **before} if stage != "machine"]
    kept = [*stages[: MOST_STAGES - 1], "machine"] if stages else []
    return [Change(key=key[:NAME], before=before.get(key, ""), after=after.get(key, "")) for key in kept]


def _span(parts: Sequence[str]) -> str:
    """Name the periods of a part, or its share of a snapshot."""
    if len(parts) < 3:
        return ", ".join(parts)
    return f"{parts[0]} to {parts[-1]}, {len(parts)} {periods.unit(parts[0])}s"


def _unit(window: Mapping[str, Sequence[str]]) -> str:
    """Say what the parts of a window are: periods, or rows of a snapshot."""
    try:
        return f"{periods.unit(window['test'][0])}s"
    except ValueError:
        return "rows"


def _lineage(commit: str, lock: bytes, manifest: Mapping[str, Any]) -> dict[str, str]:
    made_from = {name[:NAME]: str(value)[:TEXT] for name, value in manifest["made_from"].items()}
    locked = {"commit": commit, "dvc.lock (sha256)": hashlib.sha256(lock).hexdigest()}
    return {**locked, "package": manifest["digest"], **made_from}


def _lock() -> str:
    return Path(LOCK).read_text(encoding="utf-8") if Path(LOCK).exists() else ""


def _shown(value: Any) -> str:
    return "" if value is None else str(value)[:TEXT]


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return [Change(key=key[:NAME], before=before.get(key, ""), after=after.get(key, "")) for key in keys[:MOST]]
