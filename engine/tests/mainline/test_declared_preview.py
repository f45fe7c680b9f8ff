"""Files of previews: read on their own, and an environment for nobody."""

import shutil
from argparse import Namespace
from pathlib import Path

import pytest

from mainline.commands import api_key
from mainline.declared import deploy_files, environments, preview
from mainline.errors import MainlineError, ParamsError
from mainline.gate import acceptance
from mainline.registry import history
from tests.project import FLIGHTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of environments with a file of previews among them."""
    shutil.copytree(FLIGHTS / "deploy", tmp_path / "deploy")
    (tmp_path / "deploy/preview.yaml").write_text("preview:\n")
    return tmp_path / "deploy"


def test_file_of_previews_is_not_an_environment(folder: Path) -> None:
    """Whoever reads all environments does without it, and whoever names it learns what it is."""
    assert {"preview", "production"} <= {file.stem for file in folder.glob("*.yaml")}
    assert "preview" not in environments.load_all(folder)
    assert "preview" not in {file.stem for file in deploy_files.environment_files(folder)}
    assert "preview" not in acceptance.refusals(folder / "no-package", folder, {"preview"})
    with pytest.raises(ParamsError, match="makes this a file of previews, not an environment"):
        environments.load(folder / "preview.yaml")
    with pytest.raises(MainlineError, match="no environment 'preview'"):
        history.check_environment("preview", [], folder.parent)


def test_key_is_made_for_previews(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command `api-key` finds their file of keys as it finds an environment's."""
    monkeypatch.chdir(folder.parent)
    (folder / "preview.yaml").write_text("preview:\nservice: {keys: deploy/keys/preview.yaml}\n")
    api_key.run(Namespace(name="colleague", settings=folder / "preview.yaml", admin=False))
    assert "colleague" in (folder / "keys/preview.yaml").read_text()


@pytest.mark.parametrize("content", ["preview: [", "a: 1\na: 2", "[preview]", "", "previews: {}"])
def test_file_that_cannot_be_read_stays_an_environment(content: str) -> None:
    """So its reader says what is wrong with it."""
    assert not deploy_files.is_preview(content)


def test_usual_values_hold_for_what_is_not_declared(folder: Path) -> None:
    """An empty section is enough."""
    found = preview.load(folder / "preview.yaml")
    assert found.preview == preview.Preview(
        branches="*", most=5, days=14.0, first_port=8100, interval=30.0, memory_mib=1000.0
    )
    assert found.service.log.directory is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("service: {}", "preview: is missing"),
        ("preview: {mots: 3}", "preview.mots: is not a known key; did you mean 'most'"),
        ("preview: {most: 0}", "preview.most"),
        ("preview: {first_port: 65535, most: 2}", "preview.first_port: leads to port 65536"),
        ("preview:\nservice: {port: 80}", "service.port: is declared"),
        ("preview:\nservice: {workers: 2}", "service.workers: is more than 1"),
        ("preview:\nservice: {grpc: {port: 1}}", "service.grpc: is declared"),
        ("preview:\nservice: {log: {directory: logs}}", "service.log.directory: is declared"),
        ("preview:\npromotion: {}", "promotion: is not a known key"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """Unknown keys, and settings that a preview does not have."""
    file = tmp_path / "preview.yaml"
    file.write_text(content)
    with pytest.raises(ParamsError, match=said.replace("?", "\\?")):
        preview.load(file)


def test_a_file_that_is_not_there_is_to_be_written(tmp_path: Path) -> None:
    """Whoever tries previews for the first time stands in the right folder, and has no such file yet."""
    with pytest.raises(ParamsError, match=r"^deploy/preview.yaml: file: is not there; write it: .*previews.md"):
        preview.load(tmp_path / "deploy/preview.yaml")
