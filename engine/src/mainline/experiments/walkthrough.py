"""One request taken through a package step by step: request, tables, features, contributions, prediction.

Runs wherever the package runs: needs neither scikit-learn nor pandas, and reads nothing but the package.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mainline.contract import Array
from mainline.data.columns import from_rows
from mainline.data.lookup import Table, entities, from_arrays
from mainline.data.moments import is_timed, prediction_time
from mainline.errors import MainlineError
from mainline.experiments.contributions import Contributions
from mainline.experiments.reasons import Reasons
from mainline.package import manifest as manifests
from mainline.package.predictor import Predictor

PACKAGE = Path("models/package")


@dataclass(frozen=True)
class Lookup:
    """What one feature table knew at the prediction time; times in minutes UTC.

    `key` and `entity` are empty for a table without a key. `time` is the row's event time and None for a static table;
    `missing` says why there is no row, or is empty.
    """

    table: str
    key: str
    entity: str
    time: int | None
    age: int | None
    missing: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class Explanation:
    """A request and all that was made of it; `moment` is its prediction time, None without time.

    `baseline` is the answer of the simplest model, the mean target.
    """

    predictor: Predictor
    request: Mapping[str, Any]
    moment: int | None
    lookups: tuple[Lookup, ...]
    features: Mapping[str, Array]
    typical: Mapping[str, Array]
    raw: float
    baseline: float
    contributions: Contributions
    of_class: str = ""
    """The class whose probability is explained: of three or more the most probable one, of two the positive one."""
    runner_up: tuple[str, float] | None = None
    """Of three or more classes the second most probable one, with its probability."""
    quantile: float | None = None
    """The share of cases that stay below the prediction, if a quantile is predicted."""

    @property
    def is_probability(self) -> bool:
        """Whether the prediction is the probability of a class."""
        return str(self.predictor.manifest["task"]) != "regression"


def load(package: Path = PACKAGE, measured: bool = False) -> tuple[Predictor, dict[str, Any], list[dict[str, Any]]]:
    """Load a package with the profile of its training columns and its golden requests.

    `measured` asks for the measured model, which never saw the test rows; the served one may have been fitted on them.

    Raises:
        PackageError: when it is absent or not as it was sealed.
    """
    manifest, contents = manifests.opened(package)
    profile, golden = (json.loads(contents[name]) for name in ("profile.json", "golden.json"))
    return Predictor(manifest, contents, measured), profile["columns"], golden["requests"]


def read_request(row: str) -> Any:
    """Parse a request: JSON itself, or the path of a file of it.

    Raises:
        MainlineError: when it is neither.
    """
    try:
        text = row if row.lstrip().startswith(("{", "[")) else Path(row).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise MainlineError(f"--row: cannot read {row!r} ({error}). Give a file or a JSON object.") from error
    except ValueError as error:
        raise MainlineError(
            f"--row: this is not JSON ({error}). Give one request, such as golden.json holds."
        ) from error


def explain(
    predictor: Predictor, profile: Mapping[str, Any], request: Any, examples: Sequence[Mapping[str, Any]] = ()
) -> Explanation:
    """Explain one request, given as parsed JSON.

    What `scoring.respond` reads of the request is a reason like the features: the field is switched from typical to
    actual, together with the feature of its name if there is one.

    Args:
        predictor: the package.
        profile: of its training columns, for typical features.
        request: what a client would send.
        examples: other requests, for typical values of fields that are not features.

    Raises:
        RequestError: naming the field that does not fit.
        MainlineError: when it is not a JSON object.
    """
    if not isinstance(request, dict):
        raise MainlineError("--row: a request is one JSON object; golden.json in the package shows ten of them.")
    columns = from_rows([request], predictor.request)
    moment = prediction_time(predictor.features, columns)
    reasons = Reasons(predictor, profile, examples, columns, predictor.compute(columns))
    code, answered = reasons.code, reasons.answer(reasons.raw)[0]
    raw, baseline = reasons.raw[0], reasons.answer(np.array([predictor.manifest["model"]["baseline"]]))[0]
    return Explanation(
        predictor, request, int(moment[0]) if is_timed(predictor.features) else None,
        tuple(_look_up(table, columns, moment) for table in predictor.tables.values()),
        reasons.actual, reasons.typical,
        raw=float(raw if code is None else raw[code]),
        baseline=float(baseline if code is None else baseline[code]),
        of_class=_class(predictor.manifest, code),
        runner_up=None if code is None else _runner_up(predictor.manifest["classes"], answered),
        contributions=reasons.attribute(),
    )  # fmt: skip


def _class(manifest: Mapping[str, Any], code: int | None) -> str:
    """Name the class whose probability is predicted: of two the positive one; '' if it has no name."""
    names = manifest.get("classes", [])
    return str(names[1 if code is None else code]) if names else ""


def _runner_up(names: Sequence[Any], probabilities: Array) -> tuple[str, float]:
    """Return the second most probable class and its probability."""
    second = int(np.argsort(-probabilities, kind="stable")[1])
    return str(names[second]), float(probabilities[second])


def _look_up(table: Table, columns: Mapping[str, Array], moment: Array) -> Lookup:
    """Look one request up, and its row's event time by the same rules."""
    declared = table.declared
    values = {name: float(found[0]) for name, found in table.look_up(columns, moment).items()}
    arrays = table.arrays()
    times = from_arrays(replace(declared, columns=("time",)), {**arrays, "values": arrays["time"][:, None]})
    found = float(times.look_up(columns, moment)["time"][0])
    entity = str(entities(columns[declared.key])[0]) if declared.key else ""
    time = None if declared.static or np.isnan(found) else int(found)
    missing = _why_missing(table, entity) if np.isnan(found) else ""
    return Lookup(
        declared.name, declared.key, entity, time, None if time is None else int(moment[0]) - time, missing, values
    )


def _why_missing(table: Table, entity: str) -> str:
    if table.declared.key and entity not in table.keys:
        return f"{entity or 'nothing'!r} is not in the table"
    keep = table.declared.keep
    return "no row yet" if keep is None else f"no row in the {keep} min that it stays valid"
