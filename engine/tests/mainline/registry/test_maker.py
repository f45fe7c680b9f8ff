"""Which repository made a tag: known by its origin's path, and counted there and where it was taken over."""

from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.registry import maker, records, tags
from tests.mainline.registry import registries
from tests.mainline.registry.registries import Registry


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/Owner/Name.git", "owner/name"),
        ("https://user:secret@github.com/owner/name", "owner/name"),
        ("git@github.com:owner/name.git", "owner/name"),
        ("work:owner/name.git", "owner/name"),
        ("ssh://git@host:2222/group/part/name.git/", "group/part/name"),
        ("../origin.git", None),
        ("/srv/origin.git", None),
        ("file:///srv/origin.git", None),
    ],
)
def test_a_repository_is_known_by_its_path(tmp_path: Path, url: str, name: str | None) -> None:
    """Protocol, user, host's alias and case make no difference; a folder has no name."""
    made = registries.create(tmp_path / "repository")
    made.git("remote", "add", "origin", url)
    assert maker.name(made.path) == name


@pytest.fixture
def fork(tmp_path: Path) -> Registry:
    """A fork with the tags of the repository that it was made from."""
    made = registries.create(tmp_path / "repository")
    made.release("v1.0.0", 1, registry="owner/name")
    made.git("remote", "add", "origin", "git@github.com:somebody/name.git")
    made.git("update-ref", "refs/remotes/origin/main", "HEAD")
    made.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    return made


def test_tags_of_another_repository_do_not_count(fork: Registry) -> None:
    """The version is none of the fork's, and a line says whose it is and which commands decide."""
    assert tags.versions(fork.path) == []
    read = tags.read(fork.path)
    assert read.taken >= {"@v1.0.0"}
    assert read.foreign == {"owner/name": ["model@v1.0.0"]}
    said = read.skipped[0]
    assert said.startswith("1 tags of the registry were made by owner/name and do not count in somebody/name.")
    assert "--remove" in said
    assert "--adopt" in said


def test_what_was_taken_over_counts(fork: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does everything where it was made, and where nobody can tell."""
    with monkeypatch.context() as there:
        there.chdir(fork.path)
        maker.adopt(["owner/name"])
        maker.adopt(["older/name"])
    assert maker.adopted(fork.path) == ("older/name", "owner/name")
    assert [version.name for version in tags.versions(fork.path)] == ["v1.0.0"]
    assert tags.read(fork.path).skipped == []
    (fork.path / maker.FILE).unlink()
    for url in ("https://github.com/owner/name", "../folder.git"):
        fork.git("remote", "set-url", "origin", url)
        assert [version.name for version in tags.versions(fork.path)] == ["v1.0.0"]


def test_a_clone_with_the_old_name_is_told_the_new_address(fork: Registry) -> None:
    """After a renaming, clones and followers ask by the old address; to remove tags there would be wrong."""
    (fork.path / maker.FILE).write_text("adopted: [somebody/name]\n")
    (said,) = tags.read(fork.path).skipped[:1]
    assert said.startswith("1 tags of the registry were made by owner/name and do not count in somebody/name, which ")
    assert "`git remote set-url origin URL`" in said
    assert "--remove" not in said


def test_a_tag_without_a_maker_counts() -> None:
    """Records from before say nothing, and words outside of the record are not its."""
    written = records.write(['"registry":"evil/name"'], registries.release("v1.0.0", 14.0))
    assert maker.of_message(written) is None
    assert '"registry":null' not in written


def test_a_file_that_says_nothing_is_refused(fork: Registry) -> None:
    """A misspelt key takes nothing over in silence."""
    (fork.path / maker.FILE).write_text("adoptd: [owner/name]\n")
    with pytest.raises(MainlineError, match=r"is not a known key|is missing"):
        tags.versions(fork.path)
