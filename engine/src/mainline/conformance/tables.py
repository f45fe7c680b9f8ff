"""Feature tables: columns and keys as they are declared, numbers in each row, one row of each static entity."""

from collections.abc import Iterable

import numpy as np

from mainline.conformance.names import check_known
from mainline.contract import Columns, FeatureTable
from mainline.errors import UseCaseError


def check_tables(tables: Iterable[FeatureTable], fields: Iterable[str]) -> None:
    """Refuse a feature table without columns, or with a key that no request names; a table may have no key.

    Raises:
        UseCaseError: naming the table, or the nearest field.
    """
    tables = tuple(tables)
    check_known("tables.py: a key", (table.key for table in tables if table.key), fields, "REQUEST")
    empty = next((table.name for table in tables if not table.columns), "")
    if empty:
        raise UseCaseError(f"src/usecase/tables.py: table '{empty}' declares no columns; name what it holds.")


def check_table(declared: FeatureTable, columns: Iterable[str]) -> None:
    """Refuse rows of a feature table that lack a declared column, or name entities though it declares no key.

    Raises:
        UseCaseError: naming the table and the column.
    """
    wanted = {*(["key"] if declared.key else []), *declared.columns, *([] if declared.static else ["time"])}
    built = set(columns)
    if "key" in built - wanted:
        raise UseCaseError(
            f"src/usecase/tables.py: table '{declared.name}' is built with a column 'key', and declares no key; name "
            "the request field that it is looked up by, or leave the column out."
        )
    missing = sorted(wanted - built)
    if missing:
        raise UseCaseError(
            f"src/usecase/tables.py: table '{declared.name}' is built without its column '{missing[0]}'; "
            f"it declares {', '.join(sorted(wanted))}."
        )


def check_rows(declared: FeatureTable, columns: Columns) -> None:
    """Refuse rows of a feature table with text for a number, or with two static rows of one entity.

    Raises:
        UseCaseError: naming the table and the column or the entity.
    """
    text = [name for name in declared.columns if columns[name].dtype.kind not in "biuf"]
    if text:
        raise UseCaseError(f"src/usecase/tables.py: '{text[0]}' of '{declared.name}' holds no numbers; encode it.")
    if not declared.static:
        return
    if not declared.key:
        _check_single(declared.name, len(columns[declared.columns[0]]))
        return
    keys, counts = np.unique(columns["key"].astype("U"), return_counts=True)
    if (counts > 1).any():
        raise UseCaseError(
            f"src/usecase/tables.py: static table '{declared.name}' has {counts.max()} rows of "
            f"'{keys[counts.argmax()]}'; build one row per entity, or give the rows a time."
        )


def _check_single(name: str, rows: int) -> None:
    """Refuse a static table without a key that has several rows, or none.

    Raises:
        UseCaseError: naming the table.
    """
    if rows != 1:
        raise UseCaseError(
            f"src/usecase/tables.py: static table '{name}' without a key has {rows} rows; build the one that counts "
            "for every request, declare a key, or give the rows a time."
        )
