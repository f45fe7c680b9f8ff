"""Load tests for those who have Locust or k6: with the golden requests, and run once by the real Locust."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mainline.probe import scripts
from tests.mainline.serving.running import running
from tests.project import LIMIT

LOCUST = "locust==2.47.0"


@pytest.mark.parametrize("way", scripts.WAYS)
def test_the_requests_are_those_of_the_package(package_dir: Path, tmp_path: Path, way: str) -> None:
    """They lie beside the script, which names the command that wrote it and holds no key."""
    assert scripts.write(way, package_dir, tmp_path) == f"{tmp_path}: {scripts.WAYS[way][0]}, requests.json"
    golden = json.loads((package_dir / "golden.json").read_text())["requests"]
    assert json.loads((tmp_path / "requests.json").read_text()) == golden
    text = (tmp_path / scripts.WAYS[way][0]).read_text()
    assert f"`./mainline render` for {way}" in text
    assert "MAINLINE_API_KEY" in text


def test_the_script_of_k6_is_one(package_dir: Path, tmp_path: Path) -> None:
    """Node.js reads it as a module."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    scripts.write("k6", package_dir, tmp_path)
    module = (tmp_path / "load.js").rename(tmp_path / "load.mjs")
    subprocess.run([node, "--check", str(module)], check=True, timeout=LIMIT)


@pytest.mark.slow
def test_locust_runs_it(package_dir: Path, tmp_path: Path) -> None:
    """The real Locust, in an environment of its own, has each request answered by the real server."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, timeout=LIMIT)
    python = tmp_path / "venv/bin/python"
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    brought = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", LOCUST], env=plain, timeout=600, check=False
    )
    if brought.returncode:
        pytest.skip(f"pip does not bring {LOCUST}")
    scripts.write("locust", package_dir, tmp_path)
    with running(tmp_path / "service", package_dir) as server:
        subprocess.run(
            [str(python), "-m", "locust", "--headless", "--host", f"http://127.0.0.1:{server.port}", "--users", "3",
             "--run-time", "5s", "--json", "--json-file", "found", "--exit-code-on-error", "1"],
            cwd=tmp_path, env=plain | {"MAINLINE_API_KEY": server.key}, timeout=LIMIT, check=True,
        )  # fmt: skip
        assert server.metric("mainline_requests_total") > 3
