"""What the gate asks for: the section `gate` of `params.yaml`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mainline.declared.reading import Section, check_section

Ratio = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Holdout(Section):
    """How much the candidate's test rows must hold for a conclusion; `min_days` is for data with time."""

    min_rows: int = Field(ge=1)
    min_days: int | None = Field(default=None, ge=2)


class SlowDecay(Section):
    """The candidate against the best of the last versions, so that many small steps down are noticed."""

    versions: int = Field(ge=1)
    limit: Share


class Slices(Section):
    """Segments with enough rows: against the whole, and against the same segment of production."""

    relative_to_whole: Ratio
    relative_to_production: Share


class Fairness(Section):
    """The largest ratio of the worst to the best value of a slice column."""

    slice: str
    max_ratio: float = Field(ge=1)


class Budgets(Section):
    """Costs relative to production; a feature's time relative to a prediction's."""

    predict_time: Ratio
    package_size: Ratio
    memory: Ratio
    training_time: Ratio
    feature_time: Share


class Skew(Section):
    """Features that moved from production's training rows; those of the seasons may be left out."""

    limit: float = Field(gt=0)
    ignore: tuple[str, ...] = Field(strict=False)


class Support(Section):
    """How much of a period may be unlike every period before it, beyond the worst of them; shares of rows.

    What is in `accept` is not looked at: columns that a person has looked at and lets be. Texts and ranges are looked
    at only if a limit for them is declared: new customers come, the second day is the first Tuesday, and where the
    seasons move a number, each first winter is out of the range before it.
    """

    missing: Share = 0.05
    unseen: Share | None = None
    not_whole: Share = 0.05
    outside: Share | None = None
    accept: tuple[str, ...] = Field(default=(), strict=False)


class Policy(Section):
    """Every limit, each with its meaning in the shipped `params.yaml`."""

    confidence: float = Field(gt=0.5, lt=1)
    margin: Share
    sudden_drop: Share
    slow_decay: SlowDecay
    baseline_ratio: Ratio
    threshold: float | None
    suspicious_gain: Share
    max_bias: float = Field(gt=0)
    holdout: Holdout
    slices: Slices
    fairness: tuple[Fairness, ...] = Field(strict=False)
    budgets: Budgets
    skew: Skew
    support: Support = Support()
    quarantined_share: Share
    breaking_schema: Literal["warn", "fail"]
    looks: Literal["widen", "count"] = "widen"
    coverage: Share = 0.02
    coverage_by_slice: Share | None = None


def load(raw: dict[str, Any]) -> Policy:
    """Check the section `gate`.

    Raises:
        ParamsError: on the first thing wrong, naming the nearest known key.
    """
    return check_section(Policy, raw, "gate")
