"""What the gate takes from `prepare` about periods that are unlike those before."""

import json
from pathlib import Path

import pytest

from mainline.gate import workspace


def test_month_without_a_holiday_is_no_feed_that_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag, as a label may be, and a number that mostly is one value may stand still; any other number may not."""
    monkeypatch.chdir(tmp_path)
    noted = {
        "constant": dict.fromkeys(("holiday", "rain", "temp", "label sold"), (1.0, 0.0)),
        "missing": {"holiday": (0.5, 0.0)},
    }
    rare = [0.0] * 10 + [1.0]
    deciles = {"holiday": rare, "rain": [0.0] * 10 + [7.5], "temp": list(range(11)), "label": rare}
    described = {name: {"kind": "number", "missing": 0.0, "deciles": values} for name, values in deciles.items()}
    for path, content in (
        ("metrics/profile.json", {"support": {"2013-03": noted}}),
        ("models/package/profile.json", {"rows": 9, "columns": {**described, "carrier": {"kind": "text"}}}),
    ):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text(json.dumps(content))
    assert workspace.support() == {"2013-03": {"constant": {"temp": (1.0, 0.0)}, "missing": {"holiday": (0.5, 0.0)}}}


def test_without_a_profile_nothing_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline of before the check has noted nothing."""
    monkeypatch.chdir(tmp_path)
    assert workspace.support() == {}
