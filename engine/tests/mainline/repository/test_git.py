"""git, asked: an answer, or one error in its own words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mainline.repository.git import GitError, ask, blob, git


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


ODD = {
    "clone.defaultRemoteName": "upstream", "color.ui": "always", "color.grep": "always", "commit.gpgSign": "true",
    "i18n.commitEncoding": "ISO-8859-1", "i18n.logOutputEncoding": "ISO-8859-1", "log.showSignature": "true",
    "push.followTags": "true", "push.gpgSign": "true", "status.showUntrackedFiles": "no", "tag.gpgSign": "true",
}  # fmt: skip
"""What people declare for the git that they type; each changes what git does for a program."""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit and an origin, of somebody with a git configuration of their own."""
    here = tmp_path / "here"
    git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    git("init", "--quiet", str(here))
    for name, value in {
        "user.name": "Zoë",
        "user.email": "zoe@example.org",
        "remote.origin.url": "../origin.git",
    }.items():
        git("config", name, value, at=here)
    (here / "übrig.txt").write_text("<<<<<<< \n", encoding="utf-8")
    git("add", "--all", at=here)
    git("commit", "--quiet", "--message", "Änderung", at=here)
    config = tmp_path / "gitconfig"
    for name, value in ODD.items():
        git("config", "--file", str(config), name, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    return here


def test_nothing_but_what_is_named_is_pushed(odd: Path) -> None:
    """A person's `push.followTags` takes no other tag along, and `push.gpgSign` asks for no signature."""
    git("update-ref", "refs/tags/lightweight", "HEAD", at=odd)
    tag = (
        f"object {git('rev-parse', 'HEAD', at=odd)}type commit\ntag private\ntagger Z <z@example.org> 0 +0000\n\nMine\n"
    )
    git("update-ref", "refs/tags/private", git("mktag", given=tag, at=odd).strip(), at=odd)
    git("push", "--quiet", "origin", "HEAD:refs/heads/main", at=odd)
    assert git("ls-remote", "origin", at=odd).split()[1::2] == ["refs/heads/main"]


def test_a_clone_has_an_origin(odd: Path, tmp_path: Path) -> None:
    """Whatever a person's remotes are called, the one of a clone made here is `origin`."""
    git("clone", "--quiet", str(odd), str(tmp_path / "clone"))
    assert git("remote", at=tmp_path / "clone") == "origin\n"


def test_names_of_files_are_plain(odd: Path) -> None:
    """Names come without colour or quotes, and untracked files are among them."""
    (odd / "übrig.txt").write_text("another\n", encoding="utf-8")
    (odd / "new").touch()
    assert ask("grep", "-l", "-E", "^<", "HEAD", at=odd) == "HEAD:übrig.txt"
    assert ask("diff", "--name-only", "HEAD", at=odd) == "übrig.txt"
    assert ask("status", "--porcelain", at=odd).splitlines() == ["M übrig.txt", "?? new"]


def test_letters_stay_what_they_are(odd: Path) -> None:
    """Text goes to git and comes from it as UTF-8, whatever a person's locale and configuration say."""
    commit = git("commit-tree", "HEAD^{tree}", "-p", "HEAD", given="Größe → Maß", at=odd).strip()
    assert "encoding" not in git("cat-file", "commit", commit, at=odd)
    code = "import sys; from mainline.repository.git import git; sys.stdout.buffer.write(git(*sys.argv[1:]).encode())"
    log = ["log", "--format=%an: %s", commit]
    shown = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", code, *log],
        cwd=odd, env=os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, capture_output=True, check=False,
    )  # fmt: skip
    assert shown.stdout.decode() == "Zoë: Größe → Maß\nZoë: Änderung\n", shown.stderr.decode()


def test_git_speaks_one_language(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are in the words that our remedies quote."""
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    monkeypatch.setenv("LANGUAGE", "tr")
    assert git("-c", "alias.show-locale=!echo $LC_ALL", "show-locale", at=odd) == "C\n"


THERE = {"GIT_DIR": ".git", "GIT_WORK_TREE": "", "GIT_INDEX_FILE": ".git/index", "GIT_OBJECT_DIRECTORY": ".git/objects"}


@pytest.mark.parametrize("name", THERE)
def test_the_repository_is_that_of_the_folder(odd: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What git tells a hook of the repository that it runs for leads a command of ours to no other one."""
    other = odd.parent / "other"
    git("init", "--quiet", str(other))
    monkeypatch.setenv(name, str(other / THERE[name]))
    assert ask("rev-parse", "--show-toplevel", at=odd) == str(odd.resolve())
    assert ask("status", "--porcelain", at=odd) == ""
    assert blob("HEAD:übrig.txt", odd) == b"<<<<<<< \n"
    assert ask("log", "--format=%s", at=odd) == "Änderung"
