"""A folder for each side of a comparison: code, parameters, and links to data in DVC's cache.

None has a period of the test. They lie where DVC keeps what is temporary, which git ignores.
"""

import configparser
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from mainline import exclusion
from mainline.declared.params import Params
from mainline.errors import MainlineError
from mainline.experiments.diff import ONLY_FEATURES, PARAMS, Change
from mainline.experiments.runner import MACHINERY
from mainline.remote import objects
from mainline.repository import lock, tree
from mainline.repository.git import blob

PLACE, PREFIX = Path(".dvc/tmp"), "try-"
COMMITTED, TRIED = "committed", "tried"
ROWS, TABLES, MODEL = "data/features", "data/tables", "models/model"
INPUT = {
    "validate": ("data/raw",),
    "prepare": ("data/validated",),
    ONLY_FEATURES: (ROWS, TABLES),
    "train": (ROWS,),
}
"""What each stage takes of the last commit."""


class MissingError(MainlineError):
    """DVC's cache lacks an object."""


@contextmanager
def folder() -> Iterator[Path]:
    """Yield an empty folder that no other process uses, and remove it at the end.

    Each has a name of its own: a side whose `try` was killed removes its folder a moment later, when another may run.

    Raises:
        MainlineError: when another one runs.
    """
    PLACE.mkdir(parents=True, exist_ok=True)
    with exclusion.alone(PLACE / "try.lock", "./mainline try"):
        for left in PLACE.glob(f"{PREFIX}*"):  # by one that was killed
            shutil.rmtree(left, ignore_errors=True)
        place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PLACE)).resolve()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def lay_out(change: Change, params: Params, place: Path, whole: bool) -> None:
    """Fill both folders.

    Args:
        change: what is tried.
        params: as declared in the working tree; both sides have the same periods.
        place: from `folder`.
        whole: whether the last commit's model is needed, and not only its features.

    Raises:
        MainlineError: when DVC's cache lacks something that the last commit has.
    """
    committed, tried = place / COMMITTED, place / TRIED
    tried.mkdir()
    (tried / "src").symlink_to(Path("src").resolve())
    shutil.copyfile(PARAMS, tried / PARAMS)
    linked = check_out("HEAD", change.locked, f"the last commit ({change.commit})", committed, params.parts.test)
    for output in INPUT[change.first]:
        linked(output, tried)
    linked(ROWS, committed)
    if whole:
        linked(MODEL, committed)
    if change.machinery:
        tree.check_out(f"HEAD:{MACHINERY}", committed / MACHINERY)


def check_out(revision: str, locked: lock.Entries, name: str, side: Path, hidden: tuple[str, ...]) -> "Linker":
    """Make a folder with the use case and the parameters of a commit, and return what links its outputs.

    Args:
        revision: the commit.
        locked: its lock.
        name: the commit for people.
        side: the folder to make.
        hidden: the parts that are left out, those of the test.
    """
    side.mkdir()
    tree.check_out(f"{revision}:src", side / "src")
    (side / PARAMS).write_bytes(blob(f"{revision}:{PARAMS}") or b"")
    return Linker(locked, name, hidden)


class Linker:
    """Links outputs of a commit from DVC's cache."""

    def __init__(self, locked: lock.Entries, name: str, hidden: tuple[str, ...]) -> None:
        """Take the outputs from the lock; files of the parts in `hidden`, those of the test, are left out."""
        outputs = (out for entry in locked.values() for out in entry.get("outs") or ())
        self._named = {out["path"]: out["md5"] for out in outputs}
        self._hidden, self._name, self._cache = hidden, name, cache()

    def __call__(self, output: str, side: Path) -> None:
        """Link the files of an output into one side's folder.

        Raises:
            MainlineError: when the cache lacks one.
        """
        listing = self._object(self._named.get(output, ""), output)
        for path, oid in objects.listed(listing.read_bytes()).items():
            if PurePosixPath(path).stem not in self._hidden:
                target = side / output / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(self._object(oid, output))

    def _object(self, oid: str, output: str) -> Path:
        found = self._cache / oid[:2] / oid[2:]
        if not oid or not found.is_file():
            raise MissingError(
                f"{output} of {self._name} is not in DVC's cache. `git stash`, then `./mainline pull` or `make repro`, "
                "then `git stash pop`."
            )
        return found


def cache() -> Path:
    """Return the folder with the objects of DVC's cache, as the repository's configuration names it."""
    place = Path(".dvc/cache")
    for name in ("config", "config.local"):
        read = configparser.ConfigParser(interpolation=None, strict=False)
        read.read(Path(".dvc", name), encoding="utf-8")
        named = read.get("cache", "dir", fallback="")
        place = Path(".dvc", os.path.expanduser(named)) if named else place
    return place.resolve() / "files" / "md5"
