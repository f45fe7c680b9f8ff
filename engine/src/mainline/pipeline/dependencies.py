"""The code that each stage depends on: what it imports, declared in dvc.yaml and linked in engine/stages."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mainline import files
from mainline.conformance.code import TRAVELLING
from mainline.declared import card, own_model, reading
from mainline.errors import MainlineError
from mainline.repository.imports import ROOTS, first_party
from mainline.template import declaration
from mainline.template.declaration import Edit

LOCK = "requirements/pipeline.txt"
LINKS = Path("engine/stages")
"""A folder for each stage; the script `engine/stage`, which starts them all, is linked too."""
MACHINERY = ROOTS["mainline"] / "mainline"
FITTING = MACHINERY / "stages/fitting.py"
"""What fits the declared model, for every stage that does."""
PARAMS = Path("params.yaml")


def check(pipeline: Path = Path("dvc.yaml")) -> str:
    """Compare every stage and say that all is well.

    Raises:
        MainlineError: listing each line to add to or remove from `dvc.yaml`, and stages whose links are not right.
    """
    stages = reading.read(pipeline)["stages"]
    lines = [f"{edit.stage}: {'add' if edit.added else 'remove'} {edit.name}" for edit in _edits(stages)]
    if lines:
        raise MainlineError("dvc.yaml does not name what its stages run:\n  " + "\n  ".join(lines))
    stale = [name for name in stages if _linked(name) != links(name)]
    if stale:
        raise MainlineError(f"{LINKS} does not have what {', '.join(stale)} runs: `./mainline deps --write`.")
    return f"{len(stages)} stages depend on exactly the code they run."


def write(pipeline: Path = Path("dvc.yaml")) -> str:
    """Have every stage of `dvc.yaml` name what it runs, make its links anew, then check."""
    stages = reading.read(pipeline)["stages"]
    edits = _edits(stages)
    if edits:
        files.replace(pipeline, declaration.edited(pipeline.read_text(encoding="utf-8"), edits))
    for name in stages:
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
    found = {path for start in run for path in first_party(start)}
    own = _own_model() if FITTING in found else None
    return sorted(found | {*(first_party(own) if own else ())})


def _own_model() -> Path | None:
    """Return the file of the declared model if its type is the user's own."""
    declared = reading.read(PARAMS).get("model") if PARAMS.is_file() else None
    type_ = declared.get("type") if isinstance(declared, Mapping) else None
    own = own_model.file(type_) if isinstance(type_, str) else None
    return own if own and own.is_file() else None


def _edits(stages: Mapping[str, Any]) -> list[Edit]:
    """List what stages do not name and run, and what they name and do not run."""
    found = []
    for name, stage in stages.items():
        declared = {path for path in stage["deps"] if path.startswith(("src/", "engine/", "requirements/"))}
        wanted = needed(name)
        found += [Edit(name, "deps", path, f"      - {path}\n") for path in sorted(wanted - declared)]
        found += [Edit(name, "deps", path, "") for path in sorted(declared - wanted)]
    return found
