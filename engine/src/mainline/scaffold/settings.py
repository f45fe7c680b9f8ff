"""`params.yaml` as it follows from a plan: limits that fit the number of rows and the unit of the label."""

import math

import numpy as np

from mainline.scaffold import estimators, objectives, time_columns, trends
from mainline.scaffold.code import fill, plain
from mainline.scaffold.outline import derived
from mainline.scaffold.plan import Plan
from mainline.scaffold.shares import STEPS
from mainline.scaffold.yaml_text import COMMENT, line, scalar, title

REFIT = line("# refit", "true", "serve a model that is fitted again on all of them, and was never measured itself")
_HOLDOUT_ROWS, _HOLDOUT_DAYS = 2000, 14
_QUARANTINED, _QUARANTINED_OF_GATE = 0.01, 0.001
"""Shares of impossible rows that are usual: of a period, and of all data."""
_ROOM = 1.5
_HELD = 0.7
"""Share of the test rows that the next candidate's test must have."""


def params(plan: Plan) -> str:
    """Return the text of `params.yaml`."""
    rows = max(plan.rows_of_test, 1)
    parity, unit, bias = _unit(plan, max(plan.units_of_test, 1))
    exact = f"{unit} between scikit-learn and the exported model, on every test row"
    values = {
        "data": _data(plan), "split": _split(plan), "model": estimators.model(plan), "tune": estimators.tune(plan),
        "features": "\n".join(_feature(plan, name) for name in (*plan.features, *derived(plan))),
        "categorical": line("categorical", "one-hot" if estimators.is_linear(plan) else "ordinal", "ordinal | one-hot"),
        "evaluation": _evaluation(plan, rows),
        "quarantined_share": _quarantined(plan), "gate_quarantined_share": _quarantined_of_gate(plan),
        "unlabelled_share": line("unlabelled_share", _without_label(plan), "rows without a label, in any period"),
        "parity": line("parity", parity, exact),
        "reproduction": line("reproduction", parity * 10, f"{unit} between `./mainline verify` and the lock"),
        "max_bias": line("max_bias", bias, f"inferred: mean of prediction minus truth, {unit}"),
        "holdout": _holdout(plan, rows),
    }  # fmt: skip
    return fill("params.yaml", values)


def _feature(plan: Plan, name: str) -> str:
    """Write a feature, with a mark at a year, which only grows."""
    is_year = (name in plan.features and plan.time is None and time_columns.is_year(plan.columns[name])) or (
        name in derived(plan) and plan.time is not None and plan.time.grain == "year"
    )
    return f"{f'- {scalar(name)}':<{COMMENT}} # inferred: {trends.REASON}" if is_year else f"- {scalar(name)}"


def _data(plan: Plan) -> str:
    if plan.time is None:
        return title("data", "one batch without time: a new name is new data") + "\n  snapshot: first"
    head = title("data", f"{plan.time.unit}s, both ends included")
    return f"{head}\n  from: {scalar(plan.time.periods[0])}\n  through: {scalar(plan.time.periods[-1])}"


def _split(plan: Plan) -> str:
    if plan.time is None:
        head = title("split", "shares of the rows; each keeps its side when more come")
        share = plan.shares.share if plan.shares else STEPS[0]
        return f"{head}\n  validation: {share}\n  test: {share}\n{REFIT}"
    head = title("split", f"the newest {plan.time.unit}s are kept from fitting: validation first, test last")
    return f"{head}\n  validation: {plan.time.validation}\n  test: {plan.time.test}\n{REFIT}"


def _evaluation(plan: Plan, rows: int) -> str:
    """Declare the metric that follows from the loss, if that is not the usual one, and what a thin slice is."""
    metric = objectives.METRICS.get(plan.target.loss)
    thin = line("slice_min_rows", min(500, max(10, rows // 10)), "smaller ones are reported as thin")
    return f"{thin}\n{line('metric', metric, 'inferred: what the loss measures')}" if metric else thin


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


def _quarantined(plan: Plan) -> str:
    """Let as many rows into quarantine as have no time in the worst period of the data, and half as many again."""
    worst = 0.0
    if plan.time:
        absent, delivered = ~plan.time.is_known, plan.time.delivered
        worst = max(float(absent[delivered == name].mean()) for name in plan.time.periods)
    usual = worst * _ROOM <= _QUARANTINED
    said = "of the rows of any table in any period" if usual else "inferred: rows without a time, in any period"
    return line("quarantined_share", _QUARANTINED if usual else min(1.0, _digit(worst * _ROOM)), said)


def _quarantined_of_gate(plan: Plan) -> str:
    """Let the gate accept as many rows in quarantine as have no time in all of the data, and half as many again."""
    share = float((~plan.time.is_known).mean()) if plan.time else 0.0
    if share * _ROOM <= _QUARANTINED_OF_GATE:
        return f"  quarantined_share: {_QUARANTINED_OF_GATE}"
    return line("quarantined_share", min(1.0, _digit(share * _ROOM)), "inferred: rows without a time")


def _holdout(plan: Plan, rows: int) -> str:
    """Ask for most of the test rows that there are, or for as many as decide something."""
    lines = [f"{'  holdout:':<{COMMENT}} # inferred from some {rows:,} test rows; with less, the gate cannot tell"]
    lines.append(f"    min_rows: {min(_HOLDOUT_ROWS, max(1, int(rows * _HELD)))}")
    if plan.time:
        lines.append(f"    min_days: {min(_HOLDOUT_DAYS, max(2, int(plan.time.days_of_test * _HELD)))}")
    return "\n".join(lines)
