"""The gate's findings: the one JSON document that the report is rendered from.

The document may come from a pull request of a fork, so every text is bounded and every number finite: what does not
fit this model is refused by `read`, and never rendered. `schema()` is published as `engine/docs/gate.schema.json`.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from mainline.documents import Count, Hex, Name, Number, Part, Text, Verdict
from mainline.errors import MainlineError
from mainline.gate.scores import ClassScore, Comparison, Conclusion, Confusion, Coverage, Metric, Slice

FILE = Path("metrics/report/gate.json")
"""Where the gate writes what it found."""

FORMAT = 1
MAX_BYTES = 1_000_000

Group = Literal["integrity", "quality", "slices", "budgets", "data", "compatibility"]


class FindingsError(MainlineError):
    """A document is not what the gate writes."""


class Model(Part):
    """A model that took part: the candidate or production.

    `version` is the name of a release, or the short commit of a candidate, with what no commit holds; it then has no
    `commit`.
    """

    version: Name
    digest: Hex
    commit: Hex | None
    type: Name
    train: Name
    test: Name
    size_bytes: Count


class Check(Part):
    """One question that the policy asks. `observed` and `limit` are as a person reads them."""

    name: Name
    group: Group
    verdict: Verdict
    observed: Text
    limit: Text
    reason: Text


class Change(Part):
    """A declared value that differs; an absent one is an empty text."""

    key: Name
    before: Text
    after: Text


class Skew(Part):
    """How far a feature's distribution moved from production's training rows (population stability index)."""

    column: Name
    index: Number


class Point(Part):
    """A point of a plot's series."""

    x: Number
    y: Number


class Series(Part):
    """A line of a plot."""

    name: Name
    points: Annotated[list[Point], Field(max_length=400)]


class Plot(Part):
    """A small plot: lines over a shared axis."""

    name: Literal["learning", "residuals", "calibration", "staleness", "history"]
    x: Name
    y: Name
    series: Annotated[list[Series], Field(max_length=6)]


class Worth(Part):
    """A feature's worth: relative loss of quality without it (0.01 is 1 % worse), and its cost.

    `stale` if it was measured on another trained model than the candidate or by another metric, or nobody knows.
    """

    feature: Name
    loss: Number
    low: Number
    high: Number
    microseconds: Number
    stale: bool = False


class Experiment(Part):
    """A model that was tried beside this one, or the commit that all were begun from, as `./mainline experiments` says.

    `value` is the metric on the validation rows, `difference` the relative one to the base (0.01 is 1 % worse) with its
    interval, None at the base itself and where nobody could compare them. `is_candidate` if it is the gate's model.
    """

    name: Name
    base: Name
    metric: Name
    value: Number
    difference: Number | None
    low: Number | None
    high: Number | None
    verdict: Conclusion | None
    changed: Text
    note: Text
    is_candidate: bool


class Accepted(Part):
    """A check that a person accepted for this candidate, with the verdict that it had; see `decisions`."""

    check: Name
    verdict: Verdict
    by: Name
    reason: Text


class Findings(Part):
    """The whole document. `production` is None before the first release, and where its package could not be had.

    `threshold` says of two classes from which probability on a row counts as positive, and why. `weights` says by what
    the metrics are weighted, if they are. `classes` is of three or more, `confusion` of any that fit a page.
    """

    format: Literal[1]
    verdict: Verdict
    headline: Text
    task: Literal["regression", "classification", "multiclass"]
    first_release: bool
    candidate: Model
    production: Model | None
    comparison: Comparison
    metrics: Annotated[list[Metric], Field(max_length=20)]
    checks: Annotated[list[Check], Field(max_length=100)]
    accepted: Annotated[list[Accepted], Field(max_length=100)] = Field([])
    slices: Annotated[list[Slice], Field(max_length=500)]
    threshold: Text = ""
    weights: Text = ""
    coverage: Coverage | None = None
    classes: Annotated[list[ClassScore], Field(max_length=100)] = Field([])
    confusion: Confusion | None = None
    parameters: Annotated[list[Change], Field(max_length=200)]
    features_added: Annotated[list[Name], Field(max_length=500)]
    features_removed: Annotated[list[Name], Field(max_length=500)]
    code: Annotated[list[Name], Field(max_length=500)]
    data: Annotated[list[Change], Field(max_length=50)]
    skew: Annotated[list[Skew], Field(max_length=500)]
    plots: Annotated[list[Plot], Field(max_length=8)]
    worth: Annotated[list[Worth], Field(max_length=500)]
    experiments: Annotated[list[Experiment], Field(max_length=30)] = Field([])
    lineage: Annotated[list[Change], Field(max_length=50)]
    timings: Annotated[list[Change], Field(max_length=50)]


def read(content: bytes) -> Findings:
    """Parse a document from anywhere.

    Raises:
        FindingsError: naming the first place that does not fit; the content itself is not repeated.
    """
    if len(content) > MAX_BYTES:
        raise FindingsError(f"the gate's findings are {len(content):,} bytes, allowed are {MAX_BYTES:,}.")
    try:
        return Findings.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        unknown = problem["type"] == "extra_forbidden"  # then the last part of the place is the content's own key
        place = ".".join(str(part) for part in problem["loc"][: -1 if unknown else None]) or "document"
        raise FindingsError(f"the gate's findings do not fit their schema: {place}: {problem['type']}.") from error


def write(findings: Findings, path: Path) -> None:
    """Write the document; the same findings give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(findings.model_dump_json(indent=2) + "\n", encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return the document's JSON Schema."""
    return Findings.model_json_schema()
