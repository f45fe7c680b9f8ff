"""GTO, the program whose grammar the tags keep, reads the same from them."""

import json
import subprocess
import sys
from pathlib import Path

from mainline.registry import history
from tests.mainline.registry.registries import Registry
from tests.project import Project


def gto(registry: Registry, *arguments: str) -> str:
    """Run GTO in the repository and return what it prints."""
    project = Project(registry.path)
    project.run("git", "config", "user.name", "Ada")
    project.run("git", "config", "user.email", "ada@example.org")
    program = str(Path(sys.executable).parent / "gto")
    done = subprocess.run(
        [program, *arguments], cwd=registry.path, env=project.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gto_and_we_read_the_same_versions_and_assignments(empty: Registry) -> None:
    """Names, commits, times and stages of versions and assignments agree, also after a return and for two stages."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.assign("v1.0.0", 3, "return")
    empty.assign("v1.1.0", 4, "approval", "staging")
    told = history.read(repository=empty.path)
    events = json.loads(gto(empty, "history", "model", "--json"))
    registered = {(item["version"], item["commit"]) for item in events if item["event"] == "registration"}
    given = [(item["stage"], item["version"]) for item in events if item["event"] == "assignment"]
    assert registered == {(item.version, item.commit) for item in told.versions}
    assert sorted(given) == sorted((item.environment, item.version) for item in told.assignments)
    now = {version.version: version.environments for version in told.versions}
    assert now == {"v1.0.0": ["production"], "v1.1.0": ["staging"]}


def test_what_gto_does_is_in_our_history(empty: Registry) -> None:
    """A version registered, assigned and deregistered by GTO is told as that, with who did it."""
    gto(empty, "register", "model", "--version", "v0.1.0")
    gto(empty, "assign", "model", "--version", "v0.1.0", "--stage", "production")
    gto(empty, "deprecate", "model", "v0.1.0")
    told = history.read(repository=empty.path)
    assert [(item.number, item.version, item.by) for item in told.assignments] == [(1, "v0.1.0", "Ada")]
    assert [(item.version, item.by, item.archived) for item in told.versions] == [("v0.1.0", "Ada", True)]
