"""What must be the same wherever partitions are computed: Python, the clock, the libraries of the stages' lock.

It loads where none of these libraries is, so that their lack is told and does not end the process.
"""

import sys
import time
from collections.abc import Iterable, Mapping
from importlib import metadata

WORKER = "MAINLINE_WORKER"
"""The variable that names the worker beside which a process runs."""
REMEDY = "Install the same lock there, as `./mainline worker` does in a clone of this commit."


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """Return the version of each by name, '' for what is not installed.

    Args:
        libraries: the names that count beside Python and the time zone.
    """
    own = {"Python": sys.version.split()[0], "the time zone": "/".join(time.tzname)}
    return own | {name: _version(name) for name in libraries if name not in own}


def difference(wanted: Mapping[str, str], found: Mapping[str, str], there: str) -> str:
    """Say the first thing that is another one there than here, and what to do; '' if nothing is.

    Args:
        wanted: of this machine.
        found: of the other one.
        there: what the other one is called.
    """
    for name, version in wanted.items():
        other = found.get(name, "")
        if other != version:
            both = f"{name} is {other or 'missing'} at {there} and {version or 'missing'} here"
            return f"{both}, so results could differ. {REMEDY}"
    return ""


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
