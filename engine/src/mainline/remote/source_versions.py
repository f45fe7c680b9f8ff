"""Data that stays at its source, by the versions that `.dvc` files name: is each still there?"""

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

import yaml

from mainline import progress
from mainline.remote import objects
from mainline.remote.store import StorageError
from mainline.repository.git import blob, git
from mainline.stages import versions
from mainline.stages.versions import USUAL, Patience, Version, VersionError

JOBS = 8
"""Objects that are asked for at a time."""
SHORT, SOON = Patience(1, 3, 5), 10.0
"""How long a version that comes back waits for an answer, and the seconds for all of them: a rollback is urgent."""


def of_commit(commit: str) -> list[Version]:
    """List the versions of objects that a commit names.

    Raises:
        VersionError: when a file of DVC cannot be read.
    """
    names = git("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split("\0")
    files = [name for name in objects.own(names) if objects.is_tracked(name)]
    texts = ((file, (blob(f"{commit}:{file}") or b"").decode(errors="replace")) for file in files)
    return [version for file, text in texts for version in versions.named(text, file)]


def not_downloaded() -> list[str]:
    """List the `.dvc` files of the workspace whose import was never downloaded, so that they name no object of ours.

    Raises:
        VersionError: when one of them cannot be read.
    """
    shown = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    files = [file for file in objects.own({*shown.split("\0")}) if objects.is_tracked(file) and Path(file).is_file()]
    return [file for file in files if _lacks_objects(file)]


def is_versioned(file: Path) -> bool:
    """Whether a `.dvc` file names versions of objects."""
    return bool(versions.named(file.read_text(encoding="utf-8", errors="replace"), file.as_posix()))


def lost(file: Path) -> str:
    """Say which version that a `.dvc` file names its source does not give; '' if it gives all, or names none."""
    try:
        _ask(versions.named(file.read_text(encoding="utf-8", errors="replace"), file.as_posix()), SHORT, SOON)
    except VersionError as error:
        return str(error)
    return ""


def _lacks_objects(file: str) -> bool:
    try:
        said = yaml.safe_load(Path(file).read_text(encoding="utf-8", errors="replace"))
        return bool(said.get("deps")) and not any("md5" in out or "files" in out for out in said["outs"])
    except objects.UNREADABLE as error:
        raise VersionError(f"{file} cannot be read: it is not what DVC writes. Take it from git again.") from error


def check(commit: str, is_new: bool) -> None:
    """Ask the source for each version that a commit names.

    What a model was made from must be there when it is released. One that was released before may come back without:
    it needs its package alone, and waits `SOON` at most.

    Args:
        commit: of the version.
        is_new: whether it is released now.

    Raises:
        StorageError: when the source lacks one, or nothing says where it is, if the version is new.
    """
    try:
        named = of_commit(commit)
        asked = _ask(named, *((USUAL, None) if is_new else (SHORT, SOON)))
    except VersionError as error:
        if is_new:
            raise StorageError(str(error)) from error
        progress.say(f"the data of this version cannot be had again: {error}")
        return
    if asked < len(named):
        progress.say(
            f"{asked:,} of {len(named):,} objects that stay at their source are there; the others were not waited for."
        )
    elif named:
        progress.say(f"{len(named)} objects that stay at their source are there, in the versions that git names.")


def _ask(named: Sequence[Version], patience: Patience, limit: float | None) -> int:
    """Ask for versions side by side until one is not there, or the seconds are over; return how many are there.

    Raises:
        VersionError: of the first that is not.
    """
    pool = ThreadPoolExecutor(JOBS)
    try:
        asked = [pool.submit(version.check, patience) for version in named]
        done = wait(asked, limit, FIRST_EXCEPTION).done
    finally:
        pool.shutdown(cancel_futures=True)
    for one in asked:  # in order, so that the same is named each time
        if one in done:
            one.result()
    return len(done)
