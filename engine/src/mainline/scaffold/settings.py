"""`params.yaml` as it follows from a plan: limits that fit the number of rows and the unit of the label."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import yaml

from mainline.scaffold.code import fill, plain
from mainline.scaffold.inference import Plan
from mainline.scaffold.outline import derived
from mainline.scaffold.shares import STEPS

FEW = 1000
"""Rows, for each class but one, up to which a linear model is declared; with more it is gradient boosting."""
MANY = 20_000
"""Rows from which on boosting may take larger steps and trees: with fewer it learns the noise (3 to 18 % worse)."""
_COMMENT = 26
"""Where comments begin."""
_HOLDOUT_ROWS, _HOLDOUT_DAYS = 2000, 14
_HELD = 0.7
"""Share of the test rows that the next candidate's test must have."""


def params(plan: Plan) -> str:
    """Return the text of `params.yaml`."""
    rows = max(plan.rows_of_test, 1)
    parity, unit, bias = _unit(plan, max(plan.units_of_test, 1))
    exact = f"{unit} between scikit-learn and the exported model, on every test row"
    values = {
        "data": _data(plan), "split": _split(plan), "model": _model(plan), "tune": _tune(plan),
        "features": "\n".join(f"- {scalar(name)}" for name in (*plan.features, *derived(plan))),
        "categorical": _line("categorical", "one-hot" if _is_linear(plan) else "ordinal", "ordinal | one-hot"),
        "slice_min_rows": _line("slice_min_rows", min(500, max(10, rows // 10)), "smaller ones are reported as thin"),
        "unlabelled_share": _line("unlabelled_share", _without_label(plan), "rows without a label, in any period"),
        "parity": _line("parity", parity, exact),
        "reproduction": _line("reproduction", parity * 10, f"{unit} between `./mainline verify` and the lock"),
        "max_bias": _line("max_bias", bias, f"inferred: mean of prediction minus truth, {unit}"),
        "holdout": _holdout(plan, rows),
    }  # fmt: skip
    return fill("params.yaml", values)


def scalar(text: str) -> str:
    """Write a text as YAML, in quotes where it needs some, as DVC writes them."""
    shown = yaml.safe_dump([text], allow_unicode=True, width=10_000, default_flow_style=True).strip()[1:-1]
    if shown[:1] != '"' and text.isprintable():
        return shown
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else yaml.safe_dump(text, default_style='"', width=10_000).strip()


def _line(key: str, value: Any, comment: str) -> str:
    if isinstance(value, float) and value:
        value = f"{value:.0f}" if value.is_integer() else f"{value:.12f}".rstrip("0")
    start = f"  {key}: {value}"
    return f"{start:<{_COMMENT}} # {comment}"


def _title(key: str, comment: str) -> str:
    return f"{key + ':':<{_COMMENT}} # {comment}"


def _data(plan: Plan) -> str:
    if plan.time is None:
        return _title("data", "one batch without time: a new name is new data") + "\n  snapshot: first"
    title = _title("data", f"{plan.time.unit}s, both ends included")
    return f"{title}\n  from: {scalar(plan.time.periods[0])}\n  through: {scalar(plan.time.periods[-1])}"


def _split(plan: Plan) -> str:
    if plan.time is None:
        title = _title("split", "shares of the rows; each keeps its side when more come")
        share = plan.shares.share if plan.shares else STEPS[0]
        return f"{title}\n  validation: {share}\n  test: {share}"
    title = _title("split", f"the newest {plan.time.unit}s are kept from fitting: validation first, test last")
    return f"{title}\n  validation: {plan.time.validation}\n  test: {plan.time.test}"


def _is_linear(plan: Plan) -> bool:
    """Say whether there are few rows; boosting fits trees for each class, so of several classes it takes more."""
    return plan.different < FEW * max(1, len(plan.target.classes) - 1)


def _model(plan: Plan) -> str:
    is_regression = plan.target.task == "regression"
    if _is_linear(plan):
        name, one = ("Ridge", "alpha: 1.0") if is_regression else ("LogisticRegression", "C: 1.0\n    max_iter: 1000")
        return f"  type: sklearn.linear_model.{name}  # inferred: few rows\n  params:\n    {one}"
    kind = "Regressor" if is_regression else "Classifier"
    rate, leaves, least = ("0.05", "15", "20") if plan.labelled < MANY else ("0.1", "31", "100")
    given = {
        "max_iter": "150", "learning_rate": rate, "max_leaf_nodes": leaves, "min_samples_leaf": least,
        "l2_regularization": "1.0", "early_stopping": "false",
    }  # fmt: skip
    lines = [f"    {name}: {value}" for name, value in given.items()]
    return "\n".join([f"  type: sklearn.ensemble.HistGradientBoosting{kind}", "  params:", *lines])


def another(plan: Plan) -> tuple[str, str, str]:
    """Return a model of the other kind than the declared one: its type, its parameters, and values to try."""
    is_regression = plan.target.task == "regression"
    if _is_linear(plan):
        boosting = f"sklearn.ensemble.HistGradientBoosting{'Regressor' if is_regression else 'Classifier'}"
        return boosting, "{max_iter: 100}", "{max_iter: [50, 100, 200]}"
    if is_regression:
        return "sklearn.linear_model.Ridge", "{alpha: 1.0}", "{alpha: [0.1, 1, 10]}"
    return "sklearn.linear_model.LogisticRegression", "{C: 1.0, max_iter: 1000}", "{C: [0.1, 1, 10]}"


def _tune(plan: Plan) -> str:
    title = _title("tune", "`./mainline tune` tries these instead of model.params; engine/docs/experiments.md")
    if _is_linear(plan):
        name = "alpha" if plan.target.task == "regression" else "C"
        return "\n".join([title, "  trials: 5", "  space:", *_values(name, (0.01, 0.1, 1.0, 10.0, 100.0))])
    space = {"learning_rate": (0.05, 0.1, 0.2), "max_leaf_nodes": (7, 15, 31, 63), "l2_regularization": (0, 1, 10)}
    trials = _line("trials", 12, "including the declared parameters, which come first")
    return "\n".join([title, trials, "  space:", *(line for item in space.items() for line in _values(*item))])


def _values(name: str, values: Sequence[float]) -> list[str]:
    """Write a list as DVC writes it, so that `dvc exp run -S` changes no other line."""
    return [f"    {name}:", *(f"    - {value}" for value in values)]


def _unit(plan: Plan, rows: int) -> tuple[float, str, float]:
    """Return how exact a prediction is reproduced, its unit, and a bias that is more than noise of so many rows."""
    if plan.target.task != "regression":
        return 0.0001, "probability", _digit(max(0.05, 1.25 / math.sqrt(rows)))
    spread = float(np.nanstd(plan.codes))
    return _digit(spread * 1e-4), f"unit of {plain(plan.label, 30)}", _digit(spread * max(0.1, 2.5 / math.sqrt(rows)))


def _digit(value: float) -> float:
    """Round up to one digit."""
    step = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.ceil(value / step) * step:.3g}")


def _without_label(plan: Plan) -> float:
    """Return a limit for the share of rows without a label: above the worst period of the data, in steps of 0.05."""
    absent = np.isnan(plan.codes)
    if not absent.any():
        return 0.0
    named = plan.time.named if plan.time else np.array(["all"] * len(absent))
    worst = max(float(absent[named == name].mean()) for name in (plan.time.periods if plan.time else ("all",)))
    return min(1.0, math.ceil(worst * 20 + 1) / 20)


def _holdout(plan: Plan, rows: int) -> str:
    """Ask for most of the test rows that there are, or for as many as decide something."""
    lines = [f"{'  holdout:':<{_COMMENT}} # inferred from some {rows:,} test rows; with less, the gate cannot tell"]
    lines.append(f"    min_rows: {min(_HOLDOUT_ROWS, max(1, int(rows * _HELD)))}")
    if plan.time:
        lines.append(f"    min_days: {min(_HOLDOUT_DAYS, max(2, int(plan.time.days_of_test * _HELD)))}")
    return "\n".join(lines)
