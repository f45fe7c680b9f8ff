"""Check a use case against the contract, and name an error at its source, before it shifts a column or leaks."""

import ast
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args
from zoneinfo import available_timezones

import numpy as np

from mainline.clocks import name_of, of_zone
from mainline.contract import Classes, Columns, FeatureTable, Field, Kind
from mainline.errors import ParamsError, PolicyError, UseCaseError, nearest
from mainline.labels import PROBABILITY

KEPT = ("prediction_time", "hash", "row", "actual", "predicted", "baseline", "sample_weight")
"""Columns of the kept test predictions beside the key."""

PERSONAL = frozenset(
    {
        *("name", "first_name", "last_name", "full_name", "passenger", "birth_date", "date_of_birth", "birthday"),
        *("email", "phone", "mobile", "address", "street", "ip_address"),
        *("ssn", "passport", "credit_card", "iban"),
    }
)
"""Column names that identify a person; no request and no feature may carry one."""


def portable(path: Path) -> bytes:
    """Read code that goes into the package; it may import numpy and the standard library, nothing else.

    Raises:
        UseCaseError: naming the import that would not be there at the other end.
    """
    source = path.read_bytes()
    for node in ast.walk(ast.parse(source, str(path))):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        else:
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] not in {"numpy", *sys.stdlib_module_names}:
                raise UseCaseError(
                    f"{path}, line {node.lineno}, imports {name}; code that travels in the package may import numpy "
                    "and the standard library. Move what needs more to src/usecase/tables.py."
                )
    return source


def unattended(path: Path) -> bytes:
    """Read code that goes into the package, if it is portable and waits for nobody where it runs.

    Raises:
        UseCaseError: naming the line that stops in a debugger.
    """
    source = portable(path)
    for node in ast.walk(ast.parse(source, str(path))):
        match node:
            case ast.Call(func=ast.Name(id="breakpoint") | ast.Attribute(attr="set_trace" | "breakpoint")):
                raise UseCaseError(
                    f"{path}, line {node.lineno}, stops in a debugger; a server would wait there. Remove it: this code "
                    "goes into the package."
                )
    return source


def check_policy(
    features: Iterable[str], request: Iterable[Field], banned: Mapping[str, str], tables: Iterable[FeatureTable] = (),
    key: Iterable[str] = (),
) -> None:  # fmt: skip
    """Refuse features, request fields and columns of feature tables whose name leaks the label or identifies a person.

    Names are compared whatever their case. A leak under another name is found by nobody's list. A field of the key,
    such as a number of a customer, may be banned: it is sent and kept, and is never a feature.

    Raises:
        PolicyError: naming the column and the reason it is banned.
    """
    reasons = {name.lower(): reason for name, reason in banned.items()}
    key = tuple(key)
    sent = [field.name for field in request if not (field.name in key and field.name.lower() in reasons)]
    named = [("feature", name) for name in features] + [("request field", name) for name in sent]
    named += [(f"column of feature table {table.name}", name) for table in tables for name in table.columns]
    for role, name in named:
        if name.lower() in reasons:
            raise PolicyError(
                f"{role} '{name}' is banned: {reasons[name.lower()]}. "
                "Remove it; the list is BANNED in src/usecase/interface.py."
            )
        if name.lower() in PERSONAL:
            raise PolicyError(f"{role} '{name}' is banned: it identifies a person. Remove it.")


def check_features(chosen: Iterable[str], offered: Iterable[str]) -> None:
    """Refuse a feature that the use case does not compute.

    Raises:
        ParamsError: naming the nearest feature that exists.
    """
    offered = tuple(offered)
    for name in chosen:
        if name not in offered:
            found = f"'{name}' is not computed by src/usecase/features.py"
            raise ParamsError("features", found, nearest(name, offered))


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


def check_key(key: Iterable[str]) -> None:
    """Refuse a key whose column in the kept predictions would be another column of these.

    Raises:
        UseCaseError: naming the field and the names that are taken.
    """
    for name in key:
        if name in KEPT or name.startswith(PROBABILITY):
            raise UseCaseError(
                f"src/usecase/interface.py: KEY: '{name}' would be lost among the columns of the kept predictions "
                f"({', '.join(KEPT)}, {PROBABILITY}...). Give the column another name in src/usecase/source.py."
            )


def check_known(where: str, names: Iterable[str], known: Iterable[str], place: str) -> None:
    """Refuse a name in one place of the use case that another place does not have.

    Raises:
        UseCaseError: naming the nearest name that exists.
    """
    known = tuple(known)
    for name in names:
        if name not in known:
            hint = f"; {nearest(name, known)}" if known else "."
            raise UseCaseError(f"src/usecase/{where} names '{name}', which {place} lacks{hint}")


def check_request(fields: Iterable[Field]) -> None:
    """Refuse a field of no known kind, and a zone that is not known, or of what is not a time.

    Raises:
        UseCaseError: naming the field.
    """
    fields = tuple(fields)
    names = {field.name for field in fields}
    for field in fields:
        if field.kind not in get_args(Kind):
            raise UseCaseError(
                f"src/usecase/interface.py: '{field.name}' is of the kind '{field.kind}'; "
                f"{nearest(str(field.kind), get_args(Kind))}"
            )
        if field.zone:
            _check_zone(field, names)


def _check_zone(field: Field, names: Collection[str]) -> None:
    where = f"src/usecase/interface.py: REQUEST: '{field.name}'"
    if field.kind != "time":
        raise UseCaseError(f"{where} is a {field.kind} and names the zone '{field.zone}'; only a time has a clock.")
    if name_of(field.name) in names:
        raise UseCaseError(
            f"{where} names a zone, so that '{name_of(field.name)}' is its local clock; give the field of that name "
            "another one."
        )
    try:
        of_zone(field.zone)
    except (KeyError, ValueError, OSError) as error:
        raise UseCaseError(
            f"{where} names the zone '{field.zone}'; {nearest(field.zone, available_timezones())}"
        ) from error


def check_time(window: bool, features: object, tables: Iterable[FeatureTable], group: str) -> None:
    """Refuse a use case whose data has time in one place and not in another.

    Args:
        window: whether `params.yaml` declares a window of periods, and not a snapshot.
        features: the use case's module.
        tables: its feature tables.
        group: the column whose rows are not to be split; '' if none is declared.

    Raises:
        UseCaseError: saying what to add or to remove.
    """
    moving = next((table.name for table in tables if not table.static), "")
    if window and not hasattr(features, "prediction_time"):
        raise UseCaseError(
            "src/usecase/features.py offers no 'prediction_time', and params.yaml declares data.from and data.through; "
            "add it, or declare data.snapshot for data without time."
        )
    if window and group:
        raise UseCaseError(
            f"src/usecase/interface.py: GROUP is '{group}', and params.yaml declares data.from and data.through; data "
            "with time is split by time alone, so remove GROUP, or declare data.snapshot."
        )
    if not window and hasattr(features, "prediction_time"):
        raise UseCaseError(
            "src/usecase/features.py offers 'prediction_time', and params.yaml declares data.snapshot, which has no "
            "time; remove it, or declare data.from and data.through."
        )
    if not window and moving:
        raise UseCaseError(
            f"src/usecase/tables.py: table '{moving}' goes by time, and params.yaml declares data.snapshot, which has "
            "none; declare it static=True, or declare data.from and data.through."
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
