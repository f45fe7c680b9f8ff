"""Where a version comes from, told by git alone: its tag and what its commit holds.

The package's digest, the gate's verdict and the signature are in the tag's record; data, parameters and environment in
the commit's `dvc.lock` and lock of libraries; timings and metrics in the commit's files. What nobody wrote is None.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mainline.errors import MainlineError, nearest
from mainline.registry import clone, records, runs, tags
from mainline.registry.history import Given, read
from mainline.registry.records import Release
from mainline.registry.tags import Version
from mainline.repository import lock, subjects
from mainline.repository.git import blob, git
from mainline.text import count

ENVIRONMENT_LOCK = "requirements/pipeline.txt"


class LineageError(MainlineError):
    """There is no such version; the message names the nearest."""


@dataclass(frozen=True)
class Commit:
    """The commit that a version was registered at; `when` is its author's date in seconds since 1970."""

    commit: str
    author: str
    when: int
    subject: str


@dataclass(frozen=True)
class Output:
    """What a stage made, by content; `hash` is DVC's MD5, `files` None for a single file."""

    stage: str
    path: str
    hash: str
    size_bytes: int | None
    files: int | None


@dataclass(frozen=True)
class Signature:
    """Whether the release was signed; `key` hints at the key and proves nothing by itself. None: nobody recorded it."""

    signed: bool | None
    key: str | None


@dataclass(frozen=True)
class Lineage:
    """All that a version came from. `when` is in seconds since 1970; `runs` are by stage, times in seconds."""

    version: str
    digest: str | None
    archived: bool
    registered: int
    by: str | None
    commit: Commit
    bump: str | None
    reason: str | None
    replaced: str | None
    window: dict[str, list[str]] | None
    outputs: list[Output] | None
    parameters: dict[str, Any] | None
    environment_sha256: str | None
    runs: list[dict[str, Any]]
    metrics: dict[str, dict[str, float | int | None]]
    verdict: str | None
    headline: str | None
    accepted: list[dict[str, str]]
    signature: Signature
    assignments: list[Given]


def trace(name: str, repository: Path = Path()) -> Lineage:
    """Tell where a version comes from; `name` is it, or the first seven or more digits of its package's digest.

    Raises:
        LineageError: when no version, or more than one, is meant.
        MainlineError: when this clone does not have what the registry is in.
    """
    registry = tags.read(repository)
    clone.check(registry, repository)
    version = find(name, registry.versions)
    return describe(version, read(None, repository).assignments, repository)


def describe(version: Version, given: Sequence[Given], repository: Path = Path()) -> Lineage:
    """Tell where a version comes from; `given` are all assignments."""
    release = version.release
    locked = _locked(version.commit, repository)
    return Lineage(
        version.name, release.digest if release else None, version.archived, version.when, version.by or None,
        commit=_commit(version.commit, repository),
        bump=release.bump if release else None,
        reason=release.reason if release else None,
        replaced=release.replaces if release else None,
        window=release.window if release else None,
        outputs=None if locked is None else _outputs(locked),
        parameters=None if locked is None else _parameters(locked),
        environment_sha256=_sha256(blob(f"{version.commit}:{ENVIRONMENT_LOCK}", repository)),
        runs=_runs(version.commit, release, repository),
        metrics=release.metrics if release else _metrics(version.commit, repository),
        verdict=release.verdict if release else None,
        headline=release.headline if release else None,
        accepted=[item.model_dump() for item in release.accepted] if release else [],
        signature=_signature(release),
        assignments=[item for item in given if item.version == version.name],
    )  # fmt: skip


def find(name: str, known: list[Version]) -> Version:
    """Find a version by its name or by seven or more digits of its package's digest.

    Raises:
        LineageError: naming the nearest version, or those that the digits fit.
    """
    if not known:
        raise LineageError("no version was registered yet. `./mainline promote` on main registers the first one.")
    by_name = next((version for version in known if version.name == name), None)
    if by_name:
        return by_name
    if not re.fullmatch(r"[0-9a-f]{7,64}", name):
        raise LineageError(
            f"there is no version '{name[:80]}'; {nearest(name, [version.name for version in known])} "
            "Give a version, or 7 or more digits of a package's digest; `./mainline history` lists both."
        )
    fitting = [version for version in known if version.release and version.release.digest.startswith(name)]
    if len(fitting) != 1:
        raise LineageError(_unclear(name, fitting, known))
    return fitting[0]


def _unclear(digits: str, fitting: list[Version], known: list[Version]) -> str:
    if fitting:
        return f"digest {digits} fits {', '.join(version.name for version in fitting)}. Give more digits, or a version."
    silent = sum(version.release is None for version in known)
    hidden = f" Without a record of theirs: {count(silent, 'version')}." if silent else ""
    return f"no version's package has a digest that begins with {digits}.{hidden} `./mainline history` lists them."


def _commit(commit: str, repository: Path) -> Commit:
    shown = git("log", "-1", "--format=%an%x00%at%x00%s%x00%b", commit, "--", at=repository)
    author, when, subject, body = shown.rstrip("\n").split("\0")
    return Commit(commit, author, int(when), subjects.told(subject, body))


def _locked(commit: str, repository: Path) -> lock.Entries | None:
    """Read the commit's `dvc.lock`; None where it has none that can be read."""
    try:
        return lock.entries(_text(f"{commit}:{lock.LOCK}", repository))
    except lock.LockError:
        return None


def _outputs(locked: lock.Entries) -> list[Output]:
    return [
        Output(stage, item["path"], item["md5"], item.get("size"), item.get("nfiles"))
        for stage, entry in locked.items()
        for item in entry.get("outs") or []
    ]


def _parameters(locked: lock.Entries) -> dict[str, Any]:
    """Return what the stages were given, as the lock has it."""
    return {
        name: value
        for entry in locked.values()
        for values in (entry.get("params") or {}).values()
        for name, value in values.items()
    }


def _runs(commit: str, release: Release | None, repository: Path) -> list[dict[str, Any]]:
    """Return the runs that the lock's results come from; those of the record where the commit has none."""
    try:
        found = runs.of_lock(
            _text(f"{commit}:{runs.TABLE}", repository), _text(f"{commit}:{lock.LOCK}", repository)
        )  # fmt: skip
    except lock.LockError:
        found = {}
    recorded: list[dict[str, Any]] = [dict(run) for run in release.runs] if release else []
    return [asdict(run) for run in found.values()] or recorded


def _metrics(commit: str, repository: Path) -> dict[str, dict[str, float | int | None]]:
    """Read the metrics that a commit without a record holds."""
    found = {}
    for name in records.METRICS:
        try:
            content = json.loads(_text(f"{commit}:metrics/{name}.json", repository))
        except (ValueError, RecursionError):
            continue
        if isinstance(content, Mapping):
            found[name] = {key: value for key, value in content.items() if _is_number(value)}
    return found


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def _signature(release: Release | None) -> Signature:
    """Read the key's hint out of the bundle, wherever it has one."""
    if release is None or release.signature is None:
        return Signature(None if release is None else False, None)
    place: Any = release.signature
    for part in ("verificationMaterial", "publicKey", "hint"):
        place = place.get(part) if isinstance(place, Mapping) else None
    return Signature(True, str(place)[:80] if place else None)


def _sha256(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _text(name: str, repository: Path) -> str:
    return (blob(name, repository) or b"").decode("utf-8", errors="replace")
