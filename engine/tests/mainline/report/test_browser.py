"""The HTML report in a real browser."""

from pathlib import Path

import pytest

from mainline.report import page
from mainline.report.sections import describe
from tests.browser import WIDTHS, Browser
from tests.mainline.report import examples, hostile

REAL = ("passing", "failing", "first", "several")
FOUND = {
    "passing": examples.passing(),
    "failing": examples.failing(),
    "first": examples.first(),
    "several": examples.several(),
    "hostile": hostile.largest("W"),
    "tags": hostile.largest("<img src=x onerror=alert(1)>"),
}
REPORTS = {name: page.render(findings) for name, findings in FOUND.items()}


@pytest.mark.parametrize("name", REPORTS)
def test_report_fits_every_width(browser: Browser, name: str) -> None:
    """From a small phone to a wide screen nothing sticks out, styles are applied, and no foreign element is made.

    Tables of real reports are whole at 400 pixels; others may scroll in their own box.
    """
    for width, found in zip(WIDTHS, browser.measure([REPORTS[name]]), strict=True):
        assert found["scrolled"] <= found["width"] == width
        assert found["cut"] == 0 or width == min(WIDTHS) or name not in REAL
        sections = len(describe(FOUND[name]).sections)
        assert (found["sections"], found["foreign"], found["links"], found["border"]) == (sections, 0, 0, "6px")


def test_report_is_drawn(browser: Browser, tmp_path: Path) -> None:
    """The browser makes a picture of the file as it is."""
    browser.draw(REPORTS["passing"], tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 30_000
