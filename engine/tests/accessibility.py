"""Pages held to the rules of WCAG 2.2 by axe-core in a real browser."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser

VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""What npm's registry says of axe-core of that version."""
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_RUN = """
<pre id="axe-found"></pre><script>%s</script><script>
document.querySelectorAll("details").forEach(part => part.open = true);
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
                   resultTypes: ["violations"]})
  .then(found => {
    document.getElementById("axe-found").textContent = JSON.stringify(found.violations.map(
      one => ({rule: one.id, help: one.help, nodes: one.nodes.slice(0, 5).map(node => node.html.slice(0, 300))})));
  });
</script>
"""


def fetch(folder: Path) -> Path:
    """Bring axe-core from npm into a folder and return its script; skip the test where npm or its registry is not."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed; it brings axe-core")
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"axe-core@{VERSION}"], cwd=folder, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    if packed.returncode:
        pytest.skip(f"npm does not bring axe-core: {packed.stderr[-200:]}")
    archive = folder / packed.stdout.strip()
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{found}" == INTEGRITY
    with tarfile.open(archive) as files:
        script = files.extractfile("package/axe.min.js")
        assert script is not None
        (folder / "axe.min.js").write_bytes(script.read())
    return folder / "axe.min.js"


def violations(browser: Browser, page: str, script: Path, *, dark: bool, width: int) -> list[dict[str, Any]]:
    """Return each rule that a page breaks, with the elements; its policy is left out, since axe is a script."""
    body = _RUN % script.read_text(encoding="utf-8")
    shown = browser.dump(_POLICY.sub("", page).replace("</main>", f"</main>{body}"), dark=dark, width=width)
    found = re.search(r'<pre id="axe-found">(.+?)</pre>', shown, re.DOTALL)
    assert found, "axe did not end"
    return list(json.loads(html.unescape(found[1])))
