"""`params.yaml`: what is taken, and what each refusal says."""

import datetime
import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mainline.declared import params
from mainline.errors import ParamsError
from tests.project import FLIGHTS

Content = dict[str, Any]
RIDGE = "sklearn.linear_model.Ridge"
EXAMPLE = """\
data: {from: 2013-01, through: 2013-09}
split: {validation: 1, test: 1}
seed: 2013
features: [dep_delay, distance, carrier]
preprocessing: {numeric: auto, categorical: ordinal}
model: {type: sklearn.linear_model.Ridge, params: {alpha: 1.0}}
evaluation: {slice_min_rows: 500}
limits: {quarantined_share: 0.01, unlabelled_share: 0.15, parity: 0.001, reproduction: 0.01}
gate: {}
"""
SECTIONS = [name for name, field in params.Params.model_fields.items() if field.is_required()]
PLACES = [(section, key) for section, held in yaml.safe_load(EXAMPLE).items() if isinstance(held, dict) for key in held]

words = st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.dates() | st.binary(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.integers(), inner, max_size=3),
    max_leaves=6,
)


def load(folder: Path, text: str) -> params.Params:
    """Load parameters that are written as `text`."""
    file = folder / "params.yaml"
    file.write_text(text, encoding="utf-8")
    return params.load(file)


def changed(place: str, value: Any) -> str:
    """Return the example with another value in one place, such as `data.from`."""
    content = yaml.safe_load(EXAMPLE)
    *sections, key = place.split(".")
    reduce(dict.__getitem__, sections, content)[key] = value
    return yaml.safe_dump(content)


def without(*place: str) -> str:
    """Return the example with one key left out."""
    content = yaml.safe_load(EXAMPLE)
    del reduce(dict.__getitem__, place[:-1], content)[place[-1]]
    return yaml.safe_dump(content)


def answer(folders: pytest.TempPathFactory, text: str) -> str:
    """Load a text and return what a ParamsError says, or that there was none."""
    try:
        load(folders.getbasetemp(), text)
    except ParamsError as error:
        return str(error)
    return "loaded"


def test_shipped_file_loads() -> None:
    """The file that ships loads, and its window is cut in the order of time."""
    loaded = params.load(FLIGHTS / "params.yaml")
    assert loaded.parts.train + loaded.parts.validation + loaded.parts.test == loaded.data.periods
    assert loaded.data.periods[0] == loaded.data.from_


def test_refit_that_is_declared_off_shapes_nothing(tmp_path: Path) -> None:
    """`split.refit: false` is as no key, also by the hash that the package keeps of its parameters; true is not."""
    texts = [EXAMPLE.replace("test: 1}", f"test: 1{more}}}") for more in ("", ", refit: false", ", refit: true")]
    plain, off, on = (load(tmp_path, text) for text in texts)
    assert (plain.split.refit, off.split.refit, on.split.refit) == (False, False, True)
    assert plain.shaping == off.shaping
    assert on.shaping["split"] == {"validation": 1, "test": 1, "refit": True}


def test_loaded_parameters_are_what_was_written(tmp_path: Path) -> None:
    """Each value is where its key says, and the window is cut by month."""
    loaded = load(tmp_path, EXAMPLE)
    assert loaded.model_dump(mode="json", by_alias=True, exclude_unset=True) == yaml.safe_load(EXAMPLE)
    assert (loaded.data.periods[0], loaded.parts.validation, loaded.parts.test) == (
        "2013-01", ("2013-08",), ("2013-09",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("begins", "ends", "unit", "test"),
    [
        ("2013-01-30", "2013-02-02", "day", "2013-02-02"),
        ("2013-W01", "2013-W05", "week", "2013-W05"),
        ("2013-Q1", "2014-Q2", "quarter", "2014-Q2"),
        ("2011", "2014", "year", "2014"),
        (2011, 2014, "year", "2014"),
    ],
)
def test_the_period_is_what_from_is_written_in(
    tmp_path: Path, begins: str | int, ends: str | int, unit: str, test: str
) -> None:
    """A window of days, weeks, quarters or years is cut as one of months is; a year needs no quotes."""
    content = yaml.safe_load(EXAMPLE) | {"data": {"from": begins, "through": ends}}
    loaded = load(tmp_path, yaml.safe_dump(content))
    assert (loaded.data.unit, loaded.parts.test) == (unit, (test,))
    assert loaded.parts.train[0] == str(begins)


def test_a_snapshot_is_one_batch_of_three_parts(tmp_path: Path) -> None:
    """Data without time has a name in place of periods, and shares of rows in place of their numbers."""
    content = yaml.safe_load(EXAMPLE) | {"data": {"snapshot": "first"}, "split": {"validation": 0.15, "test": 0.2}}
    loaded = load(tmp_path, yaml.safe_dump(content))
    assert (loaded.data.periods, loaded.data.unit) == (("first",), "snapshot")
    assert (loaded.parts.train, loaded.parts.validation, loaded.parts.test) == (("train",), ("validation",), ("test",))


@pytest.mark.parametrize(
    ("validation", "test", "said"),
    [
        (0.5, 0.5, "split: validation and test are 0.5 and 0.5 of the rows; leave a share to fit on."),
        (0.15, 0, "split.test: is 0; of data without time it is a share of the rows, such as 0.15."),
        (1.0, 0.1, "split.validation: is 1.0; of data without time it is a share"),
    ],
)
def test_shares_that_leave_a_part_without_rows_are_refused(
    tmp_path: Path, validation: float, test: float, said: str
) -> None:
    """Each of the three parts of a snapshot gets a share of its rows."""
    content = yaml.safe_load(EXAMPLE) | {
        "data": {"snapshot": "first"}, "split": {"validation": validation, "test": test},
    }  # fmt: skip
    with pytest.raises(ParamsError, match=re.escape(said)):
        load(tmp_path, yaml.safe_dump(content))


def test_loaded_parameters_are_frozen(tmp_path: Path) -> None:
    """Nothing changes the parameters once they are read."""
    loaded = load(tmp_path, EXAMPLE)
    with pytest.raises(ValueError, match="frozen"):
        loaded.seed = 1


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("seeds", 1, "seeds: is not a known key; did you mean 'seed'?"),
        ("split.tests", 1, "split.tests: is not a known key; did you mean 'test'?"),
        ("split.test_months", 2, "split.test_months: is the name of before; write test: 2."),
        ("split.validation_months", 2, "split.validation_months: is the name of before; write validation: 2."),
        ("data.form", "2013-01", "data.form: is not a known key; did you mean 'from'?"),
        ("colour", "red", "colour: is not a known key; known: data, evaluation, features, gate, limits, model"),
        ("seed", "7", "seed: is '7' (str); input should be a valid integer"),
        ("seed", True, "seed: is True (bool); input should be a valid integer"),
        ("seed", -1, "seed: is -1 (int); input should be greater than or equal to 0"),
        ("seed", 2**32, "seed: is 4294967296 (int); input should be less than 4294967296"),
        ("data", None, "data: is None (nothing); it is a section, so write its keys below it: from, through,"),
        ("split", 5, "split: is 5 (int); it is a section, so write its keys below it: validation, test"),
        ("gate", 5, "gate: is 5 (int); it is a section, so write its keys below it."),
        ("data.from", "2013-1", "data.from: is '2013-1' (str); write a day as 2013-01-31, a week as 2013-W05,"),
        ("data.from", "2013-13", "data.from: is '2013-13' (str); write a day as"),
        ("data.from", datetime.date(2013, 1, 1), "data.from: is datetime.date(2013, 1, 1) (date); put a day in quo"),
        ("data.from", "2013-W05", "data: from is a week and through a month; write both as one of them."),
        ("data.from", "2013-W54", "data.from: is '2013-W54' (str); invalid week: 54"),
        (
            "data.snapshot",
            "first",
            "data: has snapshot and from and through; declare from and through for data with ti",
        ),
        ("data", {"snapshot": "a/b"}, "data.snapshot: is 'a/b' (str); string should match pattern"),
        ("data", {"snapshot": ""}, "data.snapshot: is '' (str); string should match pattern"),
        ("data", {"snapshot": "first"}, "split.validation: is 1; of data without time it is a share of the rows, such"),
        ("data", {"from": "2013-01"}, "data.through: is missing; add it, or snapshot for data without time."),
        ("data", {}, "data.from: is missing; add it, or snapshot for data without time."),
        ("data.from", "2013-10", "data: from 2013-10 is after through 2013-09; swap them"),
        ("data.from", "2013-08", "data: 2013-08 through 2013-09 has 2 of 3 months; split asks for one to fit on"),
        ("split.test", 9, "data: 2013-01 through 2013-09 has 9 of 11 months; split asks for one to fit"),
        ("split.validation", 0, "split.validation: is 0; of data with time it is a whole number of months."),
        ("split.test", 0.15, "split.test: is 0.15; of data with time it is a whole number of months."),
        (
            "split.test",
            "1",
            "split.test: is '1' (str); write a whole number of periods, or of data without time a share",
        ),
        ("split.test", True, "split.test: is True (bool); write a whole number of periods, or of data without time a"),
        ("features", [], "features: is [] (list); it should have at least 1 item"),
        ("features", ["a", "b", "a"], "features: 'a' is listed twice; list each feature once"),
        ("features", "dep_delay", "features: is 'dep_delay' (str); it is a list, so write [ ] around it"),
        ("model.type", "torch.nn.Linear", "model.type: 'torch.nn.Linear' is outside the"),
        ("model.type", "sklearn.Ridge", "model.type: 'sklearn.Ridge' is outside the allowed packages; give an est"),
        *(
            ("model", {"type": "sklearn.ensemble.BaggingRegressor", "params": {"estimator": part}}, said)
            for part, said in (
                ({"type": "os.path.join"}, "model.params.estimator.type: 'os.path.join' is outside the allowed"),
                ({"type": "xgboost.XGBRegressor"}, "model.params.estimator.type: xgboost writes only a whole model"),
                (
                    {"type": "sklearn.linear_model.Rigde"},
                    "model.params.estimator.type: sklearn.linear_model has no est",
                ),
                ({"type": RIDGE, "parms": {}}, "model.params.estimator.parms: is not a key of an estimator; did you"),
                ({"type": RIDGE, "params": [1]}, "model.params.estimator.params: is [1]; write hyperparameters by"),
                ({"type": RIDGE, "params": {"alpa": 1}}, "model.params.estimator.params.alpa: is not a parameter of"),
                (
                    {"type": RIDGE, "params": {"n_jobs": 2}},
                    "model.params.estimator.params.n_jobs: is 2, and threads add numbers in another order",
                ),
            )
        ),
        (
            "model",
            {
                "type": "sklearn.ensemble.VotingRegressor",
                "params": {"estimators": [["trees", {"type": RIDGE}]], "trees__n_jobs": 2},
            },
            "model.params.trees__n_jobs: is 2, and threads add numbers in another order",
        ),
        ("model.params", {1: 2}, "model.params.1.[key]: is 1 (int); input should be a valid string"),
        ("preprocessing.numeric", "scale", "preprocessing.numeric: is 'scale' (str); input should be 'auto', 'pass"),
        ("limits.parity", 0.0, "limits.parity: is 0.0 (float); input should be greater than 0"),
        ("limits.parity", float("nan"), "limits.parity: is nan (float); input should be a finite number"),
        ("limits.reproduction", float("inf"), "limits.reproduction: is inf (float); input should be a finite number"),
        ("limits.quarantined_share", 1.5, "limits.quarantined_share: is 1.5 (float); input should be less than or"),
    ],
)
def test_wrong_value_is_refused(tmp_path: Path, place: str, value: Any, said: str) -> None:
    """Each wrong value gives one line with its place, what was found and what is allowed."""
    with pytest.raises(ParamsError, match=f"^params.yaml: {re.escape(said)}") as raised:
        load(tmp_path, changed(place, value))
    assert "\n" not in str(raised.value)


def test_value_that_holds_itself_is_refused(tmp_path: Path) -> None:
    """YAML's anchors can make a list that is its own item; that is one line, not the end of the stack."""
    text = EXAMPLE.replace("params: {", "params: {solver: &a [*a], ", 1)
    assert text != EXAMPLE
    with pytest.raises(ParamsError, match=r"^params.yaml: model.params.solver: is nested more than 20 deep, or holds"):
        load(tmp_path, text)


@pytest.mark.parametrize("place", [*[(name,) for name in SECTIONS], *PLACES], ids=".".join)
def test_missing_key_is_named(tmp_path: Path, place: tuple[str, ...]) -> None:
    """Every key is needed, and the refusal names the one that is missing."""
    with pytest.raises(ParamsError, match=rf"^params.yaml: {re.escape('.'.join(place))}: is missing; add it"):
        load(tmp_path, without(*place))


def test_misspelt_key_is_named_rather_than_the_one_it_leaves_out(tmp_path: Path) -> None:
    """A misspelt key is both unknown and missing; the refusal names the spelling."""
    with pytest.raises(ParamsError, match=r"^params.yaml: sed: is not a known key; did you mean 'seed'\?"):
        load(tmp_path, EXAMPLE.replace("seed:", "sed:"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"is None \(nothing\); it must hold data, split"),
        ("- data", r"is \['data'\] \(list\); it must hold data, split"),
        ("data: [", r"is not YAML \(line 1, column 8: while parsing a flow"),
        ("data: \0", r"is not YAML \(character 7: special characters"),
        (EXAMPLE.replace("2013-01", "2013-13-01"), r"is not YAML \(month must be in 1\.\.12\)"),
        (EXAMPLE + "seed: 1\n", r"is not YAML \(line 10, column 1: 'seed' stands twice\)"),
        (EXAMPLE.replace("seed: 2013", f"seed: {'1' * 5000}"), r"is not YAML \(.*4300 digits"),
    ],
    ids=["empty", "list", "unclosed", "null byte", "impossible date", "key twice", "endless number"],
)
def test_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A file that can't be parsed, or that holds no mapping, gives one line that says so."""
    with pytest.raises(ParamsError, match=f"^params.yaml: {said}") as raised:
        load(tmp_path, text)
    assert "\n" not in str(raised.value)


def test_absent_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a repository the refusal says where to run the command."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParamsError, match=r"^params.yaml: cannot be read .*; run this from the root"):
        params.load(tmp_path / "params.yaml")


def test_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are refused like a file that can't be read."""
    (tmp_path / "params.yaml").write_bytes(b"seed: \xff")
    with pytest.raises(ParamsError, match=r"^params.yaml: cannot be read .*utf-8"):
        params.load(tmp_path / "params.yaml")


@given(content=st.dictionaries(words | st.sampled_from(SECTIONS), values, max_size=5))
def test_any_mapping_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, content: Content) -> None:
    """No mapping that YAML can write gets anything but parameters or a ParamsError of one line."""
    assert len(answer(tmp_path_factory, yaml.safe_dump(content, allow_unicode=True)).splitlines()) == 1


@given(place=st.sampled_from([*map(".".join, PLACES), *SECTIONS]), value=values)
def test_any_value_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, place: str, value: Any) -> None:
    """No value in any place gets anything but parameters or a ParamsError of one line."""
    assert len(answer(tmp_path_factory, changed(place, value)).splitlines()) == 1
