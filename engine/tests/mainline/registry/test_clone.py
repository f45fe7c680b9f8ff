"""A clone that lacks what the registry is in: refused with the command that brings it."""

import re
import subprocess
from pathlib import Path

import pytest

from mainline.commands.history import NOTHING, history
from mainline.errors import MainlineError
from mainline.registry import delivery, lineage, tags
from tests.mainline.registry.registries import Registry, at


@pytest.fixture
def shared(empty: Registry) -> Registry:
    """A repository with two versions, and a branch that has come off before the second."""
    empty.release("v1.0.0", 1)
    empty.git("branch", "other")
    empty.release("v1.1.0", 2)
    return empty


def clone(shared: Registry, *options: str) -> Path:
    """Clone over a transport that heeds every option."""
    made = shared.path.parent / "clone"
    shared.git("clone", "--quiet", *options, f"file://{shared.path}", str(made))
    return made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--no-tags"], "has none of the 4 tags that the registry at origin has"),
        (["--depth=1"], "is shallow, so older versions are not in it"),
        (["--depth=1", "--no-single-branch"], "is shallow"),
        (["--single-branch", "--branch=other"], "does not have the default branch of origin"),
        (["--no-tags", "--single-branch", "--branch=other", "--origin=company"], "the registry at company"),
    ],
)  # fmt: skip
def test_clone_that_lacks_the_registry_is_refused(shared: Registry, options: list[str], said: str) -> None:
    """No command says that nothing was registered; the one that the message names brings all of it."""
    made = clone(shared, *options)
    asked = (
        lambda: history(None, True, made), lambda: lineage.trace("v1.0.0", made),
        lambda: delivery.measure("production", at(9), repository=made),
    )  # fmt: skip
    for ask in asked:
        with pytest.raises(MainlineError, match=rf"^this clone .*{said}.* brings it") as refused:
            ask()
    command = re.search(r"`(git fetch .*?)` brings it", str(refused.value))
    assert command
    subprocess.run(["sh", "-c", command[1]], cwd=made, check=True, capture_output=True)
    for ask in asked:
        ask()
    assert [version.name for version in tags.versions(made)] == ["v1.1.0", "v1.0.0"]


def test_renamed_default_branch_is_taken_by_the_command_that_is_named(shared: Registry) -> None:
    """Versions that were released on a renamed branch are not passed over for being on no `main`."""
    made = clone(shared)
    shared.git("branch", "--move", "main", "trunk")
    shared.release("v1.2.0", 3)
    subprocess.run(["git", "fetch", "--quiet", "--tags"], cwd=made, check=True)
    with pytest.raises(
        MainlineError, match=r"^this clone takes main for the default branch, which is trunk by"
    ) as said:
        history(None, False, made)
    command = re.search(r"`(git fetch .*?)` brings it", str(said.value))
    assert command
    subprocess.run(["sh", "-c", command[1]], cwd=made, check=True, capture_output=True)
    assert "v1.2.0" in history(None, False, made)


@pytest.mark.parametrize(
    ("event", "known"),
    [('{"repository": {"default_branch": "trunk"}}', ["v1.1.0", "v1.0.0"]), ("[]", []), ("{", [])],
)  # fmt: skip
def test_event_names_the_default_branch_of_a_remote_that_does_not_answer(
    shared: Registry, event: str, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job on GitHub without credentials of a private repository has its checkout, which has no `origin/HEAD`."""
    shared.git("branch", "--move", "main", "trunk")
    made = clone(shared)
    for command in (["remote", "set-head", "origin", "--delete"], ["remote", "set-url", "origin", "nowhere"]):
        subprocess.run(["git", *command], cwd=made, check=True, capture_output=True)
    file = made / "event.json"
    file.write_text(event)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(file))
    assert [version.name for version in tags.versions(made)] == known


def test_whole_clone_needs_no_network(shared: Registry) -> None:
    """With tags and main here, nobody is asked; with neither and nobody there, nothing was registered."""
    made = clone(shared)
    shared.path.rename(shared.path.with_name("away"))
    assert "v1.1.0" in history(None, False, made)
    delete = "git tag | xargs -n 1 git tag --delete"
    subprocess.run(["sh", "-c", delete], cwd=made, check=True, capture_output=True)
    assert history(None, False, made) == NOTHING


def test_before_the_first_release_a_clone_lacks_nothing(empty: Registry) -> None:
    """A shallow clone of a repository without a registry is not refused."""
    assert history(None, False, clone(empty, "--depth=1")) == NOTHING
