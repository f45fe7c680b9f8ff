"""What a use case is held to: the policy, and what its modules must deliver."""

from typing import get_args

import numpy as np
import pytest

from mainline.conformance.arrays import check_column, check_computed, check_moment, check_predictions
from mainline.conformance.names import PERSONAL, check_features, check_known, check_policy
from mainline.conformance.requests import check_request
from mainline.conformance.tables import check_rows, check_table
from mainline.contract import Array, FeatureTable, Field, Kind
from mainline.errors import ParamsError, PolicyError, UseCaseError
from usecase import features, interface, tables

BANNED = {"air_time": "it is known only after landing"}


def field(name: str) -> Field:
    """Return a field of a request."""
    return Field(name, "number", "Any", 1.0)


def test_shipped_use_case_keeps_the_policy() -> None:
    """The features, the request and the feature tables that ship pass."""
    offered = (*features.NUMERIC, *features.CATEGORICAL)
    check_policy(offered, interface.REQUEST, interface.BANNED, tables.FEATURE_TABLES)


def test_banned_feature_is_refused_with_the_reason() -> None:
    """A feature that leaks the label is refused, with the reason on the list."""
    with pytest.raises(PolicyError, match=r"^feature 'air_time' is banned: it is known only after landing\. Remove"):
        check_policy(["distance", "air_time"], [], BANNED)


def test_banned_request_field_is_refused_with_the_reason() -> None:
    """What may not be a feature may not be asked of a client either."""
    with pytest.raises(PolicyError, match=r"^request field 'air_time' is banned: it is known only after landing\."):
        check_policy([], [field("distance"), field("air_time")], BANNED)


@pytest.mark.parametrize(
    ("name", "reason"), [("air_time", "it is known only after landing"), ("Email", "it identifies a person")]
)
def test_banned_column_of_a_feature_table_is_refused(name: str, reason: str) -> None:
    """What may not be a feature may not be looked up either."""
    table = FeatureTable("planes", key="tail", columns=("seats", name), static=True)
    with pytest.raises(PolicyError, match=f"^column of feature table planes '{name}' is banned: {reason}"):
        check_policy([], [], BANNED, [table])


def test_ban_does_not_depend_on_case() -> None:
    """Another spelling of a banned name is banned for the same reason."""
    with pytest.raises(PolicyError, match=r"^feature 'Air_Time' is banned: it is known only after landing\."):
        check_policy(["Air_Time"], [], {"AIR_TIME": BANNED["air_time"]})


def test_shipped_use_case_bans_its_label() -> None:
    """The label is on the list that ships, or the model could be given its answer."""
    with pytest.raises(PolicyError, match=f"^feature '{interface.LABEL}' is banned"):
        check_policy([interface.LABEL], [], interface.BANNED)


@pytest.mark.parametrize("name", [*sorted(PERSONAL), "Email"])
def test_personal_data_is_refused(name: str) -> None:
    """A name that identifies a person is refused as feature and as request field, in any case."""
    with pytest.raises(PolicyError, match=f"^feature '{name}' is banned: it identifies a person"):
        check_policy([name], [], {})
    with pytest.raises(PolicyError, match=f"^request field '{name}' is banned: it identifies a person"):
        check_policy([], [field(name)], {})


def test_unknown_feature_names_the_nearest() -> None:
    """A feature that is not computed is refused with the one that was probably meant."""
    said = r"^params.yaml: features: 'distanc' is not computed by src/usecase/features\.py; did you mean 'distance'\?$"
    with pytest.raises(ParamsError, match=said):
        check_features(["carrier", "distanc"], ("carrier", "distance", "dest"))


def test_offered_features_pass() -> None:
    """Features that are computed pass, whatever their order."""
    check_features(iter(["b", "a"]), iter(["a", "b", "c"]))


def test_every_declared_feature_is_computed() -> None:
    """Features of one value per row, just those declared, pass."""
    check_computed({"a": np.zeros(3), "b": np.array(["", "x", "y"])}, ("b", "a"), 3)


@pytest.mark.parametrize(
    ("declared", "rows", "said"),
    [
        (["a", "b"], 3, r"features\.py declares but does not compute 'b'; NUMERIC and CATEGORICAL"),
        ([], 3, r"features\.py computes but does not declare 'a'; NUMERIC and CATEGORICAL"),
        (["a"], 4, r"features\.py: 'a' has shape \(3,\) for 4 rows; it must be \(4,\)"),
    ],
)
def test_features_that_are_not_as_declared_are_refused(declared: list[str], rows: int, said: str) -> None:
    """A feature that is absent, undeclared or of another length is named."""
    with pytest.raises(UseCaseError, match=said):
        check_computed({"a": np.zeros(3)}, declared, rows)


@pytest.mark.parametrize(("static", "columns"), [(False, ["temp", "time", "key"]), (True, ["key", "temp", "other"])])
def test_table_with_its_columns_passes(static: bool, columns: list[str]) -> None:
    """A table needs its key, its declared columns and, where it moves, its time; more does not matter."""
    check_table(FeatureTable("weather", key="origin", columns=("temp",), static=static), columns)


@pytest.mark.parametrize(
    ("columns", "missing"), [(["key", "temp"], "time"), (["time", "temp"], "key"), (["time", "key"], "temp")]
)
def test_table_without_a_column_is_refused(columns: list[str], missing: str) -> None:
    """A feature table built without a declared column is refused by table and column."""
    with pytest.raises(
        UseCaseError, match=rf"table 'weather' is built without its column '{missing}'; it declares key"
    ):
        check_table(FeatureTable("weather", key="origin", columns=("temp",)), columns)


def test_known_names_pass() -> None:
    """A name that both places have is not a problem."""
    check_known("interface.py: KEY", ["day"], ["day", "code"], "REQUEST")


@pytest.mark.parametrize(
    ("known", "hint"), [(["day", "code"], r"; did you mean 'code'\?"), (["day"], "; known: day"), ([], r"\.")]
)
def test_name_that_another_place_lacks_is_refused(known: list[str], hint: str) -> None:
    """The refusal says where the name stands, what lacks it and what it has."""
    with pytest.raises(UseCaseError, match=rf"^src/usecase/interface\.py: KEY names 'cod', which REQUEST lacks{hint}$"):
        check_known("interface.py: KEY", ["cod"], known, "REQUEST")


def test_fields_of_every_kind_may_be_absent() -> None:
    """Text, numbers, whole numbers and times may all be left out of a request."""
    check_request([Field("any", kind, "Any", "", optional=True) for kind in get_args(Kind)])


@pytest.mark.parametrize(
    ("values", "shape"),
    [(np.zeros(2), r"\(2,\)"), (np.zeros((3, 1)), r"\(3, 1\)"), ([0, 0, 0], r"\(3,\)"), (1.0, r"\(\)")],
)
def test_column_is_an_array_of_one_value_per_row(values: object, shape: str) -> None:
    """What is computed is an array as long as the rows; a list, a matrix or a single number is not."""
    check_column("scoring.py: respond", np.zeros(3), 3)
    with pytest.raises(
        UseCaseError, match=rf"scoring\.py: respond has shape {shape}; return a numpy array of \(3,\)\."
    ):
        check_column("scoring.py: respond", values, 3)


def test_prediction_time_is_whole_minutes() -> None:
    """Times are integers, one per row."""
    check_moment(np.arange(3), 3)
    with pytest.raises(UseCaseError, match=r"prediction_time returns float64; return int64 minutes"):
        check_moment(np.arange(3.0), 3)
    with pytest.raises(UseCaseError, match=r"prediction_time returns datetime64\[m\]; return int64 minutes"):
        check_moment(np.zeros(3, dtype="datetime64[m]"), 3)
    with pytest.raises(UseCaseError, match=r"prediction_time has shape \(3,\); return a numpy array of \(4,\)"):
        check_moment(np.arange(3), 4)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros(2), r"has shape \(2,\); return a numpy array of \(2, 3\), a column for each of CLASSES\."),
        (np.full((2, 3), 0.5), r"the probabilities of a row do not sum to 1; return them as they are\."),
    ],
)
def test_predictions_of_classes_are_probabilities_of_each(values: Array, said: str) -> None:
    """Of three classes a row has three probabilities, which sum to 1; of fewer classes it has one number."""
    names = ("a", "b", "c")
    check_predictions("scoring.py: respond", np.full((2, 3), 1 / 3), 2, names)
    check_predictions("scoring.py: respond", np.zeros(2), 2, names[:2])
    with pytest.raises(UseCaseError, match=rf"^src/usecase/scoring\.py: respond:? {said}$"):
        check_predictions("scoring.py: respond", values, 2, names)


def test_rows_of_a_table_are_numbers() -> None:
    """A feature table holds numbers; text is refused by table and column."""
    rows = {"key": np.array(["a", "a"]), "time": np.arange(2), "temp": np.array(["hot", "cold"], dtype=object)}
    table = FeatureTable("weather", key="origin", columns=("temp",))
    check_rows(table, rows | {"temp": np.array([True, False])})
    with pytest.raises(UseCaseError, match=r"tables\.py: 'temp' of 'weather' holds no numbers; encode it\."):
        check_rows(table, rows)


def test_static_table_has_one_row_per_entity() -> None:
    """Two rows of one entity without a time contradict each other; with a time they follow each other."""
    rows = {"key": np.array(["N1", "N2", "N1"], dtype=object), "seats": np.arange(3)}
    check_rows(FeatureTable("planes", key="tail", columns=("seats",)), rows)
    with pytest.raises(
        UseCaseError, match="static table 'planes' has 2 rows of 'N1'; build one row per entity, or give"
    ):
        check_rows(FeatureTable("planes", key="tail", columns=("seats",), static=True), rows)
