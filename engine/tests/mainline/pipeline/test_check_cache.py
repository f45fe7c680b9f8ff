"""What has passed the checks is not loaded again, and what differs from it is checked."""

import os
import shutil
from pathlib import Path

import pytest

from mainline.pipeline import check_cache
from tests.project import Project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what is read for the checks, which have passed."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "requirements/main.txt", "src/usecase/scoring.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("as it was\n")
    check_cache.keep("flight-delay", check_cache.content())
    return tmp_path


def test_the_same_content_has_passed(folder: Path) -> None:
    """The name of the model stands for all of it, also if the files are new ones with the same bytes."""
    (folder / "params.yaml").write_text("as it was\n")
    assert check_cache.model() == "flight-delay"


@pytest.mark.parametrize("name", ["params.yaml", "requirements/main.txt", "src/usecase/scoring.py"])
def test_what_differs_or_is_gone_has_not_passed(folder: Path, name: str) -> None:
    """A byte more in parameters, lock or use case, and a file that is gone, are checked."""
    (folder / name).write_text("as it was\n\n")
    assert check_cache.model() == ""
    (folder / name).unlink()
    assert check_cache.model() == ""


def test_an_edit_during_the_checks_has_not_passed(folder: Path) -> None:
    """What is written after the checks have read a file is checked by the next call."""
    read = check_cache.content()
    (folder / "params.yaml").write_text("edited meanwhile\n")
    check_cache.keep("flight-delay", read)
    assert check_cache.model() == ""


@pytest.mark.usefixtures("folder")
def test_a_new_module_has_not_passed() -> None:
    """A package that takes the place of a module of the same name is checked, though no file has changed."""
    made = Path("src/usecase/scoring/__init__.py")
    made.parent.mkdir()
    made.write_text("")
    assert check_cache.model() == ""


def test_a_copy_of_the_folder_has_not_passed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What passed names the machinery of the folder that it is in; a copy has one of its own."""
    copied = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(folder, copied)
    monkeypatch.chdir(copied)
    assert check_cache.model() == ""


def test_an_edit_whose_time_was_put_back_has_the_time_of_now(folder: Path) -> None:
    """Same size, same inode and same time as what passed: DVC would not look at the content."""
    edited, other = folder / "src/usecase/scoring.py", folder / "params.yaml"
    for file in (edited, other):
        os.utime(file, ns=(1, 1))
    edited.write_text("AS IT WAS\n")
    os.utime(edited, ns=(1, 1))
    check_cache.renew()
    assert edited.stat().st_mtime_ns > 1
    assert other.stat().st_mtime_ns == 1


def test_what_never_passed_keeps_its_time(folder: Path) -> None:
    """In a new clone, and where a file is new, no time is put to now."""
    new, old = folder / "src/usecase/new.py", folder / "src/usecase/scoring.py"
    new.write_text("new\n")
    for file in (new, old):
        os.utime(file, ns=(1, 1))
    check_cache.renew()
    check_cache.KEPT.unlink()
    check_cache.renew()
    assert {file.stat().st_mtime_ns for file in (new, old)} == {1}


def test_without_a_name_all_is_checked_and_remembered(folder: Path) -> None:
    """Where the source is asked each time nothing passes for good, and an edit still has its time put to now."""
    check_cache.keep("", check_cache.content())
    assert check_cache.model() == ""
    assert str(Path("src/usecase/scoring.py")) in (folder / check_cache.KEPT).read_text()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": "a", "python": "", "files": {}}', '{"files": 3}'])
def test_what_was_kept_otherwise_has_not_passed(folder: Path, content: str) -> None:
    """A cut-off file and one of another form count for nothing."""
    (folder / check_cache.KEPT).write_text(content)
    assert check_cache.model() == ""


@pytest.mark.usefixtures("folder")
def test_another_python_has_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one Python took, another may refuse."""
    assert check_cache.model() == "flight-delay"
    monkeypatch.setattr("sys.version", "3.99")
    assert check_cache.model() == ""


def test_our_own_code_is_part_of_what_passed(folder: Path) -> None:
    """The machinery and the use case that were loaded are named by their files, wherever they are."""
    kept = (folder / check_cache.KEPT).read_text()
    assert check_cache.__file__ in kept
    assert "tests/mainline/pipeline/test_check_cache.py" not in kept


def test_nothing_to_do_loads_no_libraries(small_project: Project, tmp_path: Path) -> None:
    """The second `repro` in a row loads neither numpy nor pydantic; a typo in a parameter is refused all the same."""
    made = small_project.twin(tmp_path / "project")
    repro = ("python", "-X", "importtime", "-m", "mainline", "repro")
    made.run(*repro)
    again = made.run(*repro)
    assert "Everything is up to date." in again.stdout
    assert "| numpy\n" not in again.stderr
    assert "pydantic" not in again.stderr
    params = made.path / "params.yaml"
    params.write_text(params.read_text().replace("margin: 0.01", "margn: 0.01"))
    refused = made.run("python", "-m", "mainline", "repro", succeed=False)
    assert "gate.margn: is not a known key" in refused.stderr
