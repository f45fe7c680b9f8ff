"""The request of the examples in `interface.REQUEST`, computed and answered before any row of data is read."""

import numpy as np

from mainline import faults
from mainline.claims.columns import made_up
from mainline.claims.declarations import features, module
from mainline.claims.requests import labels
from mainline.conformance.arrays import check_computed, check_moment, check_predictions
from mainline.conformance.code import TRAVELLING, unattended
from mainline.contract import Columns
from mainline.data import vocabulary
from mainline.data.feature_values import Place, check_converted, check_types
from mainline.data.moments import prediction_time
from mainline.errors import MainlineError, UseCaseError
from mainline.labels import classes

ROWS = 7
"""The same request several times: a value for all rows, or a short list, is told from a value for each."""


def check() -> None:
    """Compute the features of the example, fit on its label and answer it.

    What is certain to fail on the data fails here, in a fraction of a second: a line that raises, a column that does
    not exist, a type. Feature tables answer 1 everywhere, so nothing is said of values. Code with a breakpoint is left
    to the pipeline, where a person waits for it to stop.

    Raises:
        UseCaseError: naming the file, and what is wrong there.
    """
    if not _is_unattended():
        return
    example = {name: values[:1].repeat(ROWS) for name, values in made_up().items()}
    requests = vocabulary.request(example, module("interface"))
    with np.errstate(all="ignore"):
        try:
            _compute(requests)
            _answer(requests)
        except MainlineError:
            raise
        except SystemExit as error:
            raise faults.ended(error) from error
        except Exception as error:
            error.add_note("for the request of the examples in src/usecase/interface.py")
            raise


def _compute(requests: Columns) -> None:
    place = Place("the examples of REQUEST", {})
    code = module("features")
    check_moment(prediction_time(code, requests), ROWS)
    known = {table.name: {name: np.ones(ROWS) for name in table.columns} for table in module("tables").FEATURE_TABLES}
    try:
        computed = dict(code.compute(requests, vocabulary.tables(known)))
    except Exception as error:
        check_converted(error, code.NUMERIC, ROWS, place)
        raise
    check_computed(computed, features(), ROWS)
    check_types(computed, code.NUMERIC, code.CATEGORICAL, place)


def _answer(requests: Columns) -> None:
    scoring, names = module("scoring"), classes(module("interface"))
    label = labels(ROWS, len(names))
    target = scoring.fit_target(label.astype(float), requests)
    check_predictions("scoring.py: fit_target", target, ROWS)
    raw = np.eye(len(names))[label] if len(names) > 2 else label.astype(float) if names else target
    check_predictions("scoring.py: respond", scoring.respond(raw, requests), ROWS, names)
    for values in scoring.slices(requests).values():
        np.asarray(values)


def _is_unattended() -> bool:
    try:
        for file in TRAVELLING:
            unattended(file)
    except UseCaseError:
        return False
    return True
