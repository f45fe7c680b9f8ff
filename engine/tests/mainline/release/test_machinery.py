"""Going back across a change of the machinery: a version's lock and the code that its stages ran belong together."""

import shutil

import pytest

from mainline.errors import MainlineError
from mainline.release import rollback
from tests.mainline.release.conftest import Repository, promote_by, refuse, release
from tests.project import ROOT

STAGE = "engine/stages/package/code.py"
GATE = "engine/src/mainline/gate.py"
LIBRARIES = "requirements/pipeline.txt"
INSTALLED = "requirements/main.txt"


def _write(repository: Repository, name: str, text: str) -> None:
    file = repository.path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def first(repository: Repository) -> Repository:
    """A first version whose stage ran code of the machinery and libraries; another model waits to be released."""
    pipeline = repository.path / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("[src/make.py]", f"[src/make.py, {STAGE}, {LIBRARIES}]"))
    for name in (STAGE, GATE, LIBRARIES, INSTALLED):
        _write(repository, name, "first\n")
    repository.change(model={"depth": 4})
    release()
    return repository


def _changed(repository: Repository) -> list[str]:
    return repository.run("git", "diff", "--name-only", "main", "rollback/v1.0.0").stdout.split()


def test_a_machinery_that_made_the_same_stays(first: Repository) -> None:
    """A gate and a server that changed since are kept: the revert has the version's lock, and all of main's engine."""
    _write(first, GATE, "second\n")
    first.change(model={"depth": 5})
    release()
    rollback.prepare("v1.0.0", "production")
    assert "dvc.lock" in _changed(first)
    assert not [name for name in _changed(first) if name.startswith(("engine/", "requirements/"))]


def test_a_version_of_another_machinery_is_refused(first: Repository) -> None:
    """Code that the stages run has changed: no branch mixes both, and `--now` gives the version at once."""
    _write(first, STAGE, "second\n")
    _write(first, LIBRARIES, "# Written by another command\nfirst\n")
    first.change(model={"depth": 5})
    release()
    said = (
        r"v1\.0\.0 does not go with the machinery that main has: its stages ran other code of the machinery "
        rf"\({STAGE}\)\. No branch was made\. `\./mainline rollback v1\.0\.0 --now` .*"
        r"`git checkout model@v1\.0\.0 -- params\.yaml src/usecase`, `make repro`.*"
        r"`\./mainline rollback v1\.0\.0 --machinery` takes gate and server of then back"
    )
    with pytest.raises(MainlineError, match=said):
        rollback.prepare("v1.0.0", "production")
    assert first.run("git", "branch", "--list", "rollback/*").stdout == ""
    said = rollback.assign_now("v1.0.0", "production")
    assert "production has v1.0.0" in said
    assert "DIFFER: main still names another model. To have its model on main, train it" in said


def test_the_way_named_trains_the_old_parameters_with_todays_machinery(first: Repository) -> None:
    """Parameters of the version and code of main make a model of their own; here it has the version's very bytes."""
    _write(first, STAGE, "second\n")
    first.change(model={"depth": 5})
    release()
    first.run("git", "checkout", "model@v1.0.0", "--", "params.yaml")
    first.change()
    assert "v1.0.0 is back" in promote_by(refuse)
    assert (first.path / STAGE).read_text() == "second\n"


def test_libraries_go_back_together(first: Repository) -> None:
    """Where libraries alone changed, everything that was resolved with the version's goes back with its lock."""
    for name in (LIBRARIES, INSTALLED):
        _write(first, name, "second\n")
    first.change(model={"depth": 5})
    release()
    rollback.prepare("v1.0.0", "production")
    assert {LIBRARIES, INSTALLED, "dvc.lock"} <= set(_changed(first))
    first.run("git", "merge", "--quiet", "rollback/v1.0.0")
    first.run("dvc", "checkout", "--quiet")
    assert first.run("dvc", "status", "--quiet").returncode == 0


def test_libraries_of_another_machinery_are_refused(first: Repository) -> None:
    """A gate that was changed since was not tested with the libraries of then."""
    _write(first, GATE, "second\n")
    _write(first, LIBRARIES, "second\n")
    first.change(model={"depth": 5})
    release()
    said = (
        rf"it has other libraries \({LIBRARIES}\) and another engine/\. No branch was made\. To have its model on main"
    )
    with pytest.raises(MainlineError, match=said):  # and not `--now`, since servers have the libraries of today
        rollback.prepare("v1.0.0", "production")


def test_the_machinery_goes_back_whole_if_a_person_asks(first: Repository) -> None:
    """Stages, gate, libraries and workflows of the version come back with its lock; what the fork owns stays main's."""
    _write(first, "engine/upgrade.yaml", (ROOT / "engine/upgrade.yaml").read_text())
    newer = (STAGE, GATE, LIBRARIES, INSTALLED, "engine/new.py", "requirements/new.in")
    own = (".github/CODEOWNERS", ".github/workflows/own.yml", "deploy/notes.md")
    for name in (*newer, *own):
        _write(first, name, "second\n")
    first.change(model={"depth": 5})
    release()
    said = rollback.prepare("v1.0.0", "production", whole=True)
    assert "with the model of v1.0.0 and the machinery that made it." in said
    made = {*newer, "engine/upgrade.yaml", "dvc.lock", "params.yaml"}
    assert made == set(_changed(first))
    assert first.run("git", "diff", "--name-only", "model@v1.0.0", "rollback/v1.0.0", "--", "engine").stdout == ""
    first.run("git", "merge", "--quiet", "rollback/v1.0.0")
    first.run("git", "push", "--quiet", "origin", "main")
    first.run("dvc", "checkout", "--quiet")
    assert first.run("dvc", "status", "--quiet").returncode == 0
    assert "v1.0.0 is back" in promote_by(refuse)


def test_a_version_of_the_layout_before_is_refused(first: Repository) -> None:
    """A lock that names src/mainline was made before the machinery had its folder; `--now` gives the version."""
    pipeline = first.path / "dvc.yaml"
    (first.path / "engine").rename(first.path / ".git/engine")
    _write(first, "src/mainline/contract.py", "old\n")
    pipeline.write_text(pipeline.read_text().replace(STAGE, "src/mainline/contract.py"))
    first.change(model={"depth": 5})
    release()
    shutil.rmtree(first.path / "src/mainline")
    (first.path / ".git/engine").rename(first.path / "engine")
    pipeline.write_text(pipeline.read_text().replace("src/mainline/contract.py", STAGE))
    first.change(model={"depth": 6})
    release()
    with pytest.raises(MainlineError, match=r"\(engine/.*, src/mainline/contract\.py\).*a pull request\.$"):
        rollback.prepare("v1.1.0", "production")
    with pytest.raises(MainlineError, match=r"it was made before the machinery had engine/\. No branch was made"):
        rollback.prepare("v1.1.0", "production", whole=True)
    assert "production has v1.1.0" in rollback.assign_now("v1.1.0", "production")


def test_what_does_not_run_is_not_offered(repository: Repository) -> None:
    """A machinery that needs more of the use case than it had is tried with it, and no branch is made."""
    engine = repository.path / "engine/src/mainline"
    shutil.copytree(ROOT / "engine/src/mainline", engine, ignore=shutil.ignore_patterns("__pycache__"))
    _write(repository, "src/helper.py", "")
    pipeline = repository.path / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("[src/make.py]", "[src/make.py, src/helper.py]"))
    repository.change(model={"depth": 4})
    release()
    _write(repository, "src/helper.py", "NEEDED = 1\n")
    with (engine / "registry/history.py").open("a") as code:
        code.write("\nfrom helper import NEEDED\n")
    repository.change(model={"depth": 5})
    release()
    with pytest.raises(MainlineError, match=r"does not run.*: mainline\.[a-z.]+: ImportError: .*'NEEDED'.*No branch"):
        rollback.prepare("v1.0.0", "production")
    assert repository.run("git", "branch", "--list", "rollback/*").stdout == ""
    assert "production has v1.0.0" in rollback.assign_now("v1.0.0", "production")
