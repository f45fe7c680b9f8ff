"""What DVC's files name: outputs of stages in `dvc.lock`, data beside them in `*.dvc`, in whatever folder they are.

Each is an object named by the MD5 of its content. A folder is an object too, whose name ends in `.dir`: JSON that
lists the objects of its files.
"""

import hashlib
import json
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from mainline.errors import MainlineError
from mainline.repository import lock
from mainline.repository.git import blob as content
from mainline.repository.git import git

PIPELINE = "dvc.yaml"
CONFIG = ".dvc/config"
"""What makes a folder a repository of DVC's."""
TRACKED = ".dvc"
"""How the names of files end that keep data without a stage: what `dvc add` and `dvc import` write."""

UNREADABLE = (yaml.YAMLError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What a file that DVC did not write raises when it is read as one of DVC's."""

_CHUNK = 1 << 20  # bytes
_OID = re.compile(r"[0-9a-f]{32}(?:\.dir)?")


class ListingError(MainlineError):
    """What lies under a listing's name is not the listing of a folder."""


@dataclass(frozen=True)
class Output:
    """Something that DVC keeps: what makes it (a stage, or its `.dvc` file), its path in the workspace, its object.

    `source` says that its `.dvc` file imports it, so that `dvc fetch` can bring it again; `stored` is False if it is
    declared with `push: false`.
    """

    stage: str
    path: str
    oid: str
    source: bool = False
    stored: bool = True

    @property
    def remedy(self) -> str:
        """How it is made again at the commit that names it."""
        if self.source:
            return f"`dvc update {self.stage}` imports it again"
        if self.stage.endswith(TRACKED):
            return f"`dvc add {self.path}` on a machine that has the file keeps it again"
        return "`make repro` makes it again"


def of_workspace(folder: Path | None = None) -> list[Output]:
    """List what DVC's files in a working tree name, those included that git does not have yet."""
    at = folder or Path()
    shown = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", at=folder)
    names = {name for name in shown.split("\0") if name and (at / name).is_file()}
    return _outputs(names, lambda name: (at / name).read_text(encoding="utf-8", errors="replace"))


def of_commit(commit: str) -> list[Output]:
    """List what DVC's files of a commit name.

    Raises:
        MainlineError: when the commit is not here, or one of them cannot be read.
    """
    shown = git("ls-tree", "-r", "-z", "--full-tree", commit)
    parted = (entry.partition("\t") for entry in shown.split("\0") if entry)
    blobs = {path: about.split()[2] for about, _, path in parted}
    return _outputs(blobs.keys(), lambda name: _read(blobs[name]))


def outputs(locked: str, pipeline: str, folder: str = "", with_git: Collection[str] = ()) -> list[Output]:
    """List the outputs of a lock that its pipeline does not leave to git.

    Args:
        locked: the content of `dvc.lock`.
        pipeline: the content of the `dvc.yaml` beside it.
        folder: where both are, from the top of the repository.
        with_git: paths that git is known to have.

    Raises:
        LockError: when the lock cannot be read.
    """
    left = set(kept_by_git(yaml.safe_load(pipeline) or {}))
    named = [
        (stage, out["path"], posixpath.normpath(posixpath.join(folder, out["path"])), out["md5"])
        for stage, entry in lock.entries(locked).items()
        for out in entry.get("outs") or []
    ]
    return [Output(stage, path, oid) for stage, own, path, oid in named if own not in left and path not in with_git]


def tracked(content: str, file: str) -> list[Output]:
    """List what a `.dvc` file keeps; one that was never downloaded has no object.

    Raises:
        MainlineError: when it cannot be read.
    """
    folder = posixpath.dirname(file)
    try:
        said = yaml.safe_load(content)
        return [
            Output(
                file, posixpath.normpath(posixpath.join(folder, said.get("wdir") or "", out["path"])),
                _oid(item["md5"]), source=bool(said.get("deps")), stored=out.get("push", True),
            )
            for out in said["outs"]
            for item in (out, *(out.get("files") or []))
            if "md5" in item
        ]  # fmt: skip
    except UNREADABLE as error:
        raise MainlineError(f"{file} cannot be read: it is not what DVC writes. Take it from git again.") from error


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


def listed(content: bytes) -> dict[str, str]:
    """Return the objects of a folder's files by their paths below it.

    Raises:
        ListingError: when it is not a listing, or a path leads out of the folder.
    """
    try:
        items = [(item["relpath"], item["md5"]) for item in _as_list(json.loads(content))]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ListingError("the listing of a folder is not what DVC writes. Nothing of it was taken.") from error
    for path, oid in items:
        if not _lies_below(path):
            raise ListingError(
                f"the listing of a folder names {str(path)[:80]!r}, which does not lie in its folder. Nothing of it "
                "was taken."
            )
        if not isinstance(oid, str) or not _OID.fullmatch(oid) or is_listing(oid):
            raise ListingError(f"the listing of a folder names {str(oid)[:40]!r}, which is not an object of a file.")
    return dict(items)


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


def own(names: Iterable[str]) -> list[str]:
    """List files of a tree in order, without those of another repository of DVC's inside of it."""
    found = sorted(names)
    inner = tuple(f"{posixpath.dirname(posixpath.dirname(name))}/" for name in found if name.endswith(f"/{CONFIG}"))
    return [name for name in found if not name.startswith(inner)]


def is_tracked(name: str) -> bool:
    """Whether a file has the name of one that keeps data without a stage."""
    return name.endswith(TRACKED) and posixpath.basename(name) != TRACKED


def _outputs(names: Collection[str], read: Any) -> list[Output]:
    """Read all of DVC's files among those of a tree."""
    found = []
    for name in own(names):
        folder, file = posixpath.split(name)
        beside = posixpath.join(folder, PIPELINE)
        if file == str(lock.LOCK) and beside in names:
            found += outputs(read(name), read(beside), folder, names)
        elif is_tracked(name):
            found += tracked(read(name), name)
    return found


@lru_cache(maxsize=4096)
def _read(blob: str) -> str:
    return (content(blob) or b"").decode(errors="replace")


def _oid(value: str) -> str:
    if not _OID.fullmatch(value):
        raise ValueError
    return value


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _lies_below(path: Any) -> bool:
    if not isinstance(path, str) or not path or "\\" in path or "\0" in path:
        return False
    return path != "." and not path.startswith("/") and ".." not in path.split("/") and str(PurePosixPath(path)) == path
