"""Names of refs and people may hold what Python takes for the end of a line; git ends a line by a line feed alone."""

from pathlib import Path

import pytest

from mainline.registry import origin, tags
from mainline.rollout import approvals
from tests.project import Project

BREAK = "\u2028"


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository of somebody of such a name."""
    made = Project(tmp_path)
    monkeypatch.chdir(tmp_path)
    made.run("git", "init", "--quiet", "--initial-branch=main")
    made.run("git", "config", "user.name", f"Ada{BREAK}Lovelace")
    made.run("git", "config", "user.email", "ada@example.org")
    made.run("git", "commit", "--quiet", "--allow-empty", "-m", "Start")
    return made


def test_an_approval_is_read_whoever_gave_it(strange: Project) -> None:
    """The name of a person stays whole, and a part of another tag's name approves nothing."""
    strange.run("git", "tag", "--annotate", "-m", "May pass", f"approval/production/v1.0.0/{'a' * 12}/2")
    strange.run("git", "tag", f"approval/production/x{BREAK}approval/production/v2.0.0/{'a' * 12}/2")
    (found,) = approvals.granted("production", "v1.0.0")
    assert (found.step, found.by) == (2, f"Ada{BREAK}Lovelace")
    assert approvals.read("production") == {("v1.0.0", "a" * 12, 1)}


def test_a_part_of_a_name_is_not_a_tag(strange: Project) -> None:
    """A version that is not on main does not count because a tag on main has its name within its own."""
    strange.run("git", "tag", f"model@x{BREAK}model@v9.9.9")
    strange.run("git", "switch", "--quiet", "--create", "other")
    strange.run("git", "commit", "--quiet", "--allow-empty", "-m", "Not merged")
    strange.run("git", "tag", "model@v9.9.9")
    strange.run("git", "switch", "--quiet", "main")
    registry = tags.read(line="model")
    assert [version.name for version in registry.versions] == []
    assert any("is not on refs/heads/main" in line for line in registry.skipped)
    strange.run("git", "tag", "--delete", "model@v9.9.9")
    assert "model" not in tags.lines()
    assert [*origin.refs(".", "refs/tags/*")] == [f"refs/tags/model@x{BREAK}model@v9.9.9"]
