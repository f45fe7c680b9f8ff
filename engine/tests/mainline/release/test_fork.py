"""A fork of a repository that has released something: what it got does not count, and there is a way on."""

import re
import shutil
from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.registry import maker, tags
from mainline.remote import packages
from tests.door import typed
from tests.mainline.release.conftest import Repository, release


def host(repository: Repository, name: str) -> None:
    """Let the origin be a repository on a host, which git finds in the folder beside."""
    url = f"https://host.example/{name}.git"
    repository.run("git", "config", "remote.origin.url", url)
    repository.run("git", "config", "--add", f"url.{repository.path.parent}/origin.git.insteadOf", url)


@pytest.fixture
def fork(repository: Repository) -> Repository:
    """A fork of a repository with a version in production, and another model on its main."""
    host(repository, "owner/name")
    release()
    host(repository, "somebody/name")
    repository.change(model={"depth": 4})
    return repository


def test_a_fork_is_asked_before_its_first_release(fork: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A renamed repository looks the same, so nobody guesses: both ways on are named, and nothing was released."""
    with pytest.raises(MainlineError, match=r"nothing is released until you decide which versions count"):
        release()
    assert "3 tags of the registry were made by owner/name and do not" in capsys.readouterr().out
    assert len(fork.tags()) == 3


def test_a_fork_that_removes_what_it_got_begins_anew(fork: Repository) -> None:
    """The tags are gone here and at the origin, those that archive with them, and the first release is v1.0.0."""
    fork.run("git", "tag", "--annotate", "--message", "Archived", "model@v1.0.0!", "model@v1.0.0^{}")
    fork.run("git", "push", "--quiet", "origin", "model@v1.0.0!")
    assert typed("registry", "--remove").startswith("4 tags of other repositories are removed.")
    assert fork.tags() == []
    assert "v1.0.0 is released." in release()
    found = tags.versions()[0].release
    assert found is not None
    assert (found.registry, found.bump) == ("somebody/name", "first")
    with pytest.raises(MainlineError, match="nothing to take over or to remove"):
        typed("registry", "--remove")


def test_a_renamed_repository_takes_its_versions_over(fork: Repository) -> None:
    """What it released under its old name is compared with and replaced."""
    assert "registry.yaml takes over the tags of owner/name" in typed("registry", "--adopt")
    fork.merge("Take over the old name's versions")
    assert "v1.1.0 is released." in release()
    found = tags.versions()[0].release
    assert found is not None
    assert (found.replaces, found.registry) == ("v1.0.0", "somebody/name")


def test_a_clone_with_the_old_address_removes_no_release_of_the_renamed_repository(fork: Repository) -> None:
    """The old address still answers after a renaming; releases under the new name are not another repository's."""
    typed("registry", "--adopt")
    fork.merge("Take over the old name's versions")
    release()
    before = fork.tags()
    host(fork, "owner/name")
    for word in ("--remove", "--adopt"):
        with pytest.raises(MainlineError, match=r"has owner/name as an old name of this repository, .* set-url origin"):
            typed("registry", word)
    assert fork.tags() == before


@pytest.mark.parametrize("store", ["theirs", "lost"])
def test_adopted_versions_bring_their_artifacts(fork: Repository, store: str) -> None:
    """From the store that the fork's .dvc/config still names they come into the cache; what is nowhere is said."""
    shutil.rmtree(fork.path / ".dvc/cache")
    if store == "lost":
        shutil.rmtree(fork.path.parent / "storage")
    said = typed("registry", "--adopt")
    assert (fork.path / maker.FILE).is_file()
    if store == "theirs":
        assert re.search(r"^[1-9][0-9]* objects were brought", said, re.MULTILINE)
        shutil.rmtree(fork.path.parent / "storage")
        assert packages.fetch(tags.find("v1.0.0"), fork.path.parent / "fetched").is_dir()
    else:
        assert re.search(
            r"^Their artifacts are not all here: .*v1\.0\.0.*Declare the store that has", said, re.MULTILINE
        )


def test_numbers_go_on_beyond_those_that_others_gave(fork: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A fork with versions of its own goes on, says whose tags lie beside, and takes no name twice."""
    maker.adopt(["owner/name"])
    fork.merge("Take over the old name's versions")
    release()
    Path(maker.FILE).unlink()
    fork.change(model={"depth": 6})
    assert "v1.2.0 is released." in release()
    assert "made by owner/name and do not count in somebody/name" in capsys.readouterr().out
