"""What labels say of an experiment: the outcome of each row that two versions answered in a step of a rollout.

The server names the experiment, and the client that keeps its version, in each line of its log; the follower names
experiment and metric in `routing.json`. All is counted anew at each look, so a label that was corrected counts as it is
now. Of several answers to one event the first counts: somebody may have asked again because of it. What the follower
reads is `labelled.json`; see `exchange.outcomes`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from mainline.declared.environments import FOLDER
from mainline.errors import MainlineError
from mainline.exchange import outcomes, routes
from mainline.exchange.outcomes import Outcomes, Tally
from mainline.exchange.place import Place
from mainline.exchange.routes import Routes
from mainline.model import losses
from mainline.monitoring import events, key_hashes
from mainline.monitoring.events import FOUND, KNOWN_AT, LABEL, MOMENT, OF_LOG
from mainline.monitoring.inspection import Asked
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store

GROWTH = 1.1
"""A point of the trace has so many times the outcomes of the one before."""
_EXPERIMENT, _LOG = "experiment", ("client", "request_id", "time")
_VERSION, _UNIT, _OUTCOME = "log.version", "log.unit", "log.outcome"
"""Columns beside those of the request, whose names have no dot."""
_SCORED = pd.DataFrame({_VERSION: [], _UNIT: [], _OUTCOME: []})
"""The outcomes of no row."""


def update(place: Place, store: Store, packages: Mapping[str, Packaged], asked: Asked) -> Outcomes | None:
    """Count what labels say of the experiment under way here and tell the follower; None if there is none.

    Args:
        place: the folder of server and follower.
        store: the rows that were rolled up.
        packages: those that answered, by digest.
        asked: what brings labels, and until when.

    Raises:
        ParamsError: when the metric is not one of the use case that is a mean over rows.
        MainlineError: when there are no labels, or they are not what they must be.
    """
    routed = _routed(place)
    if routed is None or routed.experiment is None or routed.metric is None:
        return None
    arms = {route.version: packages[route.package.name] for route in routed.routes if route.package.name in packages}
    answered = _answers(routed.experiment, arms, store)
    left_out: dict[str, int] = {}
    if len(answered):
        answered, left_out = _join(answered, arms, asked)
    scored = [_score(answered, version, package, routed.metric, asked) for version, package in arms.items()]
    rows = pd.concat(scored) if scored else _SCORED
    found = _document(routed.experiment, list(arms), rows, left_out, outcomes.read(place.labelled))
    outcomes.write(place.labelled, found)
    return found


def _routed(place: Place) -> Routes | None:
    """Return what the server follows; None where no follower works."""
    try:
        return routes.read(place.routing)
    except MainlineError:
        return None


def _answers(experiment: str, arms: Mapping[str, Packaged], store: Store) -> pd.DataFrame:
    """Return the rows of the experiment that the versions answered."""
    rolled = [one for record in store.records().values() for one in record.days]
    found = []
    for version, package in arms.items():
        files = [store.folder / one.columns for one in rolled if one.digest == package.digest]
        files = [file for file in files if file.is_file() and _EXPERIMENT in pq.read_schema(file).names]
        if files:
            rows = events.predictions(files, package, (), _LOG, [(_EXPERIMENT, "==", experiment)])
            client, request = rows[f"{OF_LOG}client"].fillna(""), rows[f"{OF_LOG}request_id"]
            rows[_VERSION], rows[_UNIT] = version, client.where(client != "", request)
            found.append(rows)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _join(answered: pd.DataFrame, arms: Mapping[str, Packaged], asked: Asked) -> tuple[pd.DataFrame, dict[str, int]]:
    """Join the first answer to each event with its label; return those that have one, and how many others there are.

    Raises:
        MainlineError: when there are no labels, or the log has hashes of the key that nobody here can make.
    """
    kind, fetch = asked.kind, asked.fetch
    if kind is None or fetch is None:
        raise MainlineError("there are no labels. Write src/usecase/labels.py, or name a file of them (--labels).")
    labels = fetch(datetime.fromtimestamp(int(answered[MOMENT].min()) * 60, UTC), asked.until)
    parts = []
    for version, own in answered.groupby(_VERSION, sort=False):
        package = arms[str(version)]
        if lacking := key_hashes.lacking(package, kind.names):
            raise MainlineError(lacking)
        known = key_hashes.as_logged(labels, kind.names, package, own)
        parts.append(events.with_labels(own, known, kind))
    joined = pd.concat(parts, ignore_index=True)
    early = joined[joined[KNOWN_AT].isna() | (joined[MOMENT] <= joined[KNOWN_AT])]
    first = early.sort_values(f"{OF_LOG}time", kind="stable").drop_duplicates(kind.names)
    waiting, empty = first[FOUND] != "both", first[LABEL].isna()
    left_out = {
        "asked after the label was known": len(joined) - len(early),
        "asked again": len(early) - len(first),
        "without a label yet": int(waiting.sum()),
        "that never get a label": int((empty & ~waiting).sum()),
    }
    return first[~empty], left_out


def _score(rows: pd.DataFrame, version: str, package: Packaged, metric: str, asked: Asked) -> pd.DataFrame:
    """Return the outcomes of the rows that a version answered, with the unit of each.

    Raises:
        ParamsError: when the metric is not one of the task that is a mean over rows.
    """
    manifest, file = package.manifest, f"{FOLDER}/{asked.environment}.yaml"
    classes, threshold = tuple(manifest.get("classes", ())), manifest["model"].get("threshold")
    loss = losses.of(metric, manifest["task"], classes, asked.evaluation, threshold, file).losses
    if not len(rows):
        return _SCORED
    own = rows[rows[_VERSION] == version]
    value = np.asarray(loss(own[LABEL].to_numpy(np.float64), events.predicted_of(own, package)), np.float64)
    return pd.DataFrame({_VERSION: version, _UNIT: own[_UNIT].to_numpy(), _OUTCOME: value})


def _document(
    experiment: str, versions: list[str], scored: pd.DataFrame, left_out: dict[str, int], last: Outcomes | None
) -> Outcomes:
    """Add up the outcomes by version, and keep the way that they went so far."""
    usable = scored[np.abs(scored[_OUTCOME].to_numpy(np.float64)) <= outcomes.MOST]
    before = last if last and last["experiment"] == experiment else None
    origin = before["origin"] if before and before["trace"] else float(usable[_OUTCOME].mean()) if len(usable) else 0.0
    tallies = {version: _tally(usable[usable[_VERSION] == version], origin) for version in versions}
    trace = list(before["trace"]) if before else []
    left_out = left_out | {"without a value": len(scored) - len(usable)}
    number, known = len(usable), sum(tally["number"] for tally in trace[-1].values()) if trace else 0
    if number >= max(known * GROWTH, known + 1):
        trace.append(tallies)
    return {
        "experiment": experiment, "origin": origin, "versions": tallies, "trace": trace,
        "left_out": {reason: number for reason, number in left_out.items() if number},
    }  # fmt: skip


def _tally(rows: pd.DataFrame, origin: float) -> Tally:
    """Add up the outcomes of one version, less the origin, by unit."""
    by_unit = (rows[_OUTCOME].astype("float64") - origin).groupby(rows[_UNIT])
    total, number = by_unit.sum().to_numpy(np.float64), by_unit.size().to_numpy(np.float64)
    return {
        "units": len(total), "number": len(rows), "sum": float(total.sum()), "squares": float(total @ total),
        "products": float(total @ number), "counts": int(number @ number),
    }  # fmt: skip
