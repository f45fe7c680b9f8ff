"""The Jenkinsfile is sound Groovy by a public linter, runs our commands, and keeps the token from changes."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mainline import __main__ as command_line
from mainline.__main__ import main
from mainline.cluster import gitlab, jenkins
from mainline.repository.git import git
from tests.project import FLIGHTS, ROOT

LINTER = "npm-groovy-lint@15.2.2"
"""Later ones need Node.js 22."""
SECONDS = 600.0


def render(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Render it as it is typed."""
    git("init", "--quiet", at=folder)
    (folder / "deploy").symlink_to(FLIGHTS / "deploy")
    monkeypatch.chdir(folder)
    assert main(["render", "--way", "jenkins", "--output", str(folder)]) == 0
    return folder / "jenkins/Jenkinsfile"


def stage(name: str) -> str:
    """Return the text of a stage."""
    found = re.search(rf"\n        stage\('{name}'\) {{\n(.*?)\n        }}\n", jenkins.pipeline(), re.DOTALL)
    assert found
    return found[1]


def commands(text: str) -> list[str]:
    """Return the commands of steps, as Groovy hands them to a shell."""
    return [found.replace("\\'", "'") for found in re.findall(r"sh\('((?:[^'\\]|\\.)*)'\)", text)]


def test_it_runs_the_commands_of_gitlab() -> None:
    """Both services run the same commands for a change and for a merge; each is a command of ours, git or a target."""
    jobs = gitlab.pipeline()
    for name, job in (("Code", "code"), ("Model", "model"), ("Promote", "promote")):
        theirs = jobs[job]
        assert isinstance(theirs, dict)
        expected = [*theirs["script"], *theirs.get("after_script", [])]
        assert [line for line in commands(stage(name)) if not line.startswith("git ")] == expected
    lines = [shlex.split(line) for line in commands(jenkins.pipeline())]
    targets = (ROOT / "Makefile").read_text()
    assert [line for line in lines if line[0] == "./mainline" and line[1] not in command_line.NAMES] == []
    assert [line for line in lines if line[0] == "make" and f"\n{line[1]}:" not in targets] == []
    assert {line[0] for line in lines} == {"./mainline", "make", "git"}


def test_only_a_merge_has_the_credential() -> None:
    """Code of a change request never sees what pushes tags, and one release of a branch runs at a time."""
    text = jenkins.pipeline()
    assert "BRANCH_IS_PRIMARY" in stage("Promote")
    assert jenkins.CREDENTIALS in stage("Promote")
    for name in ("Code", "Model"):
        assert "changeRequest()" in stage(name)
        assert "withCredentials" not in stage(name)
    assert text.count("credentialsId") == 1
    assert "disableConcurrentBuilds()" in text


def lint(folder: Path, program: Path) -> list[str]:
    """Return what the linter has against a folder's Jenkinsfile, from warnings on."""
    command = [str(program), "--config", "recommended-jenkinsfile", "--path", str(folder), "--files", "Jenkinsfile",
               "--noserver", "--output", "json", "--loglevel", "warning", "--failon", "warning"]  # fmt: skip
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    document = json.loads(ran.stdout[ran.stdout.index("{") :])
    return [error["rule"] for file in document["files"].values() for error in file["errors"]]


@pytest.mark.slow
def test_a_public_linter_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm-groovy-lint, with its rules for Jenkinsfiles, reads it without a warning, and sees a missing bracket."""
    for name in ("npm", "java"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed; npm-groovy-lint needs it")
    options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(tmp_path)]
    installed = subprocess.run(
        ["npm", "install", *options, LINTER], capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"npm does not bring {LINTER}: {installed.stderr[-200:]}")
    program = tmp_path / "node_modules/.bin/npm-groovy-lint"
    (tmp_path / "fork").mkdir()
    file = render(tmp_path / "fork", monkeypatch)
    assert lint(file.parent, program) == []
    file.write_text(file.read_text().replace("stage('Code')", "stage('Code'"))
    assert "NglParseError" in lint(file.parent, program)
