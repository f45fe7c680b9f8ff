"""Each claim about a use case is broken once, and says in one line which file to mend, and how."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import usecase
from mainline.claims import batches, catalogue, data, declarations, requests
from tests.project import FLIGHTS
from usecase import features, interface, schema, scoring, source, tables

Break = Callable[[pytest.MonkeyPatch], object]
COMPUTE, FETCH, MOVING = features.compute, source.fetch, tables.build_moving
MONTH = list(FETCH(("2013-01",)))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work where nothing was run, with a source of three days."""
    monkeypatch.chdir(FLIGHTS)
    days = [
        (table, month, rows[rows["day"] <= 3].reset_index(drop=True) if month else rows) for table, month, rows in MONTH
    ]
    monkeypatch.setattr(source, "fetch", lambda _: iter(days))
    batches.load.cache_clear()
    yield
    batches.load.cache_clear()


def put(module: ModuleType, name: str, value: object) -> Break:
    """Break a name of the use case."""
    return lambda monkeypatch: monkeypatch.setattr(module, name, value, raising=False)


def computed(change: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]) -> Break:
    """Break what features are computed to."""
    return put(features, "compute", lambda columns, known: change(COMPUTE(columns, known), columns))


def moving(change: Callable[[dict[str, pd.DataFrame], pd.DataFrame], dict[str, pd.DataFrame]]) -> Break:
    """Break what moving tables are built to."""

    def build(previous: Any, current: Any, static: Any) -> dict[str, pd.DataFrame]:
        return change(MOVING(previous, current, static), current["flights"])

    return put(tables, "build_moving", build)


def field(name: str, **changes: Any) -> Break:
    """Break a field of the request."""
    fields = tuple(replace(one, **changes) if one.name == name else one for one in interface.REQUEST)
    return put(interface, "REQUEST", fields)


def typo_in_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Misspell a key of the card."""
    here = Path(monkeypatch.tmp)  # type: ignore[attr-defined]
    (here / "src/usecase").mkdir(parents=True)
    (here / "src/usecase/card.yaml").write_text("ownr: Grace\n")
    monkeypatch.chdir(here)


def travelling(module: ModuleType, code: str) -> Break:
    """Break a file that travels."""

    def write(monkeypatch: pytest.MonkeyPatch) -> None:
        file = Path(str(module.__file__))
        copy = Path(monkeypatch.tmp / file.name)  # type: ignore[attr-defined]
        copy.write_text(code + file.read_text())
        monkeypatch.setattr(module, "__file__", str(copy))

    return write


def remove(name: str) -> Break:
    """Take a name away from the scoring."""
    return lambda monkeypatch: monkeypatch.delattr(scoring, name)


def days_mean(built: dict[str, pd.DataFrame], flights: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Put the mean delay of the whole month into a table, from its beginning."""
    return built | {"dest_arrivals": built["dest_arrivals"].assign(gain_1440=flights["arr_delay"].mean())}


def first_row(built: dict[str, pd.DataFrame], flights: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Put what came first into a table."""
    return built | {"schedule": built["schedule"].assign(flights=float(flights["flight"].iloc[0]))}


def weather_of_later(built: dict[str, pd.DataFrame], _: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Date each observation half a day earlier."""
    return built | {"weather": built["weather"].assign(time=built["weather"]["time"] - 720)}


def text(columns: dict[str, Any]) -> Any:
    """Return as many zeros as rows."""
    return np.zeros(len(columns["flight"]))


BROKEN: dict[str, tuple[catalogue.Claim, Break, str]] = {
    "a name is missing": (
        declarations.every_module_offers_what_the_machinery_calls, remove("slices"),
        r"src/usecase/scoring\.py offers no 'slices'; engine/src/mainline/contract\.py lists what it must offer\."),
    "a label is unknown": (
        declarations.declarations_fit_each_other, put(interface, "LABEL", "arr_dely"),
        r"src/usecase/interface\.py: LABEL names 'arr_dely', which .* did you mean 'arr_delay'\?"),
    "a key of a table is unknown": (
        declarations.declarations_fit_each_other,
        put(tables, "FEATURE_TABLES", (replace(tables.FEATURE_TABLES[0], key="tailnumber"),)),
        r"src/usecase/tables\.py: a key names 'tailnumber', which REQUEST lacks; did you mean 'tailnum'\?"),
    "a banned feature": (
        declarations.no_banned_name_is_used, put(features, "NUMERIC", (*features.NUMERIC, "air_time")),
        r"feature 'air_time' is banned: it is known only after landing\. Remove it; the list is BANNED in .*"),
    "the label as a feature": (
        declarations.no_banned_name_is_used,
        lambda patch: [put(interface, "BANNED", {})(patch), put(features, "NUMERIC", ("arr_delay",))(patch)],
        r"feature 'arr_delay' is banned: it is the label\. .*"),
    "a personal field as a feature of another name": (
        requests.a_personal_field_is_a_feature_under_its_own_name_alone,
        lambda patch: [
            put(interface, "PERSONAL", {"tailnum": "to look the plane up"})(patch),
            computed(lambda found, columns: found | {"carrier": columns["tailnum"]})(patch),
        ],
        r"src/usecase/features\.py: compute: 'carrier' repeats 'tailnum', which is personal; call the feature .*"),
    "a feature twice": (
        declarations.features_have_one_name_each, put(features, "NUMERIC", (*features.NUMERIC, "temp")),
        r"src/usecase/features\.py: 'temp' is declared twice; name it once\."),
    "a chosen feature that is gone": (
        declarations.features_have_one_name_each, put(features, "NUMERIC", features.NUMERIC[1:]),
        r"params\.yaml: features: 'dep_delay' is not computed by src/usecase/features\.py; .*"),
    "a card with a typo": (
        declarations.the_card_has_only_what_a_card_asks, typo_in_the_card,
        r"card\.yaml: ownr: is not a known key; did you mean 'owner'\?"),
    "an example out of bounds": (
        declarations.examples_are_requests, field("flight", example=0),
        r"src/usecase/interface\.py: REQUEST: the example of flight: is 0; it must be at least 1\."),
    "an example of another pattern": (
        declarations.examples_are_requests, field("carrier", example="united"),
        r"src/usecase/interface\.py: REQUEST: the example of carrier: is 'united'; it must match .*"),
    "features need pandas": (
        declarations.code_that_travels_is_importable_alone, travelling(features, "import pandas\n"),
        r"src/usecase/features\.py imports pandas; code that .* Move what needs more to src/usecase/tables\.py\."),
    "scoring needs the use case": (
        declarations.code_that_travels_is_importable_alone, travelling(scoring, "from usecase import interface\n"),
        r"src/usecase/scoring\.py imports usecase; code that travels .*"),
    "a feature is not computed": (
        requests.every_declared_feature_is_computed,
        computed(lambda found, _: {name: found[name] for name in found if name != "seats"}),
        r"src/usecase/features\.py declares but does not compute 'seats'; NUMERIC and CATEGORICAL list .*"),
    "a feature is short": (
        requests.every_declared_feature_is_computed, computed(lambda found, _: found | {"seats": found["seats"][1:]}),
        r"src/usecase/features\.py: 'seats' has shape \(199,\) for 200 rows; it must be \(200,\)\."),
    "a number is text": (
        requests.every_declared_feature_is_computed,
        computed(lambda found, _: found | {"seats": found["seats"].astype(str).astype(object)}),
        r"src/usecase/features\.py: 'seats' is in NUMERIC and holds str '.*' in made-up requests, row 0; its dtype .*"),
    "a text is a number": (
        requests.every_declared_feature_is_computed, computed(lambda found, _: found | {"dest": found["seats"]}),
        r"src/usecase/features\.py: 'dest' is in CATEGORICAL and holds float .* in made-up requests, row 0\. .*"),
    "a time is not a whole minute": (
        requests.every_declared_feature_is_computed,
        put(features, "prediction_time", lambda columns: columns["time_hour"] + 0.5),
        r"src/usecase/features\.py: prediction_time returns float64; return int64 minutes .*"),
    "a feature looks at its neighbours": (
        requests.a_row_alone_equals_the_same_row_in_a_batch,
        computed(lambda found, _: found | {"distance": found["distance"] - found["distance"].mean()}),
        r"src/usecase/features\.py: compute: 'distance' of a row differs alone and in a batch\. .*"),
    "a feature counts": (
        requests.the_order_of_rows_does_not_matter,
        computed(lambda found, _: found | {"seats": np.arange(len(found["seats"]))}),
        r"src/usecase/features\.py: compute: 'seats' depends on the order of the rows\. Compute each row .*"),
    "a target of another shape": (
        requests.scoring_is_a_value_per_row, put(scoring, "fit_target", lambda label, _: label.mean()),
        r"src/usecase/scoring\.py: fit_target has shape \(\); return a numpy array of \(200,\)\."),
    "an answer that looks at its neighbours": (
        requests.scoring_is_a_value_per_row, put(scoring, "respond", lambda raw, _: raw - raw.mean()),
        r"src/usecase/scoring\.py: respond of a row differs alone and in a batch\. .*"),
    "a rule that looks at its neighbours": (
        requests.scoring_is_a_value_per_row,
        put(scoring, "baseline", lambda columns, _: columns["dep_delay"] - columns["dep_delay"].mean()),
        r"src/usecase/scoring\.py: baseline of a row differs alone and in a batch\. .*"),
    "one weight for all rows": (
        requests.scoring_is_a_value_per_row, put(scoring, "weight", lambda *_: np.float64(1)),
        r"src/usecase/scoring\.py: weight has shape \(\); return a numpy array of \(200,\)\."),
    "a feature of a banned field": (
        requests.a_banned_field_of_the_request_reaches_no_answer, put(interface, "BANNED", {"Carrier": "sent as key"}),
        r"src/usecase/features\.py: compute: 'carrier' is made from 'carrier', which is BANNED; leave it out\."),
    "an answer of a banned field": (
        requests.a_banned_field_of_the_request_reaches_no_answer,
        lambda patch: [put(interface, "BANNED", {"flight": "sent as key"})(patch),
                       put(scoring, "respond", lambda raw, columns: raw + columns["flight"])(patch)],
        r"src/usecase/scoring\.py: respond uses 'flight', which is BANNED; leave it out\."),
    "a table of a banned field": (
        requests.a_banned_field_of_the_request_reaches_no_answer,
        put(interface, "BANNED", {"tailnum": "sent as key"}),
        r"src/usecase/tables\.py: table 'planes' is looked up by 'tailnum', which is BANNED\."),
    "no prediction time": (
        declarations.declarations_fit_each_other, lambda patch: patch.delattr(features, "prediction_time"),
        r"src/usecase/features\.py offers no 'prediction_time', and params\.yaml declares data\.from .*"),
    "a group of data with time": (
        declarations.declarations_fit_each_other, lambda patch: patch.setattr(interface, "GROUP", "carrier", False),
        r"src/usecase/interface\.py: GROUP is 'carrier', and params\.yaml declares data\.from .*"),
    "a group that is no column": (
        declarations.declarations_fit_each_other, lambda patch: patch.setattr(interface, "GROUP", "carier", False),
        r"src/usecase/interface\.py: GROUP names 'carier', which .* did you mean 'carrier'\?"),
    "a slice of numbers": (
        requests.scoring_is_a_value_per_row, put(scoring, "slices", lambda columns: {"hour": text(columns)}),
        r"src/usecase/scoring\.py: slices: 'hour' is float64; segments are named by text\."),
    "an event without its label": (
        data.labels_are_what_the_task_asks_for,
        put(schema, "unlabelled", lambda events: pd.Series("", index=events.index)),
        r"src/usecase/schema\.py: unlabelled\(\) returns '' for a row without a label; return the reason\."),
    "a label that is not a class": (
        data.labels_are_what_the_task_asks_for, put(interface, "TASK", "classification"),
        r"a label is .*; for a classification src/usecase/source\.py must deliver 0 and 1, or .*"),
    "events out of bounds": (
        data.events_are_requests, field("dep_delay", maximum=5),
        r"src/usecase/interface\.py: REQUEST: an event of 2013-01 is not a request: dep_delay: .* at most 5\. Or .*"),
    "a table is not built": (
        data.feature_tables_are_those_declared,
        moving(lambda built, _: {name: built[name] for name in built if name != "weather"}),
        r"src/usecase/tables\.py: FEATURE_TABLES names 'weather', which the result of building them lacks; .*"),
    "a table lacks a column": (
        data.feature_tables_are_those_declared,
        moving(lambda built, _: built | {"weather": built["weather"].drop(columns="temp")}),
        r"src/usecase/tables\.py: table 'weather' is built without its column 'temp'; it declares .*"),
    "a table takes the first row": (
        data.the_order_of_the_data_does_not_matter, moving(first_row),
        r"src/usecase/tables\.py: feature 'flights_in_hour' depends on the order of the rows that the source .*"),
    "a table knows the labels of later": (
        data.nothing_after_the_prediction_time_reaches_a_feature, moving(days_mean),
        r"src/usecase/tables\.py: feature 'dest_gain' uses data from after the prediction time: .* a `lag`\."),
    "a table knows the measurements of later": (
        data.nothing_after_the_prediction_time_reaches_a_feature, moving(weather_of_later),
        r"src/usecase/tables\.py: feature 'temp' uses data from after the prediction time: .*"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_claim_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The line names the file, what is wrong in it, and what to do."""
    claim, break_, said = BROKEN[name]
    monkeypatch.tmp = tmp_path  # type: ignore[attr-defined]
    break_(monkeypatch)
    assert re.fullmatch(said, catalogue.problem(claim))


def test_every_claim_is_broken_once() -> None:
    """No claim is held by nothing."""
    assert {claim for claim, _, _ in BROKEN.values()} == set(catalogue.ALL)


@pytest.mark.parametrize("claim", catalogue.ALL, ids=lambda claim: claim.__name__)
def test_the_flights_keep_every_claim(claim: catalogue.Claim) -> None:
    """What ships is in order, so each line above has its reason in what was broken."""
    assert catalogue.problem(claim) == ""


def test_a_feature_that_looks_at_its_neighbours_is_not_called_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean of a request's batch is refused by its own claim; no feature table is blamed for it."""
    computed(lambda found, columns: found | {"distance": found["distance"] - columns["distance"].mean()})(monkeypatch)
    assert catalogue.problem(requests.a_row_alone_equals_the_same_row_in_a_batch)
    assert catalogue.problem(data.nothing_after_the_prediction_time_reaches_a_feature) == ""


def test_a_rule_for_classes_answers_like_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that gives a probability to each of three classes, NaN where it knows nothing, is in order."""
    for name, value in {"CLASSES": ("a", "b", "c"), "TASK": "multiclass"}.items():
        monkeypatch.setattr(interface, name, value, raising=False)
    put(scoring, "respond", lambda raw, _: raw)(monkeypatch)
    put(scoring, "fit_target", lambda label, _: label)(monkeypatch)
    shares = np.array([0.2, 0.3, 0.5])
    monkeypatch.setattr(
        scoring, "baseline", lambda columns, _: np.where(columns["distance"][:, None] > 500, shares, np.nan), False
    )
    assert catalogue.problem(requests.scoring_is_a_value_per_row) == ""
    monkeypatch.setattr(scoring, "baseline", lambda columns, _: columns["distance"], False)
    said = catalogue.problem(requests.scoring_is_a_value_per_row)
    assert (
        said == "src/usecase/scoring.py: baseline has shape (200,); return a numpy array of (200, 3), as respond does."
    )


def test_a_label_may_be_learned_on_another_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that is never 0 may be learned as its logarithm: labels are made up from the example of the answer."""
    monkeypatch.setattr(interface, "RESPONSE", replace(interface.RESPONSE, example=250_000.0))
    put(scoring, "fit_target", lambda label, _: np.log(label))(monkeypatch)
    put(scoring, "respond", lambda raw, _: np.exp(raw))(monkeypatch)
    assert catalogue.problem(requests.scoring_is_a_value_per_row) == ""
    put(scoring, "respond", lambda raw, _: np.exp(raw).mean() + raw)(monkeypatch)
    assert "differs alone and in a batch" in catalogue.problem(requests.scoring_is_a_value_per_row)


def test_a_line_of_the_use_case_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error inside of the use case is a line, too, with its place."""
    put(features, "compute", lambda columns, _: COMPUTE(columns, {}))(monkeypatch)
    said = catalogue.problem(requests.every_declared_feature_is_computed)
    assert re.match(r"src/usecase/features\.py, line \d+: KeyError: 'weather'\. Correct it, or what it reads; ", said)


def test_without_data_and_source_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims about data cannot be held to where none is; the reason names the command that brings it."""

    def fail(_: object) -> object:
        raise ConnectionError("the warehouse does not answer")

    monkeypatch.setattr(source, "fetch", fail)
    for claim in data.CLAIMS:
        with pytest.raises(
            batches.NoDataError, match=r"data/validated is empty, .*warehouse.*; run `make repro`, then"
        ):
            catalogue.problem(claim)


def test_a_file_that_works_while_it_is_imported_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An import that does not end is ended; the line says which file it is, and where such work belongs."""
    monkeypatch.tmp = tmp_path  # type: ignore[attr-defined]
    monkeypatch.setattr(declarations, "LIMIT", 0.2)
    travelling(features, "import time\ntime.sleep(600)\n")(monkeypatch)
    said = catalogue.problem(declarations.code_that_travels_is_importable_alone)
    assert said.startswith("src/usecase/features.py is imported for more than 0.2 s; it may only define names. Move ")


def test_a_module_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A use case without one of the six modules is told so."""
    monkeypatch.setitem(sys.modules, "usecase.scoring", None)
    monkeypatch.delattr(usecase, "scoring")
    said = catalogue.problem(declarations.every_module_offers_what_the_machinery_calls)
    assert said.startswith("src/usecase/scoring.py cannot be imported: ")


@pytest.mark.parametrize(
    "label",
    [
        pd.Series([True, False, True]),
        pd.Series([1, 0, 1], dtype="int64"),
        pd.Series([1, 0, None], dtype="Int64"),
        pd.Series([0.5, 1.5, np.nan]),
    ],
    ids=lambda label: str(label.dtype),
)
def test_labels_of_every_type_are_rewritten(label: pd.Series) -> None:
    """Whatever type a label has, another one of that type takes its place, and one that is missing stays so."""
    other = data._other(label, np.arange(3), np.random.default_rng(0), is_number=True)
    assert other.dtype == label.dtype
    assert (other.isna() == label.isna()).all()
    assert (other.dropna() != label.dropna()).all()
