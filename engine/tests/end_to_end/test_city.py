"""A use case of one place: a feature table without a key through data, package, server, feed and explanation."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.experiments import pages, single
from mainline.package.predictor import Predictor
from mainline.serving.feed import FeedError, read
from mainline.stages import harness
from tests.mainline.serving.running import running
from tests.project import Project


def test_every_hour_has_the_weather_of_its_place(city_project: Project) -> None:
    """The warmth of a prepared hour is that measured an hour before it: the lag, and no key, decide."""
    rows = pd.concat([_prepared(city_project, week) for week in ("2024-W13", "2024-W14")])
    measured = pd.concat(
        [pd.read_parquet(city_project.path / f"data/raw/weather/2024-W{week}.parquet") for week in (12, 13, 14)]
    )
    minutes = measured["measured_at"].dt.tz_localize(None).to_numpy("datetime64[m]").astype("int64")
    by_time = dict(zip(minutes, measured["warmth"], strict=True))
    expected = [by_time[moment - 60] for moment in rows["request.starts_at"].tolist()]
    np.testing.assert_array_equal(rows["feature.warmth"], np.float32(expected))


def test_no_column_is_invented(city_project: Project) -> None:
    """Neither the table's rows nor the package's hold a key, and the manifest says that there is none."""
    built = pd.read_parquet(city_project.path / "data/tables/weather/2024-W14.parquet")
    assert list(built) == ["time", "warmth"]
    with np.load(city_project.path / "models/package/tables/weather.npz") as arrays:
        assert sorted(arrays) == ["time", "values"]
    (declared,) = json.loads((city_project.path / "models/package/manifest.json").read_text())["tables"]
    assert declared["key"] == ""


def test_the_contract_is_kept(city_project: Project) -> None:
    """`tests/test_contract.py` passes as it stands."""
    assert " passed in" in city_project.run("python", "-m", "pytest", "-p", "no:cacheprovider", "-q").stdout


def test_a_server_answers_with_the_place_s_weather(city_project: Project, tmp_path: Path) -> None:
    """Requests that name no place are answered as the package predicted them."""
    golden = json.loads((city_project.path / "models/package/golden.json").read_text())
    with running(tmp_path, city_project.path / "models/package") as server:
        status, body = server.ask("/predict", golden["requests"])
    answer = json.loads(body)
    assert status == 200
    assert [row["rides"] for row in answer["predictions"]] == pytest.approx(golden["predictions"], rel=1e-6)


def test_an_explanation_shows_the_row_of_the_place(city_project: Project) -> None:
    """The row of a table without a key is shown with its time and age."""
    predictor, profile, examples = single.load(city_project.path / "models/package")
    found = single.explain(predictor, profile, examples[0], examples)
    (lookup,) = found.lookups
    assert (lookup.key, lookup.entity, lookup.age, lookup.missing) == ("", "", 60, "")
    assert "weather  (no key)  2024-" in pages.render(found, "One hour")
    late = {**examples[0], "starts_at": "2025-01-01T00:00:00Z"}
    assert single.explain(predictor, profile, late, examples).lookups[0].missing.startswith("no row in the 360 min")


def test_rows_of_a_feed_need_no_key(city_project: Project, tmp_path: Path) -> None:
    """A feed's file of a table without a key has its times and columns, and answers for the hours after."""
    package = Predictor.load(city_project.path / "models/package")
    file = tmp_path / "weather.csv"
    file.write_text("time,warmth\n2024-04-08T06:00:00Z,31.5\n")
    newer = read(file, package.tables["weather"])
    moment = np.datetime64("2024-04-08T07:00", "m").astype(np.int64)
    assert newer.look_up({}, np.array([moment, moment - 60]))["warmth"][0] == 31.5
    file.write_text("warmth\n31.5\n")
    with pytest.raises(FeedError, match="it has no column 'time'; it needs time, warmth"):
        read(file, package.tables["weather"])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('{"time": minutes, ', '{"key": "here", "time": minutes, ',
         "table 'weather' is built with a column 'key', and declares no key"),
        ('columns=("warmth",), lag=60, keep=360', "columns=()", "table 'weather' declares no columns"),
        ('FeatureTable("weather", ', 'FeatureTable("weather", key="plaze", ',
         "tables.py: a key names 'plaze', which REQUEST lacks"),
    ],
    ids=["undeclared key", "no columns", "unknown key"],
)  # fmt: skip
def test_a_table_that_is_not_as_declared_is_refused(
    city_project: Project, tmp_path: Path, before: str, after: str, said: str
) -> None:
    """A key that is built and not declared, a table without columns and a key that nobody sends are one line each."""
    made = city_project.twin(tmp_path / "project")
    path = made.path / "src/usecase/tables.py"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    refused = made.run("python", "-m", "mainline.stages", "prepare", succeed=False, **harness.PINNED).stderr
    assert said in refused
    assert "Traceback" not in refused


def _prepared(made: Project, part: str) -> pd.DataFrame:
    return pd.read_parquet(made.path / f"data/features/{part}.parquet")
