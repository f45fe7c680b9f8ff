"""Packs of several use cases, held to their formats by public tools in an environment of their own."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.evidence import pack
from tests.mainline.evidence.conftest import enter, key, released
from tests.project import Project

HERE = Path(__file__).parent
LIMIT = 900  # seconds until a tool counts as hanging
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the public tools, brought by pip."""
    folder = tmp_path_factory.mktemp("tools") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=LIMIT)
    python = folder / "bin/python"
    install = ["-m", "pip", "install", "--quiet", "--requirement", str(HERE / "tools.txt")]
    subprocess.run([str(python), *install], check=True, timeout=LIMIT)
    return python


@pytest.fixture(scope="module")
def packs(
    other_project: Project, flower_project: Project, timeless_project: Project, small_project: Project,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:  # fmt: skip
    """The signed pack of a release of each use case, by its name."""
    projects = {
        "other": other_project,
        "flowers": flower_project,
        "timeless": timeless_project,
        "flights": small_project,
    }
    found = {}
    for name, project in projects.items():
        folder = tmp_path_factory.mktemp(name)
        with pytest.MonkeyPatch.context() as patch:
            enter(patch, released(project, folder))
            pack.write(folder / "pack", pack.make("v1.0.0", key())[1])
        found[name] = folder / "pack"
    return found


def validate(tools: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the public tools on a folder."""
    command = [str(tools), str(HERE / "validation.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("name", ["other", "flowers", "timeless", "flights"])
def test_public_tools_take_the_pack(tools: Path, packs: dict[str, Path], name: str) -> None:
    """Each of the three formats is valid to the tool that its authors publish."""
    done = validate(tools, packs[name])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["CycloneDX 1.6: valid", "Croissant 1.0: valid", "model card: valid"]


def _of_bill(found: dict[str, Any]) -> None:
    found["metadata"]["component"]["modelCard"]["considerations"]["owner"] = "somebody"


def _of_data(found: dict[str, Any]) -> None:
    found["distribution"][0].pop("md5")


@pytest.mark.parametrize(
    ("file", "damage", "said"),
    [
        ("model.cdx.json", _of_bill, "CycloneDX 1.6: .*'owner' was unexpected"),
        ("data.croissant.json", _of_data, "Croissant 1.0: .*md5"),
        ("README.md", None, "model card: "),
    ],
)
def test_public_tools_refuse_a_damaged_pack(
    tools: Path, packs: dict[str, Path], tmp_path: Path, file: str,
    damage: Callable[[dict[str, Any]], None] | None, said: str,
) -> None:  # fmt: skip
    """A key that the format does not have, a file without its hash, and results without a metric are each refused."""
    for source in packs["other"].iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    content = (tmp_path / file).read_text()
    if damage is None:
        content = content.replace("  - task:", "  - tusk:")
    else:
        found = json.loads(content)
        damage(found)
        content = json.dumps(found)
    (tmp_path / file).write_text(content)
    done = validate(tools, tmp_path)
    assert done.returncode == 1
    assert re.search(said, done.stdout), done.stdout + done.stderr
