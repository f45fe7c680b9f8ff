"""Write tags where everyone reads them: all of them or none, never over one that is there."""

from collections.abc import Mapping
from dataclasses import dataclass

from mainline.errors import MainlineError
from mainline.git import GitError, ask, git
from mainline.registry import artifact

ORIGIN, BRANCH = "origin", "main"


class TakenError(MainlineError):
    """Somebody else wrote one of the tags in the meantime."""


@dataclass(frozen=True)
class Tag:
    """A tag to be: at a commit, with a message."""

    name: str
    commit: str
    message: str


def publish(tags: list[Tag]) -> None:
    """Write annotated tags to the origin, or into this repository where it has none.

    No tag exists before the last moment: objects without a name are all that a kill can leave.

    Raises:
        TakenError: when one of them is there already.
        MainlineError: when the origin refuses, or does not answer.
    """
    made = {f"refs/tags/{tag.name}": _make(tag) for tag in tags}
    if has_origin():
        _push(made)
        fetch()
    else:
        _create(made)


def has_origin() -> bool:
    """Whether this repository has a remote that others read."""
    return bool(ask("remote", "get-url", ORIGIN))


def fetch() -> None:
    """Take the origin's tags, so that the registry here is the one that everyone sees.

    Raises:
        MainlineError: when the origin does not answer, or a tag of the registry is another one here.
    """
    if not has_origin():
        return
    try:
        git("fetch", "--quiet", "--tags", ORIGIN)
    except GitError as error:
        raise MainlineError(
            f"{error} Where a tag 'would clobber', the one here is not the registry's: `git tag --delete` it."
        ) from error
    theirs = {line.split("\t")[1] for line in git("ls-remote", "--tags", "--refs", ORIGIN).splitlines()}
    ours = git("for-each-ref", "--format=%(refname)", f"refs/tags/{artifact.name()}[@#]*").splitlines()
    only = [name.removeprefix("refs/tags/") for name in ours if name not in theirs]
    if only:
        raise MainlineError(
            f"tag {only[0]} is here but not in {ORIGIN}, so it is no part of the registry. "
            f"Remove it (`git tag --delete '{only[0]}'`), or push it if you know why it is right."
        )


def tip() -> str:
    """Return the commit that `main` is at: the origin's, or this repository's where it has none."""
    if not has_origin():
        return ask("rev-parse", "--verify", "--quiet", f"refs/heads/{BRANCH}")
    return git("ls-remote", ORIGIN, f"refs/heads/{BRANCH}").partition("\t")[0]


def _make(tag: Tag) -> str:
    """Write a tag object that no name refers to yet."""
    tagger = git("var", "GIT_COMMITTER_IDENT").strip()
    text = f"object {tag.commit}\ntype commit\ntag {tag.name}\ntagger {tagger}\n\n{tag.message}"
    return git("mktag", given=text).strip()


def _push(made: Mapping[str, str]) -> None:
    try:
        git("push", "--quiet", "--atomic", ORIGIN, *(f"{made_at}:{name}" for name, made_at in made.items()))
    except GitError as error:
        taken = git("ls-remote", "--tags", "--refs", ORIGIN, *made)
        if not taken:
            raise MainlineError(f"{error} Nothing was released; the right to push tags is needed.") from error
        if not all(made_at in taken for made_at in made.values()):
            raise TakenError(f"another run wrote {taken.split()[1]} in the meantime.") from error


def _create(made: Mapping[str, str]) -> None:
    commands = "".join(f"create {name} {made_at}\n" for name, made_at in made.items())
    try:
        git("update-ref", "--stdin", given=f"start\n{commands}prepare\ncommit\n")
    except GitError as error:
        if any(ask("rev-parse", "--verify", "--quiet", name) for name in made):
            raise TakenError("another run wrote one of the tags in the meantime.") from error
        raise
