"""`summary`: what was trained on what, how good it is, and what to do next."""

import json
from pathlib import Path
from typing import Any

METRICS, PACKAGE = Path("metrics"), Path("models/package")

NEXT = """\
What next:
  edit params.yaml and run `make repro` again     another model, window or feature
  `make plots`                                    residuals, calibration, slices, learning curve as pictures
  dvc exp run -S model.params.learning_rate=0.05  an experiment (`source .venv/bin/activate` first)
  git add --all && git commit                     keep it: metrics and dvc.lock say what this model is"""


def text(headline: str) -> str:
    """Render the summary from the metrics and the package's manifest."""
    evaluation, scores, data = (_read(METRICS / f"{name}.json") for name in ("evaluation", "train", "data"))
    manifest = _read(PACKAGE / "manifest.json")
    window, model = manifest["window"], manifest["model"]
    kind = model["type"].rpartition(".")[2]
    return "\n".join(
        [
            "",
            headline,
            "",
            f"{kind} predicts {manifest['response']['name']} ({manifest['response']['description']})",
            f"  trained on   {scores['train']['rows']:>9,} rows of {_span(window['train'])}",
            f"  validated on {scores['validation']['rows']:>9,} rows of {_span(window['validation'])}",
            f"  tested on    {evaluation['rows']:>9,} rows of {_span(window['test'])}, which the model never saw",
            "",
            *_table(evaluation, manifest["response"]["unit"]),
            "",
            _data(data),
            f"Package: {PACKAGE} ({_size() / 1e6:.1f} MB, {model['format']}, digest {manifest['digest'][:12]})",
            "",
            NEXT,
        ]
    )


def _table(evaluation: dict[str, Any], unit: str) -> list[str]:
    title = f"On the test months{f' ({unit})' if unit else ''}"
    width = max(len(title), *(len(name) + 2 for name in evaluation["model"]))
    rows = [f"{title:<{width}}{'model':>10}{'baseline':>10}"]
    for name, value in evaluation["model"].items():
        rows.append(f"  {name:<{width - 2}}{value:>10.2f}{evaluation['baseline'][name]:>10.2f}")
    low, high = evaluation["interval"]
    better, primary = 1 - evaluation["ratio"], evaluation["primary"]
    comparison = f"{abs(better):.0%} {'better' if better > 0 else 'worse'} than the baseline"
    return [*rows, f"  {primary} is {comparison}; 95 % interval {low:.2f} to {high:.2f}"]


def _data(data: dict[str, Any]) -> str:
    labels = dict(data["labels"])
    labelled = labels.pop("labelled")
    missing = ", ".join(f"{count:,} {name}" for name, count in labels.items())
    rejected = sum(table["quarantined"] for table in data["tables"].values())
    quarantine = f"{rejected:,} impossible row{'s' if rejected != 1 else ''} in data/quarantine"
    return f"Data: {labelled:,} rows with a label{f', {missing}' if missing else ''}; {quarantine}"


def _span(months: list[str]) -> str:
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _size() -> int:
    return sum(path.stat().st_size for path in PACKAGE.rglob("*") if path.is_file())


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
