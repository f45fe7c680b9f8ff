"""What git knows of the candidate and of production; nothing where it has no answer."""

from mainline.repository.git import GitError, ask, git


def show(commit: str, path: str) -> str:
    """Return a file as it is in a commit; '' where there is none."""
    try:
        return git("show", f"{commit}:{path}")
    except GitError:
        return ""


def head() -> str | None:
    """Return the commit that the workspace stands at; None before the first."""
    return ask("rev-parse", "--verify", "--quiet", "HEAD") or None


def is_clean() -> bool:
    """Whether the workspace holds nothing that its commit does not."""
    return head() is not None and not ask("status", "--porcelain")
