"""What the validate stage holds a use case and its data to."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from pandera.pandas import Column

from mainline.errors import UseCaseError
from mainline.stages import validate
from tests.project import OTHER
from usecase import interface, schema


def test_shipped_use_cases_are_consistent() -> None:
    """What ships is held together, and its events are dated by the time in their key."""
    validate.check_use_case()
    assert validate._time() == "time_hour"
    assert 'KEY = ("measured_at",' in (OTHER / "usecase/interface.py").read_text()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"TASK": "Regression"}, r"TASK is 'Regression'; did you mean 'regression'\?"),
        ({"RESPONSE": replace(interface.RESPONSE, kind="string")}, "RESPONSE: 'arr_delay' is a string; the prediction"),
        ({"RESPONSE": replace(interface.RESPONSE, optional=True)}, "RESPONSE: 'arr_delay' is an optional number"),
        (
            {"TASK": "classification"},
            "RESPONSE: 'arr_delay' goes from -600 to 6000; the prediction of a classification",
        ),
        (
            {"REQUEST": (replace(interface.REQUEST[0], kind=cast("Any", "date")),)},
            "'time_hour' is of the kind 'date'; known: integer",
        ),
        ({"LABEL": "arr_dely"}, r"LABEL names 'arr_dely', which flights in schema\.py lacks; did you mean 'arr_delay'"),
        (
            {"LABEL": "dest"},
            "the label 'dest' is declared as str.*; a label is a number unless CLASSES names its values",
        ),
        ({"KEY": ("time_hour", "flght")}, r"KEY names 'flght', which REQUEST lacks; did you mean 'flight'\?"),
        (
            {"KEY": ("predicted",), "REQUEST": (*interface.REQUEST, replace(interface.REQUEST[3], name="predicted"))},
            r"KEY: 'predicted' would be lost among the columns of the kept predictions \(prediction_time, ",
        ),
        (
            {"KEY": ("known_at",), "REQUEST": (*interface.REQUEST, replace(interface.REQUEST[3], name="known_at"))},
            "KEY: 'known_at' is the column in which labels say when they became known, so no label can be joined",
        ),
        (
            {"KEY": ("arr_delay",), "REQUEST": (*interface.REQUEST, replace(interface.REQUEST[3], name="arr_delay"))},
            "KEY: 'arr_delay' is the label itself, so no label can be joined by it",
        ),
        (
            {"REQUEST": (*interface.REQUEST, replace(interface.REQUEST[3], name="event.label"))},
            r"REQUEST: 'event\.label' begins as columns of monitoring do \(event\., feature\., log\., probability\.\)",
        ),
        (
            {"RESPONSE": replace(interface.RESPONSE, name="version")},
            r"RESPONSE: 'version' is what an answer of a stream says beside the prediction \(line, version, ",
        ),
    ],
    ids=[
        *("task", "text", "absent", "bounds", "kind", "label", "text label", "key", "taken"),
        *("known", "label as key", "column of monitoring", "member of an answer"),
    ],
)
def test_declarations_that_contradict_each_other_are_refused(
    names: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Task, response, label and key are held together before any data is read."""
    for name, value in names.items():
        monkeypatch.setattr(interface, name, value)
    with pytest.raises(UseCaseError, match=said):
        validate.check_use_case()


@pytest.mark.parametrize("declared", ["int64", "float64", "bool", "Int64", None])
def test_numbers_of_any_type_are_labels(declared: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label may be declared as any kind of number, or as nothing at all."""
    events = schema.TABLES[schema.EVENTS].update_column(interface.LABEL, dtype=declared)
    monkeypatch.setitem(schema.TABLES, schema.EVENTS, events)
    validate.check_use_case()


@pytest.mark.parametrize("declared", ["str", "category", "datetime64[ms, UTC]", "object"])
def test_other_types_are_no_labels(declared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, categories and times are not labels, whoever declares them."""
    events = schema.TABLES[schema.EVENTS].remove_columns([interface.LABEL])
    monkeypatch.setitem(schema.TABLES, schema.EVENTS, events.add_columns({interface.LABEL: Column(declared)}))
    with pytest.raises(UseCaseError, match="the label 'arr_delay' is declared as"):
        validate.check_use_case()


def test_a_label_of_a_row_that_has_none_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels are held to the task where a row has one."""
    monkeypatch.setattr(interface, "TASK", "classification")
    events = pd.DataFrame({"dep_delay": [1.0, np.nan], "arr_delay": [1.0, np.nan]})
    assert validate._count_labels(events) == {"labelled": 1, "cancelled": 1}
    with pytest.raises(UseCaseError, match="a label is 7; for a classification"):
        validate._count_labels(events.assign(arr_delay=[7.0, np.nan]))
