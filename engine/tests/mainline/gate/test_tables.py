"""Tables that people measure belong to a model."""

from pathlib import Path

import pytest

from mainline.gate import tables
from mainline.gate.tables import STALENESS, TUNING, WORTH


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without anything measured, as the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("metrics").mkdir()


def test_tables_of_another_model_are_removed() -> None:
    """What was measured for another use case goes and is said; what is this model's, or says nothing, stays."""
    WORTH.write_text("model,feature\nflight-delay,seats\n")
    STALENESS.write_text("model,age_months\nmalignancy,0\n")
    TUNING.write_text("trial,metric\n0,1.5\n")
    assert tables.remove_foreign("malignancy") == [
        "metrics/worth.csv was measured for flight-delay, not for malignancy, and is removed; git has it."
    ]
    assert sorted(Path("metrics").iterdir()) == [STALENESS, TUNING]
    assert tables.remove_foreign("malignancy") == []


def test_a_damaged_table_is_left_to_whoever_reads_it() -> None:
    """A table that cannot be read is not removed."""
    WORTH.write_bytes(b"model\n\xff\n")
    assert tables.remove_foreign("malignancy") == []
    assert WORTH.exists()


def test_rows_are_written_under_the_name_of_their_model() -> None:
    """The model's name stands first in every row."""
    assert tables.named("malignancy", [{"a": 1}]) == [{"model": "malignancy", "a": 1}]
    assert list(tables.named("malignancy", [{"a": 1}])[0]) == ["model", "a"]


LOCKED = """\
stages:
  train:
    cmd: engine/stage train
    params:
      params.yaml:
        seed: 1
        limits.parity: 0.5
    outs:
      - {path: models/model, md5: 0123456789abcdef.dir}
"""


def test_rows_say_which_trained_model_was_measured() -> None:
    """It is the one that dvc.lock names, whatever the machinery around it is, and beside it stands the metric."""
    Path("dvc.lock").write_text(LOCKED)
    Path("params.yaml").write_text("seed: 1\nlimits: {parity: 0.5, reproduction: 3}\nother: 2\n")
    made = tables.measured("delay", "rmse", [{"a": 1}])
    assert made == [{"model": "delay", "trained": "0123456789ab", "primary": "rmse", "a": 1}]
    assert list(made[0]) == ["model", "trained", "primary", "a"]


@pytest.mark.parametrize(
    ("locked", "declared"),
    [
        (LOCKED, "seed: 2\nlimits: {parity: 0.5}\n"),
        (LOCKED, "seed: 1\n"),
        ("stages: {}\n", "seed: 1\n"),
        ("", ""),
        (None, ""),
    ],
    ids=["another seed", "a key is gone", "never trained", "cut off", "no lock"],
)
def test_a_model_that_is_not_trained_has_no_hash(locked: str | None, declared: str) -> None:
    """Where parameters were edited since, or nothing was trained yet, rows name no trained model."""
    if locked is not None:
        Path("dvc.lock").write_text(locked)
    Path("params.yaml").write_text(declared)
    assert tables.trained_hash() == ""
