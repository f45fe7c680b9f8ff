"""Which branch and which tags a release goes by, whatever others pushed and however the clone was made."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from mainline.commands.history import history
from mainline.errors import MainlineError
from mainline.registry import publication, tags
from mainline.release import rollback
from tests.mainline.release.conftest import Repository, promote_by, refuse, release

LOOK_ALIKES = (
    "refs/heads/a/refs/heads/main", "refs/heads/a/HEAD", "refs/tags/a/HEAD", "refs/tags/origin/main", "refs/tags/main",
)  # fmt: skip


def push_unmerged(repository: Repository, *references: str) -> str:
    """Push a commit that nobody merged under whole names, and come back to main."""
    repository.run("git", "switch", "--quiet", "--detach")
    repository.run("git", "commit", "--quiet", "--allow-empty", "--message", "Not merged")
    commit = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    repository.run("git", "push", "--quiet", "origin", *(f"{commit}:{name}" for name in references))
    repository.run("git", "switch", "--quiet", "main")
    return commit


def origin(repository: Repository) -> Path:
    """Return the repository that is shared."""
    return repository.path.parent / "origin.git"


def clone(repository: Repository, monkeypatch: pytest.MonkeyPatch, *options: str) -> Repository:
    """Make another clone the current folder."""
    made = Repository(repository.path.parent / "clone")
    repository.run("git", "clone", "--quiet", *options, f"file://{origin(repository)}", str(made.path))
    for name, value in (("user.name", "Other"), ("user.email", "other@example.org")):
        made.run("git", "config", name, value)
    made.run("dvc", "pull", "--quiet")
    monkeypatch.chdir(made.path)
    return made


def test_branch_that_only_looks_like_main_stops_no_release(repository: Repository) -> None:
    """Main is the branch of that whole name: promote releases it, and rollback goes out from it."""
    push_unmerged(repository, *LOOK_ALIKES)
    assert "v1.0.0 is released." in release()
    repository.change(model={"depth": 4})
    assert "v1.1.0 is released." in release()
    rollback.prepare("v1.0.0", "production")
    parent = repository.run("git", "rev-parse", "rollback/v1.0.0^").stdout
    assert parent == repository.run("git", "rev-parse", "refs/heads/main").stdout


def test_tag_that_git_would_push_to_instead_is_named(repository: Repository) -> None:
    """Where a stranger's tag would take what a release writes, nothing is written, and the message deletes it."""
    push_unmerged(repository, "refs/tags/refs/tags/model@v1.0.0")
    with pytest.raises(MainlineError, match=r"git takes for refs/tags/model@v1\.0\.0\. Nothing was pushed") as refused:
        release()
    command = re.search(r"Delete it: `(.*)`\.$", str(refused.value))
    assert command
    repository.run("sh", "-c", command[1])
    assert "v1.0.0 is released." in release()


def test_stranger_changes_neither_number_nor_gate(repository: Repository) -> None:
    """Tags at commits that nobody merged are named and passed over; what is released next has names of its own."""
    assert "v1.0.0 is released." in release()
    names = ("model@v9.0.0", "model@v1.1.0", "model#production#2", "model#staging#40")
    push_unmerged(repository, *(f"refs/tags/{name}" for name in names))
    repository.change(model={"depth": 4})
    assert "v1.2.0 is released." in release()
    assert [item.number for item in tags.assignments("production")] == [1, 3]
    assert [item.number for item in tags.assignments("staging")] == [1, 41]
    record = tags.versions()[0].release
    assert record is not None
    assert record.replaces == "v1.0.0"


@pytest.mark.parametrize("what", ["name", "message"])
def test_tag_that_is_not_utf8_stops_nothing(
    repository: Repository, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promote, rollback and history name it in a line and go on."""
    release()
    head = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    name = b"model@v0.1.0" + (b"\xff" if what == "name" else b"")
    made = head
    if what == "message":
        tag = (
            f"object {head}\ntype commit\ntag model@v0.1.0\ntagger A <a@b> 1700000000 +0000\n\n".encode() + b"caf\xe9\n"
        )
        asked = ["git", "hash-object", "-t", "tag", "-w", "--stdin"]
        made = subprocess.run(asked, input=tag, capture_output=True, check=True).stdout.decode().strip()
    subprocess.run([b"git", b"push", b"--quiet", b"origin", made.encode() + b":refs/tags/" + name], check=True)
    repository.change(model={"depth": 4})
    assert "v1.1.0 is released." in release()
    said = f"tag {name.decode('utf-8', errors='backslashreplace')} is skipped: its name or its message is not UTF-8"
    assert capsys.readouterr().out.count(said) == 1
    assert "production has v1.0.0" in rollback.assign_now(None, "production")
    assert said in capsys.readouterr().out
    assert history(None, as_json=False).endswith(said)


def test_main_that_lost_every_version_releases_nothing(repository: Repository) -> None:
    """After a push by force the next model is not taken for a first one; with the commits back, all is as before."""
    release()
    repository.change(model={"depth": 4})
    release()
    old = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    rewrite = ["git", "filter-branch", "--force", "--msg-filter", "cat; echo scrubbed"]
    repository.run(*rewrite, "--", "main", FILTER_BRANCH_SQUELCH_WARNING="1")
    repository.run("git", "push", "--quiet", "--force", "origin", "main")
    before = repository.tags()
    with pytest.raises(MainlineError, match=rf"model@v1\.1\.0 is at {old[:10]}\. Was it pushed by force\?") as refused:
        release()
    assert repository.tags() == before
    command = re.search(r"back \(`(.*?)`", str(refused.value))
    assert command
    repository.run("sh", "-c", command[1])
    repository.run("git", "reset", "--quiet", "--hard", old)
    assert "Nothing is released" in release()


def test_tag_by_hand_before_the_first_release_stops_nothing(repository: Repository) -> None:
    """It stands at a commit that nobody merged, and has no record of a release."""
    push_unmerged(repository, "refs/tags/model@v9.0.0")
    assert "v1.0.0 is released." in release()


def test_default_branch_is_what_is_released_whatever_it_is_called(repository: Repository) -> None:
    """In a repository with another default branch, that one is released, and messages call it by its name."""
    repository.run("git", "branch", "--move", "main", "trunk")
    repository.run("git", "push", "--quiet", "origin", "trunk")
    repository.run("git", "-C", str(origin(repository)), "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert "v1.0.0 is released." in release()
    repository.run("git", "commit", "--quiet", "--allow-empty", "--message", "Mine")
    with pytest.raises(
        MainlineError, match=r"is not on trunk, which is at .*`git switch trunk && git pull [a-z]+ trunk`"
    ):
        release()


def test_remote_of_another_name_has_the_registry(repository: Repository) -> None:
    """The only remote is the one that tags are pushed to; of several, git's configuration says which."""
    repository.run("git", "remote", "rename", "origin", "company")
    assert "v1.0.0 is released." in release()
    assert repository.tags() == ["model#production#1", "model#staging#1", "model@v1.0.0"]
    repository.run("git", "remote", "add", "mine", "../mine.git")
    repository.run("git", "config", "--unset", "branch.main.remote", succeed=None)
    with pytest.raises(MainlineError, match=r"has the remotes company, mine, and none is called origin\. Say which"):
        release()
    repository.run("git", "config", "remote.pushDefault", "company")
    assert "Nothing is released" in promote_by(refuse)


@pytest.mark.parametrize(
    "options", [["--no-tags"], ["--depth=1"], ["--single-branch", "--branch=other"]], ids=lambda made: made[0]
)
def test_clone_that_lacks_the_registry_gets_it(
    repository: Repository, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little of the repository was cloned, a way back knows every version."""
    release()
    repository.change(model={"depth": 4})
    release()
    repository.run("git", "push", "--quiet", "origin", "HEAD:refs/heads/other")
    made = clone(repository, monkeypatch, *options)
    assert "production has v1.0.0 instead of v1.1.0." in rollback.assign_now("v1.0.0", "production")
    assert [version.name for version in tags.versions(made.path)] == ["v1.1.0", "v1.0.0"]


def test_tag_that_is_another_one_here_is_named(repository: Repository) -> None:
    """A tag of the registry that differs from the one that everyone sees is named, with what to do."""
    release()
    repository.run("git", "tag", "--force", "model@v1.0.0", "HEAD")
    with pytest.raises(MainlineError, match=r"tag model@v1\.0\.0 is another one here than in origin.*git tag --delete"):
        release()
    repository.run("git", "tag", "--delete", "model@v1.0.0")
    assert "Nothing is released" in promote_by(refuse)


def test_tags_of_other_tools_are_left_alone(repository: Repository) -> None:
    """A tag that is not part of the registry may differ here and there; it is neither fetched nor held against."""
    head = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    other = push_unmerged(repository, "refs/tags/nightly", "refs/tags/model")
    repository.run("git", "tag", "nightly", head)
    publication.fetch()
    assert repository.run("git", "rev-parse", "nightly").stdout.strip() == head != other
    assert repository.run("git", "tag").stdout.split() == ["nightly"]


def test_origin_that_does_not_answer_is_one_line(repository: Repository) -> None:
    """Git's own words say why nothing can be released."""
    os.rename(origin(repository), origin(repository).with_name("away.git"))
    with pytest.raises(MainlineError, match=r"^`git ls-remote` says: .*does not appear to be a git repository"):
        release()
