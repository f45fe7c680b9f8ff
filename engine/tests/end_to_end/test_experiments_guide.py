"""`engine/docs/experiments.md`: its commands as they are written, on a real store and a real git remote."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.object_store import ObjectStore
from tests.project import ENGINE, Project

pytestmark = pytest.mark.slow

SECTION = "## Several, compared"
TYPED = re.compile(r"^(colleague)?\$ (.+)$", re.MULTILINE)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield who types what, in the order of the guide: `you` or `colleague`."""
    _, section = (ENGINE / "docs/experiments.md").read_text(encoding="utf-8").split(SECTION)
    for who, line in TYPED.findall(section):
        yield who or "you", shlex.split(line)


@pytest.fixture
def walked(small_project: Project, object_store: ObjectStore, tmp_path: Path) -> tuple[dict[str, Project], ObjectStore]:
    """Two clones of one repository, whose data is in a real store under a name of its own."""
    mine = small_project.twin(tmp_path / "mine")
    environment = dict(object_store.environment)
    mine.give_origin()
    url = object_store.url("experiments-guide")
    mine.run("python", "-m", "mainline", "remote", url, "--endpoint", object_store.endpoint, env=environment)
    params = mine.path / "params.yaml"
    params.write_text(params.read_text().replace(": null\n", ":\n"))  # as DVC writes what is null
    mine.commit("Train on three months")
    mine.run("git", "push", "--quiet", "origin", "main")
    mine.run("git", "clone", "--quiet", "../origin.git", "../theirs")
    theirs = Project(tmp_path / "theirs")
    for each in (mine, theirs):
        (each.path / ".venv").symlink_to(sys.prefix)  # or else each installs an environment of its own
        (each.path / ".git/info/exclude").write_text(".venv\n")
    return {"you": mine, "colleague": theirs}, object_store


def test_the_guide_can_be_walked(walked: tuple[dict[str, Project], ObjectStore]) -> None:
    """Each command that the guide shows works; what it promises of the table, the diff and the clean-up holds."""
    people, store = walked
    said: dict[str, subprocess.CompletedProcess[str]] = {}
    for who, words in commands():
        said[f"{who} {' '.join(words)}"] = people[who].run(*words, env=store.environment)
        if words[:3] == ["dvc", "exp", "apply"]:
            changed = people[who].run("git", "diff", "--numstat", "HEAD", "params.yaml").stdout.split()
            assert changed[:2] == ["1", "1"]
    own, theirs = (said[f"{who} ./mainline experiments"].stdout for who in ("you", "colleague"))
    assert own == theirs
    assert re.search(
        r"^  slower .* (better|no worse|worse|cannot tell) +learning_rate 0.1 -> 0.05 +half the", own, re.M
    )
    assert max(map(len, own.splitlines())) <= 120
    assert people["you"].run("git", "show", "HEAD:metrics/experiments.csv").stdout.count("\n") == 4
    assert people["you"].run("git", "status", "--porcelain").stdout == ""
    for at in (people["you"].path, people["you"].path.parent / "origin.git"):
        left = subprocess.run(["git", "for-each-ref", "refs/exps"], cwd=at, capture_output=True, text=True, check=True)
        assert [line for line in left.stdout.splitlines() if "slower" in line or "coarse" in line] == []
    people["you"].run("dvc", "status", "--quiet", env=store.environment)
