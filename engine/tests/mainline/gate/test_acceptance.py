"""What the servers of each environment say of a candidate."""

from pathlib import Path

import pytest
import yaml

from mainline import processes
from mainline.gate import acceptance

PASS = {"memory_mib": 100_000, "p99_ms": 1e6, "rows_per_second": 1, "load_seconds": 1e4}
"""Budgets that any package keeps on any machine."""


def _declare(folder: Path, **environments: object) -> Path:
    for name, section in environments.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"service": section}))
    return folder


def test_each_environment_says_what_its_servers_would(package_dir: Path, tmp_path: Path) -> None:
    """A package passes where it keeps the budgets; elsewhere the check that fails, or the damaged file, is said."""
    folder = _declare(
        tmp_path,
        large={"budgets": PASS},
        small={"budgets": PASS | {"memory_mib": 1}},
        wrong={"budgets": {"memory_mb": 1}},
    )
    found = acceptance.refusals(package_dir, folder)
    assert sorted(found) == ["large", "small", "wrong"]
    assert found["large"] == ""
    assert found["small"].startswith("memory")
    assert "at most 1 MiB" in found["small"]
    assert "memory_mb: is not a known key" in found["wrong"]


def test_check_that_breaks_after_it_passed_is_a_refusal(
    package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that does not end well has not taken the package, whatever its report says."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import atexit, os; atexit.register(os._exit, 9)\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    folder = _declare(tmp_path, large={"budgets": PASS})
    assert acceptance.refusals(package_dir, folder) == {"large": "check-package ended with 9"}


def test_check_without_an_end_is_ended_once(package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that never answers is refused after one limit."""
    run, asked = processes.run, []
    monkeypatch.setattr(processes, "run", lambda *given, **more: asked.append(given) or run(*given, **more))
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(3600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(acceptance, "SECONDS", 2.0)
    folder = _declare(tmp_path, large={"budgets": PASS})
    assert acceptance.refusals(package_dir, folder) == {"large": "check-package took more than 2 s"}
    assert len(asked) == 1
