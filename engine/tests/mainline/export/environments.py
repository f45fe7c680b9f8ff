"""Environments of their own for tools that do not fit beside the lock of the tests, brought by pip."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LIMIT = 900  # seconds until a tool counts as hanging


def make(folder: Path, requirements: str) -> Path:
    """Install a file of requirements that stands here into a new environment, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=LIMIT)
    python = folder / "bin/python"
    install = ["-m", "pip", "install", "--quiet", "--requirement", str(HERE / requirements)]
    subprocess.run([str(python), *install], check=True, timeout=LIMIT)
    return python


def attempt(python: Path, script: str, *words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a script that stands here by such a Python."""
    return subprocess.run(
        [str(python), str(HERE / script), *words], capture_output=True, text=True, timeout=LIMIT, cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
    )  # fmt: skip


def run(python: Path, script: str, *words: str, home: Path) -> str:
    """Run a script likewise, and return what it printed."""
    done = attempt(python, script, *words, home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
