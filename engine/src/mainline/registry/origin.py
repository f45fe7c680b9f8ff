"""The repository that everyone reads: which remote it is, its default branch and its tags, by whole names alone.

git's short names are guesses. A tag `origin/main` is taken before the branch, and `git ls-remote` lists each ref whose
name ends as asked, so that a branch `a/refs/heads/main` comes first. Here names are whole, and compared as a whole.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from mainline.errors import MainlineError
from mainline.registry import artifact
from mainline.repository.git import GitAwayError, GitError, ask, git, listed

USUAL = "main"
"""The default branch of a repository that does not say which one it is."""

HEADS = "refs/heads/"

ALIKE = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
"""What `git push` takes a whole name for, where a remote has it: the rules of gitrevisions(7) go on after the name."""


def tags(repository: Path = Path(), line: str | None = None) -> tuple[str, str, str, str]:
    """Return the patterns of the registry's tags, which are the only ones that are fetched.

    Those of versions and assignments are first; approvals and tests of deployments follow.

    Args:
        repository: where git is asked from.
        line: the artifact's name; the one that is declared now without it.
    """
    line = f"refs/tags/{line or artifact.name(repository)}"
    return f"{line}@*", f"{line}#*", "refs/tags/approval/*", "refs/tags/tested/*"


def remote(repository: Path = Path()) -> str:
    """Name the remote that others read: `origin`, the only one, or the one that git's configuration names; '' for none.

    Raises:
        MainlineError: when there are several, and nothing says which one is meant.
    """
    names = ask("remote", at=repository).split()
    if "origin" in names or len(names) < 2:
        return "origin" if "origin" in names else "".join(names)
    here = ask("symbolic-ref", "--quiet", "HEAD", at=repository).removeprefix(HEADS)
    for key in ("remote.pushDefault", f"branch.{here}.remote"):
        if (named := ask("config", key, at=repository)) in names:
            return named
    raise MainlineError(
        f"this repository has the remotes {', '.join(names)}, and none is called origin. Say which one has the "
        f"registry: `git config remote.pushDefault {names[0]}`."
    )


def head(where: str, repository: Path = Path()) -> tuple[str, str]:
    """Return the whole name of the default branch of a remote or a URL, and its commit; both '' where it has none.

    Raises:
        GitError: when it does not answer.
    """
    branch = commit = ""
    for text, name in _listed(where, repository, "--symref", "HEAD"):
        if name == "HEAD":
            branch, commit = (text[len("ref: ") :], commit) if text.startswith("ref: ") else (branch, text)
    if branch.startswith(HEADS) and commit:
        return branch, commit
    usual = f"{HEADS}{USUAL}"  # of a server that has no default branch, or one that nobody pushed yet
    commit = refs(where, usual, repository=repository).get(usual, "")
    return (usual, commit) if commit else ("", "")


def refs(where: str, *patterns: str, repository: Path = Path()) -> dict[str, str]:
    """Return the object of each ref of a remote or a URL that a pattern names from beginning to end.

    Args:
        where: a remote's name, or a URL.
        patterns: whole names, such as `refs/heads/main`; a `*` at the end stands for anything.
        repository: where git is asked from.

    Raises:
        GitError: when it does not answer.
    """
    listed = _listed(where, repository, "--refs", *patterns)
    return {name: commit for commit, name in listed if any(_fits(name, pattern) for pattern in patterns)}


def branches(where: str, repository: Path = Path()) -> tuple[str, dict[str, str]]:
    """Return the whole name of the default branch, and the commit of each branch, by one question; '' where none is.

    Raises:
        GitError: when it does not answer.
    """
    named = _listed(where, repository, "--symref", "HEAD", f"{HEADS}*")
    first = next((text[len("ref: ") :] for text, name in named if name == "HEAD" and text.startswith("ref: ")), "")
    commits = {name: text for text, name in named if name.startswith(HEADS)}
    usual = f"{HEADS}{USUAL}"
    return first or (usual if usual in commits else ""), commits


def main(repository: Path = Path()) -> str:
    """Return the whole name of the default branch as it is known here, such as `refs/remotes/origin/main`.

    Without a remote it is the branch `main`, or else what is checked out; in a bare repository it is what HEAD names.
    Where nothing here says which branch is the remote's default one, the remote is asked; where it does not answer, as
    in a job on GitHub that has no password of a private repository, the event that started the job says it.

    Raises:
        MainlineError: as `remote`.
    """
    if ask("rev-parse", "--is-bare-repository", at=repository) == "true":
        return ask("symbolic-ref", "--quiet", "HEAD", at=repository) or "HEAD"
    named = remote(repository)
    if not named:
        usual = f"{HEADS}{USUAL}"
        return usual if _has(usual, repository) else ask("symbolic-ref", "--quiet", "HEAD", at=repository) or "HEAD"
    known = ask("symbolic-ref", "--quiet", f"refs/remotes/{named}/HEAD", at=repository)
    if known and _has(known, repository):
        return known
    try:
        branch, _ = head(named, repository)
    except GitError:
        branch = _of_event()
    return tracking(named, branch or f"{HEADS}{USUAL}")


def _of_event() -> str:
    """Return the whole name of the default branch by the event of a job on GitHub; '' where there is none."""
    try:
        event = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
        name = event["repository"]["default_branch"]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return f"{HEADS}{name}" if isinstance(name, str) and name else ""


def branch(repository: Path = Path()) -> str:
    """Return the default branch's short name, for people and for programs that ask for it.

    Raises:
        MainlineError: as `remote`.
    """
    return main(repository).removeprefix(HEADS).removeprefix(f"refs/remotes/{remote(repository)}/")


def tracking(named: str, branch: str) -> str:
    """Return the whole name that a remote's branch, by its whole name, has here."""
    return f"refs/remotes/{named}/{branch.removeprefix(HEADS)}"


def tip(repository: Path = Path()) -> str:
    """Return the commit that the default branch is at: the remote's as it is now, or here where there is none; or ''.

    Raises:
        MainlineError: when the remote does not answer.
    """
    named = remote(repository)
    return head(named, repository)[1] if named else commit(main(repository), repository)


def commit(name: str, repository: Path = Path()) -> str:
    """Return the commit that a whole name stands for; '' where there is none."""
    return ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", at=repository)


def fetch(repository: Path = Path()) -> None:
    """Take the default branch and the registry's tags of the remote, whatever the clone was told to fetch.

    Raises:
        GitError: when the remote does not answer, or has another tag of a name that is here.
    """
    named = remote(repository)
    branch, _ = head(named, repository)
    whole = ["--unshallow"] if is_shallow(repository) else []
    wanted = [f"+{branch}:{tracking(named, branch)}"] if branch else []
    git(
        "fetch",
        "--quiet",
        "--no-tags",
        *whole,
        named,
        *wanted,
        *(f"{name}:{name}" for name in tags(repository)),
        at=repository,
    )
    if branch:
        git("symbolic-ref", f"refs/remotes/{named}/HEAD", tracking(named, branch), at=repository)


def push(named: str, objects: Mapping[str, str], *options: str) -> None:
    """Push objects to the whole names that they are to have at a remote.

    Raises:
        GitError: when the remote refuses, or does not answer.
        MainlineError: when it has a ref that git would take for one of them.
    """
    for name in objects:
        alike = refs(named, *(form.format(name) for form in ALIKE))
        if alike:
            other = next(iter(alike))
            raise MainlineError(
                f"{named} has {other}, which git takes for {name}. Nothing was pushed. Delete it: "
                f"`git push {named} --delete {other}`."
            )
    git("push", "--quiet", *options, named, *(f"{made}:{name}" for name, made in objects.items()))


def is_shallow(repository: Path = Path()) -> bool:
    """Whether the clone lacks older commits."""
    return ask("rev-parse", "--is-shallow-repository", at=repository) == "true"


def _listed(where: str, repository: Path, option: str, *patterns: str) -> list[tuple[str, str]]:
    """Return what git lists: what stands before the name, and the name."""
    try:
        shown = listed("ls-remote", option, where, *patterns, at=repository)
    except GitAwayError:  # somebody is there
        raise
    except GitError as error:
        if not ask("config", f"remote.{where}.url", at=repository):
            raise
        raise GitError(f"{error} Did it move? `git remote set-url {where} URL` says where it is now.") from error
    pairs = (line.partition("\t") for line in shown)
    return [(text, name) for text, mark, name in pairs if mark]


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _has(name: str, repository: Path) -> bool:
    return bool(commit(name, repository))
