"""The objects that this repository needs of its store: those that DVC's files name at each commit with a ref.

Counted are the branches and tags of this clone and of each of its remotes, versions, experiments, stashes, and the
working trees with what is not committed in them.
"""

from collections.abc import Iterator
from pathlib import Path

from mainline.errors import MainlineError
from mainline.registry import publication, tags
from mainline.remote import objects
from mainline.remote.objects import Output
from mainline.repository.git import GitError, ask, git, listed

ELSEWHERE = ("refs/heads/", "refs/tags/", "refs/exps/")
"""What counts of a remote. Pull requests of forks do not: hosts name them for ever."""


class UnknownNeedError(MainlineError):
    """It cannot be told what something needs."""

    def __init__(self, name: str, error: Exception, remedy: str = "") -> None:
        super().__init__(f"what {name} needs cannot be told. {error}{remedy}")


def everything() -> Iterator[tuple[str, Output]]:
    """Yield (who needs it, output), versions first; an output that several need is named by the first.

    Raises:
        UnknownNeedError: when a remote does not answer, or a file of DVC cannot be read.
    """
    elsewhere = _elsewhere()  # first, since it says which remote does not answer, and what to do
    publication.fetch()
    seen: set[Output] = set()
    named = _versions()  # by commit; the first name counts
    for more in (_names(), _stashes(), elsewhere):
        named |= {commit: name for commit, name in more.items() if commit not in named}
    for name, needed in (*((name, commit) for commit, name in named.items()), *_trees()):
        try:
            found = objects.of_commit(needed) if isinstance(needed, str) else objects.of_workspace(needed)
        except MainlineError as error:
            raise UnknownNeedError(name, error) from error
        for output in found:
            if output not in seen:
                seen.add(output)
                yield name, output


def _versions() -> dict[str, str]:
    return {version.commit: f"version {version.name}" for version in tags.versions()}


def _names() -> dict[str, str]:
    """Map each commit that a name of this clone points at to that name, whatever kind of reference it is."""
    shown = listed("for-each-ref", "--format=%(objectname) %(*objectname) %(objecttype) %(*objecttype) %(refname)")
    commits = {}
    for line in shown:
        own, peeled, kind, peeled_kind, name = line.split(" ")
        if "commit" in (kind, peeled_kind):
            commits[peeled or own] = name
    return commits


def _stashes() -> dict[str, str]:
    """Map the commits of all stashes, of people and of queued experiments, with their untracked files."""
    found: dict[str, str] = {}
    for name in git("for-each-ref", "--format=%(refname)", "refs/stash", "refs/exps").split():
        for entry in ask("reflog", "show", "--format=%H %P", name).split("\n"):
            found |= dict.fromkeys(entry.split(), f"an entry of {name}")
    return found


def _elsewhere() -> dict[str, str]:
    """Map the commits that other repositories name and this clone lacks; their objects are fetched, without a name.

    Raises:
        UnknownNeedError: when one does not answer.
    """
    found: dict[str, str] = {}
    for remote in git("remote").split():
        try:
            there = [line.split("\t") for line in listed("ls-remote", "--refs", remote)]
            absent = {name: oid for oid, name in there if name.startswith(ELSEWHERE) and not _is_here(oid)}
            if absent:
                git("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote, *sorted(absent))
        except GitError as error:
            raise UnknownNeedError(remote, error, f" If it is gone for good: `git remote remove {remote}`.") from error
        commits = {ask("rev-parse", "--verify", "--quiet", f"{oid}^{{commit}}"): name for oid, name in there}
        found |= {commit: f"{name} of {remote}" for commit, name in commits.items() if commit}
    return found


def _is_here(oid: str) -> bool:
    return bool(ask("cat-file", "-t", oid))


def _trees() -> Iterator[tuple[str, str | Path]]:
    """Yield each working tree of this repository: the commit that it is at, and the tree itself."""
    for entry in git("worktree", "list", "--porcelain").split("\n\n"):
        about = dict(line.partition(" ")[::2] for line in entry.split("\n") if line)
        if about and "bare" not in about:
            tree = Path(about["worktree"])
            if "HEAD" in about and set(about["HEAD"]) != {"0"}:
                yield f"the commit of {tree}", about["HEAD"]
            if tree.is_dir():
                yield "the workspace" if tree == Path.cwd() else f"the working tree {tree}", tree
