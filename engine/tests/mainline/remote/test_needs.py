"""What counts as needed: every file of DVC that names data, at every commit that something points at."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.remote import notes, objects, transfer
from mainline.remote.stores import open_remote
from tests.door import typed
from tests.project import Project

WEEK = 7 * 86_400  # seconds
SECOND = """\
stages:
  other:
    cmd: echo second > made
    outs:
      - made
"""


def age(store: Path, seconds: float = 2 * WEEK) -> None:
    """Make everything in a store as old as if nobody had written to it since."""
    for path in store.rglob("*"):
        if path.is_file():
            os.utime(path, times=(time.time() - seconds,) * 2)


def added(repository: Project) -> None:
    """Let DVC keep a folder that no stage makes."""
    (repository.path / "labels").mkdir()
    (repository.path / "labels/first.csv").write_text("by hand\n")
    repository.run("dvc", "add", "--quiet", "labels")


def in_subfolder(repository: Project) -> None:
    """Add a second pipeline, in a folder of its own."""
    (repository.path / "second").mkdir()
    (repository.path / "second/dvc.yaml").write_text(SECOND)
    repository.run("dvc", "repro", "--quiet", "second/dvc.yaml")


def imported(repository: Project) -> None:
    """Import a file from a place outside."""
    (repository.path.parent / "outside.csv").write_text("elsewhere\n")
    repository.run("dvc", "import-url", "--quiet", "../outside.csv", "taken.csv")


KINDS = [added, in_subfolder, imported]


def test_what_is_not_pushed_is_imported_again(repository: Project) -> None:
    """Data declared with `push: false` stays out of the store, and a pull takes it from where it came from."""
    imported(repository)
    file = repository.path / "taken.csv.dvc"
    file.write_text(file.read_text() + "  push: false\n")
    assert transfer.push(objects.of_workspace()) == 4  # the pipeline's own
    repository.run("rm", "-rf", ".dvc/cache", "taken.csv")
    transfer.pull(objects.of_workspace())
    assert (repository.path / "taken.csv").read_text() == "elsewhere\n"
    repository.run("rm", "-rf", ".dvc/cache", "taken.csv", "../outside.csv")
    with pytest.raises(MainlineError, match=r"taken.csv is not in the remote, and cannot be imported.*`dvc update"):
        transfer.pull(objects.of_workspace())


def test_a_file_of_dvc_that_is_not_text_is_told(repository: Project) -> None:
    """A branch may hold anything; what cannot be read stops a clean in a line."""
    transfer.push(objects.of_workspace())
    (repository.path / "odd.dvc").write_bytes(b"\xff\xfe: [")
    repository.commit("Odd")
    with pytest.raises(MainlineError, match=r"nothing was removed: what .* needs cannot be told. odd.dvc cannot"):
        typed("clean", "--yes", "--older-than", "0")


def held() -> set[str]:
    """Name what the store has."""
    return set(open_remote().everything())


@pytest.mark.parametrize("make", KINDS)
def test_data_beside_the_pipeline_is_pushed_kept_and_pulled(
    repository: Project, make: Callable[[Project], None]
) -> None:
    """What `dvc add`, a second pipeline or an import brought is data like the pipeline's own."""
    transfer.push(objects.of_workspace())
    without = held()
    make(repository)
    repository.commit("More data")
    assert transfer.push(objects.of_workspace()) > 0
    needed = held()
    assert needed > without
    typed("clean", "--yes", "--older-than", "0")
    assert held() == needed
    made = list(repository.path.rglob("*.csv")) + list(repository.path.glob("second/made"))
    contents = {path: path.read_bytes() for path in made}
    assert contents
    repository.run("rm", "-rf", ".dvc/cache", "labels", "second/made", "taken.csv", "../outside.csv")
    transfer.pull(objects.of_workspace())
    assert {path: path.read_bytes() for path in made} == contents


@pytest.mark.parametrize("kept", ["not added to git", "stashed", "in an older stash", "in another worktree"])
def test_data_that_no_commit_of_a_branch_names_is_kept(repository: Project, kept: str) -> None:
    """Work that is not committed yet needs its data, wherever git has put it."""
    added(repository)
    transfer.push(objects.of_workspace())
    needed = held()
    if "stash" in kept:
        repository.run("git", "stash", "push", "--quiet", "--include-untracked")
    if kept == "in an older stash":
        (repository.path / "note").write_text("more")
        repository.run("git", "stash", "push", "--quiet", "--include-untracked")
    if kept == "in another worktree":
        repository.run("git", "worktree", "add", "--quiet", "--detach", "../tree")
        (repository.path / "labels.dvc").rename(repository.path.parent / "tree/labels.dvc")
    typed("clean", "--yes", "--older-than", "0")
    assert held() == needed


def test_branches_that_this_clone_does_not_have_count(
    repository: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a clone of one branch, the data of the others stays."""
    transfer.push(objects.of_workspace())
    repository.run("git", "checkout", "--quiet", "-b", "other")
    added(repository)
    repository.commit("Labels")
    transfer.push(objects.of_workspace())
    repository.run("git", "checkout", "--quiet", "main")
    needed = held()
    repository.run("git", "clone", "--quiet", "--single-branch", "--no-tags", f"file://{repository.path}", "../clone")
    monkeypatch.chdir(tmp_path / "clone")
    typed("clean", "--yes", "--older-than", "0")
    assert held() == needed
    assert Project(tmp_path / "clone").run("git", "branch", "--all").stdout.count("other") == 0


@pytest.mark.usefixtures("repository")
def test_a_remote_that_does_not_answer_stops_it(repository: Project) -> None:
    """What its branches need is unknown, so nothing goes."""
    transfer.push(objects.of_workspace())
    repository.run("git", "remote", "add", "upstream", "../nowhere")
    with pytest.raises(MainlineError, match=r"nothing was removed: what upstream needs cannot be told.*git remote rem"):
        typed("clean", "--yes", "--older-than", "0")


def test_what_a_push_found_there_is_as_good_as_new(
    repository: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old object that a push relies on stays for a week, though no commit that others see names it yet."""
    repository.run("git", "clone", "--quiet", ".", "../clone")
    added(repository)
    transfer.push(objects.of_workspace())
    needed = held()
    age(tmp_path / "storage")
    assert transfer.push(objects.of_workspace()) == 0
    monkeypatch.chdir(tmp_path / "clone")
    assert "stay" in typed("clean", "--yes", "--older-than", "7")
    assert held() == needed
    age(tmp_path / "storage")
    typed("clean", "--yes", "--older-than", "7")
    assert held() < needed
    assert list((tmp_path / "storage/mainline").rglob("*.json")) == []


def test_a_push_does_not_rely_on_what_a_clean_may_take(repository: Project) -> None:
    """While the store is being cleaned, a push does not say that all is there."""
    transfer.push(objects.of_workspace())
    with notes.cleaning(open_remote()), pytest.raises(MainlineError, match=r"being cleaned.*push again"):
        transfer.push(objects.of_workspace())
    assert transfer.push(objects.of_workspace()) == 0
    assert repository.path.is_dir()


def test_a_store_without_dates_is_not_cleaned(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a store does not say when an object was written, new ones cannot be told from old ones."""
    added(repository)
    transfer.push(objects.of_workspace())
    needed = held()
    repository.run("rm", "labels.dvc")
    remote = open_remote()
    ask = remote.files.info
    monkeypatch.setattr(
        type(remote.files),
        "info",
        lambda _, path: {key: value for key, value in ask(path).items() if "time" not in key},
    )
    with pytest.raises(
        MainlineError, match=r"the store does not say when .*`\./mainline remote URL`, then `\./mainline push --all`"
    ):
        typed("clean", "--yes", "--older-than", "7")
    assert held() == needed


def test_who_may_only_read_a_store_sees_what_a_clean_would_take(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the right to write, a look is possible, and a push that finds everything there ends well."""
    transfer.push(objects.of_workspace())
    monkeypatch.setattr("mainline.remote.store._WAIT", 0.0)
    monkeypatch.setattr(type(open_remote().files), "pipe_file", lambda *_: Path("/proc/nowhere").write_bytes(b""))
    assert "There is nothing to clean" in typed("clean", "--older-than", "7")
    assert transfer.push(objects.of_workspace()) == 0
    assert repository.path.is_dir()


def test_the_age_is_told_by_the_store(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock here that is a year ahead makes nothing old."""
    added(repository)
    transfer.push(objects.of_workspace())
    needed = held()
    repository.run("rm", "labels.dvc")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 365 * 86_400)
    typed("clean", "--yes", "--older-than", "7")
    assert held() == needed


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "a/../../outside", "a/./b", "a//b", "", ".", "a\\b", "a\0b", None, 7]
)
def test_a_listing_names_only_files_below_its_folder(name: object) -> None:
    """A name that leads elsewhere is refused before anything is written."""
    content = f'[{{"md5": "{"a" * 32}", "relpath": {__import__("json").dumps(name)}}}]'.encode()
    with pytest.raises(MainlineError, match=r"listing.* names .* which does not lie in its folder"):
        objects.listed(content)


@pytest.mark.parametrize(
    "content", [b"{}", b"[1]", b'[{"relpath": "a"}]', b'[{"md5": "../a", "relpath": "a"}]', b"\xff"]
)
def test_a_listing_is_what_dvc_writes(content: bytes) -> None:
    """Whatever else lies under a listing's name is refused in a line."""
    with pytest.raises(MainlineError, match="listing"):
        objects.listed(content)
