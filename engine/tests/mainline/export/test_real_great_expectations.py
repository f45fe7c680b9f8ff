"""Suites that the library itself reads and holds rows to, in an environment of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.mainline.export import environments
from tests.project import Project

pytestmark = pytest.mark.slow

Spoil = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python that has the library."""
    return environments.make(tmp_path_factory.mktemp("tools") / "environment", "great_expectations.txt")


def export(project: Project, file: Path, *options: str) -> Path:
    """Write a suite of a project."""
    project.run("python", "-m", "mainline", "export", "great-expectations", str(file), *options)
    return file


@pytest.fixture(scope="module")
def suites(small_project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The suites of the flights: of events and of features."""
    folder = tmp_path_factory.mktemp("suites")
    return {
        "flights": export(small_project, folder / "flights.json"),
        "features": export(small_project, folder / "features.json", "--features"),
    }


def hold(library: Path, suite: Path, rows: Path, home: Path) -> tuple[int, list[Any]]:
    """Hold rows to a suite; return how many expectations were held, and the type and column of each that failed."""
    held, *failed = environments.run(library, "hold_suite.py", str(suite), str(rows), home=home).splitlines()
    return int(held), [json.loads(line) for line in failed]


def newest(project: Project, folder: str) -> Path:
    """Return the file of the newest period."""
    return sorted((project.path / folder).glob("*.parquet"))[-1]


def test_what_was_validated_meets_its_suite(
    library: Path, suites: dict[str, Path], small_project: Project, tmp_path: Path
) -> None:
    """All months of the flights meet each expectation of the suite that the schema gives."""
    expected = len(json.loads(suites["flights"].read_text())["expectations"])
    found = hold(library, suites["flights"], small_project.path / "data/validated/flights", tmp_path)
    assert found == (expected, [])


def test_what_was_profiled_meets_its_suite(
    library: Path, suites: dict[str, Path], small_project: Project, tmp_path: Path
) -> None:
    """The features of the newest month meet each expectation that their profile gives."""
    expected = len(json.loads(suites["features"].read_text())["expectations"])
    assert hold(library, suites["features"], newest(small_project, "data/features"), tmp_path) == (expected, [])


@pytest.mark.parametrize("table", ["weather", "planes", "airports"])
def test_other_tables_meet_their_suites(library: Path, small_project: Project, tmp_path: Path, table: str) -> None:
    """Tables by month and tables without one meet what their schema says."""
    suite = export(small_project, tmp_path / "suite.json", "--table", table)
    rows = small_project.path / "data/validated" / table
    held, failed = hold(library, suite, rows if rows.is_dir() else rows.with_suffix(".parquet"), tmp_path)
    assert held > 5
    assert failed == []


@pytest.mark.parametrize("name", ["other", "flower", "timeless", "city"])
def test_other_use_cases_meet_their_suites(
    library: Path, tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    """Two classes, three of them, no time at all and times without a zone: each meets what its schema says."""
    project: Project = request.getfixturevalue(f"{name}_project")
    suite = export(project, tmp_path / "suite.json")
    table = json.loads(suite.read_text())["name"].partition(".")[2]
    held, failed = hold(library, suite, project.path / "data/validated" / table, tmp_path)
    assert held > 5
    assert failed == []


def _put(column: str, value: Any, share: float = 0.0) -> Spoil:
    """Put a value into one row, or into a share of them."""

    def spoil(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[: int(share * len(rows)), column] = value
        return rows

    return spoil


@pytest.mark.parametrize(
    ("spoil", "kind", "column"),
    [
        (_put("dep_delay", 4000.0), "column_values_to_be_between", "dep_delay"),
        (_put("origin", "SFO"), "column_values_to_be_in_set", "origin"),
        (_put("carrier", "UAL"), "column_value_lengths_to_be_between", "carrier"),
        (_put("dest", None), "column_values_to_not_be_null", "dest"),
        (_put("arr_delay", None, share=0.3), "column_values_to_not_be_null", "arr_delay"),
        (lambda rows: rows.astype({"distance": "float64"}), "column_values_to_be_of_type", "distance"),
        (
            lambda rows: rows.assign(time_hour=rows["time_hour"].dt.tz_localize(None)), "column_values_to_be_of_type",
            "time_hour",
        ),
        (lambda rows: rows.assign(passenger="A"), "table_columns_to_match_set", None),
        (lambda rows: pd.concat([rows, rows.head(1)]), "compound_columns_to_be_unique", None),
    ],
    ids=["range", "value", "length", "missing", "labels", "type", "zone", "column", "key"],
)  # fmt: skip
def test_what_is_spoiled_fails_where_it_was_spoiled(
    library: Path, suites: dict[str, Path], small_project: Project, tmp_path: Path, spoil: Spoil, kind: str,
    column: str | None,
) -> None:  # fmt: skip
    """One expectation fails, that of what was changed, and the library says so without an error of its own."""
    spoiled = tmp_path / "spoiled.parquet"
    spoil(pd.read_parquet(newest(small_project, "data/validated/flights"))).to_parquet(spoiled)
    assert hold(library, suites["flights"], spoiled, tmp_path)[1] == [[f"expect_{kind}", column, False]]


@pytest.mark.parametrize(
    ("spoil", "kind", "column"),
    [
        (_put("feature.temp", None, share=0.2), "column_values_to_not_be_null", "feature.temp"),
        (_put("feature.distance", 1e6, share=0.2), "column_values_to_be_between", "feature.distance"),
        (_put("feature.origin", "SFO", share=0.2), "column_values_to_be_in_set", "feature.origin"),
        (_put("feature.dest", "", share=0.2), "column_value_lengths_to_be_between", "feature.dest"),
    ],
    ids=["missing", "range", "value", "text"],
)
def test_features_that_are_unlike_their_profile_fail(
    library: Path, suites: dict[str, Path], small_project: Project, tmp_path: Path, spoil: Spoil, kind: str,
    column: str,
) -> None:  # fmt: skip
    """A fifth of the rows is more than monitoring allows; one expectation fails, that of what was changed."""
    spoiled = tmp_path / "spoiled.parquet"
    spoil(pd.read_parquet(newest(small_project, "data/features"))).to_parquet(spoiled)
    assert hold(library, suites["features"], spoiled, tmp_path)[1] == [[f"expect_{kind}", column, False]]
