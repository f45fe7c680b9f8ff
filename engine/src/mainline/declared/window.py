"""The sections `data` and `split` of `params.yaml`: the window of the data, and how much of it is kept from fitting."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from mainline import periods
from mainline.declared.reading import Section
from mainline.errors import ParamsError

RENAMED = {"split.validation_months": "validation", "split.test_months": "test"}
"""Keys by the name that they had, with the one that they have."""


def _period(value: object) -> object:
    """Refuse what is not a period; pydantic says what it was. YAML takes a year for a whole number.

    Raises:
        ValueError: saying how a period is written.
    """
    if isinstance(value, date):  # DVC refuses it as well
        raise ValueError(f'put a day in quotes, "{value}": YAML takes it for a date')
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        periods.unit(value)
    return value


def _amount(value: object) -> int | float:
    """Take a number as it is, whole or not.

    Raises:
        ValueError: for what is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("write a whole number of periods, or of data without time a share of the rows")
    return value


Amount = Annotated[int | float, PlainValidator(_amount)]
Period = Annotated[str, BeforeValidator(_period)]


class Data(Section):
    """A window of batches by period, both ends included, or the name of a snapshot, which has no time.

    `version` is the version of the source, if it tells one.
    """

    from_: Period = Field(alias="from", default="")
    through: Period = ""
    snapshot: str = Field(default="", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)
    version: str = ""

    @property
    def periods(self) -> tuple[str, ...]:
        """Every period of the window, in order; of a snapshot its name."""
        return (self.snapshot,) if self.snapshot else periods.between(self.from_, self.through)

    @property
    def unit(self) -> str:
        """What a batch is of: a day, a week, a month, a quarter, a year, or a snapshot."""
        return "snapshot" if self.snapshot else periods.unit(self.from_)

    @model_validator(mode="before")
    @classmethod
    def _check_kind(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or raw.keys() - {"from", "through", "snapshot", "version"}:
            return raw  # the model itself says what is wrong with it
        ends = [name for name in ("from", "through") if name in raw]
        if "snapshot" in raw and ends:
            found = f"has snapshot and {' and '.join(ends)}"
            raise ParamsError("data", found, "declare from and through for data with time, or snapshot without")
        if "snapshot" not in raw and len(ends) < 2:
            missing = next(name for name in ("from", "through") if name not in ends)
            raise ParamsError(f"data.{missing}", "is missing", "add it, or snapshot for data without time")
        return raw


class Split(Section):
    """How much is kept from fitting: so many of the newest periods, test last, or of a snapshot shares of its rows.

    With `refit`, the served model is fitted again on all of them, once the measured model has its figures.
    """

    validation: Amount
    test: Amount
    refit: bool = False

    @model_validator(mode="before")
    @classmethod
    def _refuse_old_names(cls, raw: Any) -> Any:
        for place, new in RENAMED.items():
            old = place.removeprefix("split.")
            if isinstance(raw, dict) and old in raw:
                raise ParamsError(place, "is the name of before", f"write {new}: {raw[old]}")
        return raw


def check(data: Data, split: Split) -> None:
    """Hold the two sections to each other.

    Raises:
        ParamsError: if a window is too short, its ends do not fit, or shares leave nothing to fit on.
    """
    (_check_shares if data.snapshot else _check_window)(data, split)


def _check_shares(_: Data, split: Split) -> None:
    allowed = "of data without time it is a share of the rows, such as 0.15"
    for name, share in (("validation", split.validation), ("test", split.test)):
        if not 0 < share < 1:
            raise ParamsError(f"split.{name}", f"is {share}", allowed)
    if split.validation + split.test >= 1:
        found = f"validation and test are {split.validation:g} and {split.test:g} of the rows"
        raise ParamsError("split", found, "leave a share to fit on")


def _check_window(data: Data, split: Split) -> None:
    begins, ends = periods.unit(data.from_), periods.unit(data.through)
    if begins != ends:
        raise ParamsError("data", f"from is a {begins} and through a {ends}", "write both as one of them")
    for name, count in (("validation", split.validation), ("test", split.test)):
        if not isinstance(count, int) or count < 1:
            raise ParamsError(f"split.{name}", f"is {count}", f"of data with time it is a whole number of {begins}s")
    if data.from_ > data.through:
        raise ParamsError("data", f"from {data.from_} is after through {data.through}", "swap them")
    needed = int(split.validation + split.test) + 1
    if len(data.periods) < needed:
        raise ParamsError(
            "data",
            f"{data.from_} through {data.through} has {len(data.periods)} of {needed} {begins}s",
            f"split asks for one to fit on, {split.validation} to validate and {split.test} to test",
        )
