"""`render` as it is typed."""

from pathlib import Path

import pytest

from mainline.__main__ import main
from mainline.repository.git import git
from tests.project import FLIGHTS


@pytest.mark.parametrize("way", ["follower", "argo", "prometheus", "pipeline", "locust", "k6", "gitlab", "jenkins"])
def test_an_environment_that_is_not_declared_is_refused(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is rendered: a typing error is a line that names those that there are, and nothing is written."""
    git("init", "--quiet", at=tmp_path)
    (tmp_path / "deploy").symlink_to(FLIGHTS / "deploy")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "output"
    assert main(["render", "--way", way, "--environment", "prodcution", "--output", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "'prodcution'" in said
    assert "production" in said
    assert not folder.exists()
