"""Two versions on the same requests: what production said, as it was logged, and what the other one says now."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mainline import clocks
from mainline.contract import Array, Columns, Field
from mainline.data import columns as typed
from mainline.errors import MainlineError
from mainline.model.batches import differ
from mainline.monitoring import events
from mainline.monitoring.packages import Packaged

BLOCK = 20_000
"""Requests that are answered at once, so that memory does not grow with the sample."""
TRIED, ENOUGH = 1000, 0.99
"""Logged requests that are answered once more, and the share of them that must come out as it was logged."""


@dataclass(frozen=True)
class Answered:
    """n requests by column with both answers, of shape (n,) or (n, K) for K classes.

    `again` of `tried` logged requests got the logged answer once more. With fewer than `ENOUGH` of them, as if feature
    tables are others or the log has hashes of what the model reads, `against` is computed for all, too.
    """

    request: Columns
    moment: Array
    against: Array
    candidate: Array
    tried: int
    again: int
    is_logged: bool


def answer(parts: Sequence[tuple[Packaged, pd.DataFrame]], candidate: Packaged, against: Packaged) -> Answered:
    """Let both versions answer the requests of a sample.

    Args:
        parts: at least one package with its requests, as `monitoring.events.predictions` reads them.
        candidate: the version whose answers would be new.
        against: the version that answers now.

    Raises:
        MainlineError: when the two say other things, a request lacks what one of them needs, or its code fails.
    """
    for what in ("task", "classes"):
        if candidate.manifest.get(what) != against.manifest.get(what):
            raise MainlineError(f"the two versions have other values of {what}, so their answers cannot be compared.")
    request = _request(parts, (candidate, against))
    logged = np.concatenate([np.full(len(rows), own.digest == against.digest) for own, rows in parts])
    said = [events.predicted_of(rows, own) for own, rows in parts if own.digest == against.digest]
    before, tried, again = _before(against, request, logged, np.concatenate(said) if said else None)
    moment = np.concatenate([rows[events.MOMENT].to_numpy(np.int64) for _, rows in parts])
    is_logged = tried > 0 and again >= ENOUGH * tried
    return Answered(request, moment, before, _predict(candidate, request), tried, again, is_logged)


def _before(against: Packaged, request: Columns, logged: Array, said: Array | None) -> tuple[Array, int, int]:
    """Return the answers of the version that answers now, how many logged ones were tried, and how many held."""
    if said is None:
        return _predict(against, request), 0, 0
    places = np.flatnonzero(logged)
    picked = np.unique(np.linspace(0, len(places) - 1, min(TRIED, len(places))).astype(int))
    now = _predict(against, _rows(request, places[picked]))
    wrong = differ(said[picked], now, max(against.predictor.tolerance, 1e-6 * float(np.abs(now).max(initial=1.0))))
    tried, again = len(picked), int((~wrong).sum())
    if again < ENOUGH * tried:
        return _predict(against, request), tried, again
    found = np.empty((len(logged), *said.shape[1:]))
    found[logged] = said
    if not logged.all():
        found[~logged] = _predict(against, _rows(request, ~logged))
    return found, tried, again


def _rows(request: Columns, rows: Array | slice) -> dict[str, Array]:
    return {name: values[rows] for name, values in request.items()}


def _predict(package: Packaged, request: Columns) -> Array:
    """Answer n requests in blocks.

    Raises:
        MainlineError: when the package's code fails; its words may have a value of a request, so they are not repeated.
    """
    own = {name: request[name] for name in clocks.names_of(package.request)}
    rows = len(next(iter(own.values())))
    blocks = [slice(start, start + BLOCK) for start in range(0, rows, BLOCK)]
    try:
        return np.concatenate([package.predictor.predict_columns(_rows(own, block)) for block in blocks])
    except Exception as error:
        raise MainlineError(f"its code failed on these requests with {type(error).__name__}.") from error


def _request(parts: Sequence[tuple[Packaged, pd.DataFrame]], versions: Sequence[Packaged]) -> dict[str, Array]:
    """Return the requests by column, with all that the versions read.

    Raises:
        MainlineError: when one needs a field that the log does not have, or has as another kind.
    """
    fields = {field.name: field for version in versions for field in version.request}
    for version in versions:
        for field in version.request:
            for own, _ in parts:
                _check(field, {known.name: known for known in own.request}.get(field.name))
    found = [_columns(rows, list(fields.values())) for _, rows in parts]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _check(field: Field, known: Field | None) -> None:
    """Hold a field that a version reads to what the log has.

    Raises:
        MainlineError: when it is not there, or of another kind.
    """
    if known is None and not field.optional:
        raise MainlineError(f"a request needs '{field.name[:80]}', which no logged request has.")
    if known is not None and known.kind != field.kind:
        raise MainlineError(f"'{field.name[:80]}' is a {field.kind} and was logged as a {known.kind}.")


def _columns(rows: pd.DataFrame, fields: Sequence[Field]) -> dict[str, Array]:
    """Return the columns of some fields, without a value where the log lacks one."""
    batch = {}
    for field in fields:
        if field.name not in rows:
            empty = np.full(len(rows), np.datetime64("NaT", "m") if field.kind == "time" else np.nan)
            batch[field.name] = np.full(len(rows), None, object) if field.kind == "string" else empty
        elif field.kind == "time":
            minutes = rows[field.name].to_numpy(np.float64)
            batch[field.name] = np.where(np.isnan(minutes), np.datetime64("NaT", "m"), _moments(minutes))
        else:
            batch[field.name] = rows[field.name].to_numpy()
    return typed.from_batch(batch, fields)


def _moments(minutes: Array) -> Array:
    return np.nan_to_num(minutes).astype(np.int64).astype("datetime64[m]")
