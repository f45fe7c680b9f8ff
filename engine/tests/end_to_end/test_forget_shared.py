"""A plane of the flights forgotten where a team works: data in S3, monitoring on a shared branch, versions released."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import project
from tests.end_to_end.test_forget import answer, mainline, planes, texts
from tests.object_store import ObjectStore
from tests.project import Project

pytestmark = pytest.mark.slow
PREFIX = "forget"


class Team:
    """The flights with planes as persons: in a repository with an origin and a bucket."""

    def __init__(self, made: Project, store: ObjectStore) -> None:
        self.made, self.store, self.environment = made, store, dict(store.environment)

    def run(self, *words: str, succeed: bool | None = True) -> str:
        """Run a command with the rights of the bucket; return all that it says."""
        return mainline(self.made, *words, succeed=succeed, **self.environment)

    def push(self, message: str) -> None:
        """Commit everything and push it."""
        self.made.commit(message)
        self.made.run("git", "push", "--quiet", "origin", "main")

    def stored(self, plane: str) -> set[str]:
        """Return the objects of the bucket that hold a plane; read without the command."""
        found = self.store.read(*self.store.keys(PREFIX))
        return {key for key, content in found.items() if any(plane in text for text in texts(content))}

    def shared(self) -> set[str]:
        """Return the files of the branch that machines share."""
        self.made.run("git", "fetch", "--quiet", "origin")
        return set(self.made.run("git", "ls-tree", "-r", "--name-only", "origin/monitoring/production").stdout.split())


@pytest.fixture
def team(tmp_path: Path, object_store: ObjectStore) -> Iterator[Team]:
    """The first version in production, answers that were rolled up and shared."""
    made = project.copy(tmp_path / "project")
    found = Team(made, object_store)
    made.give_origin(str(tmp_path / "origin.git"))
    interface = made.path / "src/usecase/interface.py"
    declared = 'PERSONAL: dict[str, str] = {"tailnum": "it finds the plane"}'
    interface.write_text(interface.read_text().replace("PERSONAL: dict[str, str] = {}", declared))
    found.run("remote", object_store.url(PREFIX), "--endpoint", object_store.endpoint)
    found.run("repro")
    found.push("Declare that planes are persons")
    assert "v1.0.0 is released." in found.run("promote")
    answer(made, "--share", **found.environment)
    yield found
    object_store.remove(*object_store.keys(PREFIX))


def test_a_team_forgets_a_plane_and_goes_on(team: Team) -> None:
    """The bucket and the branch lose it; gate, rebuild, release and rollback go on; what must stay is named."""
    plane = planes(team.made)[0]
    flown, before = team.stored(plane), team.shared()
    assert flown
    said = team.run("forget", plane)
    assert "Stays: the package of v1.0.0: production and staging have it; promote another" in said, said
    assert len(team.stored(plane)) == 1  # the table of planes of v1.0.0
    assert team.shared() < before
    team.push("Forget a plane")
    team.run("gate")
    assert "The lock is true" in team.run("verify")
    released = re.search(r"(v1\.\d+\.\d+) is released\.", team.run("promote"))
    assert released is not None
    for version in ("v1.0.0", released[1]):
        assert version in team.run("rollback", version, "--now")
    assert "Stays" not in team.run("forget", plane)
    assert team.stored(plane) == set()
    refused = team.run("rollback", "v1.0.0", "--now", succeed=False)
    assert "v1.0.0 was built before keys were forgotten, and its package is gone with them." in refused
