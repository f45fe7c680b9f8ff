"""The figures of a candidate in the gate's findings: as a whole, compared, by segment and by class."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mainline.documents import Count, Name, Number, Part

Conclusion = Literal["better", "no worse", "worse", "cannot tell"]
ClusterKind = Literal["day", "group of rows"]


class Metric(Part):
    """One metric on the candidate's holdout. `other` is production's, or the baseline's before the first release.

    None where production could not be measured.
    """

    name: Name
    unit: Name
    candidate: Number
    other: Number | None
    baseline: Number


class Comparison(Part):
    """The paired difference of the primary metric, candidate minus other, relative to other (0.01 is 1 % worse).

    `compared` is the metric, or what it lacks to 1 where more is better; without it, the metric.
    `look` counts the candidates on these test periods, `shown` is the smallest improvement that is more than chance.
    `days` counts the clusters that were drawn for the interval: days, or of data without time groups of rows.
    """

    metric: Name
    compared: Name = ""
    unit: Name
    other: Name
    conclusion: Conclusion
    difference: Number | None
    low: Number | None
    high: Number | None
    margin: Number
    confidence: Annotated[float, Field(gt=0, lt=1)]
    rows: Count
    days: Count
    cluster: ClusterKind = "day"
    identical: bool
    look: Annotated[int, Field(ge=1)] = 1
    shown: Number | None = None


class Slice(Part):
    """A segment of the holdout; low and high bound candidate / other - 1.

    `coverage` is the share of its rows whose truth is inside of their interval; None without an interval.
    """

    column: Name
    value: Name
    rows: Count
    thin: bool
    candidate: Number
    other: Number
    difference: Number
    low: Number | None
    high: Number | None
    bias: Number
    coverage: Number | None = None


class Coverage(Part):
    """The share of rows that the interval around a prediction is to hold, and the share that it holds."""

    level: Number
    share: Number


class ClassScore(Part):
    """How one of several classes is told from the others; `said` counts the rows that are taken for it."""

    name: Name
    rows: Count
    said: Count
    precision: Number
    recall: Number | None
    f1: Number | None
    roc_auc: Number | None
    average_precision: Number | None


class Confusion(Part):
    """Rows of the holdout by the class that is true (a row of the table) and the one that the candidate says."""

    classes: Annotated[list[Name], Field(max_length=20)]
    rows: Annotated[list[Annotated[list[Count], Field(max_length=20)]], Field(max_length=20)]

    @model_validator(mode="after")
    def _check(self) -> "Confusion":
        if {len(self.classes)} != {len(self.rows), *map(len, self.rows)}:
            raise ValueError("a row and a column for each class")
        return self
