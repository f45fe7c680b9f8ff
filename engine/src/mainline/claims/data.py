"""Claims about the data of the use case, and about what of it reaches a feature."""

import numpy as np
import pandas as pd

from mainline.claims.batches import Batches, floats, load, moments
from mainline.claims.columns import differing, take
from mainline.claims.declarations import module
from mainline.conformance.names import check_known
from mainline.contract import Array
from mainline.data.columns import from_rows, to_rows
from mainline.data.lookup import look_up_all
from mainline.data.moments import is_timed, prediction_time
from mainline.errors import RequestError, UseCaseError
from mainline.labels import check_label, classes
from mainline.stages.prepare import check_times, declared, in_utc

MOST = 2000
"""Rows that are turned into requests one by one."""
CUTS = (0.1, 0.5, 0.9)
"""After which shares of the events the future is rewritten."""


def labels_are_what_the_task_asks_for() -> None:
    """Each event that `unlabelled` lets through has a label: a number, of a classification 0 or 1, or a class."""
    labels = load().labelled()[module("interface").LABEL]
    if labels.isna().any():
        raise UseCaseError(
            "src/usecase/schema.py: unlabelled() returns '' for a row without a label; return the reason."
        )
    check_label(labels.to_numpy(), module("interface").TASK, classes(module("interface")))


def events_are_requests() -> None:
    """What a model learns from, a client can send: rows of the data are within what the request allows."""
    batches, fields = load(), module("interface").REQUEST
    check_times(batches.labelled())
    requests = batches.requests()
    chosen = np.random.default_rng(2).permutation(len(batches.labelled()))[:MOST]
    rows = to_rows(take(requests, chosen), fields)
    for row in rows:
        try:
            from_rows([row], fields)
        except RequestError as error:
            raise UseCaseError(
                f"src/usecase/interface.py: REQUEST: an event of {batches.period} is not a request: {error.reason} "
                "Or declare the field as the data has it, or have src/usecase/schema.py quarantine such rows."
            ) from error


def feature_tables_are_those_declared() -> None:
    """Every declared table is built, with the declared columns, and no other."""
    check_known("tables.py: FEATURE_TABLES", declared(), load().known(), "the result of building them")


def the_order_of_the_data_does_not_matter() -> None:
    """Feature tables that are built from shuffled rows give the same features."""
    batches, random = load(), np.random.default_rng(3)
    shuffled = {name: rows.iloc[random.permutation(len(rows))] for name, rows in batches.batched.items()}
    other = batches.replaced(**{name: rows.reset_index(drop=True) for name, rows in shuffled.items()})
    name = differing(_features(other, batches.requests()), _features(batches, batches.requests()))
    if name:
        raise UseCaseError(
            f"src/usecase/tables.py: feature '{name}' depends on the order of the rows that the source delivers; "
            "sort them in build_static and build_moving."
        )


def nothing_after_the_prediction_time_reaches_a_feature() -> None:
    """No feature changes if what is not known yet is rewritten.

    That are label and banned columns of the event itself and of all later ones, and what other tables measured later.
    The requests are the same both times: a feature that looks at other requests is another claim's. Data without time
    has neither a later event nor a table that goes by time.
    """
    if not is_timed(module("features")):
        return
    batches = load()
    requests = batches.requests()
    moment = prediction_time(module("features"), requests)
    for share in CUTS:
        now = int(np.sort(moment)[int(share * (len(moment) - 1))])
        past = take(requests, np.flatnonzero(moment <= now))
        name = differing(_features(_rewritten(batches, now), past), _features(batches, past))
        if name:
            raise UseCaseError(
                f"src/usecase/tables.py: feature '{name}' uses data from after the prediction time: it changes "
                "with later labels, banned columns or measurements. Give its rows the time at which they are known, "
                "or their table a `lag`."
            )


def _features(batches: Batches, requests: dict[str, Array]) -> dict[str, Array]:
    features = module("features")
    moment = prediction_time(features, requests)
    return dict(features.compute(requests, look_up_all(batches.known(), requests, moment)))


def _rewritten(batches: Batches, now: int) -> Batches:
    """Return the same period with another future: outcomes of events from `now` on, measurements after it."""
    random, interface = np.random.default_rng(4), module("interface")
    name = module("schema").EVENTS
    events = batches.events.copy()
    labelled = (batches.why_unlabelled() == "").to_numpy()
    begins = moments(in_utc(events))
    begins[labelled] = prediction_time(module("features"), batches.requests())
    later = np.flatnonzero(begins >= now)
    fields = {field.name for field in interface.REQUEST}
    for column in sorted({interface.LABEL, *interface.BANNED} & {str(column) for column in events} - fields):
        events[column] = _other(events[column], later, random, column == interface.LABEL and not classes(interface))
    changed = {name: events}
    for other, rows in batches.batched.items():
        if other != name:
            measured, after = rows.copy(), np.flatnonzero(moments(rows) > now)
            for column in floats(rows):
                measured[column] = _other(rows[column], after, random, is_number=True)
            changed[other] = measured
    return batches.replaced(**changed)


def _other(values: pd.Series, rows: Array, random: np.random.Generator, is_number: bool) -> pd.Series:
    """Return a column with other values in some rows: of a number the mirror image, of all else those of other rows."""
    result = values.copy()
    chosen = values.iloc[rows]
    if is_number and len(chosen):
        numbers = values.astype("float64")
        mirrored = numbers.min() + numbers.max() - numbers.iloc[rows]
        result.iloc[rows] = mirrored.astype(values.dtype)
    else:
        result.iloc[rows] = chosen.iloc[random.permutation(len(rows))].to_numpy()
    return result


CLAIMS = (
    labels_are_what_the_task_asks_for, events_are_requests, feature_tables_are_those_declared,
    the_order_of_the_data_does_not_matter, nothing_after_the_prediction_time_reaches_a_feature,
)  # fmt: skip
