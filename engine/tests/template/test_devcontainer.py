"""The container to work in: what it asks for is what this repository has, and its command runs in a fresh clone."""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project import ROOT, Project, copy

FILE = ".devcontainer/devcontainer.json"


def parse(text: str) -> Any:
    """Read JSON with comments and trailing commas, as the programs that know the format do."""
    piece = r"""("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])"""
    return json.loads(re.sub(piece, lambda found: found[1] or "", text, flags=re.DOTALL))


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """The container as it is declared."""
    return dict(parse((ROOT / FILE).read_text(encoding="utf-8")))


def test_comments_are_told_from_texts() -> None:
    """An address in a text is no comment, and a comma before a bracket may stay."""
    read = parse('{"a": "http://b, ]", // a comment, "c": 1\n "d": ["\\\\", "\\"//"], /* 1,\n */ "e": [1, ], }')
    assert read == {"a": "http://b, ]", "d": ["\\", '"//'], "e": [1]}


def test_extensions_are_those_that_a_checkout_recommends(declared: dict[str, Any]) -> None:
    """One list for who opens the folder and for who opens the container."""
    recommended = json.loads((ROOT / ".vscode/extensions.json").read_text(encoding="utf-8"))["recommendations"]
    assert declared["customizations"]["vscode"]["extensions"] == recommended


def test_python_is_one_that_the_lock_is_made_for(declared: dict[str, Any]) -> None:
    """The image has the Python of the service's image, and a version instead of the newest."""
    base = re.search(r"^ARG BASE=(python:3\.\d+)", (ROOT / "engine/container/Containerfile").read_text(), re.MULTILINE)
    assert base
    assert f"/{base[1]}-" in declared["image"]


def test_the_editor_looks_where_the_tests_look(declared: dict[str, Any]) -> None:
    """Imports of `usecase` and `mainline` are found, and the editor runs the tests of the fork."""
    tests = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    settings = declared["customizations"]["vscode"]["settings"]
    assert settings["python.analysis.extraPaths"] == tests["pythonpath"]
    assert settings["python.testing.pytestArgs"] == tests["testpaths"]


def test_the_port_is_the_one_that_is_served(declared: dict[str, Any]) -> None:
    """What `make serve` prints can be opened outside of the container."""
    service = yaml.safe_load((ROOT / "deploy/production.yaml").read_text(encoding="utf-8"))["service"]
    assert declared["forwardPorts"] == [service["port"]]
    assert list(declared["portsAttributes"]) == [str(service["port"])]


def test_its_command_makes_the_interpreter_in_a_fresh_clone(declared: dict[str, Any], tmp_path: Path) -> None:
    """After it the declared interpreter is there, with what tests need and DVC beside it."""
    made = copy(tmp_path / "made")
    clone = Project(tmp_path / "clone")
    made.run("git", "clone", "--quiet", ".", str(clone.path))
    (clone.path / ".venv").symlink_to(sys.prefix)  # installed already; `test_install.py` installs
    clone.run(*declared["postCreateCommand"])
    settings = declared["customizations"]["vscode"]["settings"]
    python = settings["python.defaultInterpreterPath"].replace("${containerWorkspaceFolder}", str(clone.path))
    clone.run(python, "-c", "import pytest, dvc")
    assert (Path(python).parent / "dvc").exists()
