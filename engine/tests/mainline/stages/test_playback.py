"""What a package promises when the use case's own rule reads a feature that the model does not have."""

import json
from pathlib import Path

import pytest

from tests.project import Project


@pytest.mark.slow
def test_a_rule_that_reads_a_feature_which_the_log_lacks_is_no_bar_of_monitoring(
    small_project: Project, tmp_path: Path
) -> None:
    """The flights' rule reads `dest_gain`; without that feature tests keep the rule, and monitoring the constant."""
    project = small_project.twin(tmp_path / "project")
    package = project.path / "models/package/monitor.json"
    assert json.loads(package.read_text())["baseline"] == "rule"
    text = (project.path / "params.yaml").read_text()
    (project.path / "params.yaml").write_text(text.replace("- dest_gain\n", ""))
    said = project.run("dvc", "repro").stdout
    assert "skill is held to the constant: the log has no 'dest_gain'" in said
    assert json.loads(package.read_text())["baseline"] == "constant"
    assert "rule" in json.loads((project.path / "metrics/baseline.json").read_text())
