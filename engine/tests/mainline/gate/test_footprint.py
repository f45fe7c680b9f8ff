"""What a package costs, measured apart from everything else."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from mainline.gate import footprint

HEAVY = ("numpy", "scipy", "pydantic", "sklearn", "pandas", "dvc")


def test_measuring_loads_nothing_of_its_own() -> None:
    """The process that is measured holds the package and what that needs, so its memory is the package's."""
    code = f"import sys, mainline.gate.footprint; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_same_package_costs_the_same_twice(package_dir: Path) -> None:
    """Every figure is there, and what does not depend on the clock is equal."""
    one, other = footprint.measure(package_dir, package_dir) or []
    assert one.size_bytes == other.size_bytes == sum(p.stat().st_size for p in package_dir.rglob("*") if p.is_file())
    assert min(one.predict_microseconds, other.predict_microseconds) > 0
    assert min(one.memory_mib, other.memory_mib) > 20


def test_a_package_that_does_not_run_has_no_cost(tmp_path: Path) -> None:
    """Nothing is made up for a package that cannot be loaded."""
    assert footprint.measure(tmp_path) is None


def test_a_package_that_never_answers_has_no_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measurement ends at its limit, and the gate goes on without it."""
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(3600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(footprint, "LIMIT", 1.0, raising=False)
    assert footprint.measure(tmp_path) is None


def test_work_beside_makes_no_package_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two equal packages cost the same, though other work slowed down most measurements of one of them."""
    slow = iter([9.0, 1.0, 1.5, 1.0, 7.0, 1.0])

    def measured(_: Path) -> footprint.Cost:
        return footprint.Cost(next(slow), 1, 30.0)

    monkeypatch.setattr(footprint, "_measure_apart", measured)
    one, other = footprint.measure(Path("a"), Path("b")) or []
    assert one.predict_microseconds / other.predict_microseconds == 1.5


def test_tiny_model_is_asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process predicts until enough time is measured, and the fastest of all counts."""
    now, asked = [0.0], []

    def work() -> None:
        asked.append(1)
        now[0] += 0.001 if len(asked) == 150 else 0.00125

    monkeypatch.setattr(time, "process_time", lambda: now[0])
    assert footprint.fastest(work) == pytest.approx(0.001)
    assert len(asked) > 150
