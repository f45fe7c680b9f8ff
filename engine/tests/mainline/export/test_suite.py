"""The suite of the tests' flights, and the command that writes it."""

import json
from pathlib import Path
from typing import Any

import pytest

from mainline import __main__ as command_line
from mainline.declared import params
from mainline.declared.monitoring import Support
from mainline.errors import DataError, UnknownError
from mainline.export import suite
from tests.project import FLIGHTS
from usecase import features, interface, schema

pytestmark = pytest.mark.usefixtures("_flights")


@pytest.fixture
def _flights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with what the suites are made from, as the current one."""
    (tmp_path / "metrics").mkdir()
    for name in ("params.yaml", "metrics/profile.json"):
        (tmp_path / name).write_bytes((FLIGHTS / name).read_bytes())
    monkeypatch.chdir(tmp_path)


def asked(made: suite.Suite, kind: str, column: str) -> dict[str, Any]:
    """Return the one expectation of its kind of a column."""
    (found,) = [
        one
        for one in made.content["expectations"]
        if one["type"] == f"expect_column_{kind}" and one["kwargs"]["column"] == column
    ]
    return dict(found)


def change_profile(name: str, **values: Any) -> None:
    """Put other values into the profile of a feature."""
    profile = json.loads(suite.PROFILE.read_text())
    profile["columns"][name] |= values
    suite.PROFILE.write_text(json.dumps(profile))


def test_a_label_may_be_missing_as_often_as_declared() -> None:
    """The share of events without a label is that of `limits`, and the suite says whose limit it is."""
    declared = params.load()
    found = asked(suite.of_schema("", declared), "values_to_not_be_null", interface.LABEL)
    assert found["kwargs"]["mostly"] == 1 - declared.limits.unlabelled_share
    assert found["meta"] == {"limit": "limits.unlabelled_share, params.yaml"}


def test_a_table_is_named() -> None:
    """Without a name it is that of the events; the suite says which files it describes."""
    declared = params.load()
    assert suite.of_schema("", declared).of == f"data/validated/{schema.EVENTS}/"
    made = suite.of_schema("planes", declared)
    assert (made.of, made.content["name"]) == ("data/validated/planes.parquet", f"{interface.NAME}.planes")
    with pytest.raises(UnknownError, match=r"'plane' is not a known table.*did you mean 'planes'"):
        suite.of_schema("plane", declared)


def test_what_is_left_out_stands_in_the_suite() -> None:
    """A check that the use case wrote itself is in the suite's own notes."""
    made = suite.of_schema("", params.load())
    assert made.content["meta"]["mainline"]["left_out"] == list(made.lacking)
    assert "the check minutes_below_60 of dep_time" in made.lacking


def test_a_feature_may_miss_more_than_its_profile_by_what_monitoring_allows() -> None:
    """The share of the profile and the declared one add up."""
    change_profile("temp", missing=0.25)
    found = asked(suite.of_profile(Support(missing=0.05), "staging"), "values_to_not_be_null", "feature.temp")
    assert found["kwargs"]["mostly"] == 0.7
    assert found["meta"] == {"limit": "monitoring.support.missing, deploy/staging.yaml"}


def test_a_feature_with_a_limit_of_its_own_is_held_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """MISSING of `features.py` counts, whatever the profile has."""
    monkeypatch.setattr(features, "MISSING", {"temp": 0.4}, raising=False)
    found = asked(suite.of_profile(Support(), "production"), "values_to_not_be_null", "feature.temp")
    assert found["kwargs"]["mostly"] == 0.6
    assert found["meta"] == {"limit": "MISSING, src/usecase/features.py"}


def test_a_number_lies_where_the_profile_has_it() -> None:
    """From the least to the largest value, but for the share that monitoring allows outside."""
    change_profile("temp", deciles=[1.0, *range(2, 11), 12.5])
    found = asked(suite.of_profile(Support(outside=0.02), "production"), "values_to_be_between", "feature.temp")
    assert found["kwargs"] == {"column": "feature.temp", "min_value": 1.0, "max_value": 12.5, "mostly": 0.98}


def test_a_text_has_a_known_value_if_all_are_known() -> None:
    """Three airports are all in the profile; of 92 destinations it names the most frequent, so they say nothing."""
    made = suite.of_profile(Support(), "production")
    found = asked(made, "values_to_be_in_set", "feature.origin")
    assert found["kwargs"]["value_set"] == ["", "EWR", "JFK", "LGA"]
    with pytest.raises(ValueError, match="not enough values"):
        asked(made, "values_to_be_in_set", "feature.dest")


def test_a_personal_feature_shows_none_of_its_values() -> None:
    """A profile without values, as it is kept of personal columns, gives types and shares alone."""
    profile = json.loads(suite.PROFILE.read_text())
    profile["columns"]["origin"]["shares"] = {}
    for name in ("mean", "std", "deciles"):
        profile["columns"]["temp"].pop(name)
    suite.PROFILE.write_text(json.dumps(profile))
    made = suite.of_profile(Support(), "production")
    kinds = [
        one["type"]
        for one in made.content["expectations"]
        if one["kwargs"].get("column") in ("feature.origin", "feature.temp")
    ]
    assert sorted(kinds) == [
        "expect_column_value_lengths_to_be_between", "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_of_type", "expect_column_values_to_not_be_null",
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["[]", '{"columns": {"temp": {}}, "newest": "2013-09"}', '{"columns": 1}'])
def test_a_file_that_is_not_a_profile_is_refused(content: str) -> None:
    """The message names it and the way back."""
    suite.PROFILE.write_text(content)
    with pytest.raises(DataError, match=r"metrics/profile.json is not the profile of features; `./mainline restore`"):
        suite.of_profile(Support(), "production")


def test_the_command_writes_the_same_file_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is JSON, the folder is made, and nothing else stands beside it."""
    monkeypatch.setattr("mainline.repository.checkout.require_repository", lambda: None)
    written = []
    for _ in range(2):
        assert command_line.main(["export", "great-expectations", "made/suite.json"]) == 0
        written.append(Path("made/suite.json").read_bytes())
    assert written[0] == written[1]
    assert json.loads(written[0])["name"] == f"{interface.NAME}.{schema.EVENTS}"
    assert [file.name for file in Path("made").iterdir()] == ["suite.json"]


def test_a_folder_is_not_written_over(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The message asks for a file in it."""
    monkeypatch.setattr("mainline.repository.checkout.require_repository", lambda: None)
    assert command_line.main(["export", "great-expectations", "metrics"]) == 1
    assert "metrics is a folder; name a file in it." in capsys.readouterr().err
