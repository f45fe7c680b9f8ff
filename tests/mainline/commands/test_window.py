"""The window moves by a month, and nothing else in the file does."""

from pathlib import Path

import pytest

from mainline.commands.window import window
from mainline.errors import MainlineError
from tests.project import OTHER, ROOT


@pytest.mark.parametrize("source", [ROOT / "params.yaml", OTHER / "params.yaml"], ids=["shipped", "other"])
def test_the_window_takes_one_month_more(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the month of data.through differs afterwards; comments and layout stay."""
    monkeypatch.chdir(tmp_path)
    text = source.read_text(encoding="utf-8")
    Path("params.yaml").write_text(text, encoding="utf-8")
    first, _, last = window(advance=False).split()
    said = window(advance=True)
    assert said.startswith(f"{first} to ")
    before, after = (content.splitlines() for content in (text, Path("params.yaml").read_text(encoding="utf-8")))
    (changed,) = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert changed[0].strip().startswith(f"through: {last}")
    assert changed[1].strip().startswith("through: ")


def test_december_is_followed_by_january(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The month after the last of a year is the first of the next."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("through: 2013-09", 'through: "2013-12"'), encoding="utf-8")
    assert "2014-01" in window(advance=True)
    assert 'through: "2014-01"' in Path("params.yaml").read_text(encoding="utf-8")


def test_a_layout_that_cannot_be_edited_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window in one line is refused with what to write, and the file stays as it is."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("data:")
    flow = f"{head}data: {{from: 2013-01, through: 2013-09}}\n\nsplit:{rest.partition('split:')[2]}"
    Path("params.yaml").write_text(flow, encoding="utf-8")
    with pytest.raises(MainlineError, match="Write 2013-10 there by hand"):
        window(advance=True)
    assert Path("params.yaml").read_text(encoding="utf-8") == flow
