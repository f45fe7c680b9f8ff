"""The changes of main between two of its commits, from git.

A change is a commit of main by itself, or a merge with all that it brought: main is followed along first parents.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mainline import children
from mainline.registry import origin
from mainline.repository import blobs, lock
from mainline.repository.git import git

MACHINERY = (*(f"{folder}/mainline/serving" for folder in children.SOURCES), "deploy", "requirements")
"""What serves the model; documents among it (`*.md`) and what other environments declare are left out."""


@dataclass(frozen=True)
class Change:
    """One change of main; times are in seconds since 1970.

    `written` is the oldest author's date among the commits that it brought, `merged` when it came to main, `undone`
    the commits whose messages it says it reverts, `machinery` whether it touched what serves the model, and `model`
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
    undone: frozenset[str]


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
    taken: set[str] = set()
    changes = []
    for commit in reversed(line):
        brought = _brought(commit, known, taken)
        taken |= brought
        names = touched.get(commit, frozenset())
        before, after = packages.get(commit, ("", ""))
        changes.append(
            Change(
                commit,
                min(known[name].written for name in brought),
                known[commit].merged,
                brought,
                frozenset().union(*(known[name].undone for name in brought)),
                machinery=any(name != str(lock.LOCK) for name in names),
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
            found[commit] = _Commit(parents.split(), int(written), int(merged), _undone(message))
    return found


def _undone(message: str) -> frozenset[str]:
    """Read which commits a message says it reverts, in the words of `git revert`."""
    words = message.replace(",", " ").replace(".", " ").split()
    return frozenset(
        last for first, second, last in zip(words, words[1:], words[2:], strict=False)
        if (first, second) == ("reverts", "commit")
    )  # fmt: skip


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
