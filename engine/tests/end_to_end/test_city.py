"""A use case of one place, its table without a key and its local clock, through the whole machinery."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.experiments import pages, walkthrough
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
    np.testing.assert_array_equal(rows["feature.warmth"], np.array(expected, np.float32))


def test_hours_and_weekdays_are_those_of_the_place(city_project: Project) -> None:
    """The features of the Sunday without its third hour, and of the Monday after it, are what the source's clock says.

    All 167 hours of that week are in the week, though its first ones are of the Sunday before in UTC.
    """
    for week, hours in (("2024-W13", 167), ("2024-W14", 168)):
        rows = _prepared(city_project, week)
        shown = pd.read_parquet(city_project.path / f"data/raw/hours/{week}.parquet")["starts_at"]
        assert len(rows) == hours
        assert rows["feature.hour"].tolist() == shown.dt.hour.tolist()
        assert rows["feature.weekday"].tolist() == shown.dt.day_of_week.tolist()
        minutes = shown.dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC").dt.tz_localize(None)
        assert rows["request.starts_at"].tolist() == minutes.to_numpy("datetime64[m]").astype("int64").tolist()


def test_rows_of_another_period_by_the_clock_of_the_place_are_refused(city_project: Project, tmp_path: Path) -> None:
    """One hour beyond a week's local end is in quarantine, though it is of that week in UTC."""
    made = city_project.twin(tmp_path / "project")
    source = made.path / "src/usecase/source.py"
    text = source.read_text()
    assert text.count('inclusive="left"') == 1
    source.write_text(text.replace('inclusive="left"', 'inclusive="both"'))
    made.declare(limits={"quarantined_share": 0.02})
    made.run("python", "-m", "mainline.stages", "ingest", env=harness.PINNED)
    made.run("python", "-m", "mainline.stages", "validate", env=harness.PINNED)
    found = json.loads((made.path / "metrics/quarantine.json").read_text())
    refused = [reasons for table, reasons in found.items() if table.startswith("hours ")]
    assert refused == [{"starts_at is of another week": 1}] * 6


def test_a_time_without_an_offset_is_of_the_place(city_project: Project, tmp_path: Path) -> None:
    """One hour is asked for by the clock of the place and in UTC, in JSON and in a CSV file: the answer is the same."""
    local = [("2024-04-04T08:00", "2024-04-04T06:00:00Z"), ("2024-10-27 02:30", "2024-10-27T02:30:00+02:00")]
    rows = [{"starts_at": text, "bicycles": 400} for pair in local for text in pair]
    (tmp_path / "hours.csv").write_text("starts_at,bicycles\n" + "".join(f"{row['starts_at']},400\n" for row in rows))
    with running(tmp_path / "server", city_project.path / "models/package") as server:
        status, body = server.ask("/predict", rows)
        refused, why = server.ask("/predict", [{"starts_at": "8 o'clock", "bicycles": 400}])
    answers = [row["rides"] for row in json.loads(body)["predictions"]]
    assert status == 200
    assert (answers[0], answers[2]) == (answers[1], answers[3])
    assert answers[0] > 2 * answers[2]
    assert refused == 422
    assert b"send a time of Europe/Berlin or one with an offset, such as '2024-04-01T09:00'" in why
    command = ("python", "-m", "mainline", "predict", str(tmp_path / "hours.csv"), "--output", str(tmp_path / "out"))
    city_project.run(*command, "--package", "models/package")
    found = pd.read_csv(tmp_path / "out/predictions/part-00000.csv")["rides"].tolist()
    assert found == pytest.approx(answers, rel=1e-6)


def test_the_package_brings_its_clock(city_project: Project) -> None:
    """A package answers local times where there is no tz database, as it did where it was made."""
    golden = json.loads((city_project.path / "models/package/golden.json").read_text())
    program = (
        "import json, zoneinfo\n"
        "zoneinfo.ZoneInfo = None\n"
        "from mainline.package.predictor import Predictor\n"
        "rows = json.load(open('models/package/golden.json'))['requests']\n"
        "print(json.dumps(Predictor.load('models/package').predict(rows)))\n"
    )
    said = city_project.run("python", "-c", program, PYTHONTZPATH="").stdout
    assert json.loads(said) == golden["predictions"]


def test_no_column_is_invented(city_project: Project) -> None:
    """Neither the table's rows nor the package's hold a key, and the manifest says that there is none."""
    built = pd.read_parquet(city_project.path / "data/tables/weather/2024-W14.parquet")
    assert list(built) == ["time", "warmth"]
    with np.load(city_project.path / "models/package/tables/weather.npz") as arrays:
        assert sorted(arrays) == ["time", "values"]
    (declared,) = json.loads((city_project.path / "models/package/manifest.json").read_text())["tables"]
    assert declared["key"] == ""


def test_the_contract_is_kept(city_project: Project) -> None:
    """The tests that the template keeps pass as they stand."""
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
    predictor, profile, examples = walkthrough.load(city_project.path / "models/package")
    found = walkthrough.explain(predictor, profile, examples[0], examples)
    (lookup,) = found.lookups
    assert (lookup.key, lookup.entity, lookup.age, lookup.missing) == ("", "", 60, "")
    assert "weather  (no key)  2024-" in pages.render(found, "One hour")
    late = {**examples[0], "starts_at": "2025-01-01T00:00:00Z"}
    assert (
        walkthrough.explain(predictor, profile, late, examples).lookups[0].missing.startswith("no row in the 360 min")
    )


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
    refused = made.run("python", "-m", "mainline.stages", "prepare", succeed=False, env=harness.PINNED).stderr
    assert said in refused
    assert "Traceback" not in refused


def _prepared(made: Project, part: str) -> pd.DataFrame:
    return pd.read_parquet(made.path / f"data/features/{part}.parquet")
