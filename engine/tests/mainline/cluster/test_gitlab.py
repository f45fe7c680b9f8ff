"""The pipeline for GitLab fits GitLab's own schema, and runs commands that there are."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mainline import __main__ as command_line
from mainline.__main__ import main
from mainline.cluster import gitlab
from mainline.repository.git import git
from tests.project import FLIGHTS, LIMIT, ROOT

FILE = "gitlab/.gitlab-ci.yml"


def render(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Render it as it is typed."""
    git("init", "--quiet", at=folder)
    (folder / "deploy").symlink_to(FLIGHTS / "deploy")
    monkeypatch.chdir(folder)
    assert main(["render", "--way", "gitlab", "--output", str(folder)]) == 0
    return folder / FILE


def schema(file: Path) -> str:
    """Hold a file to the schema that GitLab publishes; return what is wrong."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_the_pipeline_fits_the_published_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As GitLab reads it; a key that GitLab does not know is seen."""
    file = render(tmp_path, monkeypatch)
    assert schema(file) == ""
    file.write_text(file.read_text().replace("interruptible: false", "interruptible: seldom"))
    assert "interruptible" in schema(file)


def test_what_it_runs_are_commands_of_this_repository() -> None:
    """Each script line is a command of ours, or a target of the Makefile, without a script in the file."""
    jobs = [job for job in gitlab.pipeline().values() if isinstance(job, dict) and "script" in job]
    lines = [shlex.split(line) for job in jobs for line in [*job["script"], *job.get("after_script", [])]]
    targets = (ROOT / "Makefile").read_text()
    assert [line for line in lines if line[0] == "./mainline" and line[1] not in command_line.NAMES] == []
    assert [line for line in lines if line[0] == "make" and f"\n{line[1]}:" not in targets] == []
    assert {line[0] for line in lines} == {"./mainline", "make"}


def test_only_a_merge_releases() -> None:
    """Code of a merge request never sees the token that pushes tags, and one release runs at a time."""
    found = gitlab.pipeline()
    promote = found.pop("promote")
    assert isinstance(promote, dict)
    assert "merge_request" not in str(promote["rules"])
    assert (promote["resource_group"], promote["interruptible"]) == ("promote", False)
    assert "TOKEN" not in yaml.safe_dump(found)
