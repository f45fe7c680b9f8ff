"""Which files travel to a cluster as code."""

import io
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from mainline.errors import WorkerError
from mainline.stages import code_archive
from mainline.stages.harness import BY_DVC

FILES = {
    ".gitignore": "/data\n.env\nlocal.py\n",
    ".env": "",
    "dvc.yaml": "stages: {prepare: {deps: [data/raw, src/usecase/zones.csv, zones]}, other: {deps: [src/other.csv]}}",
    "data/raw/1.parquet": "",
    "zones/a.csv": "",
    "zones/.env": "",
    "src/usecase/__init__.py": "",
    "src/usecase/features.py": "import helpers\ndef compute():\n    from usecase.tables import TABLES\n",
    "src/usecase/tables.py": "TABLES = ()",
    "src/usecase/source.py": "import local",
    "src/usecase/zones.csv": "",
    "src/usecase/notes.ipynb": "",
    "src/helpers.py": "",
    "src/other.csv": "",
    "src/local.py": "PASSWORD = 'abcd'",
}


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a repository of which nothing is committed yet."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("usecase", "helpers", "local"):
            monkeypatch.delitem(sys.modules, name)


def names(modules: Sequence[str]) -> list[str]:
    """List what is sent for some modules."""
    return zipfile.ZipFile(io.BytesIO(code_archive.pack(modules))).namelist()


CODE = ["src/helpers.py", *(f"src/usecase/{name}.py" for name in ("__init__", "features", "tables"))]


def test_what_is_imported_and_declared_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules, also those of a function, and files of the stage that git does not ignore; nothing else of a folder."""
    monkeypatch.setenv(BY_DVC, "prepare")
    assert names(["usecase.features", "numpy"]) == [*CODE, "src/usecase/zones.csv", "zones/a.csv"]
    monkeypatch.delenv(BY_DVC)
    assert "src/other.csv" in names(["usecase.features"])


def test_a_module_that_git_ignores_is_not_sent() -> None:
    """The line names it, if the work imports it."""
    with pytest.raises(WorkerError, match=r"^git ignores src/local\.py, so it is not sent to a cluster, and the work"):
        names(["usecase.source"])


def test_without_git_what_is_imported_is_sent() -> None:
    """As in an image of a container."""
    shutil.rmtree(".git")
    Path("dvc.yaml").unlink()
    assert names(["usecase.features"]) == CODE


def test_what_is_loaded_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that no import statement names, such as a relative one; but none that git ignores."""
    Path("dvc.yaml").unlink()
    for name in ("usecase.tables", "local"):
        monkeypatch.setitem(sys.modules, name, sys)
    assert names([]) == ["src/usecase/__init__.py", "src/usecase/tables.py"]


def test_the_same_code_is_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """On another day, and if a file was written again."""
    before = code_archive.pack(["usecase.features"])
    Path("src/usecase/tables.py").write_text(FILES["src/usecase/tables.py"])
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert code_archive.pack(["usecase.features"]) == before


def test_the_modules_of_work_are_those_of_its_parts() -> None:
    """A function that is an argument counts as well."""
    content, modules = code_archive.dump((code_archive.pack, [WorkerError]))
    assert content
    assert {"mainline.stages.code_archive", "mainline.errors"} <= modules
