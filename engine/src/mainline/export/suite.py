"""A suite of Great Expectations 1.x: what a table must be by the schema, or the features by their profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.profile import TOP
from mainline.data.storage import read_json
from mainline.declared.monitoring import Support
from mainline.declared.params import Params
from mainline.errors import DataError, UnknownError
from mainline.export.expectations import Expectation, expectation, of_table
from mainline.stages.validate import VALIDATED, check_use_case
from usecase import features, interface, schema

PROFILE = Path("metrics/profile.json")
NUMBERS = ("float64", "float32", "int64", "int32", "int16", "int8", "bool")
_SCHEMA = "src/usecase/schema.py"
_NOTHING: Array = np.zeros(0)


@dataclass(frozen=True)
class Suite:
    """A suite as JSON has it, the files that it describes, and in words what was left out of it."""

    content: dict[str, Any]
    of: str
    lacking: tuple[str, ...] = ()


def of_schema(table: str, params: Params) -> Suite:
    """Say what rows of a table must be, as `validate` leaves them in `data/validated`; '' is the table of events.

    Raises:
        UnknownError: when there is no such table.
        UseCaseError: when the use case's declarations do not agree.
    """
    check_use_case()
    table = table or schema.EVENTS
    if table not in schema.TABLES:
        raise UnknownError(table, f"table of {_SCHEMA}", schema.TABLES)
    found, lacking = of_table(schema.TABLES[table])
    if table == schema.EVENTS and schema.TABLES[table].columns[interface.LABEL].nullable:
        found.append(_present(interface.LABEL, params.limits.unlabelled_share, "limits.unlabelled_share, params.yaml"))
    rows = f"{VALIDATED}/{table}{'.parquet' if table in schema.STATIC else '/'}"
    return Suite(_document(table, found, {"from": _SCHEMA, "left_out": lacking}), rows, tuple(lacking))


def of_profile(allowed: Support, environment: str) -> Suite:
    """Say what features must be to be like those that were profiled, as far as monitoring allows.

    Args:
        allowed: how many more rows may lack a value, have one that is not known, or lie outside of what was seen.
        environment: whose file declares that.

    Raises:
        DataError: when there is no profile, or it does not hold one.
    """
    profile = read_json(PROFILE)
    try:
        columns, newest = profile["columns"], str(profile["newest"])
        names = _columns(columns)
        found = [
            one
            for name, described in columns.items()
            for one in _of_feature(name, names[name], described, allowed, f"deploy/{environment}.yaml")
        ]
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise DataError(PROFILE, "is not the profile of features", "`./mainline restore` puts it back") from error
    present = expectation("expect_table_columns_to_match_set", column_set=list(names.values()), exact_match=False)
    said = {"from": f"{PROFILE} of {newest}", "left_out": []}
    return Suite(_document("features", [present, *found], said), f"{dataset.FOLDER}/{newest}.parquet")


def _of_feature(
    name: str, column: str, described: Mapping[str, Any], allowed: Support, file: str
) -> Iterator[Expectation]:
    """Yield what is expected of a column: type, share of missing values, values or range."""
    more, where = f"monitoring.support.{{}}, {file}", "MISSING, src/usecase/features.py"
    declared = getattr(features, "MISSING", {}).get(name)
    lacking = min(1.0, described["missing"] + allowed.missing) if declared is None else declared
    because = more.format("missing") if declared is None else where
    if described["kind"] == "number":
        yield expectation("expect_column_values_to_be_in_type_list", column=column, type_list=list(NUMBERS))
        yield _present(column, lacking, because)
        if described.get("deciles"):
            yield expectation(
                "expect_column_values_to_be_between", more.format("outside"), column=column,
                min_value=described["deciles"][0], max_value=described["deciles"][-1], mostly=_mostly(allowed.outside),
            )  # fmt: skip
        return
    yield expectation("expect_column_values_to_be_of_type", column=column, type_="str")
    # A text that is missing is an empty one.
    yield expectation(
        "expect_column_value_lengths_to_be_between", because, column=column, min_value=1, mostly=_mostly(lacking)
    )
    known = sorted(described["shares"])
    if described["distinct"] == len(known) <= TOP:
        yield expectation(
            "expect_column_values_to_be_in_set", more.format("unseen"), column=column, value_set=["", *known],
            mostly=_mostly(allowed.unseen),
        )  # fmt: skip


def _present(column: str, lacking: float, because: str) -> Expectation:
    """Expect a value, but in a share of the rows."""
    return expectation("expect_column_values_to_not_be_null", because, column=column, mostly=_mostly(lacking))


def _mostly(allowed: float) -> float:
    """Return the share of rows that must be as expected, without the last bits of a subtraction."""
    return round(1 - allowed, 9)


def _columns(described: Mapping[str, Any]) -> dict[str, str]:
    """Name each column of the profile as the files of the features have it."""
    features_ = [name for name in described if name != dataset.LABEL]
    stored = Prepared({}, dict.fromkeys(features_, _NOTHING), _NOTHING).as_columns()
    return dict(zip([*features_, dataset.LABEL], stored, strict=True))


def _document(table: str, expectations: list[Expectation], said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{interface.NAME}.{table}", "id": None, "expectations": expectations, "meta": {"mainline": dict(said)},
        "notes": None,
    }  # fmt: skip
