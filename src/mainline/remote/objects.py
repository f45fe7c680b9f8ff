"""What a commit needs of storage: its outputs in `dvc.lock`, each an object named by the MD5 of its content.

A folder is an object too, whose name ends in `.dir`: JSON that lists the objects of its files.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mainline import lock
from mainline.git import git

PIPELINE = "dvc.yaml"
_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Output:
    """An output of a stage that DVC keeps: its path in the workspace and its object."""

    stage: str
    path: str
    oid: str


def of_workspace() -> list[Output]:
    """List the outputs that the lock in the workspace names."""
    return outputs(lock.LOCK.read_text(encoding="utf-8"), Path(PIPELINE).read_text(encoding="utf-8"))


def of_commit(commit: str) -> list[Output]:
    """List the outputs that a commit's lock names.

    Raises:
        MainlineError: when the commit is not here, or its lock cannot be read.
    """
    names = set(git("ls-tree", "--name-only", commit, str(lock.LOCK), PIPELINE).splitlines())
    if names != {str(lock.LOCK), PIPELINE}:
        return []
    return outputs(git("show", f"{commit}:{lock.LOCK}"), git("show", f"{commit}:{PIPELINE}"))


def outputs(locked: str, pipeline: str) -> list[Output]:
    """List the outputs of a lock that its pipeline does not leave to git.

    Raises:
        LockError: when the lock cannot be read.
    """
    with_git = set(kept_by_git(yaml.safe_load(pipeline) or {}))
    return [
        Output(stage, out["path"], out["md5"])
        for stage, entry in lock.entries(locked).items()
        for out in entry.get("outs") or []
        if out["path"] not in with_git
    ]


def kept_by_git(pipeline: Mapping[str, Any]) -> Iterator[str]:
    """Name the outputs declared with `cache: false`."""
    for stage in (pipeline.get("stages") or {}).values():
        for kind in ("outs", "metrics", "plots"):
            for item in stage.get(kind) or []:
                if isinstance(item, dict):
                    yield from (path for path, options in item.items() if (options or {}).get("cache") is False)


def is_listing(oid: str) -> bool:
    """Whether an object is the listing of a folder."""
    return oid.endswith(".dir")


def listed(content: bytes) -> list[str]:
    """Return the objects of a folder's files."""
    return [str(item["md5"]) for item in json.loads(content)]


def fits(oid: str, chunks: Iterator[bytes]) -> bool:
    """Whether content is what its object's name says."""
    found = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        found.update(chunk)
    return found.hexdigest() == oid.removesuffix(".dir")


def chunks(file: Any) -> Iterator[bytes]:
    """Read an open file piece by piece."""
    while piece := file.read(_CHUNK):
        yield piece
