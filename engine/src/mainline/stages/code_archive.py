"""The code that travels to a cluster: what the work imports, and the files that its stage declares; nothing else.

A folder of code also holds what no worker may have: a `.env`, notes, settings of one machine. So files are chosen by
what the work imports, directly or not, and none of them is one that git ignores.
"""

import io
import os
import pickle
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mainline.data import local_files
from mainline.declared import reading
from mainline.errors import WorkerError
from mainline.repository.git import ask, git
from mainline.repository.imports import first_party
from mainline.stages import dask_worker, task_server
from mainline.stages.fingerprint import MACHINERY, SOURCES
from mainline.stages.harness import BY_DVC
from mainline.stages.versions import FILE

PIPELINE = Path("dvc.yaml")
ENGINE = Path("engine")


class _Pickler(pickle.Pickler):
    """Notes which modules the functions and types of an object are of."""

    def __init__(self, target: io.BytesIO) -> None:
        super().__init__(target)
        self.modules: set[str] = set()

    def reducer_override(self, value: Any) -> Any:
        self.modules |= {str(getattr(value, "__module__", "")), type(value).__module__}
        return NotImplemented


def dump(work: object) -> tuple[bytes, set[str]]:
    """Pickle work; return the bytes, and the names of the modules that they need where they are loaded."""
    target = io.BytesIO()
    pickler = _Pickler(target)
    pickler.dump(work)
    return target.getvalue(), pickler.modules


def pack(modules: Iterable[str]) -> bytes:
    """Zip the code that modules of ours need; the same content gives the same bytes.

    Args:
        modules: by name; those of libraries count for nothing.

    Raises:
        WorkerError: when git ignores a module that is imported.
    """
    roots = _roots()
    begun = {dask_worker.__name__, task_server.__name__, *modules}
    imported = {file for name in begun if (start := _file(name, roots)) for file in first_party(start, roots)}
    loaded = {file for name in [*sys.modules] if not _is_machinery(name) and (file := _file(name, roots))}
    names = [name for name in _declared() if not (Path(name).is_relative_to(ENGINE) or name.endswith(FILE))]
    declared = {file for name in names for file in _files(Path(name))}
    packages = {
        parent / "__init__.py" for file in imported | loaded for parent in file.parents if parent not in roots.values()
    }
    wanted = imported | loaded | declared | {file for file in packages if file.is_file()}
    allowed = _known_to_git(wanted, names)
    if hidden := sorted(imported - allowed):
        raise WorkerError(
            f"git ignores {hidden[0]}, so it is not sent to a cluster, and the work imports it. Take it out of "
            ".gitignore and commit it, or import it only where data is fetched."
        )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(wanted & allowed):
            archive.writestr(zipfile.ZipInfo(file.as_posix()), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _roots() -> dict[str, Path]:
    """Return the folder of each first-party module or package, by its name."""
    entries = ((entry, Path(folder)) for folder in SOURCES for entry in Path(folder).glob("*"))
    return {entry.stem: folder for entry, folder in entries if entry.suffix == ".py" or entry.is_dir()}


def _file(name: str, roots: Mapping[str, Path]) -> Path | None:
    """Return the file of a first-party module."""
    first = name.partition(".")[0]
    if first not in roots:
        return None
    place = roots[first].joinpath(*name.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def _is_machinery(name: str) -> bool:
    return name.partition(".")[0] == MACHINERY


def _declared() -> list[str]:
    """List what dvc.yaml declares for the stage that runs, or for all if none does."""
    if not PIPELINE.is_file():
        return []
    stages = [os.environ[BY_DVC]] if BY_DVC in os.environ else [*reading.read(PIPELINE)["stages"]]
    return [name for stage in stages for name in local_files.dependencies(PIPELINE, stage)]


def _files(place: Path) -> Iterable[Path]:
    """List the files of a declared file or folder."""
    return filter(Path.is_file, place.rglob("*") if place.is_dir() else [place])


def _known_to_git(files: Iterable[Path], declared: Iterable[str]) -> set[Path]:
    """Return those of some files that git tracks, or would if they were added; all of them if there is no git here."""
    if not ask("rev-parse", "--git-dir"):
        return {*files}
    places = [f":(literal){name}" for name in (*SOURCES, *declared)]
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *places)
    return {*files} & {Path(name) for name in listed.split("\0")}
