"""`params.yaml`, read once, checked whole, frozen."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mainline import periods
from mainline.declared import estimators, fit, reading, window
from mainline.declared.fit import Fit
from mainline.declared.reading import Section
from mainline.declared.window import Data, Split
from mainline.errors import ParamsError

Share = Annotated[float, Field(ge=0, le=1)]
SHAPING = ("data", "split", "seed", "features", "preprocessing", "model")
"""The sections that the model depends on; the others judge it."""


class Model(Section):
    """An estimator by import path, with its hyperparameters and the way it is fitted."""

    type: str
    params: dict[str, Any]
    fit: Fit = Fit()


class Preprocessing(Section):
    """The transformation of features before the estimator; learned from training rows and part of the model.

    `auto` passes numbers through when the estimator takes missing values, and imputes and scales them when not.
    """

    numeric: Literal["auto", "passthrough", "impute-scale"]
    categorical: Literal["ordinal", "one-hot"]


class Limits(Section):
    """Limits that stop the pipeline if they are passed."""

    quarantined_share: Share
    unlabelled_share: Share
    parity: float = Field(gt=0)
    reproduction: float = Field(gt=0)


class Costs(Section):
    """What the two kinds of mistakes of a classification cost, in any unit, such as EUR."""

    false_positive: float = Field(ge=0)
    false_negative: float = Field(ge=0)
    unit: str = Field(default="", max_length=20)

    @model_validator(mode="after")
    def _check(self) -> "Costs":
        if not (self.false_positive or self.false_negative):
            raise ValueError("one of the two must cost something")
        return self


class Evaluation(Section):
    """What models are compared by, and from how many rows on a segment allows a conclusion.

    Of two classes, a row counts as positive from `threshold` on, or from where the mistakes on validation rows cost
    least. Of a regression, `interval` is the share of cases whose truth is to be inside of its interval.
    """

    slice_min_rows: int = Field(ge=1)
    metric: str | None = None
    threshold: float | None = Field(default=None, gt=0, lt=1)
    costs: Costs | None = None
    interval: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _check(self) -> "Evaluation":
        if self.threshold is not None and self.costs is not None:
            raise ValueError("declare threshold or costs, which choose one")
        return self


class Monitor(Section):
    """How the limits are earned that the package carries for `./mainline monitor`; they belong to the model.

    The window is played back, `window_days` at a time, for one alarm of all checks of quality together in
    `false_alarms_every_days`; limits are `margin` times what that allows, and `drift_margin` times for drift. So many
    `fits` on older periods predict later ones that no label of theirs had shaped; segments count from `segment_rows`
    in a window on.
    """

    false_alarms_every_days: int = Field(default=90, ge=1)
    window_days: int = Field(default=7, ge=2)
    margin: float = Field(default=1.5, ge=1)
    drift_margin: float = Field(default=1.5, ge=1)
    fits: int = Field(default=2, ge=0)
    segment_rows: int = Field(default=200, ge=1)


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
    monitor: Monitor = Monitor()
    tune: dict[str, Any] = Field(default_factory=dict)

    @property
    def shaping(self) -> dict[str, Any]:
        """What the model depends on, as it is declared; a refit that is declared off is as none declared."""
        found = self.model_dump(mode="json", by_alias=True, include=set(SHAPING), exclude_unset=True)
        if not self.split.refit:
            found["split"].pop("refit", None)
        return found

    @property
    def parts(self) -> periods.Split:
        """The names of prepared files, by purpose."""
        if self.data.snapshot:
            return periods.SIDES
        return periods.split(self.data.periods, int(self.split.validation), int(self.split.test))

    @model_validator(mode="after")
    def _check(self) -> "Params":
        window.check(self.data, self.split)
        _check_features(self.features)
        estimators.check(self.model.type, self.model.params)
        fit.check(self.model.fit, self.model.params, self.data, self.split)
        return self


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check the parameters.

    Raises:
        ParamsError: on the first thing wrong, naming its place, what is allowed and the nearest known key.
    """
    return reading.load(path, Params)


def _check_features(features: tuple[str, ...]) -> None:
    repeated = sorted({name for name in features if features.count(name) > 1})
    if repeated:
        raise ParamsError("features", f"'{repeated[0]}' is listed twice", "list each feature once")
