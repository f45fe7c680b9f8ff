"""Three classes against their own earlier version: real tags, a real store, and the gate's three answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn import metrics as sk

from mainline.data.storage import read_columns
from mainline.gate.findings import Findings
from mainline.report import markdown, page
from tests.project import Project

NAMES = ("setosa", "versicolor", "virginica")
ALL = ["sepal_length", "sepal_width", "petal_width"]


@pytest.fixture(scope="module")
def released(flower_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The use case of three classes with its first version released and in production, an origin and a store."""
    folder = tmp_path_factory.mktemp("released")
    made = flower_project.twin(folder / "project")
    made.give_origin(str(folder / "origin.git"))
    made.run("python", "-m", "mainline", "remote", str(folder / "storage"))
    made.run("python", "-m", "mainline", "signing-key")
    made.commit("Tell three species apart")
    made.run("git", "push", "--quiet", "origin", "main")
    assert "v1.0.0 is released." in made.run("python", "-m", "mainline", "promote").stdout
    return made


@pytest.fixture
def changed(released: Project, tmp_path: Path) -> Callable[..., tuple[Project, dict[str, Any]]]:
    """Change a copy of the released project, run its pipeline, commit it and hold it against production."""

    def change(**sections: Any) -> tuple[Project, dict[str, Any]]:
        made, origin = released.twin(tmp_path / "project"), tmp_path / "origin.git"
        made.run("git", "clone", "--quiet", "--bare", str(released.path.parent / "origin.git"), str(origin))
        made.run("git", "remote", "set-url", "origin", str(origin))
        made.declare(**sections)
        made.run("python", "-m", "mainline", "repro")
        made.commit("Change the model")
        finished = made.run("python", "-m", "mainline", "gate", succeed=None)
        assert "Traceback" not in finished.stderr
        found = json.loads((made.path / "metrics/report/gate.json").read_text())
        return made, found | {"status": finished.returncode, "said": finished.stdout}

    return change


def verdict(found: dict[str, Any], name: str) -> str:
    """Return the verdict of one check."""
    return next(str(check["verdict"]) for check in found["checks"] if check["name"] == name)


def test_better_classes_are_told_from_production_and_promoted(
    changed: Callable[..., tuple[Project, dict[str, Any]]],
) -> None:
    """A feature more is better in log loss, its report scores each class, and `promote` makes it the next version."""
    project, found = changed(features=ALL)
    assert (found["production"]["version"], found["comparison"]["other"]) == ("v1.0.0", "production v1.0.0")
    assert (found["comparison"]["conclusion"], found["comparison"]["compared"]) == ("better", "log_loss")
    assert found["comparison"]["low"] < found["comparison"]["high"] < 0
    assert (verdict(found, "against production"), verdict(found, "same production")) == ("pass", "pass")
    kept = read_columns(project.path / "data/predictions/test.parquet")
    for code, scored in enumerate(found["classes"]):
        true, said = kept["actual"] == code, kept["predicted"] == code
        assert (scored["name"], scored["rows"], scored["said"]) == (NAMES[code], true.sum(), said.sum())
        assert scored["precision"] == pytest.approx(sk.precision_score(true, said))
        assert scored["recall"] == pytest.approx(sk.recall_score(true, said))
    document = Findings.model_validate_json((project.path / "metrics/report/gate.json").read_bytes())
    for text in (markdown.render(document), page.render(document)):
        assert all(word in text for word in ("precision", "recall", *NAMES, "average precision"))
    project.run("git", "push", "--quiet", "origin", "main")
    assert "v1.1.0 is released." in project.run("python", "-m", "mainline", "promote").stdout
    tags = project.run("git", "ls-remote", "--tags", "origin").stdout
    assert "@v1.1.0" in tags


@pytest.mark.slow
def test_worse_classes_are_refused(changed: Callable[..., tuple[Project, dict[str, Any]]]) -> None:
    """A classifier that hardly leaves the shares of the classes is worse for sure, and is not released."""
    project, found = changed(model={"params": {"C": 0.001}})
    assert (found["comparison"]["conclusion"], found["verdict"], found["status"]) == ("worse", "fail", 1)
    assert (verdict(found, "against production"), verdict(found, "sudden drop")) == ("fail", "fail")
    assert found["comparison"]["low"] > 0
    project.run("git", "push", "--quiet", "origin", "main")
    refused = project.run("python", "-m", "mainline", "promote", succeed=False)
    assert "must not be released" in refused.stderr
    assert "v1.1.0" not in project.run("git", "tag").stdout


@pytest.mark.slow
def test_classes_that_may_be_as_good_cannot_be_told(changed: Callable[..., tuple[Project, dict[str, Any]]]) -> None:
    """Another family on 50 flowers of 16 days: the interval holds zero and ends beyond the margin."""
    _, found = changed(model={"type": "sklearn.naive_bayes.GaussianNB", "params": {}})
    assert found["comparison"]["conclusion"] == "cannot tell"
    assert found["comparison"]["low"] < 0 < found["comparison"]["margin"] < found["comparison"]["high"]
    assert verdict(found, "against production") == "cannot tell"
    assert found["status"] == 1
