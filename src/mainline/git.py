"""git, asked by its own program."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mainline import processes
from mainline.errors import MainlineError

LIMITS = {"clone": 1800.0, "ls-remote": 60.0}
"""Seconds that a command may take; others 300. A server that takes a connection and never answers ends there."""
_LIMIT = 300.0
LONGER = "MAINLINE_GIT_SECONDS"
"""Names another limit for all of them, for a slow line."""
_STALLED = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "60"}
"""Over HTTP git itself gives up after a minute without a byte."""


class GitError(MainlineError):
    """git refused; its own words are the message."""


def git(
    *arguments: str, at: Path | None = None, given: str | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Run git and return what it prints.

    Args:
        arguments: the command, such as `rev-parse`, `HEAD`.
        at: the repository; the current folder where it is None.
        given: what git reads from its standard input.
        environment: variables for this run alone.

    Raises:
        GitError: when git exits with anything but 0.
    """
    finished = _run(arguments, at, given, environment or {})
    if finished.returncode != 0:
        said = " ".join((finished.stderr or finished.stdout).split())
        raise GitError(f"`git {arguments[0]}` says: {said[:400]}")
    return finished.stdout


def ask(*arguments: str, at: Path | None = None) -> str:
    """Run git and return what it prints, stripped; '' where it has no answer."""
    finished = _run(arguments, at, None, {})
    return finished.stdout.strip() if finished.returncode == 0 else ""


def blob(name: str, at: Path | None = None) -> bytes | None:
    """Return what a file held in a commit, such as `v1:dvc.lock`, byte by byte; None where there is none."""
    finished = processes.run(["git", "cat-file", "blob", name], _LIMIT, cwd=at)
    return finished.stdout if finished.returncode == 0 else None


def _run(
    arguments: tuple[str, ...], at: Path | None, given: str | None, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    # Nobody may be there to answer a question, such as for a password: then it is an error, not a wait.
    usual = {**_STALLED, **os.environ, "GIT_TERMINAL_PROMPT": "0"}
    limit = _limit(arguments[0])
    try:
        return processes.run(
            ["git", *arguments], limit, given, cwd=at, text=True, env={**usual, **environment}
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise GitError(
            f"`git {arguments[0]}` had no answer within {limit:g} s and was ended. Try again; {LONGER} allows more."
        ) from error


def _limit(command: str) -> float:
    named = os.environ.get(LONGER, "")
    if not named:
        return LIMITS.get(command, _LIMIT)
    if not named.isdecimal() or not int(named):
        raise GitError(f"{LONGER} is '{named}'; it is a number of seconds, such as 900.")
    return float(named)
