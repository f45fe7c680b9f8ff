"""Pages in a real browser: measured at several widths, and drawn."""

import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

WIDTHS = (320, 400, 1200)
"""Pixels: a small phone, a phone, a wide screen."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=5000",
    "--run-all-compositor-stages-before-draw",  # else a picture may lack a tile
)  # fmt: skip

# Frames are opened by their content, so this page may look into them; all folded parts are opened first.
_MEASURE = """
<script>
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const inner = frame.contentDocument, root = inner.documentElement;
    inner.querySelectorAll("details").forEach(part => part.open = true);
    const scrolling = [...inner.querySelectorAll(".scroll")];
    const count = names => inner.querySelectorAll(names).length;
    const labels = [...inner.querySelectorAll("svg text")].map(label => label.getBoundingClientRect());
    const meet = (one, other) => one.left < other.right && other.left < one.right &&
                                 one.top < other.bottom && other.top < one.bottom;
    const sizes = [...inner.querySelectorAll("svg text")].map(label =>
      parseFloat(getComputedStyle(label).fontSize) * label.getScreenCTM().a);
    const words = [], texts = inner.createTreeWalker(inner.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/[^\\s-]+/g)) {
      const range = inner.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) words.push(word[0]);
    }
    return {width: root.clientWidth, scrolled: root.scrollWidth, sections: count("section"), links: count("a"),
            cut: scrolling.filter(box => box.scrollWidth > box.clientWidth).length,
            foreign: count("script, img, iframe, object, link"), broken: words, smallest: Math.min(99, ...sizes),
            meeting: labels.filter((one, place) => labels.slice(place + 1).some(other => meet(one, other))).length,
            border: getComputedStyle(inner.querySelector("header") ?? root).borderLeftWidth};
  });
  document.querySelector("pre").textContent = JSON.stringify(found);
});
</script>
"""


class Browser:
    """Chromium or Chrome, as it is called here."""

    def __init__(self, program: str) -> None:
        self._program = program

    def measure(self, pages: Sequence[str]) -> list[Mapping[str, Any]]:
        """Open each page at each of `WIDTHS`; return what they measure, page by page.

        `width` and `scrolled` are pixels, `cut` counts boxes that scroll, `sections`, `links` and `foreign` elements;
        `border` is the width of the header's left border, by which one sees that styles are applied. `broken` has the
        words that go over two lines; of the texts in pictures `smallest` is the least size in pixels (99 without any),
        and `meeting` counts those that lie on another one.
        """
        frames = "".join(
            f'<iframe style="border:0;width:{width}px" srcdoc="{html.escape(page)}"></iframe>'
            for page in pages
            for width in WIDTHS
        )
        dumped = self._open(f"<!doctype html><meta charset=utf-8><pre></pre>{frames}{_MEASURE}", "--dump-dom")
        return list(json.loads(html.unescape(re.findall("<pre>(.*?)</pre>", dumped)[0])))

    def draw(self, page: str, picture: Path) -> None:
        """Draw a page as it is, under its own policy."""
        self._open(page, "--window-size=1200,1000", f"--screenshot={picture}")

    def photograph(self, page: Path, picture: Path, *, dark: bool, width: int, height: int) -> None:
        """Draw the top of a page where it lies, with what is beside it, light or dark."""
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        with tempfile.TemporaryDirectory() as folder:
            self._run(folder, scheme, f"--window-size={width},{height}", f"--screenshot={picture}", page.as_uri())

    def read(self, address: str) -> str:
        """Open an address, and return the elements that its scripts have made by then."""
        with tempfile.TemporaryDirectory() as folder:
            return self._run(folder, "--virtual-time-budget=30000", "--dump-dom", address)

    def dump(self, page: str, *, dark: bool, width: int) -> str:
        """Open a page, light or dark, at a width in pixels; return its document as it is after its scripts."""
        scheme = [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
        return self._open(page, *scheme, f"--window-size={width},1000", "--dump-dom")

    def _open(self, page: str, *options: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.html"
            file.write_text(page, encoding="utf-8")
            return self._run(folder, *options, file.as_uri())

    def _run(self, folder: str, *options: str) -> str:
        command = [self._program, *_FLAGS, f"--user-data-dir={folder}/profile", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def find() -> Browser | None:
    """Return the first browser on the PATH; None where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Browser(found) if found else None
