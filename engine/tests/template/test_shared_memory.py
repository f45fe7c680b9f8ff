"""Tests run on a machine whose shared memory (`/dev/shm`) cannot be written, as in some containers."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

CASE = """
import _multiprocessing
import sys


def refuse(*_args, **_named):
    raise PermissionError(13, "Permission denied")


def test_joblib_works_without(monkeypatch):
    monkeypatch.setattr(_multiprocessing, "SemLock", refuse)
    assert "joblib" not in sys.modules
    import joblib

    assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(number) for number in (-1, 2)) == [1, 2]
"""
"""joblib says in a warning that it goes on in one process, when it is imported."""


@pytest.mark.parametrize("settings", ["pyproject.toml", "engine/pyproject.toml"])
def test_tests_run_without_shared_memory(tmp_path: Path, settings: str) -> None:
    """What joblib warns of ends neither the tests of a use case nor those of the machinery."""
    (tmp_path / "test_case.py").write_text(CASE)
    command = [
        sys.executable, "-P", "-m", "pytest", "-c", str(ROOT / settings), "--rootdir", str(tmp_path), "-q",
        "-p", "no:cacheprovider", str(tmp_path / "test_case.py"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
