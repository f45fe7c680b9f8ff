"""Write tags where everyone reads them: all of them or none, never over one that is there."""

from collections.abc import Mapping
from dataclasses import dataclass

from mainline.errors import MainlineError
from mainline.registry import origin
from mainline.repository.git import GitAwayError, GitError, ask, git, listed

TAGS = "refs/tags/"


class TakenError(MainlineError):
    """Somebody else wrote one of the tags in the meantime."""


@dataclass(frozen=True)
class Tag:
    """A tag to be: at a commit, with a message."""

    name: str
    commit: str
    message: str


def publish(tags: list[Tag]) -> None:
    """Write annotated tags to the remote that others read, or into this repository where it has none.

    No tag exists before the last moment: objects without a name are all that a kill can leave.

    Raises:
        TakenError: when one of them is there already.
        MainlineError: when the remote refuses, or does not answer.
    """
    made = {f"{TAGS}{tag.name}": _make(tag) for tag in tags}
    remote = origin.remote()
    if remote:
        _push(remote, made)
        _keep(made)
    else:
        _create(made)


def fetch() -> None:
    """Take the remote's default branch and tags, so that the registry here is the one that everyone sees.

    Raises:
        MainlineError: when the remote does not answer, or a tag of the registry is another one here, or only here.
    """
    remote = origin.remote()
    if not remote:
        return
    theirs = origin.refs(remote, *origin.tags())
    for name, tag in _ours().items():
        _compare(name.removeprefix(TAGS), tag, theirs.get(name), remote)
    origin.fetch()


def _ours() -> dict[str, str]:
    """Return the object of each tag of the registry here; approvals are not among them, since they only add."""
    versions, assignments, _, tests = origin.tags()
    folder = tests.removesuffix("*")  # for-each-ref, unlike a fetch, takes no slash for `*`
    shown = listed("for-each-ref", "--format=%(objectname) %(refname)", versions, assignments, folder)
    return {name: tag for tag, _, name in (line.partition(" ") for line in shown)}


def _compare(name: str, ours: str, theirs: str | None, remote: str) -> None:
    if theirs is None:
        raise MainlineError(
            f"tag {name} is here but not in {remote}, so it is not a part of the registry. "
            f"Remove it (`git tag --delete '{name}'`), or push it if you know why it is right."
        )
    if theirs != ours:
        raise MainlineError(
            f"tag {name} is another one here than in {remote}, which is what everyone sees. "
            f"Remove yours (`git tag --delete '{name}'`), and run this again."
        )


def _make(tag: Tag) -> str:
    """Write a tag object that no name refers to yet."""
    tagger = git("var", "GIT_COMMITTER_IDENT").strip()
    text = f"object {tag.commit}\ntype commit\ntag {tag.name}\ntagger {tagger}\n\n{tag.message}"
    return git("mktag", given=text).strip()


def _push(remote: str, made: Mapping[str, str]) -> None:
    try:
        origin.push(remote, made, "--atomic")
    except GitError as error:
        taken = origin.refs(remote, *made)
        if not taken:
            away = isinstance(error, GitAwayError)
            remedy = "Run this again." if away else "The right to push tags is needed."
            raise MainlineError(f"{error} Nothing was released. {remedy}") from error
        other = [name for name, made_at in made.items() if taken.get(name, made_at) != made_at]
        if other or len(taken) < len(made):
            name = (other or list(taken))[0].removeprefix(TAGS)
            raise TakenError(f"another run wrote {name} in the meantime.") from error


def _keep(made: Mapping[str, str]) -> None:
    """Take tags that the remote has now; nothing is asked of it, since all is written and no answer may be missing."""
    git("update-ref", "--stdin", given="".join(f"update {name} {made_at}\n" for name, made_at in made.items()))


def _create(made: Mapping[str, str]) -> None:
    commands = "".join(f"create {name} {made_at}\n" for name, made_at in made.items())
    try:
        git("update-ref", "--stdin", given=f"start\n{commands}prepare\ncommit\n")
    except GitError as error:
        if any(ask("rev-parse", "--verify", "--quiet", name) for name in made):
            raise TakenError("another run wrote one of the tags in the meantime.") from error
        raise
