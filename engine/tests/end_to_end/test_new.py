"""A table becomes a use case, and the use case a model that is judged, served and asked: by what the commands say."""

import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn import datasets

from tests import project
from tests.mainline.scaffold.samples import flats, write
from tests.mainline.serving.running import running
from tests.project import Project

RANDOM = np.random.default_rng(23)


def _iris() -> pd.DataFrame:
    loaded = datasets.load_iris(as_frame=True)
    rows = loaded.frame.rename(columns={"target": "species"})
    return rows.assign(species=loaded.target_names[rows["species"]])


def _two() -> pd.DataFrame:
    """Flats that were sold or not, as text, with gaps, a group, and the time left out."""
    rows = flats(400)
    sold = np.where(rows["price €"] + RANDOM.normal(0, 40_000, 400) > 250_000, "Yes", "No")
    return rows.assign(sold=sold, owner_id=RANDOM.integers(100, 180, 400)).mask(
        (RANDOM.random((400, 7)) < 0.05) & (np.arange(7) < 5) & (np.arange(7) > 0)
    )


def _countries() -> pd.DataFrame:
    """Countries by their codes, NA for Namibia among them, with three classes that are called like nothing at all."""
    codes = RANDOM.choice(["NA", "DE", "null", "nan"], 400)
    size = RANDOM.normal(0, 1, 400) + (codes == "NA") * 3
    kind = np.select([size < -0.5, size < 1.5], ["None", "N/A"], "NA")
    return pd.DataFrame({"id": [f"{number}" for number in range(400)], "country": codes, "size": size, "kind": kind})


def _hourly() -> str:
    """Flats by the hour on the clock of Berlin, as a German program writes them."""
    hours = pd.date_range("2024-03-25", periods=900, freq="h")
    rows = flats(900).assign(day=hours.strftime("%d.%m.%Y"), hr=hours.hour).drop(columns="id")
    return rows.to_csv(index=False, sep=";", decimal=",")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The machinery with the flights, nothing run; tests only read it."""
    return project.copy(tmp_path_factory.mktemp("start") / "project")


def _made(start: Project, folder: Path, content: pd.DataFrame | str, *options: str) -> Project:
    """Make a use case of a table in a project of its own; the command holds it to the contract."""
    made = start.twin(folder / "project")
    made.run("python", "-P", "-m", "mainline", "new", str(write(folder, content, "rows.csv")), *options)
    return made


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (lambda: datasets.load_diabetes(as_frame=True).frame, ("--label", "target")),
        pytest.param(_two, ("--label", "sold"), marks=pytest.mark.slow),
        pytest.param(_iris, ("--label", "species"), marks=pytest.mark.slow),
        pytest.param(_hourly, ("--label", "price €", "--zone", "Europe/Berlin"), marks=pytest.mark.slow),
    ],
    ids=["regression", "two classes", "three classes", "hours"],
)
def test_use_case_of_a_table_keeps_the_contract(
    start: Project, tmp_path: Path, rows: Callable[[], pd.DataFrame | str], options: tuple[str, ...]
) -> None:
    """With and without time, of a number and of classes: the contract holds, and so do the tests that are written."""
    made = _made(start, tmp_path, rows(), *options)
    said = made.run("python", "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider").stdout
    assert re.search(r"^\d+ passed in", said, re.MULTILINE), said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "options", "answer"),
    [
        (_two, ("--label", "sold"), r'{"sold": 0\.\d+}'),
        (
            _iris,
            ("--label", "species"),
            r'{"class": "setosa", "probabilities": {"setosa": 0\.9\d+, "versicolor": 0\.\d+, "virginica": ',
        ),
        (_hourly, ("--label", "price €", "--zone", "Europe/Berlin"), r'{"price €": \d{5,6}\.\d+}'),
        (
            _countries,
            ("--label", "kind"),
            r'{"class": "N[A/one]+", "probabilities": {"N/A": \S+, "NA": \S+, "None": ',
        ),
    ],
    ids=["two classes", "three classes", "hours", "countries"],
)
def test_table_becomes_a_served_model(
    start: Project, tmp_path: Path, rows: Callable[[], pd.DataFrame | str], options: tuple[str, ...], answer: str
) -> None:
    """Without a line by hand the pipeline ends well, the gate judges, the raw file is predicted, a request answered."""
    made = _made(start, tmp_path, rows(), *options)
    made.run("python", "-P", "-m", "mainline", "repro")
    gate = made.run("python", "-P", "-m", "mainline", "gate", succeed=None)
    assert "fail " not in gate.stdout.lower(), gate.stdout
    predicted, body = _followed(made, tmp_path)
    assert re.match(r"(150|400|900) predictions in data/own/rows\.predictions", predicted)
    assert re.search(answer, body)


def _followed(made: Project, folder: Path) -> tuple[str, str]:
    """Predict the raw file and send the first request as the README says; return what both answer."""
    readme = (made.path / "README.md").read_text(encoding="utf-8")
    typed = dict(re.findall(r"^\$ (\S+ predict|curl) (.*)$", readme, re.MULTILINE))
    predicted = made.run("python", "-P", "-m", "mainline", "predict", *shlex.split(typed["./mainline predict"]))
    assert "bad" not in predicted.stdout
    request = json.loads(shlex.split(typed["curl"])[-1])
    with running(folder / "server", made.path / "models/package", log={"directory": str(folder / "log")}) as server:
        status, body = server.ask("/predict", request)
    assert status == 200, body
    return predicted.stdout.splitlines()[-1], json.dumps(json.loads(body), ensure_ascii=False)


@pytest.mark.slow
def test_years_that_are_numbers_are_released(start: Project, tmp_path: Path) -> None:
    """A table by the year goes the whole way: a period of one year, gate, report, release, tests, checks, an answer."""
    rows = flats(1440).assign(year=1950 + np.arange(1440) // 48)
    made = _made(start, tmp_path, rows, "--label", "price €", "--time", "year")
    made.run("make", "repro", VENV=sys.prefix)
    declared = yaml.safe_load((made.path / "params.yaml").read_text(encoding="utf-8"))
    assert (declared["data"], "year: year" in declared["features"]) == ({"from": "1950", "through": "1979"}, False)
    made.give_origin(str(tmp_path / "origin.git"))
    made.run("python", "-P", "-m", "mainline", "remote", str(tmp_path / "store"))
    made.commit("A model of flats by the year")
    made.run("git", "push", "--quiet", "origin", "main")
    made.run("make", "gate", VENV=sys.prefix)
    made.run("make", "report", VENV=sys.prefix)
    assert "v1.0.0 is released." in made.run("python", "-P", "-m", "mainline", "promote").stdout
    assert " passed" in made.run("make", "test", VENV=sys.prefix).stdout
    made.run("make", "check", VENV=sys.prefix)
    predicted, body = _followed(made, tmp_path)
    assert predicted == "1,440 predictions in data/own/rows.predictions/predictions"
    assert re.search(r'{"price €": \d{5,6}\.\d+}', body)
