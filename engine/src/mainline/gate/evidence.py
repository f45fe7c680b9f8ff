"""Everything the checks look at, computed once: who predicts what on the holdout, at what cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mainline.contract import Array, Task
from mainline.gate import overlap
from mainline.gate.findings import Experiment, Worth
from mainline.gate.footprint import Cost
from mainline.gate.holdout import Holdout
from mainline.gate.production import Released
from mainline.gate.statistics import Difference, compare
from mainline.limits.composition import Noted
from mainline.model import baselines, conformal, weights
from mainline.model.metrics import Scorer
from mainline.package.predictor import Predictor
from mainline.registry.runs import Run
from mainline.registry.tags import Version


@dataclass(frozen=True)
class Segment:
    """One value of a slice column: its rows as a mask of shape (n,); thin where they are too few to be gated."""

    column: str
    value: str
    rows: Array
    thin: bool

    @property
    def name(self) -> str:
        """Column and value, for people."""
        return f"{self.column} {self.value}"


@dataclass(frozen=True)
class Covered:
    """Whether the truth of each of n rows is inside of its interval, which is to hold the share `level` of them."""

    level: float
    inside: Array
    weight: Array | None

    def share(self, rows: Array) -> float:
        """Return the share of chosen rows, or of their weight, that is inside; NaN where no row counts."""
        weight, inside = weights.counted(None if self.weight is None else self.weight[rows], self.inside[rows])
        return float(np.average(inside, weights=weight)) if len(inside) else float("nan")


@dataclass(frozen=True)
class Evidence:
    """The candidate, what it is compared with, and their predictions of the same n rows.

    `other` is production's predictions, or the baseline's before the first release; None when production exists
    but cannot predict the rows, with the reason in `obstacle`. `unfetched` is production where its package is not to
    be had. `kept` is what the pipeline predicted when it measured the candidate. `lock` says of which stages dvc.lock
    is not true, and `strangers` names outputs that are others than a true one names. `moved` counts the rows that
    production predicts otherwise than when it was measured, and those of the rows that it was measured on. `refusals`
    says for each environment why its servers would not take it. `worth` is what `./mainline explain` last measured,
    `experiments` the table that came with the candidate, `runs` the records of the stages that made each model. `rule`
    names the rule that the baseline is.
    """

    task: Task
    scorer: Scorer
    holdout: Holdout
    candidate: Predictor
    predicted: Array
    kept: Array
    baseline: Array
    production: Released | None
    unfetched: Version | None
    other: Array | None
    obstacle: str
    lock: str
    strangers: tuple[str, ...] = ()
    moved: tuple[int, int] = (0, 0)
    older: Mapping[str, Array] = field(default_factory=dict)
    unavailable: tuple[str, ...] = ()
    costs: tuple[Cost, Cost | None] | None = None
    skew: Mapping[str, float] | None = None
    support: Noted = field(default_factory=dict)
    """The shares of a period's rows that are unlike all periods before; see `limits.composition`."""
    quarantined: tuple[int, int] = (0, 0)
    identified: Mapping[str, Mapping[str, float]] | None = field(default_factory=dict)
    """The share of rows by kind of each column that seems to say who somebody is; None if nobody looked."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    worth: tuple[Worth, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    runs: Mapping[str, Run] = field(default_factory=dict)
    production_runs: Mapping[str, Run] = field(default_factory=dict)
    slice_min_rows: int = 500
    look: int = 1
    """Which candidate it is that was measured on these test periods."""
    widening: int = 1
    """For how many looks the interval of the whole is wide enough."""
    other_scorer: Scorer | None = None
    """The metrics of production, of two classes at its own threshold; None: those of the candidate."""
    older_scorers: Mapping[str, Scorer] = field(default_factory=dict)
    """The same of each older version."""
    rule: str = baselines.CONSTANT
    predicted_served: Array | None = None
    """Predictions of the served model on the n rows; None if it is the measured one."""

    @property
    def primary(self) -> str:
        """What models are compared by, for people: a metric, or what one lacks to 1."""
        return self.scorer.primary.compared

    @property
    def name_of_other(self) -> str:
        """What the candidate is compared with, for people."""
        version = self.production.version if self.production else self.unfetched
        return f"production {version.name}" if version else "the baseline"

    @property
    def first_release(self) -> bool:
        """Whether there is nothing in production yet."""
        return self.production is None and self.unfetched is None

    @property
    def finite(self) -> bool:
        """Whether each of the candidate's predictions is a number."""
        return bool(np.isfinite(self.predicted).all())

    @property
    def features(self) -> tuple[str, ...]:
        """The candidate's features."""
        model = self.candidate.manifest["model"]
        return (*model["numeric"], *model["categorical"])

    @property
    def added_features(self) -> tuple[str, ...]:
        """Those that production does not have; none before the first release."""
        if self.production is None:
            return ()
        model = self.production.predictor.manifest["model"]
        return tuple(name for name in self.features if name not in (*model["numeric"], *model["categorical"]))

    @property
    def flattered(self) -> str:
        """Which of the candidate's test rows production was fitted on, in a sentence; '' if none."""
        if self.production is None:
            return ""
        return overlap.describe(self.production.predictor.manifest, self.candidate.manifest)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Every value of every slice column in which the primary metric is defined."""
        found = ((name, values, value) for name, values in self.holdout.slices.items() for value in np.unique(values))
        masks = ((name, str(value), values == value) for name, values, value in found)
        return tuple(
            Segment(name, value, rows, int((rows & self.holdout.counting).sum()) < self.slice_min_rows)
            for name, value, rows in masks
            if self.scorer.primary.is_defined(self.holdout.label[rows & self.holdout.counting])
        )

    @cached_property
    def covered(self) -> Covered | None:
        """What the interval around a prediction holds; None if the candidate promises none."""
        promised = self.candidate.manifest.get("interval")
        if not promised:
            return None
        inside = conformal.is_inside(self.holdout.label - self.predicted, promised["ends"])
        return Covered(promised["level"], inside, self.holdout.weight)

    @property
    def sound_segments(self) -> tuple[Segment, ...]:
        """Those that have enough rows to be gated."""
        return tuple(part for part in self.segments if not part.thin)

    @property
    def scorer_of_other(self) -> Scorer:
        """The metrics of what the candidate is compared with: where it says yes is its own matter."""
        return self.other_scorer or self.scorer

    def measure(self, predicted: Array, scorer: Scorer | None = None) -> dict[str, float]:
        """Measure predictions of the n rows, by the candidate's metrics or another model's."""
        return (scorer or self.scorer).measure(self.holdout.label, predicted, self.holdout.weight)

    def metric(self, predicted: Array, rows: Array | None = None, scorer: Scorer | None = None) -> float:
        """Return the primary metric of the n rows, or of the chosen ones."""
        return (scorer or self.scorer).primary.value(*self._chosen(predicted, rows))

    def lack(self, predicted: Array, rows: Array | None = None, scorer: Scorer | None = None) -> float:
        """Return the same if less is better, else what it lacks to 1: what models are compared by."""
        return (scorer or self.scorer).lack(*self._chosen(predicted, rows))

    def bias(self, predicted: Array, rows: Array | None = None) -> float:
        """Return by how much predictions of the n rows, or of the chosen ones, are too high on average."""
        return self.scorer.bias(*self._chosen(predicted, rows))

    def difference(self, other: Array, confidence: float, rows: Array | None = None) -> Difference:
        """Compare the candidate with what it replaces, on all rows or the chosen ones; NaN if either is not finite."""
        chosen = np.ones(len(self.predicted), bool) if rows is None else rows
        if not (np.isfinite(self.predicted[chosen]).all() and np.isfinite(other[chosen]).all()):
            return Difference(float("nan"), float("nan"), float("nan"), 0)
        return compare(
            self.scorer.primary, self.holdout.label[chosen], self.predicted[chosen], other[chosen],
            self.holdout.cluster[chosen], confidence, self.scorer_of_other.primary, self.holdout.weight_of(chosen),
            self.widening if rows is None else 1,
        )  # fmt: skip

    def _chosen(self, predicted: Array, rows: Array | None) -> tuple[Array, Array, Array | None]:
        """Return labels, predictions and weights of all rows or the chosen ones."""
        chosen = np.ones(len(predicted), bool) if rows is None else rows
        return self.holdout.label[chosen], predicted[chosen], self.holdout.weight_of(chosen)
