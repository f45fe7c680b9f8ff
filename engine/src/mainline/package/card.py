"""The model card: what a person should know before trusting the model (Mitchell et al. 2019)."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainline.declared import card as declared_card
from mainline.declared.card import Card
from mainline.model.metrics import is_better_if_higher
from mainline.model.weights import EFFECTIVE
from mainline.periods import told

NO_INTERVAL = "none, the test rows are of one day or group"
_FITTED_BY = {
    "sklearn": "scikit-learn", "xgboost": "XGBoost", "lightgbm": "LightGBM", "catboost": "CatBoost",
    "usecase": "its class",
}  # fmt: skip
"""What fits, by the package that `model.type` begins with; libraries as they write their names."""
WORST = 5
"""Segments that the card names."""


def write(
    manifest: Mapping[str, Any],
    metrics: Mapping[str, Mapping[str, float]],
    slices: Sequence[Mapping[str, str]],
    banned: Mapping[str, str],
    declared: Card,
) -> str:
    """Render the card as Markdown.

    Args:
        manifest: the package's description.
        metrics: the content of `metrics/{data,test,baseline}.json` by name.
        slices: rows of `metrics/slices.csv`.
        banned: columns that may never be features, with the reason.
        declared: what people say of the model; each part that is missing is marked as a gap.
    """
    return "\n".join(
        [
            f"# {manifest['name']}",
            "",
            f"{manifest['response']['description']}. Unit: {manifest['response']['unit'] or 'none'}.",
            *_said("Use", declared, "intended_use", "users", "out_of_scope"),
            *_model(manifest["model"], manifest.get("classes", [])),
            *_refit(manifest),
            *_data(manifest["window"], metrics["data"], banned),
            *_personal(manifest.get("personal", {})),
            *_quality(metrics["test"], metrics["baseline"]),
            *_worst(slices, _primary(metrics["test"])),
            *_section("Limits"),
            "- Made for requests inside the ranges of `request.schema.json`; `profile.json` shows the training rows.",
            "- Segments marked thin in `slices.csv` have too few rows for a conclusion.",
            *_said("Caveats", declared, "caveats", "considerations", "fairness"),
            *_said("Background", declared, "data", "design", "oversight", "owner", "contact", "license"),
            "",
        ]
    )


def _said(title: str, declared: Card, *names: str) -> list[str]:
    """Write a section of what people declared, a part of the card each."""
    return [*_section(title), *(line for name in names for line in declared_card.lines(declared, name))]


def _model(model: Mapping[str, Any], names: Sequence[str | int]) -> list[str]:
    reason = f", because: {model['reason']}" if model["reason"] else ""
    fitted_by = model["type"].partition(".")[0]
    return [
        *_section("Model"),
        f"- `{model['type']}` for {model['task']}, exported as {model['format']}{reason}",
        f"- Largest difference from {_FITTED_BY.get(fitted_by, fitted_by)} on the test rows: {model['parity']:.2g}",
        f"- Features: {', '.join([*model['numeric'], *model['categorical']])}",
        *([f"- Classes: {', '.join(map(str, names))}"] if names else []),
        *([_threshold(model, names or (0, 1))] if "threshold" in model else []),
    ]


def _refit(manifest: Mapping[str, Any]) -> list[str]:
    if "refit" not in manifest:
        return []
    said = (
        f"- Fitted again on all {manifest['refit']['rows']:,} rows, validation and test among them. All figures below, "
        "the threshold, the interval and the limits of monitoring are those of the measured model, which has the same "
        "parameters, was fitted on the training rows alone, and is in the package as `judged`. The served model was "
        "never measured on rows that it had not seen."
    )
    return [said]


def _threshold(model: Mapping[str, Any], names: Sequence[str | int]) -> str:
    return (
        f"- In accuracy, precision, recall and F1, a probability of {model['threshold']:.4g} or more counts as "
        f"{names[1]}: {model['threshold_source']}"
    )


def _data(window: Mapping[str, Sequence[str]], counts: Mapping[str, float], banned: Mapping[str, str]) -> list[str]:
    return [
        *_section("Data"),
        *[f"- {name}: {told(parts)}" for name, parts in window.items()],
        f"- Rows: {', '.join(f'{count:,} {name}' for name, count in counts.items())}",
        *[f"- Never used: {name}; {reason}" for name, reason in sorted(banned.items())],
    ]


def _personal(declared: Mapping[str, str]) -> list[str]:
    if not declared:
        return []
    return [*_section("Personal data"), *[f"- {name}: {reason}" for name, reason in sorted(declared.items())]]


def _primary(test: Mapping[str, float]) -> str:
    """Name the metric that models are compared by, which comes first."""
    return next(name for name in test if name != "rows")


def _quality(test: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    primary = _primary(test)
    return [
        *_section("Quality on the test rows"),
        "| metric | model | baseline |",
        "|---|---|---|",
        *[
            f"| {name} | {_number(test[name])} | {_number(value)} |"
            for name, value in baseline.items()
            if name in test and name != "rows"
        ],
        "",
        f"95 % interval of {primary}: {_interval(test['low'], test['high']) or NO_INTERVAL}.",
        *_weights(test),
    ]


def _weights(test: Mapping[str, float]) -> list[str]:
    if EFFECTIVE not in test:
        return []
    equal = f"{test[EFFECTIVE]:,.0f} that weigh the same"
    return [f"Metrics are weighted by `weight` in `code/scoring.py`: the test rows tell as much as {equal}."]


def _worst(slices: Sequence[Mapping[str, str]], primary: str) -> list[str]:
    sound = [row for row in slices if row["thin"] == "false" and row["metric"]]
    sign = 1 if is_better_if_higher(primary) else -1
    worst = sorted(sound, key=lambda row: sign * float(row["metric"]))[:WORST]
    return [
        *_section("Where it is worst"),
        *[
            f"- {row['slice']} {row['value']}: {primary} {float(row['metric']):.4g} "
            f"({_interval(row['low'], row['high']) or 'no interval'}, {int(row['rows']):,} rows)"
            for row in worst
        ],
        *([] if worst else ["No segment has enough rows for a conclusion."]),
    ]


def _interval(low: float | str | None, high: float | str | None) -> str:
    """Write the bounds; '' where there are none, since rows of one cluster have no interval."""
    if low is None or high is None or "" in (low, high):
        return ""
    return f"{float(low):.4g} to {float(high):.4g}"


def _number(value: float | None) -> str:
    """Write a metric; a dash where it is not defined, such as the precision of a constant."""
    return "-" if value is None else f"{value:.4g}"


def _section(title: str) -> list[str]:
    return ["", f"## {title}", ""]
