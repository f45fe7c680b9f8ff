"""Which objects a lock names."""

import pytest

from mainline.remote import objects
from mainline.repository.lock import LockError
from tests.project import Project


@pytest.mark.usefixtures("repository")
def test_outputs_are_those_that_dvc_keeps() -> None:
    """A folder and a file are outputs; a metric that git keeps is none."""
    found = objects.of_workspace()
    assert [(output.stage, output.path) for output in found] == [("make", "data"), ("make", "model")]
    assert [objects.is_listing(output.oid) for output in found] == [True, False]
    assert objects.of_commit("HEAD") == found


def test_a_commit_without_a_pipeline_needs_nothing(repository: Project) -> None:
    """A branch of pages or notes has no lock, and no objects."""
    empty = repository.run("git", "commit-tree", "-m", "Empty", "4b825dc642cb6eb9a060e54bf8d69288fbee4904").stdout
    assert objects.of_commit(empty.strip()) == []


def test_a_lock_that_cannot_be_read_is_an_error() -> None:
    """What a broken lock needs is unknown, not nothing."""
    with pytest.raises(LockError, match="cut off or damaged"):
        objects.outputs("stages: [", "stages: {}")


def test_content_is_held_against_its_name() -> None:
    """One flipped bit in the last piece is noticed; a listing's suffix is not part of the hash."""
    name = "5d41402abc4b2a76b9719d911017c592"
    assert objects.fits(name, iter([b"he", b"llo"]))
    assert objects.fits(name + ".dir", iter([b"hello"]))
    assert not objects.fits(name, iter([b"he", b"lln"]))


def test_a_repository_of_dvc_inside_keeps_its_own(repository: Project) -> None:
    """A folder with a configuration of DVC's own is not a part of this pipeline, and its outputs are not asked for."""
    before = objects.of_workspace()
    for name in ("dvc.yaml", "dvc.lock", ".dvc/config"):
        inner = repository.path / "engine/inner" / name
        inner.parent.mkdir(parents=True, exist_ok=True)
        inner.write_text((repository.path / name).read_text())
    repository.commit("Add a repository inside")
    assert objects.of_workspace() == objects.of_commit("HEAD") == before != []
