"""Whether a clone has what the registry is in: the default branch whole, and the tags."""

from pathlib import Path

from mainline.errors import MainlineError
from mainline.registry import origin
from mainline.registry.tags import Registry
from mainline.repository.git import GitError


def check(registry: Registry, repository: Path = Path()) -> None:
    """See to it that versions that are not known here are not known anywhere; ask the remote only where there are none.

    Raises:
        MainlineError: naming what the clone lacks, and the command that brings it.
    """
    remote = origin.remote(repository)
    shallow = origin.is_shallow(repository)
    if not remote or (registry.versions and not registry.skipped and not shallow):
        return
    count = len(registry.taken) or _count(remote, repository)
    main = origin.main(repository)
    if not count:
        return
    now = _default(remote, repository) or main
    lacks = _lack(registry, remote, main, now, count, repository)
    if not lacks:
        return
    branch = now.removeprefix(f"refs/remotes/{remote}/")
    tags = " ".join(f"'{name}:{name}'" for name in origin.tags(repository)[:2])
    whole = "--unshallow " if shallow else ""
    follow = "" if now == main else f" && git remote set-head {remote} {branch}"
    command = f"git fetch {whole}{remote} '+{origin.HEADS}{branch}:{now}' {tags}{follow}"
    raise MainlineError(f"this clone {lacks}. `{command}` brings it; so does `fetch-depth: 0` of actions/checkout.")


def _lack(registry: Registry, remote: str, main: str, now: str, count: int, repository: Path) -> str:
    """Say what a clone lacks of a registry with `count` tags; '' for nothing.

    Args:
        registry: what is known here.
        remote: whose registry it is.
        main: the whole name that the remote's default branch has here.
        now: the one that it would have if it were fetched now.
        count: how many tags of versions and assignments there are.
        repository: the clone.
    """
    if origin.is_shallow(repository):
        return "is shallow, so older versions are not in it"
    if not registry.taken:
        return f"has none of the {count} tags that the registry at {remote} has"
    if now != main:
        old, new = (name.removeprefix(f"refs/remotes/{remote}/") for name in (main, now))
        return f"takes {old} for the default branch, which is {new} by now"
    return "" if origin.commit(main, repository) else f"does not have the default branch of {remote}"


def _default(remote: str, repository: Path) -> str:
    """Return the whole name that the remote's default branch has here by now; '' where the remote does not answer."""
    try:
        branch, _ = origin.head(remote, repository)
    except GitError:
        return ""
    return origin.tracking(remote, branch) if branch else ""


def _count(remote: str, repository: Path) -> int:
    """Return how many versions and assignments the remote has; 0 where it does not answer."""
    try:
        return len(origin.refs(remote, *origin.tags(repository)[:2], repository=repository))
    except GitError:
        return 0
