"""The code that each stage depends on: what it imports, declared in dvc.yaml and linked in engine/stages."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mainline.conformance.code import TRAVELLING
from mainline.declared import card, reading
from mainline.errors import MainlineError
from mainline.repository.imports import ROOTS, first_party

LOCK = "requirements/pipeline.txt"
LINKS = Path("engine/stages")
"""A folder for each stage; the script `engine/stage`, which starts them all, is linked too."""
MACHINERY = ROOTS["mainline"] / "mainline"


def check(pipeline: Path = Path("dvc.yaml")) -> str:
    """Compare every stage and say that all is well.

    Raises:
        MainlineError: listing each line to add to or remove from `dvc.yaml`, and stages whose links are not right.
    """
    stages = reading.read(pipeline)["stages"]
    corrections = [line for name, stage in stages.items() for line in _compare(name, stage)]
    if corrections:
        raise MainlineError("dvc.yaml does not name what its stages run:\n  " + "\n  ".join(corrections))
    stale = [name for name in stages if _linked(name) != links(name)]
    if stale:
        raise MainlineError(f"{LINKS} does not have what {', '.join(stale)} runs: `./mainline deps --write`.")
    return f"{len(stages)} stages depend on exactly the code they run."


def write(pipeline: Path = Path("dvc.yaml")) -> str:
    """Make the links of every stage anew, then check."""
    for name in reading.read(pipeline)["stages"]:
        wanted, present = links(name), _linked(name)
        for link in present.keys() - wanted.keys():
            link.unlink()
        for link, target in wanted.items():
            if present.get(link) != target:
                link.parent.mkdir(parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(target)
    return check(pipeline)


def needed(stage: str) -> set[str]:
    """List what a stage's result depends on: its links, files of the use case, and the lock."""
    code = {path.as_posix() for path in _code(stage) if not path.is_relative_to(MACHINERY)}
    copied = {file.as_posix() for file in (*TRAVELLING, card.FILE)} if stage == "package" else set()
    return code | {LOCK, (LINKS / stage).as_posix()} | copied


def links(stage: str) -> Mapping[Path, str]:
    """Return each link that a stage's folder should have, and what it should point to."""
    found = {LINKS / stage / "stage": "../../stage"}
    for file in _code(stage):
        if file.is_relative_to(MACHINERY):
            link = LINKS / stage / file.relative_to(MACHINERY)
            found[link] = os.path.relpath(file, link.parent)
    return found


def _linked(stage: str) -> dict[Path, str]:
    """Return what is in a stage's folder; a file that is not a link points to ''."""
    files = [path for path in (LINKS / stage).rglob("*") if path.is_symlink() or path.is_file()]
    return {path: os.readlink(path) if path.is_symlink() else "" for path in files}


def _code(stage: str) -> Iterable[Path]:
    """List the first-party files that a stage imports, with those that start it."""
    run = [MACHINERY / "stages" / f"{name}.py" for name in (stage, "__main__")]
    return sorted({path for start in run for path in first_party(start)})


def _compare(name: str, stage: dict[str, Any]) -> list[str]:
    declared = {path for path in stage["deps"] if path.startswith(("src/", "engine/", "requirements/"))}
    wanted = needed(name)
    return [f"{name}: add {path}" for path in sorted(wanted - declared)] + [
        f"{name}: remove {path}" for path in sorted(declared - wanted)
    ]
