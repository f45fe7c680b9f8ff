"""The last run of the pipeline as run events of OpenLineage 2.0.2 (openlineage.io/spec): a start and an end per stage.

Everything is in `dvc.lock` and `metrics/runs.csv`, so the same lock gives the same events. Names of facets, and the
versions of their schemas, are those of the specification.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from mainline import plain_yaml
from mainline.errors import DataError, MainlineError
from mainline.registry import addresses, runs
from mainline.registry.changes import CODE, flat
from mainline.registry.runs import Run
from mainline.repository import lock
from mainline.repository.git import ask

PRODUCER = "urn:mainline:export:v1"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = {
    "DatasetVersionDatasetFacet": "1-0-1",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "JobTypeJobFacet": "2-0-4",
    "DocumentationJobFacet": "1-1-0",
    "SourceCodeLocationJobFacet": "1-1-0",
    "ExecutionParametersRunFacet": "1-0-0",
    "TagsRunFacet": "1-0-0",
}
"""The facets that are used, with the version of the schema of each."""
_PIPELINE = Path("dvc.yaml")


@dataclass(frozen=True)
class Code:
    """Which code it was: the commit that wrote this lock, '' if none did, and the address of its pages on the web."""

    commit: str
    address: str


def events(namespace: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Tell the run of each stage that the lock's results come from.

    Args:
        namespace: what jobs and data belong to.

    Returns:
        The events in the order of the stages, and the stages of which no run is on record: their results came from
        DVC's cache.

    Raises:
        MainlineError: when there is no lock, it cannot be read, no run is on record, or a record has no time.
    """
    text = _text(lock.LOCK)
    locked = lock.entries(text)
    known = runs.of_lock(_text(runs.TABLE) if runs.TABLE.exists() else "", text)
    told = [stage for stage in locked if stage in known]
    if not told:
        raise MainlineError(
            f"{runs.TABLE} has no run of the stages as {lock.LOCK} has them. `make repro` keeps those that it runs."
        )
    described, code = _descriptions(), _code()
    found = [
        event
        for stage in told
        for event in _of_stage(namespace, stage, locked[stage], known[stage], described.get(stage, ""), code)
    ]
    return found, [stage for stage in locked if stage not in known]


def render(found: list[dict[str, Any]]) -> str:
    """Write events as lines of JSON."""
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in found)


def _of_stage(
    namespace: str, stage: str, entry: Mapping[str, Any], run: Run, described: str, code: Code
) -> Iterator[dict[str, Any]]:
    """Yield the start and the end of a stage's run."""
    started = _started(run)
    told = {
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {
            "runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}:{namespace}:{stage}:{run.lock}:{run.started}")),
            "facets": _of_run(entry, run, code),
        },
        "job": {"namespace": namespace, "name": stage, "facets": _of_job(described, code)},
        "inputs": [_dataset(namespace, dep) for dep in _read(entry)],
    }
    yield {"eventType": "START", "eventTime": _moment(started), **told, "outputs": []}
    outputs = [
        _dataset(namespace, out) | {"outputFacets": {"outputStatistics": _statistics(out)}}
        for out in entry.get("outs") or []
    ]
    ended = started + timedelta(seconds=run.seconds)
    yield {"eventType": "COMPLETE", "eventTime": _moment(ended), **told, "outputs": outputs}


def _started(run: Run) -> datetime:
    try:
        return datetime.strptime(run.started, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        found = f"says that {run.stage} started at '{run.started[:40]}', which is not a time"
        raise DataError(runs.TABLE, found, "`git checkout` puts it back") from error


def _read(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the data that a stage read; its code is told by the run's tags."""
    return [dep for dep in entry.get("deps") or [] if not dep["path"].startswith(CODE)]


def _dataset(namespace: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Name a file or folder with its hash, which is DVC's MD5."""
    version = _facet("DatasetVersionDatasetFacet", datasetVersion=item["md5"])
    return {"namespace": namespace, "name": item["path"], "facets": {"version": version}}


def _statistics(out: Mapping[str, Any]) -> dict[str, Any]:
    known = {"size": out.get("size"), "fileCount": out.get("nfiles", 1)}
    given = {name: value for name, value in known.items() if value is not None}
    return _facet("OutputStatisticsOutputDatasetFacet", **given)


def _of_run(entry: Mapping[str, Any], run: Run, code: Code) -> dict[str, Any]:
    """Tell the parameters of a run, the hash of each file of its code, who ran it, where, and what it took."""
    given = [item for values in (entry.get("params") or {}).values() for item in flat(values)]
    said = {
        "by": run.by, "machine": run.machine, "cpu_seconds": f"{run.cpu_seconds:g}",
        "peak_memory_mib": str(run.peak_memory_mib), "lock": run.lock,
        **({"commit": code.commit} if code.commit else {}),
    }  # fmt: skip
    said |= {dep["path"]: dep["md5"] for dep in entry.get("deps") or [] if dep["path"].startswith(CODE)}
    return {
        "executionParameters": _facet(
            "ExecutionParametersRunFacet", parameters=[{"key": name, "value": _said(value)} for name, value in given]
        ),
        "tags": _facet(
            "TagsRunFacet", tags=[{"key": key, "value": value, "source": "MAINLINE"} for key, value in said.items()]
        ),
    }


def _of_job(described: str, code: Code) -> dict[str, Any]:
    """Tell what a stage is for, and where that is declared on the web."""
    found = {"jobType": _facet("JobTypeJobFacet", processingType="BATCH", integration="DVC", jobType="STAGE")}
    if described:
        found["documentation"] = _facet("DocumentationJobFacet", description=described)
    if code.commit and code.address:
        found["sourceCodeLocation"] = _facet(
            "SourceCodeLocationJobFacet", type="git", url=f"{code.address}/blob/{code.commit}/{_PIPELINE}",
            repoUrl=code.address, path=str(_PIPELINE), version=code.commit,
        )  # fmt: skip
    return found


def _facet(kind: str, **content: Any) -> dict[str, Any]:
    schema = f"https://openlineage.io/spec/facets/{FACETS[kind]}/{kind}.json#/$defs/{kind}"
    return {"_producer": PRODUCER, "_schemaURL": schema, **content}


def _code() -> Code:
    """Name the commit that wrote the lock, unless the lock here is another one."""
    is_committed = not ask("status", "--porcelain", "--", str(lock.LOCK))
    return Code(ask("log", "-1", "--format=%H", "--", str(lock.LOCK)).strip() if is_committed else "", addresses.web())


def _descriptions() -> dict[str, str]:
    """Return what `dvc.yaml` says of each stage."""
    try:
        stages = plain_yaml.load(_text(_PIPELINE))["stages"]
        return {name: str(stage.get("desc") or "") for name, stage in stages.items()}
    except (yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise DataError(_PIPELINE, "declares no stages", "`git checkout dvc.yaml` puts it back") from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(file, "cannot be read", "`make repro` makes it") from error


def _moment(when: datetime) -> str:
    """Write a moment in UTC with milliseconds."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
