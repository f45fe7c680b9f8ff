"""How two versions compare on the requests whose label is known by now, with days as the unit of chance."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from mainline import periods
from mainline.contract import Array
from mainline.data.columns import DAY
from mainline.declared.params import Evaluation
from mainline.errors import MainlineError
from mainline.gate.statistics import compare, conclude
from mainline.model import metrics
from mainline.monitoring import events, key_hashes
from mainline.monitoring.label_feed import Fetch, Wanted
from mainline.monitoring.packages import Packaged
from mainline.replay.answers import Answered
from mainline.replay.finding import Truth

_EPOCH = date(1970, 1, 1)


def labels(
    parts: Sequence[tuple[Packaged, pd.DataFrame]], kind: Wanted | None, fetch: Fetch | None, until: datetime
) -> tuple[Array | None, str]:
    """Return the label of each request that was predicted before it was known, NaN without one; or why there is none.

    Of several requests about one event the last one counts, as in monitoring.
    """
    if kind is None:
        return None, "interface.KEY is empty, so no label can be joined."
    if fetch is None:
        return None, "The use case has no src/usecase/labels.py; write it, or name a file (--labels)."
    lacking = [key_hashes.lacking(package, kind.names) for package, _ in parts]
    if any(lacking):
        return None, next(filter(None, lacking))
    since = min(int(rows[events.MOMENT].min()) for _, rows in parts)
    try:
        found = fetch(datetime.fromtimestamp(since * 60, UTC), until)
    except MainlineError as error:
        return None, f"Labels cannot be had: {error}"[:600]
    return np.concatenate([_join(rows, found, kind, package) for package, rows in parts]), ""


def _join(rows: pd.DataFrame, found: pd.DataFrame, kind: Wanted, package: Packaged) -> Array:
    known = key_hashes.as_logged(found, kind.names, package, rows)
    joined = events.with_labels(rows, known, kind)
    early = joined[events.KNOWN_AT].isna() | (joined[events.MOMENT] <= joined[events.KNOWN_AT])
    ordered = joined[early].sort_values([events.MOMENT, events.SERVED], kind="stable")
    counts = joined.index.isin(ordered.drop_duplicates(kind.names, keep="last").index)
    return np.where(counts, joined[events.LABEL].to_numpy(np.float64), np.nan)


def judge(
    answered: Answered, actual: Array, versions: tuple[Packaged, Packaged], evaluation: Evaluation,
    confidence: float, margin: float,
) -> tuple[Truth | None, str]:  # fmt: skip
    """Compare candidate and the other version on n requests with labels; None with the reason if there are too few.

    Requests of a period that either was fitted on are left out: they would flatter that one.
    """
    known = ~np.isnan(actual)
    is_timed = not any("snapshot" in version.manifest for version in versions)
    fitted = known & (_fitted(versions, answered.moment) if is_timed else False)
    rows = known & ~fitted
    if not rows.any():
        if fitted.any():
            return None, f"One of the two was fitted on the period of each of the {int(fitted.sum()):,} with a label."
        return None, "No request has a label yet."
    scorers = [metrics.of_package(version.manifest, evaluation) for version in versions]
    label, day = actual[rows], answered.moment[rows] // DAY
    one, other = answered.candidate[rows], answered.against[rows]
    weight = versions[0].weigh(label, {name: values[rows] for name, values in answered.request.items()})
    found = compare(scorers[0].primary, label, one, other, day, confidence, scorers[1].primary, weight)
    sides = [own.primary.value(label, said, weight) for own, said in zip(scorers, (one, other), strict=True)]
    if not np.isfinite(sides).all():
        return None, f"{scorers[0].primary.name} is not defined on the {int(rows.sum()):,} requests with a label."
    return Truth(
        requests=int(rows.sum()), days=found.days, fitted=int(fitted.sum()) if is_timed else None,
        metric=scorers[0].primary.name[:120], candidate=sides[0], against=sides[1],
        difference=_finite(found.estimate), low=_finite(found.low), high=_finite(found.high),
        conclusion=conclude(found, margin),
    ), ""  # fmt: skip


def _fitted(versions: Sequence[Packaged], moment: Array) -> Array:
    """Say which of n moments lie in a period that one of the served models was fitted on, or a day beside it.

    A period begins by the clock of the use case, and moments are in UTC.
    """
    spans = []
    for version in versions:
        parts = ("train", "validation", "test") if "refit" in version.manifest else ("train",)
        spans += [periods.span(period) for part in parts for period in version.manifest["window"][part]]
    day = moment // DAY
    return np.any(
        [(day >= (first - _EPOCH).days - 1) & (day <= (after - _EPOCH).days) for first, after in spans], axis=0
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
