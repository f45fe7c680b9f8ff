"""git, asked: an answer, or one error in its own words."""

import os
from pathlib import Path

import pytest

from mainline.git import GitError, ask, git


def test_an_answer_is_what_git_prints(tmp_path: Path) -> None:
    """Output comes back as it is; a question without an answer is an empty text."""
    git("init", "--quiet", at=tmp_path)
    assert git("rev-parse", "--is-inside-work-tree", at=tmp_path) == "true\n"
    assert git("hash-object", "--stdin", given="", at=tmp_path).startswith("e69de29")
    assert ask("rev-parse", "--verify", "--quiet", "HEAD", at=tmp_path) == ""


def test_a_refusal_is_one_error(tmp_path: Path) -> None:
    """The error names the command and says what git said."""
    with pytest.raises(GitError, match=r"`git log` says: fatal: not a git repository"):
        git("log", at=tmp_path)


def test_nobody_is_asked_for_a_password(tmp_path: Path) -> None:
    """Where credentials are missing git fails at once instead of waiting for somebody."""
    git("init", "--quiet", at=tmp_path)
    said = git("-c", "alias.show-prompt=!echo $GIT_TERMINAL_PROMPT", "show-prompt", at=tmp_path)
    assert said == "0\n"
    assert "GIT_TERMINAL_PROMPT" not in os.environ
