"""Rows of labels and of the pipeline by the hashes that the log has in the place of a personal key.

The log's key may have been changed: its lines are then of several keys, and so are the hashes that are looked for.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mainline.data import pseudonyms
from mainline.data.pseudonyms import VARIABLE
from mainline.monitoring.packages import Packaged

_FOUND = "event.found"


def lacking(package: Packaged, key: Sequence[str]) -> str:
    """Say why no event can be found by its key; '' if each can."""
    names = [field.name for field in package.hidden if field.name in key]
    if not names or pseudonyms.load():
        return ""
    return f"The log has hashes of {', '.join(names)}, and their key is not here; set {VARIABLE} as servers have it."


def as_logged(rows: pd.DataFrame, key: Sequence[str], package: Packaged, logged: pd.DataFrame) -> pd.DataFrame:
    """Return n rows with the columns of their key as the log has them.

    Of several hashes of a row those count that the log has, or else the newest.

    Args:
        rows: typed as a request is, each with another key.
        key: the columns that name an event.
        package: what answered.
        logged: rows of the log, with these columns.
    """
    fields = [field for field in package.hidden if field.name in key]
    if not fields:
        return rows
    hashed = [
        rows.assign(**{field.name: by.column(field, rows[field.name].to_numpy()) for field in fields})
        for by in pseudonyms.load()
    ]
    asked = logged[list(key)].drop_duplicates()
    found = [
        (one[list(key)].merge(asked, how="left", on=list(key), indicator=_FOUND)[_FOUND] == "both").to_numpy()
        for one in hashed
    ]
    found[0] = found[0] | ~np.any(found, axis=0)
    return pd.concat([one[here] for one, here in zip(hashed, found, strict=True)], ignore_index=True)
