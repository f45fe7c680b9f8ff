"""Branches that machines write: changed at the remote so that no push loses another machine's, work tree untouched."""

from collections.abc import Callable, Mapping

from mainline.errors import MainlineError
from mainline.registry import origin
from mainline.repository import tree
from mainline.repository.git import GitError, ask, git
from mainline.repository.tree import Entry

TRIES = 8
"""How often a change is made again on top of what somebody faster pushed."""
Change = Callable[[str], Mapping[str, Entry | None]]
"""From the commit that a branch is at, '' if it is new, to the files that change; none if nothing does."""


def fetch(branch: str) -> str:
    """Return the commit that a branch is at: at the remote, or here if there is no remote; '' if there is none.

    Raises:
        MainlineError: when the remote does not answer.
    """
    remote, there = origin.remote(), f"{origin.HEADS}{branch}"
    if not remote:
        return origin.commit(there)
    here = origin.tracking(remote, there)
    if origin.refs(remote, there):
        git("fetch", "--quiet", "--no-tags", remote, f"+{there}:{here}")
        return origin.commit(here)
    git("update-ref", "-d", here)
    return ""


def update(branch: str, change: Change, message: str, longest: int = 0) -> str:
    """Change files of a branch and return its new commit; made again if another machine was faster.

    The push adds to what was fetched and replaces nothing, so two machines never lose each other's files. A branch that
    was removed or pushed by force is taken as it is now. With `longest` its history has at most so many commits: the
    next one holds all files and comes after none. Who is overtaken by that makes its change again on top, as ever.

    Raises:
        MainlineError: when the remote does not take it, or others are faster each time.
    """
    there = f"{origin.HEADS}{branch}"
    for _ in range(TRIES):
        before = fetch(branch)
        files = change(before)
        if not files:
            return before
        parent = "" if longest and before and int(git("rev-list", "--count", before)) >= longest else before
        made = tree.commit(tree.write(before, files), message, parent, _signer())
        try:
            _move(there, made, before)
        except GitError:
            now = fetch(branch)
            if now == before:  # it is refused for another reason
                raise
            if now != made:
                continue
        return made  # if git refused it, the answer to a push was lost that had arrived
    raise MainlineError(f"other machines changed {branch} each of {TRIES} times. Run this again.")


def _signer() -> dict[str, str]:
    """Tell git who commits on a machine that nobody has told it to, such as a runner of GitHub; {} elsewhere."""
    if ask("var", "GIT_AUTHOR_IDENT") and ask("var", "GIT_COMMITTER_IDENT"):
        return {}
    names = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    return dict(zip(names, ("mainline", "mainline@localhost") * 2, strict=True))


def _move(there: str, made: str, before: str) -> None:
    remote = origin.remote()
    if not remote:
        git("update-ref", there, made, before or "0" * len(made))
        return
    origin.push(remote, {there: made}, f"--force-with-lease={there}:{before}")
    git("update-ref", origin.tracking(remote, there), made)
