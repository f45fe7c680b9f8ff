"""The HTML report in a real browser."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mainline.report import page
from tests.mainline.report import examples, hostile

WIDTHS = (320, 400, 1200)
REAL = ("passing", "failing", "first")
REPORTS = {
    "passing": page.render(examples.passing()),
    "failing": page.render(examples.failing()),
    "first": page.render(examples.first()),
    "hostile": page.render(hostile.largest("W")),
    "tags": page.render(hostile.largest("<img src=x onerror=alert(1)>")),
}
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=5000",
)  # fmt: skip

# Frames are opened by their content, so this page may look into them; all folded parts are opened first.
MEASURE = """
<script>
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const inner = frame.contentDocument, root = inner.documentElement;
    inner.querySelectorAll("details").forEach(part => part.open = true);
    const cut = [...inner.querySelectorAll(".scroll")].filter(box => box.scrollWidth > box.clientWidth).length;
    return [frame.name, root.clientWidth, root.scrollWidth, cut, inner.querySelectorAll("section").length,
            inner.querySelectorAll("script, img, iframe, a, link, object").length,
            getComputedStyle(inner.querySelector("header")).borderLeftWidth];
  });
  document.querySelector("pre").textContent = JSON.stringify(found);
});
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    """Chromium or Chrome, as it is called here."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH; `apt-get install chromium` brings one")
    return found


@pytest.mark.parametrize("name", REPORTS)
def test_report_fits_every_width(browser: str, name: str, tmp_path: Path) -> None:
    """From a small phone to a wide screen nothing sticks out, styles are applied, and no foreign element is made.

    Tables of real reports are whole at 400 pixels; others may scroll in their own box.
    """
    frames = "".join(
        f'<iframe name="{width}" style="border:0;width:{width}px" srcdoc="{html.escape(REPORTS[name])}"></iframe>'
        for width in WIDTHS
    )
    measuring = tmp_path / "measure.html"
    measuring.write_text(f"<!doctype html><meta charset=utf-8><pre></pre>{frames}{MEASURE}", encoding="utf-8")
    dumped = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", measuring.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    measured = json.loads(html.unescape(re.findall("<pre>(.*?)</pre>", dumped)[0]))
    assert [frame[0] for frame in measured] == [str(width) for width in WIDTHS]
    for width, inner, scrolled, cut, sections, foreign, border in measured:
        assert scrolled <= inner == int(width)
        assert cut == 0 or width == "320" or name not in REAL
        assert (sections, foreign, border) == (7, 0, "6px")


def test_report_is_drawn(browser: str, tmp_path: Path) -> None:
    """The browser makes a picture of the file as it is, under its own policy."""
    (tmp_path / "report.html").write_text(REPORTS["passing"], encoding="utf-8")
    picture = tmp_path / "report.png"
    subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,1000",
         f"--screenshot={picture}", (tmp_path / "report.html").as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    assert picture.stat().st_size > 30_000
