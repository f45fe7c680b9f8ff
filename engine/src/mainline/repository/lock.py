"""`dvc.lock`: what each stage read and made, by content."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from mainline import plain_yaml
from mainline.errors import MainlineError
from mainline.repository.git import ask

LOCK = Path("dvc.lock")
PACKAGE = "models/package"
"""The output that is released and served."""
BY_CONTENT = "Code that was only formatted counts as changed, too."
"""What puzzles a person whose lock is said to be out of date."""

Entries = Mapping[str, Mapping[str, Any]]


class LockError(MainlineError):
    """`dvc.lock` is not what DVC writes."""


class ConflictError(LockError):
    """`dvc.lock` holds both sides of a merge."""

    def __init__(self) -> None:
        super().__init__("dvc.lock holds a merge conflict. Take one side and rebuild: `./mainline resolve`.")


@lru_cache(maxsize=8)  # what follows each other in a history is asked for from both sides
def entries(text: str) -> Entries:
    """Return each stage's entry; it is shared, so nobody may change it.

    Raises:
        LockError: when the text is cut off or something else; ConflictError when it holds both sides of a merge.
    """
    if any(line.startswith("<<<<<<< ") for line in text.splitlines()):
        raise ConflictError
    try:
        content = plain_yaml.load(text)
    except yaml.YAMLError as error:
        raise LockError("dvc.lock cannot be read: it is cut off or damaged. `make repro` mends it.") from error
    stages = content.get("stages") if isinstance(content, dict) else None
    if not isinstance(stages, dict) or not all(_is_whole(entry) for entry in stages.values()):
        raise LockError("dvc.lock cannot be read: it is cut off or damaged. `make repro` mends it.")
    return stages


@lru_cache(maxsize=2048)  # a version's lock is asked for by each environment that had it
def package(text: str) -> str:
    """Return the hash of the model package that a lock names; '' where it names none.

    Raises:
        LockError: as `entries`.
    """
    outs = (out for entry in entries(text).values() for out in entry.get("outs") or [])
    return next((str(out["md5"]) for out in outs if out["path"] == PACKAGE), "")


def edited() -> dict[str, list[str]]:
    """Name for each stage the parameters that are declared otherwise than when it ran, such as `params.yaml: seed`.

    Raises:
        OSError: when there is no lock, or no file that it names parameters of.
    """
    from dvc.utils.serialize import load_yaml  # numbers such as 1e-05 are read as DVC wrote them

    found: dict[str, list[str]] = {}
    for stage, entry in load_yaml(str(LOCK))["stages"].items():
        for file, values in (entry.get("params") or {}).items():
            declared = load_yaml(file)
            found.setdefault(stage, []).extend(
                f"{file}: {name}" for name, value in values.items() if at(declared, name) != value
            )
    return found


def at(declared: Any, name: str) -> Any:
    """Return what stands at a dotted name; None where there is nothing."""
    for part in name.split("."):
        declared = declared.get(part) if isinstance(declared, dict) else None
    return declared


def name(entry: Mapping[str, Any]) -> str:
    """Name an entry by its content: 12 hexadecimal digits."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _is_whole(entry: Any) -> bool:
    """Whether an entry names a command and a hash for each thing that it lists."""
    if not isinstance(entry, dict) or "cmd" not in entry:
        return False
    items = [*(entry.get("deps") or []), *(entry.get("outs") or [])]
    return all(isinstance(item, dict) and "path" in item and "md5" in item for item in items)


def package_at(commit: str) -> str:
    """Name the package that a commit's lock names, by content; '' if it has none."""
    locked = ask("show", f"{commit}:{LOCK}")
    return package(locked) if locked else ""
