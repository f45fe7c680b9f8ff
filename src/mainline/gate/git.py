"""What git knows of the candidate and of production."""

import subprocess


def show(commit: str, path: str) -> str:
    """Return a file as it is in a commit; '' where there is none."""
    return _git("show", f"{commit}:{path}")


def changed_files(commit: str) -> list[str]:
    """List the files that differ between a commit and the workspace."""
    return _git("diff", "--name-only", commit).splitlines()


def head() -> str | None:
    """Return the commit that the workspace stands at; None before the first."""
    return _git("rev-parse", "--verify", "--quiet", "HEAD").strip() or None


def is_clean() -> bool:
    """Whether the workspace holds nothing that its commit does not."""
    return head() is not None and not _git("status", "--porcelain")


def _git(*arguments: str) -> str:
    """Run git and return what it says; '' where it has no answer."""
    command = ["git", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
