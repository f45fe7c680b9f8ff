"""git, asked by its own program."""

import os
import re
import subprocess
import time
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
TRIES = 4
"""How often a server is asked in all whose answer broke off, or was that it cannot answer now."""
WAIT = 0.5
"""Seconds from the first such failure to the next try; each wait after it is twice as long."""
_OVER_NETWORK = ("clone", "fetch", "ls-remote", "push")
"""The commands that are tried again. A push that arrived and lost only its answer finds that all is there."""
_PASSING = re.compile(
    r"returned error: 50[0234]\b|connection reset|connection closed by|empty reply from server|early EOF|"
    r"unexpected disconnect|hung up unexpectedly|SSL_ERROR_SYSCALL|gnutls_handshake\(\) failed|send failure",
    re.IGNORECASE,
)
"""git's words for what the next try may not meet: errors of a server, and connections that end in an answer."""
_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|cannot update ref .*: couldn't write|"
    r"failed to write new configuration"
)
"""git's words where it cannot write here; for a ref and for its configuration it does not say why."""
_PLAIN = {
    "clone.defaultRemoteName": "origin",
    "color.grep": "false",
    "color.ui": "false",
    "core.quotePath": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showSignature": "false",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "status.showUntrackedFiles": "normal",
}
"""What people declare for the git that they type, and a program must not have otherwise: it pushes only what it names,
and reads what git prints."""

_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")
"""git gives these to hooks, and a command of ours that runs in one would take them to every other repository."""


class GitError(MainlineError):
    """git refused; its own words are the message."""


class GitAwayError(GitError):
    """The remote gave no answer. That says nothing of rights, and the same command may succeed later."""


class GitWriteError(GitError):
    """git cannot write here; its words name another temporary file each time, so they are left out."""

    def __init__(self, command: str) -> None:
        super().__init__(f"`git {command}` cannot write on this machine. Is its disk full? What was there is whole.")


class GitTimeoutError(GitAwayError):
    """git had no answer in time."""


def git(
    *arguments: str,
    at: Path | None = None,
    given: str | bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run git and return what it prints, read as UTF-8; bytes that are not come back as a replacement character.

    Args:
        arguments: the command, such as `rev-parse`, `HEAD`.
        at: the repository; the current folder where it is None.
        given: what git reads from its standard input.
        environment: variables for this run alone.

    Raises:
        GitError: when git exits with anything but 0.
    """
    return _text(raw(*arguments, at=at, given=given, environment=environment))


def listed(*arguments: str, at: Path | None = None) -> list[str]:
    """Run git as `git` does, and return the lines that it prints.

    A line ends by a line feed alone: names of refs and people may hold the other characters that end one for Python.

    Raises:
        GitError: when git exits with anything but 0.
    """
    return [line for line in git(*arguments, at=at).split("\n") if line]


def raw(
    *arguments: str,
    at: Path | None = None,
    given: str | bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run git as `git` does, and return what it prints byte by byte: names, messages and authors need not be UTF-8.

    Raises:
        GitAwayError: when a remote does not answer, at none of several tries.
        GitWriteError: when it cannot write here, as on a full disk.
        GitError: when git exits with anything but 0.
    """
    for failures in range(1, TRIES + 1):
        finished = _run(arguments, at, given, environment)
        if finished.returncode == 0:
            return finished.stdout
        said = " ".join(_text(finished.stderr or finished.stdout).split())[:400]
        if _FULL.search(said):
            raise GitWriteError(arguments[0])
        if arguments[0] not in _OVER_NETWORK or not _PASSING.search(said):
            break
        if failures == TRIES:
            raise GitAwayError(f"`git {arguments[0]}` was tried {TRIES} times. It says: {said}")
        time.sleep(WAIT * 2 ** (failures - 1))
    raise GitError(f"`git {arguments[0]}` says: {said}")


def ask(*arguments: str, at: Path | None = None) -> str:
    """Run git and return what it prints, stripped; '' where it has no answer."""
    finished = _run(arguments, at)
    return _text(finished.stdout).strip() if finished.returncode == 0 else ""


def blob(name: str, at: Path | None = None) -> bytes | None:
    """Return what a file held in a commit, such as `v1:dvc.lock`, byte by byte; None where there is none."""
    finished = _run(("cat-file", "blob", name), at)
    return finished.stdout if finished.returncode == 0 else None


def surroundings() -> dict[str, str]:
    """Return the environment without the repository that a hook of git was told."""
    return {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}


def _run(
    arguments: tuple[str, ...], at: Path | None, given: str | bytes | None = None, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    plain = [word for name, value in _PLAIN.items() for word in ("-c", f"{name}={value}")]
    # Nobody may be there to answer a question, such as for a password: then it is an error, not a wait.
    environment = _STALLED | surroundings() | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | dict(more or {})
    content = given.encode() if isinstance(given, str) else given
    limit = processes.seconds(LONGER, LIMITS.get(arguments[0], _LIMIT))
    try:
        return processes.run(["git", *plain, *arguments], limit, content, cwd=at, env=environment)
    except subprocess.TimeoutExpired as error:
        raise GitTimeoutError(
            f"`git {arguments[0]}` had no answer within {limit:g} s and was ended. Try again; {LONGER} allows more."
        ) from error


def _text(printed: bytes) -> str:
    return printed.decode("utf-8", errors="replace")
