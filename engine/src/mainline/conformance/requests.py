"""The request and its key: kinds, zones and column names, and a time everywhere or nowhere."""

from collections.abc import Collection, Iterable
from typing import get_args
from zoneinfo import available_timezones

from mainline.clocks import name_of, of_zone
from mainline.contract import FeatureTable, Field, Kind
from mainline.errors import UseCaseError, nearest
from mainline.labels import PROBABILITY

KEPT = ("prediction_time", "hash", "row", "actual", "predicted", "baseline", "sample_weight")
"""Columns of the kept test predictions beside the key."""
KNOWN = "known_at"
"""The column of labels that says when each became known."""
_LOGGED = ("event.", "feature.", "log.", "probability.")
"""How columns begin that monitoring has beside the fields of a request."""


def check_key(key: Iterable[str], label: str) -> None:
    """Refuse a key whose column would be another column of the kept predictions, or of the labels that come later.

    Args:
        key: the fields that name an event.
        label: the name of the label.

    Raises:
        UseCaseError: naming the field and the names that are taken.
    """
    for name in key:
        if name in (label, KNOWN):
            what = "the label itself" if name == label else "the column in which labels say when they became known"
            raise UseCaseError(
                f"src/usecase/interface.py: KEY: '{name}' is {what}, so no label can be joined by it. Name other "
                "fields, or give the column another name in src/usecase/source.py."
            )
        if name in KEPT or name.startswith(PROBABILITY):
            raise UseCaseError(
                f"src/usecase/interface.py: KEY: '{name}' would be lost among the columns of the kept predictions "
                f"({', '.join(KEPT)}, {PROBABILITY}...). Give the column another name in src/usecase/source.py."
            )


def check_request(fields: Iterable[Field]) -> None:
    """Refuse a field of no known kind, a name that monitoring has for its own columns, and a zone that is not one.

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
        if field.name.startswith(_LOGGED):
            raise UseCaseError(
                f"src/usecase/interface.py: REQUEST: '{field.name}' begins as columns of monitoring do "
                f"({', '.join(_LOGGED)}); give the field another name."
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
