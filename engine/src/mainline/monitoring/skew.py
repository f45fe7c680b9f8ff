"""Are logged features those that the pipeline computes for the same events? Joined by key, and compared exactly.

A feed that is late, another version of a library, or a client that computes a field by its own rule shows here and
nowhere else. It needs the days that the pipeline has pulled meanwhile, and the same code of features on both sides.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from mainline import files, periods
from mainline.conformance.code import FEATURES
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.columns import DAY
from mainline.gate.checks.outcome import Outcome
from mainline.monitoring import events, key_hashes
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production, Skew

CHECK = "skew of features"
LIMIT = 0.01
"""Share of events that may differ in some feature."""
EXAMPLES = 20
"""Events of a feature that are written down with their keys, on this machine alone."""


def measure(
    rows: Iterable[Path], package: Packaged, key: Sequence[str], examples: Path, folder: Path = dataset.FOLDER
) -> Skew | str:
    """Compare the features of a package's logged rows with those of the pipeline; else say why nobody did.

    Of several predictions of one event the last one counts. The first events that differ are written to `examples`.
    """
    examples.unlink(missing_ok=True)
    if not key:
        return "interface.KEY is empty, so no event can be found again."
    if not FEATURES.is_file() or package.contents.get("code/features.py") != FEATURES.read_bytes():
        return "The code of its features is not the one that is here."
    if lacking := key_hashes.lacking(package, key):
        return lacking
    features = list(package.watched)
    logged = events.predictions(rows, package, features)
    parts = _parts(folder, logged[events.MOMENT]) if len(logged) else []
    if not parts:
        return "The pipeline has none of its days yet."
    last = logged.sort_values([events.MOMENT, events.SERVED], kind="stable").drop_duplicates(list(key), keep="last")
    pulled = dataset.read(folder, parts, key, features)
    computed = pd.DataFrame({name: pulled.request[name] for name in key} | {
        f"{events.FEATURE}{name}": values for name, values in pulled.features.items()
    })  # fmt: skip
    computed = key_hashes.as_logged(computed, key, package, last)
    both = last.merge(computed, on=list(key), suffixes=("", " computed"), validate="one_to_one")
    differs = {name: _differs(both, name) for name in features}
    _write(examples, both, key, differs)
    wrong = {name: int(found.sum()) for name, found in differs.items() if found.any()}
    return Skew(len(both), int(np.any(list(differs.values()), axis=0).sum()) if len(both) else 0, wrong)


def check_skew(production: Production) -> Outcome:
    """Are logged features exactly those that the pipeline computes for the same events?"""
    found, limit = production.skew, f"{LIMIT:.0%} of the events"
    if isinstance(found, str) or not found.events:
        return Outcome("pass", "not compared", limit, found if isinstance(found, str) else "The events are others.")
    share = found.differing / found.events
    ranked = sorted(found.features.items(), key=lambda item: (-item[1], item[0]))
    observed = f"{share:.2%} of {found.events:,} events"
    if not ranked:
        return Outcome("pass", observed, limit, "Each feature is what the pipeline computes, to the last bit.")
    named = ", ".join(f"{name} in {rows:,}" for name, rows in ranked[:5])
    said = f"Other than in the pipeline: {named}."
    if share <= LIMIT:
        return Outcome("pass", f"{ranked[0][0]}: {observed}", limit, said)
    where = "Examples with their keys are in the folder `skew` of the store, on the machine that has the rows."
    return Outcome("fail", f"{ranked[0][0]}: {observed}", limit, f"{said} {where} Look at what feeds these.")


def _parts(folder: Path, moment: "pd.Series[int]") -> list[str]:
    """Name the parts of the pipeline's data that may have events of these moments."""
    first, last = (date.fromisoformat(str(np.datetime64(int(end) // DAY, "D"))) for end in (moment.min(), moment.max()))
    found = []
    for part in sorted(file.stem for file in folder.glob("*.parquet")):
        try:
            begin, end = periods.span(part)
        except ValueError:  # a side of data without time
            found.append(part)
            continue
        # A period is that of the event's own date, and a prediction may be made the day before or after, or in a zone.
        if begin.toordinal() <= last.toordinal() + 1 and first.toordinal() - 1 < end.toordinal():
            found.append(part)
    return found


def _differs(both: pd.DataFrame, name: str) -> Array:
    """Say in which of n events a feature differs; a number that is not finite is logged as none."""
    logged, computed = both[f"{events.FEATURE}{name}"], both[f"{events.FEATURE}{name} computed"]
    if computed.dtype.kind in "fiu":
        with np.errstate(over="ignore"):  # a line may say a number that no feature can hold
            one, two = logged.to_numpy(np.float32), computed.to_numpy(np.float32)
        return np.asarray(~((one == two) | (np.isnan(one) & ~np.isfinite(two))))
    return np.asarray(logged.fillna("").astype(str).to_numpy() != computed.fillna("").astype(str).to_numpy())


def _write(path: Path, both: pd.DataFrame, key: Sequence[str], differs: Mapping[str, Array]) -> None:
    """Write the first events that differ in each feature: keys, feature, what was logged, and what is computed."""
    rows = list(_examples(both, key, differs))
    if rows:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([(*key, "feature", "logged", "computed"), *rows])
        files.replace(path, text.getvalue())


def _examples(both: pd.DataFrame, key: Sequence[str], differs: Mapping[str, Array]) -> Iterator[tuple[object, ...]]:
    for name, found in differs.items():
        for _, row in both[found].head(EXAMPLES).iterrows():
            column = f"{events.FEATURE}{name}"
            yield (*(row[one] for one in key), name, row[column], row[f"{column} computed"])
