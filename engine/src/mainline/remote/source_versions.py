"""Data that stays at its source, by the versions that `.dvc` files name: is each still there?"""

from pathlib import Path

import yaml

from mainline import progress
from mainline.remote.objects import TRACKED
from mainline.remote.store import StorageError
from mainline.repository.git import blob, git
from mainline.stages import versions
from mainline.stages.versions import Version, VersionError


def of_commit(commit: str) -> list[Version]:
    """List the versions of objects that a commit names.

    Raises:
        VersionError: when a file of DVC cannot be read.
    """
    names = git("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split("\0")
    files = [name for name in names if name.endswith(TRACKED) and name != TRACKED]
    texts = ((file, (blob(f"{commit}:{file}") or b"").decode(errors="replace")) for file in files)
    return [version for file, text in texts for version in versions.named(text, file)]


def not_downloaded() -> list[str]:
    """List the `.dvc` files of the workspace whose import was never downloaded, so that they name no object of ours."""
    shown = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    files = [file for file in sorted({*shown.split("\0")}) if file.endswith(TRACKED) and Path(file).is_file()]
    return [file for file in files if _lacks_objects(Path(file).read_text(encoding="utf-8", errors="replace"))]


def is_versioned(file: Path) -> bool:
    """Whether a `.dvc` file names versions of objects."""
    return bool(versions.named(file.read_text(encoding="utf-8", errors="replace"), file.as_posix()))


def _lacks_objects(content: str) -> bool:
    said = yaml.safe_load(content)
    return bool(said.get("deps")) and not any("md5" in out or "files" in out for out in said["outs"])


def check(commit: str, is_new: bool) -> None:
    """Ask the source for each version that a commit names.

    What a model was made from must be there when it is released. One that was released before may come back without:
    it needs its package alone.

    Args:
        commit: of the version.
        is_new: whether it is released now.

    Raises:
        StorageError: when the source lacks one, or nothing says where it is, if the version is new.
    """
    try:
        named = of_commit(commit)
        for version in named:
            version.check()
    except VersionError as error:
        if is_new:
            raise StorageError(str(error)) from error
        progress.say(f"the data of this version cannot be had again: {error}")
        return
    if named:
        progress.say(f"{len(named)} objects that stay at their source are there, in the versions that git names.")
