"""How a version was made: SLSA provenance v1 (slsa.dev/spec/v1.0/provenance) as an in-toto statement."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mainline.evidence.facts import Facts
from mainline.package import statement
from mainline.registry.lineage import ENVIRONMENT_LOCK
from mainline.registry.runs import TABLE

PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "urn:mainline:pipeline:v1"
"""The kind of build: the stages of `dvc.yaml` at a commit, run as its `dvc.lock` says; engine/docs/evidence.md."""
BUILDER = "urn:mainline:builder:repro"
"""`make repro`, on whatever machine: the runs say on which one, and whose word that is."""


def compose(facts: Facts) -> dict[str, Any]:
    """Say which commit, parameters, libraries and data the package was made of, by which stages, where and when."""
    return {
        "_type": statement.TYPE,
        "subject": [{"name": facts.name, "digest": {"sha256": facts.digest}}],
        "predicateType": PREDICATE,
        "predicate": {"buildDefinition": _definition(facts), "runDetails": _details(facts)},
    }


def _definition(facts: Facts) -> dict[str, Any]:
    traced = facts.lineage
    release = {"name": "the repository", "digest": {"gitCommit": traced.commit.commit}}
    libraries = [{"name": ENVIRONMENT_LOCK, "digest": {"sha256": traced.environment_sha256}}]
    return {
        "buildType": BUILD,
        "externalParameters": {"commit": traced.commit.commit, "params": traced.parameters or {}},
        "internalParameters": {"stages": {name: stage["cmd"] for name, stage in facts.locked.items()}},
        "resolvedDependencies": [release, *(libraries if traced.environment_sha256 else []), *_inputs(facts)],
    }


def _inputs(facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield what stages read and none of them made."""
    made = {out["path"] for stage in facts.locked.values() for out in stage.get("outs") or []}
    read = {dep["path"]: dep for stage in facts.locked.values() for dep in stage.get("deps") or []}
    yield from (_object(dep) for path, dep in sorted(read.items()) if path not in made and path != ENVIRONMENT_LOCK)


def _details(facts: Facts) -> dict[str, Any]:
    outs = [out for stage in facts.locked.values() for out in stage.get("outs") or []]
    runs = sorted(facts.lineage.runs, key=lambda run: str(run.get("started")))
    started = [(when, run) for run in runs if (when := _time(run.get("started"))) is not None]
    metadata = {"invocationId": facts.lineage.commit.commit}
    if started:
        ends = [when + timedelta(seconds=float(run.get("seconds") or 0)) for when, run in started]
        metadata |= {"startedOn": _utc(started[0][0]), "finishedOn": _utc(max(ends))}
    said = {str(run.get("stage")): f"{run.get('by')} on {run.get('machine')}" for run in runs}
    return {
        "builder": {"id": BUILDER},
        "metadata": metadata,
        "byproducts": [
            *(_object(out) for out in sorted(outs, key=lambda out: str(out["path"]))),
            *([{"name": "the runs", "uri": TABLE.as_posix(), "annotations": said}] if said else []),
        ],
    }


def _object(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what a lock names; of a folder the MD5 is that of DVC's listing of its files."""
    md5 = str(entry["md5"])
    found = {"name": str(entry["path"]), "digest": {"md5": md5.removesuffix(".dir")}}
    return found | ({"annotations": {"dvc": "listing of a folder"}} if md5.endswith(".dir") else {})


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
