"""`params.yaml`, read once, checked whole, frozen."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from mainline import months
from mainline.errors import ParamsError, nearest

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Share = Annotated[float, Field(ge=0, le=1)]
ALLOWED_PACKAGES = ("sklearn",)
"""Where `model.type` may come from: code that the lock file pins."""


class Section(BaseModel):
    """A part of the file that refuses keys it does not know and types it did not ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Checked = TypeVar("Checked", bound=Section)


class Data(Section):
    """The window of monthly batches, both ends included."""

    from_: Month = Field(alias="from")
    through: Month

    @property
    def months(self) -> tuple[str, ...]:
        """Every month of the window, in order."""
        return months.between(self.from_, self.through)


class Split(Section):
    """How many of the newest months are kept from fitting; test comes last."""

    validation_months: int = Field(ge=1)
    test_months: int = Field(ge=1)


class Model(Section):
    """An estimator by import path, with its hyperparameters."""

    type: str
    params: dict[str, Any]


class Preprocessing(Section):
    """What happens to features before the estimator; learned from training rows and part of the model.

    `auto` passes numbers through when the estimator takes missing values, and imputes and scales them when not.
    """

    numeric: Literal["auto", "passthrough", "impute-scale"]
    categorical: Literal["ordinal", "one-hot"]


class Limits(Section):
    """What stops the pipeline when it is passed."""

    quarantined_share: Share
    unlabelled_share: Share
    parity: float = Field(gt=0)
    reproduction: float = Field(gt=0)


class Evaluation(Section):
    """What the test is reported by."""

    slice_min_rows: int = Field(ge=1)


class Params(Section):
    """The whole of `params.yaml`."""

    data: Data
    split: Split
    seed: int = Field(ge=0, lt=2**32)
    features: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    preprocessing: Preprocessing
    model: Model
    evaluation: Evaluation
    limits: Limits
    gate: dict[str, Any]
    tune: dict[str, Any] = Field(default_factory=dict)

    @property
    def months(self) -> months.Split:
        """The window cut into train, validation and test."""
        return months.split(self.data.months, self.split.validation_months, self.split.test_months)

    @model_validator(mode="after")
    def _check(self) -> "Params":
        _check_window(self.data, self.split)
        _check_features(self.features)
        _check_model_type(self.model.type)
        return self


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check the parameters.

    Raises:
        ParamsError: on the first thing wrong, naming its place, what is allowed and the nearest known key.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError("file", f"cannot be read ({error})", "run this from the root of the repository") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2013-13-01, a number without end
        raise ParamsError("file", f"is not YAML ({error})", "correct the marked line") from error
    if not isinstance(raw, dict):
        raise ParamsError("file", f"is {_describe(raw)}", f"it must hold {', '.join(Params.model_fields)}")
    return check_section(Params, raw)


def check_section(model: type[Checked], raw: Any, place: str = "") -> Checked:
    """Check a mapping against a model of sections.

    Args:
        model: what the section may hold.
        raw: the mapping as read from YAML.
        place: where it stands in the file.

    Raises:
        ParamsError: as `load`.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = min(error.errors(), key=lambda problem: problem["type"] == "missing")
        raise _explain(first, model, place) from error


def _check_window(data: Data, split: Split) -> None:
    if data.from_ > data.through:
        raise ParamsError("data", f"from {data.from_} is after through {data.through}", "swap them")
    needed = split.validation_months + split.test_months + 1
    if len(data.months) < needed:
        raise ParamsError(
            "data",
            f"{data.from_} through {data.through} is {len(data.months)} month(s)",
            f"split asks for at least {needed}: one to fit on, {split.validation_months} to validate and "
            f"{split.test_months} to test",
        )


def _check_features(features: tuple[str, ...]) -> None:
    repeated = sorted({name for name in features if features.count(name) > 1})
    if repeated:
        raise ParamsError("features", f"'{repeated[0]}' is listed twice", "list each feature once")


def _check_model_type(path: str) -> None:
    if path.count(".") < 2 or path.split(".")[0] not in ALLOWED_PACKAGES:
        raise ParamsError(
            "model.type",
            f"'{path}' is outside the allowed packages",
            f"give an estimator's import path in {', '.join(ALLOWED_PACKAGES)}, such as sklearn.linear_model.Ridge",
        )


def _explain(problem: ErrorDetails, section: Any, at: str) -> ParamsError:
    """Turn one finding of a section's schema into a sentence with a remedy."""
    place = [str(part) for part in problem["loc"]]
    where = ".".join([at, *place] if at else place)
    if problem["type"] == "extra_forbidden":
        for part in place[:-1]:
            section = getattr(section, "model_fields", {})[part].annotation if not part.isdigit() else _item(section)
        known = [field.alias or name for name, field in section.model_fields.items()]
        return ParamsError(where, "is not a known key", nearest(place[-1], known))
    if problem["type"] == "missing":
        return ParamsError(where, "is missing", "add it; the shipped params.yaml shows every key")
    return ParamsError(where, f"is {_describe(problem['input'])}", _lower_first(problem["msg"]))


def _item(sequence: Any) -> Any:
    """Return the section that a sequence of sections holds."""
    return get_args(sequence)[0]


def _describe(value: object) -> str:
    return f"{value!r} ({'nothing' if value is None else type(value).__name__})"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
