"""Cleaning: only what nothing needs goes, and nothing where that cannot be told."""

from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.remote import listings, objects, transfer
from mainline.remote.stores import open_remote
from tests.door import typed
from tests.mainline.remote.conftest import PIPELINE
from tests.project import Project


def change(repository: Project, text: str) -> None:
    """Make other outputs, push and commit them."""
    made = PIPELINE.replace("echo text", f"echo {text}").replace("echo two", f"echo {text}")
    (repository.path / "dvc.yaml").write_text(made)
    repository.run("dvc", "repro", "--quiet")
    transfer.push(objects.of_workspace())
    repository.run("git", "commit", "--quiet", "--all", "--message", text)


@pytest.fixture
def grown(repository: Project) -> Project:
    """Three states of the outputs in the store: a version's, a branch's, and main's; and one that nothing names."""
    transfer.push(objects.of_workspace())
    repository.run("git", "tag", "model@v1.0.0")
    for name in ("branch", "lost", "main"):
        change(repository, name)
        if name == "branch":
            repository.run("git", "branch", "kept")
    return repository


def needed(repository: Project, *names: str) -> set[str]:
    """List the objects of commits, by hand."""
    found = set()
    for name in names:
        outputs = objects.of_commit(repository.run("git", "rev-parse", f"{name}^{{commit}}").stdout.strip())
        found |= set(listings.expand(outputs, [open_remote()]))
    return found


def test_it_shows_first_and_removes_when_asked(grown: Project) -> None:
    """Without --yes nothing changes; with it the state that nothing names is gone and all others are whole."""
    before = set(open_remote().everything())
    keep = needed(grown, "model@v1.0.0", "kept", "main")
    # Of the lost state: its folder's listing and its text, which is both the second file and the model.
    assert "2 are not" in typed("clean", "--older-than", "0")
    assert set(open_remote().everything()) == before
    assert "others were removed" in typed("clean", "--yes", "--older-than", "0")
    assert set(open_remote().everything()) == keep
    assert before - keep
    assert open_remote().check(keep).all == ()
    assert "There is nothing to clean." in typed("clean", "--yes", "--older-than", "0")


def test_what_is_young_stays(grown: Project) -> None:
    """An object may belong to a branch that is not pushed yet, so a week has to pass."""
    before = set(open_remote().everything())
    said = typed("clean", "--yes", "--older-than", "7")
    assert "are younger than 7 days and stay" in said
    assert set(open_remote().everything()) == before
    assert grown.path.exists()


def test_a_branch_of_the_origin_counts(grown: Project) -> None:
    """What only somebody else's branch needs stays."""
    grown.run("git", "clone", "--quiet", "--bare", ".", "../origin.git")
    grown.run("git", "branch", "--delete", "--force", "kept")
    grown.run("git", "remote", "add", "origin", "../origin.git")
    grown.run("git", "fetch", "--quiet", "origin")
    keep = needed(grown, "origin/kept", "main", "model@v1.0.0")
    typed("clean", "--yes", "--older-than", "0")
    assert keep <= set(open_remote().everything())


def test_what_cannot_be_told_is_not_removed(grown: Project) -> None:
    """A version whose folder's listing is damaged everywhere might need anything: nothing goes."""
    listing = next(output.oid for output in objects.of_commit("model@v1.0.0") if objects.is_listing(output.oid))
    for store in (grown.path.parent / "storage", grown.path / ".dvc/cache"):
        file = next(store.rglob(listing[2:]))
        file.chmod(0o644)
        file.write_text("[]")
    before = set(open_remote().everything())
    with pytest.raises(MainlineError, match=r"nothing was removed: what version v1.0.0 needs cannot be told"):
        typed("clean", "--yes", "--older-than", "0")
    assert set(open_remote().everything()) == before


def test_a_lock_that_cannot_be_read_stops_it(grown: Project) -> None:
    """A branch with a broken lock might need anything."""
    (grown.path / "dvc.lock").write_text("stages: [")
    grown.run("git", "commit", "--quiet", "--all", "--message", "Break")
    grown.run("git", "branch", "broken")
    grown.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    with pytest.raises(MainlineError, match=r"nothing was removed: what refs/heads/broken needs cannot be told"):
        typed("clean", "--yes", "--older-than", "0")


def test_a_branch_that_was_never_pushed_does_not_stop_it(grown: Project) -> None:
    """The store has nothing of it, so there is nothing to lose."""
    grown.run("git", "checkout", "--quiet", "-b", "local")
    pipeline = grown.path / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("echo one", "echo local"))
    grown.run("dvc", "repro", "--quiet")
    grown.run("git", "commit", "--quiet", "--all", "--message", "Local")
    listing = next(output.oid for output in objects.of_workspace() if objects.is_listing(output.oid))
    grown.run("git", "checkout", "--quiet", "main")
    next((grown.path / ".dvc/cache").rglob(listing[2:])).unlink()
    assert "others were removed" in typed("clean", "--yes", "--older-than", "0")
    assert Path("dvc.lock").exists()
