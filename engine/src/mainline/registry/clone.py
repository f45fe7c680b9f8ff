"""Whether a clone has what the registry is in: the default branch whole, and the tags."""

from pathlib import Path

from mainline.errors import MainlineError
from mainline.git import GitError
from mainline.registry import origin
from mainline.registry.tags import Registry


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
    if shallow:
        lacks = "is shallow, so older versions are not in it"
    elif not registry.taken:
        lacks = f"has none of the {count} tags that the registry at {remote} has"
    elif not origin.commit(main, repository):
        lacks = f"does not have the default branch of {remote}"
    else:
        return
    branch = f"'+refs/heads/{origin.branch(repository)}:{main}'"
    tags = " ".join(f"'{name}:{name}'" for name in origin.tags(repository)[:2])
    command = f"git fetch {'--unshallow ' if shallow else ''}{remote} {branch} {tags}"
    raise MainlineError(f"this clone {lacks}. `{command}` brings it; so does `fetch-depth: 0` of actions/checkout.")


def _count(remote: str, repository: Path) -> int:
    """Return how many versions and assignments the remote has; 0 where it does not answer."""
    try:
        return len(origin.refs(remote, *origin.tags(repository)[:2], repository=repository))
    except GitError:
        return 0
