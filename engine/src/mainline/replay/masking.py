"""What of a request nobody is shown: fields of a person, and those that are declared to be hidden.

A field that is not hidden by name is hidden by its values where it repeats one that is.
"""

from collections.abc import Collection, Mapping
from types import ModuleType

import numpy as np

from mainline import personal
from mainline.contract import Array, Columns
from mainline.declared.replay import Replay
from mainline.errors import MainlineError, ParamsError, nearest
from mainline.monitoring.packages import Packaged

UNSAID = "Rows are shown once src/usecase/interface.py says which fields are of a person: PERSONAL, {} if none is."


def hidden(interface: ModuleType, versions: Collection[Packaged], policy: Replay, file: str) -> frozenset[str]:
    """Return the names that are hidden: by the use case as it is now, by a package, or as a section declares.

    Raises:
        ParamsError: when the section hides a field that no request has.
    """
    known = {field.name for version in versions for field in version.request}
    for name in policy.hide:
        if name not in known:
            raise ParamsError("replay.hide", f"'{name}' is not a field of the request", nearest(name, known), file)
    found = {*personal.columns(interface), *policy.hide}
    return frozenset(found.union(*(version.personal for version in versions)))


def hidden_elsewhere(
    interface: ModuleType, versions: Collection[Packaged], policy: Replay, file: str
) -> frozenset[str]:
    """Return the names that are hidden in requests that leave these machines, as `hidden` does.

    Raises:
        ParamsError: as `hidden` does.
        MainlineError: when nobody has said which fields are of a person.
    """
    if not personal.is_declared(interface):
        raise MainlineError("src/usecase/interface.py does not say which fields are of a person: PERSONAL, {} if none.")
    return hidden(interface, versions, policy, file)


def shown(request: Columns, names: Collection[str], hidden: Collection[str]) -> dict[str, Array]:
    """Return the columns that may be shown: none that is hidden, or repeats one that is."""
    secret = {name: values for name, values in request.items() if name in hidden}
    return {name: request[name] for name in names if name not in hidden and not _repeats(request[name], secret)}


def segments(found: Mapping[str, Array], request: Columns, hidden: Collection[str]) -> dict[str, Array]:
    """Return the segments that may be named: none of a hidden column, and none that repeats its values."""
    return shown({**request, **found}, list(found), hidden)


def _repeats(values: Array, secret: Columns) -> bool:
    """Say whether a column is a hidden one under another name: row by row, or each of its texts is a value of it."""
    if not secret:
        return False
    own = values.astype("U")
    texts = {text for text in np.unique(own).tolist() if not text.isdigit()} - {"", "nan"}
    for column in secret.values():
        other = column.astype("U")
        if np.array_equal(own, other) or (texts and texts <= set(np.unique(other).tolist())):
            return True
    return False
