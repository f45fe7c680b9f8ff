"""Child processes of this Python: none imports from the current folder, and code of a package sees no secret."""

import os
import re
import sys
from pathlib import Path

import mainline

HARMLESS = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|COLUMNS|NO_COLOR|FORCE_COLOR|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TMP|TEMP|LD_LIBRARY_PATH|"
    r"PYTHON\w*|VIRTUAL_ENV|COVERAGE_\w+|MALLOC_\w+|\w+_NUM_THREADS|VECLIB_MAXIMUM_THREADS|CI|"
    r"DVC_SITE_CACHE_DIR|DVC_NO_ANALYTICS|ORT_DISABLE_TELEMETRY|XDG_\w+_HOME|"
    r"GIT_CONFIG_GLOBAL|GIT_CONFIG_SYSTEM|GIT_CONFIG_NOSYSTEM|GIT_CEILING_DIRECTORIES"
)
"""Variables that code of a package may see; keys, tokens and roles have other names, whatever service they are for."""


SOURCES = ("engine/src", "src")
"""Where the machinery and the use case are; before the machinery had a folder of its own, both were in the second."""


def search_path(root: Path) -> str:
    """Return the PYTHONPATH of a checkout's own code."""
    return os.pathsep.join(str(root / folder) for folder in SOURCES)


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module in this Python; the current folder is not searched for it."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """Return the variables of a child: as here, with this code found wherever the child runs."""
    here = dict(os.environ)
    folders = [os.path.abspath(folder) for folder in here.get("PYTHONPATH", "").split(os.pathsep) if folder]
    own = str(Path(mainline.__file__).resolve().parents[1])
    if Path(own).name != "site-packages" and own not in folders:
        folders.insert(0, own)
    return here | ({"PYTHONPATH": os.pathsep.join(folders)} if folders else {})


def without_secrets() -> dict[str, str]:
    """Return the variables of a child that runs the code of a package: what is known to be harmless, and no more."""
    return {name: value for name, value in environment().items() if HARMLESS.fullmatch(name)}
