"""The branches of a repository as one question to git lists them, and those of them that are to be served."""

import fnmatch
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mainline.declared.preview import Preview
from mainline.errors import MainlineError
from mainline.exchange.place import Place
from mainline.registry import origin, packs
from mainline.repository import lock
from mainline.repository.git import blob, git, raw
from mainline.rollout.clone import REMOTE, Clone
from mainline.seconds import DAY

_HERE = "refs/preview/"
"""Where the clone keeps the branches: git takes nothing below it for a name that people type."""
_OWN = ("deployments/", "monitoring/", "requests/", packs.BRANCHES.rstrip("*"))
"""How branches begin that the machinery writes, without a lock; somebody's own branch may begin so, too."""
_QUEUED = "gh-readonly-queue/"
"""How branches begin on which GitHub tries a merge queue, for some minutes: nobody asks them, all are newer."""
_UNLOCKED = "it has no dvc.lock. `make repro` writes one; commit it."


@dataclass(frozen=True)
class Head:
    """A branch with its last commit: when that was made, whether main has it, and the package that its lock names."""

    name: str
    commit: str
    time: float
    merged: bool = False
    package: str = ""
    problem: str = ""
    """Why the package is not known."""


class Heads:
    """The branches of the repository at `url`, in a clone of main below a folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self._clone = Clone(url, Place(folder))
        self._listed: tuple[str, dict[str, str]] | None = None
        self._read: tuple[str, list[Head]] = "", []

    @property
    def at(self) -> Path:
        """The clone: a checkout of main."""
        return Place(self.folder).clone

    def look(self) -> tuple[str, list[Head]]:
        """Ask git once; return the package on main and every other branch. Only what is new is fetched.

        Raises:
            MainlineError: when git is away, or main names no package.
        """
        listed = origin.branches(self.url, self.folder)
        if listed != self._listed:
            problem = self._clone.fetch()
            if problem:
                raise MainlineError(problem)
            git("fetch", "--quiet", "--force", "--prune", "--no-tags", REMOTE, f"+{origin.HEADS}*:{_HERE}*", at=self.at)
            self._read = self._package("HEAD"), self._heads(listed[0].removeprefix(origin.HEADS))
            self._listed = listed
        return self._read

    def _heads(self, default: str) -> list[Head]:
        found = []
        for merged in (True, False):
            about = raw(
                "for-each-ref", "--merged" if merged else "--no-merged", "HEAD",
                "--format=%(refname)%00%(objectname)%00%(committerdate:unix)", _HERE, at=self.at,
            )  # fmt: skip
            for line in filter(None, about.split(b"\n")):
                name, commit, seconds = line.removeprefix(_HERE.encode()).decode(errors="surrogateescape").split("\0")
                head = self._head(name, commit, float(seconds or 0), merged)
                passed_by = name == default or name.startswith(_QUEUED)
                if not passed_by and not (name.startswith(_OWN) and head.problem == _UNLOCKED):
                    found.append(head)
        return found

    def _head(self, name: str, commit: str, seconds: float, merged: bool) -> Head:
        try:
            return Head(name, commit, seconds, merged, self._package(commit))
        except MainlineError as error:
            return Head(name, commit, seconds, merged, problem=str(error))

    def _package(self, commit: str) -> str:
        content = blob(f"{commit}:{lock.LOCK}", at=self.at)
        if content is None:
            raise MainlineError(_UNLOCKED)
        found = lock.package(content.decode(errors="replace"))
        if not found:
            raise MainlineError("its dvc.lock names no package. `make repro` makes one; commit dvc.lock.")
        return found


def plan(
    heads: Iterable[Head], on_main: str, declared: Preview, now: float | None = None
) -> dict[str, tuple[Head, str]]:
    """Return each branch that matches, the newest first, with why it is not served; '' for those that are.

    Args:
        heads: every branch but main.
        on_main: the package that main names.
        declared: which branches are served.
        now: seconds since 1970; the present time without it.
    """
    oldest = (time.time() if now is None else now) - declared.days * DAY
    found, served = {}, 0
    for head in sorted(heads, key=lambda head: (-head.time, head.name)):
        if not fnmatch.fnmatchcase(head.name, declared.branches):
            continue
        reason = _reason(head, on_main, oldest, declared)
        if not reason and served >= declared.most:
            reason = f"{declared.most} newer branches are served, which is the most (preview.most)"
        served += not reason
        found[head.name] = head, reason
    return found


def _reason(head: Head, on_main: str, oldest: float, declared: Preview) -> str:
    if head.merged:
        return "main has its last commit"
    if head.problem:
        return head.problem
    if head.package == on_main:
        return "it has the same package as main"
    if head.time < oldest:
        return f"its last commit is older than {declared.days:g} days (preview.days)"
    return ""
