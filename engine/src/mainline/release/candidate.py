"""The commit that is to be released: on main, whole, and true."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mainline.declared import deploy_files
from mainline.errors import MainlineError
from mainline.package import manifest
from mainline.registry import changes, origin, records, runs
from mainline.repository import lock
from mainline.repository.git import ask, git
from mainline.text import few

DECIDING = ("accepted.yaml", ":(glob)deploy/*.yaml", ":(glob)deploy/keys/*.pub")
"""What a release reads beside the pipeline's files: accepted checks, environments, keys that verify signatures.

A file of `deploy/` that declares previews is not among them, since no version is ever assigned to one.
"""


@dataclass(frozen=True)
class Candidate:
    """A commit of main; `package` names what its lock says the package is, by content."""

    commit: str
    package: str


def find() -> Candidate | None:
    """Return the commit in the workspace; None when main has moved on from it.

    Raises:
        MainlineError: when the workspace is not a commit of main, or that commit has no package or an outdated lock.
    """
    commit, tip = git("rev-parse", "HEAD").strip(), origin.tip()
    if not tip:
        raise MainlineError(f"there is no branch {origin.branch()}, which releases are made from. Push it first.")
    if commit != tip:
        if ask("merge-base", commit, tip) == commit:
            return None
        raise MainlineError(
            f"{commit[:10]} is not on {origin.branch()}, which is at {tip[:10]}. Only merged commits are released: "
            f"open a pull request; {_push(commit, tip)}or `{pull()}`."
        )
    refuse_uncommitted()
    package = lock.package_at(commit)
    if not package:
        raise MainlineError(f"the lock of {commit[:10]} names no {lock.PACKAGE}. Run `make repro` and commit dvc.lock.")
    stale = outdated()
    if stale:
        raise MainlineError(
            f"dvc.lock does not match {commit[:10]}: {few(stale, 1)} changed since the last run. Perhaps a merge did "
            f"that. {lock.BY_CONTENT} Run `make repro`, look at the model, and merge the result into main."
        )
    return Candidate(commit, package)


def refuse_uncommitted() -> None:
    """Refuse edits, and new files that decide about a release although no commit has them.

    Raises:
        MainlineError: naming the first file.
    """
    untracked = _names("ls-files", "-z", "--others", "--exclude-standard", "--", *DECIDING)
    new = [name for name in untracked if not _declares_previews(Path(name))]
    edited = _names("diff", "-z", "--name-only", "HEAD")
    if edited or new:
        stash = "git stash" if edited else "git stash --include-untracked"
        raise MainlineError(f"{(edited + new)[0]} is not committed; a release is a commit. Commit it, or `{stash}`.")


def _declares_previews(path: Path) -> bool:
    return path.parent == deploy_files.FOLDER and path.is_file() and deploy_files.is_preview(path.read_bytes())


def _names(*arguments: str) -> list[str]:
    """Return the files that git lists; their names may have any character but NUL."""
    return [*filter(None, ask(*arguments).split("\0"))]


def pull() -> str:
    """Return the command that brings the workspace to the tip of the default branch, wherever it stands."""
    branch, remote = origin.branch(), origin.remote()
    return f"git switch {branch}" + (f" && git pull {remote} {branch}" if remote else "")


def _push(commit: str, tip: str) -> str:
    """Say how a commit on top of the default branch gets there without a pull request; else empty."""
    remote = origin.remote()
    on_top = ask("merge-base", commit, tip) == tip
    return f"push it (`git push {remote} HEAD:{origin.branch()}`); " if remote and on_top else ""


def outdated() -> list[str]:
    """Name the code and parameters in the workspace that differ from what the lock's stages ran on; needs no data."""
    found = {name for names in lock.edited().values() for name in names}
    for entry in lock.entries(lock.LOCK.read_text(encoding="utf-8")).values():
        for dep in entry.get("deps") or []:
            if dep["path"].startswith(changes.CODE) and _hash(Path(dep["path"])) != dep["md5"]:
                found.add(str(dep["path"]))
    return sorted(found)


def _hash(place: Path) -> str:
    """Return DVC's hash of a file, or of a folder with what its links point to; '' where there is neither."""
    if not place.is_dir():
        return _md5(place.read_bytes()) if place.is_file() else ""
    files = sorted((file.relative_to(place).as_posix(), file) for file in place.rglob("*") if file.is_file())
    listed = [{"md5": _md5(file.read_bytes()), "relpath": name} for name, file in files]
    return f"{_md5(json.dumps(listed).encode())}.dir"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def read_manifest() -> dict[str, Any]:
    """Return the workspace's package manifest, every file of it verified.

    Raises:
        PackageError: when the package is absent or damaged.
    """
    return manifest.verify(Path(lock.PACKAGE))


def measured() -> dict[str, dict[str, float | int | None]]:
    """Return the committed metrics by set of rows."""
    files = {name: Path(f"metrics/{name}.json") for name in records.METRICS}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}


def ran() -> list[dict[str, str | float | int]]:
    """Return the run of each stage, as far as it is known."""
    if not runs.TABLE.exists():
        return []
    table, locked = (path.read_text(encoding="utf-8") for path in (runs.TABLE, lock.LOCK))
    return [asdict(run) for run in runs.of_lock(table, locked).values()]
