"""What has passed the checks, by content: as long as it is the same, it need not be loaded to be checked again.

It is in `.dvc/tmp`, which git ignores. Whatever was loaded for the checks is in it: our own code, the use case's, the
parameters, and the lock of the libraries.
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mainline import files

KEPT = Path(".dvc/tmp/passed.json")
SOURCES = Path("src")
READ = (Path("params.yaml"), Path("requirements/main.txt"), SOURCES / "usecase/card.yaml")
PACKAGES = ("mainline", "usecase")


def model() -> str:
    """Return the name of the model whose code and parameters have passed and are the same still; '' if they are not."""
    kept = _kept()
    is_same = kept and kept["python"] == sys.version and not _differing(kept)
    return str(kept["model"]) if is_same else ""


def content() -> dict[str, str]:
    """Return the hash of each file that the checks read, taken before they begin: what is edited meanwhile differs."""
    return {str(file): _hash(str(file)) for file in (*READ, *SOURCES.rglob("*.py"))}


def keep(name: str, read: Mapping[str, str]) -> None:
    """Keep the content of what this process has loaded and read, which has just passed, and the name of the model.

    Without a name it is checked again by the next call all the same.
    """
    modules = [module for path, module in [*sys.modules.items()] if path.partition(".")[0] in PACKAGES]
    loaded = [file for module in modules if (file := getattr(module, "__file__", None))]
    with contextlib.suppress(OSError):  # without it the next call checks again
        found = {file: _hash(file) for file in loaded} | dict(read)
        made = {"model": name, "python": sys.version, "here": str(Path.cwd()), "files": found}
        files.replace(KEPT, json.dumps(made))


def renew() -> None:
    """Give files that differ from what passed the time of now, so that DVC reads them.

    It takes a file of the same inode, time and size for the same, also if a program put the time back.
    """
    kept = _kept()
    for name in set(_differing(kept)) & set(kept.get("files", ())):
        with contextlib.suppress(OSError):
            os.utime(name)


def _kept() -> dict[str, Any]:
    """Return what was kept in this folder; nothing if it cannot be read, has another form, or came with a copy."""
    try:
        kept = json.loads(KEPT.read_bytes())
    except (OSError, ValueError):
        return {}
    is_whole = isinstance(kept, dict) and {"model", "python", "here", "files"} <= kept.keys()
    return kept if is_whole and isinstance(kept["files"], dict) and kept["here"] == str(Path.cwd()) else {}


def _differing(kept: Mapping[str, Any]) -> list[str]:
    """Name the files that are not as they were kept, and those of the use case that are new."""
    before = kept.get("files", {})
    return [name for name in {*before, *map(str, SOURCES.rglob("*.py"))} if before.get(name) != _hash(name)]


def _hash(name: str) -> str:
    """Hash the content of a file; '' if it cannot be read."""
    try:
        return hashlib.md5(Path(name).read_bytes(), usedforsecurity=False).hexdigest()
    except OSError:
        return ""
