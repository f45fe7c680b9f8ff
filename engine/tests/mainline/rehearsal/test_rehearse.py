"""`./mainline rehearse` of a small use case: real git, store, gate, server and follower; and what is on record."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from mainline import local_server
from mainline.errors import UseCaseError
from mainline.rehearsal import drill
from mainline.repository import record
from tests.end_to_end import whole_loop
from tests.project import Project

REHEARSE = ("python", "-m", "mainline", "rehearse")
FILE = f"{record.FOLDER}/{record.REHEARSE}.json"


@pytest.fixture
def fork(other_project: Project, tmp_path: Path) -> Project:
    """The second use case, committed, with a gate that lets its few rows pass."""
    made = other_project.twin(tmp_path / "fork")
    made.declare(gate={**whole_loop.LOOSE, "holdout": {"min_rows": 50, "min_days": 10}})
    made.commit("Keep what the pipeline made")
    return made


@pytest.mark.slow
def test_a_fork_rehearses_its_own_model(fork: Project, tmp_path: Path) -> None:
    """Two versions, a rollout and a rollback under requests, none of which fails; the score reads what is on record."""
    before = fork.run("git", "status", "--porcelain").stdout, fork.run("git", "show-ref").stdout
    said = fork.run(*REHEARSE, "--keep", str(tmp_path / "kept")).stdout
    assert "none failed" in said
    found = json.loads((fork.path / FILE).read_text())["found"]
    manifest = json.loads((fork.path / "models/package/manifest.json").read_text())
    assert (found["result"], found["digest"]) == (record.REHEARSED, manifest["digest"])
    assert int(found["answers"]) > 100
    assert found["monitor: skew of features"].startswith("pass: 0.00% of "), "each feature is the pipeline's"
    assert found["monitor: missing values"].startswith("pass")
    assert found["alarm"].startswith(("unseen values: ", "missing values: "))
    assert (fork.run("git", "status", "--porcelain").stdout, fork.run("git", "show-ref").stdout) == before
    tags = fork.run("git", "-C", str(tmp_path / "kept/fork"), "tag", "--list", "*production*").stdout.split()
    assert len(tags) == 3, "two versions, and the way back"
    marks = json.loads(fork.run("python", "-m", "mainline", "score", "--json").stdout)["tests"]
    told = {mark["test"]: (mark["points"], mark["said"]) for mark in marks}
    assert told["Infra 7"][1].startswith("rehearsed: ")
    assert (told["Infra 6"][0], told["Infra 7"][0]) == (1, 1)


@pytest.mark.slow
def test_an_answer_that_is_not_the_pipelines_ends_it(
    fork: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's answers to the golden requests are held to the package's own."""
    monkeypatch.chdir(fork.path)
    real = local_server.ask

    def ask(*given: Any) -> Any:
        document = real(*given)
        first = document["predictions"][0]
        document["predictions"][0] = {name: value + 1 for name, value in first.items()}
        return document

    monkeypatch.setattr(local_server, "ask", ask)
    with pytest.raises(UseCaseError, match="golden request 0 is answered with"):
        drill.rehearse(tmp_path / "rehearsal", "production")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_told_to_end_it_leaves_no_server_and_no_folder(fork: Project, tmp_path: Path, number: signal.Signals) -> None:
    """As a workflow that is cancelled, while the copy's server answers; a folder is left only if it is killed."""
    (tmp_path / "scratch").mkdir()
    environment = fork.environment({"TMPDIR": str(tmp_path / "scratch")})
    command = [sys.executable, "-P", *REHEARSE[1:]]
    with subprocess.Popen(command, cwd=fork.path, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert any("serves; release" in line for line in running.stdout)
        servers = [one for one in psutil.process_iter(["cmdline"]) if _is_of(one, tmp_path / "scratch")]
        assert servers
        running.send_signal(number)
        assert running.wait(60) == (128 + number if number == signal.SIGTERM else -number)
    assert psutil.wait_procs(servers, 60)[1] == []
    if number == signal.SIGTERM:
        assert list((tmp_path / "scratch").glob("mainline-rehearse-*")) == []


def _is_of(process: psutil.Process, folder: Path) -> bool:
    """Whether a process serves what lies in a folder."""
    words = process.info["cmdline"] or ()
    return "serve" in words and str(folder) in " ".join(words)


def test_the_verdicts_of_monitoring_are_told_apart() -> None:
    """A warning is not a check that passes."""
    said = {"a": "pass: 0", "b": "warn: 12 %", "c": "pass: none", "d": "cannot tell: 1 day"}
    assert drill.verdicts(said) == "2 pass, 1 warn, 1 cannot tell"


@pytest.mark.parametrize("declared", ["[commit]\ngpgSign = true\n[gpg]\nprogram = false", "[core]\nhooksPath = {}"])
def test_the_copy_is_committed_to_whatever_a_person_declares_for_git(
    fork: Project, tmp_path: Path, declared: str
) -> None:
    """Nobody is there to give the passphrase of a key, and a hook is of the place that it was written for."""
    hook = tmp_path / "hooks/pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / "gitconfig").write_text(declared.format(hook.parent))
    made = "from pathlib import Path; from mainline.rehearsal import fork; fork.make(Path('../copy'), 'production')"
    fork.run("python", "-c", made, GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig"))
    assert "Declare a rehearsal" in fork.run("git", "-C", "../copy/fork", "log", "-1", "--format=%s").stdout


def test_what_is_not_in_the_cache_is_named(fork: Project) -> None:
    """A clone without data is sent to where it is; that nothing was shown is on record."""
    fork.run("rm", "-r", ".dvc/cache")
    said = fork.run(*REHEARSE, succeed=False).stderr
    assert "data or model is not in the cache here. `./mainline pull` brings it" in said
    assert json.loads((fork.path / FILE).read_text())["found"] == {"result": "not finished, or it failed"}


def test_a_wrong_name_is_refused(fork: Project, tmp_path: Path) -> None:
    """An environment that is not declared, and a folder that has something in it; neither leaves a record."""
    assert "did you mean 'production'" in fork.run(*REHEARSE, "--environment", "prodution", succeed=False).stderr
    assert f"{tmp_path} exists" in fork.run(*REHEARSE, "--keep", str(tmp_path), succeed=False).stderr
    assert not (fork.path / FILE).exists()
