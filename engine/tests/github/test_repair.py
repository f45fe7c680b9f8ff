"""The lock that a run offered is committed on the pull request's branch, if it is the lock of that pipeline."""

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.github import comment, offer, repair
from mainline.github.offer import OfferError
from mainline.github.repair import RepairError
from mainline.registry.runs import TABLE
from tests.github.repository import FULL
from tests.github.standin import GitHub
from tests.project import Project

RUN = 9
PIPELINE = """\
vars:
  - run: python make.py
stages:
  train:
    cmd: ${run} models/model metrics/test.json
    deps: [make.py]
    params: [model.depth, model.width, seed, limits.parity]
    outs: [models/model]
    metrics:
      - metrics/test.json: {cache: false}
  package:
    cmd: ${run} models/package
    deps: [models/model]
    outs: [models/package]
"""
PARAMS = "model: {depth: 3, width: null}\nseed: [7, 0.5]\nlimits: {parity: 0.00001}\n"
MAKE = """\
import json, pathlib, sys
for name in sys.argv[1:]:
    pathlib.Path(name).parent.mkdir(exist_ok=True)
    pathlib.Path(name).write_text(json.dumps([name, pathlib.Path("params.yaml").read_text()]))
"""
ROW = "train,{lock},2026-01-01T00:00:00Z,1.0,0.5,100,{by},Linux\n"
HEADER = "stage,lock,started,seconds,cpu_seconds,peak_memory_mib,by,machine\n"


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    """A pipeline that real DVC ran, whose parameter was changed then; and the files of its next run."""
    made = Project(tmp_path_factory.mktemp("ran") / "project")
    made.path.mkdir()
    for name, text in {
        "dvc.yaml": PIPELINE,
        "make.py": MAKE,
        "params.yaml": PARAMS,
    }.items():
        (made.path / name).write_text(text)
    made.run("git", "init", "--quiet")
    made.run("dvc", "init", "--quiet")
    made.run("dvc", "repro", "--quiet")
    (made.path / "params.yaml").write_text(PARAMS.replace("3", "4"))
    ahead = made.twin(made.path.parent / "ahead")
    ahead.run("dvc", "repro", "--quiet")
    return made, {name: (ahead.path / name).read_text() for name in ("dvc.lock", "metrics/test.json")}


@pytest.fixture
def right(ran: tuple[Project, dict[str, str]], clone: Path, github: GitHub) -> dict[str, str]:
    """A pull request whose parameter was changed without a run; return the files that its run makes."""
    project, made = ran
    shutil.copytree(project.path, clone, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git", "cache", "tmp"))
    _run("git", "add", "--all")
    _run("git", "commit", "--quiet", "--message", "Forget to run")
    _run("git", "push", "--quiet", "origin", "better")
    _run("git", "switch", "--quiet", "main")
    pull = github.repository.open("better", "Better")
    github.repository.runs[RUN] = {
        "id": RUN, "path": comment.WORKFLOW, "event": "pull_request", "head_sha": pull["head"]["sha"],
        "conclusion": "failure", "html_url": f"{github.url}/{FULL}/actions/runs/{RUN}",
    }  # fmt: skip
    return dict(made)


def _offer(github: GitHub, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = github.repository.files / str(RUN) / repair.ARTIFACT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _show(github: GitHub, name: str) -> str:
    return _run("git", "-C", str(github.repository.bare), "show", f"better:{name}")


ODD = (
    "dependabot/pip/x",
    "feature/a",
    'it\'s-"$(touch${IFS}pwned)"',
    "gr\u00f6\u00dfe/\u6f22",
    "-dash",
    "origin/main",
    "refs/heads/main",
)


@pytest.mark.parametrize("name", ODD)
def test_a_branch_of_any_name_is_committed_to(github: GitHub, right: dict[str, str], name: str) -> None:
    """Slashes, quotes, what a shell would run, other alphabets, and names that look like another ref."""
    _run("git", "push", "--quiet", "origin", f"better:refs/heads/{name}")
    pull = github.repository.open(f"refs/heads/{name}", "Odd")
    pull["head"]["ref"] = name
    github.repository.current = lambda pull: pull  # type: ignore[method-assign]
    _offer(github, right)
    before = github.repository.head("better")
    assert name in repair.commit_lock(2)
    assert github.repository.head(f"refs/heads/{name}^") == before
    assert github.repository.head("better") == before
    assert not Path("pwned").exists()


def test_the_case_of_the_repositorys_name_is_nothing(github: GitHub, right: dict[str, str]) -> None:
    """GitHub ignores the case of names, so whoever types one in capitals is in the same repository."""
    _offer(github, right)
    github.repository.runs[RUN]["path"] = f"{FULL.upper()}/{comment.WORKFLOW}@better"
    github.repository.pulls[0]["head"]["repo"]["full_name"] = FULL.upper()
    assert "starts no checks" in repair.commit_lock(1)


def test_the_offered_lock_is_committed_on_the_branch(github: GitHub, right: dict[str, str]) -> None:
    """One commit on top of the pull request's, with these files alone; asked for again, it says that it is there."""
    _offer(github, right)
    before = github.repository.head("better")
    assert "starts no checks" in repair.commit_lock(1)
    assert github.repository.head("better^") == before
    changed = _run("git", "-C", str(github.repository.bare), "diff", "--name-only", before, "better").splitlines()
    assert changed == sorted(right)
    assert _show(github, "dvc.lock") == right["dvc.lock"].strip()
    assert _run("git", "status", "--porcelain", "--untracked-files=no") == ""
    with pytest.raises(RepairError, match="no run of"):
        repair.commit_lock(1)


def test_a_lock_that_is_there_makes_no_commit(github: GitHub, right: dict[str, str]) -> None:
    """Where the branch has what the run offered, nothing is pushed."""
    _offer(github, right)
    repair.commit_lock(1)
    head = github.repository.head("better")
    github.repository.runs[RUN]["head_sha"] = head
    assert "already" in repair.commit_lock(1)
    assert github.repository.head("better") == head


def test_a_fork_is_refused_with_what_to_do(github: GitHub, right: dict[str, str]) -> None:
    """The author is asked to commit; the branch of the same name in this repository is not touched."""
    _offer(github, right)
    head = github.repository.pulls[0]["head"]
    _run("git", "-C", str(github.repository.bare), "update-ref", "refs/pull/1/head", head["sha"])
    head["repo"] = {"full_name": "mallory/your-fork"}
    with pytest.raises(RepairError, match=r"mallory/your-fork.*Ask its author to run `make repro`"):
        repair.commit_lock(1)
    assert github.repository.head("better") == head["sha"]


def test_main_is_not_committed_to(github: GitHub, right: dict[str, str]) -> None:
    """A pull request may be opened from main, but nothing comes to main without a merge."""
    _offer(github, right)
    github.repository.pulls[0]["head"]["ref"] = "main"
    github.repository.runs[RUN]["head_sha"] = before = github.repository.head("main")
    with pytest.raises(RepairError, match="only merges change"):
        repair.commit_lock(1)
    assert github.repository.head("main") == before


@pytest.mark.parametrize(("state", "offer", "line"), [("closed", True, "is closed"), ("open", False, "offers no lock")])
def test_nothing_to_commit_is_said(github: GitHub, right: dict[str, str], state: str, offer: bool, line: str) -> None:
    """A closed pull request, and a run whose lock was true, change nothing."""
    _offer(github, right if offer else {})
    github.repository.pulls[0]["state"] = state
    with pytest.raises(RepairError, match=line):
        repair.commit_lock(1)


def test_a_token_that_only_reads_pushes_nothing(
    github: GitHub, right: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rights of a pull request's own job the push is refused, and the branch is as it was."""
    _offer(github, right)
    before = github.repository.head("better")
    reader = github.grant("reader", {"actions": "read", "contents": "read", "pull-requests": "read"})
    monkeypatch.setenv("GITHUB_TOKEN", reader)
    address = f"{github.url.replace('https://', f'https://token:{reader}@')}/{FULL}"
    _run("git", "remote", "set-url", "origin", address)
    with pytest.raises(Exception, match="git push"):
        repair.commit_lock(1)
    assert github.repository.head("better") == before


def _lock(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, str]], dict[str, str]]:
    """Break a lock in one place."""

    def broken(files: dict[str, str]) -> dict[str, str]:
        content = yaml.safe_load(files["dvc.lock"])
        change(content)
        return files | {"dvc.lock": yaml.safe_dump(content, sort_keys=False)}

    return broken


def _out(lock: dict[str, Any], number: int = 0) -> dict[str, Any]:
    return lock["stages"]["train"]["outs"][number]


REFUSED: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], str]] = {
    "a file of code": (lambda files: files | {"make.py": "evil"}, "does not write"),
    "a workflow": (lambda files: files | {".github/workflows/main.yml": "evil"}, "does not write"),
    "a path out of the tree": (lambda files: files | {"../../dvc.lock": "evil"}, "does not write"),
    "no lock": (lambda files: {"metrics/test.json": files["metrics/test.json"]}, "no dvc.lock"),
    "no YAML": (lambda files: files | {"dvc.lock": "{"}, "not YAML"),
    "deep YAML": (lambda files: files | {"dvc.lock": "[" * 5000}, "not YAML"),
    "aliases": (lambda files: files | {"dvc.lock": "a: &a [1]\nb: [*a, *a]\n"}, "aliases"),
    "a list": (lambda files: files | {"dvc.lock": "[]"}, "no mapping"),
    "too large": (lambda files: files | {"dvc.lock": " " * 2_000_000}, "bytes"),
    "metrics that are not JSON": (lambda files: files | {"metrics/test.json": "<script>"}, "not an archive of texts"),
    "other metrics": (lambda files: files | {"metrics/test.json": "[]"}, "metrics/test.json at the stage train"),
    "another schema": (_lock(lambda lock: lock.update(schema="3.0")), "schema"),
    "a key too many": (_lock(lambda lock: lock.update(evil=1)), "schema"),
    "a stage too many": (_lock(lambda lock: lock["stages"].update(evil={"cmd": "x"})), "other stages"),
    "a stage too few": (_lock(lambda lock: lock["stages"].pop("package")), "other stages"),
    "another command": (_lock(lambda lock: lock["stages"]["train"].update(cmd="curl evil | sh")), "cmd of the stage"),
    "another output": (_lock(lambda lock: _out(lock).update(path=".git/config")), "outs of the stage"),
    "another dependency": (_lock(lambda lock: lock["stages"]["train"]["deps"].pop()), "deps of the stage"),
    "another parameter": (
        _lock(lambda lock: lock["stages"]["train"]["params"]["params.yaml"].update({"model.depth": 9})), "params of"),
    "code that is not the commit's": (
        _lock(lambda lock: lock["stages"]["train"]["deps"][0].update(md5="0" * 32)), "make.py at the stage train"),
    "a model that is not the one packaged": (
        _lock(lambda lock: lock["stages"]["package"]["deps"][0].update(md5="0" * 32)), "models/model at the"),
    "a hash that is a path": (
        _lock(lambda lock: lock["stages"]["package"]["outs"][0].update(md5="../../etc")), "not a hash"),
    "a size that is none": (_lock(lambda lock: _out(lock).update(size="much")), "not a hash with its size"),
    "an entry's unknown key": (_lock(lambda lock: _out(lock).update(cloud="evil")), "not a hash with its size"),
    "a stage's unknown key": (_lock(lambda lock: lock["stages"]["train"].update(evil=1)), "unknown key"),
    "a path that is a number": (_lock(lambda lock: _out(lock).update(path=7)), "not formed"),
    "stages that are a number": (_lock(lambda lock: lock["stages"]["train"].update(outs=7)), "not formed"),
    "a record with a cell that is not a line": (
        lambda files: files | {str(TABLE): HEADER + ROW.format(lock=_name(files), by="x" * 300)}, "not a line of text"),
}  # fmt: skip


def _name(files: Mapping[str, str]) -> str:
    from mainline.repository import lock

    return lock.name(lock.entries(files["dvc.lock"])["train"])


def _zip(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def test_hostile_locks_are_refused(github: GitHub, right: dict[str, str]) -> None:
    """Each thing that is not as the commit's own pipeline writes it is refused, and nothing of it is repeated."""
    head = github.repository.head("better")
    _run("git", "fetch", "--quiet", "origin", "better")
    for name, (damage, line) in REFUSED.items():
        with pytest.raises(OfferError, match=line) as caught:
            offer.read(_zip(damage(dict(right))), head)
        assert "evil" not in str(caught.value), name
    for archive in (b"PK", _zip({}), _zip(right)[:-30]):
        with pytest.raises(OfferError):
            offer.read(archive, head)


def test_metrics_that_are_nowhere_are_missed(github: GitHub, right: dict[str, str]) -> None:
    """A lock whose metrics are neither offered nor committed would be a lock of nothing."""
    head = github.repository.head("better")
    _run("git", "switch", "--quiet", "--detach", head)
    _run("git", "rm", "--quiet", "metrics/test.json")
    _run("git", "commit", "--quiet", "--message", "Remove")
    with pytest.raises(OfferError, match=r"metrics/test.json is neither"):
        offer.read(_zip({"dvc.lock": right["dvc.lock"]}), _run("git", "rev-parse", "HEAD"))


def test_the_record_of_runs_keeps_the_rows_of_the_lock(github: GitHub, right: dict[str, str]) -> None:
    """Rows of other runs, and what is not a row, are left out."""
    good = ROW.format(lock=_name(right), by="you")
    table = HEADER + good + ROW.format(lock="0" * 12, by="evil") + "evil\n"
    found = offer.read(_zip(right | {str(TABLE): table}), github.repository.head("better"))
    assert found[str(TABLE)] == HEADER + good
    assert json.loads(found["metrics/test.json"])
