"""A private repository, which nobody reads without a token: a job without git's credentials has what was checked out.

It goes the way of `test_story`, as far as the repository's visibility could matter.
"""

import shutil
from collections.abc import Iterator

import pytest

from tests.github.conftest import forked
from tests.github.world import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("act") is None, reason="act is not installed; the environment of the tests has it"),
]


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A private fork with the small use case, pushed and never released."""
    with forked(tmp_path_factory.mktemp("private"), private=True) as made:
        yield made


def test_nobody_reads_it_without_a_token(fork: World) -> None:
    """The stand-in refuses as GitHub does, or the other tests here would show nothing."""
    with_token = fork.project.run("git", "remote", "get-url", "origin").stdout.strip()
    scheme, _, rest = with_token.rpartition("@")
    without = f"https://{rest}" if scheme else with_token
    asked = fork.project.run("git", "ls-remote", without, succeed=False, GIT_TERMINAL_PROMPT="0")
    assert "could not read Username" in asked.stderr


def test_its_release_has_tags_and_image_and_no_attestation(fork: World) -> None:
    """The job of the image reads the registry from its checkout; what needs another plan of GitHub is left out."""
    run = fork.release()
    assert run.succeeded, run.said
    assert fork.tags() == {"model@v1.0.0", "model#staging#1", "model#production#1"}
    assert set(fork.images()) == {"v1.0.0"}
    assert "is attested" not in run.said


def test_its_pull_request_is_held_against_production_and_gets_its_comment(fork: World) -> None:
    """Nothing of the comment is an address that only somebody with a session could open as a picture."""
    commit = fork.change("better", C=0.9)
    pull = fork.github.repository.open("better", "Better")
    run = fork.look(pull)
    assert run.succeeded, run.said
    told = fork.tell(run)
    assert told.succeeded, told.said
    (comment,) = fork.comments(1)
    assert "better than production" in comment
    assert "![](https://cml.dev/watermark.png" in comment
    assert comment.count("![") == 1
    assert fork.check(commit) == "success"
