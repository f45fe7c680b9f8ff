"""The table of experiments on terminals of several widths."""

import pytest

from mainline.declared import params
from mainline.experiments import overview
from mainline.experiments.overview import Row
from tests.project import FLIGHTS

ROWS = [
    Row("4f0c21d", "a", 0.41234),
    Row("soapy-grum", "b", 0.4111, -0.0125, -0.0193, -0.0051, "better", "num_leaves 31 -> 63", "the first of them"),
    Row("muddy-tank", "c", 0.4111),
]


@pytest.mark.parametrize(
    ("columns", "shown"),
    [("120", {"interval", "what changed", "note"}), ("100", {"interval", "what changed"}), ("80", {"what changed"}),
     ("60", set())],
)  # fmt: skip
def test_table_fits_a_terminal(columns: str, shown: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is broken into two lines: first the note goes, then the interval, then what changed."""
    monkeypatch.setenv("COLUMNS", columns)
    said = overview.describe(params.load(FLIGHTS / "params.yaml"), "log_loss", ROWS)
    assert max(map(len, said.splitlines())) <= int(columns)
    title = next(line for line in said.splitlines() if "experiment  " in line)
    assert {name for name in ("interval", "what changed", "note") if name in title} == shown
    assert all(text in said for text in ("verdict", "better", "-1.25 %"))


@pytest.mark.parametrize("written", [True, False])
def test_next_steps_fit_a_terminal(written: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said below the table is broken at blanks."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = [line for text in overview.follow(ROWS, written) for line in text.splitlines()]
    assert max(map(len, lines)) <= 60
    assert "muddy-tank" in " ".join(lines)
