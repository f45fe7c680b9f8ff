"""Claims about how rows become features and answers; they hold for made-up requests as for real ones."""

from collections.abc import Callable
from types import ModuleType

import numpy as np

from mainline import personal
from mainline.claims.columns import differing, known, made_up, take
from mainline.claims.declarations import features, module
from mainline.clocks import name_of
from mainline.conformance.arrays import check_column, check_computed, check_moment, check_predictions
from mainline.conformance.code import FEATURES
from mainline.contract import Array, Columns
from mainline.data import vocabulary
from mainline.data.feature_values import Place, check_types
from mainline.data.moments import prediction_time
from mainline.errors import UseCaseError
from mainline.labels import classes
from mainline.model import weights

PLACE = f"{FEATURES}: compute"
NEXT = "Compute each row from its own columns, with operations that numpy does element by element."


def every_declared_feature_is_computed() -> None:
    """`compute` returns what is declared, a value per row: numbers for NUMERIC, text for CATEGORICAL."""
    requests, tables = _rows()
    rows = len(next(iter(requests.values())))
    check_moment(prediction_time(module("features"), requests), rows)
    computed = _compute(requests, tables)
    check_computed(computed, features(), rows)
    check_types(computed, module("features").NUMERIC, module("features").CATEGORICAL, Place("made-up requests", {}))


def a_row_alone_equals_the_same_row_in_a_batch() -> None:
    """Asking for one row gives what asking for all gives, or a service would answer otherwise than was tested."""
    requests, tables = _rows()
    whole = _compute(requests, tables)
    for row in range(0, len(whole[next(iter(whole))]), 7):
        one = np.array([row])
        alone = _compute(take(requests, one), {name: take(columns, one) for name, columns in tables.items()})
        name = differing(alone, take(whole, one))
        if name:
            raise UseCaseError(f"{PLACE}: '{name}' of a row differs alone and in a batch. {NEXT}")


def the_order_of_rows_does_not_matter() -> None:
    """Shuffled requests have the features that they had, shuffled."""
    requests, tables = _rows()
    whole = _compute(requests, tables)
    order = np.random.default_rng(1).permutation(len(whole[next(iter(whole))]))
    shuffled = _compute(take(requests, order), {name: take(columns, order) for name, columns in tables.items()})
    name = differing(shuffled, take(whole, order))
    if name:
        raise UseCaseError(f"{PLACE}: '{name}' depends on the order of the rows. {NEXT}")


def a_banned_field_of_the_request_reaches_no_answer() -> None:
    """What is sent and kept as key alone, such as a customer's number, changes no feature and no answer."""
    interface, scoring, (requests, tables) = module("interface"), module("scoring"), _rows()
    banned = {name.lower() for name in interface.BANNED}
    others, raw = made_up(seed=1), np.linspace(0, 1, len(next(iter(requests.values()))))
    for name in (field.name for field in interface.REQUEST if field.name.lower() in banned):
        keyed = next((table.name for table in module("tables").FEATURE_TABLES if table.key == name), "")
        if keyed:
            raise UseCaseError(f"src/usecase/tables.py: table '{keyed}' is looked up by '{name}', which is BANNED.")
        other = {**requests, **{column: others[column] for column in (name, name_of(name)) if column in others}}
        feature = differing(_compute(other, tables), _compute(requests, tables))
        if feature:
            raise UseCaseError(f"{PLACE}: '{feature}' is made from '{name}', which is BANNED; leave it out.")
        for function in ("fit_target", "respond"):
            before, after = (getattr(scoring, function)(raw, columns) for columns in (requests, other))
            if differing({name: after}, {name: before}):
                raise UseCaseError(f"src/usecase/scoring.py: {function} uses '{name}', which is BANNED; leave it out.")


def a_personal_field_is_a_feature_under_its_own_name_alone() -> None:
    """A feature that repeats a personal field has its name, by which the log hides both and nobody counts it."""
    interface, (requests, tables) = module("interface"), _rows()
    hidden, computed = personal.columns(interface), _compute(requests, tables)
    for name in (name for name in hidden if name in requests):
        for feature in (feature for feature in computed if feature not in hidden):
            if not differing({name: requests[name]}, {name: computed[feature]}):
                raise UseCaseError(
                    f"{PLACE}: '{feature}' repeats '{name}', which is personal; call the feature '{name}', too."
                )


def scoring_is_a_value_per_row() -> None:
    """Of each row, `fit_target` and `respond` return the same alone as in a batch, and `slices` returns text."""
    scoring, (requests, _) = module("scoring"), _rows()
    rows = len(next(iter(requests.values())))
    names = classes(module("interface"))
    label = labels(rows, len(names))
    given = {"fit_target": label.astype(float)}
    given["respond"] = given["fit_target"] if names else scoring.fit_target(given["fit_target"], requests)
    if len(names) > 2:
        given["respond"] = np.eye(len(names))[label]
    for name, raw in given.items():
        place = f"scoring.py: {name}"
        whole = getattr(scoring, name)(raw, requests)
        check_predictions(place, whole, rows, names if name == "respond" else ())
        if whole.dtype.kind not in "biuf":
            raise UseCaseError(f"src/usecase/{place} returns {whole.dtype}; return a number per row.")
        alone = getattr(scoring, name)(raw[1:2], take(requests, np.array([1])))
        if differing({name: alone}, {name: whole[1:2]}):
            raise UseCaseError(f"src/usecase/{place} of a row differs alone and in a batch. {NEXT}")
    _check_options(scoring, label, requests, given["respond"].shape)
    for name, values in scoring.slices(requests).items():
        check_column(f"scoring.py: slices: '{name}'", values, rows)
        if not all(isinstance(value, str) for value in values.tolist()):
            raise UseCaseError(
                f"src/usecase/scoring.py: slices: '{name}' is {values.dtype}; segments are named by text."
            )


def labels(rows: int, names: int) -> Array:
    """Make up n labels: codes of classes in turn, or the example of the answer and half as much again."""
    interface = module("interface")
    if names or interface.TASK != "regression" or not interface.RESPONSE.example:
        return np.arange(rows) % max(names, 2)
    return float(interface.RESPONSE.example) * (1 + np.arange(rows) % 2 / 2)


def _check_options(scoring: ModuleType, label: Array, requests: Columns, answers: tuple[int, ...]) -> None:
    """Hold `baseline` and `weight`, if they are offered, to a value per row that no other row changes.

    A rule for several classes gives a probability of each, in the shape of the answers of `respond`.
    """
    computed = _compute(requests, _rows()[1])
    offered: dict[str, Callable[[Array], Array]] = {
        "baseline": lambda rows: scoring.baseline(take(requests, rows), take(computed, rows)),
        "weight": lambda rows: scoring.weight(label[rows], take(requests, rows)),
    }
    for name in offered.keys() & vars(scoring).keys():
        whole, alone = (offered[name](rows) for rows in (np.arange(len(label)), np.array([1])))
        if name == "weight":
            weights.check(whole, label)
        elif len(answers) == 1:
            check_column(f"scoring.py: {name}", whole, len(label))
        elif np.shape(whole) != answers:
            found = f"src/usecase/scoring.py: {name} has shape {np.shape(whole)}"
            raise UseCaseError(f"{found}; return a numpy array of {answers}, as respond does.")
        if differing({name: alone}, {name: whole[1:2]}):
            raise UseCaseError(f"src/usecase/scoring.py: {name} of a row differs alone and in a batch. {NEXT}")


def _rows() -> tuple[dict[str, Array], dict[str, dict[str, Array]]]:
    """Return made-up requests and what tables answer to them, which nobody may write to."""
    requests = made_up()
    all_rows = np.arange(len(next(iter(requests.values()))))
    return take(requests, all_rows), {name: take(columns, all_rows) for name, columns in known(requests).items()}


def _compute(requests: Columns, tables: dict[str, dict[str, Array]]) -> dict[str, Array]:
    asked = vocabulary.request(requests, module("interface"))
    return dict(module("features").compute(asked, vocabulary.tables(tables)))


CLAIMS = (
    every_declared_feature_is_computed, a_row_alone_equals_the_same_row_in_a_batch, the_order_of_rows_does_not_matter,
    a_banned_field_of_the_request_reaches_no_answer, a_personal_field_is_a_feature_under_its_own_name_alone,
    scoring_is_a_value_per_row,
)  # fmt: skip
