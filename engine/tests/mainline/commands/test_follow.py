"""Which repository `follow` and `serve --follow` take, and where they work."""

import subprocess
from pathlib import Path

import pytest

from mainline.commands import serve
from mainline.errors import MainlineError
from mainline.rollout import follower
from tests.door import typed

URL = "https://git.example.org/a/b.git"


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """A repository to stand in, and what would be followed; nothing is."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    taken: list[tuple[object, ...]] = []
    monkeypatch.setattr(follower, "run", lambda *given: taken.append(given))
    monkeypatch.setattr(serve, "serve_followed", lambda *given: str(taken.append(given)))
    return taken


COMMANDS = [("follow",), ("serve", "--follow")]


@pytest.mark.parametrize("words", COMMANDS)
def test_without_a_url_it_is_the_repository_that_everyone_reads(
    followed: list[tuple[object, ...]], words: tuple[str, ...]
) -> None:
    """The remote's URL is taken where none is named; one that is named is taken before it."""
    subprocess.run(["git", "remote", "add", "origin", URL], check=True)
    typed(*words)
    typed(*words, "../other.git", "--environment", "staging")
    assert [given[0] for given in followed] == [URL, "../other.git"]
    assert Path(".mainline/production") in followed[0]
    assert Path(".mainline/staging") in followed[1]


@pytest.mark.usefixtures("followed")
@pytest.mark.parametrize("words", COMMANDS)
def test_without_a_remote_a_url_is_asked_for(words: tuple[str, ...]) -> None:
    """A repository of nobody else has nothing to follow."""
    with pytest.raises(MainlineError, match=r"no remote to follow; name a URL or a folder\."):
        typed(*words)


@pytest.mark.usefixtures("followed")
@pytest.mark.parametrize("words", COMMANDS)
def test_an_option_of_git_is_not_a_url(words: tuple[str, ...]) -> None:
    """What git would take for an option is refused."""
    *before, last = words
    given = [*before, f"{last}=--upload-pack=x"] if last.startswith("--") else [*words, "--", "--upload-pack=x"]
    with pytest.raises(MainlineError, match="'--upload-pack=x' is not a repository"):
        typed(given[0], *given[1:])


def test_settings_are_those_of_the_environment(followed: list[tuple[object, ...]]) -> None:
    """A server reads deploy/ENVIRONMENT.yaml unless another file is named."""
    typed("serve", "--follow", URL, "--environment", "staging")
    typed("serve", "--follow", URL, "--settings", "own.yaml")
    assert [given[2] for given in followed] == [Path("deploy/staging.yaml"), Path("own.yaml")]
