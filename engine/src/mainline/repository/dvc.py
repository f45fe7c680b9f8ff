"""DVC, run by its own program."""

import subprocess
from typing import Any

from mainline import children, processes
from mainline.errors import MainlineError

LIMITS = {"add": 21600.0, "checkout": 21600.0, "fetch": 21600.0, "pull": 21600.0, "update": 21600.0}
"""Seconds for what moves data; others 600. A source that takes a connection and never answers ends there."""
_LIMIT = 600.0
LONGER = "MAINLINE_DVC_SECONDS"
"""Names another limit for all of them."""


class DvcError(MainlineError):
    """DVC did not come to an end."""


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run DVC to its end and return its status and what it prints.

    Args:
        arguments: the command, such as `data`, `status`.
        options: of `subprocess.Popen`; what is not told otherwise is returned, and not shown.

    Raises:
        DvcError: when it was ended at its limit.
        SecondsError: when LONGER holds something else than seconds.
    """
    limit = processes.seconds(LONGER, LIMITS.get(arguments[0], _LIMIT))
    try:
        return processes.run(children.command("dvc", *arguments), limit, text=True, errors="replace", **options)
    except subprocess.TimeoutExpired as error:
        raise DvcError(
            f"`dvc {arguments[0]}` did not end within {limit:g} s and was ended. Try again; {LONGER} allows more."
        ) from error


def said(finished: subprocess.CompletedProcess[str]) -> str:
    """Return what DVC says of its failure, in one line; never nothing. With `--quiet` it says nothing."""
    _, mark, error = finished.stderr.rpartition("ERROR: ")  # warnings come first
    words = " ".join((error if mark else finished.stderr).split())[:300]
    return words or f"it gives no reason, and ends with status {finished.returncode}"
