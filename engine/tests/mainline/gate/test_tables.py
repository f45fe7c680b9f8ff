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
