"""What is concluded from a table, how sure that is, and what a person can say instead."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn import datasets

from mainline.data import sides
from mainline.scaffold import findings, outline, settings
from mainline.scaffold.dialect import TableError
from tests.mainline.scaffold.samples import ROWS, flats, found, plan, write, written_source

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("load", "task", "classes"),
    [
        (datasets.load_diabetes, "regression", 0),
        (datasets.load_breast_cancer, "classification", 2),
        (datasets.load_iris, "multiclass", 3),
        (datasets.load_wine, "multiclass", 3),
        (datasets.load_digits, "multiclass", 10),
        (datasets.load_linnerud, "regression", 0),
    ],
)
def test_data_sets_of_scikit_learn(tmp_path: Path, load: Any, task: str, classes: int) -> None:
    """Task and features of data sets that everybody knows; none of their columns is a leak, none has a time or key."""
    frame = load(as_frame=True).frame
    label = str(frame.columns[-1])
    made = plan(write(tmp_path, frame), label)
    constant = {str(name) for name in frame if frame[name].nunique() == 1}
    assert (made.target.task, len(made.target.classes)) == (task, classes)
    assert {*made.features} == {str(name) for name in frame} - {label} - constant
    assert (made.suspects, made.key, made.group, made.time) == ((), "", "", None)


def test_roles_of_flats(tmp_path: Path) -> None:
    """A code that is unique is the key, numbers and few texts are features, a price is a regression."""
    made = plan(write(tmp_path, flats()))
    assert (made.key, made.numbers, made.texts) == ("id", ("area m²", "rooms"), ("city",))
    assert (made.target.task, made.left_out) == ("regression", {"id": "it tells the rows apart"})


@pytest.mark.parametrize(
    ("values", "classes", "sure"),
    [
        (["No", "Yes"], ("No", "Yes"), "sure"),
        (["True", "False"], ("False", "True"), "sure"),
        ([0, 1], (0, 1), "sure"),
        ([1, 2, 1], (1, 2), "unsure"),
        (["malignant", "benign"], ("benign", "malignant"), "sure"),
        (["bad", "good"], ("good", "bad"), "sure"),
        (["red", "red", "blue"], ("red", "blue"), "unsure"),
    ],
)
def test_positive_class(tmp_path: Path, values: list[object], classes: tuple[object, ...], sure: str) -> None:
    """The class that says so is the positive one, or else the rarer one, which is not sure; a person can say it."""
    drawn = [*values, *RANDOM.choice(np.array(values, object), ROWS - 1 - len(values)), values[0]]
    path = write(tmp_path, flats().assign(kind=drawn))
    made = plan(path, "kind")
    assert made.target.classes == classes
    assert next(each.sure for each in made.findings if each.about == "task") == sure
    told = plan(path, "kind", positive=str(made.target.classes[0]))
    assert told.target.classes == made.target.classes[::-1]


def test_positive_class_that_is_none(tmp_path: Path) -> None:
    """A class that the label does not have is refused with those that it has."""
    path = write(tmp_path, flats().assign(kind=["No", "Yes"] * (ROWS // 2)))
    with pytest.raises(TableError, match="'yes' is not a value of 'kind'; it holds No and Yes"):
        plan(path, "kind", positive="yes")


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("constant", "the label 'constant' holds only 1; there is nothing to predict"),
        ("empty", "the label 'empty' is empty; there is nothing to predict"),
        ("id", "the label 'id' has 240 different texts; up to 30 can be classes"),
        ("rare", "the label 'rare' is 'b' in no more than 1 of its rows"),
        ("when", "the label 'when' is a time"),
        ("pirce €", "has no column 'pirce €'; did you mean 'price €'?"),
    ],
)
def test_label_of_which_nothing_can_be_learned(tmp_path: Path, label: str, said: str) -> None:
    """A label that is constant, empty, a name, a time, too rare or not there is refused in one line."""
    rows = flats().assign(constant=1, empty="", rare=["b"] + ["a"] * (ROWS - 1))
    rows["when"] = pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d")
    with pytest.raises(TableError, match=said):
        plan(write(tmp_path, rows), label)


def test_label_that_is_missing_in_some_rows(tmp_path: Path) -> None:
    """Rows without a label are counted and said; they are no class of their own."""
    rows = flats().assign(kind=["No", "Yes", ""] * (ROWS // 3))
    made = plan(write(tmp_path, rows), "kind")
    assert (made.labelled, made.target.classes) == (160, ("No", "Yes"))
    assert found(made, "label") == ["missing in 80 rows, not learned from"]


def test_leaks_are_left_out_until_a_person_decides(tmp_path: Path) -> None:
    """A copy of the label, a rounded one and the parts that it is the sum of are left out; --keep takes them."""
    rows = flats()
    rows["net"] = (rows["price €"] * 0.84).round(0)
    rows["land"] = RANDOM.uniform(50_000, 200_000, ROWS).round(2)
    rows["house"] = (rows["price €"] - rows["land"]).round(2)
    rows["noise"] = RANDOM.normal(size=ROWS)
    made = plan(write(tmp_path, rows))
    assert {*made.suspects} == {"net", "land", "house"}
    assert made.left_out["house"] == "the label is a sum of land, house"
    assert {*made.features} == {"area m²", "rooms", "city", "noise"}
    assert {*plan(write(tmp_path, rows), keep=("net", "land", "house")).features} == {*made.features, *made.suspects}


def test_text_that_says_the_class_is_a_leak(tmp_path: Path) -> None:
    """A text of few values that decides the class is left out."""
    kind = RANDOM.choice(["a", "b", "c"], ROWS)
    rows = flats().assign(kind=kind, code=[f"code {letter}" for letter in kind])
    assert plan(write(tmp_path, rows), "kind").suspects == ("code",)


def test_leak_of_a_rare_class_counts_by_its_rows(tmp_path: Path) -> None:
    """A text of which one class in a hundred has values of its own says the label; one that tells two of three not."""
    kind = np.array([*["a"] * 400, *["b"] * 192, *["c"] * 8])
    code = np.where(kind == "c", [f"c{number % 4}{number // 300}" for number in range(600)], kind)
    code[592:594] = ["x", "y"]
    rows = flats(600).assign(kind=kind, code=code, common=np.where(kind == "a", "a", "other"))
    rows["common"] = np.where(RANDOM.permutation(600) % 60 == 0, "a", rows["common"])
    assert plan(write(tmp_path, rows), "kind").suspects == ("code",)
    rows["kind"] = np.where((kind == "a") | (np.arange(600) % 2 == 0), kind, "c")
    assert plan(write(tmp_path, rows.assign(code=rows["common"])), "kind").suspects == ()


def test_number_that_says_a_small_count_is_a_leak(tmp_path: Path) -> None:
    """A count from 0 on is a number, of which a rare value weighs no more than its rows."""
    visits = RANDOM.poisson(1.5, 600).clip(0, 6)
    visits[:3] = [7, 8, 9]
    rows = flats(600).assign(visits=visits, minutes=visits * 20 + RANDOM.integers(-2, 3, 600))
    made = plan(write(tmp_path, rows), "visits")
    assert (made.target.task, made.suspects) == ("regression", ("minutes",))


def test_numbers_that_repeat_are_no_leak_of_a_sorted_label(tmp_path: Path) -> None:
    """Rows that are sorted by the class do not make its neighbours of a number that has nothing to do with it."""
    rows = flats(3000).assign(kind=np.repeat(["a", "b", "c"], 1000), floor=RANDOM.integers(0, 3, 3000))
    assert plan(write(tmp_path, rows), "kind").suspects == ()


def test_columns_of_no_use_are_left_out(tmp_path: Path) -> None:
    """Constant and empty columns, free text, many names, mixed cells and personal names, each with its reason."""
    words = np.array(["quiet", "bright", "flat", "with", "garden", "near", "park"])
    rows = flats().assign(
        constant="x", blank="", note=[" ".join(RANDOM.choice(words, 8)) for _ in range(ROWS)],
        street_no=[f"S{number}" for number in RANDOM.permutation(ROWS)], email=RANDOM.choice(["a", "b"], ROWS),
        mixed=["large", *map(str, range(1, ROWS))], row=range(1, ROWS + 1),
    )  # fmt: skip
    reasons = plan(write(tmp_path, rows)).left_out
    assert reasons == {
        "id": "it tells the rows apart", "constant": "it is the same in every row", "blank": "it is empty",
        "note": "it is free text", "street_no": "it has 240 different texts",
        "email": "its name is that of a person's data", "mixed": "it holds text among numbers, such as 'large'",
        "row": "it counts the rows",
    }  # fmt: skip


def test_rows_of_one_customer_are_a_group(tmp_path: Path) -> None:
    """A number of an entity with several rows is the group and no feature; `none` makes it one again."""
    path = write(tmp_path, flats().assign(customer_id=RANDOM.integers(1000, 1060, ROWS)))
    assert plan(path).group == "customer_id"
    assert "customer_id" not in plan(path).features
    assert "customer_id" in plan(path, group=findings.NONE).features
    (split,) = [finding for finding in plan(path).findings if finding.about == "split"]
    assert " groups: " in split.found
    assert split.option == "--group none"


def test_data_with_time_has_no_group(tmp_path: Path) -> None:
    """Orders of customers by day are split by time alone: the customer is no feature, and --group is refused."""
    days = pd.date_range("2023-01-01", periods=ROWS, freq="37h").strftime("%Y-%m-%d")
    rows = flats().drop(columns="id").assign(customer_id=RANDOM.integers(1000, 1060, ROWS), sold=days)
    path = write(tmp_path, rows)
    made = plan(path)
    assert (made.group, made.features) == ("", ("area m²", "rooms", "city"))
    assert made.left_out["customer_id"] == "it names an entity; data with time is split by time alone"
    assert not found(made, "group")
    assert "customer_id" in plan(path, keep=("customer_id",)).features
    assert "customer_id" in plan(path, group=findings.NONE).features
    with pytest.raises(TableError, match=r"^--group customer_id: data with time is split by time alone; .*--time none"):
        plan(path, group="customer_id")
    assert plan(path, group="customer_id", time="none").group == "customer_id"


def test_group_is_the_column_that_is_called_an_entity(tmp_path: Path) -> None:
    """Of several numbers with repeats the group is the one that is called an entity, wherever it stands."""
    rows = flats().drop(columns="id").assign(sample_number=RANDOM.integers(0, 90, ROWS))
    rows["individual id"] = [f"N{number}" for number in RANDOM.integers(0, 100, ROWS)]
    assert plan(write(tmp_path, rows)).group == "individual id"


@pytest.mark.parametrize("name", ["Patient", "patient_id", "Kunde", "Filiale Nr.", "Capteur", "store no"])
def test_entity_of_few_repetitions_is_a_group(tmp_path: Path, name: str) -> None:
    """Whoever comes twice is kept on one side, although most come once; a number of another name is a number."""
    numbers = RANDOM.permutation([*range(1000, 1000 + ROWS - 30), *range(1000, 1030)])
    rows = flats().drop(columns="id")
    assert plan(write(tmp_path, rows.assign(**{name: numbers}))).group == name
    assert plan(write(tmp_path, rows.assign(patients=numbers))).group == ""
    assert plan(write(tmp_path, rows.assign(**{"family income": numbers}))).group == ""


@pytest.mark.parametrize("name", ["Vorname", "Nachname", "First Name", "Date de naissance", "Straße", "apellidos"])
def test_persons_data_is_left_out_in_other_languages(tmp_path: Path, name: str) -> None:
    """Also with blanks between its words, and with few values."""
    rows = flats().assign(**{name: RANDOM.choice(["a", "b", "c"], ROWS)})
    assert plan(write(tmp_path, rows)).left_out[name] == "its name is that of a person's data"


@pytest.mark.parametrize(
    ("columns", "said"), [(100, []), (200, ["203 columns for 240 rows: a model may learn rows by"])]
)
def test_many_columns_of_few_rows_are_said(tmp_path: Path, columns: int, said: list[str]) -> None:
    """From half as many columns as rows on the plan says what comes of that."""
    rows = flats()
    wide = pd.DataFrame(RANDOM.normal(size=(ROWS, columns)), columns=[f"x{number}" for number in range(columns)])
    made = plan(write(tmp_path, pd.concat([rows, wide], axis=1)))
    assert [line[: len(said[0])] for line in found(made, "features")[1:]] == said


def test_time_cuts_data_into_periods(tmp_path: Path) -> None:
    """A date makes months, or what gives 6 to 40 periods with rows in each; the newest are kept from fitting."""
    days = pd.date_range("2023-01-01", periods=ROWS, freq="37h")
    made = plan(write(tmp_path, flats().assign(sold=days.strftime("%d.%m.%Y"))))
    assert made.time is not None
    assert (made.time.name, made.time.unit, len(made.time.periods)) == ("sold", "month", 13)
    assert (made.time.validation, made.time.test) == (3, 3)
    weekly = plan(write(tmp_path, flats().assign(sold=days.strftime("%d.%m.%Y"))), period="quarter")
    assert weekly.time is not None
    assert weekly.time.periods[-2:] == ("2023-Q4", "2024-Q1")
    years = [f"{1990 + number % 24}-06-01" for number in range(ROWS)]
    yearly = plan(write(tmp_path, flats().assign(sold=years)))
    assert yearly.time is not None
    assert (yearly.time.unit, yearly.time.periods[-1], len(yearly.time.periods)) == ("year", "2013", 24)
    assert plan(write(tmp_path, flats().assign(sold=days.strftime("%d.%m.%Y"))), time="none").time is None


@pytest.mark.parametrize(("frequency", "unit", "periods"), [("D", "month", 192), ("W", "year", 16)])
def test_months_of_many_rows_are_taken_for_many_years(tmp_path: Path, frequency: str, unit: str, periods: int) -> None:
    """Sixteen years day by day are cut into months; week by week a month has too few rows, and years are taken."""
    days = pd.date_range("2001-01-01", "2016-12-31", freq=frequency)
    rows = flats(len(days)).assign(sold=days.strftime("%Y-%m-%d")).drop(columns="id")
    made = plan(write(tmp_path, rows))
    assert made.time is not None
    assert (made.time.unit, len(made.time.periods)) == (unit, periods)


@pytest.mark.parametrize("names", [("year", "month"), ("Jahr", "Monat"), ("Année", "Mois"), ("Año", "Mes")])
def test_year_and_month_are_a_time(tmp_path: Path, names: tuple[str, str]) -> None:
    """Rows of months are split by time, the year is left out, and the month is a feature, once; the source reads it."""
    step = np.arange(ROWS) // 4
    rows = flats().drop(columns="id").assign(**{names[0]: 2019 + step // 12, names[1]: step % 12 + 1})
    made = plan(write(tmp_path, rows))
    assert made.time is not None
    assert (made.time.parts, made.time.unit, made.time.grain) == (names, "quarter", "month")
    assert made.left_out[names[0]] == "it is a part of the time"
    assert names[1] in made.features
    assert outline.derived(made) == {}
    read = written_source(made, tmp_path)["read"](made.table.files[0])
    assert (read["time"].dt.tz_localize(None).to_numpy("datetime64[ns]") == made.time.values).all()


def test_date_and_hour_in_two_columns(tmp_path: Path) -> None:
    """A date and an hour beside it are one time on the clock of a zone, which is asked for."""
    hours = pd.date_range("2024-03-25", periods=ROWS, freq="h")
    rows = flats().assign(dteday=hours.strftime("%Y-%m-%d"), hr=hours.hour)
    made = plan(write(tmp_path, rows), zone="Europe/Berlin")
    assert made.time is not None
    assert (made.time.parts, made.time.unit, made.time.name) == (("dteday", "hr"), "day", "time")
    assert made.time.values[0] == np.datetime64("2024-03-24T23:00")
    assert made.time.values[-1] == np.datetime64("2024-04-03T21:00")
    with pytest.raises(TableError, match="'Berlin' is not a zone; name one such as UTC or Europe/Berlin"):
        plan(write(tmp_path, rows), zone="Berlin")


def test_times_without_three_periods_are_no_time(tmp_path: Path) -> None:
    """A day of one hour gives nothing to split by; the plan says so."""
    rows = flats().assign(at=pd.date_range("2024-03-25", periods=ROWS, freq="s").strftime("%Y-%m-%d %H:%M:%S"))
    made = plan(write(tmp_path, rows))
    assert made.time is None
    assert found(made, "time") == ["none: 'at' gives no 3 periods in a row with labels in each"]


def test_thousand_columns(tmp_path: Path) -> None:
    """A wide table is read, and what only looks like a sum is none."""
    rows = pd.DataFrame(RANDOM.normal(size=(ROWS, 1000)), columns=[f"x{number}" for number in range(1000)])
    made = plan(write(tmp_path, rows.assign(y=rows["x1"] + RANDOM.normal(size=ROWS))), "y")
    assert (len(made.features), made.suspects) == (1000, ())


def test_duplicates_are_counted(tmp_path: Path) -> None:
    """Rows that are there before are said."""
    rows = pd.concat([flats().drop(columns="id"), flats().drop(columns="id").head(7)])
    assert found(plan(write(tmp_path, rows)), "duplicates")[0].startswith("7 repetitions")


def test_few_rows_make_a_weak_gate(tmp_path: Path) -> None:
    """The plan says in a plain word that few test rows decide little."""
    assert found(plan(write(tmp_path, flats())), "test") == [
        "39 rows: a weak gate sees only differences beyond some 32%"
    ]


def _tally(requests: int) -> pd.DataFrame:
    """Return rows that differ in nothing but a room count of few values, and a price."""
    rooms = np.arange(ROWS) % requests
    return pd.DataFrame(
        {"rooms": rooms * 2, "price €": 1000.0 * rooms + np.random.default_rng(5).normal(0, 6000, ROWS).round(1)}
    )


@pytest.mark.parametrize("requests", [8, 12, 30])
def test_few_different_requests_fill_every_side(tmp_path: Path, requests: int) -> None:
    """Rows of few different requests are split so that each side gets some; the plan counts requests, not rows."""
    made = plan(write(tmp_path, _tally(requests)))
    assert made.shares is not None
    split = yaml.safe_load(settings.params(made))["split"]
    marked = sides.cut(sides.hashes([made.columns["rooms"].values]), split["validation"], split["test"])
    assert all(rows.any() for rows in marked.values())
    assert made.rows_of_test == marked["test"].sum()
    assert f" of {made.shares.units_of_test} different request" in found(made, "test")[0]
    assert f"{requests} different requests" in found(made, "split")[0]


def test_too_few_different_requests_are_refused(tmp_path: Path) -> None:
    """Rows of two different requests cannot be fitted, validated and tested: the plan says what to name."""
    with pytest.raises(TableError, match=r"^240 rows with a label have 2 different requests, too few .*--key"):
        plan(write(tmp_path, _tally(2)))


def test_rows_that_test_are_those_with_a_label(tmp_path: Path) -> None:
    """The newest months have no label yet: the window ends before them, and the plan says so."""
    days = pd.date_range("2023-01-01", periods=ROWS, freq="37h")
    rows = flats().assign(sold=days.strftime("%Y-%m-%d"))
    rows.loc[days >= pd.Timestamp("2023-11-01"), "price €"] = np.nan
    made = plan(write(tmp_path, rows))
    assert made.time is not None
    tested = np.isin(made.time.named, made.time.periods[-made.time.test :]) & ~np.isnan(made.codes)
    assert made.time.periods[-1] == "2023-10"
    assert made.rows_of_test == tested.sum() >= 0.15 * made.labelled
    assert found(made, "window") == ["3 months without a label, such as 2024-01: outside, until you move it"]


@pytest.mark.parametrize(
    ("columns", "said"), [(["rooms"], "1 number"), (["city"], "1 text"), (["rooms", "city"], "1 number, 1 text")]
)
def test_one_of_a_thing_is_counted_as_one(tmp_path: Path, columns: list[str], said: str) -> None:
    """The plan speaks of 1 number and of 2 numbers."""
    assert found(plan(write(tmp_path, flats()[["id", *columns, "price €"]])), "features") == [said]


def test_time_alone_predicts_little(tmp_path: Path) -> None:
    """A series without another column is taken, and the plan says what it can learn from and what it lacks."""
    days = pd.date_range("2023-01-01", periods=ROWS, freq="37h").strftime("%Y-%m-%d")
    made = plan(write(tmp_path, flats()[["price €"]].assign(sold=days)))
    said = ["only the weekday of 'sold'; past values are features of src/usecase/tables.py"]
    assert found(made, "features") == said
    assert [each.sure for each in made.findings if each.about == "features"] == ["unsure"]


def test_column_that_tells_alike_rows_apart_is_offered(tmp_path: Path) -> None:
    """If rows are much alike, the plan names a column that tells them apart, also one that it left out."""
    rows = _tally(12)
    rows.insert(0, "Unnamed: 0", RANDOM.permutation(ROWS))
    made = plan(write(tmp_path, rows))
    assert [each.option for each in made.findings if each.about == "split"] == ["--key 'Unnamed: 0'"]
    again = plan(write(tmp_path, rows), key="Unnamed: 0")
    assert (again.key, again.rows_of_test > 24, found(again, "split")) == ("Unnamed: 0", True, [])


def test_model_follows_from_rows_that_differ(tmp_path: Path) -> None:
    """A model that learns the noise of few rows is not declared: repetitions count once, and each class needs rows."""
    many = pd.concat([_tally(12)] * 6, ignore_index=True)
    assert "Ridge" in settings.params(plan(write(tmp_path, many)))
    rows = flats(1500)
    assert "HistGradientBoostingRegressor" in settings.params(plan(write(tmp_path, rows)))
    rows["kind"] = RANDOM.choice(["a", "b", "c"], 1500)
    assert "LogisticRegression" in settings.params(plan(write(tmp_path, rows), "kind"))
    rows["kind"] = RANDOM.choice(["a", "b"], 1500)
    assert "HistGradientBoostingClassifier" in settings.params(plan(write(tmp_path, rows), "kind"))


def test_date_is_kept_as_a_number_or_not_at_all(tmp_path: Path) -> None:
    """A date that is not the time of the row cannot be kept as it is; the refusal says what can be done."""
    years = pd.to_datetime(RANDOM.choice(["1970-01-01", "1982-01-01"], ROWS)).strftime("%Y-%m-%d")
    path = write(tmp_path, flats().assign(built=years))
    assert plan(path).left_out["built"] == "it is another time: known when?"
    with pytest.raises(TableError, match=r"^'built' is a date, and only the time of a row can be one .*as a number"):
        plan(path, keep=("built",))


def test_group_of_which_a_row_is_not_is_refused(tmp_path: Path) -> None:
    """A group that is missing somewhere could not be split; the plan says so, and not the pipeline."""
    path = write(tmp_path, flats().assign(owner=["", *["a", "b", "c"] * 79, "a", "b"]))
    with pytest.raises(TableError, match=r"^'owner' is missing in 1 row, and each row needs its group; fill it in\.$"):
        plan(path, group="owner")


def test_nothing_left_to_predict_from(tmp_path: Path) -> None:
    """A table whose columns are all left out is refused with the reasons."""
    rows = flats()[["id", "price €"]].assign(net=flats()["price €"] * 0.8)
    with pytest.raises(
        TableError, match=r"no column is left to predict 'price €' from: 'id': it tells .*--keep COLUMN"
    ):
        plan(write(tmp_path, rows))


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "__index_level_0__"])
def test_row_numbers_of_pandas_are_left_out(tmp_path: Path, name: str) -> None:
    """What pandas writes beside a table is neither a key nor a feature, in whatever order the rows are."""
    rows = flats().drop(columns="id")
    rows.insert(0, name, RANDOM.permutation(ROWS))
    made = plan(write(tmp_path, rows))
    assert made.left_out == {name or "Unnamed: 0": "it has no name"}
    assert made.key == ""


def test_numbers_that_overflow_are_left_out(tmp_path: Path) -> None:
    """A feature that float32 cannot hold is left out, also if it is to be kept; as a label it is refused."""
    rows = flats().astype({"area m²": "float64"})
    rows.loc[3, "area m²"] = 1.5e308
    path = write(tmp_path, rows)
    several: list[dict[str, Any]] = [{}, {"keep": ("area m²",)}]
    for wishes in several:
        assert plan(path, **wishes).left_out["area m²"] == "it holds numbers beyond 1e+37"
    with pytest.raises(TableError, match=r"^the label 'area m²' holds numbers beyond 1e\+37; leave such rows out"):
        plan(path, "area m²")


@pytest.mark.parametrize("option", ["key", "group", "time", "keep", "drop"])
def test_label_is_nothing_else(tmp_path: Path, option: str) -> None:
    """The label as a key, group, time or feature would be sent by clients."""
    wish: Any = ("price €",) if option in ("keep", "drop") else "price €"
    with pytest.raises(TableError, match=r"^'price €' is the label, which is all that it can be"):
        plan(write(tmp_path, flats()), **{option: wish})


def test_positive_class_of_a_number_is_refused(tmp_path: Path) -> None:
    """--positive says nothing about a label that is not of two classes."""
    with pytest.raises(
        TableError, match=r"--positive is for a label of two classes; 'price €' is taken for regression"
    ):
        plan(write(tmp_path, flats()), positive="3")


def test_long_names_leave_room_for_the_reason(tmp_path: Path) -> None:
    """Of many columns with long names as many are named as fit, and the plan's line still says why."""
    more = {f"a name that is rather long {number}": 1 for number in range(9)}
    made = plan(write(tmp_path, flats().assign(**more)))
    (line,) = [line for line in findings.render(made.findings) if line.startswith("left out")]
    assert "'a name that is rather long 0' and 8 more: it is the same in every row " in line


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("num_satisfactory_accounts", ""),
        ("number_of_store", ""),
        ("n_items", ""),
        ("num_failed_to_pay", ""),
        ("account_age_days", ""),
        ("Household Income", ""),
        ("num_client", "num_client"),
        ("store_number", "store_number"),
        ("account", "account"),
    ],
)
def test_how_many_there_are_names_no_entity(tmp_path: Path, name: str, group: str) -> None:
    """A number of accounts is a feature; the number of an account tells whose rows are never split."""
    table = flats()
    table[name] = RANDOM.integers(0, 40, len(table))
    assert plan(write(tmp_path, table)).group == group


@pytest.mark.parametrize(("a_day", "said"), [(1, ["a day has 1 row"]), (199, ["a day has 199 rows"]), (200, [])])
def test_days_that_are_too_small_for_monitoring_are_named(tmp_path: Path, a_day: int, said: list[str]) -> None:
    """A table with few rows a day is told which limits of monitoring would leave it unwatched."""
    days = 400 if a_day == 1 else 40
    table = flats(days * a_day)
    table["day"] = pd.date_range("2024-01-01", periods=days).repeat(a_day).strftime("%Y-%m-%d")
    lines = found(plan(write(tmp_path, table)), "monitor")
    assert [line.split(",")[0] for line in lines] == said
