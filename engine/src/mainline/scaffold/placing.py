"""From texts to the files of the repository: written aside, held to the contract, then moved in; all or nothing."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mainline import children, processes
from mainline.files import replace
from mainline.repository.git import ask, git
from mainline.scaffold.dialect import TableError
from mainline.scaffold.outline import OWN
from mainline.scaffold.own_data import digest

ASIDE = Path(".mainline/new")
_TREE, _BEFORE = ASIDE / "tree", ASIDE / "before"
_MOVING = ASIDE / "moving.json"
"""What is being exchanged, and whether something stood there; as long as it is there, the next run undoes that."""
RECORD = Path(".mainline/new.json")
"""The digest of each file that the last run wrote, by path."""
LOCK = Path(".mainline/new.lock")
RETRAIN = ".github/workflows/retrain.yml"
REPLACED = ("src/usecase", "tests", "params.yaml", "dvc.yaml", "README.md", RETRAIN)
"""What is written; folders are replaced whole. Not every repository has the last one."""
KEPT = ("tests/test_contract.py", "tests/test_pipeline.py", "tests/test_training.py")
"""Tests of any use case."""
FLIGHTS = Path("engine/tests/flights")
_LIMIT = 900.0


@contextmanager
def alone() -> Iterator[None]:
    """Keep other runs out until this one ends, however it ends.

    Raises:
        TableError: when another one is at work.
    """
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TableError("another `./mainline new` is at work here. Wait until it has ended.") from error
        yield


def written() -> dict[str, str]:
    """Return the digest of each file that the last run wrote, by path; none if there was no run."""
    return dict(json.loads(RECORD.read_text(encoding="utf-8"))) if RECORD.is_file() else {}


def write(files: Mapping[str, str], data: Sequence[Path]) -> None:
    """Put files and data into place, if the use case that they make keeps the contract.

    Raises:
        TableError: when it does not; then nothing was changed.
    """
    recover()
    ASIDE.parent.mkdir(exist_ok=True)
    shutil.rmtree(ASIDE, ignore_errors=True)
    try:
        for name, text in files.items():
            _put(_TREE / name, text)
        for name in KEPT:
            (_TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, _TREE / name)
        for file in data:
            (_TREE / OWN).mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, _TREE / OWN / file.name)
        _prove(_TREE)
        _swap([Path(OWN) / file.name for file in data])
    finally:
        if not _MOVING.exists():
            shutil.rmtree(ASIDE, ignore_errors=True)


def check_place(force: bool) -> None:
    """Refuse to write over a person's own files, unless that is forced and git has them.

    Raises:
        TableError: when a file that would go is somebody's own, or is forced and git does not have it, ignored or not.
    """
    recover()
    found = _digests()
    own = {name: known for name, known in written().items() if not name.startswith(f"{OWN}/")}
    edited = min((_differing(found, known) for known in (own, _digests(FLIGHTS))), key=len)
    if not edited:
        return
    if not force:
        raise TableError(
            f"{edited[0]} is neither as the template ships it nor as this command wrote it. Commit it, then --force "
            "writes over it, and names the command that brings it back."
        )
    unknown = git("ls-files", "--others", "-z", "--", *REPLACED).split("\0")
    lost = next((name for name in unknown if name in found and found[name] != own.get(name)), None)
    if lost is not None and ask("check-ignore", "--", lost):
        raise TableError(f"{lost} would be lost, since git ignores it. Move it elsewhere, then say it again.")
    if lost is not None:
        raise TableError(f"{lost} would be lost, since git does not have it. `git add {lost}`, then say it again.")


def recover() -> None:
    """Put back what a run that was killed had taken out."""
    if _MOVING.is_file():
        _restore()
        shutil.rmtree(ASIDE)


def _prove(scratch: Path) -> None:
    """Run the claims of the contract on the scratch tree.

    Raises:
        TableError: naming the first that it does not keep.
    """
    places = [Path("engine/src"), scratch / "src"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(place.resolve()) for place in places)}
    ran = processes.run(children.command("mainline.scaffold.proof"), _LIMIT, cwd=scratch, env=environment, text=True)
    if ran.returncode:
        said = (ran.stderr.strip() or "no reason was given").splitlines()[-1]
        raise TableError(f"what was written of this table does not keep the contract, and nothing was changed. {said}")


def _swap(data: Sequence[Path]) -> None:
    """Move what is here aside and the new in; if that fails half-way, put everything back."""
    moved = [*(Path(name) for name in REPLACED if (_TREE / name).exists()), *data]
    _BEFORE.mkdir()
    replace(_MOVING, json.dumps({str(path): path.exists() for path in moved}))
    try:
        for path in moved:
            if path.exists():
                (_BEFORE / path).parent.mkdir(parents=True, exist_ok=True)
                path.rename(_BEFORE / path)
            path.parent.mkdir(parents=True, exist_ok=True)
            (_TREE / path).rename(path)
        replace(RECORD, json.dumps(_digests() | {path.as_posix(): digest(path) for path in data}))
    except BaseException:
        _restore()
        raise
    _MOVING.unlink()


def _restore() -> None:
    """Put back what was moved aside; what stood nowhere before goes. It may be killed as well, and begun again."""
    for name, stood in json.loads(_MOVING.read_text(encoding="utf-8")).items():
        path, kept = Path(name), _BEFORE / name
        arrived = not (_TREE / name).exists()
        if path.exists() and (kept.exists() or (arrived and not stood)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if kept.exists():
            kept.rename(path)
    _MOVING.unlink()


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _differing(found: Mapping[str, str], known: Mapping[str, str]) -> list[str]:
    """List the files that are not as they are known, or that are not there any more."""
    return sorted(name for name in {*found, *known} if found.get(name) != known.get(name))


def _digests(root: Path = Path()) -> dict[str, str]:
    """Return the digest of each file of the use case and its tests, and of params.yaml, as they are under a folder."""
    files = [*(root / "src/usecase").rglob("*"), *(root / "tests").rglob("*"), root / "params.yaml"]
    return {
        path.relative_to(root).as_posix(): digest(path)
        for path in sorted(files)
        if path.is_file() and "__pycache__" not in path.parts
    }
