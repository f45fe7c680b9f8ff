"""What the use case computes of n rows: a value of the right kind for each."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mainline.contract import Classes, Columns
from mainline.errors import UseCaseError


def check_computed(computed: Columns, declared: Iterable[str], rows: int) -> None:
    """Refuse what `features.compute` returned for n rows unless it is every declared feature, one value per row.

    Raises:
        UseCaseError: naming the feature.
    """
    declared = set(declared)
    for name in sorted(declared ^ computed.keys()):
        wrong = "declares but does not compute" if name in declared else "computes but does not declare"
        raise UseCaseError(
            f"src/usecase/features.py {wrong} '{name}'; NUMERIC and CATEGORICAL list what compute returns."
        )
    for name, values in computed.items():
        if not isinstance(values, np.ndarray | np.generic):
            found = f"a {type(values).__name__}"
            raise UseCaseError(f"src/usecase/features.py: '{name}' is {found}; return a numpy array of ({rows},).")
        if values.shape != (rows,):
            raise UseCaseError(
                f"src/usecase/features.py: '{name}' has shape {values.shape} for {rows} rows; it must be ({rows},)."
            )


def check_column(where: str, values: Any, rows: int) -> None:
    """Refuse a computed column that is not an array of one value per row.

    Raises:
        UseCaseError: naming the shape found and the shape wanted.
    """
    if not isinstance(values, np.ndarray) or values.shape != (rows,):
        raise UseCaseError(f"src/usecase/{where} has shape {np.shape(values)}; return a numpy array of ({rows},).")


def check_predictions(where: str, values: Any, rows: int, names: Classes = ()) -> None:
    """Refuse predictions of n rows that are not one number each, or of K classes K probabilities that sum to 1.

    Raises:
        UseCaseError: naming what was found and what is wanted.
    """
    if len(names) < 3:
        check_column(where, values, rows)
        return
    wanted = (rows, len(names))
    if not isinstance(values, np.ndarray) or values.shape != wanted:
        raise UseCaseError(
            f"src/usecase/{where} has shape {np.shape(values)}; return a numpy array of {wanted}, a column for each of "
            "CLASSES."
        )
    if values.dtype.kind == "f" and rows and not np.allclose(values.sum(axis=1), 1, atol=1e-3, equal_nan=True):
        raise UseCaseError(f"src/usecase/{where}: the probabilities of a row do not sum to 1; return them as they are.")


def check_moment(moment: Any, rows: int) -> None:
    """Refuse prediction times that are not whole minutes, one per row.

    Raises:
        UseCaseError: saying what they are.
    """
    check_column("features.py: prediction_time", moment, rows)
    if moment.dtype.kind != "i":
        raise UseCaseError(
            f"src/usecase/features.py: prediction_time returns {moment.dtype}; "
            "return int64 minutes since 1970-01-01 UTC, from times that are never absent."
        )
