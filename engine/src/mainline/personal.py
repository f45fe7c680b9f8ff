"""What a use case declares as personal: columns that say something of a person, each with why it is needed.

`PERSONAL` in `src/usecase/interface.py` maps the name of a request's field, or of a column of a table, to the reason.
It counts in every table that has such a column, and for a feature of that name. `{}` says that nothing is of a person;
without `PERSONAL` nobody has said anything yet.
"""

from collections.abc import Collection, Mapping
from types import ModuleType

import numpy as np

from mainline.contract import Array, Columns
from mainline.errors import UseCaseError, nearest

PLACE = "src/usecase/interface.py: PERSONAL"


def is_declared(interface: ModuleType) -> bool:
    """Say whether a use case has said which of its columns are personal, if any."""
    return getattr(interface, "PERSONAL", None) is not None


def columns(interface: ModuleType) -> dict[str, str]:
    """Return the personal columns, each with why it is needed; {} if there is none, or nobody has said.

    Raises:
        UseCaseError: when one has no reason, or what is declared does not map names to reasons.
    """
    declared: object = getattr(interface, "PERSONAL", None)
    if declared is None:
        return {}
    if not isinstance(declared, Mapping):
        raise UseCaseError(
            f"{PLACE} is a {type(declared).__name__}; write {{column: why it is needed}}, or {{}} if no column says "
            "anything of a person."
        )
    for name, reason in declared.items():
        if not isinstance(name, str):
            raise UseCaseError(
                f"{PLACE}: {name!r} is not the name of a field or of a column; write one as a text, such as '{name}'."
            )
        if not isinstance(reason, str) or not reason.strip():
            raise UseCaseError(
                f"{PLACE}: '{name}' has no reason; write why it is needed, or leave the column out of the data."
            )
    return dict(declared)


def check(interface: ModuleType, known: Collection[str], time: str) -> None:
    """Refuse a name that neither the request nor a table has, and the time of an event, which monitoring counts by.

    Args:
        interface: the use case's module.
        known: the names of all fields and columns.
        time: the field that says when an event is; '' if none does.

    Raises:
        UseCaseError: naming it.
    """
    for name in columns(interface):
        if name not in known:
            raise UseCaseError(f"{PLACE} names '{name}', which neither REQUEST nor a table has; {nearest(name, known)}")
        if name == time:
            raise UseCaseError(
                f"{PLACE}: '{name}' says when an event is, so it cannot be hidden; name the column that says of whom."
            )


def check_segments(interface: ModuleType, name: str, values: Array, request: Columns) -> None:
    """Refuse segments of n rows that repeat a personal column: reports and git have the name of each segment.

    Raises:
        UseCaseError: naming both.
    """
    for column in columns(interface):
        same = column in request and np.array_equal(values.astype("U"), request[column].astype("U"))
        if same or name == column:
            raise UseCaseError(
                f"src/usecase/scoring.py: slices: '{name}' repeats '{column}', which is personal, and reports name "
                "each segment; group its values, or leave it out."
            )
