"""The model card: what a person should know before trusting the model (Mitchell et al. 2019)."""

from collections.abc import Mapping, Sequence
from typing import Any


def write(manifest: Mapping[str, Any], evaluation: Mapping[str, Any], data: Mapping[str, Any],
          slices: Sequence[Mapping[str, str]], banned: Mapping[str, str]) -> str:  # fmt: skip
    """Render the card as Markdown.

    Args:
        manifest: the package's description.
        evaluation: `metrics/evaluation.json`.
        data: `metrics/data.json`.
        slices: rows of `metrics/slices.csv`.
        banned: columns that may never be features, with the reason.
    """
    model, window, unit = manifest["model"], manifest["window"], manifest["response"]["unit"]
    primary = evaluation["primary"]
    parts = [
        f"# {manifest['name']}",
        f"Predicts: {manifest['response']['description']} ({unit or 'no unit'}).",
        "## Model",
        f"- `{model['type']}`, {manifest['task']}, exported as {model['format']}"
        + (f" because: {model['reason']}" if model["reason"] else ""),
        f"- Largest difference from scikit-learn on the test rows: {model['parity']:.2g} {unit}",
        f"- Features: {', '.join([*model['numeric'], *model['categorical']])}",
        "## Data",
        _window(window),
        *[f"- {name}: {count:,} rows" for name, count in data["labels"].items()],
        f"- Never used: {', '.join(f'{name} ({reason})' for name, reason in sorted(banned.items()))}",
        "## Quality on the test months",
        _quality(evaluation, primary, unit),
        "## Where it is worst",
        _worst(slices, primary),
        "## Limits",
        "- Valid for requests inside the ranges of `request.schema.json`; `profile.json` shows what it was trained on.",
        "- Segments marked thin in `slices.csv` have too few rows for a conclusion.",
    ]
    return "\n\n".join(parts) + "\n"


def _window(window: Mapping[str, Sequence[str]]) -> str:
    return "\n".join(f"- {name}: {months[0]} to {months[-1]}" for name, months in window.items())


def _quality(evaluation: Mapping[str, Any], primary: str, unit: str) -> str:
    rows = [f"| metric | model | baseline |{'' if not unit else f' ({unit})'}", "|---|---|---|"]
    rows[0] = "| metric | model | baseline |"
    for name, value in evaluation["model"].items():
        rows.append(f"| {name} | {value:.4g} | {evaluation['baseline'][name]:.4g} |")
    interval = evaluation["interval"]
    return "\n".join(rows) + f"\n\n95 % interval of {primary}: {interval[0]:.4g} to {interval[1]:.4g}."


def _worst(slices: Sequence[Mapping[str, str]], primary: str) -> str:
    sound = [row for row in slices if row["thin"] == "false"]
    worst = sorted(sound, key=lambda row: -float(row[primary]))[:5]
    if not worst:
        return "No segment has enough rows."
    return "\n".join(
        f"- {row['slice']} {row['value']}: {primary} {float(row[primary]):.4g} "
        f"({float(row['low']):.4g} to {float(row['high']):.4g}, {int(row['rows']):,} rows)"
        for row in worst
    )
