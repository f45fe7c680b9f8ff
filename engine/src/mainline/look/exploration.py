"""What a notebook opens: the pipeline's rows as a frame, what is known of each column, and where the model errs."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mainline import labels
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.storage import read_json
from mainline.declared import params
from mainline.errors import DataError, MainlineError
from mainline.look import advice, portraits, screen, sources
from mainline.look.portraits import Gallery
from mainline.look.sheet import masks
from mainline.model import runtime
from mainline.scaffold.column import Column
from mainline.text import clip

BINS = 10
"""Groups of rows that a column of numbers is cut into, of about as many rows each."""
TOP = 12
"""Texts that are a group of their own; the rarer ones are one together."""
OTHERS, MISSING = "all others", "missing"
PERIOD, PREDICTED, ERROR = "period", "predicted", "error"
_MODEL = Path("models/model")


@dataclass(frozen=True)
class Exploration:
    """The training and validation rows of the declared window, at most `sheet.ROWS` of them; test rows stay unseen."""

    gallery: Gallery
    rows: pd.DataFrame
    """`period`, if the data has time, then each column. What could point at a person or a row is numbered."""
    label: str
    """The label's column; of classes it holds their names."""

    @property
    def summary(self) -> str:
        """Say in a sentence what the data is, and what is not looked at."""
        return " ".join((screen.lead(self.gallery), *self.gallery.sheet.notes))

    @property
    def advice(self) -> tuple[str, ...]:
        """Return what to mind before modelling."""
        return advice.give(self.gallery)

    @property
    def columns(self) -> pd.DataFrame:
        """Return a row for each column: its kind, gaps and values, what it says of the label, and how far it moves."""
        return pd.DataFrame(
            [
                {
                    "column": one.name, "kind": one.column.kind, MISSING: round(one.missing, 4),
                    "distinct": one.column.distinct, "values": screen.values(one), "label": round(one.strength, 3),
                    "drift": round(one.most_drift, 3),
                }
                for one in screen.ordered(self.gallery)
            ]
        )  # fmt: skip

    @property
    def named(self) -> list[str]:
        """Name the columns that rows can be grouped by, what says most of the label first."""
        shown = (one for one in screen.ordered(self.gallery) if not one.hidden and one.column.kind != "time")
        return [one.name for one in shown if one.name != self.label]

    def errors(self) -> pd.DataFrame:
        """Return the validation rows with `predicted` and `error` of the model in `models/model`.

        The error is the prediction minus the label, in the label's unit; of classes, the probability that the model did
        not give to what came true.

        Raises:
            DataError: when there is no model, or it was trained on other features than the prepared ones.
        """
        from usecase import interface, scoring

        declared = params.load()
        names = [field.name for field in interface.REQUEST]
        found = dataset.read(dataset.FOLDER, declared.parts.validation, names, declared.features)
        predicted = np.asarray(scoring.respond(_model(found.features).predict(found.features), found.request))
        rows = _frame(sources.columns_of(found, interface.REQUEST), self.gallery.sheet.hidden)
        said, error = _error(predicted, found.label)
        return rows.assign(**{self.label: _label(found.label), PREDICTED: said, ERROR: error})[
            list(dict.fromkeys((self.label, PREDICTED, ERROR, *rows)))
        ]


def open_pipeline() -> Exploration:
    """Open what the pipeline made of the declared window.

    Raises:
        DataError: when it has not run.
    """
    sheet = sources.of_pipeline()
    gallery = portraits.paint(sheet)
    rows = _frame(sheet.columns, sheet.hidden)
    rows[sheet.label] = _label(sheet.columns[sheet.label].floats())
    if sheet.periods:
        rows.insert(0, PERIOD, np.asarray(sheet.periods, object)[sheet.places])
    return Exploration(gallery, rows, sheet.label)


def attempt(look: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame | None, str]:
    """Return what a look returns and '', or None and why there is nothing to see."""
    try:
        return look(), ""
    except MainlineError as error:
        return None, str(error)


def groups(values: pd.Series) -> pd.Series:
    """Put n values into groups that have an order: ranges of numbers, the commonest texts, the missing ones last."""
    if not pd.api.types.is_numeric_dtype(values):
        texts = values.astype(object).where(values.notna() & (values != ""), MISSING)
        common = [name for name in texts.value_counts().index if name != MISSING][:TOP]
        named = texts.where(texts.isin([*common, MISSING]), OTHERS)
        order = [*sorted(common), OTHERS, MISSING]
    elif values.nunique() <= TOP:
        numbers = sorted(values.dropna().unique().tolist())
        order = [*(f"{number:g}" for number in numbers), MISSING]
        named = values.map({number: f"{number:g}" for number in numbers}).astype(object).fillna(MISSING)
    else:
        cut = pd.qcut(values, BINS, duplicates="drop")
        ranges = {each: f"{each.left:.4g} to {each.right:.4g}" for each in cut.cat.categories}
        order = [*dict.fromkeys(ranges.values()), MISSING]
        named = cut.astype(object).map(ranges).fillna(MISSING)
    present = set(named)
    return pd.Series(
        pd.Categorical(named.map(_short), list(dict.fromkeys(_short(name) for name in order if name in present))),
        values.index, name=values.name,
    )  # fmt: skip


def by_group(rows: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """Say of each group of a column's values how many rows it has and what `value` is there.

    Returns:
        `group`, `rows`, and of numbers `mean` with the quartiles `low` and `high`; of texts a line for each, with
        `value` and the `share` of the group's rows that have it.
    """
    grouped = rows.assign(group=groups(rows[column]))
    if pd.api.types.is_numeric_dtype(rows[value]):
        kept = grouped.groupby("group", observed=True)[value]
        found = kept.agg(
            rows="size", mean="mean", low=lambda one: one.quantile(0.25), high=lambda one: one.quantile(0.75)
        )
        return found.reset_index().astype({"group": str})
    counted = grouped.groupby(["group", value], observed=True).size().rename("rows").reset_index()
    total = counted.groupby("group", observed=True)["rows"].transform("sum")
    return counted.assign(share=counted["rows"] / total).rename(columns={value: "value"}).astype({"group": str})


def worst(errors: pd.DataFrame, count: int = 50) -> pd.DataFrame:
    """Return the rows with the largest errors, the largest first, with numbers as a person reads them."""
    found = errors.loc[errors[ERROR].abs().nlargest(count).index].reset_index(drop=True)
    for name in found.select_dtypes("number"):
        found[name] = found[name].round(2)
    return found


def _short(name: object) -> str:
    return clip(str(name), portraits.LONGEST)


def _frame(columns: Mapping[str, Column], hidden: Collection[str]) -> pd.DataFrame:
    """Stand columns beside each other; of hidden ones each value is a number, and equal ones have the same."""
    frame = pd.DataFrame({name: column.values for name, column in columns.items()})
    for name in columns.keys() & set(hidden):
        frame[name] = frame[name].map(masks(columns[name])).fillna("").astype(object)
    return frame


def _error(predicted: Array, label: Array) -> tuple[Array, Array]:
    """Return what was said of n rows, a class by its name, and how far that is off; see `Exploration.errors`."""
    from usecase import interface

    if interface.TASK == "regression":
        return predicted, predicted - label
    true = label.astype(np.int64)
    if predicted.ndim == 1:
        return predicted, np.abs(true - predicted)
    names = np.asarray([str(name) for name in labels.classes(interface)], object)
    return np.asarray(names[predicted.argmax(axis=1)]), 1 - predicted[np.arange(len(true)), true]


def _label(codes: Array) -> Array:
    """Return labels as a person reads them: of classes their names, as text."""
    from usecase import interface

    if interface.TASK == "regression":
        return codes
    names = np.asarray([str(name) for name in labels.classes(interface) or (0, 1)], object)
    return np.asarray(names[codes.astype(np.int64)])


def _model(features: Mapping[str, Array]) -> runtime.Runtime:
    described = read_json(_MODEL / "model.json")
    lacking = {*described["numeric"], *described["categorical"]} - features.keys()
    if lacking:
        raise DataError(
            _MODEL, f"was trained on other features ({', '.join(sorted(lacking))})", "`make repro` trains it again"
        )
    return runtime.load((_MODEL / f"model.{described['format']}").read_bytes(), described)
