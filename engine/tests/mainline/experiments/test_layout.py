"""Tables on wide and narrow terminals."""

import pytest

from mainline.experiments.layout import Layout

HEADER = ("feature", "adds\n(minutes)", "± chance", "")
ROWS = [("scheduled_block", "-6.2750", "0.0036", "-" * 16), ("seats", "+4.1857", "0.0516", "+" * 11)]


@pytest.mark.parametrize(("columns", "shown"), [("80", {"±", "-----"}), ("46", {"±"}), ("36", set()), ("20", set())])
def test_a_narrow_terminal_does_without_columns(columns: str, shown: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns that can be spared go one after the other, and the others stay, whatever the width."""
    monkeypatch.setenv("COLUMNS", columns)
    table = Layout(HEADER, ROWS, left=(0, 3), spare=(3, 2))
    lines = table.render().splitlines()
    assert max(map(len, lines)) <= max(int(columns), 28)
    assert {mark for mark in ("±", "-----") if mark in table.render()} == shown
    assert all("6.2750" in line for line in lines if "scheduled_block" in line)
    assert table.line(ROWS[1]) in lines
