"""The changes of main between two of its commits, from git.

A change is a commit of main by itself, or a merge with all that it brought: main is followed along first parents.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mainline import children
from mainline.registry import origin
from mainline.repository import blobs, lock
from mainline.repository.git import git

MACHINERY = (*(f"{folder}/mainline/serving" for folder in children.SOURCES), "deploy", "requirements")
"""What serves the model; documents among it (`*.md`) and what other environments declare are left out."""

_PULL = re.compile(r"Merge pull request #(\d+) from |.*\(#(\d+)\)$")
"""How the subject of a commit on main names the pull request that it came by: of a merge, and of a squash."""
_REVERTS = re.compile(r"\breverts\s+commit\s+([0-9a-f]{7,64})\b")
"""The words of `git revert`; with `--reference` the name of the commit is short."""
_REVERTS_PULL = re.compile(r"^Reverts (?:[\w.-]+/[\w.-]+)?#(\d+)\s*$", re.MULTILINE)
"""The line that GitHub's button writes, which is all that a squash keeps where messages are titles and descriptions."""


@dataclass(frozen=True)
class Change:
    """One change of main; times are in seconds since 1970.

    `written` is the oldest author's date among the commits that it brought, `merged` when it came to main, `undone`
    the commits that its messages say they revert, `machinery` whether it touched what serves the model, and `model`
    whether `dvc.lock` has another package after it.
    """

    commit: str
    written: int
    merged: int
    brought: frozenset[str]
    undone: frozenset[str]
    machinery: bool
    model: bool


@dataclass(frozen=True)
class _Commit:
    parents: list[str]
    written: int
    merged: int
    message: str


def tip(repository: Path = Path()) -> str:
    """Name the newest commit of main that is known: that of the remote, of the branch here, or what is checked out."""
    return origin.commit(origin.main(repository), repository) or origin.commit("HEAD", repository)


def between(older: str, newer: str, environment: str, repository: Path = Path()) -> list[Change]:
    """List the changes of main after one of its commits up to another, oldest first.

    Raises:
        GitError: when one of them is not here.
    """
    older, newer = (
        git("rev-parse", "--verify", f"{name}^{{commit}}", at=repository).strip() for name in (older, newer)
    )
    known = _commits(older, newer, repository)
    line = _first_parents(newer, known)
    touched = _touched(older, newer, environment, repository)
    packages = _packages([commit for commit in line if str(lock.LOCK) in touched.get(commit, ())], repository)
    names = _Names(known, line)
    taken: set[str] = set()
    changes = []
    for commit in reversed(line):
        brought = _brought(commit, known, taken)
        taken |= brought
        files = touched.get(commit, frozenset())
        before, after = packages.get(commit, ("", ""))
        changes.append(
            Change(
                commit,
                min(known[name].written for name in brought),
                known[commit].merged,
                brought,
                _undone({name: names.undone(known[name].message) for name in brought}),
                machinery=any(name != str(lock.LOCK) for name in files),
                model=before != after,
            )
        )
    return changes


def _commits(older: str, newer: str, repository: Path) -> dict[str, _Commit]:
    """Read every commit that the newer one has and the older one has not."""
    form = "%H%x00%P%x00%at%x00%ct%x00%B%x00%x01"
    shown = git("log", f"--format={form}", f"{older}..{newer}", "--", at=repository)
    found = {}
    for entry in shown.split("\0\1\n"):
        if entry:
            commit, parents, written, merged, message = entry.split("\0")
            found[commit] = _Commit(parents.split(), int(written), int(merged), message)
    return found


class _Names:
    """What messages call the commits of main that are known: by the beginning of a hash, or by a pull request."""

    def __init__(self, known: Mapping[str, _Commit], line: Iterable[str]) -> None:
        self._known = sorted(known)
        self._by_pull: dict[str, set[str]] = {}
        for commit in line:
            found = _PULL.match(known[commit].message.partition("\n")[0])
            if found:
                self._by_pull.setdefault(found[1] or found[2], set()).add(commit)

    def undone(self, message: str) -> frozenset[str]:
        """Return which commits a message says it reverts, as far as it is clear; one that is not known by its name."""
        found = {self._whole(name) for name in _REVERTS.findall(message)}
        return frozenset(found.union(*(self._by_pull.get(number, ()) for number in _REVERTS_PULL.findall(message))))

    def _whole(self, name: str) -> str:
        place = bisect_left(self._known, name)
        fitting = [one for one in self._known[place : place + 2] if one.startswith(name)]
        return fitting[0] if len(fitting) == 1 else name


def _undone(said: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what a change undoes, from what each commit that it brought does; a revert that it reverts undoes none."""
    everything = frozenset().union(*said.values())
    return frozenset().union(*(undone for commit, undone in said.items() if commit not in everything))


def _first_parents(newer: str, known: Mapping[str, _Commit]) -> list[str]:
    line, commit = [], newer
    while commit in known:
        line.append(commit)
        commit = next(iter(known[commit].parents), "")
    return line


def _brought(commit: str, known: Mapping[str, _Commit], taken: Iterable[str]) -> frozenset[str]:
    """Return a commit of main with all that its other parents brought and main did not have."""
    first = known[commit].parents[:1]
    seen = {commit}
    waiting = known[commit].parents[1:]
    while waiting:
        name = waiting.pop()
        if name in known and name not in seen and name not in taken and name not in first:
            seen.add(name)
            waiting += known[name].parents
    return frozenset(seen)


def _touched(older: str, newer: str, environment: str, repository: Path) -> dict[str, frozenset[str]]:
    """Return which files of the machinery, and whether the lock, each change touched, against its first parent."""
    shown = git(
        "log", "--first-parent", "--diff-merges=first-parent", "--no-renames", "--name-only",
        "-z", "--format=%x01%H", f"{older}..{newer}", "--", *MACHINERY, str(lock.LOCK), at=repository,
    )  # fmt: skip
    found = {}
    for entry in shown.split("\1")[1:]:
        commit, *names = entry.replace("\n", "\0").split("\0")
        found[commit] = frozenset(name for name in names if name and _counts(name, environment))
    return found


def _counts(name: str, environment: str) -> bool:
    """Whether a file touches this environment: not a document, and not what another one declares."""
    file = Path(name)
    another = file.parent == Path("deploy") and file.suffix == ".yaml" and file.stem != environment
    return file.suffix != ".md" and not another


def _packages(commits: Sequence[str], repository: Path) -> dict[str, tuple[str, str]]:
    """Return the package's hash in the lock before each commit, and in its own."""
    names = [f"{commit}{before}:{lock.LOCK}" for commit in commits for before in ("^", "")]
    found = [_package(content or b"") for content in blobs.read(names, repository)]
    return {commit: (found[2 * place], found[2 * place + 1]) for place, commit in enumerate(commits)}


def _package(content: bytes) -> str:
    """Return the package's hash in a lock; '' where it has none that can be read."""
    try:
        return lock.package(content.decode("utf-8", errors="replace"))
    except lock.LockError:
        return ""
