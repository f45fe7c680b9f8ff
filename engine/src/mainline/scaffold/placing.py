"""From texts to the files of the repository: written aside, held to the contract, then moved in; all or nothing."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from mainline import children, processes
from mainline.repository.git import git
from mainline.scaffold.dialect import TableError
from mainline.scaffold.outline import OWN

ASIDE = Path(".mainline/new")
RECORD = Path(".mainline/new.json")
REPLACED = ("src/usecase", "tests", "params.yaml", "dvc.yaml", "README.md")
"""What is written; folders are replaced whole."""
KEPT = ("tests/test_contract.py",)
FLIGHTS = Path("engine/tests/flights")
_LIMIT = 900.0


def write(files: Mapping[str, str], data: Sequence[Path]) -> None:
    """Put files and data into place, if the use case that they make keeps the contract.

    Raises:
        TableError: when it does not; then nothing was changed.
    """
    recover()
    ASIDE.parent.mkdir(exist_ok=True)
    shutil.rmtree(ASIDE, ignore_errors=True)
    try:
        scratch = ASIDE / "tree"
        for name, text in files.items():
            _put(scratch / name, text)
        for name in KEPT:
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, scratch / name)
        for file in data:
            (scratch / OWN).mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, scratch / OWN / file.name)
        _prove(scratch)
        _swap(scratch, [Path(OWN) / file.name for file in data])
    finally:
        shutil.rmtree(ASIDE, ignore_errors=True)
    RECORD.write_text(json.dumps(_digests()), encoding="utf-8")


def check_place(force: bool) -> str:
    """Return a commit that holds what is here if it is edited and forced; '' if git has it anyway.

    Raises:
        TableError: when the use case here is somebody's own.
    """
    recover()
    is_ours = RECORD.is_file() and json.loads(RECORD.read_text(encoding="utf-8")) == _digests()
    if is_ours or _is_as_shipped():
        return ""
    if not force:
        raise TableError(
            "src/usecase/ is neither the shipped example nor what this command wrote here before. Commit it, then "
            "--force writes over it: `git checkout HEAD -- src tests params.yaml dvc.yaml README.md` brings it back."
        )
    changed = git("status", "--porcelain", "--", *REPLACED).strip()
    return git("stash", "create").strip() if changed else ""


def recover() -> None:
    """Put back what a run that was killed had taken out."""
    if (ASIDE / "before").is_dir():
        _restore(ASIDE / "before")
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


def _swap(scratch: Path, data: Sequence[Path]) -> None:
    """Move what is here aside and the new in; if that fails half-way, put everything back."""
    before = ASIDE / "before"
    moved = [*map(Path, REPLACED), *data]
    before.mkdir(parents=True)
    (before / "moved.json").write_text(json.dumps([str(path) for path in moved]), encoding="utf-8")
    try:
        for path in moved:
            if path.exists():
                (before / path).parent.mkdir(parents=True, exist_ok=True)
                path.rename(before / path)
            path.parent.mkdir(parents=True, exist_ok=True)
            (scratch / path).rename(path)
    except BaseException:
        _restore(before)
        raise


def _restore(before: Path) -> None:
    """Put back what was moved aside; what stood nowhere before goes."""
    for name in json.loads((before / "moved.json").read_text(encoding="utf-8")):
        path, kept = Path(name), before / name
        arrived = not (ASIDE / "tree" / name).exists()
        if arrived and path.exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if kept.exists():
            kept.rename(path)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _is_as_shipped() -> bool:
    """Say whether the use case here is the example of the template."""
    shipped = FLIGHTS / "src/usecase"
    return _content(Path("src/usecase")) == _content(shipped)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}


def _digests() -> dict[str, str]:
    """Return the digest of each file of the use case and its tests, and of params.yaml."""
    files = [*Path("src/usecase").rglob("*.py"), *Path("tests").rglob("*.py"), Path("params.yaml")]
    return {path.as_posix(): sha256(path.read_bytes()).hexdigest() for path in sorted(files) if path.is_file()}
