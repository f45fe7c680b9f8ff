"""The results that ship are the code's: what dvc.lock names is what the code makes."""

import json
from pathlib import Path

from mainline.registry import runs
from mainline.repository import lock
from tests import project
from tests.project import ROOT


def test_the_shipped_lock_is_true(tmp_path: Path) -> None:
    """Rebuilt from nothing, with cold caches and another hash seed, every shipped output has its hash in dvc.lock."""
    shipped = project.copy_whole(tmp_path / "project")
    said = shipped.run("python", "-m", "mainline", "verify", "--exact").stdout
    named = [out for entry in lock.entries((ROOT / "dvc.lock").read_text()).values() for out in entry["outs"]]
    assert f"The lock is true: {len(named)} outputs" in said


def test_shipped_model_beats_the_baseline_by_a_tenth() -> None:
    """With the shipped parameters the committed test RMSE is at most 0.90 of the baseline's."""
    assert json.loads((ROOT / "metrics/test.json").read_text())["ratio"] <= 0.90


def test_the_shipped_table_belongs_to_the_shipped_lock() -> None:
    """Every stage of the committed lock has a committed run."""
    shipped = (ROOT / "dvc.lock").read_text(encoding="utf-8")
    assert set(runs.of_lock((ROOT / "metrics/runs.csv").read_text(), shipped)) == set(lock.entries(shipped))
