"""`check-package`: what may take traffic and what may not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mainline.__main__ import main
from mainline.declared.service import Budgets
from mainline.scoring import acceptance
from mainline.scoring.acceptance import Check, Verdict
from tests.mainline.package.test_predictor import extended, resealed

GENEROUS = Budgets(load_seconds=600.0, memory_mib=100_000.0, p99_ms=60_000.0, rows_per_second=1)


def unsigned(_digest: str) -> Check:
    """Ask for no signature."""
    return Check("signature", True, "not signed", "or none")


def failed(verdict: Verdict) -> list[str]:
    """Name the checks that failed."""
    return [check.name for check in verdict.checks if not check.passed]


def test_good_package_passes(package_dir: Path) -> None:
    """The package that the pipeline made passes every check within generous budgets."""
    verdict = acceptance.check(package_dir, GENEROUS, unsigned)
    assert verdict.passed, failed(verdict)
    assert len(verdict.checks) == 9


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        ({"load_seconds": 1e-6}, "load"),
        ({"memory_mib": 1.0}, "memory"),
        ({"p99_ms": 1e-6}, "latency of one row, 99th percentile"),
        ({"rows_per_second": 10**9}, "rows a second in bulk"),
    ],
)
def test_package_past_a_budget_fails(package_dir: Path, budget: dict[str, Any], name: str) -> None:
    """Each declared budget is held."""
    verdict = acceptance.check(package_dir, GENEROUS.model_copy(update=budget), unsigned)
    assert failed(verdict) == [name]
    assert not verdict.passed


def test_changed_file_fails(package_dir: Path, tmp_path: Path) -> None:
    """A package that is not as it was sealed is not even loaded."""
    shutil.copytree(package_dir, tmp_path / "package")
    (tmp_path / "package/model_card.md").write_text("changed")
    verdict = acceptance.check(tmp_path / "package", GENEROUS, unsigned)
    assert failed(verdict) == ["manifest"]
    assert "model_card.md was changed" in verdict.checks[-1].found


def test_other_libraries_fail(package_dir: Path, tmp_path: Path) -> None:
    """A package made for other versions, or for a library that is not here, is not loaded."""
    shutil.copytree(package_dir, tmp_path / "package")
    (tmp_path / "package/requirements.txt").write_text("numpy==1.0\nno-such-library==2.0\n")
    resealed(tmp_path / "package")
    verdict = acceptance.check(tmp_path / "package", GENEROUS, unsigned)
    assert failed(verdict) == ["dependencies"]
    assert ", not 1.0; no-such-library missing, not 2.0" in verdict.checks[-1].found


@pytest.mark.parametrize(
    "code",
    [
        "\n_respond = respond\ndef respond(raw, columns):\n    return _respond(raw, columns) + 1e-9\n",
        "\n_respond = respond\ndef respond(raw, columns):\n    return _respond(raw, columns) + len(raw)\n",
        "\ndef respond(raw, columns):\n    raise ValueError\n",
    ],
)
def test_other_answers_fail(package_dir: Path, tmp_path: Path, code: str) -> None:
    """A package that answers its golden requests otherwise by one bit, alone or together, or not at all, fails."""
    extended(package_dir, tmp_path / "package", "code/scoring.py", code)
    assert failed(acceptance.check(tmp_path / "package", GENEROUS, unsigned)) == ["golden requests"]


def test_command_prints_a_table_and_writes_json(
    package_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person reads a line per check, a program the report; the exit code is the verdict."""
    settings, report = tmp_path / "production.yaml", tmp_path / "report.json"
    for limit, code in ((10**6, 0), (1, 1)):
        settings.write_text(f"service: {{budgets: {{memory_mib: {limit}, p99_ms: 60000, rows_per_second: 1}}}}")
        assert main(["check-package", str(package_dir), "--settings", str(settings), "--report", str(report)]) == code
        printed = "".join(capsys.readouterr())
        verdict = json.loads(report.read_text())
        assert verdict["passed"] == (code == 0)
        assert [check["name"] in printed for check in verdict["checks"]] == [True] * 9
        assert ("may not take traffic" in printed) == bool(code)


@pytest.mark.parametrize(("busy", "expected"), [(1, []), (100, ["latency of one row, 99th percentile"])])
def test_busy_machine_refuses_no_package(
    package_dir: Path, monkeypatch: pytest.MonkeyPatch, busy: int, expected: list[str]
) -> None:
    """What a package costs is the best of several measurements: one that was disturbed decides nothing, all do."""
    rounds = [0]

    def seconds(work: Any) -> float:
        rounds[0] += 1
        work()
        return 100.0 if rounds[0] <= acceptance.ONE_BY_ONE * busy else 1e-6

    monkeypatch.setattr(acceptance, "_seconds", seconds)
    verdict = acceptance.check(package_dir, GENEROUS.model_copy(update={"p99_ms": 50.0}), unsigned)
    assert [name for name in failed(verdict) if name.startswith("latency")] == expected


def test_slow_first_load_refuses_no_package(package_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that a busy disk slows down is tried again."""
    found = iter([100.0, 0.1])
    load = acceptance.timed_load
    monkeypatch.setattr(acceptance, "timed_load", lambda directory: (next(found), load(directory)[1]))
    assert failed(acceptance.check(package_dir, GENEROUS.model_copy(update={"load_seconds": 5.0}), unsigned)) == []
