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


def test_shipped_model_beats_both_simple_rules() -> None:
    """The committed test RMSE is at most 0.92 of the rule that anybody could say, and 0.85 of the constant's."""
    measured, simple = (json.loads((ROOT / f"metrics/{name}.json").read_text()) for name in ("test", "baseline"))
    assert simple["rmse"] == simple["rule"] < simple["constant"]
    assert measured["ratio"] <= 0.92
    assert measured["rmse"] <= 0.85 * simple["constant"]


def test_the_shipped_table_belongs_to_the_shipped_lock() -> None:
    """Every stage of the committed lock has a committed run."""
    shipped = (ROOT / "dvc.lock").read_text(encoding="utf-8")
    assert set(runs.of_lock((ROOT / "metrics/runs.csv").read_text(), shipped)) == set(lock.entries(shipped))
