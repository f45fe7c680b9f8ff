"""What MLflow is told of a release."""

import json
from pathlib import Path

import pytest

from mainline import __main__ as command_line
from mainline.errors import MainlineError
from mainline.export import runs
from mainline.export.runs import COMMIT, Run
from tests.mainline.export.tracking_server import serve
from tests.project import Project


@pytest.fixture
def run(here: Project) -> Run:
    """The run of the only version."""
    (found,) = runs.read(here.path)
    return found


def test_parameters_are_those_of_the_lock(run: Run) -> None:
    """By dotted names, lists in one line."""
    assert run.params["model.type"].startswith("sklearn.")
    assert run.params["data.from"]
    assert ", " in run.params["features"]


def test_metrics_are_those_of_the_record(run: Run) -> None:
    """Each by its set of rows, and what each stage took."""
    test = json.loads(Path("metrics/test.json").read_text())
    known = {f"test.{name}": value for name, value in test.items() if isinstance(value, int | float)}
    assert {name: value for name, value in run.metrics.items() if name.startswith("test.")} == known
    assert run.metrics["train.seconds"] > 0


def test_tags_say_what_it_is_and_where_it_serves(run: Run, here: Project) -> None:
    """Commit, package and environments."""
    assert run.name == "model@v1.0.0"
    assert run.tags[COMMIT] == here.run("git", "rev-list", "-n1", "model@v1.0.0").stdout.strip()
    assert run.tags["mainline.package"] == json.loads(Path("models/package/manifest.json").read_text())["digest"]
    assert run.tags["mainline.data"] == here.hashes()["data/raw"]
    assert "production" in run.tags["mainline.environments"].split(", ")
    assert run.tags["mainline.archived"] == "no"


def test_data_is_the_raw_data_of_the_lock(run: Run, here: Project) -> None:
    """By DVC's hash, which is as long as MLflow takes it."""
    assert run.data == here.hashes()["data/raw"]


def test_without_a_release_there_is_nothing_to_send(other_project: Project) -> None:
    """The message names the command that releases."""
    with pytest.raises(MainlineError, match=r"no version was released yet. `./mainline promote`"):
        runs.read(other_project.path)


@pytest.mark.usefixtures("here")
def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    """A run is made, and the second time it is as before; a name may be given to the experiment."""
    with serve() as server:
        for said in ("1 run made in experiment mine, 0 brought up to date, 0 as before.",
                     "0 runs made in experiment mine, 0 brought up to date, 1 as before."):  # fmt: skip
            assert command_line.main(["export", "mlflow", server.url, "--experiment", "mine"]) == 0
            first, page = capsys.readouterr().out.splitlines()
            assert first == said
            assert page == f"MLflow shows them at {server.url}/#/experiments/1/runs?workflowType=machine_learning"
        assert list(server.experiments) == ["mine"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mlflow", "http://127.0.0.1:1", "--table", "x"], "--table is an option of `export great-expectations`"),
        (["mlflow", "http://127.0.0.1:1", "--features"], "--features is an option of `export great-expectations`"),
        (["mlflow", "http://127.0.0.1:1", "--namespace", "x"], "--namespace is an option of `export openlineage`"),
        (["great-expectations", "x.json", "--experiment", "x"], "--experiment is an option of `export mlflow`"),
    ],
)
def test_an_option_of_another_form_is_refused(
    here: Project, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """Nothing is written or sent."""
    assert command_line.main(["export", *words]) == 1
    assert said in capsys.readouterr().err
    assert not (here.path / "x.json").exists()
