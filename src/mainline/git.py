"""git, asked by its own program."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mainline.errors import MainlineError


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
    finished = subprocess.run(["git", "cat-file", "blob", name], cwd=at, capture_output=True, check=False)  # noqa: S607
    return finished.stdout if finished.returncode == 0 else None


def _run(
    arguments: tuple[str, ...], at: Path | None, given: str | None, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    # Nobody may be there to answer a question, such as for a password: then it is an error, not a wait.
    return subprocess.run(
        ["git", *arguments],  # noqa: S607
        cwd=at, input=given, capture_output=True, text=True, check=False,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", **environment},
    )  # fmt: skip
