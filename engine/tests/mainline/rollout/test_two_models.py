"""Two models of one origin: each has its own versions, events, monitoring and reverts, whichever main names."""

from dataclasses import replace

import pytest

from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.monitoring import sharing
from mainline.registry import artifact, branches, events, tags
from mainline.repository import tree
from mainline.repository.tree import Entry
from mainline.rollout import reports
from mainline.rollout.follower import Follower
from mainline.rollout.records import Event
from tests.mainline.rollout.conftest import Followed

DIGEST = "ab" * 32


def rename(followed: Followed, name: str) -> None:
    """Let main call the package by another name."""
    pipeline = followed.repository.path / "dvc.yaml"
    before = pipeline.read_text().partition("artifacts:")[0]
    pipeline.write_text(f"{before}artifacts:\n  {name}: {{path: models/package}}\n")
    followed.repository.merge(f"Call it {name}")


def told(environment: str = "production") -> list[str]:
    """Return what servers told of the model that main names."""
    return [f"{event.event} {event.version}" for event in events.read(environment).events]


def at_origin(followed: Followed) -> set[str]:
    """Return the branches of the origin, without main."""
    listed = followed.repository.run("git", "-C", "../origin.git", "branch", "--format", "%(refname:short)").stdout
    return {*listed.split()} - {"main"}


def test_environments_are_where_they_are_declared() -> None:
    """The folder stands in two places, so that the lighter one need not load the other."""
    assert artifact.ENVIRONMENTS == environments.FOLDER


def test_versions_events_and_reverts_of_two_models_are_kept_apart(followed: Followed) -> None:
    """Promoted, followed, aborted and rolled back, the second leaves the first's branches as they were."""
    followed.release()
    followed.source.look()
    assert reports.deliver((Event(1, 1.0, "served", "v1.0.0", DIGEST),), "production") == {1}
    assert at_origin(followed) == {"deployments/production"}

    rename(followed, "bikes")
    followed.release(5)
    followed.release(6)
    assert followed.repository.has("production") == "v1.1.0"
    found = followed.source.look()
    assert (found.problem, found.wanted and found.wanted.version) == ("", "v1.1.0")
    assert told() == []
    outbox = (Event(2, 2.0, "aborted", "v1.1.0", DIGEST), Event(3, 3.0, "revert", "v1.0.0", DIGEST))
    assert reports.deliver(outbox, "production") == {2, 3}
    assert told() == ["aborted v1.1.0"]
    assert at_origin(followed) == {
        "deployments/production", "deployments/bikes/production", "rollback/bikes/v1.0.0",
    }  # fmt: skip

    followed.repository.run("git", "fetch", "--quiet", "origin")
    followed.repository.run("git", "merge", "--quiet", "origin/rollback/bikes/v1.0.0")
    followed.repository.run("git", "push", "--quiet", "origin", "main")
    followed.release()
    assert followed.repository.has("production") == "v1.0.0"

    rename(followed, "model")
    followed.source.look()
    assert told() == ["served v1.0.0"]
    assert [version.name for version in tags.versions(followed.repository.path)] == ["v1.0.0"]


def test_a_follower_takes_the_first_version_of_another_model(followed: Followed) -> None:
    """Both are v1.0.0: the second serves without steps, and what was not told yet is told of the first one."""
    followed.release()
    follower = Follower(followed.source, followed.source.place)

    def serves() -> tuple[str, str]:
        for _ in range(2):
            follower.look()
            follower.tick()
        assert follower.found.problem == ""
        stable = follower.driver.state.stable
        assert stable is not None
        return follower.driver.state.model, stable.digest

    follower.look()
    follower.tick()
    first = serves()
    assert told() == ["served v1.0.0"]
    late = Event(10, 10.0, "aborted", "v1.2.0", DIGEST, model="model")
    follower.driver.state = replace(follower.driver.state, outbox=(late, replace(late, id=11, kind="revert")))

    rename(followed, "bikes")
    followed.release(5)
    second = serves()
    assert (first[0], second[0], first[1] == second[1]) == ("model", "bikes", False)
    assert told() == ["served v1.0.0"]
    assert at_origin(followed) == {"deployments/production", "deployments/bikes/production"}

    rename(followed, "model")
    assert serves() == first
    assert sorted(told()) == ["aborted v1.2.0", "served v1.0.0"]


def test_what_monitoring_shares_is_of_one_model(followed: Followed) -> None:
    """Each has a branch, and an environment that only the other one has is not looked for."""
    change = lambda _: {"seen.json": Entry("100644", tree.store(b"{}"))}  # noqa: E731
    branches.update(sharing.branch("staging"), change, "See")
    rename(followed, "bikes")
    assert sharing.environments() == []
    branches.update(sharing.branch("production"), change, "See")
    assert sharing.environments() == ["production"]
    assert at_origin(followed) == {"monitoring/staging", "monitoring/bikes/production"}
    rename(followed, "model")
    assert sharing.environments() == ["staging"]


@pytest.mark.parametrize("name", ["production", "bikes/production", "staging/bikes"])
def test_model_is_not_called_as_an_environment(name: str, followed: Followed) -> None:
    """Git cannot have both branches, so the name is refused in one line before anything is released."""
    rename(followed, name)
    with pytest.raises(MainlineError, match=r"has the name of the environment (production|staging) in it") as refused:
        artifact.name()
    assert "\n" not in str(refused.value)
    with pytest.raises(MainlineError, match="has the name of the environment"):
        followed.release()
    assert followed.repository.tags() == []
