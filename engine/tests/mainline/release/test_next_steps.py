"""What a refusal tells to do next is done, and then the same command works; engine/docs/refusals.md is the table."""

import re
from collections.abc import Callable

import pytest

from mainline.errors import MainlineError
from mainline.release import promotion, rollback
from mainline.release.archive import archive
from tests.mainline.release.conftest import Repository, judge, promote_by, release

Act = Callable[[], str]


def uncommitted(two: Repository) -> Act:
    """A file that is not committed."""
    (two.path / "params.yaml").write_text((two.path / "params.yaml").read_text() + "# A note\n")
    return release


def on_a_branch(two: Repository) -> Act:
    """A commit that is not on the default branch."""
    two.run("git", "switch", "--quiet", "--create", "work")
    two.run("git", "commit", "--quiet", "--allow-empty", "--message", "Work")
    return release


def a_tag_of_ones_own(two: Repository) -> Act:
    """A tag of the registry that the origin does not have."""
    two.run("git", "tag", "--annotate", "--message", "Mine", "model@v9.0.0")
    return release


def another_tag(two: Repository) -> Act:
    """A tag of the registry that is another one at the origin."""
    two.run("git", "tag", "--force", "--annotate", "--message", "Mine", "model@v1.0.0", "HEAD")
    return release


def archived(_: Repository) -> Act:
    """A version that was archived, and is wanted again."""
    archive("v1.0.0", "By mistake.")
    return lambda: rollback.assign_now("v1.0.0", "production")


def overtaken(two: Repository) -> Act:
    """A person's word on a commit that main has moved on from, in a clone whose branch follows nothing."""
    two.declare_environment("edge", after="production", approval="manual")
    two.merge("Serve at the edge too")
    two.merge("Document")
    two.run("git", "switch", "--quiet", "--detach", "HEAD~1")
    return lambda: promotion.approve("edge")


@pytest.fixture
def two(repository: Repository) -> Repository:
    """Two versions, of which each environment has the second."""
    release()
    repository.change(model={"depth": 4})
    release()
    return repository


NEXT = [
    (uncommitted, r"is not committed; .*`(git stash)`", "Nothing is released"),
    (on_a_branch, r"is not on main.*`(git switch main && git pull origin main)`", "Nothing is released"),
    (a_tag_of_ones_own, r"Remove it \(`(git tag --delete 'model@v9\.0\.0')`\)", "Nothing is released"),
    (another_tag, r"Remove yours \(`(git tag --delete 'model@v1\.0\.0')`\)", "Nothing is released"),
    (overtaken, r"main has moved on\. `(git switch main && git pull origin main)`", "edge has v1.1.0"),
    (archived, r"take that decision back: `(.*)`\.$", "production has v1.0.0 instead of v1.1.0"),
]


@pytest.mark.parametrize(("situation", "named", "then"), NEXT, ids=[case[0].__name__ for case in NEXT])
def test_the_command_that_is_named_works(
    two: Repository, situation: Callable[[Repository], Act], named: str, then: str
) -> None:
    """The command between the backquotes is run as it stands, and what was refused goes through."""
    act = situation(two)
    with pytest.raises(MainlineError, match=named) as refused:
        act()
    command = re.search(named, str(refused.value))
    assert command
    two.run("sh", "-c", command[1])
    assert then in act()


@pytest.mark.usefixtures("two")
def test_the_model_of_main_comes_back_after_a_rollback_at_once() -> None:
    """Production that is held is given the model of main by the command that the refusal names; promote would not."""
    rollback.assign_now("v1.0.0", "production")
    with pytest.raises(MainlineError, match=r"`./mainline rollback v1\.1\.0 --now` gives it to production"):
        rollback.prepare("v1.1.0", "production")
    assert "keeps v1.0.0" in promote_by(judge)
    assert "production has v1.1.0 instead of v1.0.0, as main says" in rollback.assign_now("v1.1.0", "production")
    with pytest.raises(MainlineError, match=r"main and production have the model of v1\.1\.0 already"):
        rollback.prepare("v1.1.0", "production")


@pytest.mark.usefixtures("two")
def test_a_version_in_use_is_archived_after_every_environment_went_back() -> None:
    """The command that is named for each environment that has it, one after the other."""
    for environment in ("staging", "production"):
        with pytest.raises(MainlineError, match=rf"`./mainline rollback --now --environment {environment}`"):
            archive("v1.1.0", "It is bad.")
        rollback.assign_now(None, environment)
    assert "v1.1.0 is archived" in archive("v1.1.0", "It is bad.")
