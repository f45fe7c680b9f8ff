"""What is predicted: a number, one of two classes, or one of several."""

import re
from typing import Any, NamedTuple

import numpy as np

from mainline import digits
from mainline.contract import Array
from mainline.scaffold import nearly_numbers, objectives
from mainline.scaffold.column import FAR, Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import Finding, Sure, Wishes
from mainline.scaffold.objectives import SKEWED

MOST_CLASSES = 30
FEWEST_OF_A_CLASS = 3
_CODES = 10
"""Up to so many different whole numbers, counted from 0 or 1, may be classes."""
_NO = re.compile(
    r"no|n|false|f|negative|neg|benign|good|healthy|normal|absent|dead|died|stay(ed)?|none|control|ham|legit"
)
_YES = re.compile(
    r"yes|y|true|t|positive|pos|malignant|bad|sick|abnormal|present|alive|survived|left|churn(ed)?|case|spam|fraud"
)


class Label(NamedTuple):
    """The label: its task, its classes in order if it has any, and whether those are 0 and 1."""

    task: str
    classes: tuple[Any, ...]
    findings: list[Finding]
    is_skewed: bool = False
    loss: str = objectives.SQUARED
    """What a regression is fitted by."""
    other_loss: str = ""
    """What it may be fitted by as well, if a person named none."""

    @property
    def needs_classes(self) -> bool:
        """Whether the interface must name the classes: all but 0 and 1."""
        return bool(self.classes) and self.classes != (0, 1)

    def codes(self, column: Column) -> Array:
        """Return the label as numbers, shape (n,): as it is, or its place in the classes; NaN where it is missing."""
        if not self.classes:
            return column.floats()
        places = {value: place for place, value in enumerate(self.classes)}
        return np.array([places.get(value, np.nan) for value in column.values.tolist()], dtype=np.float64)


def infer(column: Column, wishes: Wishes) -> Label:
    """Tell the task of a label.

    Raises:
        TableError: when nothing can be learned from it, or it does not fit the task that a person names.
    """
    name, values = column.name, column.codes[1]
    if len(values) < 2:
        held = f"holds only {values[0]}" if len(values) else "is empty"
        raise TableError(f"the label '{name}' {held}; there is nothing to predict.")
    if column.kind == "time":
        raise TableError(f"the label '{name}' is a time; predict a number, such as minutes until then.")
    task, sure = _task(column)
    if wishes.task or wishes.loss:
        task, sure = wishes.task or "regression", "told"
    if wishes.loss and task != "regression":
        raise TableError(f"--loss is for a regression; '{name}' is taken for {task}. Leave one of the two out.")
    if wishes.positive is not None and task != "classification":
        raise TableError(f"--positive is for a label of two classes; '{name}' is taken for {task}. Leave it out.")
    if task == "regression":
        if not column.is_number:
            raise TableError(f"the label '{name}' is text, such as {values[0]!r}; it is not a number to regress on.")
        return _regression(column, sure, wishes.loss)
    if len(values) > MOST_CLASSES:
        also = f", among them {', '.join(column.stray)} among numbers" if column.stray else ""
        said = nearly_numbers.option(name, column.numbers) if column.numbers and also else ""
        how = f"say {said} if these are no values, " if said.startswith("--") else ""
        raise TableError(
            f"the label '{name}' has {len(values)} different texts{also}; up to {MOST_CLASSES} can be classes. "
            f"Correct the cells, {how}or name another column."
        )
    return _classes(column, task, sure, wishes)


def _task(column: Column) -> tuple[str, Sure]:
    values = column.codes[1]
    if len(values) == 2:
        return "classification", "sure"
    if not column.is_number:
        return "multiclass", "sure"
    counted = column.kind == "integer" and len(values) <= _CODES and values[0] in (0, 1)
    if counted and values[-1] - values[0] + 1 == len(values):
        common = min(np.bincount(column.codes[0][column.codes[0] >= 0])) >= 0.02 * len(column.values)
        return ("multiclass", "unsure") if common else ("regression", "unsure")
    return "regression", "sure"


def _regression(column: Column, sure: Sure, loss: str | None) -> Label:
    if column.is_far:
        raise TableError(f"the label '{column.name}' holds numbers beyond {FAR:g}; leave such rows out of the table.")
    values = column.present.astype(np.float64)
    skewness = objectives.skewness(values)
    option = "--task multiclass" if column.distinct <= MOST_CLASSES else ""
    found = [
        Finding(
            "task", f"regression: {values.min():g} to {values.max():g}, mean {digits.four(values.mean())}", sure, option
        )
    ]
    is_skewed = abs(skewness) > SKEWED
    if is_skewed:
        found.append(Finding("label", f"skewed ({skewness:.1f}): a few large values decide the RMSE", "sure"))
    found += objectives.finding(column.name, values, loss)
    other = "" if loss else objectives.offered(values)
    is_amount = is_skewed and bool(values.min() > 0) and not loss
    return Label("regression", (), found, is_amount, loss or objectives.SQUARED, other)


def _classes(column: Column, task: str, sure: Sure, wishes: Wishes) -> Label:
    codes, values = column.codes
    counts = np.bincount(codes[codes >= 0])
    if counts.min() < FEWEST_OF_A_CLASS:
        few = values[counts.argmin()]
        raise TableError(
            f"the label '{column.name}' is '{few}' in no more than {counts.min()} of its rows; a class needs "
            f"{FEWEST_OF_A_CLASS} to be fitted, validated and tested. Leave such rows out of the table."
        )
    plain = [int(value) if column.is_number and float(value).is_integer() else value for value in values.tolist()]
    if column.kind == "number" and not all(isinstance(value, int) for value in plain):
        raise TableError(f"the label '{column.name}' has fractions; classes are text or whole numbers.")
    shares = dict(zip(plain, counts / counts.sum(), strict=True))
    if len(plain) > 2:
        if task == "classification":
            raise TableError(f"the label '{column.name}' has {len(plain)} values; say --task multiclass.")
        shown = ", ".join(f"{value} {share:.0%}" for value, share in shares.items())
        return Label(
            "multiclass",
            tuple(plain),
            [Finding("task", f"{len(plain)} classes: {shown}", sure, "--task regression" if column.is_number else "")],
        )
    positive, how = _positive(plain, shares, wishes, column.name)
    ordered = tuple(sorted(plain, key=lambda value: value == positive))
    found = Finding(
        "task",
        f"two classes; predicts the probability of '{positive}' ({shares[positive]:.0%} of rows)",
        how,
        "--positive CLASS",
    )
    return Label("classification", ordered, [found])


def _positive(values: list[Any], shares: dict[Any, float], wishes: Wishes, label: str) -> tuple[Any, Sure]:
    """Tell which of two classes is predicted: the one that says so, or else the rarer one."""
    if wishes.positive is not None:
        found = [value for value in values if str(value) == wishes.positive]
        if not found:
            raise TableError(f"'{wishes.positive}' is not a value of '{label}'; it holds {values[0]} and {values[1]}.")
        return found[0], "told"
    if values == [0, 1]:
        return 1, "sure"
    yes = [value for value in values if _YES.fullmatch(str(value).lower())]
    no = [value for value in values if _NO.fullmatch(str(value).lower())]
    if len(yes) == 1 and (len(no) == 1 and no != yes):
        return yes[0], "sure"
    if len(yes) == 1 or (len(no) == 1 and not yes):
        return (yes or [value for value in values if value not in no])[0], "likely"
    return min(values, key=lambda value: shares[value]), "unsure"
