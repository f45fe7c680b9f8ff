"""Figures in a document: between its marks, and nothing else of it."""

from pathlib import Path

import pytest

from mainline.backtest import summary
from mainline.backtest.parts import Part
from mainline.errors import MainlineError
from tests.mainline.backtest.samples import WIDE

PART = Part("Did it help?", ("Yes.",), ((("life", "rmse"), (("never | ever", "18.7"),)),), "-a\n+b")


def test_figures_are_put_between_the_marks(tmp_path: Path) -> None:
    """A second time they replace the first ones."""
    file = tmp_path / "doc.md"
    file.write_text(f"# Before\n\n{summary.BEGIN}\n{summary.END}\n\nAfter\n")
    for text in ("first\n", "second\n"):
        summary.record(text, file)
    assert file.read_text() == f"# Before\n\n{summary.BEGIN}\n\nsecond\n\n{summary.END}\n\nAfter\n"


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    """The message names both."""
    file = tmp_path / "doc.md"
    file.write_text("# Mine\n")
    with pytest.raises(MainlineError, match=r"^--record: .*doc\.md needs one line '<!-- .*begin -->'.*end -->'"):
        summary.record("text\n", file)
    assert file.read_text() == "# Mine\n"


def test_markdown_has_a_table_with_figures_to_the_right_and_no_bar_in_a_cell() -> None:
    """A bar in a name would be another column."""
    assert summary.markdown((PART,), "Lead.") == (
        "Lead.\n\n### Did it help?\n\nYes.\n\n| life | rmse |\n|---|---:|\n| never / ever | 18.7 |\n\n"
        "```diff\n-a\n+b\n```\n"
    )


def test_a_wide_table_fits_the_page_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells of words are broken into lines, none is cut, and figures stay whole."""
    monkeypatch.setenv("COLUMNS", "100")
    text = summary.terminal((WIDE,))
    assert max(map(len, text.splitlines())) <= 100
    ((_, rows),) = WIDE.tables
    flat = " ".join(text.split())
    assert all(word in flat for row in rows for cell in row for word in cell.split())
    assert "2013-04-22" in text
    assert "..." not in text


def test_through_a_pipe_a_row_is_a_line() -> None:
    """What comes next takes a line as one thing."""
    text = summary.terminal((WIDE,))
    ((_, rows),) = WIDE.tables
    assert [line.split()[0] for line in text.splitlines() if "2013-04-2" in line] == ["each"] * len(rows)
