"""The digest of whatever reaches a stage's bytes beside its data: code, lock, libraries, settings, processor.

What is put in without need costs a computation; what is left out, a wrong model. So all settings are in it but for
those named in `NOISE`, which differ between two shells and which no code of a use case has a reason to look at.
"""

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from mainline.data import local_files
from mainline.stages import versions

NOISE = re.compile(
    r"_|PATH|PWD|OLDPWD|SHLVL|TERM|TERM_(PROGRAM|PROGRAM_VERSION|SESSION_ID)|COLORTERM|COLUMNS|LINES|LS_COLORS"
    r"|LESS|LESSOPEN|LESSCLOSE|LESSHISTFILE|PAGER|EDITOR|VISUAL|PS1|PROMPT|PROMPT_COMMAND|PROMPT_DIRTRIM"
    r"|HIST(FILE|SIZE|FILESIZE|CONTROL|IGNORE|TIMEFORMAT)|DISPLAY|WAYLAND_DISPLAY|WINDOWID|XDG_.*|DBUS_.*|SSH_.*"
    r"|TMUX|TMUX_.*|STY|ZELLIJ|ZELLIJ_.*|VSCODE_.*|KITTY_.*|ITERM_.*|WT_(SESSION|PROFILE_ID)|GNOME_TERMINAL_.*"
    r"|ALACRITTY_.*|WEZTERM_.*|KONSOLE_.*|TILIX_.*|LC_TERMINAL|LC_TERMINAL_VERSION|GPG_TTY|VIRTUAL_ENV.*|VENV|SHELL"
    r"|CONDA_PROMPT_MODIFIER|INVOCATION_ID|JOURNAL_STREAM|SECURITYSESSIONID"
    r"|MAKE|MAKEFLAGS|MAKELEVEL|MAKEFILES|MAKEFILE_LIST|MAKEOVERRIDES|MAKE_TERMOUT|MAKE_TERMERR|MFLAGS"
    r"|MAINLINE_(COMMAND|COMPUTE|DEBUG|DVC_SECONDS|GIT_SECONDS|HELD|KEEPER|NO_REUSE|PARENT|SIGNING_KEY|STARTER)"
    r"|MAINLINE_TRACEBACK"
    r"|GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|EXEC_PATH|EDITOR|PAGER|ASKPASS|SSH.*|TERMINAL_PROMPT|OPTIONAL_LOCKS|CONFIG.*)"
    r"|GIT_(AUTHOR|COMMITTER|TRACE|CEILING|REFLOG|LITERAL)_?.*|DVC_.*|DVCLIVE_.*|PYTEST_.*|COVERAGE_.*"
)
"""Settings that reach no bytes, by their whole names. A process that is started would see `PATH`, but then nothing is
reused (`purity`)."""
MACHINERY, USE_CASE = "mainline", "usecase"
SOURCES = ("src", "engine/src")
"""Where our own modules are, whatever their names."""


class Fingerprint(NamedTuple):
    """The digest, and the files of code that are in it."""

    digest: str
    files: frozenset[Path]


def take(stage: str, data: Path) -> Fingerprint:
    """Take the fingerprint of the stage that runs in this process, whose modules are imported.

    Args:
        stage: its name in `dvc.yaml`.
        data: the folder that it declares and whose files count for each partition by themselves.
    """
    files = {file: hash_file(file) for file in sorted(_expanded([*beside(stage, data), *map(file_of, modules())]))}
    content = {
        "stage": stage,
        "files": {str(file): found for file, found in files.items()},
        "root": str(Path.cwd()),
        "settings": settings(os.environ),
        "clock": [*time.tzname, time.timezone, time.altzone],
        "python": [sys.version, sys.platform, *sys.flags],
        "libraries": libraries(sys.path),
        "processor": processor(),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()
    return Fingerprint(digest, frozenset(file.resolve() for file in files))


def beside(stage: str, data: Path) -> list[Path]:
    """List what `dvc.yaml` declares for a stage beside its data, and the `.dvc` files that name versions of that."""
    declared, named = map(Path, local_files.dependencies(stage=stage)), data.with_suffix(versions.FILE).resolve()
    return [path for path in declared if not path.is_relative_to(data) and path.resolve() != named]


def changed(files: Iterable[Path], since: int) -> bool:
    """Whether files changed, or went, since a moment in nanoseconds by the clock of the disk."""
    try:
        return any(file.stat().st_ctime_ns > since for file in files)
    except FileNotFoundError:
        return True


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that may reach the bytes of a result."""
    return {name: value for name, value in environment.items() if not NOISE.fullmatch(name)}


def modules() -> list[ModuleType]:
    """List our own modules that are imported, by name or place; dvc.yaml does not declare `__init__` files."""
    places = tuple(f"{Path(place).resolve()}{os.sep}" for place in SOURCES)
    loaded = [(name.split(".")[0], module) for name, module in [*sys.modules.items()]]
    return [
        module
        for package, module in loaded
        if package in (MACHINERY, USE_CASE) or str(getattr(module, "__file__", None)).startswith(places)
    ]


def file_of(module: ModuleType) -> Path:
    """Return the file of a module; without one, a name that no file has."""
    return Path(getattr(module, "__file__", None) or f"{module.__name__}, which has no file").resolve()


def libraries(search_path: Iterable[str]) -> list[str]:
    """List the installed distributions with their versions, as their folders are named."""
    folders = [Path(entry) for entry in search_path if entry and Path(entry).is_dir()]
    return sorted(
        name for folder in folders for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info", ".pth"))
    )


def processor() -> list[Any]:
    """Describe what numpy and pyarrow choose their instructions by: others may give other last bits."""
    found = np.show_config(mode="dicts") or {}
    arrow = pa.runtime_info()
    return [os.uname().machine, found.get("SIMD Extensions"), arrow.simd_level, arrow.detected_simd_level]


def hash_file(path: Path) -> str:
    """Hash the content of a file; '' if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _expanded(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
